"""WAV to Opus in Ogg, the same bytes for the same audio; it opens no file."""

import io
from dataclasses import dataclass

import av
import numpy as np
import numpy.typing as npt

SAMPLE_RATE_HZ = 48000
_BIT_RATE = 32000
# Loudspeakers swallow the first moment while they wake up, and cut the last one off.
_SILENCE_S = 0.3


@dataclass(frozen=True, kw_only=True)
class Encoded:
    """One Opus file."""

    audio: bytes
    duration_s: float


def encode_opus(wav: bytes) -> Encoded:
    """Encode any WAV file as Opus, 48 kHz mono, with a short silence at both ends.

    Raises:
        ValueError: It is no audio.
    """
    silence = np.zeros(round(_SILENCE_S * SAMPLE_RATE_HZ), dtype=np.int16)
    samples = np.concatenate([silence, _decode(wav), silence])
    target = io.BytesIO()
    # Bit-exact: the muxer would otherwise draw a random stream number, and the hash would change.
    with av.open(target, "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE_HZ)
        stream.layout = "mono"
        stream.bit_rate = _BIT_RATE
        frame = av.AudioFrame.from_ndarray(samples[np.newaxis, :], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE_HZ
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return Encoded(audio=target.getvalue(), duration_s=len(samples) / SAMPLE_RATE_HZ)


def _decode(wav: bytes) -> npt.NDArray[np.int16]:
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
