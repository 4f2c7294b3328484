"""Which decoded audio is needed by whom, so that each file is decoded once and then let go."""

from dataclasses import dataclass, field
from typing import Protocol

from edge_agent.playout.decoding.decoder import AudioKey, Decoded

Wanted = tuple[str, str]
"""Loudspeaker id, broadcast id."""


class Decodes(Protocol):
    """What the shelf needs of a decoder."""

    def decode(self, key: AudioKey) -> None:
        """Begin to decode; exactly one `Decoded` follows."""


@dataclass(kw_only=True)
class _Item:
    wanted_by: set[Wanted] = field(default_factory=set)
    decoded: Decoded | None = None


class Shelf:
    """Decoded audio in memory: 16 kB for each second, kept while some broadcast needs it."""

    def __init__(self, decoder: Decodes) -> None:
        """Decode with `decoder`, which announces its results elsewhere; `put` brings them here."""
        self._decoder = decoder
        self._items: dict[AudioKey, _Item] = {}

    def want(self, key: AudioKey, wanted: Wanted) -> None:
        """Keep the audio for this broadcast, and have it decoded."""
        item = self._items.get(key)
        if item is None:
            item = self._items[key] = _Item()
            self._decoder.decode(key)
        item.wanted_by.add(wanted)

    def put(self, decoded: Decoded) -> None:
        """Take a decoder's result; what nobody wants any more is dropped."""
        if (item := self._items.get(decoded.key)) is not None:
            item.decoded = decoded

    def find(self, key: AudioKey) -> Decoded | None:
        """What came of it; None: it is not wanted, or not decoded yet."""
        item = self._items.get(key)
        return item.decoded if item else None

    def release(self, key: AudioKey, wanted: Wanted) -> None:
        """This broadcast needs it no longer."""
        item = self._items.get(key)
        if item is not None:
            item.wanted_by.discard(wanted)
            if not item.wanted_by:
                del self._items[key]
