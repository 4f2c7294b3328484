"""Text to Vietnamese speech: what will be said, what to ask its author, and the sound of it."""

from ioc.speech.dictionary import (
    Dictionary,
    DictionaryUnusable,
    default_dictionary,
    load_dictionary,
)
from ioc.speech.errors import SpeechError, SpeechUnavailable, TextTooLong, UnspeakableText
from ioc.speech.reading.normalise import Reading, normalise, read_text
from ioc.speech.reading.rules import Question
from ioc.speech.render import LONGEST_TEXT, Rendered, read_aloud, render_speech

__all__ = [
    "LONGEST_TEXT",
    "Dictionary",
    "DictionaryUnusable",
    "Question",
    "Reading",
    "Rendered",
    "SpeechError",
    "SpeechUnavailable",
    "TextTooLong",
    "UnspeakableText",
    "default_dictionary",
    "load_dictionary",
    "normalise",
    "read_aloud",
    "read_text",
    "render_speech",
]
