"""One part that fails is started again, later and later, and harms no other."""

import asyncio
import itertools

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.supervisor import Backoff, Supervisor


class Locked(Exception):
    """A fault that must be tried again slowly."""


async def run_for(clock, supervisor, duration_s, **parts):
    async with asyncio.TaskGroup() as tasks:
        running = [tasks.create_task(supervisor.keep(name, part)) for name, part in parts.items()]
        await clock.elapse(duration_s)
        for task in running:
            task.cancel()


@given(attempt=st.integers(1, 200), draw=st.floats(0, 1))
def test_waits_stay_between_their_bounds(attempt, draw):
    """Full jitter below a doubling ceiling of one minute."""
    wait_s = Backoff().wait_s(attempt, None, lambda: draw)
    assert 0.1 <= wait_s <= min(60.0, 2.0 ** (attempt - 1)) + 0.1


async def test_a_failing_part_never_touches_another(clock):
    """One dead camera leaves the others running."""
    alive = 0

    async def dead():
        raise OSError("no route")

    async def living():
        nonlocal alive
        while True:
            alive += 1
            await clock.sleep(1)

    await run_for(clock, Supervisor(clock=clock, draw=lambda: 1.0), 60, dead=dead, living=living)
    assert alive == 61


async def test_attempts_become_rarer(clock):
    """1, 2, 4, … 60 s between attempts."""
    began = []

    async def dead():
        began.append(clock.monotonic_s())
        raise OSError

    await run_for(clock, Supervisor(clock=clock, draw=lambda: 1.0), 200, dead=dead)
    assert [b - a for a, b in itertools.pairwise(began)] == [1, 2, 4, 8, 16, 32, 60, 60]


async def test_a_refused_account_is_tried_slowly(clock):
    """Ten minutes between attempts, so that the camera does not lock the account."""
    began = []

    async def locked():
        began.append(clock.monotonic_s())
        raise ExceptionGroup("inside a group", [Locked()])

    backoff = Backoff(slow_errors=(Locked,))
    supervisor = Supervisor(clock=clock, backoff=backoff, draw=lambda: 0.5)
    await run_for(clock, supervisor, 1_500, locked=locked)
    assert [b - a for a, b in itertools.pairwise(began)] == [600, 600]


async def test_a_run_that_held_starts_the_backoff_anew(clock):
    """After a good minute the next attempt comes soon."""
    began = []

    async def holds():
        began.append(clock.monotonic_s())
        await clock.sleep(100 if len(began) == 5 else 0)
        raise OSError

    await run_for(clock, Supervisor(clock=clock, draw=lambda: 1.0), 118, holds=holds)
    assert began[6] - began[5] == pytest.approx(2)
    assert began[5] - began[4] == pytest.approx(101)


async def test_the_same_fault_is_logged_once(clock):
    """Changes of state are logged, not every attempt."""

    async def dead():
        raise OSError("no route")

    with structlog.testing.capture_logs() as logs:
        await run_for(clock, Supervisor(clock=clock, draw=lambda: 0.0), 5, dead=dead)
    assert [entry["event"] for entry in logs] == ["failed, will be tried again"]


async def test_a_failure_in_place_of_a_cancellation_is_not_started_again(clock):
    """While the gateway stops, a part whose end looks like a failure ends all the same."""
    stopping = asyncio.Event()

    async def fails() -> None:
        stopping.set()
        raise OSError

    supervisor = Supervisor(clock=clock, draw=lambda: 1.0, stopping=stopping)
    async with asyncio.timeout(5):
        await supervisor.keep("fails", fails)
