"""What an installation decides about the sources of announcements."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ioc.speech import Dictionary, default_dictionary, load_dictionary

if TYPE_CHECKING:
    from ioc.settings import Broadcasts


@dataclass(frozen=True, kw_only=True)
class Station:
    """A radio station that everybody who may speak may also relay."""

    name: str
    stream_url: str


@dataclass(frozen=True, kw_only=True)
class Sources:
    """The commune's own dictionary, stations and limits."""

    dictionary: Dictionary
    stations: tuple[Station, ...] = ()
    largest_upload_bytes: int = 40_000_000

    @classmethod
    def default(cls) -> "Sources":
        """Return the product's dictionary, no station, the usual limit."""
        return cls(dictionary=default_dictionary())


def sources_of(settings: "Broadcasts") -> Sources:
    """Return what the settings file says, the commune's dictionary read.

    Raises:
        DictionaryUnusable: the commune's dictionary cannot be read or is wrong.
    """
    dictionary = default_dictionary()
    if settings.dictionary is not None:
        dictionary = dictionary.extended(load_dictionary(settings.dictionary))
    return Sources(
        dictionary=dictionary,
        stations=tuple(
            Station(name=station.name, stream_url=station.url) for station in settings.stations
        ),
        largest_upload_bytes=settings.largest_upload_mb * 1_000_000,
    )
