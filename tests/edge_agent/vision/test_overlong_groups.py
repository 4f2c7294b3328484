"""More since the last keyframe than can be kept: it is watched, and what cannot be shown is told."""

import time
from fractions import Fraction
from pathlib import Path
from queue import Queue

import av
import numpy as np
import pytest
from av import VideoFrame
from structlog.testing import capture_logs

from edge_agent.vision.camera import ANALYSIS_RING_BYTES, Camera, Crew
from edge_agent.vision.evidence.clips import ClipJobs, Clips
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.evidence.shots import ShotTaker
from edge_agent.vision.findings import AnyFinding
from edge_agent.vision.intake.rounds import Rounds
from edge_agent.vision.intake.turns import Turns
from edge_agent.vision.lookback import Stock
from edge_agent.vision.stream.ring import HARD_FACTOR, PacketRing
from tests.edge_agent.vision.footage_maker import encode, shifted
from tests.edge_agent.vision.vision_process import watch

ADVICE = "shorten the camera's keyframe interval"


def noise(path: Path) -> Path:
    """Encode large pictures that nothing can compress, twenty to a keyframe."""
    rng, size = np.random.default_rng(7), (1920, 1080)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5)
        stream.width, stream.height, stream.pix_fmt = *size, "yuv420p"
        params = "keyint=20:min-keyint=20:scenecut=0:bframes=0:qp=1"
        stream.options = {"preset": "ultrafast", "x264-params": params}
        for number in range(40):
            pixels = rng.integers(0, 255, (size[1] * 3 // 2, size[0]), np.uint8)
            frame = VideoFrame.from_ndarray(pixels, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, 5)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


@pytest.mark.timeout(60)
def test_a_camera_of_which_nothing_can_be_kept_is_named_once(tmp_path: Path) -> None:
    clip = noise(tmp_path / "noise.mp4")
    assert clip.stat().st_size > 2.2 * HARD_FACTOR * ANALYSIS_RING_BYTES
    said: Queue[AnyFinding] = Queue()
    turns = Turns(workers=1)
    crew = Crew(rounds=Rounds(after=turns.begin), turns=turns)
    with capture_logs() as logged:
        Camera(watch("gate", clip), EvidenceRoom(), crew, said.put, time.monotonic).start()
        while said.get(timeout=30).say != "lost":
            pass
    turns.stop()
    (line,) = [line for line in logged if line["event"] == "ring_emptied"]
    assert line["camera_id"] == "gate"
    assert ADVICE in line["why"]


def test_evidence_that_was_too_much_to_keep_says_so_until_a_keyframe_comes(tmp_path: Path) -> None:
    form, packets = encode(bframes=0, gop=40)
    most = sum(len(packet.payload) for packet in packets[:40])
    stock = Stock(form=form, ring=PacketRing(max_s=60.0, max_bytes=most // (HARD_FACTOR + 1)))
    shots = ShotTaker("gate", stock, spool=tmp_path, masks=(), main=lambda: None)
    jobs = ClipJobs()
    clips = Clips("gate", stock, lambda: None, folder=tmp_path, masks=(), jobs=jobs)

    def evidence(at_s: float) -> tuple[int, list[str]]:
        """Return how many pictures and clips there are, and why there are no more."""
        pictures = shots.take([shots.shot("after", at_s)])
        clips.request("bag", at_s - 1.0, at_s)
        made = (*pictures, *clips.finish(at_s, wait_s=10))
        missed = (*shots.losses.tell(at_s), *clips.losses.tell(at_s))
        return len(made), [one.why for one in missed]

    stock.ring.extend(packets[:40])
    count, why = evidence(3.5)
    assert count == 0
    assert len(why) == 2
    assert all(ADVICE in one for one in why)
    stock.ring.extend(shifted(packets[:10], 4.0, base=form.time_base))
    assert evidence(4.5) == (2, [])
    jobs.close()
