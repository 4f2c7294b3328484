"""A clock that stands still until a test moves it."""

import asyncio
import heapq
import itertools
from datetime import datetime, timedelta


class FakeClock:
    """Satisfies the `Clock` protocols of the gateway and of the centre; starts at `start`.

    `advance` moves time and wakes whoever's sleep has ended; the awakened tasks run when the test
    next awaits. `elapse` does both: it stops at every deadline on the way and lets the tasks run.
    """

    def __init__(self, start: datetime) -> None:
        if start.tzinfo is None:
            raise ValueError(
                "FakeClock needs an aware start, e.g. datetime(2026, 1, 1, tzinfo=UTC)"
            )
        self._now = start
        self._monotonic_s = 1_000.0
        self._order = itertools.count()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []

    def now(self) -> datetime:
        return self._now

    def monotonic_s(self) -> float:
        return self._monotonic_s

    async def sleep(self, duration_s: float) -> None:
        if duration_s <= 0:
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        deadline_s = self._monotonic_s + duration_s
        heapq.heappush(self._sleepers, (deadline_s, next(self._order), woken))
        await woken

    def set_wall_clock(self, instant: datetime) -> None:
        """Step the wall clock (a time server answered); monotonic time and sleeps do not move."""
        self._now = instant

    def advance(self, duration_s: float) -> None:
        """Move both clocks forward and wake every sleep that has ended."""
        self._move(duration_s)
        while self._sleepers and self._sleepers[0][0] <= self._monotonic_s:
            self._wake_first()

    async def elapse(self, duration_s: float) -> None:
        """Let `duration_s` pass as it would: deadline by deadline, running tasks in between."""
        end_s = self._monotonic_s + duration_s
        await self._let_others_run()
        while self._sleepers and self._sleepers[0][0] <= end_s:
            self._move(max(0.0, self._sleepers[0][0] - self._monotonic_s))
            self._wake_first()
            await self._let_others_run()
        self._move(end_s - self._monotonic_s)

    def _move(self, duration_s: float) -> None:
        if duration_s < 0:
            raise ValueError("time does not run backwards")
        self._monotonic_s += duration_s
        self._now += timedelta(seconds=duration_s)

    def _wake_first(self) -> None:
        _, _, woken = heapq.heappop(self._sleepers)
        if not woken.done():
            woken.set_result(None)

    @staticmethod
    async def _let_others_run() -> None:
        # Ten turns of the loop: enough for a chain of queues and events between a few tasks.
        for _ in range(10):
            await asyncio.sleep(0)
