"""One channel's sender: takes what is due, hands it over, writes down how that ended.

Each channel has its own, so that a service which hangs holds up no other.
"""

import asyncio

import structlog

from ioc.clock import Clock
from ioc.notify.channels.parcel import Channel, Outcome, retry
from ioc.notify.sending import rows
from ioc.notify.sending.rows import Claimed
from ioc.store.engine import Store
from ioc.supervisor import attempt

IDLE_S = 0.5
AT_ONCE = 8
"""Deliveries of one channel beside each other."""

_log = structlog.get_logger(__name__)


class Lane:
    """Sends what waits for one channel; one at a time in the whole installation."""

    def __init__(self, channel: Channel, *, store: Store, clock: Clock) -> None:
        self._channel = channel
        self._store = store
        self._clock = clock
        self._troubled: str = ""

    async def run(self) -> None:
        """Send for ever; begin with what was in flight when the centre stopped."""
        await self.recover()
        while True:
            if not await self.run_once():
                await self._clock.sleep(IDLE_S)

    async def recover(self) -> None:
        """Put back what an earlier process had in flight."""
        channel = self._channel
        async with self._store.begin() as connection:
            found = await rows.recover(
                connection, channel.name, dedupes=channel.dedupes, now=self._clock.now()
            )
        if found:
            _log.warning("notify.recovered", channel=channel.name, notifications=found)

    async def run_once(self) -> bool:
        """Send what is due now, at most eight; return whether there was anything."""
        now = self._clock.now()
        async with self._store.read() as connection:
            if not await rows.has_due(connection, self._channel.name, now=now):
                return False
        async with self._store.begin() as connection:
            claimed = await rows.claim(connection, self._channel.name, now=now, most=AT_ONCE)
        async with asyncio.TaskGroup() as group:
            for each in claimed:
                name = f"notify.{self._channel.name}.{each.parcel.notification_id}"
                group.create_task(self._deliver(each), name=name)
        return True

    async def _deliver(self, claimed: Claimed) -> None:
        outcome = retry("internal")

        async def send() -> None:
            nonlocal outcome
            outcome = await self._channel.send(claimed.parcel)

        await attempt(f"notify.{self._channel.name}", send)
        async with self._store.begin() as connection:
            await rows.settle(connection, claimed, outcome, at=self._clock.now())
        self._say(outcome)

    def _say(self, outcome: Outcome) -> None:
        """Log a channel's trouble once, and its end."""
        trouble = "" if outcome.result in ("delivered", "gone") else outcome.code
        if trouble == self._troubled:
            return
        self._troubled = trouble
        if trouble:
            _log.warning("notify.channel_failing", channel=self._channel.name, code=trouble)
        else:
            _log.info("notify.channel_works", channel=self._channel.name)
