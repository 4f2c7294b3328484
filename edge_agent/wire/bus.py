"""One MQTT connection; the only module that imports aiomqtt.

Promises delivery to nobody: what counts is the centre's acknowledgement.
"""

import hashlib
import hmac
import ssl
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass

import aiomqtt

from edge_agent import cancellation

_KEEP_ALIVE_S = 30
_TIMEOUT_S = 10.0
_AT_LEAST_ONCE = 1
_REFUSED_CREDENTIALS = frozenset({4, 5, 134, 135})
"""CONNACK: bad user name or password, not authorised (MQTT 3.1.1 table 3.1, MQTT 5 §3.2.2.2)."""


class BusError(Exception):
    """The broker cannot be used now; it is tried again."""


class BusRefused(BusError):
    """The broker refuses this gateway's name or password; the administrator must look into it."""


@dataclass(frozen=True, kw_only=True)
class Account:
    """Where the broker is and who connects."""

    host: str
    port: int
    username: str
    password: str
    tls: ssl.SSLContext | None

    def secret_name(self, public_name: str) -> str:
        """Return a name for a connection that only holders of the password can work out.

        Whoever connects under the same name cuts the other off: two agents with the same account
        notice each other, another gateway cannot do it to this one.
        """
        proof = hmac.new(self.password.encode(), public_name.encode(), hashlib.sha256)
        return f"{public_name}/{proof.hexdigest()[:32]}"


@dataclass(frozen=True, kw_only=True)
class Received:
    """What came in on a subscribed topic."""

    topic_name: str
    payload: bytes


class Bus:
    """An open connection; made by `open_bus`."""

    def __init__(self, connection: aiomqtt.Client) -> None:
        self._connection = connection

    async def publish(self, topic_name: str, payload: bytes, *, retained: bool = False) -> None:
        """Hand over a payload and wait until the broker has taken it.

        Raises:
            BusError: the connection is gone.
        """
        with cancellation.kept(), _translated():
            await self._connection.publish(topic_name, payload, qos=_AT_LEAST_ONCE, retain=retained)

    async def subscribe(self, *topic_filters: str) -> None:
        """Ask for topics.

        Raises:
            BusError: the connection is gone.
        """
        with cancellation.kept(), _translated():
            for topic_filter in topic_filters:
                await self._connection.subscribe(topic_filter, qos=_AT_LEAST_ONCE)

    async def received(self) -> AsyncIterator[Received]:
        """Yield what comes in, in the broker's order.

        Raises:
            BusError: the connection is gone.
        """
        with _translated():
            async for arrival in self._connection.messages:
                yield Received(topic_name=str(arrival.topic), payload=bytes(arrival.payload))


@asynccontextmanager
async def open_bus(
    account: Account, *, identifier: str, will_topic_name: str, will: bytes
) -> AsyncIterator[Bus]:
    """Connect with a clean session and a retained will.

    Raises:
        BusRefused: name or password are wrong.
        BusError: the broker cannot be reached.
    """
    retained_will = aiomqtt.Will(will_topic_name, will, qos=_AT_LEAST_ONCE, retain=True)
    connection = _make_connection(account, identifier, retained_will)
    asked = cancellation.count()
    with _translated():
        await connection.__aenter__()
    try:
        cancellation.raise_if_asked_since(asked)
        yield Bus(connection)
    finally:
        # A connection that is already gone cannot be closed better.
        with cancellation.kept(), suppress(aiomqtt.MqttError):
            await connection.__aexit__(None, None, None)


async def try_account(account: Account, *, identifier: str) -> None:
    """Connect and disconnect, leaving nothing behind.

    Raises:
        BusError: the broker does not let this account in now.
    """
    with _translated():
        async with _make_connection(account, identifier, None):
            return


def _make_connection(
    account: Account, identifier: str, will: aiomqtt.Will | None
) -> aiomqtt.Client:
    return aiomqtt.Client(
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
        will=will,
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except aiomqtt.MqttError as error:
        code = getattr(error, "rc", None)
        refused = getattr(code, "value", code) in _REFUSED_CREDENTIALS
        raise (BusRefused if refused else BusError)(str(error)) from error
    except OSError as error:
        raise BusError(str(error)) from error
