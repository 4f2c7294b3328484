"""The main stream's ring: it fails and comes back by itself, and knows why it fails."""

import re
import socket
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from queue import SimpleQueue

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from typing_extensions import override

from edge_agent.vision.camera import Camera, Crew
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding, Degraded
from edge_agent.vision.intake import main_stream
from edge_agent.vision.intake.main_stream import Evidence
from edge_agent.vision.intake.rhythm import SOON_S, Pause, Rhythm
from edge_agent.vision.intake.rounds import Rounds
from edge_agent.vision.intake.turns import Turns
from tests.edge_agent.vision.vision_process import watch
from tests.fakes.rtsp_camera import TICKS, RtspCamera, packets_of, stamped

PATIENCE_S = 15.0


def drawn(pictures: int = 30, planes: np.ndarray | None = None) -> list[list[bytes]]:
    """Return pictures as NAL units, a keyframe first; without `planes` each has a shade of its own."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 320, 180, "yuv420p"
    context.time_base, context.framerate = Fraction(1, 10), Fraction(10)
    context.options = {"tune": "zerolatency", "x264-params": "repeat-headers=1:bframes=0"}
    bodies = []
    for number in range(pictures):
        shown = np.full((270, 320), number, np.uint8) if planes is None else planes
        frame = VideoFrame.from_ndarray(shown, format="yuv420p")
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

    def watch(uri: str, monotonic_s: Callable[[], float] = time.monotonic) -> Evidence:
        one = Evidence("gate", uri, monotonic_s, rounds=Rounds(), shelf=None)
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


SPEED = 30.0
"""So many times as fast as a camera's time do these cameras' pictures come."""
GROUP = 30
"""Pictures from a keyframe to the next."""


def now_s() -> float:
    return SPEED * time.monotonic()


class InTime(list[list[bytes]]):
    """Pictures that come one after the other."""

    @override
    def __iter__(self) -> Iterator[list[bytes]]:
        begun_s = now_s()
        for number, units in enumerate(super().__iter__()):
            time.sleep(max(0.0, begun_s + number * TICKS / 90_000 - now_s()) / SPEED)
            yield units


class LossyCamera(RtspCamera):
    """Numbers its packets, and of each group leaves one picture out."""

    @override
    def _play(self, connection: socket.socket) -> None:
        sequence = 0
        for number, units in enumerate(self._pictures):
            wire = stamped(packets_of(units, most=1 << 16, sequence=sequence), number * TICKS)
            sequence += len(units)
            if number % GROUP != GROUP - 3:
                connection.sendall(wire)


@pytest.fixture(scope="module")
def group() -> list[list[bytes]]:
    """Two seconds of a picture with something in it; a keyframe first."""
    rng = np.random.default_rng(5)
    tiles = np.kron(rng.integers(40, 200, (23, 40)), np.ones((8, 8))).astype(np.uint8)
    planes = np.full((270, 320), 128, np.uint8)
    planes[:180] = tiles[:180]
    return drawn(GROUP, planes)


def spoilt(units: list[list[bytes]]) -> list[list[bytes]]:
    """Return pictures with wrong bytes in all that is no parameter set."""

    def spoil(nal: bytes) -> bytes:
        if nal[0] & 0x1F not in {1, 5}:
            return nal
        body = bytearray(nal)
        for at in range(len(body) // 4, len(body), 40):
            body[at] ^= 0x5A
        return bytes(body)

    return [[spoil(nal) for nal in picture] for picture in units]


@pytest.fixture
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Visit cameras as often in their time as in ours."""
    monkeypatch.setattr(Rhythm, "pause", lambda *_, **__: Pause(SOON_S))


@pytest.mark.usefixtures("_soon")
def test_a_stream_whose_keyframes_break_is_told_until_they_are_whole(
    evidence: Callable[..., Evidence], group: list[list[bytes]]
) -> None:
    """Meanwhile no evidence is taken of it."""
    with RtspCamera(InTime(group + spoilt(group) * 30 + group * 60)) as camera:
        broken = evidence(camera.uri, now_s)
        until(lambda: broken.usable is not None)
        # A machine that stands still for a second sends no keyframe for half a minute of this time.
        until(lambda: "broken or missing" in str(broken.fault))
        assert broken.stock is not None
        assert broken.usable is None
        until(lambda: broken.fault is None)
        assert broken.usable is broken.stock


@pytest.mark.usefixtures("_soon")
def test_a_stream_whose_keyframes_stop_is_told_until_one_comes(
    evidence: Callable[..., Evidence], group: list[list[bytes]]
) -> None:
    with RtspCamera(InTime(group * 5 + group[1:] * 60 + group * 20)) as camera:
        endless = evidence(camera.uri, now_s)
        until(lambda: endless.usable is not None)
        until(lambda: endless.fault == "no keyframe came for 30 s: shorten its interval")
        until(lambda: endless.usable is not None)


@pytest.mark.usefixtures("_soon")
def test_a_stream_that_loses_pictures_is_told(
    evidence: Callable[..., Evidence], group: list[list[bytes]]
) -> None:
    with LossyCamera(InTime(group * 40)) as camera:
        torn = evidence(camera.uri, now_s)
        told = re.compile(r"[2-4]% of the last minute's pictures were broken")
        # A machine that stands still for a second sends no keyframe for half a minute of this time.
        until(lambda: told.match(str(torn.fault)) is not None)


@pytest.mark.usefixtures("_soon")
def test_a_camera_says_that_its_main_stream_is_spoilt(
    group: list[list[bytes]], tmp_path: Path
) -> None:
    """As long as it is watched by the other one."""
    told: SimpleQueue[Degraded] = SimpleQueue()

    def listen(finding: AnyFinding) -> None:
        if isinstance(finding, Degraded) and finding.condition == "main_stream":
            told.put(finding)

    turns = Turns(workers=1)
    crew = Crew(rounds=Rounds(after=turns.begin), turns=turns)
    with (
        RtspCamera(InTime(group * 200)) as sub,
        RtspCamera(InTime(group + spoilt(group) * 200)) as main,
    ):
        order = watch("gate", sub.uri, evidence_uri=main.uri)
        camera = Camera(order, EvidenceRoom(spool=tmp_path), crew, listen, now_s)
        camera.start()
        degraded = told.get(timeout=PATIENCE_S)
        camera.forget()
    turns.stop()
    assert "broken or missing: clips are cut from the sub-stream meanwhile" in degraded.detail
    assert [picture.role for picture in degraded.pictures] == ["shown"]
