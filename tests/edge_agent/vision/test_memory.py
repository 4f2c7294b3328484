"""Nothing is held for a camera longer than it is needed: memory is what limits their number."""

import gc
import io
import subprocess
import sys
import threading
import time
import weakref
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from av import VideoFrame
from typing_extensions import override

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.camera import Camera
from edge_agent.vision.child import Vision, Voice
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.intake.rhythm import Pause, Rhythm
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import Forget
from edge_agent.vision.picture.background import Background
from edge_agent.vision.stream.codec import Decoder
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import Source, open_source
from tests.edge_agent.vision.test_passing_by import walker
from tests.edge_agent.vision.test_rtsp import PICTURES
from tests.edge_agent.vision.vision_process import watch, write_clip
from tests.fakes.rtsp_camera import RtspCamera

PATIENCE_S = 10.0


def alive(*kinds: type) -> list[Any]:
    """Return everything of these kinds that is held by anybody."""
    gc.collect()
    return [one for one in gc.get_objects() if type(one) in kinds]


class Listener(io.StringIO):
    """Takes findings and tells when pictures have come."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = threading.Event()

    @override
    def write(self, line: str) -> int:
        if '"say":"seen"' in line:
            self.seen.set()
        return super().write(line)


def test_a_watch_that_is_forgotten_gives_back_what_it_held(tmp_path: Path) -> None:
    """Also the last one: what it held does not wait for the next watch."""
    said, left = Listener(), [object()]
    vision = Vision(EvidenceRoom(spool=tmp_path), Voice(said))
    known = {id(one) for one in alive(Camera, Analysis, PacketRing, Background, Source)}

    def orders(sub: str, main: str) -> Iterator[str]:
        yield watch("gate", sub, evidence_uri=main).model_dump_json()
        assert said.seen.wait(PATIENCE_S), said.getvalue()
        held = alive(Camera, Analysis, PacketRing, Background, Source)
        waiting = [weakref.ref(one) for one in held if id(one) not in known]
        kinds = {type(one) for one in held if id(one) not in known}
        assert {Camera, Analysis, PacketRing, Background, Source} <= kinds
        held.clear()
        yield Forget(camera_id="gate").model_dump_json()
        until_s = time.monotonic() + PATIENCE_S
        while left and time.monotonic() < until_s:
            gc.collect()
            left[:] = [ref() for ref in waiting if ref() is not None]
            left[:] = [type(one).__name__ for one in left]
            time.sleep(0.05)

    with RtspCamera(PICTURES) as sub, RtspCamera(PICTURES) as main:
        vision.obey(orders(sub.uri, main.uri))
    assert left == []


LEAVING = """
import os
from pathlib import Path
from edge_agent.vision.memory import give_back, keep_together

def resident_mb():
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") // 1_000_000

keep_together()
held = [bytes(range(256)) * 390 for _ in range(600)]
full_mb = resident_mb()
held = held[::40]
give_back()
print(full_mb - resident_mb())
"""
"""Sixty megabytes, of which all but a few pieces here and there are left."""


def test_what_lies_between_pieces_that_are_still_held_goes_back_to_the_system() -> None:
    """Otherwise a process whose cameras come and go keeps the most that was ever needed."""
    child = (sys.executable, "-c", LEAVING)
    done = subprocess.run(child, capture_output=True, text=True, check=True, timeout=15)
    assert int(done.stdout) > 40


def test_a_watch_that_is_forgotten_hangs_up_before_its_next_visit_is_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some cameras serve one connection only, and are watched anew."""
    monkeypatch.setattr(Rhythm, "pause", lambda *_, **__: Pause(3600.0))
    said = Listener()
    vision = Vision(EvidenceRoom(spool=tmp_path), Voice(said))

    def orders(uri: str) -> Iterator[str]:
        yield watch("gate", uri).model_dump_json()
        assert said.seen.wait(PATIENCE_S), said.getvalue()
        yield Forget(camera_id="gate").model_dump_json()
        assert camera.left.wait(PATIENCE_S)

    with RtspCamera(PICTURES) as camera:
        vision.obey(orders(camera.uri))


def test_an_analysis_at_rest_holds_no_decoded_picture(tmp_path: Path) -> None:
    """When nothing moves, not even a decoder of its own: that of a thread serves all its cameras.

    In the pauses while somebody is known to pass by, it keeps its decoder, but no picture.
    """
    clip = write_clip(tmp_path / "walk.mp4", walker(from_s=22), until_s=38)
    known = {id(one) for one in alive(VideoFrame, Decoder)}
    held: list[tuple[float, int, int]] = []

    def note(t_s: float) -> None:
        seen = [one for one in alive(VideoFrame, Decoder) if id(one) not in known]
        # A decoder keeps an empty frame ready.
        frames = sum(isinstance(one, VideoFrame) and one.width > 0 for one in seen)
        held.append((t_s, frames, sum(isinstance(one, Decoder) for one in seen)))

    def watch_all() -> None:
        with open_source(str(clip), 0.0) as source:
            packets = source.packets(lambda: 0.0)
            analysis = Analysis(
                watch("gate", clip),
                Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=8_000_000)),
                room=EvidenceRoom(),
            )
            rested, keyframe = False, None
            for _ in range(360):
                packet: Packet = next(packets)
                analysis.feed(packet)
                if analysis.look_back.resting and not rested:
                    note(packet.t_s)
                rested = analysis.look_back.resting
                keyframe = packet if packet.keyframe and rested else keyframe
            assert keyframe is not None
            # Glanced at once more, but older than what was looked at.
            analysis.feed(keyframe._replace(pts=keyframe.pts + 1))
            note(keyframe.t_s)

    thread = threading.Thread(target=watch_all)
    thread.start()
    thread.join()
    assert sum(22 < t_s < 29 for t_s, _, _ in held) >= 2, "nobody was seen passing by"
    assert [frames for _, frames, _ in held] == [0] * len(held)
    assert max(decoders for t_s, _, decoders in held if not 22 < t_s < 29) <= 1
