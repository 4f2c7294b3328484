"""A picture that never came: nothing is watched less for long, and its loss is one loss."""

from collections.abc import Collection
from pathlib import Path

import av
import pytest

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.condition.checkup import Checkup
from edge_agent.vision.condition.flow import Count
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding, MotionEnded
from edge_agent.vision.lookback import Stock
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import open_source
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.test_bad_streams import (
    FPS,
    analyse,
    bags,
    degraded,
    encode,
    remux,
)
from tests.edge_agent.vision.test_passing_by import walker
from tests.edge_agent.vision.vision_process import watch


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet_libraries()


def without(clip: Path, lost: Collection[int]) -> Path:
    """Return a copy of the clip in which these pictures are missing."""

    def kept(number: int, packet: av.Packet) -> av.Packet | None:
        return None if number in lost else packet

    return remux(clip, clip.with_stem("kept"), kept)


def test_a_bag_that_waits_alone_is_told_although_a_picture_is_missing(tmp_path: Path) -> None:
    """Whoever brought it has gone: nothing stirs any more, and keyframes are looked at alone."""
    clip = encode(tmp_path / "clip.mp4", deposit(), until_s=40)
    lost_s = 16.4
    first = round(lost_s * FPS)
    looked_s: list[float] = []
    with open_source(str(without(clip, {first, first + 1})), 0.0) as source:
        stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=1_000_000))
        analysis = Analysis(
            watch("gate", clip, unattended_s=12.0),
            stock,
            room=EvidenceRoom(),
            onlooker=lambda shown, *_: looked_s.append(shown.t_s),
        )
        said, _ = analyse(source, analysis, lambda: 0.0)
    assert not [t_s for t_s in looked_s if lost_s <= t_s < 17.9]
    assert [t_s for t_s in looked_s if 17.9 < t_s < 20.1]
    assert len(bags(said)) == 1
    assert [finding for finding in said if isinstance(finding, MotionEnded)]


@pytest.mark.parametrize("numbered", [True, False])
def test_one_missing_picture_is_one_loss_and_no_fault(numbered: bool, tmp_path: Path) -> None:
    """Told by the picture after it, both when it comes and when it is looked back at, and by RTP.

    A minute was quiet before: few pictures were decoded, but all came.
    """
    clip = encode(tmp_path / "clip.mp4", walker(from_s=69, px_s=45), until_s=92)
    lost_s = 72.2
    ring = PacketRing(max_s=60, max_bytes=1_000_000)
    with open_source(str(without(clip, {round(lost_s * FPS)})), 0.0) as source:
        stock = Stock(
            form=source.form,
            ring=ring,
            missing=lambda: int(numbered and ring.newest_s > lost_s),
        )
        analysis = Analysis(watch("gate", clip), stock, room=EvidenceRoom())
        said, _ = analyse(source, analysis, lambda: 0.0)
    assert [finding for finding in said if isinstance(finding, MotionEnded)]
    assert degraded(said) == []
    assert analysis.decode_errors == 1


def test_pictures_that_were_never_sent_are_told_whatever_was_lost_before() -> None:
    """Only their numbers tell of them; RTP told of others, minutes ago."""

    def count(t_s: float) -> Count:
        missing, gaps = min(t_s, 50.0), min(max(0.0, t_s - 300.0), 40.0)
        return Count(
            decoded=int(5 * t_s), errors=0, missing=int(missing), gaps=int(gaps), drift_s=None
        )

    checkup, told = Checkup(5.0), []
    for number in range(5 * 500):
        t_s = number / 5
        told += checkup.packets(1, t_s, lambda t_s=t_s: count(t_s))
    began = [change.since_s for change in told if change.until_s is None]
    assert began == [pytest.approx(10.0, abs=11.0), pytest.approx(310.0, abs=11.0)]


@pytest.mark.parametrize(("every_s", "told_of"), [(60.0, False), (20.0, True)])
def test_what_cannot_be_used_because_of_others_is_told_once_it_is_much(
    every_s: float, told_of: bool
) -> None:
    """Of groups of ten seconds, five are torn on average: once a minute is little, every 20 s is not."""

    def count(t_s: float) -> Count:
        losses = int(min(t_s, 300.0) / every_s)
        return Count(decoded=int(5 * t_s), errors=0, gaps=losses, torn=25 * losses, drift_s=None)

    checkup, told = Checkup(5.0), []
    for number in range(5 * 600):
        t_s = number / 5
        told += checkup.packets(1, t_s, lambda t_s=t_s: count(t_s))
    assert [change.until_s is None for change in told] == ([True, False] if told_of else [])


REORDERINGS = pytest.mark.parametrize("options", ["bframes=0", "bframes=2:b-adapt=0"])


def rare_keyframes(path: Path, every_s: float, options: str, *, until_s: float) -> Path:
    """Encode a walk in H.265, of which everything is decoded all the time."""
    every = round(every_s * FPS)
    common = f"keyint={every}:min-keyint={every}:{options}"
    return encode(path, walker(from_s=1, px_s=5), until_s=until_s, codec="libx265", options=common)


def looked_at(clip: Path) -> tuple[list[float], Analysis, SourceLost, list[AnyFinding]]:
    """Return when pictures are shown that are looked at, and what became of the watch."""
    looked_s: list[float] = []
    with open_source(str(clip), 0.0) as source:
        stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=4_000_000))
        analysis = Analysis(
            watch("gate", clip),
            stock,
            room=EvidenceRoom(),
            onlooker=lambda shown, *_: looked_s.append(shown.t_s),
        )
        said, lost = analyse(source, analysis, lambda: 0.0)
    return looked_s, analysis, lost, said


@REORDERINGS
def test_a_picture_missing_from_h265_is_borne_until_the_next_keyframe(
    options: str, tmp_path: Path
) -> None:
    """Its decoder gives no picture and no error meanwhile, here for more than fifty packets."""
    clip = rare_keyframes(tmp_path / "clip.mp4", 20.0, options, until_s=45)
    looked_s, analysis, lost, said = looked_at(without(clip, {104, 105, 106, 107}))
    assert lost.reason == "ended"
    assert max(t_s for t_s in looked_s if t_s < 40.0) < 22.0
    assert min(t_s for t_s in looked_s if t_s > 22.0) == pytest.approx(40.0, abs=0.01)
    assert analysis.decode_errors == 1
    assert degraded(said) == []


@REORDERINGS
def test_a_camera_whose_h265_is_not_mended_for_long_is_lost(options: str, tmp_path: Path) -> None:
    """It is asked anew; the reason says what would help."""
    clip = rare_keyframes(tmp_path / "clip.mp4", 40.0, options, until_s=80)
    looked_s, _, lost, _ = looked_at(without(clip, {204, 205, 206, 207}))
    assert lost.reason == "undecodable"
    assert "pictures are missing, and no keyframe brought any for 30 s" in lost.detail
    assert 40.0 < max(looked_s) < 42.0
