"""Drawn recordings whose pictures tell their number, and cameras that stop after the test."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.recordings import write_counting_clip
from tests.fakes.simulated_camera import SimulatedCamera

CameraFactory = Callable[..., SimulatedCamera]


@pytest.fixture
def start_camera(tmp_path: Path) -> Iterator[CameraFactory]:
    """Start cameras that end with the test."""
    cameras: list[SimulatedCamera] = []

    def start(**settings: Any) -> SimulatedCamera:
        cameras.append(SimulatedCamera(tmp_path / f"camera-{len(cameras)}", **settings))
        return cameras[-1]

    yield start
    for camera in cameras:
        camera.stop()


@pytest.fixture
def counting_clip(tmp_path: Path) -> Path:
    """30 pictures in 3 s, 800×600, keyframes 1.5 s apart; each picture tells its number."""
    path = tmp_path / "counting.mp4"
    write_counting_clip(path, pictures=30, gop=15)
    return path
