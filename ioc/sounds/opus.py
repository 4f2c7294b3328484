"""Samples to Opus in Ogg, the same bytes for the same samples, however long, in little memory."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Self

import av
import numpy as np
import numpy.typing as npt

Samples = npt.NDArray[np.int16]
"""One-dimensional: mono at 48,000 Hz."""

SAMPLE_RATE_HZ = 48_000
_BIT_RATE = 32_000
# Loudspeakers swallow the first moment while they wake up, and cut the last one off.
_SILENCE_S = 0.3
_AT_ONCE = 10 * SAMPLE_RATE_HZ


class OpusWriter:
    """Writes an Opus file piece by piece, with a short silence at both ends; use it with `with`."""

    def __init__(self, target: BinaryIO) -> None:
        """Write to `target`, seekable; it is the caller's to close."""
        self.samples_written = 0
        # Bit-exact: the muxer would otherwise draw a random stream number, and the hash change.
        self._container = av.open(target, "w", format="ogg", options={"fflags": "+bitexact"})
        self._stream = self._container.add_stream("libopus", rate=SAMPLE_RATE_HZ)
        self._stream.layout = "mono"
        self._stream.bit_rate = _BIT_RATE

    @property
    def duration_s(self) -> float:
        """What was written so far."""
        return self.samples_written / SAMPLE_RATE_HZ

    def __enter__(self) -> Self:
        """Begin with silence."""
        self.write(silence(_SILENCE_S))
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End with silence; a file that failed is left incomplete."""
        try:
            if kind is None:
                self.write(silence(_SILENCE_S))
                self._container.mux(self._stream.encode(None))
        finally:
            self._container.close()

    def write(self, samples: Samples) -> None:
        """Append samples."""
        for begin in range(0, len(samples), _AT_ONCE):
            piece = np.ascontiguousarray(samples[np.newaxis, begin : begin + _AT_ONCE])
            frame = av.AudioFrame.from_ndarray(piece, format="s16", layout="mono")
            frame.sample_rate = SAMPLE_RATE_HZ
            frame.pts = self.samples_written
            self.samples_written += piece.shape[1]
            self._container.mux(self._stream.encode(frame))


def silence(seconds: float) -> Samples:
    """Return silence of this length."""
    return np.zeros(round(seconds * SAMPLE_RATE_HZ), dtype=np.int16)


def read_opus(path: Path) -> Iterator[Samples]:
    """Give the samples of a file that `OpusWriter` made, piece by piece.

    Raises:
        ValueError: It is no audio.
    """
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    options = {"format_whitelist": "ogg", "protocol_whitelist": "file"}
    try:
        with av.open(f"file:{path}", options=options) as container:
            for frame in container.decode(audio=0):
                for resampled in resampler.resample(frame):
                    yield resampled.to_ndarray()[0]
            for resampled in resampler.resample(None):
                yield resampled.to_ndarray()[0]
    except av.FFmpegError as error:
        raise ValueError(f"no audio in {path.name}: {error.strerror}") from error
