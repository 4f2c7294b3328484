"""The centre's connection to the broker; the only importer of the MQTT library."""

import asyncio
import logging
import secrets
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

import aiomqtt
import structlog

from contracts.codec import decode, encode
from contracts.errors import ContractError
from contracts.state import CentreState
from contracts.topics import CENTRE_STATE, EVERY_GATEWAY_UP
from ioc.clock import Clock
from ioc.ingest.listening import Listening
from ioc.ingest.received import Received
from ioc.settings import Broker

if TYPE_CHECKING:
    from datetime import datetime

AT_LEAST_ONCE = 1
KEEP_ALIVE_S = 20
PUBLISH_TIMEOUT_S = 10.0
LEAVE_TIMEOUT_S = 1.0
MAX_WAITING_MESSAGES = 1_000
"""Beyond it what arrives is discarded (and logged): the gateways send it again until it is acked."""

_log = structlog.get_logger(__name__)


class BusUnavailable(Exception):
    """The broker cannot be reached now; the supervisor connects again."""

    outside_fault = True


class Bus:
    """Publishes and receives while `run_once` holds the connection."""

    def __init__(
        self,
        broker: Broker,
        *,
        password: str,
        instance: str,
        store_id: str,
        clock: Clock,
        listening: Listening | None = None,
    ) -> None:
        self._broker = broker
        self._listening = listening or Listening(clock)
        self._password = password
        self._instance = instance
        self._store_id = store_id
        self._clock = clock
        # Whoever connects under the same name cuts this connection off, so nobody may guess it;
        # the instance is published.
        self._identifier = f"ioc-{secrets.token_hex(16)}"
        self._connection: aiomqtt.Client | None = None
        self.connected_at: datetime | None = None
        """Since when the centre hears its gateways; None: it does not."""

    async def publish(self, topic_name: str, payload: bytes, *, retained: bool = False) -> None:
        """Hand a message to the broker and wait for its receipt, which proves nothing more.

        Raises:
            BusUnavailable: there is no connection, or it broke meanwhile.
        """
        connection = self._connection
        if connection is None:
            raise BusUnavailable("not connected to the broker")
        try:
            await connection.publish(
                topic_name,
                payload,
                qos=AT_LEAST_ONCE,
                retain=retained,
                timeout=PUBLISH_TIMEOUT_S,
            )
        except aiomqtt.MqttError as error:
            raise BusUnavailable(f"not published: {error}") from error

    async def run_once(self, deliver: Callable[[Received], Awaitable[None]]) -> None:
        """Connect, say that the centre is there, and deliver what arrives until it breaks.

        Raises:
            BusUnavailable: the broker refused, could not be reached, or the connection broke.
        """
        try:
            async with self._open() as connection:
                await connection.subscribe(EVERY_GATEWAY_UP, qos=AT_LEAST_ONCE)
                await self._say(online=True)
                # Only now: what the broker retained from earlier connections is of no interest.
                await connection.subscribe(CENTRE_STATE, qos=AT_LEAST_ONCE)
                self._listening.freed("broker")
                _log.info("bus.connected", host=self._broker.host, port=self._broker.port)
                async for message in connection.messages:
                    if str(message.topic) == CENTRE_STATE:
                        await self._mind_state(message.payload)
                    else:
                        await deliver(self._received(message))
        except aiomqtt.MqttError as error:
            where = f"{self._broker.host}:{self._broker.port}"
            raise BusUnavailable(f"broker {where}: {error}") from error

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[aiomqtt.Client]:
        ca_file = self._broker.tls_ca_file
        async with aiomqtt.Client(
            self._broker.host,
            self._broker.port,
            username=self._broker.username,
            password=self._password,
            identifier=self._identifier,
            clean_session=True,  # the outboxes remember; the broker need not
            keepalive=KEEP_ALIVE_S,
            timeout=PUBLISH_TIMEOUT_S,
            will=aiomqtt.Will(CENTRE_STATE, self._state(online=False), AT_LEAST_ONCE, retain=True),
            max_queued_incoming_messages=MAX_WAITING_MESSAGES,
            tls_context=None if ca_file is None else ssl.create_default_context(cafile=ca_file),
            logger=logging.getLogger("ioc.ingest.mqtt"),
        ) as connection:
            self._connection = connection
            self.connected_at = self._clock.now()
            stops = False
            try:
                yield connection
            except asyncio.CancelledError:
                stops = True
                await self._leave()
                raise
            finally:
                self._connection = self.connected_at = None
                if not stops:
                    self._listening.hindered("broker", reason="disconnected")
                _log.info("bus.disconnected")

    async def _leave(self) -> None:
        """Tell the gateways that the centre stops; a clean disconnect sends no will."""
        try:
            async with asyncio.timeout(LEAVE_TIMEOUT_S):
                await self._say(online=False)
        except (BusUnavailable, TimeoutError) as error:
            _log.warning("bus.left_unsaid", reason=str(error))

    async def _say(self, *, online: bool) -> None:
        await self.publish(CENTRE_STATE, self._state(online=online), retained=True)

    async def _mind_state(self, payload: bytes) -> None:
        """Say again that the centre is there when something else stands in its place.

        The will of a centre whose machine died comes late, and retained it would keep every
        gateway silent. Another centre that is online is not contradicted: two would never end it.
        """
        if payload == self._state(online=True):
            return
        with suppress(ContractError):
            if decode(CentreState, payload).online:
                _log.error("bus.another_centre", payload=payload.decode())
                return
        _log.warning("bus.state_displaced")
        await self._say(online=True)

    def _state(self, *, online: bool) -> bytes:
        return encode(CentreState(online=online, instance=self._instance, store_id=self._store_id))

    def _received(self, message: aiomqtt.Message) -> Received:
        self._listening.heard()
        return Received(
            topic_name=str(message.topic),
            payload=message.payload,
            retained=message.retain,
            received_at=self._clock.now(),
        )


async def try_broker(broker: Broker, *, password: str, name: str) -> None:
    """Connect once as `name`, and leave.

    Raises:
        BusUnavailable: with what the broker, or the way to it, had against it.
    """
    ca_file = broker.tls_ca_file
    try:
        async with aiomqtt.Client(
            broker.host,
            broker.port,
            username=broker.username,
            password=password,
            identifier=name,
            timeout=PUBLISH_TIMEOUT_S,
            tls_context=None if ca_file is None else ssl.create_default_context(cafile=ca_file),
        ):
            pass
    except (aiomqtt.MqttError, OSError) as error:
        raise BusUnavailable(f"broker {broker.host}:{broker.port}: {error}") from error
