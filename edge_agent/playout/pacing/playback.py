"""One broadcast on one loudspeaker while it plays: its frames in shape, and what became of them."""

import math
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np

from drivers.loudspeaker import FRAME_S, LoudspeakerSink, Samples
from edge_agent.playout.faults import Fault

_BIN_S = 0.0001
_BINS = 2_000


class Source(Protocol):
    """Where a playback's samples come from; it never waits."""

    def next_frame(self, size: int) -> Samples | None:
        """The next `size` samples at the sink's rate.

        Fewer at the end of a file; none at all where a stream has nothing to give now; None when
        there is no more.
        """


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What was really sent of one broadcast to one loudspeaker."""

    started_at_s: float | None
    """Monotonic instant of the first frame; None: nothing was sent."""
    seconds_sent: float
    underruns: int
    lateness_p99_ms: float
    lost_s: float = 0.0
    """What the loudspeaker did not take."""


class Lateness:
    """How late frames were, however many: counted in steps of 0.1 ms up to 200 ms."""

    def __init__(self) -> None:
        self._counts = [0] * (_BINS + 1)
        self._total = 0
        self.underruns = 0

    def add(self, late_s: float) -> None:
        """Count one frame."""
        self._counts[min(max(0, int(late_s / _BIN_S)), _BINS)] += 1
        self._total += 1
        self.underruns += late_s > FRAME_S

    def p99_ms(self) -> float:
        """What 99 of 100 frames were not later than, in ms; 0 without frames."""
        above = self._total // 100
        for step in range(_BINS, -1, -1):
            above -= self._counts[step]
            if above < 0:
                return step * _BIN_S * 1000
        return 0.0


@dataclass(kw_only=True)
class Trouble:
    """The loudspeaker has refused frames since `since_s`."""

    since_s: float
    fault: Fault
    retry_at_s: float | None
    """When to connect again; None: the connection stands."""
    is_away: bool


@dataclass(kw_only=True)
class Playback:
    """One broadcast on one loudspeaker; the pacer keeps its tally in it."""

    loudspeaker_id: str
    broadcast_id: str
    sink: LoudspeakerSink
    source: Source
    gain: float = 1.0
    started_at_s: float | None = None
    is_fresh: bool = True
    """The next frame is the first, or the first after an interruption: it is faded in."""
    sent_samples: int = 0
    lost_samples: int = 0
    gaps: int = 0
    clean_frames: int = 0
    trouble: Trouble | None = None
    last_fault: Fault | None = None
    lateness: Lateness = field(default_factory=Lateness)

    def tally(self) -> Tally:
        """What was sent so far."""
        return Tally(
            started_at_s=self.started_at_s,
            seconds_sent=self.sent_samples / self.sink.sample_rate_hz,
            underruns=self.lateness.underruns + self.gaps,
            lateness_p99_ms=self.lateness.p99_ms(),
            lost_s=self.lost_samples / self.sink.sample_rate_hz,
        )

    def shape(self, samples: Samples) -> Samples:
        """A whole frame at the loudspeaker's volume, faded in where it begins."""
        size = self.sink.frame_samples
        frame = samples if len(samples) == size else np.pad(samples, (0, size - len(samples)))
        if self.is_fresh:
            return scale(frame, fade_in(size) * np.float32(self.gain))
        return frame if self.gain == 1.0 else scale(frame, np.float32(self.gain))

    def fade_out(self) -> Samples | None:
        """One last frame that ends without a click; None when nothing sounds now."""
        if self.started_at_s is None or self.trouble is not None or self.is_fresh:
            return None
        samples = self.source.next_frame(self.sink.frame_samples)
        if samples is None or not len(samples):
            return None
        return scale(self.shape(samples), fade_in(self.sink.frame_samples)[::-1])


def fade_in(size: int) -> np.ndarray:
    """Factors from 0 to 1 over `size` samples, smooth at both ends."""
    return (np.sin(np.linspace(0, math.pi / 2, size)) ** 2).astype(np.float32)


def scale(samples: Samples, factor: np.ndarray | np.float32) -> Samples:
    """Samples times a factor of at most 1."""
    scaled: Samples = np.rint(samples * factor).astype(np.int16)
    return scaled


def mix(one: Samples, other: Samples) -> Samples:
    """Two frames at the same time."""
    both = one.astype(np.int32) + other
    mixed: Samples = np.clip(both, -32768, 32767).astype(np.int16)
    return mixed
