"""Sounds to send through loudspeakers, made here: no recording is ever kept."""

import functools
import io
import subprocess

import av
import numpy as np

from tests.fakes.programs import find_program

ANNOUNCEMENT = "Thông báo: ngày mai toàn xã cắt điện từ bảy giờ đến mười một giờ. Xin bà con lưu ý."


@functools.cache
def speech(sample_rate_hz: int, *, seconds: float = 3.0) -> np.ndarray:
    """Real speech, `(seconds * sample_rate_hz,) int16`: whole frames of 20 ms."""
    spoken = subprocess.run(
        [find_program("espeak-ng"), "-v", "vi", "--stdout", ANNOUNCEMENT],
        capture_output=True,
        check=True,
    ).stdout
    resampler = av.AudioResampler(format="s16", layout="mono", rate=sample_rate_hz)
    with av.open(io.BytesIO(spoken)) as container:
        parts = [out for frame in container.decode(audio=0) for out in resampler.resample(frame)]
    samples = np.concatenate([part.to_ndarray()[0] for part in parts])
    return samples[: round(seconds * sample_rate_hz)]
