"""Keeps work running: a fault ends here, is said once, and the work begins again.

The only module that catches every exception.
"""

from collections.abc import Awaitable, Callable
from random import Random

import structlog

from ioc.clock import Clock

FIRST_RETRY_S = 1.0
LONGEST_RETRY_S = 10.0
STEADY_AFTER_S = 10.0
"""Work that ran this long has recovered: the next fault is retried soon again."""

Work = Callable[[], Awaitable[None]]

_log = structlog.get_logger(__name__)
_random = Random()  # noqa: S311 - spreads retries, guards nothing


async def keep_running(name: str, work: Work, *, clock: Clock) -> None:
    """Run `work` for ever, after a fault again: later and later, at most every ten seconds."""
    retries, last_fault = 0, ""
    while True:
        started_s = clock.monotonic_s()
        try:
            await work()
            fault = "it ended by itself"
        except Exception as error:  # noqa: BLE001 - the supervisor
            fault = f"{type(error).__name__}: {error}"
            if fault != last_fault:
                _log.warning("work.failed", work=name, fault=fault, exc_info=not _expected(error))
        if clock.monotonic_s() - started_s > STEADY_AFTER_S:
            retries, last_fault = 0, ""
        last_fault = fault
        await clock.sleep(retry_delay_s(retries))
        retries += 1


async def attempt(name: str, work: Work) -> bool:
    """Run `work` once; return whether it succeeded, having said why not."""
    try:
        await work()
    except Exception as error:  # noqa: BLE001 - the supervisor
        fault = f"{type(error).__name__}: {error}"
        _log.error("work.failed", work=name, fault=fault, exc_info=not _expected(error))
        return False
    return True


def retry_delay_s(retries: int) -> float:
    """Return the pause after so many retries: exponential with half jitter."""
    longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 2.0 ** min(retries, 10))
    return longest * (0.5 + _random.random() / 2)


def _expected(error: Exception) -> bool:
    """Whether the fault is the outside world's, so that a traceback would tell nothing."""
    return getattr(error, "outside_fault", False)
