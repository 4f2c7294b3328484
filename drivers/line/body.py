"""A conversation that is bare G.711 on a connection: octets follow octets, pauses are filled."""

import contextlib
import re
import socket
from collections.abc import Callable

from drivers.loudspeaker import DeviceBusy, Samples, Unreachable, WrongPassword

_FILL_AFTER_S = 0.25
"""Devices take a pause on the line for its end (Axis after 1 s), so silence is sent instead; but not
for a moment in which a busy machine is late, because what is late still comes."""
_BEAT_S = 0.1
_MOST_FILLED_S = 0.5
_SILENCE_OCTETS = {"pcmu": b"\xff", "pcma": b"\xd5"}
_STATUS = re.compile(rb"HTTP/\d\.\d (\d{3})")


class BareAudio:
    """A `drivers.line.Talk` whose frames go out as they are."""

    beat_s = _BEAT_S

    def __init__(
        self,
        opened: socket.socket,
        encode: Callable[[Samples], bytes],
        *,
        codec: str,
        after: Callable[[], None] = lambda: None,
    ) -> None:
        """`opened` takes audio already; `after` is called when it is closed, and never raises."""
        self._socket = opened
        self._encode = encode
        self._silence = _SILENCE_OCTETS[codec]
        self._after = after
        self._heard = b""

    @property
    def socket(self) -> socket.socket:
        """The open connection."""
        return self._socket

    def begin(self, *, silent_s: float) -> None:
        """Nothing marks a beginning."""

    def frame(self, frame: Samples) -> bytes:
        """One octet per sample."""
        return self._encode(frame)

    def upkeep(self, *, now_s: float, silent_s: float) -> bytes:  # noqa: ARG002 - the clock is not needed
        """The silence that passed; sent late, it never delays what is said next."""
        if silent_s < _FILL_AFTER_S:
            return b""
        return self._silence * round(min(silent_s, _MOST_FILLED_S) * 8000)

    def hear(self, octets: bytes) -> None:
        """Read a late refusal.

        Raises:
            LoudspeakerError: By who must act.
        """
        self._heard = (self._heard + octets)[:1000]
        if match := _STATUS.match(self._heard):
            refuse_late(int(match[1]))

    def hang_up(self) -> None:
        """Close, and then what remains to be done."""
        with contextlib.suppress(OSError):
            self._socket.close()
        self._after()


def refuse_late(status: int) -> None:
    """Raise what an answer to the audio means, unless it is a good one."""
    match status:
        case status if status < 400:
            return
        case 401 | 403:
            raise WrongPassword("the account may not speak through this device")
        case 409 | 503:
            raise DeviceBusy(f"the device answers HTTP {status}: somebody else speaks through it")
        case status:
            raise Unreachable(f"the device answers HTTP {status} to the audio")
