"""Texts turned into words and sound by `ioc.speech`, its errors translated into refusals."""

from collections.abc import Mapping

from ioc.people.errors import Refusal
from ioc.speech import (
    Dictionary,
    Reading,
    Rendered,
    SpeechError,
    SpeechUnavailable,
    TextTooLong,
    UnspeakableText,
    read_aloud,
    render_speech,
)

_CODES: dict[type[SpeechError], str] = {
    UnspeakableText: "unspeakable_text",
    TextTooLong: "text_too_long",
    SpeechUnavailable: "speech_unavailable",
}


def read_text(text: str, dictionary: Dictionary, readings: Mapping[str, str]) -> Reading:
    """Return what will be said for a text, and what to ask its author.

    Raises:
        Refusal: it cannot be spoken; the sentences say why and who must act.
    """
    try:
        return read_aloud(text, dictionary=dictionary, readings=readings)
    except SpeechError as error:
        raise _refusal(error) from error


async def say(words: str) -> Rendered:
    """Return the sound of words.

    Raises:
        Refusal: the speech engine does not work.
    """
    try:
        return await render_speech(words)
    except SpeechError as error:
        raise _refusal(error) from error


def _refusal(error: SpeechError) -> Refusal:
    code = _CODES.get(type(error), "speech_unavailable")
    return Refusal(code, vi=error.vietnamese, en=error.english)
