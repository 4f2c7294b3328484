"""Which decoded audio is needed by whom, so that each file is decoded once and then let go."""

from dataclasses import dataclass, field

from drivers.loudspeaker import Samples
from edge_agent.playout.decoding.decoder import AudioKey, Decoded, Decoder

Wanted = tuple[str, str]
"""Loudspeaker id, broadcast id."""


@dataclass(kw_only=True)
class _Item:
    wanted_by: set[Wanted] = field(default_factory=set)
    decoded: Decoded | None = None


class Shelf:
    """Decoded audio in memory: 16 kB for each second, kept while some broadcast needs it."""

    def __init__(self, decoder: Decoder) -> None:
        """Decode with `decoder`, which announces its results elsewhere; `put` brings them here."""
        self._decoder = decoder
        self._items: dict[AudioKey, _Item] = {}

    def want(self, key: AudioKey, wanted: Wanted) -> Decoded | None:
        """Keep the audio for this broadcast; what is decoded already, or None until `put`."""
        item = self._items.get(key)
        if item is None:
            item = self._items[key] = _Item()
            self._decoder.decode(key)
        item.wanted_by.add(wanted)
        return item.decoded

    def put(self, decoded: Decoded) -> tuple[Wanted, ...]:
        """Take a decoder's result; the broadcasts that wait for it."""
        item = self._items.get(decoded.key)
        if item is None:
            return ()
        item.decoded = decoded
        return tuple(sorted(item.wanted_by))

    def samples(self, key: AudioKey) -> Samples:
        """The audio of a key whose decoding succeeded.

        Raises:
            KeyError: Nobody wants it, or it is not decoded.
        """
        decoded = self._items[key].decoded
        if decoded is None or decoded.samples is None:
            raise KeyError(key)
        return decoded.samples

    def release(self, key: AudioKey, wanted: Wanted) -> None:
        """This broadcast needs it no longer."""
        item = self._items.get(key)
        if item is not None:
            item.wanted_by.discard(wanted)
            if not item.wanted_by:
                del self._items[key]
