"""Texts turned into sound by `ioc.speech`, its errors translated into refusals for the author."""

from collections.abc import Awaitable, Callable
from typing import Protocol

from ioc.people.errors import Refusal
from ioc.speech.errors import SpeechError, SpeechUnavailable, TextTooLong, UnspeakableText
from ioc.speech.render import render_speech

_CODES: dict[type[SpeechError], str] = {
    UnspeakableText: "unspeakable_text",
    TextTooLong: "text_too_long",
    SpeechUnavailable: "speech_unavailable",
}


class Spoken(Protocol):
    """A text as it will sound."""

    @property
    def audio(self) -> bytes:
        """Opus in Ogg, 48 kHz mono."""
        ...

    @property
    def duration_s(self) -> float:
        """How long it sounds."""
        ...

    @property
    def spoken_text(self) -> str:
        """What is read out, numbers and abbreviations in words."""
        ...


RenderSpeech = Callable[[str], Awaitable[Spoken]]


async def render(text: str) -> Spoken:
    """Return the sound of a text.

    Raises:
        Refusal: it cannot be spoken; the sentences say why and who must act.
    """
    try:
        return await render_speech(text)
    except SpeechError as error:
        code = _CODES.get(type(error), "speech_unavailable")
        raise Refusal(code, vi=error.vietnamese, en=error.english) from error
