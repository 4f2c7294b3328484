"""The main stream's ring: it fails and comes back by itself, and knows why it fails."""

import re
import time
from collections.abc import Callable, Iterator
from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame

from edge_agent.vision.intake import main_stream
from edge_agent.vision.intake.main_stream import Evidence
from edge_agent.vision.intake.rounds import Rounds
from tests.fakes.rtsp_camera import RtspCamera

PATIENCE_S = 15.0


def drawn(pictures: int = 30) -> list[list[bytes]]:
    """Return pictures as NAL units, a keyframe first."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 320, 180, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 10), Fraction(10)
    context.options = {"tune": "zerolatency", "x264-params": "repeat-headers=1:bframes=0"}
    bodies = []
    for number in range(pictures):
        frame = VideoFrame.from_ndarray(np.full((270, 320), number, np.uint8), format="yuv420p")
        frame.pts = number
        bodies += [bytes(packet) for packet in context.encode(frame)]
    return [[nal for nal in re.split(rb"\x00?\x00\x00\x01", body) if nal] for body in bodies]


def until(true: Callable[[], bool]) -> None:
    """Wait for it."""
    end_s = time.monotonic() + PATIENCE_S
    while not true():
        assert time.monotonic() < end_s, "it did not come to that"
        time.sleep(0.02)


@pytest.fixture
def evidence(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Evidence]]:
    """Watched main streams that are tried again soon."""
    monkeypatch.setattr(main_stream, "RETRY_FIRST_S", 0.05)
    watched: list[Evidence] = []

    def watch(uri: str) -> Evidence:
        one = Evidence("gate", uri, time.monotonic, rounds=Rounds(), shelf=None)
        watched.append(one)
        one.start()
        return one

    yield watch
    for one in watched:
        one.stop()


def test_why_it_does_not_come_is_known_until_it_comes(
    evidence: Callable[[str], Evidence],
) -> None:
    with RtspCamera(drawn()) as camera:
        uri = camera.uri
    gone = evidence(uri)
    until(lambda: gone.fault is not None)
    assert "could not be reached" in str(gone.fault)
    assert gone.stock is None


def test_while_it_comes_nothing_is_wrong(evidence: Callable[[str], Evidence]) -> None:
    with RtspCamera(drawn()) as camera:
        well = evidence(camera.uri)
        until(lambda: well.stock is not None)
        assert well.fault is None
