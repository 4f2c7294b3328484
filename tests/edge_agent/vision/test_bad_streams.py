"""Streams as bad cameras send them: each is watched all the same, or its fault is said clearly."""

import json
import random
import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from fractions import Fraction
from itertools import count, pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from av.video.frame import VideoFrame

from edge_agent.replay import play
from edge_agent.vision.analysis import Analysis
from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding, Degraded, LitteringConfirmed, MotionStarted
from edge_agent.vision.lookback import Stock
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import Source, SourceLost, open_source
from tests.edge_agent.vision.stage import Paint, deposit, pictures
from tests.edge_agent.vision.vision_process import VisionProcess, watch

FPS = 5
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet_libraries()


def encode(
    path: Path,
    paint: Paint = lambda *_: None,
    *,
    until_s: float = 20,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    size: tuple[int, int] = (320, 180),
    options: str = "",
) -> Path:
    """Encode a drawn scene, a keyframe every 2 s."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=FPS)
        stream.width, stream.height, stream.pix_fmt = *size, pixels
        common = f"keyint={2 * FPS}:min-keyint={2 * FPS}:scenecut=0:{options}".rstrip(":")
        name = "x265-params" if codec == "libx265" else "x264-params"
        quiet = ":log-level=none" if codec == "libx265" else ""
        stream.options = {"preset": "ultrafast", name: common + quiet}
        for number, (_, picture) in enumerate(pictures(paint, until_s=until_s, fps=FPS)):
            shown = cv2.resize(picture, size) if size != (320, 180) else picture
            frame = VideoFrame.from_ndarray(shown, format="gray").reformat(format=pixels)
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def remux(source: Path, target: Path, change: Callable[[int, av.Packet], av.Packet | None]) -> Path:
    """Copy a stream packet by packet; `change` may alter one or leave it out."""
    with av.open(str(source)) as inside, av.open(str(target), "w") as outside:
        stream = outside.add_stream_from_template(inside.streams.video[0])
        for number, packet in enumerate(inside.demux(video=0)):
            if packet.size and (changed := change(number, packet)):
                changed.stream = stream
                outside.mux(changed)
    return target


def piece(source: Path, target: Path, begin: int, end: int, ahead_s: float) -> Path:
    """Copy some of the packets with all their times moved."""

    def moved(number: int, packet: av.Packet) -> av.Packet | None:
        shift = round(ahead_s / packet.time_base)
        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        return packet if begin <= number < end else None

    return remux(source, target, moved)


def spoilt(packet: av.Packet, rng: random.Random) -> av.Packet:
    """Return the packet with some bytes of its picture wrong."""
    body = bytearray(bytes(packet))
    for _ in range(8):
        body[rng.randrange(len(body) // 4, len(body))] ^= rng.randrange(1, 256)
    broken = av.Packet(bytes(body))
    broken.pts, broken.dts, broken.time_base = packet.pts, packet.dts, packet.time_base
    broken.is_keyframe = packet.is_keyframe
    return broken


def found(path: Path, **settings: object) -> list[AnyFinding]:
    """Return everything found in a recording."""
    said: list[AnyFinding] = []
    play(path, watch("gate", path, **settings), said.extend)
    return said


def analyse(
    source: Source, analysis: Analysis, monotonic_s: Callable[[], float]
) -> tuple[list[AnyFinding], SourceLost]:
    """Return everything found in a stream, and why it ended."""
    said: list[AnyFinding] = []
    try:
        for packet in source.packets(monotonic_s):
            said += analysis.feed(packet)
    except SourceLost as lost:
        return said, lost
    raise AssertionError("a stream always ends with a reason")


def bags(said: list[AnyFinding]) -> list[LitteringConfirmed]:
    return [finding for finding in said if isinstance(finding, LitteringConfirmed)]


def degraded(said: list[AnyFinding]) -> list[str]:
    return [finding.condition for finding in said if isinstance(finding, Degraded)]


@pytest.mark.parametrize(
    ("codec", "pixels", "options"),
    [
        ("libx264", "yuv422p", ""),
        ("libx264", "yuvj444p", ""),
        ("libx264", "yuv420p10le", ""),
        ("libx264", "gray", ""),
        ("libx264", "yuv420p", "bframes=3:b-adapt=0:b-pyramid=normal"),
        ("libx265", "yuv420p", ""),
        ("libx265", "yuv422p10le", "bframes=2"),
    ],
)
def test_a_bag_is_found_whatever_the_coding(
    codec: str, pixels: str, options: str, tmp_path: Path
) -> None:
    """Odd pixel formats, ten bits, B-frames, H.265."""
    clip = encode(
        tmp_path / "odd.mp4", deposit(), codec=codec, pixels=pixels, options=options, until_s=22
    )
    said = found(clip)
    (bag,) = bags(said)
    assert bag.deposited_at_s == pytest.approx(8.0, abs=0.8)
    assert degraded(said) == []


def test_a_change_of_resolution_in_mid_stream_is_followed(tmp_path: Path) -> None:
    """What happens afterwards is found where it is."""
    first = encode(tmp_path / "large.ts", until_s=8, size=(640, 360))
    second = encode(tmp_path / "small.ts", deposit(), until_s=22, size=(480, 360))
    both = tmp_path / "both.ts"
    both.write_bytes(first.read_bytes() + second.read_bytes())
    said = found(both)
    (bag,) = bags(said)
    assert [finding.say for finding in said].count("seen") == 1
    assert bag.box[0] == pytest.approx(162 / 320, abs=0.04)
    assert degraded(said) == []


def test_times_that_jump_confirm_nothing_too_early(tmp_path: Path) -> None:
    """A bag that lies for 3 s does so although the camera's clock leaps by an hour, and back."""
    clip = encode(tmp_path / "clip.ts", deposit(until_s=13), until_s=20)
    leaping = tmp_path / "leaping.ts"
    pieces = [(0, 55, 0), (55, 75, 3600), (75, 100, 1200)]
    leaping.write_bytes(
        b"".join(piece(clip, tmp_path / "piece.ts", *part).read_bytes() for part in pieces)
    )
    with open_source(str(leaping), 0.0) as source:
        times: list[float] = []
        with pytest.raises(SourceLost):
            times.extend(packet.t_s for packet in source.packets(lambda: 0.0))
    assert len(times) == 100
    assert all(b - a == pytest.approx(1 / FPS, abs=0.01) for a, b in pairwise(times))
    assert bags(found(leaping)) == []


def test_a_stream_without_keyframes_says_so(tmp_path: Path) -> None:
    """One that only begins in the middle of a group is waited for."""
    clip = encode(tmp_path / "clip.mp4", deposit(), until_s=40)
    late = remux(clip, tmp_path / "late.mp4", lambda number, packet: packet if number > 3 else None)
    assert len(bags(found(late))) == 1

    def never(number: int, packet: av.Packet) -> av.Packet | None:
        return None if packet.is_keyframe else packet

    with open_source(str(remux(clip, tmp_path / "never.mp4", never)), 0.0) as source:
        stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=1_000_000))
        analysis = Analysis(watch("gate", clip), stock, room=EvidenceRoom())
        said, lost = analyse(source, analysis, lambda: 0.0)
    assert said == []
    assert lost.reason == "undecodable"
    assert "no keyframe came" in lost.detail


def test_a_quiet_camera_whose_keyframes_break_is_lost(tmp_path: Path) -> None:
    """It is not taken for watched: a moment's damage is borne, half a minute's is said."""
    clip = encode(tmp_path / "clip.mp4", until_s=80)
    rng = random.Random(7)

    def break_keyframes(until: int) -> Path:
        return remux(
            clip,
            tmp_path / f"{until}.mp4",
            lambda number, packet: (
                spoilt(packet, rng) if packet.is_keyframe and 100 <= number < until else packet
            ),
        )

    def lost(path: Path) -> SourceLost:
        with open_source(str(path), 0.0) as source:
            stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=1_000_000))
            analysis = Analysis(watch("gate", clip), stock, room=EvidenceRoom())
            return analyse(source, analysis, lambda: 0.0)[1]

    assert lost(break_keyframes(200)).reason == "ended"
    blind = lost(break_keyframes(400))
    assert blind.reason == "undecodable"
    assert "no keyframe of the last 30 s could be decoded" in blind.detail


def test_a_camera_that_loses_its_keyframes_is_lost(tmp_path: Path) -> None:
    """libav makes up what is missing and says nothing: smears are no bags, and soon it is said."""
    moving = deposit()
    clip = encode(tmp_path / "clip.mp4", moving, until_s=80)
    kept = remux(
        clip,
        tmp_path / "kept.mp4",
        lambda number, packet: None if packet.is_keyframe and number > 60 else packet,
    )
    with open_source(str(kept), 0.0) as source:
        stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=1_000_000))
        analysis = Analysis(watch("gate", clip), stock, room=EvidenceRoom())
        said, lost = analyse(source, analysis, lambda: 0.0)
    assert lost.reason == "undecodable"
    assert "pictures are missing, and no keyframe came for 30 s" in lost.detail
    assert all(finding.at_s < 13.0 for finding in said if isinstance(finding, MotionStarted))


def test_what_follows_a_missing_picture_is_not_looked_at_before_a_keyframe(tmp_path: Path) -> None:
    """It is smeared: something else than what is there would seem to move."""
    clip = encode(tmp_path / "clip.mp4", deposit(), until_s=40)
    kept = remux(
        clip,
        tmp_path / "kept.mp4",
        lambda number, packet: None if number in {33, 34} else packet,
    )
    looked_s: list[float] = []
    with open_source(str(kept), 0.0) as source:
        stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=1_000_000))
        analysis = Analysis(
            watch("gate", clip),
            stock,
            room=EvidenceRoom(),
            onlooker=lambda shown, *_: looked_s.append(shown.t_s),
        )
        said, _ = analyse(source, analysis, lambda: 0.0)
    assert not [t_s for t_s in looked_s if 6.6 < t_s < 8.0]
    assert [t_s for t_s in looked_s if 6.0 < t_s < 6.6]
    assert len(bags(said)) == 1


def test_what_never_showed_anything_is_lost_not_degraded(tmp_path: Path) -> None:
    """One cause is told once: its pictures are of another codec than the stream says."""
    clip = encode(tmp_path / "clip.mp4", until_s=60)
    named = encode(tmp_path / "named.mp4", codec="libx265", until_s=1)
    with open_source(str(named), 0.0) as other, open_source(str(clip), 0.0) as source:
        stock = Stock(form=other.form, ring=PacketRing(max_s=60, max_bytes=1_000_000))
        analysis = Analysis(watch("gate", clip), stock, room=EvidenceRoom())
        said, lost = analyse(source, analysis, lambda: 0.0)
    assert said == []
    assert lost.reason == "undecodable"


def test_a_quiet_camera_that_stops_sending_keyframes_is_still_watched(tmp_path: Path) -> None:
    """It is looked at by all its pictures instead."""
    quiet = encode(tmp_path / "quiet.ts", until_s=12)
    endless = encode(
        tmp_path / "endless.ts", deposit(), until_s=22, options="keyint=infinite:min-keyint=999"
    )
    both = tmp_path / "both.ts"
    both.write_bytes(quiet.read_bytes() + endless.read_bytes())
    (bag,) = bags(found(both))
    assert bag.deposited_at_s == pytest.approx(20.0, abs=1.0)


def test_a_clock_that_jumps_is_told_of_a_live_stream(tmp_path: Path) -> None:
    """The pictures go on; the technician hears by how much the clock is off."""
    clip = encode(tmp_path / "clip.ts", until_s=40)

    body = b"".join(
        piece(clip, tmp_path / "piece.ts", *part).read_bytes()
        for part in [(0, 100, 0), (100, 200, 90)]
    )
    arrivals = count(1_000.0, 0.2)
    with served(body) as uri, open_source(uri, 1_000.0) as source:
        ring = PacketRing(max_s=60, max_bytes=1_000_000)
        stock = Stock(form=source.form, ring=ring, drift_s=lambda: source.drift_s)
        analysis = Analysis(watch("gate", clip), stock, room=EvidenceRoom(spool=tmp_path / "spool"))
        (tmp_path / "spool").mkdir()
        said, _ = analyse(source, analysis, lambda: next(arrivals))
    assert degraded(said) == ["clock_drift"]
    (finding,) = (f for f in said if isinstance(f, Degraded))
    assert "90.0 s ahead" in finding.detail
    assert 1_020 <= finding.at_s <= 1_031
    (picture,) = finding.pictures
    assert (tmp_path / "spool" / f"{picture.sha256}.jpg").stat().st_size == picture.size_bytes


class served:  # noqa: N801 - reads as a word
    """Serves bytes once over a real TCP connection; the context is its address."""

    def __init__(self, body: bytes) -> None:
        self._body = body
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._thread = threading.Thread(target=self._serve)

    def __enter__(self) -> str:
        self._thread.start()
        return f"tcp://127.0.0.1:{self._listener.getsockname()[1]}"

    def _serve(self) -> None:
        peer, _ = self._listener.accept()
        with peer, suppress(OSError):  # who was told enough hangs up
            peer.sendall(self._body)

    def __exit__(self, *_: object) -> None:
        self._thread.join(10)
        self._listener.close()


@pytest.mark.timeout(60)
def test_bad_cameras_are_named_and_disturb_no_other(tmp_path: Path) -> None:
    """Each fault says which camera and why, while the bag before a good camera is found."""
    good = encode(tmp_path / "good.mp4", deposit(), until_s=22)
    rng = random.Random(4)
    broken = remux(
        encode(tmp_path / "whole.mp4", until_s=30),
        tmp_path / "broken.mp4",
        lambda number, packet: spoilt(packet, rng) if number % 10 in {3, 6} else packet,
    )
    (tmp_path / "empty.mp4").touch()
    # No part of the analysis is made for four pixels; whatever it stumbles over is said.
    speck = encode(tmp_path / "speck.mp4", until_s=5, size=(2, 2))
    with VisionProcess(tmp_path / "spool") as child:
        child.order(watch("gate", good))
        child.order(watch("broken", broken))
        child.order(watch("empty", tmp_path / "empty.mp4"))
        child.order(watch("hidden", good, masks=(WHOLE,)))
        child.order(watch("speck", speck))
        outside = json.loads(watch("outside", good, zones=()).model_dump_json())
        corners = [[1.2, 1.2], [1.5, 1.2], [1.5, 1.5]]
        outside["zones"] = [{"name": "z", "purpose": "no_dumping", "polygon": corners}]
        child.order(json.dumps(outside))
        names = ("gate", "broken", "empty", "hidden", "speck", "outside")
        lost = {name: child.wait_for("lost", name) for name in names}
        child.wait_for("littering_confirmed", "gate")
        assert child.stop() == 0
    reasons = {name: finding.reason for name, finding in lost.items()}
    assert reasons["empty"] == reasons["speck"] == "undecodable"
    assert reasons["hidden"] == reasons["outside"] == "configuration"
    assert "masks hide the whole picture" in lost["hidden"].detail
    assert "zones.0.polygon" in lost["outside"].detail
    assert reasons["gate"] == "ended"
    told = [(f.camera_id, f.condition) for f in child.seen if f.say == "degraded"]
    assert told == [("broken", "decode_errors")]


def test_the_pictures_of_odd_formats_can_be_looked_at(tmp_path: Path) -> None:
    """The evidence of a ten-bit stream shows what was there."""
    clip = encode(tmp_path / "ten.mp4", deposit(), pixels="yuv422p10le", until_s=22)
    said: list[AnyFinding] = []
    spool = tmp_path / "spool"
    spool.mkdir()
    play(clip, watch("gate", clip), said.extend, spool=spool)
    (bag,) = bags(said)
    after = bag.pictures[-1]
    image = cv2.imread(str(spool / f"{after.sha256}.jpg"), cv2.IMREAD_GRAYSCALE)
    assert image[110:118, 165:173].mean() < 60
    assert np.abs(float(image.mean()) - 130) < 25
