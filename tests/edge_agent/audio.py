"""Audio for the gateway's tests, made here: no recording is ever kept."""

import io

import av
import numpy as np


def tone_ogg(*, seconds: float, frequency_hz: float = 440.0) -> bytes:
    """An Opus tone, 48 kHz mono."""
    instants = np.arange(int(48_000 * seconds)) / 48_000
    samples = (12_000 * np.sin(2 * np.pi * frequency_hz * instants)).astype(np.int16)
    output = io.BytesIO()
    with av.open(output, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=48_000, layout="mono")
        for start in range(0, len(samples), 960):
            chunk = samples[start : start + 960].reshape(1, -1)
            frame = av.AudioFrame.from_ndarray(chunk, format="s16", layout="mono")
            frame.sample_rate = 48_000
            frame.pts = start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return output.getvalue()
