"""What every loudspeaker driver offers: a sink of paced frames and one family of errors."""

from typing import Protocol

import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
"""Mono, linear, shape `(samples,)`."""


class LoudspeakerError(Exception):
    """The loudspeaker cannot be reached as configured."""


class LoudspeakerSink(Protocol):
    """One open loudspeaker. Its user paces; its methods neither wait nor sleep."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the frames it takes."""

    @property
    def frame_samples(self) -> int:
        """Samples in one frame of 20 ms."""

    def begin(self, *, silent_s: float = 0.0) -> None:
        """Announce that the next frame starts something new, `silent_s` after the last frame."""

    def send(self, frame: Samples) -> None:
        """Hand one frame to the loudspeaker.

        Raises:
            LoudspeakerError: This frame is lost; the next may pass.
        """

    def close(self) -> None:
        """Release the loudspeaker; closing twice does no harm."""
