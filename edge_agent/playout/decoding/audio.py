"""Audio files to samples a loudspeaker can take; it opens local files only and never paces."""

from pathlib import Path

import av
import numpy as np

from drivers.loudspeaker import Samples
from edge_agent.playout.decoding.conditioning import Conditioner, OnlySilence
from edge_agent.playout.decoding.filtering import FloatSamples

LONGEST_S = 3600.0
# Formats that hold audio themselves; playlists and manifests could name other files or hosts.
_FORMATS = "ogg,wav,mp3,flac,mov,aac,matroska,aiff,au"


class AudioRefused(Exception):
    """This audio cannot be played: it is missing, not audio, empty or too long."""


LOUDNESS_LUFS = -16.0
"""Outdoors, above wind and engines: louder than the -23 LUFS of broadcasting (EBU R128)."""


def decode_audio(
    path: Path, *, sample_rate_hz: int, loudness_lufs: float = LOUDNESS_LUFS
) -> Samples:
    """Decode a whole file to mono samples, equally loud whatever the file.

    Raises:
        AudioRefused: With the reason, for the technician. Nothing of the file was played.
    """
    try:
        with av.open(
            f"file:{path}",
            options={"format_whitelist": _FORMATS, "protocol_whitelist": "file"},
        ) as container:
            _refuse_unplayable(container)
            conditioner = Conditioner(sample_rate_hz=sample_rate_hz, loudness_lufs=loudness_lufs)
            if not _decode(container, conditioner, sample_rate_hz=sample_rate_hz):
                raise AudioRefused(f"{path.name} holds no audio")
            return conditioner.finish()
    except (av.FFmpegError, OSError) as error:
        reason = error.strerror or type(error).__name__
        raise AudioRefused(f"cannot read audio from {path.name}: {reason}") from error
    except OnlySilence as error:
        raise AudioRefused(f"{path.name} holds nothing that can be heard, only silence") from error


def _refuse_unplayable(container: av.container.InputContainer) -> None:
    if not container.streams.audio:
        raise AudioRefused(f"{Path(container.name).name} holds no audio track")
    if container.duration and container.duration / av.time_base > LONGEST_S:
        minutes = container.duration / av.time_base / 60
        raise AudioRefused(
            f"{minutes:.0f} min of audio; at most {LONGEST_S / 60:.0f} min are played"
        )


def _decode(
    container: av.container.InputContainer, conditioner: Conditioner, *, sample_rate_hz: int
) -> int:
    """Feed all audio to the conditioner; the number of samples."""
    resampler = av.AudioResampler(format="fltp", layout="mono", rate=sample_rate_hz)
    pieces = _Pieces(conditioner, size=sample_rate_hz)
    for frame in container.decode(audio=0):
        for resampled in resampler.resample(frame):
            pieces.add(resampled.to_ndarray()[0])
        if pieces.total > LONGEST_S * sample_rate_hz:
            raise AudioRefused(f"more than {LONGEST_S / 60:.0f} min of audio")
    for resampled in resampler.resample(None):
        pieces.add(resampled.to_ndarray()[0])
    pieces.flush()
    return pieces.total


class _Pieces:
    """Gathers frames of a few milliseconds into pieces that are worth a call of the filters."""

    def __init__(self, conditioner: Conditioner, *, size: int) -> None:
        self._conditioner = conditioner
        self._size = size
        self._waiting: list[FloatSamples] = []
        self._gathered = 0
        self.total = 0

    def add(self, samples: FloatSamples) -> None:
        self._waiting.append(samples)
        self._gathered += len(samples)
        self.total += len(samples)
        if self._gathered >= self._size:
            self.flush()

    def flush(self) -> None:
        if self._gathered:
            self._conditioner.feed(np.concatenate(self._waiting))
        self._waiting, self._gathered = [], 0
