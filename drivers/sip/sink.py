"""The sink of one SIP loudspeaker: a thread of its own dials and hangs up, frames go out as RTP."""

import contextlib
import secrets
import socket
import threading
import time

from drivers.loudspeaker import LoudspeakerError, Samples, SendFailed, Unreachable, WrongPassword
from drivers.rtp_multicast.codecs import CODECS
from drivers.rtp_multicast.rtp import RtpStream
from drivers.sip.calling.call import Call, Stage
from drivers.sip.calling.dialog import Ends
from drivers.sip.calling.sdp import Media
from drivers.sip.endpoint import Endpoint, open_udp, wait_readable
from drivers.sip.settings import SipConfig, check

_PLAYED_OUT_S = 0.4
"""What a loudspeaker still holds back to smooth the network when the last frame has left."""
_CLOSING_S = 0.7
_REDIAL_AFTER_S = 0.5
_REDIAL_REFUSED_AFTER_S = 30.0
"""Devices lock an account that fails too often."""
_EXPEDITED_FORWARDING = 46 << 2  # DSCP EF (RFC 4594 §4.1)


class _Voice:
    """The RTP stream of one answered call."""

    def __init__(self, sender: socket.socket, media: Media) -> None:
        self.media = media
        self._socket = sender
        self._codec = CODECS[media.codec]
        self._encode = self._codec.open_encoder()
        self._stream = RtpStream(
            payload_type=self._codec.payload_type,
            ssrc=secrets.randbits(32),
            sequence_number=secrets.randbits(16),
            rtp_timestamp=secrets.randbits(32),
        )
        sender.connect((media.address, media.port))

    def begin(self, silent_s: float) -> None:
        ticks = round(silent_s * self._codec.clock_rate_hz)
        self._stream.begin_talkspurt(silent_ticks=ticks)

    def send(self, frame: Samples) -> None:
        packet = self._stream.next_packet(self._encode(frame), ticks=self._codec.frame_ticks)
        self._socket.send(packet)


class SipSink:
    """One loudspeaker that is called when somebody speaks. Use from one thread at a time."""

    sample_rate_hz = 8000
    frame_samples = 160

    def __init__(self, config: SipConfig) -> None:
        """Nothing is dialled yet; `close` it.

        Raises:
            SinkUnusable: The settings make no address.
        """
        check(config)
        self._config = config
        # The lock guards what follows; it is never held while waiting for the network.
        self._lock = threading.Lock()
        self._voice: _Voice | None = None
        self._failure: LoudspeakerError | None = None
        self._is_wanted = False
        self._is_closing = False
        self._hang_up_at_s = 0.0
        self._redial_at_s = 0.0
        self._waker, self._wakened = socket.socketpair()
        self._waker.setblocking(False)  # noqa: FBT003 -- the name of the socket module
        self._wakened.setblocking(False)  # noqa: FBT003
        self._thread: threading.Thread | None = None

    def prepare(self) -> None:
        """Dial, or stay on the line; a call that just failed is dialled again after a while."""
        with self._lock:
            if self._is_closing:
                return
            if time.monotonic() >= self._redial_at_s:
                self._failure = None
            self._is_wanted = True
            if self._thread is None:
                name = f"sip-{self._config.address}"
                # A daemon: a name that is being looked up must not hold up the end of the program.
                self._thread = threading.Thread(target=self._run, name=name, daemon=True)
                self._thread.start()
        self._wake()

    @property
    def is_ready(self) -> bool:
        """Whether the loudspeaker has picked up.

        Raises:
            LoudspeakerError: The call failed; `prepare` may be called again.
        """
        with self._lock:
            if self._failure is not None:
                raise _afresh(self._failure)
            return self._voice is not None

    def begin(self, *, silent_s: float = 0.0) -> None:
        """Mark the next packet as the first after silence."""
        with self._lock:
            if self._voice is not None:
                self._voice.begin(silent_s)

    def send(self, frame: Samples) -> None:
        """Hand one frame, `(160,) int16` at 8 kHz, to the network without waiting.

        Raises:
            LoudspeakerError: The frame is lost: nobody has picked up, or why the call ended.
        """
        with self._lock:
            if self._voice is None:
                if self._failure is not None:
                    raise _afresh(self._failure)
                raise SendFailed(f"{self._config.address} has not picked up")
            try:
                self._voice.send(frame)
            except OSError as error:
                raise SendFailed(
                    f"cannot send audio to {self._config.address}: {error.strerror}"
                ) from error

    def finish(self) -> None:
        """Hang up when the loudspeaker has played what it was given."""
        with self._lock:
            self._is_wanted = False
            self._hang_up_at_s = time.monotonic() + _PLAYED_OUT_S
        self._wake()

    def close(self) -> None:
        """Hang up and release everything, within a second; closing twice does no harm."""
        with self._lock:
            self._is_closing, self._is_wanted = True, False
            self._hang_up_at_s = time.monotonic()
        self._wake()
        if self._thread is not None:
            # A device that has not answered yet is awaited by the thread alone, to hang up on it.
            self._thread.join(_CLOSING_S)
        else:
            self._waker.close()
            self._wakened.close()

    # --- the thread ------------------------------------------------------------------------------

    def _run(self) -> None:
        with self._waker, self._wakened:
            while self._wait_until_wanted():
                try:
                    failure = self._hold_a_call()
                except LoudspeakerError as error:
                    failure = error
                if failure is not None:
                    self._fail(failure)

    def _wait_until_wanted(self) -> bool:
        """False: the sink is closed."""
        while True:
            with self._lock:
                wait_s = self._redial_at_s - time.monotonic() if self._is_wanted else None
                if self._is_closing:
                    return False
                if wait_s is not None and wait_s <= 0:
                    self._failure = None
                    return True
            self._sleep(self._wakened.fileno(), wait_s=wait_s)

    def _hold_a_call(self) -> LoudspeakerError | None:
        with Endpoint(self._config) as endpoint, _open_rtp(endpoint.local_host) as rtp:
            ends = Ends(
                config=self._config,
                peer=endpoint.peer,
                local=endpoint.local,
                new_token=lambda: secrets.token_hex(8),
            )
            call = Call(ends, rtp_port=rtp.getsockname()[1], now_s=time.monotonic())
            try:
                self._converse(call, endpoint, rtp)
            finally:
                with self._lock:
                    self._voice = None
            return call.failure

    def _converse(self, call: Call, endpoint: Endpoint, rtp: socket.socket) -> None:
        while True:
            endpoint.send(call.letters)
            call.letters.clear()
            if call.stage is Stage.ENDED:
                return
            self._sleep(self._wakened.fileno(), endpoint.fileno(), wait_s=self._wait_s(call))
            now_s = time.monotonic()
            for came, source in endpoint.receive():
                call.receive(came, source, now_s=now_s)
            call.tick(now_s=now_s)
            if call.stage in {Stage.DIALLING, Stage.ANSWERED} and self._is_over(now_s):
                call.hang_up(now_s=now_s)
            self._follow(call, rtp)

    def _wait_s(self, call: Call) -> float | None:
        due_s = call.due_s
        with self._lock:
            if not self._is_wanted and call.stage is Stage.ANSWERED:
                due_s = self._hang_up_at_s
        return None if due_s is None else max(0.0, due_s - time.monotonic())

    def _is_over(self, now_s: float) -> bool:
        with self._lock:
            return not self._is_wanted and now_s >= self._hang_up_at_s

    def _follow(self, call: Call, rtp: socket.socket) -> None:
        """Let frames go where the loudspeaker wants them now, or nowhere."""
        media = call.media if call.stage is Stage.ANSWERED else None
        with self._lock:
            if media is None:
                self._voice = None
            elif self._voice is None or self._voice.media != media:
                try:
                    self._voice = _Voice(rtp, media)
                except OSError as error:
                    raise Unreachable(
                        f"no way to where the loudspeaker listens: {error.strerror}"
                    ) from error

    def _fail(self, failure: LoudspeakerError) -> None:
        wait_s = _REDIAL_AFTER_S
        if isinstance(failure, WrongPassword):
            wait_s = _REDIAL_REFUSED_AFTER_S
        with self._lock:
            # Who hangs up on us when we were about to does no harm.
            self._failure = failure if self._is_wanted else None
            self._is_wanted = False
            self._redial_at_s = time.monotonic() + wait_s

    def _wake(self) -> None:
        with contextlib.suppress(OSError):  # full: it will wake; closed: nobody is to be woken
            self._waker.send(b"!")

    def _sleep(self, *places: int, wait_s: float | None) -> None:
        wait_readable(*places, timeout_s=wait_s)
        with contextlib.suppress(BlockingIOError):
            while self._wakened.recv(64):
                pass


def _afresh(failure: LoudspeakerError) -> LoudspeakerError:
    """The same failure without the traces of those who have seen it."""
    return type(failure)(*failure.args)


def _open_rtp(host: str) -> socket.socket:
    rtp = open_udp(host, is_even=True)
    rtp.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED_FORWARDING)
    return rtp
