"""What the centre knows of time: one protocol, so that tests can hold the clock still."""

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """Wall and monotonic time; passed as an argument wherever time matters."""

    def now(self) -> datetime:
        """Return the instant, aware and in UTC."""
        ...

    def monotonic_s(self) -> float:
        """Return seconds that never jump; only differences mean anything."""
        ...

    async def sleep(self, duration_s: float) -> None:
        """Return after `duration_s`."""
        ...


class SystemClock:
    """The machine's clock; made only by the program's entry points."""

    def now(self) -> datetime:
        """Return the instant, aware and in UTC."""
        return datetime.now(UTC)  # noqa: TID251 - the one reading everything else is handed

    def monotonic_s(self) -> float:
        """Return seconds since some fixed instant of this boot."""
        return time.monotonic()

    async def sleep(self, duration_s: float) -> None:
        """Return after `duration_s`."""
        await asyncio.sleep(duration_s)
