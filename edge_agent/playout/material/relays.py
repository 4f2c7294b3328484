"""The live streams that are wanted: one child process receives each, a thread takes its sound in."""

import contextlib
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import structlog

from edge_agent.playout.material.live import LiveAudio
from edge_agent.playout.material.shelf import Wanted
from edge_agent.playout.relaying.messages import LARGEST_PACKET, SOUND, STATE, Request, State

log = structlog.get_logger(__name__)

_RESTART_S = 1.0


@dataclass(frozen=True, kw_only=True)
class RelayKey:
    """A stream as several loudspeakers can share it."""

    url: str = field(repr=False)
    sample_rate_hz: int
    loudness_lufs: float


@dataclass(frozen=True, kw_only=True)
class StreamChanged:
    """A stream can be heard now, or something stands in its way: look at it again."""

    key: RelayKey


class Relays:
    """Receives what is wanted, as long as it is wanted."""

    def __init__(self, announce: Callable[[StreamChanged], None]) -> None:
        """Args: where changes go, from threads of their own; `close` ends everything."""
        self._announce = announce
        self._wanted_by: dict[RelayKey, set[Wanted]] = {}
        self._receivers: dict[RelayKey, _Receiver] = {}

    def want(self, key: RelayKey, wanted: Wanted) -> None:
        """Receive the stream for this broadcast."""
        self._wanted_by.setdefault(key, set()).add(wanted)
        if key not in self._receivers:
            self._receivers[key] = _Receiver(key, announce=self._announce)

    def audio(self, key: RelayKey) -> LiveAudio | None:
        """Its sound; None: nobody wants it."""
        receiver = self._receivers.get(key)
        return receiver.audio if receiver else None

    def release(self, key: RelayKey, wanted: Wanted) -> None:
        """This broadcast needs it no longer."""
        wanted_by = self._wanted_by.get(key, set())
        wanted_by.discard(wanted)
        if not wanted_by and (receiver := self._receivers.pop(key, None)) is not None:
            del self._wanted_by[key]
            receiver.close()

    def close(self) -> None:
        """End all children."""
        for receiver in self._receivers.values():
            receiver.close()
        self._receivers.clear()


class _Receiver:
    """Keeps one child receiving until it is closed."""

    def __init__(self, key: RelayKey, *, announce: Callable[[StreamChanged], None]) -> None:
        self.audio = LiveAudio(sample_rate_hz=key.sample_rate_hz)
        self._key = key
        self._announce = announce
        self._closing = threading.Event()
        self._process: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._run, name="relay", daemon=True).start()

    def close(self) -> None:
        """End the child; the thread ends by itself."""
        self._closing.set()
        if (process := self._process) is not None:
            process.kill()

    def _run(self) -> None:
        while not self._closing.is_set() and not self.audio.refusal:
            with self._start() as ours:
                while packet := _receive(ours):
                    self._take(packet)
            if self._process is not None:
                self._process.kill()
                self._process.wait()
            if not self._closing.is_set() and not self.audio.refusal:
                log.error("relay_died")
                self._closing.wait(_RESTART_S)

    def _start(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        request = Request(
            url=self._key.url,
            sample_rate_hz=self._key.sample_rate_hz,
            loudness_lufs=self._key.loudness_lufs,
        )
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", "edge_agent.playout.relaying", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        if self._closing.is_set():
            self._process.kill()
        with contextlib.suppress(OSError):
            ours.send(request.model_dump_json().encode())
        return ours

    def _take(self, packet: bytes) -> None:
        was_s = self.audio.buffered_s
        if packet[:1] == SOUND:
            self.audio.write(np.frombuffer(packet, dtype=np.int16, offset=2))
            self.audio.obstacle = ""
        elif packet[:1] == STATE:
            state = State.model_validate_json(packet[2:])
            self.audio.obstacle, self.audio.refusal = state.obstacle, state.refusal
            if state.obstacle:
                log.warning("stream_broken", reason=state.obstacle, at_s=time.monotonic())
        if packet[:1] == STATE or was_s != self.audio.buffered_s:
            self._announce(StreamChanged(key=self._key))


def _receive(ours: socket.socket) -> bytes:
    try:
        return ours.recv(LARGEST_PACKET)
    except ConnectionResetError:
        return b""
