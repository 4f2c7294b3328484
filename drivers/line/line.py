"""A line to one loudspeaker: dialled and hung up by a thread of its own, spoken into without waiting.

The user's thread writes into the open socket, which takes a frame in microseconds or not at all.
The line's thread dials, listens for what the device says, fills pauses, and hangs up.
"""

import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
from typing import Protocol

import structlog

from drivers.loudspeaker import (
    DeviceBusy,
    LoudspeakerError,
    Samples,
    SendFailed,
    SinkUnusable,
    Unreachable,
    WrongPassword,
)

log = structlog.get_logger(__name__)

SAMPLE_RATE_HZ = 8000
FRAME_SAMPLES = 160
SEND_BUFFER_BYTES = 8192
"""Asked of the system, which doubles it. A stalled device is owed 1.8 s at most (measured); half of
it would lose frames where the answer to one takes 0.2 s."""
LINGER_S = 1.0
"""So long after the last frame the line is hung up: devices buffer a part of a second."""
FORGOTTEN_S = 30.0
"""A line that nobody has used or asked for so long is hung up: others may need the device."""
_HOLD_OFF_S: tuple[tuple[type[LoudspeakerError], float], ...] = (
    (WrongPassword, 60.0),  # devices lock an account after a few attempts
    (SinkUnusable, 10.0),
    (DeviceBusy, 1.0),
    (Unreachable, 1.0),
)
_LASTED_S = 5.0
"""A line that lasted so long and broke is dialled again at once."""
_PATIENCE_S = 2.0
"""A device that takes no octet for so long is gone."""
_MOST_READS = 4
_WANT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Talk(Protocol):
    """One open conversation in some dialect; what it returns is written into its socket."""

    @property
    def socket(self) -> socket.socket:
        """The open connection; `hang_up` closes it."""

    @property
    def beat_s(self) -> float:
        """How often `upkeep` is asked."""

    def begin(self, *, silent_s: float) -> None:
        """The next frame starts something new."""

    def frame(self, frame: Samples) -> bytes:
        """One frame as it goes over the line."""

    def upkeep(self, *, now_s: float, silent_s: float) -> bytes:
        """What keeps the line open, if anything, when nothing was said for `silent_s`."""

    def hear(self, octets: bytes) -> None:
        """Take what the device said.

        Raises:
            LoudspeakerError: It said that the conversation is over.
        """

    def hang_up(self) -> None:
        """Say goodbye and close the socket, within two seconds; never raises."""


class Line:
    """A loudspeaker sink (`drivers.loudspeaker.LoudspeakerSink`) over a dialled connection."""

    sample_rate_hz = SAMPLE_RATE_HZ
    frame_samples = FRAME_SAMPLES

    def __init__(self, name: str, dial: Callable[[], Talk]) -> None:
        """Dial nothing yet.

        Args:
            name: For logs and errors; no secret in it.
            dial: Opens the conversation within some seconds, or raises a LoudspeakerError. Called
                in the line's thread.
        """
        self._name = name
        self._dial = dial
        self._lock = threading.Lock()
        self._bell, self._button = socket.socketpair()
        self._bell.settimeout(0)
        self._button.settimeout(0)
        self._thread: threading.Thread | None = None
        self._talk: Talk | None = None
        self._failure: LoudspeakerError | None = None
        self._last_told = ""
        self._is_wanted = False
        self._is_closing = False
        self._retry_at_s = 0.0
        self._hang_up_at_s: float | None = None
        self._opened_s = self._last_said_s = self._used_s = 0.0
        self._owed = b""
        self._stuck_since_s: float | None = None

    def prepare(self) -> None:
        """Dial, unless the line is open, being dialled, or failed only a moment ago."""
        with self._lock:
            self._hang_up_at_s, self._used_s = None, time.monotonic()
            self._want()

    @property
    def is_ready(self) -> bool:
        """Whether the line is open.

        Raises:
            LoudspeakerError: It could not be opened, or broke; `prepare` may be called again.
        """
        with self._lock:
            self._used_s = time.monotonic()
            if self._failure is not None:
                raise self._failure
            return self._talk is not None

    def begin(self, *, silent_s: float = 0.0) -> None:
        """Announce that the next frame starts something new, `silent_s` after the last one."""
        with self._lock:
            self._hang_up_at_s, self._used_s = None, time.monotonic()
            self._want()
            if self._talk is not None:
                self._talk.begin(silent_s=silent_s)

    def send(self, frame: Samples) -> None:
        """Hand one frame, `(160,) int16` at 8 kHz, to the network without waiting.

        Raises:
            LoudspeakerError: The frame is lost. A line that broke is being dialled again.
        """
        with self._lock:
            talk = self._talk
            if talk is None:
                self._want()
                raise self._failure or SendFailed(f"the line to {self._name} is not open yet")
            self._last_said_s = self._used_s = time.monotonic()
            try:
                self._write(talk, talk.frame(frame))
            except Unreachable as error:
                self._fail(error)
                raise

    def finish(self) -> None:
        """Hang up soon, when the device has played what it was given."""
        with self._lock:
            self._hang_up_at_s = time.monotonic() + LINGER_S
            self._is_wanted = self._talk is not None
            self._ring()

    def close(self) -> None:
        """Stop speaking at once; the line's thread says goodbye. Closing twice does no harm."""
        with self._lock:
            if self._is_closing:
                return
            self._is_closing, self._is_wanted = True, False
            if self._thread is None:
                self._bell.close()
                self._button.close()
            else:
                self._ring()

    def _want(self) -> None:
        if self._is_closing or self._is_wanted or time.monotonic() < self._retry_at_s:
            return
        self._failure, self._is_wanted = None, True
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=f"line {self._name}")
            self._thread.daemon = True
            self._thread.start()
        self._ring()

    def _fail(self, error: LoudspeakerError) -> None:
        """Note a failure; the line's thread cleans up. Call it with the lock held."""
        now_s = time.monotonic()
        hold_off_s = next((s for kind, s in _HOLD_OFF_S if isinstance(error, kind)), 1.0)
        if self._talk is not None and now_s - self._opened_s > _LASTED_S:
            hold_off_s = 0.0
        self._retry_at_s = now_s + hold_off_s
        self._failure, self._is_wanted, self._talk = error, False, None
        self._ring()

    def _ring(self) -> None:
        with contextlib.suppress(OSError):  # it rings already, or the line was closed for good
            self._button.send(b"!")

    def _write(self, talk: Talk, octets: bytes) -> None:
        """Write without waiting: what was begun is ended first, then all is taken or nothing."""
        self._owed = _push(talk.socket, self._owed, name=self._name)
        if not self._owed:
            rest = _push(talk.socket, octets, name=self._name)
            # TLS may have taken what it says it did not: it must be offered the same again.
            if len(rest) < len(octets) or isinstance(talk.socket, ssl.SSLSocket):
                self._owed = rest
                self._stuck_since_s = None if not rest else self._stuck_since_s
                return
        now_s = time.monotonic()
        self._stuck_since_s = self._stuck_since_s or now_s
        if now_s - self._stuck_since_s > _PATIENCE_S:
            raise Unreachable(f"{self._name} has stopped taking audio")
        raise SendFailed(f"{self._name} takes audio more slowly than it is spoken")

    def _run(self) -> None:
        with self._bell, self._button:
            while self._wait_until_wanted():
                try:
                    talk = self._dial()
                except LoudspeakerError as error:
                    self._log("loudspeaker_not_dialled", error)
                    with self._lock:
                        self._fail(error)
                    continue
                self._converse(talk)
            with self._lock:
                self._talk = None

    def _wait_until_wanted(self) -> bool:
        while True:
            with self._lock:
                if self._is_closing or self._is_wanted:
                    return not self._is_closing
            select.select([self._bell], [], [])
            self._silence_bell()

    def _silence_bell(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._bell.recv(4096)

    def _converse(self, talk: Talk) -> None:
        talk.socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        talk.socket.settimeout(0)  # never wait
        with self._lock:
            self._talk, self._opened_s = talk, time.monotonic()
            self._last_said_s = self._opened_s
            self._owed, self._stuck_since_s = b"", None
            self._last_told = ""
        try:
            while self._attend(talk):
                pass
        except LoudspeakerError as error:
            self._log("loudspeaker_line_broke", error)
            with self._lock:
                self._fail(error)
        finally:
            talk.hang_up()

    def _log(self, event: str, error: LoudspeakerError) -> None:
        """Tell a failure once, however often it is repeated."""
        if str(error) != self._last_told:
            self._last_told = str(error)
            log.warning(event, loudspeaker=self._name, why=self._last_told)

    def _attend(self, talk: Talk) -> bool:
        """Wait for whatever comes next and serve it; False when the line is to be hung up."""
        wait_s = talk.beat_s
        if (hang_up_at_s := self._hang_up_at_s) is not None:
            wait_s = max(0.0, min(wait_s, hang_up_at_s - time.monotonic()))
        select.select([talk.socket, self._bell], [], [], wait_s)
        self._silence_bell()
        with self._lock:
            now_s = time.monotonic()
            if self._is_over(now_s) or self._talk is not talk:
                self._let_go(talk)
                return False
            _listen(talk, name=self._name)
            if octets := talk.upkeep(now_s=now_s, silent_s=now_s - self._last_said_s):
                self._last_said_s = now_s
                with contextlib.suppress(SendFailed):  # what keeps a line open may be late
                    self._write(talk, octets)
        return True

    def _is_over(self, now_s: float) -> bool:
        is_due = self._hang_up_at_s is not None and now_s >= self._hang_up_at_s
        return self._is_closing or is_due or now_s - self._used_s > FORGOTTEN_S

    def _let_go(self, talk: Talk) -> None:
        """Forget the conversation; the lock is held. A line that broke has a failure instead."""
        if self._talk is talk:
            self._talk, self._is_wanted, self._hang_up_at_s = None, False, None


def _push(into: socket.socket, octets: bytes, *, name: str) -> bytes:
    """Write what fits and return the rest."""
    if not octets:
        return octets
    try:
        return octets[into.send(octets) :]
    except _WANT:
        return octets
    except OSError as error:
        raise Unreachable(f"{name} ended the connection: {error}") from error


def _listen(talk: Talk, *, name: str) -> None:
    """Take what has come, within bounds: whoever speaks waits meanwhile."""
    for _ in range(_MOST_READS):
        try:
            heard = talk.socket.recv(65536)
        except _WANT:
            return
        except OSError as error:
            raise Unreachable(f"{name} ended the connection: {error}") from error
        if not heard:
            raise Unreachable(f"{name} ended the connection")
        talk.hear(heard)
