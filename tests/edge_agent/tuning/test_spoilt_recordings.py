"""Recordings that are damaged, cut off or full of gaps: the technician is told, in a sentence."""

import random
from pathlib import Path

import av
import pytest

from tests.edge_agent.tuning.test_commands import edge_agent
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.test_bad_streams import encode, remux, spoilt


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
