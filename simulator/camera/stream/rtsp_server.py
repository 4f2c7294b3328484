"""Starts the RTSP server process and hands it access units; it never blocks on a viewer."""

import asyncio
import contextlib
import json
import os
import signal
import struct
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from simulator.camera.stream.h264 import AccessUnit

BLOCK = struct.Struct(">BBqI")
BACKLOG_BYTES = 8_000_000
"""Beyond this the server process is not reading; pictures are dropped and counted."""
CHILD = Path(__file__).with_name("rtsp_child.py")
STREAMS = ("main", "sub")
SOUND = 255


class RtspServerError(Exception):
    """The RTSP server did not start: GStreamer is missing, or its port is taken."""


@dataclass(frozen=True, kw_only=True)
class RtspAddress:
    """Where the server listens and whom it lets in; port 0 takes any free one."""

    host: str
    port: int
    username: str
    password: str
    has_sound: bool = False
    """Whether its streams have an audio track (G.711 µ-law)."""


class RtspServer:
    """The parent's side of one RTSP server process."""

    def __init__(self, process: Process, port: int) -> None:
        self._process = process
        self.port = port
        self.dropped_units = 0

    def send(self, stream: int, unit: AccessUnit) -> None:
        """Hand over one access unit of a stream (0 main, 1 sub)."""
        writer = self._writer()
        if writer.transport.get_write_buffer_size() > BACKLOG_BYTES:
            self.dropped_units += 1
            return
        pts_us = round(unit.pts_s * 1_000_000)
        writer.write(BLOCK.pack(stream + 1, int(unit.keyframe), pts_us, len(unit.body)))
        writer.write(unit.body)

    def sound(self, samples: bytes) -> None:
        """Hand over what the microphone heard: 16-bit samples, 8 kHz, mono."""
        writer = self._writer()
        if writer.transport.get_write_buffer_size() <= BACKLOG_BYTES:
            writer.write(BLOCK.pack(SOUND, 0, 0, len(samples)) + samples)

    def order(self, **order: object) -> None:
        """Send one order: `drop`, `password` or `end`."""
        write_order(self._writer(), order)

    def freeze(self) -> None:
        """Stop the server in the middle of whatever it is sending."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._process.send_signal(signal.SIGCONT)

    async def events(self) -> AsyncIterator[dict[str, Any]]:
        """Yield what the server says until it ends."""
        if self._process.stdout is None:
            return
        async for line in self._process.stdout:
            yield json.loads(line)

    async def close(self) -> None:
        """End the server process and wait for it."""
        self._writer().close()
        with contextlib.suppress(ProcessLookupError):
            self.thaw()
        try:
            async with asyncio.timeout(3):
                await self._process.wait()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()

    def _writer(self) -> asyncio.StreamWriter:
        if self._process.stdin is None:
            raise RtspServerError("the RTSP server has no standard input")
        return self._process.stdin


def write_order(writer: asyncio.StreamWriter, order: dict[str, object]) -> None:
    """Write one order block."""
    body = json.dumps(order).encode()
    writer.write(BLOCK.pack(0, 0, 0, len(body)) + body)


async def start_rtsp_server(address: RtspAddress, *, interpreter: str) -> RtspServer:
    """Start the server process and wait until it listens; the caller closes it.

    Args:
        address: Where to listen. The password travels by standard input only.
        interpreter: A Python that has the distribution's GStreamer bindings.

    Raises:
        RtspServerError: it does not listen within 15 s.
    """
    process = await asyncio.create_subprocess_exec(
        interpreter, "-I", str(CHILD), stdin=PIPE, stdout=PIPE, env=quiet_environment()
    )
    if process.stdin is None or process.stdout is None:
        raise RtspServerError("the RTSP server has no pipes")
    order: dict[str, object] = {
        "streams": STREAMS,
        "host": address.host,
        "port": address.port,
        "realm": "simulated camera",
        "username": address.username,
        "password": address.password,
        "sound": address.has_sound,
    }
    try:
        write_order(process.stdin, order)
        async with asyncio.timeout(15):
            line = await process.stdout.readline()
    except (TimeoutError, ConnectionError):
        line = b""
    answer = json.loads(line) if line else {}
    if answer.get("event") != "listening":
        with contextlib.suppress(ProcessLookupError):
            process.kill()
        await process.wait()
        reason = answer.get("reason", "is GStreamer's RTSP server installed for the system Python?")
        raise RtspServerError(f"the RTSP server did not start: {reason}")
    return RtspServer(process, int(answer["port"]))


def quiet_environment() -> dict[str, str]:
    """Return the environment for the server process: ours without Python's own variables."""
    return {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
