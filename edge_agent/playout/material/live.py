"""The last seconds of a live stream, and a listener's place in them; it receives nothing itself."""

import numpy as np

from drivers.loudspeaker import Samples
from edge_agent.playout.pacing.playback import fade_in, scale

JOIN_S = 3.0
"""So far behind the newest sound a listener joins: what a bad line may hold up unheard."""
_REJOIN_S = 1.0
"""After a gap so much must be there before it sounds again, or it would stutter."""
_KEPT_S = 10.0


class LiveAudio:
    """Written by one thread, read by another: what is written once is never moved."""

    def __init__(self, *, sample_rate_hz: int) -> None:
        self.sample_rate_hz = sample_rate_hz
        self._ring = np.zeros(round(_KEPT_S * sample_rate_hz), dtype=np.int16)
        self.written = 0
        """Samples that came so far."""
        self.obstacle = ""
        """What stands in the way now, for the technician."""
        self.refusal = ""
        """Why it can never be heard."""

    @property
    def buffered_s(self) -> float:
        """How much of it can be heard again."""
        return min(self.written, len(self._ring)) / self.sample_rate_hz

    def write(self, samples: Samples) -> None:
        """Add the newest sound."""
        begin = self.written % len(self._ring)
        first = min(len(samples), len(self._ring) - begin)
        self._ring[begin : begin + first] = samples[:first]
        self._ring[: len(samples) - first] = samples[first:]
        self.written += len(samples)

    def read(self, position: int, size: int) -> Samples:
        """A copy of `size` samples from a position that is written and still kept."""
        begin = position % len(self._ring)
        if begin + size <= len(self._ring):
            return self._ring[begin : begin + size].copy()
        rest = begin + size - len(self._ring)
        return np.concatenate([self._ring[begin:], self._ring[:rest]])

    @property
    def oldest(self) -> int:
        """The first position that is surely kept, also while something is being written."""
        return max(0, self.written - len(self._ring) + self.sample_rate_hz)


class LiveSource:
    """One loudspeaker's place in a live stream, for as long as it may play."""

    def __init__(self, audio: LiveAudio, *, left_s: float) -> None:
        self._audio = audio
        self._left = round(left_s * audio.sample_rate_hz)
        self._position = self._behind(JOIN_S)
        self._is_dry = False

    def next_frame(self, size: int) -> Samples | None:
        """See `Source`: where the stream gives nothing, the frame is empty."""
        if self._left <= 0:
            return None
        self._left -= size
        if self._position < self._audio.oldest:
            self._position = self._behind(JOIN_S)
        there = self._audio.written - self._position
        needed = round(_REJOIN_S * self._audio.sample_rate_hz) if self._is_dry else size
        if there < needed:
            self._is_dry = True
            return np.zeros(0, dtype=np.int16)
        samples = self._audio.read(self._position, size)
        self._position += size
        return self._fade(samples)

    def _fade(self, samples: Samples) -> Samples:
        """Without a click into a gap's end and out of the last frame."""
        if self._is_dry:
            self._is_dry = False
            samples = scale(samples, fade_in(len(samples)))
        if self._left <= 0:
            samples = scale(samples, fade_in(len(samples))[::-1])
        return samples

    def _behind(self, seconds: float) -> int:
        return max(0, self._audio.written - round(seconds * self._audio.sample_rate_hz))
