"""One connection to the centre from birth to will: states, acknowledgements, commands in.

Decides nothing about commands; keeps nothing that must survive it.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol
from uuid import uuid4

import structlog

from contracts.codec import decode, encode
from contracts.errors import ContractError
from contracts.state import Ack, Birth, CentreState, Device, Will
from contracts.topics import CENTRE_STATE, Address, Channel, parse_topic_name
from edge_agent.outbox import Outbox
from edge_agent.wire.bus import Account, Bus, BusError, Received, open_bus
from edge_agent.wire.sender import Sender

log = structlog.get_logger(__name__)

_REBIRTH_PAUSE_S = 5.0
_FAREWELL_S = 1.0


class CommandDesk(Protocol):
    """Who takes the commands that come in."""

    def expect_clock(self, nonce: str) -> None:
        """A birth with this nonce is about to be published."""

    def offer(self, command_id: str, payload: bytes) -> None:
        """Take a command, undecoded; never waits."""


class _EpochEnded(Exception):
    """The outbox began a new epoch: connect again to announce it."""


@dataclass(frozen=True, kw_only=True)
class Identity:
    """What a birth says about this gateway."""

    address: Address
    account: Account
    agent_version: str
    devices: tuple[Device, ...]


class Link:
    """Connects, and talks until the connection breaks; `run_once` again after that."""

    def __init__(
        self,
        identity: Identity,
        *,
        outbox: Outbox,
        desk: CommandDesk,
        has_evidence: Callable[[str], bool],
    ) -> None:
        self._identity = identity
        self._outbox = outbox
        self._desk = desk
        self._has_evidence = has_evidence
        self._clock = outbox.timekeeper.clock
        self._sender = Sender(outbox, address=identity.address, clock=self._clock)
        self._centre: CentreState | None = None
        self._birth = b""
        self._birth_displaced = asyncio.Event()
        self.is_connected = False

    async def run_once(self) -> None:
        """Hold one connection until it breaks.

        Raises:
            BusError: it broke, or could not be made.
        """
        try:
            await self._converse()
        except* _EpochEnded:
            log.warning("another copy of this outbox was used: everything is sent again")
        finally:
            self.is_connected = False

    async def _converse(self) -> None:
        address = self._identity.address
        epoch, number = await self._outbox.begin_connection()
        will = encode(Will(epoch=epoch, connection_number=number))
        birth = self._make_birth(epoch, number)
        self._birth = encode(birth)
        self._centre = None
        self._sender.set_online(online=False)
        async with open_bus(
            self._identity.account,
            identifier=self._identity.account.secret_name(
                f"{address.site_id}/{address.gateway_id}"
            ),
            will_topic_name=address.topic_name(Channel.STATE),
            will=will,
        ) as bus:
            await self._be_born(bus, birth.nonce)
            try:
                async with asyncio.TaskGroup() as tasks:
                    tasks.create_task(self._receive(bus), name="link receive")
                    tasks.create_task(self._sender.run(bus), name="link send")
                    tasks.create_task(self._keep_birth(bus), name="link birth")
            except asyncio.CancelledError:
                await self._take_leave(bus, will)
                raise

    async def _be_born(self, bus: Bus, nonce: str) -> None:
        address = self._identity.address
        await bus.subscribe(
            address.topic_name(Channel.ACK), address.command_topic_filter(), CENTRE_STATE
        )
        self._desk.expect_clock(nonce)
        await self._publish_birth(bus)
        # Only now: what the broker retained from earlier connections is of no interest.
        await bus.subscribe(address.topic_name(Channel.STATE))
        self.is_connected = True
        log.info("connected to the broker", host=self._identity.account.host)

    async def _publish_birth(self, bus: Bus) -> None:
        topic_name = self._identity.address.topic_name(Channel.STATE)
        await bus.publish(topic_name, self._birth, retained=True)

    async def _take_leave(self, bus: Bus, will: bytes) -> None:
        # A clean disconnect makes the broker forget the will, so it is published by hand.
        try:
            async with asyncio.timeout(_FAREWELL_S):
                topic_name = self._identity.address.topic_name(Channel.STATE)
                await bus.publish(topic_name, will, retained=True)
        except (TimeoutError, BusError):
            log.info("stopped without saying so: the broker is away")

    async def _keep_birth(self, bus: Bus) -> None:
        while True:
            await self._birth_displaced.wait()
            self._birth_displaced.clear()
            await self._publish_birth(bus)
            await self._clock.sleep(_REBIRTH_PAUSE_S)

    async def _receive(self, bus: Bus) -> None:
        async for arrival in bus.received():
            try:
                await self._take(arrival)
            except ContractError as error:
                log.warning("undecodable payload", topic=arrival.topic_name, error=str(error))
        raise BusError("the broker closed the connection")

    async def _take(self, arrival: Received) -> None:
        if arrival.topic_name == CENTRE_STATE:
            await self._meet_centre(decode(CentreState, arrival.payload))
            return
        _, channel, tail = parse_topic_name(arrival.topic_name)
        if channel is Channel.ACK:
            await self._acknowledge(decode(Ack, arrival.payload))
        elif channel is Channel.COMMANDS:
            self._desk.offer(tail, arrival.payload)
        elif channel is Channel.STATE and arrival.payload != self._birth:
            self._birth_displaced.set()

    async def _meet_centre(self, centre: CentreState) -> None:
        if centre == self._centre:
            return
        was_online = self._centre is not None and self._centre.online
        self._centre = centre
        if not centre.online:
            self._sender.set_online(online=False)
            log.info("centre is offline: events wait")
            return
        if await self._outbox.meet_store(centre.store_id):
            log.warning("centre was restored from a backup: kept events are sent again")
        if not was_online:
            await self._outbox.restate_conditions(has_evidence=self._has_evidence)
        self._sender.set_online(online=True)
        log.info("centre is online", instance=centre.instance)

    async def _acknowledge(self, ack: Ack) -> None:
        if await self._outbox.acknowledge(ack, sent=self._sender.sent):
            self._sender.begin_epoch()
            raise _EpochEnded
        self._sender.acknowledged(ack)

    def _make_birth(self, epoch: str, number: int) -> Birth:
        timekeeper = self._outbox.timekeeper
        return Birth(
            epoch=epoch,
            connection_number=number,
            boot_id=timekeeper.boot_id,
            agent_version=self._identity.agent_version,
            clock_synced=timekeeper.is_synced(),
            nonce=str(uuid4()),
            devices=self._identity.devices,
        )
