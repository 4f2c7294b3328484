"""What time it is for judging a command's expiry: never the word of a clock nobody vouches for."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timedelta

from contracts.commands import Clock as ClockCommand
from edge_agent.timekeeping import Timekeeper


@dataclass(frozen=True, kw_only=True)
class _Told:
    centre_time: datetime
    asked_s: float
    heard_s: float


class TrustedTime:
    """The wall clock where it is synchronised, else the centre's signed time since a birth."""

    def __init__(self, timekeeper: Timekeeper) -> None:
        self._timekeeper = timekeeper
        self._nonce: str | None = None
        self._asked_s = 0.0
        self._told: _Told | None = None
        self._learned = asyncio.Event()

    def expect(self, nonce: str) -> None:
        """Await an answer to the birth that carries `nonce`; the birth is published after this."""
        self._nonce = nonce
        self._asked_s = self._timekeeper.clock.monotonic_s()

    def accept(self, told: ClockCommand) -> bool:
        """Take the centre's time if it answers the last birth; return whether it does."""
        if told.nonce != self._nonce:
            return False
        self._told = _Told(
            centre_time=told.centre_time,
            asked_s=self._asked_s,
            heard_s=self._timekeeper.clock.monotonic_s(),
        )
        self._learned.set()
        return True

    def estimate(self) -> datetime | None:
        """Return the likeliest present; None: unknown."""
        return self._since(self._told.heard_s if self._told else 0.0)

    def latest(self) -> datetime | None:
        """Return an instant that is not before the present; None: unknown.

        The centre's time was read after the birth was published, however long it travelled.
        """
        return self._since(self._told.asked_s if self._told else 0.0)

    async def wait_until_known(self, timeout_s: float) -> bool:
        """Return whether the time is known, after waiting at most `timeout_s` for it."""
        if self.latest() is None:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._learned.wait()
        return self.latest() is not None

    def _since(self, anchor_s: float) -> datetime | None:
        clock = self._timekeeper.clock
        if self._timekeeper.is_synced():
            return clock.now()
        if self._told is None:
            return None
        return self._told.centre_time + timedelta(seconds=clock.monotonic_s() - anchor_s)
