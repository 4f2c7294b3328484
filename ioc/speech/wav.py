"""What the speech engine says as samples; it opens no file."""

import io

import av
import numpy as np

from ioc.sounds.opus import SAMPLE_RATE_HZ, Samples


def decode_wav(wav: bytes) -> Samples:
    """Return the samples of a WAV file, mono at 48 kHz.

    Raises:
        ValueError: It is no audio.
    """
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE_HZ)
    try:
        with av.open(io.BytesIO(wav), "r", format="wav") as container:
            frames = [
                out for frame in container.decode(audio=0) for out in resampler.resample(frame)
            ]
            frames += resampler.resample(None)
    except av.FFmpegError as error:
        raise ValueError(f"no audio in the WAV file: {error.strerror}") from error
    if not frames:
        raise ValueError("no audio in the WAV file")
    return np.concatenate([frame.to_ndarray()[0] for frame in frames])
