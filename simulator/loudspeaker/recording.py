"""What the loudspeaker played, as WAV files of 8 kHz mono: one per talk spurt."""

import wave
from pathlib import Path

import numpy as np

from simulator.loudspeaker.g711 import Samples

SAMPLE_RATE_HZ = 8000
_LONGEST_SILENCE_SAMPLES = 10 * SAMPLE_RATE_HZ


class Recording:
    """One WAV file being written; it appears under its name only when it is complete."""

    def __init__(self, path: Path) -> None:
        """Begin the file beside `path`, with `.part` after its name; `finish` gives the name."""
        self.path = path
        self._part = path.with_name(path.name + ".part")
        self._wave = wave.open(str(self._part), "wb")  # noqa: SIM115 - lives until finish
        self._wave.setnchannels(1)
        self._wave.setsampwidth(2)
        self._wave.setframerate(SAMPLE_RATE_HZ)
        self._next_timestamp: int | None = None
        self._samples = 0

    @property
    def seconds(self) -> float:
        """Length so far, silences for lost packets included."""
        return self._samples / SAMPLE_RATE_HZ

    def write(self, samples: Samples, *, rtp_timestamp: int) -> None:
        """Append what was heard at `rtp_timestamp`, after silence where packets are missing."""
        if self._next_timestamp is not None:
            missing = (rtp_timestamp - self._next_timestamp) & 0xFFFFFFFF
            if missing <= _LONGEST_SILENCE_SAMPLES:
                self._append(np.zeros(missing, dtype=np.int16))
        self._append(samples)
        self._next_timestamp = (rtp_timestamp + len(samples)) & 0xFFFFFFFF

    def finish(self) -> None:
        """Complete the file and give it its name."""
        self._wave.close()
        self._part.rename(self.path)

    def _append(self, samples: Samples) -> None:
        self._wave.writeframes(samples.astype("<i2").tobytes())
        self._samples += len(samples)
