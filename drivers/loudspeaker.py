"""What every loudspeaker driver offers: a sink of paced frames, a reading of how it fares, errors.

A driver is a folder with `Config` (a frozen dataclass), a sink class, `read_status`, README.md and
sample.yaml. Nothing here touches a device.

LoudspeakerError
├── SinkUnusable    the technician: address, interface, codec or file settings
├── Unreachable     nobody yet: it is tried again; the technician when it lasts
├── WrongPassword   the technician: it is tried again rarely, or the device locks the account
├── DeviceBusy      nobody yet: somebody else speaks through it
└── SendFailed      nobody yet: this frame is lost, the next may pass
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
"""Mono, linear, shape `(samples,)`."""

FRAME_S = 0.020


class LoudspeakerError(Exception):
    """The loudspeaker cannot be used as configured, or not now."""


class SinkUnusable(LoudspeakerError):
    """The settings of this loudspeaker cannot work: the technician must change them."""


class Unreachable(LoudspeakerError):
    """The device does not answer, or ended the connection."""


class WrongPassword(LoudspeakerError):
    """The device refuses the account."""


class DeviceBusy(LoudspeakerError):
    """The device takes one speaker at a time, and somebody else speaks."""


class SendFailed(LoudspeakerError):
    """One frame is lost; the next may pass."""


class LoudspeakerSink(Protocol):
    """One open loudspeaker. Its user paces; no method waits, sleeps or touches the network for long.

    A driver that must connect, dial or log in does so in a thread of its own: `prepare` begins it,
    `is_ready` tells when it is done, `send` and `is_ready` raise what went wrong. Use from one
    thread at a time.
    """

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the frames it takes."""

    @property
    def frame_samples(self) -> int:
        """Samples in one frame of 20 ms."""

    def prepare(self) -> None:
        """Get ready to speak soon: dial, log in, open the channel. Repeated, it does no harm."""

    @property
    def is_ready(self) -> bool:
        """Whether a frame sent now would sound at once.

        Raises:
            LoudspeakerError: Preparing failed; `prepare` may be called again.
        """

    def begin(self, *, silent_s: float = 0.0) -> None:
        """Announce that the next frame starts something new, `silent_s` after the last frame."""

    def send(self, frame: Samples) -> None:
        """Hand one frame to the loudspeaker.

        Raises:
            LoudspeakerError: This frame is lost; the next may pass.
        """

    def finish(self) -> None:
        """What was begun is over: hang up once the device has played what it was given."""

    def close(self) -> None:
        """Release the loudspeaker at once; closing twice does no harm."""


@dataclass(frozen=True, kw_only=True)
class LoudspeakerStatus:
    """What a device says of itself; None or empty where it does not say."""

    maker: str = ""
    model: str = ""
    firmware: str = ""
    serial_number: str = ""
    volume: float | None = None
    """Share of its range, 0 to 1."""
    temperature_c: float | None = None
    is_proven: bool = True
    """False: this kind of device gives no sign of life, so nothing is known."""
