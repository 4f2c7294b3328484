"""The supervisor: faults end there, work begins again, later and later."""

import asyncio
from itertools import pairwise

from structlog.testing import capture_logs

from ioc.supervisor import LONGEST_RETRY_S, attempt, keep_running, retry_delay_s


async def test_work_that_fails_begins_again_and_the_fault_is_said_once(clock):
    """The same fault is not said at every retry; another one is."""
    runs: list[float] = []

    async def work() -> None:
        runs.append(clock.monotonic_s())
        raise ValueError("broken" if len(runs) < 4 else "otherwise")

    with capture_logs() as logs:
        async with asyncio.TaskGroup() as group:
            task = group.create_task(keep_running("work", work, clock=clock))
            await clock.elapse(60)
            task.cancel()
    assert len(runs) >= 6
    pauses = [b - a for a, b in pairwise(runs)]
    assert 0.5 <= pauses[0] <= 1.0
    assert max(pauses) <= LONGEST_RETRY_S
    assert [line["fault"] for line in logs] == ["ValueError: broken", "ValueError: otherwise"]


async def test_work_that_ran_well_is_retried_soon(clock):
    """A connection that lasted an hour deserves a quick second try."""
    started: list[float] = []

    async def work() -> None:
        started.append(clock.monotonic_s())
        await clock.sleep(3_600)
        raise ConnectionError

    async with asyncio.TaskGroup() as group:
        task = group.create_task(keep_running("work", work, clock=clock))
        await clock.elapse(5 * 3_600)
        task.cancel()
    assert all(b - a < 3_602 for a, b in pairwise(started))


async def test_one_attempt_tells_whether_it_succeeded():
    """And never raises."""

    async def fine() -> None:
        return

    async def broken() -> None:
        raise ZeroDivisionError

    assert await attempt("fine", fine)
    with capture_logs() as logs:
        assert not await attempt("broken", broken)
    assert logs[0]["fault"].startswith("ZeroDivisionError")


def test_pauses_grow_and_are_spread():
    """So that a hundred retries do not fall together."""
    assert all(0.5 <= retry_delay_s(0) <= 1.0 for _ in range(50))
    assert all(5.0 <= retry_delay_s(50) <= 10.0 for _ in range(50))
    assert len({retry_delay_s(50) for _ in range(50)}) > 40
