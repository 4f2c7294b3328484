"""An author's text to the sound that loudspeakers play; it stores nothing."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass

from ioc.sounds.opus import SAMPLE_RATE_HZ, Samples
from ioc.speech.dictionary import Dictionary, default_dictionary
from ioc.speech.errors import SpeechUnavailable, TextTooLong, UnspeakableText
from ioc.speech.espeak import speak
from ioc.speech.reading.normalise import Reading, is_speakable, normalise, read_text
from ioc.speech.wav import decode_wav

LONGEST_TEXT = 2000
"""Characters: about two and a half minutes of speech."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """Speech, ready to be heard by its author and then to be broadcast."""

    samples: Samples
    """Mono at 48 kHz; the same words give the same samples on one machine."""
    spoken_text: str
    """What is really said; the author must see it before it is sent."""

    @property
    def duration_s(self) -> float:
        """How long it sounds."""
        return len(self.samples) / SAMPLE_RATE_HZ


def read_aloud(
    text: str,
    *,
    dictionary: Dictionary | None = None,
    readings: Mapping[str, str] | None = None,
) -> Reading:
    """Return what will be said for a text, and what its author should be asked.

    Args:
        text: As the author wrote it, at most 2,000 characters.
        dictionary: The commune's abbreviations; None: those of the product.
        readings: The author's own answers, what is written to what is said.

    Raises:
        UnspeakableText: There is nothing in it to read out.
        TextTooLong: It has more than 2,000 characters.
    """
    if len(text) > LONGEST_TEXT:
        raise TextTooLong(characters=len(text), limit=LONGEST_TEXT)
    known = dictionary or default_dictionary()
    answers = {key: normalise(said, known) for key, said in (readings or {}).items()}
    reading = read_text(text, known.answered({key: said for key, said in answers.items() if said}))
    if not any(is_speakable(character) for character in reading.spoken_text):
        raise UnspeakableText
    return reading


async def render_speech(words: str, *, program: str = "espeak-ng") -> Rendered:
    """Say words; figures and abbreviations are read out first, as `read_aloud` does without asking.

    Raises:
        UnspeakableText: There is nothing in it to read out.
        SpeechUnavailable: espeak-ng is missing or fails.
    """
    spoken_text = normalise(words)
    if not any(is_speakable(character) for character in spoken_text):
        raise UnspeakableText
    wav = await speak(spoken_text, program=program)
    try:
        samples = await asyncio.to_thread(decode_wav, wav)
    except ValueError as error:
        raise SpeechUnavailable(f"{program}: {error}") from error
    return Rendered(samples=samples, spoken_text=spoken_text)
