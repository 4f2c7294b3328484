"""Evidence pictures: large ones where they can be had in time, else small ones, else none."""

from dataclasses import replace
from pathlib import Path

import pytest

from edge_agent.vision.evidence.shots import ShotTaker
from edge_agent.vision.lookback import Stock
from edge_agent.vision.stream.codec import StreamFormat
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from tests.edge_agent.vision.footage_maker import encode


def endless() -> tuple[StreamFormat, StreamFormat, list[Packet]]:
    """Return six seconds after one keyframe; said to be large, five of them are within reach."""
    form, packets = encode(pictures=60, gop=1_000, bframes=0)
    return form, replace(form, width=6_000, height=5_000), packets


def stock(form: StreamFormat, packets: list[Packet]) -> Stock:
    ring = PacketRing(max_s=60.0, max_bytes=1_000_000)
    ring.extend(packets)
    return Stock(form=form, ring=ring)


def test_what_takes_too_long_to_decode_is_taken_of_the_other_stream(tmp_path: Path) -> None:
    """A large picture long after its keyframe would hold other cameras up."""
    form, large, packets = endless()
    main = stock(large, packets)
    shots = ShotTaker("gate", stock(form, packets), spool=tmp_path, masks=(), main=lambda: main)
    late = shots.shot("after", 5.5)
    assert [cut.form for cut in late.cuts] == [large, form]
    (picture,) = shots.take([late])
    assert picture.taken_at_s == pytest.approx(5.5)


def test_what_nobody_can_decode_in_time_is_told_and_left_out(tmp_path: Path) -> None:
    """A picture of much earlier would be no evidence."""
    _, large, packets = endless()
    shots = ShotTaker("gate", stock(large, packets), spool=tmp_path, masks=(), main=lambda: None)
    late = shots.shot("after", 5.5)
    (picture,) = shots.take([shots.shot("depositing", 4.0), late], of="bag")
    assert (picture.role, picture.taken_at_s) == ("depositing", pytest.approx(4.0))
    (missed,) = shots.losses.tell(6.0)
    assert (missed.camera_id, missed.object_id, missed.what) == ("gate", "bag", "after")
    assert "shorten the camera's keyframe interval" in missed.why
    assert shots.look(late) is None
