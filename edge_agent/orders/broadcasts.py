"""From a proven order to speak or relay to what the player is given, and back to proof of play.

Every step is on disk before it is acted upon, so that a crash neither repeats nor forgets one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import structlog

from contracts.codec import Id
from contracts.commands import Command, Relay, Speak, Stop
from contracts.events import BroadcastProgress, BroadcastState, CommandOutcome
from edge_agent.loudspeakers.player import Player
from edge_agent.orders import ledger, playbacks
from edge_agent.orders.audio_fetching import AudioSource, AudioUnobtainable
from edge_agent.orders.playbacks import Playback
from edge_agent.orders.trusted_time import TrustedTime
from edge_agent.outbox import Draft, Entry, Outbox
from edge_agent.playout import messages as playout

log = structlog.get_logger(__name__)

_RESUME_CLOCK_WAIT_S = 60.0
_BEGUN = frozenset({BroadcastState.STARTED, BroadcastState.INTERRUPTED, BroadcastState.RESUMED})
_LEAD_S, _EMERGENCY_LEAD_S = 1.0, 0.3
"""Those that take turns start so much later, when all of them are ready."""
Order = Speak | Relay


@dataclass(frozen=True, kw_only=True)
class Start:
    """When a broadcast may start, on the machine's monotonic clock."""

    now_s: float
    not_before_s: float | None
    expires_at_s: float

    def of(self, loudspeaker_id: str, order: Order) -> tuple[float | None, float]:
        """Return when a loudspeaker may start, and until when.

        Those that take turns count from one instant, so it is named, also where it is "at once".
        """
        offsets_s = order.offsets_s if isinstance(order, Speak) else {}
        if not any(offsets_s.values()):
            return self.not_before_s, self.expires_at_s
        lead_s = _EMERGENCY_LEAD_S if order.priority == "emergency" else _LEAD_S
        common_s = self.now_s + lead_s if self.not_before_s is None else self.not_before_s
        offset_s = offsets_s.get(loudspeaker_id, 0.0)
        return common_s + offset_s, self.expires_at_s + lead_s + offset_s


class Broadcasts:
    """The broadcasts of this gateway's loudspeakers."""

    def __init__(
        self,
        *,
        loudspeaker_ids: frozenset[Id],
        outbox: Outbox,
        trusted_time: TrustedTime,
        audio: AudioSource,
        player: Player,
    ) -> None:
        self._known = loudspeaker_ids
        self._outbox = outbox
        self._time = trusted_time
        self._audio = audio
        self._player = player

    async def interrupted(self) -> tuple[Command, ...]:
        """Fail what a restart cut off, and return the commands that can still be carried out."""
        return await self._outbox.write(partial(_settle_interrupted, is_held=self._player.has))

    async def resume(self, command: Command) -> None:
        """Go on with a command that was accepted before a restart."""
        order = command.data
        if isinstance(order, Speak | Relay):
            await self._time.wait_until_known(_RESUME_CLOCK_WAIT_S)
            await self._deliver(command, order)

    async def carry_out(self, command: Command, order: Order) -> None:
        """Accept, fetch the audio, hand over; progress is reported from here on."""
        if await self._outbox.write(partial(self._accept, command=command, order=order)):
            await self._deliver(command, order)

    async def stop(self, command: Command, stop: Stop) -> None:
        """Stop what plays and what waits."""
        await self._silence(stop)

        def note(entry: Entry) -> None:
            for playback in playbacks.unended(entry):
                held = self._player.has(playback.broadcast_id, playback.loudspeaker_id)
                if _concerns(stop, playback) and not held:
                    playbacks.end(entry, playback, BroadcastState.STOPPED)
            ledger.answer(entry, command, CommandOutcome.DONE)

        await self._outbox.write(note)
        # What was handed over while this was being noted would sound although it is stopped.
        await self._silence(stop)

    async def _silence(self, stop: Stop) -> None:
        for loudspeaker_id in stop.loudspeaker_ids or (None,):
            order = playout.Stop(broadcast_id=stop.broadcast_id, loudspeaker_id=loudspeaker_id)
            await self._player.stop(order)

    async def _deliver(self, command: Command, order: Order) -> None:
        path: Path | None = None
        if isinstance(order, Speak):
            try:
                path = await self._audio.obtain(
                    order.audio,
                    has_expired=lambda: self._has_expired(command),
                    keep=await self._outbox.read(_waiting_audio),
                )
            except AudioUnobtainable as error:
                await self._outbox.write(partial(_give_up, command=command, detail=str(error)))
                return
        start = self._start_of(command, order)
        ready = await self._outbox.write(
            partial(_make_ready, command=command, is_cached=path is not None)
        )
        for playback in ready:
            if not self._player.has(playback.broadcast_id, playback.loudspeaker_id):
                self._player.play(_to_play(order, playback.loudspeaker_id, path, start))

    def _has_expired(self, command: Command) -> bool:
        latest = self._time.latest()
        return latest is None or latest >= command.expires_at

    def _start_of(self, command: Command, order: Order) -> Start:
        now_s = self._outbox.timekeeper.clock.monotonic_s()
        latest, likeliest = self._time.latest(), self._time.estimate()
        if latest is None or likeliest is None:
            return Start(now_s=now_s, not_before_s=None, expires_at_s=now_s)
        wait = timedelta() if order.not_before is None else order.not_before - likeliest
        return Start(
            now_s=now_s,
            not_before_s=now_s + wait.total_seconds() if wait > timedelta() else None,
            expires_at_s=now_s + (command.expires_at - latest).total_seconds(),
        )

    def _accept(self, entry: Entry, *, command: Command, order: Order) -> bool:
        """Return whether there is a loudspeaker to play on; the same command only once."""
        if ledger.judge(entry, command) is not ledger.Verdict.UNSEEN:
            return False
        ledger.accept(entry, command)
        known = [one for one in order.loudspeaker_ids if one in self._known]
        overtaken = ledger.stops_after(entry, command.command_number)
        for loudspeaker_id in order.loudspeaker_ids:
            if loudspeaker_id in self._known:
                playbacks.begin(
                    entry,
                    broadcast_id=order.broadcast_id,
                    loudspeaker_id=loudspeaker_id,
                    command_number=command.command_number,
                )
            else:
                _record_unknown(entry, order, loudspeaker_id)
        # A stop obeys no clock, so it may be carried out while what it stops waits for the time.
        for playback in playbacks.unended(entry, command.command_number):
            if any(_concerns(stop, playback) for stop in overtaken):
                playbacks.end(entry, playback, BroadcastState.STOPPED)
        if not known:
            ledger.answer(entry, command, CommandOutcome.FAILED, "no loudspeaker is known here")
        return bool(known)


def _record_unknown(entry: Entry, order: Order, loudspeaker_id: str) -> None:
    failed = BroadcastProgress(
        broadcast_id=order.broadcast_id,
        state=BroadcastState.FAILED,
        detail="this gateway has no such loudspeaker",
    )
    entry.record(Draft(data=failed, moment=entry.timekeeper.moment(), device_id=loudspeaker_id))


def _settle_interrupted(
    entry: Entry, *, is_held: Callable[[str, str], bool]
) -> tuple[Command, ...]:
    numbers = set(ledger.open_numbers(entry))
    for playback in playbacks.unended(entry):
        if is_held(playback.broadcast_id, playback.loudspeaker_id):
            continue
        forgotten = not ledger.remembers(entry, playback.command_number)
        if playback.state in _BEGUN or forgotten:
            playbacks.end(entry, playback, BroadcastState.FAILED, "agent restarted")
        else:
            numbers.add(playback.command_number)
    return tuple(ledger.command_of(entry, number) for number in sorted(numbers))


def _waiting_audio(entry: Entry) -> frozenset[str]:
    """Return the hashes of what is still to be played, perhaps tomorrow, perhaps without network."""
    numbers = {playback.command_number for playback in playbacks.unended(entry)}
    orders = (
        ledger.command_of(entry, number).data
        for number in numbers
        if ledger.remembers(entry, number)
    )
    return frozenset(order.audio.sha256 for order in orders if isinstance(order, Speak))


def _give_up(entry: Entry, *, command: Command, detail: str) -> None:
    for playback in playbacks.unended(entry, command.command_number):
        playbacks.end(entry, playback, BroadcastState.FAILED, detail)
    if ledger.judge(entry, command) is ledger.Verdict.OPEN:
        ledger.answer(entry, command, CommandOutcome.FAILED, detail)


def _make_ready(entry: Entry, *, command: Command, is_cached: bool) -> tuple[Playback, ...]:
    """Note that the audio is here and answer the command; return what is left to play."""
    ready = playbacks.unended(entry, command.command_number)
    for playback in ready:
        if is_cached and playback.state is BroadcastState.ACCEPTED:
            cached = BroadcastProgress(
                broadcast_id=playback.broadcast_id, state=BroadcastState.CACHED
            )
            playbacks.report(entry, playback.loudspeaker_id, cached)
    if ledger.judge(entry, command) is ledger.Verdict.OPEN:
        ledger.answer(entry, command, CommandOutcome.DONE)
    return ready


def _concerns(stop: Stop, playback: Playback) -> bool:
    return stop.broadcast_id in {None, playback.broadcast_id} and (
        stop.loudspeaker_ids is None or playback.loudspeaker_id in stop.loudspeaker_ids
    )


def _to_play(
    order: Order, loudspeaker_id: str, path: Path | None, start: Start
) -> playout.Play | playout.Relay:
    start_at_s, expires_at_s = start.of(loudspeaker_id, order)
    common = {
        "broadcast_id": order.broadcast_id,
        "loudspeaker_id": loudspeaker_id,
        "priority": order.priority,
        "level": order.level,
        "when_interrupted": order.when_interrupted,
        "start_at_s": start_at_s,
        "expires_at_s": expires_at_s,
    }
    if isinstance(order, Relay):
        live = {"stream_url": order.stream_url, "duration_s": order.duration_s}
        return playout.Relay.model_validate(common | live)
    return playout.Play.model_validate(common | {"audio_path": str(path)})
