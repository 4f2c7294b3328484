"""Keeps one thing running for ever: backoff with jitter, and the only broad `except`."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import structlog

from edge_agent.clock import Clock

log = structlog.get_logger(__name__)

Draw = Callable[[], float]
"""Returns a share from 0 to 1."""
_FLOOR_S = 0.1


@dataclass(frozen=True, kw_only=True)
class Backoff:
    """Waits between attempts: full jitter below a ceiling that doubles."""

    first_s: float = 1.0
    last_s: float = 60.0
    slow_s: float = 600.0
    """After errors of `slow_errors`: an account that is tried too often gets locked."""
    slow_errors: tuple[type[Exception], ...] = ()

    def wait_s(self, attempt: int, error: BaseException | None, draw: Draw) -> float:
        """Return the wait before the attempt after `attempt` (from 1) failed."""
        if error is not None and has_cause(error, self.slow_errors):
            return self.slow_s * (0.75 + 0.5 * draw())
        ceiling_s = min(self.last_s, self.first_s * 2.0 ** min(attempt - 1, 16))
        return max(_FLOOR_S, ceiling_s * draw())


def has_cause(error: BaseException, kinds: tuple[type[Exception], ...]) -> bool:
    """Tell whether an error, or one inside its group, is of these kinds."""
    if isinstance(error, BaseExceptionGroup):
        return any(has_cause(inner, kinds) for inner in error.exceptions)
    return isinstance(error, kinds)


def describe(error: BaseException) -> str:
    """Return an error in one line, with the first cause inside a group."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return f"{type(error).__name__}: {error}".rstrip(": ")


class Supervisor:
    """Runs `run_once` again whenever it ends, until it is cancelled."""

    def __init__(
        self,
        *,
        clock: Clock,
        backoff: Backoff | None = None,
        draw: Draw = random.random,
        stopping: asyncio.Event | None = None,
    ) -> None:
        """Args: once `stopping` is set nothing is started again."""
        self._clock = clock
        self._backoff = backoff or Backoff()
        self._draw = draw
        self._stopping = stopping

    async def keep(
        self,
        name: str,
        run_once: Callable[[], Awaitable[None]],
        *,
        failed: Callable[[Exception], Awaitable[None]] | None = None,
    ) -> None:
        """Keep `run_once` running; a run that held for a minute starts the backoff anew.

        `failed` hears of every failure before the wait; it must not raise.
        """
        attempt, reported = 0, ""
        while True:
            began_s = self._clock.monotonic_s()
            error: Exception | None = None
            try:
                await run_once()
            except Exception as fault:  # noqa: BLE001 -- the one place that must survive everything
                error = fault
            if self._stopping is not None and self._stopping.is_set():
                # A TaskGroup whose child failed while it was cancelled raises the failure only.
                return
            if error is not None and failed is not None:
                await failed(error)
            held = self._clock.monotonic_s() - began_s >= self._backoff.last_s
            attempt = 1 if held else attempt + 1
            reported = _report(name, error, "" if held else reported)
            await self._clock.sleep(self._backoff.wait_s(attempt, error, self._draw))


def _report(name: str, error: Exception | None, reported: str) -> str:
    """Log what happened unless it is what was logged last; return what is logged now."""
    reason = "ended" if error is None else describe(error)
    if reason == reported:
        return reported
    if error is None:
        log.info("starts again", part=name)
    else:
        log.warning("failed, will be tried again", part=name, error=reason)
    return reason
