"""Fixtures that every part of the house shares: a clock, a free port, a real broker."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests.fakes.broker import RealBroker
from tests.fakes.clock import FakeClock
from tests.fakes.ports import find_free_port

# Examples share their machine with cameras and brokers: being slow is no failure.
settings.register_profile("shared", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("shared")


@pytest.fixture
def clock() -> FakeClock:
    """A clock at 2026-01-05 07:00 in Vietnam that moves only when told."""
    return FakeClock(datetime(2026, 1, 5, 0, 0, tzinfo=UTC))


@pytest.fixture
def free_port() -> int:
    """A TCP port on 127.0.0.1 nobody listens on."""
    return find_free_port()


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[RealBroker]:
    """A running mosquitto of this test's own; see `RealBroker` for its one user and its switches."""
    running = RealBroker(tmp_path / "broker")
    running.start()
    try:
        yield running
    finally:
        running.stop()
