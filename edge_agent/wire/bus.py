"""One MQTT connection; the only module that imports aiomqtt.

Promises delivery to nobody: what counts is the centre's acknowledgement.
"""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from enum import IntEnum

import aiomqtt

_KEEP_ALIVE_S = 30
_TIMEOUT_S = 10.0
_REFUSED_CREDENTIALS = frozenset({4, 5, 134, 135})
"""CONNACK codes: MQTT 3.1.1 table 3.1 (bad user name or password, not authorised), MQTT 5 §3.2.2.2."""


class BusError(Exception):
    """The broker cannot be used now; it is tried again."""


class BusRefused(BusError):
    """The broker refuses this gateway's name or password; the administrator must look into it."""


class QoS(IntEnum):
    """Delivery promise of MQTT."""

    AT_LEAST_ONCE = 1


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where the broker is and who connects."""

    host: str
    port: int
    username: str
    password: str
    tls: ssl.SSLContext | None


@dataclass(frozen=True, kw_only=True)
class Received:
    """What came in on a subscribed topic."""

    topic_name: str
    payload: bytes
    retained: bool


class Bus:
    """An open connection; made by `open_bus`."""

    def __init__(self, connection: aiomqtt.Client) -> None:
        self._connection = connection

    async def publish(self, topic_name: str, payload: bytes, *, retained: bool = False) -> None:
        """Hand over a payload and wait until the broker has taken it.

        Raises:
            BusError: the connection is gone.
        """
        with _translated():
            await self._connection.publish(
                topic_name, payload, qos=QoS.AT_LEAST_ONCE, retain=retained
            )

    async def subscribe(self, *topic_filters: str) -> None:
        """Ask for topics.

        Raises:
            BusError: the connection is gone.
        """
        with _translated():
            for topic_filter in topic_filters:
                await self._connection.subscribe(topic_filter, qos=QoS.AT_LEAST_ONCE)

    async def received(self) -> AsyncIterator[Received]:
        """Yield what comes in, in the broker's order.

        Raises:
            BusError: the connection is gone.
        """
        with _translated():
            async for arrival in self._connection.messages:
                yield Received(
                    topic_name=str(arrival.topic),
                    payload=bytes(arrival.payload),
                    retained=bool(arrival.retain),
                )


@asynccontextmanager
async def open_bus(
    account: Account, *, identifier: str, will_topic_name: str, will: bytes
) -> AsyncIterator[Bus]:
    """Connect with a clean session and a retained will.

    Raises:
        BusRefused: name or password are wrong.
        BusError: the broker cannot be reached.
    """
    connection = aiomqtt.Client(
        account.host,
        account.port,
        username=account.username,
        password=account.password,
        identifier=identifier,
        protocol=aiomqtt.ProtocolVersion.V311,
        clean_session=True,
        keepalive=_KEEP_ALIVE_S,
        timeout=_TIMEOUT_S,
        tls_context=account.tls,
        will=aiomqtt.Will(will_topic_name, will, qos=QoS.AT_LEAST_ONCE, retain=True),
    )
    with _translated():
        await connection.__aenter__()
    try:
        yield Bus(connection)
    finally:
        # A connection that is already gone cannot be closed better.
        with suppress(aiomqtt.MqttError):
            await connection.__aexit__(None, None, None)


async def try_account(account: Account, *, identifier: str) -> None:
    """Connect and disconnect, leaving nothing behind.

    Raises:
        BusError: the broker does not let this account in now.
    """
    connection = aiomqtt.Client(
        account.host,
        account.port,
        username=account.username,
        password=account.password,
        identifier=identifier,
        protocol=aiomqtt.ProtocolVersion.V311,
        timeout=_TIMEOUT_S,
        tls_context=account.tls,
    )
    with _translated():
        async with connection:
            return


class _translated:  # noqa: N801 -- reads as a word after `with`
    """Turns aiomqtt's errors into ours."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, aiomqtt.MqttError):
            code = getattr(error, "rc", None)
            refused = getattr(code, "value", code) in _REFUSED_CREDENTIALS
            raise (BusRefused if refused else BusError)(str(error)) from error
        if isinstance(error, (OSError, TimeoutError)):
            raise BusError(str(error)) from error
