"""The simulated camera as a process: it starts, says why not, and leaves nothing behind."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.simulator.camera.conftest import CameraFactory

pytestmark = pytest.mark.timeout(40)


def children_of(pid: int) -> list[int]:
    """Return the processes a process has started."""
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(child) for child in text.split()]


def wait_until_gone(pids: list[int]) -> None:
    """Wait until no process of the list lives.

    Raises:
        TimeoutError: one still lives after 5 s.
    """
    deadline_s = time.monotonic() + 5
    while any(is_alive(pid) for pid in pids):
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"one of {pids} still lives")
        time.sleep(0.05)


def is_alive(pid: int) -> bool:
    """Tell whether a process lives; one that waits to be collected does not."""
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def run_camera(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a camera that is expected to end by itself."""
    return subprocess.run(
        [sys.executable, "-m", "simulator.camera", *arguments],
        capture_output=True,
        text=True,
        timeout=30,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        check=False,
    )


def test_the_end_of_standard_input_ends_everything(start_camera: CameraFactory) -> None:
    """Who closes standard input has no camera and no RTSP server any more."""
    camera = start_camera(scene="market-gate")
    children = children_of(camera.process.pid)
    assert children
    assert camera.stop() == 0
    wait_until_gone(children)


def test_sigterm_ends_everything(start_camera: CameraFactory) -> None:
    """SIGTERM is a clean end."""
    camera = start_camera(scene="market-gate")
    children = children_of(camera.process.pid)
    camera.process.send_signal(signal.SIGTERM)
    assert camera.process.wait(10) == 0
    wait_until_gone(children)


@pytest.mark.parametrize("frozen", [False, True])
def test_a_killed_camera_leaves_no_orphan(start_camera: CameraFactory, frozen: bool) -> None:
    """kill -9 of the camera takes its RTSP server along, even a frozen one."""
    camera = start_camera(scene="market-gate")
    if frozen:
        camera.order(do="freeze")
    children = children_of(camera.process.pid)
    camera.process.kill()
    camera.process.wait(10)
    wait_until_gone(children)


def test_a_dead_rtsp_server_ends_the_camera(start_camera: CameraFactory) -> None:
    """A camera without its streams does not pretend to live."""
    camera = start_camera(scene="market-gate")
    os.kill(children_of(camera.process.pid)[0], signal.SIGKILL)
    assert camera.process.wait(10) == 1


def test_unknown_orders_are_refused_and_change_nothing(start_camera: CameraFactory) -> None:
    """An order that is not understood is answered, and the camera goes on."""
    camera = start_camera(scene="market-gate")
    for line in ("not json", "[]", '"stall"', '{"do":"explode"}', '{"do":"clock"}', "{}"):
        camera.send(line)
        assert camera.wait_for("refused")["reason"]
    camera.order(do="clock", offset_s=3)


@pytest.mark.parametrize(
    ("settings", "word"),
    [
        ({"scene": "market-gate", "passwrod": "x"}, "passwrod"),
        ({"scene": "market-gate"}, "password"),
        ({"password": "x"}, "scene"),
        ({"password": "x", "scene": "market-gate", "video": "clip.mp4"}, "video"),
        ({"password": "x", "scene": "moon"}, "scene"),
    ],
)
def test_wrong_settings_name_the_key(tmp_path: Path, settings: dict[str, str], word: str) -> None:
    """A setting that makes no sense is named, and nothing starts."""
    config = tmp_path / "camera.json"
    config.write_text(json.dumps(settings))
    result = run_camera("--config", str(config))
    assert result.returncode == 2
    assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_a_recording_that_cannot_be_read_is_said(tmp_path: Path) -> None:
    """An empty file is no recording; the camera says so and ends with 1."""
    empty = tmp_path / "empty.mp4"
    empty.touch()
    result = run_camera("--video", str(empty), CAMERA_PASSWORD="x")
    assert result.returncode == 1
    assert "empty.mp4" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize("option", ["--rtsp-port", "--http-port"])
def test_a_taken_port_is_said(option: str) -> None:
    """A port that somebody else uses ends the camera with a sentence."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        result = run_camera("--scene", "market-gate", option, str(port), CAMERA_PASSWORD="x")
    assert result.returncode == 1
    assert result.stderr
    assert "Traceback" not in result.stderr
