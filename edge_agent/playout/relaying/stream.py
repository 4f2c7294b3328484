"""Receives one radio or HTTP stream and makes it fit to be heard; it paces nothing."""

from collections.abc import Iterator

import av
import numpy as np

from edge_agent.playout.decoding.filtering import FilterChain, FloatSamples

PIECE_S = 0.1
_TIMEOUTS_S = (5.0, 5.0)
"""To connect, and between two packets."""
_UNREADABLE_IN_A_ROW = 100
"""So many packets, two to three seconds of most formats, and it is no bad line but no audio."""
# The formats of live streams. What a playlist names is opened by the same protocols only.
_OPTIONS = {
    "format_whitelist": "mp3,aac,ogg,flac,wav,mpegts,hls,mov,matroska",
    "protocol_whitelist": "http,https,httpproxy,tcp,tls,crypto",
    "analyzeduration": "1000000",
    "probesize": "131072",
}


class StreamRefused(Exception):
    """This address never gives sound: somebody must correct it."""


class StreamBroken(Exception):
    """It gives no sound now; it may again."""


class Loudness:
    """Keeps a stream about equally loud; goes on over interruptions."""

    def __init__(self, *, sample_rate_hz: int, loudness_lufs: float) -> None:
        """Args: the rate of what comes out, and its loudness."""
        self._chain = FilterChain(
            (
                ("highpass", "f=5:poles=1"),
                ("loudnorm", f"I={loudness_lufs}:TP=-1.5:LRA=11"),
                ("aresample", str(sample_rate_hz)),
            ),
            sample_rate_hz=sample_rate_hz,
        )

    def feed(self, samples: FloatSamples) -> FloatSamples:
        """What comes out for what goes in, three seconds later at first."""
        return self._chain.feed(samples)


def receive(url: str, *, sample_rate_hz: int) -> Iterator[FloatSamples]:
    """Mono samples as they come, in pieces of 0.1 s.

    Raises:
        StreamRefused: The address is wrong, or what it gives is no audio.
        StreamBroken: The line or the server failed, or the stream ended.
    """
    has_sounded = False
    try:
        with av.open(url, options=_OPTIONS, timeout=_TIMEOUTS_S) as container:
            if not container.streams.audio:
                raise StreamRefused("it holds no audio")
            for piece in _pieces(container, sample_rate_hz):
                has_sounded = True
                yield piece
    except av.HTTPClientError as error:
        raise StreamRefused(f"its server refuses: {error.strerror}") from error
    except (av.InvalidDataError, av.ProtocolNotFoundError) as error:
        if has_sounded:
            raise StreamBroken("what it gives cannot be decoded") from error
        raise StreamRefused("what it gives is no audio, or an unknown kind of it") from error
    except (av.FFmpegError, OSError) as error:
        raise StreamBroken(error.strerror or type(error).__name__) from error
    raise StreamBroken("it ended")


class _ToMono:
    """Resamples whatever comes: a station may change its channels or its rate in mid-stream."""

    def __init__(self, sample_rate_hz: int) -> None:
        self._rate_hz = sample_rate_hz
        self._kind: tuple[str, str, int] | None = None
        self._resampler = self._new()

    def _new(self) -> av.AudioResampler:
        return av.AudioResampler(format="fltp", layout="mono", rate=self._rate_hz)

    def feed(self, frame: av.AudioFrame) -> Iterator[FloatSamples]:
        """Yield what comes out for what goes in."""
        kind = (frame.format.name, frame.layout.name, frame.sample_rate)
        if kind != self._kind:
            for rest in self._resampler.resample(None):
                yield rest.to_ndarray()[0]
            self._kind, self._resampler = kind, self._new()
        for resampled in self._resampler.resample(frame):
            yield resampled.to_ndarray()[0]


def _pieces(container: av.container.InputContainer, sample_rate_hz: int) -> Iterator[FloatSamples]:
    to_mono = _ToMono(sample_rate_hz)
    waiting: list[FloatSamples] = []
    gathered = 0
    for frame in _frames(container):
        for samples in to_mono.feed(frame):
            waiting.append(samples)
            gathered += len(samples)
        if gathered >= PIECE_S * sample_rate_hz:
            yield np.concatenate(waiting)
            waiting, gathered = [], 0


def _frames(container: av.container.InputContainer) -> Iterator[av.AudioFrame]:
    """Decode, and leave out the packets that are broken: on a bad line some always are."""
    unreadable = 0
    for packet in container.demux(audio=0):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            unreadable += 1
            if unreadable > _UNREADABLE_IN_A_ROW:
                raise
            continue
        unreadable = 0
        yield from frames
