"""One broadcast's sound for one loudspeaker, whatever it is made of; it plays nothing itself."""

from typing import Protocol

from drivers.loudspeaker import Samples
from edge_agent.playout.decoding.decoder import AudioKey
from edge_agent.playout.material.live import JOIN_S, LiveSource
from edge_agent.playout.material.relays import RelayKey, Relays
from edge_agent.playout.material.shelf import Shelf, Wanted
from edge_agent.playout.pacing.playback import Source

CONTEXT_S = 2.0
"""What was interrupted goes on so long before the cut, so that the sentence is understood."""
STREAM_PATIENCE_S = 15.0
"""A stream that gave nothing so long after it was due has failed."""


class Material(Protocol):
    """What the channel needs to know of a sound."""

    def want(self) -> None:
        """Begin to get it ready; repeated, it does no harm."""

    @property
    def is_ready(self) -> bool:
        """Whether `open` gives a source that sounds at once."""

    def refusal(self, *, waited_s: float) -> str:
        """Why it can never be played; empty while it can.

        Args:
            waited_s: how long ago it was due; negative before.
        """

    def open(self, *, left_s: float) -> Source:
        """The sound from where it was left, or from where a live one is now."""

    def leave(self, source: Source) -> None:
        """Remember where an interrupted source was left."""

    def release(self) -> None:
        """Nobody plays it here any more."""


class FileSource:
    """Decoded samples, from a position on."""

    def __init__(self, samples: Samples, *, position: int) -> None:
        self._samples = samples
        self.position = position

    def next_frame(self, size: int) -> Samples | None:
        """See `Source`."""
        frame = self._samples[self.position : self.position + size]
        self.position += size
        return frame if len(frame) else None


class FileMaterial:
    """An audio file, decoded when it is wanted."""

    def __init__(self, shelf: Shelf, key: AudioKey, wanted: Wanted) -> None:
        """Args: `release` it in the end."""
        self._shelf = shelf
        self._key = key
        self._wanted = wanted
        self._position = 0

    def want(self) -> None:
        """See `Material`."""
        self._shelf.want(self._key, self._wanted)

    @property
    def is_ready(self) -> bool:
        """See `Material`."""
        decoded = self._shelf.find(self._key)
        return decoded is not None and decoded.samples is not None

    def refusal(self, *, waited_s: float) -> str:  # noqa: ARG002 - a file is decoded or it is not
        """See `Material`."""
        decoded = self._shelf.find(self._key)
        return decoded.refusal if decoded is not None and decoded.samples is None else ""

    def open(self, *, left_s: float) -> Source:  # noqa: ARG002 - a file ends by itself
        """See `Material`."""
        decoded = self._shelf.find(self._key)
        if decoded is None or decoded.samples is None:
            raise KeyError(self._key)
        return FileSource(decoded.samples, position=self._position)

    def leave(self, source: Source) -> None:
        """See `Material`."""
        if isinstance(source, FileSource):
            context = round(CONTEXT_S * self._key.sample_rate_hz)
            self._position = max(0, source.position - context)

    def release(self) -> None:
        """See `Material`."""
        self._shelf.release(self._key, self._wanted)


class StreamMaterial:
    """A live stream, received while it is wanted."""

    def __init__(self, relays: Relays, key: RelayKey, wanted: Wanted) -> None:
        """Args: `release` it in the end."""
        self._relays = relays
        self._key = key
        self._wanted = wanted

    def want(self) -> None:
        """See `Material`."""
        self._relays.want(self._key, self._wanted)

    @property
    def is_ready(self) -> bool:
        """See `Material`."""
        audio = self._relays.audio(self._key)
        return audio is not None and audio.buffered_s >= JOIN_S

    def refusal(self, *, waited_s: float) -> str:
        """See `Material`."""
        audio = self._relays.audio(self._key)
        if audio is None or self.is_ready:
            return ""
        if audio.refusal:
            return audio.refusal
        obstacle = audio.obstacle or "it is silent"
        return f"the stream gives no sound: {obstacle}" if waited_s > STREAM_PATIENCE_S else ""

    def open(self, *, left_s: float) -> Source:
        """See `Material`."""
        audio = self._relays.audio(self._key)
        if audio is None:
            raise KeyError(self._key)
        return LiveSource(audio, left_s=left_s)

    def leave(self, source: Source) -> None:
        """See `Material`: a live stream is joined where it is then."""

    def release(self) -> None:
        """See `Material`."""
        self._relays.release(self._key, self._wanted)
