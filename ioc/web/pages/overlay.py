"""Where on a picture the object and the figure are, and which way the figure went; pure."""

from dataclasses import dataclass

from contracts.events import (
    EventData,
    IntrusionStarted,
    LitteringConfirmed,
    LoiteringStarted,
    PathPoint,
)
from ioc.web.presentation import Wording
from ioc.web.reading.evidence import Picture

_FEW_DOTS = 24
"""More would run into each other on a picture as wide as a hand."""


@dataclass(frozen=True, kw_only=True)
class Frame:
    """A box on a picture, in its pixels."""

    what: str
    """`object` or `figure`."""
    x: float
    y: float
    width: float
    height: float


@dataclass(frozen=True, kw_only=True)
class Mark:
    """A point of the path, in pixels; the first and the last one have words."""

    x: float
    y: float
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class Overlay:
    """What is drawn over one picture."""

    width_px: int
    height_px: int
    frames: tuple[Frame, ...]
    path: tuple[Mark, ...]
    """In order of time."""
    description: str
    """For who does not see it."""

    @property
    def line(self) -> str:
        """The path as SVG spells points."""
        return " ".join(f"{mark.x:g},{mark.y:g}" for mark in self.path)


def overlay_of(picture: Picture, sighting: EventData | None, wording: Wording) -> Overlay | None:
    """Return what to draw over a picture of a sighting; None: nothing.

    The picture from before shows the place as it was, so nothing is drawn on it.
    """
    if sighting is None or picture.role == "before":
        return None
    frames = _frames(picture, sighting)
    path = _path(picture, sighting, wording)
    if not frames and not path:
        return None
    return Overlay(
        width_px=picture.width_px,
        height_px=picture.height_px,
        frames=frames,
        path=path,
        description=_describe(frames, path, sighting, wording),
    )


def directions(sighting: EventData | None, wording: Wording) -> tuple[str, str]:
    """Return from where the figure came and whither it went, in words; empty: unknown."""
    if not isinstance(sighting, LitteringConfirmed):
        return "", ""
    words = wording.words
    came = words(f"path.from_{sighting.came_from}") if sighting.came_from else ""
    went = words(f"path.to_{sighting.went_to}") if sighting.went_to else ""
    return came, went


def _frames(picture: Picture, sighting: EventData) -> tuple[Frame, ...]:
    found = []
    match sighting:
        case LitteringConfirmed():
            found = [("object", sighting.box)]
            if picture.role == "depositing" and sighting.figure_box is not None:
                found.append(("figure", sighting.figure_box))
        case IntrusionStarted() | LoiteringStarted():
            found = [("figure", sighting.box)]
        case _:
            pass
    return tuple(
        Frame(
            what=what,
            x=round(left * picture.width_px, 1),
            y=round(top * picture.height_px, 1),
            width=round(width * picture.width_px, 1),
            height=round(height * picture.height_px, 1),
        )
        for what, (left, top, width, height) in found
    )


def _path(picture: Picture, sighting: EventData, wording: Wording) -> tuple[Mark, ...]:
    if not isinstance(sighting, LitteringConfirmed) or len(sighting.path) < 2:
        return ()
    points = _thinned(sorted(sighting.path, key=lambda point: point.at))
    came, went = directions(sighting, wording)
    last = len(points) - 1
    words = {
        0: came or wording.words("path.first_seen"),
        last: went or wording.words("path.last_seen"),
    }
    return tuple(
        Mark(
            x=round(point.x * picture.width_px, 1),
            y=round(point.y * picture.height_px, 1),
            words=words.get(index, ""),
        )
        for index, point in enumerate(points)
    )


def _thinned(points: list[PathPoint]) -> list[PathPoint]:
    """Return at most so many points as can be told apart, the first and the last among them."""
    if len(points) <= _FEW_DOTS:
        return points
    step = (len(points) - 1) / (_FEW_DOTS - 1)
    return [points[round(index * step)] for index in range(_FEW_DOTS)]


def _describe(
    frames: tuple[Frame, ...], path: tuple[Mark, ...], sighting: EventData, wording: Wording
) -> str:
    words = wording.words
    said = [words(f"alarm.{frame.what}_box") for frame in frames]
    if path:
        came, went = directions(sighting, wording)
        ways = ", ".join(way for way in (came, went) if way)
        said.append(f"{words('path.drawn')}: {ways}" if ways else words("path.drawn"))
    return ". ".join(said)
