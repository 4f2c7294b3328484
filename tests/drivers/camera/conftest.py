"""Simulated cameras for the drivers: one that every test may ask, and some with faults of their own."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drivers.camera import CameraCredentials
from tests.fakes.simulated_camera import PASSWORD, SimulatedCamera

CameraFactory = Callable[..., SimulatedCamera]
RIGHT = CameraCredentials(username="admin", password=PASSWORD)
WRONG = CameraCredentials(username="admin", password="wrong")


def now() -> datetime:
    """Return the time; the drivers take it as an argument."""
    return datetime.now(UTC)  # noqa: TID251


@pytest.fixture(scope="session")
def plain_camera(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatedCamera]:
    """A camera without faults."""
    camera = SimulatedCamera(tmp_path_factory.mktemp("camera"), name="lane", scene="market-gate")
    yield camera
    camera.stop()


@pytest.fixture
def start_camera(tmp_path: Path) -> Iterator[CameraFactory]:
    """Start cameras that end with the test."""
    cameras: list[SimulatedCamera] = []

    def start(**settings: Any) -> SimulatedCamera:
        folder = tmp_path / f"camera-{len(cameras)}"
        cameras.append(SimulatedCamera(folder, scene="market-gate", **settings))
        return cameras[-1]

    yield start
    for camera in cameras:
        camera.stop()
