"""The player's side of decoding: asks the decoder process, starts it again when it dies."""

import contextlib
import mmap
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import structlog

from drivers.loudspeaker import Samples
from edge_agent.playout.arbiter import Priority
from edge_agent.playout.decoding.messages import LARGEST_PACKET, Answer, Request

log = structlog.get_logger(__name__)

_EXIT_TIMEOUT_S = 5.0


@dataclass(frozen=True, kw_only=True)
class AudioKey:
    """Audio that several loudspeakers can share; a higher priority decodes its own copy."""

    path: Path
    sample_rate_hz: int
    priority: Priority
    loudness_lufs: float


@dataclass(frozen=True, kw_only=True)
class Decoded:
    """The end of one decoding: samples, or why there are none."""

    key: AudioKey
    samples: Samples | None
    refusal: str = ""


class Decoder:
    """One decoder process at a time; results go to `announce` from a thread of its own."""

    def __init__(self, announce: Callable[[Decoded], None]) -> None:
        """Start the process, so that the first emergency need not wait for it; `close` ends it."""
        self._announce = announce
        self._requests = 0
        self._closing = False
        self._start()

    def decode(self, key: AudioKey) -> None:
        """Begin to decode; exactly one `Decoded` follows, also when the process dies."""
        self._requests += 1
        if not self._child.ask(self._requests, key):
            self._end()
            self._start()
            self._child.ask(self._requests, key)

    def close(self) -> None:
        """End the process; what it is decoding is not announced any more."""
        self._closing = True
        self._end()

    def _start(self) -> None:
        self._child = _Child()
        self._reader = threading.Thread(target=self._read, args=(self._child,), name="decoder")
        self._reader.start()

    def _end(self) -> None:
        self._child.hang_up()
        self._reader.join()
        self._child.close()

    def _read(self, child: "_Child") -> None:
        while (decoded := child.hear()) is not None:
            self._announce(decoded)
        abandoned = child.abandon()
        if self._closing:
            return
        log.error("decoder_died", abandoned=[key.path.name for key in abandoned])
        for key in abandoned:
            refusal = f"the decoder died while it read {key.path.name}"
            self._announce(Decoded(key=key, samples=None, refusal=refusal))


class _Child:
    """One decoder process and what it was asked; `ask` and `hear` come from different threads."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-m", "edge_agent.playout.decoding", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
            )
        self._lock = threading.Lock()
        self._asked: dict[int, AudioKey] = {}
        self._dead = False

    def ask(self, number: int, key: AudioKey) -> bool:
        """Send a request; False when the process is known to be dead."""
        request = Request(
            number=number,
            path=str(key.path),
            sample_rate_hz=key.sample_rate_hz,
            loudness_lufs=key.loudness_lufs,
            priority=key.priority,
        )
        with self._lock:
            if self._dead:
                return False
            self._asked[number] = key
            # When it dies just now, `abandon` answers for what was not delivered.
            with contextlib.suppress(BrokenPipeError, ConnectionResetError):
                self._socket.send(request.model_dump_json().encode())
            return True

    def hear(self) -> Decoded | None:
        """Wait for the next answer; None when the process has died or was hung up."""
        try:
            packet, descriptors, _, _ = socket.recv_fds(self._socket, LARGEST_PACKET, 1)
        except ConnectionResetError:
            return None
        if not packet:
            return None
        answer = Answer.model_validate_json(packet)
        with self._lock:
            key = self._asked.pop(answer.number)
        if answer.refusal is not None:
            return Decoded(key=key, samples=None, refusal=answer.refusal)
        return Decoded(key=key, samples=_map_samples(descriptors[0]))

    def abandon(self) -> tuple[AudioKey, ...]:
        """Count the process as dead; what it will never answer."""
        with self._lock:
            self._dead = True
            return tuple(self._asked.values())

    def hang_up(self) -> None:
        """Let both ends see the end of the conversation."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Wait for the process, for 5 s at most, and release everything."""
        try:
            self._process.wait(_EXIT_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._socket.close()


def _map_samples(descriptor: int) -> Samples:
    """The memory file as an array: shared with the decoder, not copied, gone with the array."""
    try:
        size = os.fstat(descriptor).st_size
        return np.frombuffer(mmap.mmap(descriptor, size, prot=mmap.PROT_READ), dtype=np.int16)
    finally:
        os.close(descriptor)
