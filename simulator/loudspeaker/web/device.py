"""One HTTP loudspeaker on its socket: who is let in, what it answers, orders that change it."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal, Protocol

from simulator.loudspeaker.web import axis, hikvision
from simulator.loudspeaker.web.digest import Doorkeeper
from simulator.loudspeaker.web.http import Answer, Request, read_request
from simulator.loudspeaker.web.playing import Condition, Event, Player

Kind = Literal["axis", "hikvision"]

_BUFFER_BYTES = 8192
_LET_IN_STEPS = 5
"""Turns of asyncio's loop from a connection's arrival to the first step of its task, and one more."""


@dataclass(frozen=True, kw_only=True)
class WebSettings:
    """What does not change while a loudspeaker runs; port 0 takes any free one."""

    kind: Kind
    host: str
    port: int
    record: Path
    username: str
    password: str
    codec: hikvision.Codec = "pcmu"
    """What a hikvision one expects; an axis one takes µ-law."""
    tls: ssl.SSLContext | None = None


class Dialect(Protocol):
    """One maker's language."""

    async def serve(
        self, request: Request, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> bool:
        """Answer one request; False when the connection is over."""


@dataclass(frozen=True, kw_only=True)
class WebLoudspeaker:
    """A running loudspeaker."""

    port: int
    condition: Condition
    doorkeeper: Doorkeeper


@asynccontextmanager
async def run_web(
    settings: WebSettings, *, tell: Callable[[Event], None], now: Callable[[], datetime]
) -> AsyncIterator[WebLoudspeaker]:
    """Serve until the block ends; then every connection is closed and every recording whole.

    Raises:
        OSError: The address or the port cannot be used.
    """
    condition = Condition()
    player = Player(record=settings.record, condition=condition, tell=tell, now=now)
    realm = axis.REALM if settings.kind == "axis" else hikvision.REALM
    doorkeeper = Doorkeeper(settings.username, settings.password, realm=realm)
    dialect: Dialect = (
        axis.AxisLoudspeaker(player, condition)
        if settings.kind == "axis"
        else hikvision.HikvisionLoudspeaker(player, condition, settings.codec)
    )
    connections: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if (task := asyncio.current_task()) is not None:
            connections.add(task)
            task.add_done_callback(connections.discard)
        try:
            await _converse(dialect, doorkeeper, reader, writer)
        except asyncio.CancelledError:
            pass  # the loudspeaker is being switched off
        finally:
            writer.close()

    server = await asyncio.start_server(
        serve, settings.host, settings.port, ssl=settings.tls, limit=_BUFFER_BYTES
    )
    for listener in server.sockets:  # as small as in a small device, so that a stall is soon felt
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _BUFFER_BYTES)
    try:
        port = server.sockets[0].getsockname()[1]
        yield WebLoudspeaker(port=port, condition=condition, doorkeeper=doorkeeper)
    finally:
        await _shut(server)
        for task in tuple(connections):
            task.cancel()
        if connections:
            await asyncio.wait(connections)


async def _shut(server: asyncio.Server) -> None:
    """Let nobody in any more; who has been let in is at its conversation afterwards.

    CPython 3.11 forgets a connection that a closing server has accepted, and never closes it.
    """
    for listener in server.sockets:
        asyncio.get_running_loop().remove_reader(listener.fileno())
    for _ in range(_LET_IN_STEPS):
        await asyncio.sleep(0)
    server.close()


async def _converse(
    dialect: Dialect,
    doorkeeper: Doorkeeper,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
        while (request := await read_request(reader)) is not None:
            authorization = request.headers.get("authorization", "")
            if doorkeeper.lets_in(authorization, method=request.method, uri=request.target):
                if not await dialect.serve(request, reader, writer):
                    return
                continue
            challenge = {"WWW-Authenticate": doorkeeper.challenge(), "Connection": "close"}
            writer.write(Answer(status=401, headers=challenge).octets())
            await writer.drain()
            return
