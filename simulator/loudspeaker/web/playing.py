"""What a loudspeaker plays that hears octets on a connection, and how it may fail while doing so."""

import asyncio
import contextlib
import socket
import struct
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

import numpy as np

from simulator.loudspeaker.g711 import Samples, decode
from simulator.loudspeaker.recording import SAMPLE_RATE_HZ, Recording

Fault = Literal["none", "busy", "mute", "reset", "stall"]
FAULTS: tuple[Fault, ...] = ("none", "busy", "mute", "reset", "stall")
Event = dict[str, str | int | float]

FAULT_AFTER_S = 0.5
"""So much audio a loudspeaker takes before it resets or stalls."""


@dataclass(kw_only=True)
class Condition:
    """What can be changed while the loudspeaker runs."""

    volume: float = 1.0
    """Share of its range, 0 to 1; what is recorded is as loud."""
    temperature_c: float = 41.5
    fault: Fault = "none"


class Player:
    """Plays one connection at a time into recordings."""

    def __init__(
        self,
        *,
        record: Path,
        condition: Condition,
        tell: Callable[[Event], None],
        now: Callable[[], datetime],
    ) -> None:
        self._record = record
        self._condition = condition
        self._tell = tell
        self._now = now
        self._recordings = 0
        self.is_busy = False
        """Whether somebody speaks through it."""

    async def play(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        payload_type: int,
        patience_s: float,
    ) -> None:
        """Play what comes until the connection ends or `patience_s` is silent; the caller closes."""
        self.is_busy = True
        recording = Recording(self._next_path())
        self._tell({"event": "playing", "file": str(recording.path)})
        try:
            with contextlib.suppress(ConnectionError, TimeoutError):
                async for samples in _hear(reader, payload_type, patience_s):
                    self._write(recording, samples)
                    if recording.seconds >= FAULT_AFTER_S:
                        await self._fail(writer)
        finally:
            self.is_busy = False
            recording.finish()
            self._tell(
                {
                    "event": "played",
                    "file": str(recording.path),
                    "seconds": round(recording.seconds, 3),
                }
            )

    def _write(self, recording: Recording, samples: Samples) -> None:
        volume = 0.0 if self._condition.fault == "mute" else self._condition.volume
        at = round(recording.seconds * SAMPLE_RATE_HZ) & 0xFFFFFFFF
        recording.write((samples * volume).astype(np.int16), rtp_timestamp=at)

    async def _fail(self, writer: asyncio.StreamWriter) -> None:
        match self._condition.fault:
            case "reset":
                reset(writer)
                raise ConnectionResetError
            case "stall":
                await asyncio.Event().wait()
            case _:
                pass

    def _next_path(self) -> Path:
        self._recordings += 1
        started = self._now().strftime("%Y%m%dT%H%M%S.%fZ")
        return self._record / f"{started}-{self._recordings:04d}.wav"


async def _hear(
    reader: asyncio.StreamReader, payload_type: int, patience_s: float
) -> AsyncIterator[Samples]:
    while True:
        async with asyncio.timeout(patience_s):
            octets = await reader.read(SAMPLE_RATE_HZ)
        if not octets:
            return
        yield decode(octets, payload_type=payload_type)


def reset(writer: asyncio.StreamWriter) -> None:
    """End a connection with a reset, as a device does that restarts."""
    opened = writer.get_extra_info("socket")
    opened.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()
