"""What a camera's microphone hears: loudspeakers of its place, late and faint, and the wind."""

import asyncio
import socket
import time
from collections.abc import Callable
from contextlib import ExitStack, suppress

import numpy as np
import numpy.typing as npt

from simulator.camera.settings import MicrophoneSettings
from simulator.loudspeaker.g711 import PCMA, PCMU, decode
from simulator.loudspeaker.loudspeaker import open_receiver
from simulator.loudspeaker.rtp import RtpPacket, parse_rtp

SAMPLE_RATE_HZ = 8000
_TICK_S = 0.04
_TICK = round(_TICK_S * SAMPLE_RATE_HZ)
_MEMORY = 4 * SAMPLE_RATE_HZ
"""Samples ahead of now that sound under way may reach."""
_ECHO_S, _ECHO_GAIN = 0.23, 0.4
"""The slope on the other side of the valley."""
_APART_S = 0.3
"""Packets further apart than their time stamps say belong to another talk."""


class Microphone:
    """Mixes everything that arrives into one track."""

    def __init__(self, settings: MicrophoneSettings, *, seed: int) -> None:
        self._settings = settings
        self._random = np.random.default_rng(seed)
        self._air = np.zeros(_MEMORY, dtype=np.float32)
        self._began_s = 0.0
        self._heard = 0
        """Samples handed on since the begin."""
        self._anchors: dict[int, tuple[int, int]] = {}
        """By RTP source: a time stamp and the sample at which it is heard."""

    async def run(self, send: Callable[[bytes], None]) -> None:
        """Hear until cancelled; `send` takes 16-bit samples at 8 kHz every 40 ms."""
        loop = asyncio.get_running_loop()
        with ExitStack() as stack:
            for near in self._settings.loudspeakers:
                receiver = stack.enter_context(
                    open_receiver(near.address, near.port, interface=self._settings.interface)
                )
                loop.add_reader(receiver, self._receive, receiver)
                stack.callback(loop.remove_reader, receiver)
            self._began_s = time.monotonic()
            while True:
                due_s = self._began_s + (self._heard + _TICK) / SAMPLE_RATE_HZ
                await asyncio.sleep(due_s - time.monotonic())
                send(self._next())

    def _receive(self, receiver: socket.socket) -> None:
        with suppress(BlockingIOError):
            packet = parse_rtp(receiver.recv(65535))
            if packet is not None and packet.payload_type in {PCMU, PCMA}:
                self._mix(packet)

    def _mix(self, packet: RtpPacket) -> None:
        sound = decode(packet.payload, payload_type=packet.payload_type).astype(np.float32)
        at = self._position(packet)
        for after_s, gain in ((0.0, 1.0), (_ECHO_S, _ECHO_GAIN)):
            begin = at + round(after_s * SAMPLE_RATE_HZ)
            if self._heard <= begin <= self._heard + _MEMORY - len(sound):
                places = np.arange(begin, begin + len(sound)) % _MEMORY
                self._air[places] += sound * np.float32(self._settings.gain * gain)

    def _position(self, packet: RtpPacket) -> int:
        """The sample at which a packet's first is heard: as its source's time stamps say."""
        passed_s = time.monotonic() - self._began_s + self._settings.delay_s
        now = round(passed_s * SAMPLE_RATE_HZ)
        first_timestamp, first = self._anchors.get(packet.ssrc, (packet.rtp_timestamp, now))
        since = ((packet.rtp_timestamp - first_timestamp + 2**31) & 0xFFFFFFFF) - 2**31
        at = first + since
        if packet.marker or abs(at - now) > _APART_S * SAMPLE_RATE_HZ:
            self._anchors[packet.ssrc] = (packet.rtp_timestamp, now)
            return now
        self._anchors.setdefault(packet.ssrc, (packet.rtp_timestamp, now))
        return at

    def _next(self) -> bytes:
        places = np.arange(self._heard, self._heard + _TICK) % _MEMORY
        sound: npt.NDArray[np.float32] = self._air[places]
        self._air[places] = 0
        self._heard += _TICK
        noise = self._settings.noise * self._random.standard_normal(_TICK, dtype=np.float32)
        return np.clip(sound + noise, -32768, 32767).astype("<i2").tobytes()
