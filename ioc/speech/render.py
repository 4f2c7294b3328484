"""An author's text to the audio that loudspeakers play; it stores nothing."""

import asyncio
import hashlib
from dataclasses import dataclass

from ioc.speech.dictionary import Dictionary
from ioc.speech.errors import SpeechUnavailable, TextTooLong, UnspeakableText
from ioc.speech.espeak import speak
from ioc.speech.opus import encode_opus
from ioc.speech.reading.normalise import is_speakable, normalise

LONGEST_TEXT = 2000
"""Characters: about two and a half minutes of speech."""


@dataclass(frozen=True, kw_only=True)
class Rendered:
    """Speech, ready to be heard by its author and then to be broadcast."""

    audio: bytes
    """Opus in Ogg, 48 kHz mono."""
    sha256: str
    """Of `audio`, lower-case hexadecimal; the same text gives the same audio on one machine."""
    duration_s: float
    spoken_text: str
    """What is really said; the author must see it before it is sent."""


async def render_speech(
    text: str, *, dictionary: Dictionary | None = None, program: str = "espeak-ng"
) -> Rendered:
    """Speak a Vietnamese text.

    Args:
        text: As the author wrote it, at most 2,000 characters.
        dictionary: The commune's abbreviations; None: those of the product.
        program: The espeak-ng to run.

    Raises:
        UnspeakableText: There is nothing in it to read out.
        TextTooLong: It has more than 2,000 characters.
        SpeechUnavailable: espeak-ng is missing or fails.
    """
    if len(text) > LONGEST_TEXT:
        raise TextTooLong(characters=len(text), limit=LONGEST_TEXT)
    spoken_text = normalise(text, dictionary)
    if not any(is_speakable(character) for character in spoken_text):
        raise UnspeakableText
    wav = await speak(spoken_text, program=program)
    try:
        encoded = await asyncio.to_thread(encode_opus, wav)
    except ValueError as error:
        raise SpeechUnavailable(f"{program}: {error}") from error
    return Rendered(
        audio=encoded.audio,
        sha256=hashlib.sha256(encoded.audio).hexdigest(),
        duration_s=encoded.duration_s,
        spoken_text=spoken_text,
    )
