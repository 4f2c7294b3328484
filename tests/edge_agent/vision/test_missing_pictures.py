"""A picture that never came: nothing is watched less for long, and its loss is one loss."""

from collections.abc import Collection
from pathlib import Path

import av
import pytest

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import MotionEnded
from edge_agent.vision.lookback import Stock
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import open_source
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.test_bad_streams import FPS, analyse, bags, encode, remux
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
