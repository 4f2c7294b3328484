"""Audio files to samples a loudspeaker can take; it opens local files only and never paces."""

from pathlib import Path

import av
import numpy as np

from drivers.loudspeaker import Samples

LONGEST_S = 3600.0
# Formats that hold audio themselves; playlists and manifests could name other files or hosts.
_FORMATS = "ogg,wav,mp3,flac,mov,aac,matroska,aiff,au"


class AudioRefused(Exception):
    """This audio cannot be played: it is missing, not audio, empty or too long."""


def decode_audio(path: Path, *, sample_rate_hz: int) -> Samples:
    """Decode a whole file to mono samples.

    Raises:
        AudioRefused: With the reason, for the technician. Nothing of the file was played.
    """
    try:
        with av.open(
            f"file:{path}",
            options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"},
        ) as container:
            _refuse_unplayable(container)
            samples = _decode(container, sample_rate_hz=sample_rate_hz)
    except (av.FFmpegError, OSError) as error:
        reason = error.strerror or type(error).__name__
        raise AudioRefused(f"cannot read audio from {path.name}: {reason}") from error
    if not samples.size:
        raise AudioRefused(f"{path.name} holds no audio")
    return samples


def _refuse_unplayable(container: av.container.InputContainer) -> None:
    if not container.streams.audio:
        raise AudioRefused(f"{Path(container.name).name} holds no audio track")
    if container.duration and container.duration / av.time_base > LONGEST_S:
        minutes = container.duration / av.time_base / 60
        raise AudioRefused(
            f"{minutes:.0f} min of audio; at most {LONGEST_S / 60:.0f} min are played"
        )


def _decode(container: av.container.InputContainer, *, sample_rate_hz: int) -> Samples:
    resampler = av.AudioResampler(format="s16", layout="mono", rate=sample_rate_hz)
    parts: list[Samples] = []
    decoded = 0
    for frame in container.decode(audio=0):
        for resampled in resampler.resample(frame):
            parts.append(resampled.to_ndarray()[0])
            decoded += resampled.samples
        if decoded > LONGEST_S * sample_rate_hz:
            raise AudioRefused(f"more than {LONGEST_S / 60:.0f} min of audio")
    parts += [resampled.to_ndarray()[0] for resampled in resampler.resample(None)]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int16)
