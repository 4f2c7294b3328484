"""A stranger's recording to a clean one: measured, trimmed, cleaned, levelled; runs in the child only.

Twice through the file, so that an hour of audio never lies in memory.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NoReturn

import av
import numpy as np
import numpy.typing as npt

from ioc.sounds.errors import Why
from ioc.sounds.levels import (
    BLOCK_S,
    FRAME_S,
    Voice,
    find_voice,
    is_too_quiet,
    measure_loudness,
)
from ioc.sounds.opus import SAMPLE_RATE_HZ, OpusWriter

TARGET_LUFS = -23.0
"""EBU R128; gateways raise everything alike to what their loudspeakers need."""
_MOST_GAIN_DB = 24.0
# Formats that hold audio themselves; playlists and manifests could name other files or hosts.
_FORMATS = "ogg,wav,mp3,flac,mov,aac,matroska,aiff,au,amr,caf"
_HIGH_PASS = ("highpass", "f=80:p=2")
# K-weighting at 48 kHz (BS.1770-4, tables 1 and 2).
_K_WEIGHTING = (
    ("biquad", ("b0=1.53512485958697:b1=-2.69169618940638:b2=1.19839281085285"
               ":a0=1:a1=-1.69065929318241:a2=0.73248077421585")),
    ("biquad", "b0=1:b1=-2:b2=1:a0=1:a1=-1.99004745483398:a2=0.99007225036621"),
)  # fmt: skip
_BROKEN_SHARE, _BROKEN_AT_LEAST = 0.05, 3

_Floats = npt.NDArray[np.float32]


class Refused(Exception):
    """The recording is not taken; the parent makes a sentence of it."""

    def __init__(self, why: Why, **values: object) -> None:
        self.why = why
        self.values = values
        super().__init__(why)


@dataclass(frozen=True, kw_only=True)
class CleanedFile:
    """What was written."""

    duration_s: float
    loudness_lufs: float
    """Before it was levelled."""


def clean_file(source: Path, target: Path, *, is_voice: bool, longest_s: float) -> CleanedFile:
    """Write a cleaned Opus file.

    Args:
        source: Whatever was uploaded.
        target: Is made; incomplete where this raises.
        is_voice: Noise is reduced; music would suffer.
        longest_s: More is refused.

    Raises:
        Refused: with the reason.
    """
    if source.stat().st_size == 0:
        raise Refused("empty")
    voice, loudness_lufs = _measure(source, longest_s=longest_s)
    gain_db = min(TARGET_LUFS - loudness_lufs, _MOST_GAIN_DB)
    noise_db = min(max(voice.noise_db, -80.0), -20.0)
    chain = [
        _HIGH_PASS,
        *([("afftdn", f"nr=10:nf={noise_db:.0f}")] if is_voice else []),
        ("volume", f"volume={gain_db:.2f}dB"),
        ("alimiter", "limit=0.89:level=disabled"),
    ]
    with target.open("xb") as file, OpusWriter(file) as writer:
        kept = _between(_decode(source, longest_s=longest_s), voice)
        for (samples,) in _filtered(kept, [chain]):
            clipped = np.clip(np.round(samples * 32_767), -32_768, 32_767)
            writer.write(clipped.astype(np.int16))
    return CleanedFile(duration_s=writer.duration_s, loudness_lufs=loudness_lufs)


def _measure(source: Path, *, longest_s: float) -> tuple[Voice, float]:
    frames, blocks = _MeanSquares(FRAME_S), _MeanSquares(BLOCK_S)
    decoded = _decode(source, longest_s=longest_s)
    for plain, weighted in _filtered(decoded, [[_HIGH_PASS], [_HIGH_PASS, *_K_WEIGHTING]]):
        frames.add(plain)
        blocks.add(weighted)
    voice = find_voice(frames.values())
    if voice is None:
        raise Refused("silent")
    if is_too_quiet(voice):
        raise Refused("too_quiet")
    first, last = round(voice.begins_s / BLOCK_S), round(voice.ends_s / BLOCK_S)
    return voice, measure_loudness(blocks.values()[first : max(last, first + 1)])


class _MeanSquares:
    """Mean squares of windows of equal length, however the samples come."""

    def __init__(self, window_s: float) -> None:
        self._window = round(window_s * SAMPLE_RATE_HZ)
        self._left: _Floats = np.zeros(0, dtype=np.float32)
        self._found: list[npt.NDArray[np.float64]] = []

    def add(self, samples: _Floats) -> None:
        waiting = np.concatenate([self._left, samples])
        whole = len(waiting) // self._window * self._window
        windows = waiting[:whole].reshape(-1, self._window).astype(np.float64)
        self._found.append((windows**2).mean(axis=1))
        self._left = waiting[whole:]

    def values(self) -> npt.NDArray[np.float64]:
        return np.concatenate(self._found) if self._found else np.zeros(0)


def _decode(source: Path, *, longest_s: float) -> Iterator[_Floats]:
    """Give the samples of a file, mono at 48 kHz, floats of full scale."""
    options = {"format_whitelist": _FORMATS, "protocol_whitelist": "file"}
    resampler = av.AudioResampler(format="flt", layout="mono", rate=SAMPLE_RATE_HZ)
    decoded = 0
    try:
        with av.open(f"file:{source}", options=options) as container:
            _check_container(container, longest_s=longest_s)
            for frame in _whole_frames(container):
                for resampled in resampler.resample(frame):
                    decoded += resampled.samples
                    if decoded > longest_s * SAMPLE_RATE_HZ:
                        _refuse_length(decoded / SAMPLE_RATE_HZ, longest_s=longest_s)
                    yield resampled.to_ndarray()[0]
            for resampled in resampler.resample(None):
                yield resampled.to_ndarray()[0]
    except (av.FFmpegError, ValueError) as error:
        raise Refused("broken" if decoded else "not_audio") from error
    if not decoded:
        raise Refused("silent")


def _check_container(container: av.container.InputContainer, *, longest_s: float) -> None:
    if not container.streams.audio:
        raise Refused("not_audio")
    length_s = (container.duration or 0) / av.time_base
    if length_s > longest_s:
        _refuse_length(length_s, longest_s=longest_s)


def _refuse_length(length_s: float, *, longest_s: float) -> NoReturn:
    raise Refused("too_long", minutes=math.ceil(length_s / 60), limit=round(longest_s / 60))


def _whole_frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    """Give frames; a damaged packet here and there is left out, a damaged file is refused."""
    packets = damaged = 0
    for packet in container.demux(container.streams.audio[0]):
        packets += 1
        try:
            yield from packet.decode()
        except av.FFmpegError:
            damaged += 1
    if damaged > max(_BROKEN_AT_LEAST, _BROKEN_SHARE * packets):
        raise Refused("broken" if damaged < 0.9 * packets else "not_audio")


def _between(samples: Iterator[_Floats], voice: Voice) -> Iterator[_Floats]:
    """Give what lies within the voice's bounds."""
    first, last = (round(at_s * SAMPLE_RATE_HZ) for at_s in (voice.begins_s, voice.ends_s))
    position = 0
    for piece in samples:
        kept = piece[max(0, first - position) : max(0, last - position)]
        position += len(piece)
        if kept.size:
            yield kept


def _filtered(
    samples: Iterator[_Floats], chains: list[list[tuple[str, str]]]
) -> Iterator[tuple[_Floats, ...]]:
    """Give samples as they come out of each chain of filters."""
    lines = [_Line(chain) for chain in chains]
    for piece in samples:
        yield tuple(line.through(piece) for line in lines)
    yield tuple(line.rest() for line in lines)


class _Line:
    """One chain of filters."""

    def __init__(self, chain: list[tuple[str, str]]) -> None:
        self._graph = av.filter.Graph()
        source = self._graph.add_abuffer(sample_rate=SAMPLE_RATE_HZ, format="flt", layout="mono")
        shape = ("aformat", f"sample_fmts=flt:sample_rates={SAMPLE_RATE_HZ}:channel_layouts=mono")
        nodes = [source]
        nodes += [self._graph.add(name, arguments) for name, arguments in (*chain, shape)]
        nodes.append(self._graph.add("abuffersink"))
        self._graph.link_nodes(*nodes).configure()
        self._pushed = 0

    def through(self, samples: _Floats) -> _Floats:
        """Return what comes out for these samples; it may lag behind."""
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples[np.newaxis, :]), format="flt", layout="mono"
        )
        frame.sample_rate = SAMPLE_RATE_HZ
        frame.pts = self._pushed
        self._pushed += samples.size
        self._graph.push(frame)
        return self._pull()

    def rest(self) -> _Floats:
        """Return what is still inside."""
        self._graph.push(None)
        return self._pull()

    def _pull(self) -> _Floats:
        pulled: list[_Floats] = []
        while True:
            try:
                frame = self._graph.pull()
            except (av.BlockingIOError, av.EOFError):
                break
            pulled.append(frame.to_ndarray()[0])
        return np.concatenate(pulled) if pulled else np.zeros(0, dtype=np.float32)
