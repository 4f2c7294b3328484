"""What surrounds an announcement: chimes, the words of a drill, the second time; pure but the voice."""

from collections.abc import Awaitable, Callable, Sequence

from ioc.broadcasts.values import Framing
from ioc.sounds import Part, Silence, chime
from ioc.speech import Rendered

DRILL = "Đây là diễn tập."
_AGAIN = "Nhắc lại."
_PAUSE = Silence(seconds=0.5)
_BETWEEN_PHRASES = Silence(seconds=0.12)

Voice = Callable[[str], Awaitable[Rendered]]
"""Says words."""


def script_of(spoken_text: str, framing: Framing) -> str:
    """Return a text as it is said from beginning to end, drill and repetition included."""
    text = spoken_text if spoken_text.endswith((".", "!", "?")) else f"{spoken_text}."
    body = f"{text} {_AGAIN} {text}" if framing.said_twice else spoken_text
    if framing.status == "exercise":
        ended = body if body.endswith((".", "!", "?")) else f"{body}."
        return f"{DRILL} {ended} {DRILL}"
    return body


async def frame_recording(
    body: Sequence[Part], framing: Framing, voice: Voice
) -> tuple[list[Part], str]:
    """Return the parts of a recording with what surrounds it, and the words the voice adds."""
    if framing.status != "exercise":
        return with_chimes(body, framing), ""
    drill = (await voice(DRILL)).samples
    return with_chimes([drill, _PAUSE, *body, _PAUSE, drill], framing), f"{DRILL} … {DRILL}"


def with_chimes(body: Sequence[Part], framing: Framing) -> list[Part]:
    """Return the parts between two chimes; none: as they are."""
    if framing.chime == "none":
        return list(body)
    bell = chime(framing.chime)
    return [bell, _PAUSE, *body, _PAUSE, bell]


def spaced(pieces: Sequence[Part]) -> list[Part]:
    """Return phrases with the short gap that speech has between words."""
    found: list[Part] = []
    for piece in pieces:
        found += [piece, _BETWEEN_PHRASES]
    return found[:-1]
