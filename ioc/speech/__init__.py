"""Text to Vietnamese speech: what will be said, and the audio of it."""

from ioc.speech.dictionary import (
    Dictionary,
    DictionaryUnusable,
    default_dictionary,
    load_dictionary,
)
from ioc.speech.errors import SpeechError, SpeechUnavailable, TextTooLong, UnspeakableText
from ioc.speech.reading.normalise import normalise
from ioc.speech.render import LONGEST_TEXT, Rendered, render_speech

__all__ = [
    "LONGEST_TEXT",
    "Dictionary",
    "DictionaryUnusable",
    "Rendered",
    "SpeechError",
    "SpeechUnavailable",
    "TextTooLong",
    "UnspeakableText",
    "default_dictionary",
    "load_dictionary",
    "normalise",
    "render_speech",
]
