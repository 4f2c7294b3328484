"""What the gateway believes its player to have, step by step."""

from datetime import UTC, datetime

from edge_agent.loudspeakers.player import Player
from edge_agent.playout.messages import Play, Progress
from tests.fakes.clock import FakeClock


class Noting:
    """Notes reports, and whether the player still had each meanwhile."""

    def __init__(self) -> None:
        self.player = Player(
            (), clock=FakeClock(datetime(2026, 11, 22, tzinfo=UTC)), take_report=self._take
        )
        self.held: list[tuple[str, bool]] = []

    async def _take(self, report) -> None:
        if isinstance(report, Progress):
            self.held.append((report.state, self.player.has("b", report.loudspeaker_id)))


def play(loudspeaker_id: str) -> Play:
    return Play(
        broadcast_id="b",
        loudspeaker_id=loudspeaker_id,
        audio_path="/b.ogg",
        priority="routine",
        level="hamlet",
    )


async def say(player: Player, state: str, loudspeaker_id: str = "loa") -> None:
    progress = Progress(broadcast_id="b", loudspeaker_id=loudspeaker_id, state=state, at_s=1.0)
    await player.take(progress.model_dump_json().encode())


async def test_a_broadcast_is_had_until_its_end_has_been_noted():
    """A stop that looks meanwhile must not note an end of its own, without the seconds played."""
    noting = Noting()
    noting.player.play(play("loa"))
    await say(noting.player, "started")
    await say(noting.player, "stopped")
    assert noting.held == [("started", True), ("stopped", True)]
    assert not noting.player.has("b", "loa")


async def test_what_a_dead_player_cut_off_is_had_until_all_of_it_has_been_noted():
    """Each loudspeaker's failure is noted, also while the others' are."""
    noting = Noting()
    for name in ("loa1", "loa2"):
        noting.player.play(play(name))
        await say(noting.player, "started", name)
    noting.held.clear()
    await noting.player.ended()
    assert noting.held == [("failed", True), ("failed", True)]
    assert not noting.player.has("b", "loa1")
