"""Time as the gateway's parts see it; only entry points create the system's clock."""

import asyncio
import ctypes
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Where a part reads time; tests move it by hand."""

    def now(self) -> datetime:
        """Return the wall clock, aware and in UTC; it may be wrong until it is synchronised."""

    def monotonic_s(self) -> float:
        """Return seconds since boot, the same for every process of the machine."""

    async def sleep(self, duration_s: float) -> None:
        """Return after `duration_s`."""


class SystemClock:
    """The machine's clocks."""

    def now(self) -> datetime:
        """Return the machine's wall clock."""
        return datetime.now(UTC)  # noqa: TID251 -- this is the clock the others take

    def monotonic_s(self) -> float:
        """Return `time.monotonic`."""
        return time.monotonic()

    async def sleep(self, duration_s: float) -> None:
        """Sleep in the event loop."""
        await asyncio.sleep(duration_s)


def instant_of(clock: Clock, monotonic_s: float) -> datetime:
    """Return the wall-clock instant of a reading of the monotonic clock of this boot."""
    return clock.now() + timedelta(seconds=monotonic_s - clock.monotonic_s())


class _Timex(ctypes.Structure):
    # struct timex of adjtimex(2) is 208 bytes on 64-bit Linux; mode 0 only reads.
    _fields_ = (("modes", ctypes.c_uint), ("rest", ctypes.c_byte * 508))


_TIME_ERROR = 5


def is_system_clock_synced() -> bool:
    """Tell whether the kernel counts its wall clock as synchronised (adjtimex(2))."""
    reading = _Timex()
    state: int = ctypes.CDLL(None).ntp_adjtime(ctypes.byref(reading))
    return 0 <= state < _TIME_ERROR
