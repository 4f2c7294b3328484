"""Ctrl-C and mistakes in a technician's command: said plainly, and earlier results are not lost."""

import base64
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import av
import pytest

from tests.edge_agent.tuning.test_commands import GATEWAY
from tests.edge_agent.vision.stage import Picture, deposit
from tests.edge_agent.vision.vision_process import write_clip

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "deposit.mp4"
    return write_clip(path, deposit(), until_s=60)


@pytest.fixture(autouse=True)
def _heeds_interrupts() -> Iterator[None]:
    """What is started in the background by a shell ignores Ctrl-C, and so would its children."""
    former = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, former)


def begin(*arguments: object) -> subprocess.Popen[str]:
    argv = [sys.executable, "-m", "edge_agent", *map(str, arguments)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def assert_stopped(running: subprocess.Popen[str]) -> str:
    running.send_signal(signal.SIGINT)
    said, complaint = running.communicate(timeout=30)
    assert running.returncode == 130, complaint
    assert complaint.splitlines() == [
        "edge-agent: stopped before the end; what it has said so far is not all"
    ]
    return said


def test_a_replay_that_is_stopped_claims_nothing(clip: Path, tmp_path: Path) -> None:
    """Neither a sum, nor half a video in the place of a whole one."""
    events, drawn = tmp_path / "events", tmp_path / "drawn.mp4"
    drawn.write_text("of yesterday")
    os.mkfifo(events)
    argv = ("replay", clip, "--output", events, "--debug-video", drawn)
    with begin(*argv) as running, events.open():  # open at both ends as soon as it begins
        said = assert_stopped(running)
    assert said == ""
    assert drawn.read_text() == "of yesterday"
    assert {path.name for path in tmp_path.iterdir()} == {"events", "drawn.mp4"}


def test_what_ails_the_camera_is_said_before_the_recording_is_over(tmp_path: Path) -> None:
    """Nobody waits an hour for it, and who stops before has heard it."""

    def go_dark(picture: Picture, t_s: float) -> None:
        if t_s >= 20:
            picture[:] = 0

    once = write_clip(tmp_path / "once.mp4", go_dark, until_s=60)
    path = tmp_path / "dark.mp4"
    with av.open(str(path), "w") as outside:
        stream, begin_s = None, 0
        for _ in range(40):
            with av.open(str(once)) as inside:
                stream = stream or outside.add_stream_from_template(inside.streams.video[0])
                for packet in inside.demux(video=0):
                    if packet.size:
                        shift = round(begin_s / packet.time_base)
                        packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                        packet.stream = stream
                        outside.mux(packet)
            begin_s += 60
    with begin("replay", path) as running:
        assert running.stderr is not None
        assert running.stderr.readline().startswith("edge-agent replay: camera black from ")
        running.send_signal(signal.SIGINT)
        complaint = running.communicate(timeout=30)[1]
    assert running.returncode == 130
    assert complaint.endswith("stopped before the end; what it has said so far is not all\n")


def test_a_report_that_is_stopped_is_no_traceback(clip: Path) -> None:
    """What it has said before stands."""
    with begin("sensitivity", clip) as running:
        assert running.stdout is not None
        assert "would have alarmed" in running.stdout.readline()
        assert_stopped(running)


def test_a_check_of_a_silent_broker_can_be_stopped(tmp_path: Path) -> None:
    """Who waits for no answer need not wait for the end."""
    (tmp_path / "token").write_text("secret")
    (tmp_path / "token").chmod(0o600)
    gateway = tmp_path / "gateway.yaml"
    with socket.create_server(("127.0.0.1", 0)) as broker:
        port = broker.getsockname()[1]
        key = base64.b64encode(bytes(range(32))).decode()
        gateway.write_text(
            GATEWAY.replace("KEY", key).replace("host: 127", f"port: {port}, host: 127")
        )
        with begin("check", "--online", "--config", gateway) as running:
            connection, _ = broker.accept()
            with connection:
                assert "correct" in assert_stopped(running)


@pytest.mark.parametrize("option", ["--output", "--debug-video"])
@pytest.mark.parametrize("content", [None, b"no recording"])
def test_a_mistaken_recording_leaves_the_results_of_before(
    option: str, content: bytes | None, tmp_path: Path
) -> None:
    """They may have cost an hour."""
    results, video = tmp_path / "results", tmp_path / "misspelt.mp4"
    results.write_text("of yesterday")
    if content is not None:
        video.write_bytes(content)
    with begin("replay", video, option, results) as running:
        said, complaint = running.communicate(timeout=30)
    assert (running.returncode, said) == (2, "")
    assert "misspelt.mp4" in complaint
    assert results.read_text() == "of yesterday"
    assert {path.name for path in tmp_path.iterdir()} <= {"results", "misspelt.mp4"}
