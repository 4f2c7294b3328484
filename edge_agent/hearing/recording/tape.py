"""What one microphone gave while one broadcast played, on the machine's monotonic clock.

In memory and bounded; opens nothing.
"""

import threading
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from edge_agent.hearing.comparing.whitening import SAMPLE_RATE_HZ, Samples


@dataclass(frozen=True, kw_only=True)
class Chunk:
    """A little sound from one connection to a camera."""

    connection: int
    """Chunks of one connection share the camera's clock."""
    stream_s: float
    """Of its first sample, on that clock."""
    arrived_at_s: float
    samples: Samples

    @property
    def delay_s(self) -> float:
        """When it was complete here, minus when the camera says that it was."""
        return self.arrived_at_s - self.stream_s - len(self.samples) / SAMPLE_RATE_HZ


class Tape:
    """Takes chunks from a microphone's thread, and is read by another."""

    def __init__(self, *, begins_at_s: float, ends_at_s: float) -> None:
        """Args: what arrives outside these instants is not kept."""
        self._begins_at_s = begins_at_s
        self._ends_at_s = ends_at_s
        self._lock = threading.Lock()
        self._chunks: list[Chunk] = []
        # A camera that sends faster than it hears does not fill the memory.
        self._room = round((ends_at_s - begins_at_s) * SAMPLE_RATE_HZ)

    def add(self, chunk: Chunk) -> None:
        """Keep a chunk if it belongs here."""
        if not self._begins_at_s <= chunk.arrived_at_s <= self._ends_at_s:
            return
        with self._lock:
            if len(chunk.samples) <= self._room:
                self._room -= len(chunk.samples)
                self._chunks.append(chunk)

    @property
    def is_empty(self) -> bool:
        """Whether nothing has arrived."""
        with self._lock:
            return not self._chunks

    def read(self, begin_s: float, size: int) -> tuple[Samples, npt.NDArray[np.bool_]]:
        """The sound from a monotonic instant on, and which of its samples are known.

        The chunk of a connection that came soonest tells its clock: others waited on their way.
        """
        with self._lock:
            chunks = tuple(self._chunks)
        delays: dict[int, float] = {}
        for chunk in chunks:
            delays[chunk.connection] = min(
                chunk.delay_s, delays.get(chunk.connection, chunk.delay_s)
            )
        sound, known = np.zeros(size, dtype=np.int16), np.zeros(size, dtype=np.bool_)
        for chunk in chunks:
            heard_s = chunk.stream_s + delays[chunk.connection]
            at = round((heard_s - begin_s) * SAMPLE_RATE_HZ)
            begin, end = max(0, at), min(size, at + len(chunk.samples))
            if begin < end:
                sound[begin:end] = chunk.samples[begin - at : end - at]
                known[begin:end] = True
        return sound, known
