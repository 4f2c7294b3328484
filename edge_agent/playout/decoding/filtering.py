"""Chains of libav's audio filters over mono float samples; it opens no file and decides nothing."""

from collections.abc import Sequence
from fractions import Fraction

import av
import numpy as np
import numpy.typing as npt

FloatSamples = npt.NDArray[np.float32]
"""Mono, full scale at 1.0, shape `(samples,)`."""


class FilterChain:
    """Filters one after the other; what goes in comes out later, and complete after `drain`."""

    def __init__(self, filters: Sequence[tuple[str, str]], *, sample_rate_hz: int) -> None:
        """Args: names and options of the filters, as libavfilter's; mono in, mono out."""
        self._rate_hz = sample_rate_hz
        self._position = 0
        self._graph = av.filter.Graph()
        self._source = self._graph.add_abuffer(
            format="fltp",
            sample_rate=sample_rate_hz,
            layout="mono",
            time_base=Fraction(1, sample_rate_hz),
        )
        last = self._source
        for name, options in (*filters, ("aformat", "sample_fmts=fltp:channel_layouts=mono")):
            node = self._graph.add(name, options)
            last.link_to(node)
            last = node
        self._sink = self._graph.add("abuffersink")
        last.link_to(self._sink)
        self._graph.configure()

    def feed(self, samples: FloatSamples) -> FloatSamples:
        """Filter some samples; what is ready by now."""
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="fltp", layout="mono")
        frame.sample_rate = self._rate_hz
        frame.time_base = Fraction(1, self._rate_hz)
        frame.pts = self._position
        self._position += len(samples)
        self._source.push(frame)
        return self._pull()

    def drain(self) -> FloatSamples:
        """What was still inside; the chain takes nothing more."""
        self._source.push(None)
        return self._pull()

    def _pull(self) -> FloatSamples:
        parts: list[FloatSamples] = []
        while True:
            try:
                frame = self._sink.pull()
            except (av.BlockingIOError, av.EOFError):
                return np.concatenate(parts) if parts else np.zeros(0, dtype=np.float32)
            if isinstance(frame, av.AudioFrame):
                parts.append(frame.to_ndarray()[0])
