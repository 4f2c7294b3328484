"""Where announcements come from: typed text, recordings, recorded phrases, relayed stations."""

from ioc.broadcasts.sources.phrases import PhraseBank
from ioc.broadcasts.sources.settings import Sources, Station
from ioc.broadcasts.sources.studio import Studio
from ioc.broadcasts.sources.vocabulary import LANGUAGES, Phrase, Template

__all__ = [
    "LANGUAGES",
    "Phrase",
    "PhraseBank",
    "Sources",
    "Station",
    "Studio",
    "Template",
]
