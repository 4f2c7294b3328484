"""Recordings that are damaged, cut off or full of gaps: the technician is told, in a sentence."""

import json
import random
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import cv2
import numpy as np
import pytest

from tests.edge_agent.tuning.test_commands import edge_agent
from tests.edge_agent.vision.stage import deposit, pictures
from tests.edge_agent.vision.test_bad_streams import encode, piece, remux, spoilt


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return encode(tmp_path_factory.mktemp("clips") / "deposit.mkv", deposit(), until_s=40)


def damage(clip: Path, target: Path) -> Path:
    """Copy it with bits wrong in every picture."""
    rng = random.Random(3)
    return remux(clip, target, lambda _, packet: spoilt(packet, rng))


@pytest.mark.parametrize("command", ["replay", "sensitivity"])
@pytest.mark.parametrize("until_s", [12, 40])
def test_of_a_recording_without_a_whole_picture_nothing_is_said_but_that(
    command: str, until_s: int, tmp_path: Path
) -> None:
    """However long it is, and whether or not the decoder makes something of it."""
    short = encode(tmp_path / "short.mkv", deposit(), until_s=until_s)
    damaged = damage(short, tmp_path / "damaged.mkv")
    done = edge_agent(command, damaged)
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"edge-agent {command}: {damaged} cannot be replayed: ")
    assert line.endswith(("came out whole.", "could be decoded.", "gave no picture."))


def test_no_drawn_video_is_left_of_it(tmp_path: Path) -> None:
    short = encode(tmp_path / "short.mkv", deposit(), until_s=12)
    damaged = damage(short, tmp_path / "damaged.mkv")
    done = edge_agent("replay", damaged, "--debug-video", tmp_path / "drawn.mp4")
    assert done.returncode == 2
    assert f"{damaged} cannot be replayed: not one of its pictures" in done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == ["damaged.mkv", "short.mkv"]


@pytest.mark.parametrize("command", ["replay", "sensitivity"])
def test_a_recording_that_lost_its_end_is_remarked_on_once(
    command: str, clip: Path, tmp_path: Path
) -> None:
    whole = tmp_path / "whole.mp4"
    with av.open(str(clip)) as inside:
        options = {"movflags": "faststart"}
        with av.open(str(whole), "w", options=options) as outside:
            stream = outside.add_stream_from_template(inside.streams.video[0])
            for packet in inside.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    outside.mux(packet)
    body = whole.read_bytes()
    cut = tmp_path / "cut.mp4"
    cut.write_bytes(body[: len(body) // 2])
    done = edge_agent(command, cut)
    assert done.returncode == 0
    (line,) = [line for line in done.stderr.splitlines() if "should come" in line]
    assert line.startswith(f"edge-agent {command}: {cut} ends after ")
    assert "should come" not in edge_agent(command, whole).stderr


@pytest.mark.parametrize(("every", "left"), [(10, range(9)), (3, range(2)), (3, range(1))])
def test_pictures_left_out_at_regular_distances_are_told(
    every: int, left: range, tmp_path: Path
) -> None:
    """Where keyframes are far apart, every picture is looked at."""
    options = "keyint=35:min-keyint=35:bframes=0"
    whole = encode(tmp_path / "whole.mkv", deposit(), until_s=40, options=options)
    assert edge_agent("replay", whole).stderr == ""
    gaps = remux(
        whole,
        tmp_path / "gaps.mkv",
        lambda number, packet: packet if number % every in left or packet.is_keyframe else None,
    )
    done = edge_agent("replay", gaps)
    assert "of the last minute's pictures were broken or missing" in done.stderr


def test_what_every_second_keyframe_that_is_missing_spoils_is_told(tmp_path: Path) -> None:
    """One picture in seventy is missing, and half of all cannot be used."""
    options = "keyint=35:min-keyint=35:bframes=0"
    whole = encode(tmp_path / "whole.mkv", deposit(), until_s=75, options=options)
    assert edge_agent("replay", whole).stderr == ""
    half = remux(
        whole,
        tmp_path / "half.mkv",
        lambda number, packet: packet if number % 70 != 35 else None,
    )
    told = edge_agent("replay", half).stderr
    assert "of the last minute's pictures could not be used: they follow broken or missing" in told


def test_whole_bursts_are_counted_by_their_pictures(tmp_path: Path) -> None:
    options = "keyint=35:min-keyint=35:bframes=0"
    whole = encode(tmp_path / "whole.mkv", deposit(), until_s=40, options=options)
    bursts = remux(
        whole, tmp_path / "bursts.mkv", lambda number, packet: packet if number % 50 < 30 else None
    )
    (line, *_) = edge_agent("replay", bursts).stderr.splitlines()
    share = int(line.partition("s: ")[2].partition("%")[0])
    assert 25 <= share <= 45


def paused(clip: Path, target: Path, pause_s: float) -> Path:
    """Copy it with its clock set forward in the middle."""

    def later(number: int, packet: av.Packet) -> av.Packet:
        shift = round(pause_s / packet.time_base) if number >= 100 else 0
        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
        return packet

    return remux(clip, target, later)


def test_a_pause_is_told_as_a_pause_and_not_as_a_missing_end(clip: Path, tmp_path: Path) -> None:
    """A recorder that waits for motion makes such."""
    short = edge_agent("replay", paused(clip, tmp_path / "short.mkv", 30)).stderr
    assert short.endswith("short.mkv has no pictures for 30 s from 20 s on.\n")
    long = edge_agent("replay", paused(clip, tmp_path / "long.mkv", 90)).stderr
    assert long.endswith("has no pictures for 90 s from 20 s on, which its times here leave out.\n")
    assert "should come" not in short + long


def cut(whole: Path) -> Path:
    """Leave the first half of a file."""
    body = whole.read_bytes()
    half = whole.with_name(f"half{whole.suffix}")
    half.write_bytes(body[: len(body) // 2])
    return half


def test_sound_that_lasts_longer_promises_no_pictures(clip: Path, tmp_path: Path) -> None:
    sounding = tmp_path / "sounding.mkv"
    with av.open(str(clip)) as inside, av.open(str(sounding), "w") as outside:
        pictures = outside.add_stream_from_template(inside.streams.video[0])
        sound = outside.add_stream("pcm_s16le", rate=8_000, layout="mono")
        for packet in inside.demux(video=0):
            if packet.size:
                packet.stream = pictures
                outside.mux(packet)
        for second in range(50):
            frame = av.AudioFrame(format="s16", layout="mono", samples=8_000)
            frame.planes[0].update(bytes(16_000))
            frame.rate, frame.pts = 8_000, 8_000 * second
            outside.mux(sound.encode(frame))
    assert edge_agent("replay", sounding).stderr == ""
    assert " s more should come." in edge_agent("replay", cut(sounding)).stderr


@pytest.mark.parametrize("kind", ["mkv", "ts", "flv"])
def test_a_hole_in_a_recording_is_told(kind: str, clip: Path, tmp_path: Path) -> None:
    whole = remux(clip, tmp_path / f"whole.{kind}", lambda _, packet: packet)
    assert edge_agent("replay", whole).stderr == ""
    body = whole.read_bytes()
    holed = tmp_path / f"holed.{kind}"
    holed.write_bytes(body[: len(body) // 3] + body[len(body) // 2 :])
    told = edge_agent("replay", holed)
    assert told.returncode == 0
    assert "has no pictures for " in told.stderr


def test_a_stream_that_begins_in_the_middle_ends_no_recording(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wrong bits in the tables of an MPEG-TS look like further streams."""
    # PyAV reads beyond its list of streams: what glibc leaves there is then never 0 by chance.
    monkeypatch.setenv("MALLOC_PERTURB_", "85")
    one = piece(clip, tmp_path / "one.ts", 0, 100, 0)
    two = tmp_path / "two.ts"
    tables = {"tables_version": "1"}  # or they would be taken for those that are known
    with av.open(str(clip)) as inside, av.open(str(two), "w", options=tables) as outside:
        streams = [outside.add_stream_from_template(inside.streams.video[0]) for _ in range(2)]
        for number, packet in enumerate(inside.demux(video=0)):
            if packet.size and number >= 100:
                packet.stream = streams[number % 2]
                outside.mux(packet)
    # libav looks for streams at the beginning and at the end.
    among = tmp_path / "among.ts"
    among.write_bytes(one.read_bytes() + two.read_bytes() + one.read_bytes())
    done = edge_agent("replay", among)
    assert "Traceback" not in done.stderr
    assert done.returncode == 0


@pytest.mark.parametrize("command", ["replay", "sensitivity"])
def test_a_text_or_a_still_is_no_recording(command: str, tmp_path: Path) -> None:
    text, still, photo = (tmp_path / name for name in ("notes.txt", "still.png", "photo.jpg"))
    text.write_text("a line of text\n" * 400)
    assert cv2.imwrite(str(still), np.zeros((90, 160, 3), np.uint8))
    noise = np.random.default_rng(1).integers(0, 256, (720, 1280, 3), np.uint8)
    assert cv2.imwrite(str(photo), noise)
    for path in (text, still, photo):
        done = edge_agent(command, path)
        assert (done.returncode, done.stdout) == (2, "")
        (line,) = done.stderr.splitlines()
        assert "it is a text or a still picture" in line
        assert line.endswith("Choose a recording that plays in a video player.")


def in_fragments(clip: Path, target: Path) -> Path:
    """Copy it to an MP4 as recorders write it that may lose power."""
    options = {"movflags": "frag_keyframe+empty_moov"}
    with av.open(str(clip)) as inside, av.open(str(target), "w", options=options) as outside:
        stream = outside.add_stream_from_template(inside.streams.video[0])
        for packet in inside.demux(video=0):
            if packet.size:
                packet.stream = stream
                outside.mux(packet)
    return target


@pytest.mark.parametrize("kind", ["avi", "mp4"])
def test_a_file_that_is_cut_off_is_told_by_the_size_of_its_parts(kind: str, tmp_path: Path) -> None:
    """No header says how long an MP4 in fragments should last, and what an AVI's says is not sure."""
    whole = encode(tmp_path / "plain.avi", deposit(), until_s=20)
    if kind == "mp4":
        whole = in_fragments(whole, tmp_path / "plain.mp4")
    assert edge_agent("replay", whole).stderr == ""
    (line,) = edge_agent("replay", cut(whole)).stderr.splitlines()
    assert " s: at least " in line
    assert line.endswith(" bytes more should come.")


def test_an_avi_that_was_never_closed_promises_nothing(tmp_path: Path) -> None:
    """Its recorder lost power: length and sizes are still made up."""
    with (tmp_path / "open.avi").open("wb") as file:
        pipe = Pipe(file)
        with av.open(pipe, "w", format="avi") as outside:
            stream = outside.add_stream("mjpeg", rate=5)
            stream.width, stream.height, stream.pix_fmt = 320, 180, "yuvj420p"
            for number, (_, picture) in enumerate(pictures(deposit(), until_s=20, fps=5)):
                frame = av.VideoFrame.from_ndarray(picture, "gray").reformat(format="yuvj420p")
                frame.pts, frame.time_base = number, Fraction(1, 5)
                outside.mux(stream.encode(frame))
    done = edge_agent("replay", tmp_path / "open.avi")
    assert (done.returncode, done.stderr) == (0, "")


def test_a_title_that_is_not_in_unicode_spoils_no_recording(tmp_path: Path) -> None:
    plain, titled = encode(tmp_path / "plain.avi", deposit()), tmp_path / "titled.avi"
    with av.open(str(plain)) as inside, av.open(str(titled), "w") as outside:
        outside.metadata["title"] = "ABCDEFGH"
        stream = outside.add_stream_from_template(inside.streams.video[0])
        for packet in inside.demux(video=0):
            if packet.size:
                packet.stream, packet.pts = stream, packet.dts
                outside.mux(packet)
    body = titled.read_bytes()
    titled.write_bytes(body.replace(b"ABCDEFGH", "Cô Tô 01".encode("cp1258")))
    assert body != titled.read_bytes()
    assert edge_agent("replay", titled).returncode == 0


class Pipe:
    """A file to which one can only go on writing."""

    def __init__(self, file: BinaryIO) -> None:
        self.write = file.write


def test_motion_jpeg_without_a_container_is_a_recording(tmp_path: Path) -> None:
    """A file of JPEG pictures one after the other; a single one is a still under any name."""
    jpegs = [
        cv2.imencode(".jpg", picture)[1].tobytes()
        for _, picture in pictures(deposit(), until_s=4, fps=5)
    ]
    raw, single = tmp_path / "raw.mjpeg", tmp_path / "single.mjpeg"
    raw.write_bytes(b"".join(jpegs))
    single.write_bytes(jpegs[0])
    with av.open(str(raw)) as opened:
        assert opened.format.name == "jpeg_pipe"
    done = edge_agent("replay", raw)
    assert (done.returncode, done.stderr) == (0, "")
    assert json.loads(done.stdout.splitlines()[-1])["stream_s"] == len(jpegs) / 25
    done = edge_agent("replay", single)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "it is a text or a still picture" in line


def leave_out(path: Path) -> None:
    """Leave it missing."""


def hum(path: Path) -> None:
    """Write sound without pictures."""
    with av.open(str(path), "w", format="wav") as outside:
        sound = outside.add_stream("pcm_s16le", rate=8_000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=8_000)
        frame.planes[0].update(bytes(16_000))
        frame.rate = 8_000
        outside.mux(sound.encode(frame))


@pytest.mark.parametrize(
    "make",
    [
        leave_out,
        Path.mkdir,
        Path.touch,
        hum,
        lambda path: path.write_bytes(random.Random(5).randbytes(100_000)),
        lambda path: path.write_text("a line of text\n" * 400),
        lambda path: path.write_bytes(b"\0" * 100_000),
        lambda path: path.write_bytes(b"RIFF\xff\xff\xff\xffAVI "),
        lambda path: path.write_bytes(b"\0\0\0\x18ftypisom\0\0\2\0isommp42\0\0\0\x10moov"),
    ],
    ids=["missing", "folder", "empty", "sound", "noise", "text", "zeros", "avi", "mp4"],
)
def test_an_unusable_file_is_one_line(make: Callable[[Path], object], tmp_path: Path) -> None:
    path = tmp_path / "recording.mp4"
    make(path)
    done = edge_agent("replay", path)
    assert (done.returncode, done.stdout) == (2, "")
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"edge-agent replay: {path} ")
    assert line.endswith("Choose a recording that plays in a video player.")
