"""Commands on their way: published while the gateway is online, again until a result or expiry."""

import asyncio
from typing import Protocol

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.state import Birth
from contracts.topics import Address
from ioc.alarms.engine.policy import UNDELAYED_POLICIES, Policies
from ioc.broadcasts import commands, expiry
from ioc.broadcasts.commands import Order
from ioc.broadcasts.keys import SigningKey
from ioc.clock import Clock
from ioc.ingest.bus import BusUnavailable
from ioc.store import tables
from ioc.store.engine import Store

# Also the longest that a gateway waits after its birth was committed.
_POLL_S = 1.0

_log = structlog.get_logger(__name__)


class CommandBus(Protocol):
    """Whatever publishes to the broker."""

    async def publish(self, topic_name: str, payload: bytes, *, retained: bool) -> None:
        """Hand one payload to the broker with QoS 1.

        Raises:
            BusUnavailable: there is no connection now.
        """
        ...


class CommandDispatch:
    """Orders commands inside others' transactions and publishes them afterwards."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        signing: SigningKey,
        policies: Policies = UNDELAYED_POLICIES,
    ) -> None:
        self._store = store
        self._policies = policies
        self._clock = clock
        self._signing = signing
        self._woken = asyncio.Event()

    async def order(self, connection: AsyncConnection, order: Order, *, address: Address) -> str:
        """Keep a signed command in the caller's transaction; return its id."""
        return await commands.order_command(
            connection, order, address=address, signing=self._signing
        )

    async def answer_birth(
        self, connection: AsyncConnection, *, address: Address, birth: Birth
    ) -> None:
        """Order the signed clock and make what is pending for this gateway due at once."""
        await commands.order_clock(
            connection, address=address, birth=birth, signing=self._signing, now=self._clock.now()
        )
        self.wake()

    def wake(self) -> None:
        """Look for commands now instead of within a second."""
        self._woken.set()

    async def run(self, bus: CommandBus) -> None:
        """Publish and expire for ever; while the broker is away everything stays due."""
        reached = True
        while True:
            self._woken.clear()
            try:
                await self.run_once(bus)
            except BusUnavailable as error:
                if reached:
                    _log.warning("commands.waiting", reason=str(error))
                reached = False
            else:
                reached = True
            try:
                async with asyncio.timeout(_POLL_S):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def run_once(self, bus: CommandBus) -> int:
        """Publish what is due and expire what is overdue; return how many commands went out.

        Raises:
            BusUnavailable: the broker took none or not all of them; these stay due.
        """
        await self._expire()
        now = self._clock.now()
        async with self._store.read() as connection:
            due = await commands.due_commands(connection, now=now, signing=self._signing)
        for command in due:
            await bus.publish(command.topic_name, command.payload, retained=False)
        if due:
            sent = [command.command_id for command in due]
            async with self._store.begin() as connection:
                await commands.mark_sent(connection, sent, now=now)
        return len(due)

    async def _expire(self) -> None:
        now = self._clock.now()
        if not await self._anything_overdue():
            return
        async with self._store.begin() as connection:
            overdue = await expiry.expire_commands(connection, now=now)
            overdue += await expiry.unproven_deliveries(connection, now=now)
            for row in overdue:
                await expiry.conclude(connection, row, now=now, policies=self._policies)
                _log.warning(
                    "broadcast.unproven",
                    broadcast_id=row.broadcast_id,
                    gateway_id=row.gateway_id,
                    device_id=row.device_id,
                    reason=expiry.reason_of(row),
                )

    async def _anything_overdue(self) -> bool:
        """Tell from a snapshot, so that a quiet centre writes nothing."""
        now = self._clock.now()
        unanswered = select(tables.commands.c.command_id).where(
            tables.commands.c.state == "pending",
            tables.commands.c.expires_at < now - expiry.ANSWER_GRACE,
        )
        async with self._store.read() as connection:
            if (await connection.execute(unanswered.limit(1))).first() is not None:
                return True
            return bool(await expiry.unproven_deliveries(connection, now=now))
