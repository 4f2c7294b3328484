"""Keeps a piece of work running: starts it again after a fault, later and later, and says so once."""

import asyncio
from collections.abc import Awaitable, Callable
from random import Random

import structlog

from ioc.clock import Clock

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 30.0
STEADY_AFTER_S = 60.0
"""Work that ran this long has recovered: the next fault is retried soon again."""

Work = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)
_random = Random()  # noqa: S311 - spreads retries, guards nothing


async def keep_running(name: str, work: Work, *, clock: Clock) -> None:
    """Run `work` for ever; its faults end here. The only place that catches every exception."""
    attempt, last_fault = 0, ""
    while True:
        started_s = clock.monotonic_s()
        try:
            await work()
            fault = "it ended by itself"
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - the supervisor
            fault = f"{type(error).__name__}: {error}"
            if fault != last_fault:
                _log.warning("work.failed", work=name, fault=fault, exc_info=not _expected(error))
        if clock.monotonic_s() - started_s > STEADY_AFTER_S:
            attempt, last_fault = 0, ""
        last_fault = fault
        await clock.sleep(retry_delay_s(attempt))
        attempt += 1


def retry_delay_s(attempt: int) -> float:
    """Return the pause before retry `attempt` (0 is the first): exponential with half jitter."""
    longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(attempt, 10))
    return longest * (0.5 + _random.random() / 2)


def _expected(error: Exception) -> bool:
    """Whether the fault is the outside world's, so that a traceback would tell nothing."""
    return getattr(error, "outside_fault", False)
