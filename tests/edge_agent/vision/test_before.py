"""The picture of how a place was before somebody left something there."""

from pathlib import Path

import pytest

from edge_agent.vision.detector.opinion import SecondLook
from edge_agent.vision.evidence.back_trace import BackTrace
from edge_agent.vision.evidence.clips import Clips
from edge_agent.vision.evidence.shots import ShotTaker
from edge_agent.vision.findings import LitteringConfirmed
from edge_agent.vision.littering import Littering
from edge_agent.vision.lookback import Stock
from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.scene_events import ObjectChanged
from edge_agent.vision.stream.codec import luma_plane
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.shelf import Shelf
from tests.edge_agent.vision.footage_maker import read_packets
from tests.edge_agent.vision.stage import HEIGHT, WIDTH, bag, deposit, make_scene, pictures
from tests.edge_agent.vision.test_bad_streams import encode
from tests.edge_agent.vision.vision_process import watch

LATER_S = 100.0
"""When the scene begins."""


@pytest.mark.parametrize("kept_for_another", [True, False])
def test_a_place_that_was_never_clear_is_shown_as_it_was_lately(
    kept_for_another: bool, tmp_path: Path
) -> None:
    """Not minutes ago, when something else stood there, of which pictures are still kept."""
    clip = encode(tmp_path / "clip.mp4", lambda picture, _: bag(picture), until_s=120)
    form, packets = read_packets(clip)
    ring = PacketRing(max_s=20.0, max_bytes=1_000_000, shelf=Shelf(tmp_path / "pins"))
    stock = Stock(form=form, ring=ring)
    if kept_for_another:
        ring.pin(0.0, 5.0)
    ring.extend(packet for packet in packets if packet.t_s < LATER_S)
    shots = ShotTaker("gate", stock, spool=tmp_path, masks=(), main=lambda: None)
    littering = Littering(
        watch("gate", clip),
        shots,
        clips=Clips("gate", stock, lambda: None, folder=None, masks=(), jobs=None),
        back_trace=BackTrace(plane_of=luma_plane),
        second_look=SecondLook(),
    )
    littering.plane_size = (WIDTH, HEIGHT)
    scene = make_scene()
    said: list[LitteringConfirmed] = []
    coming = (packet for packet in packets if packet.t_s >= LATER_S)
    for t_s, picture in pictures(deposit(), until_s=19):
        ring.append(next(coming))
        for event in scene.step(picture, LATER_S + t_s):
            if isinstance(event, ObjectChanged) and event.phase is Phase.CONFIRMED:
                said += [f for f in littering.tell(event, scene) if f.say == "littering_confirmed"]
    (found,) = said
    assert "deposit_before_ring" in found.reasons
    before = found.pictures[0]
    assert before.role == "before"
    assert LATER_S - 10.0 < before.taken_at_s < found.deposited_at_s
