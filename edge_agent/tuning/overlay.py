"""Draws zones, masks, things and figures over a picture, as a technician needs to see them. Pure."""

import unicodedata
from collections.abc import Iterable, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.orders import Box, Polygon, Zone

Image = NDArray[np.uint8]
"""(height, width, 3) BGR."""
Colour = tuple[int, int, int]

WHITE, BLACK, GREY = (255, 255, 255), (0, 0, 0), (160, 160, 160)
ZONE_COLOURS: dict[str, Colour] = {
    "no_dumping": (60, 140, 255),
    "motion": (200, 200, 80),
    "intrusion": (80, 80, 255),
    "loitering": (200, 80, 200),
    "crowding": (80, 200, 80),
}
PHASE_COLOURS: dict[Phase, Colour] = {
    Phase.CANDIDATE: (0, 220, 255),
    Phase.ATTENDED: (255, 200, 0),
    Phase.UNATTENDED: (0, 140, 255),
    Phase.CONFIRMED: (0, 0, 255),
}
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def plain(text: str) -> str:
    """Return text in the letters that the drawing font has; others become question marks."""
    folded = text.replace("đ", "d").replace("Đ", "D")
    bare = "".join(c for c in unicodedata.normalize("NFD", folded) if not 0x300 <= ord(c) <= 0x36F)
    return bare.encode("ascii", "replace").decode()


def write(image: Image, text: str, left: int, baseline: int, colour: Colour = WHITE) -> None:
    """Write one line with a dark edge, readable on anything, moved to where the picture holds it."""
    scale = 0.45 * max(1.0, image.shape[1] / 800)
    (width, height), _ = cv2.getTextSize(plain(text), _FONT, scale, 3)
    place = (max(0, min(left, image.shape[1] - width)), max(baseline, height))
    for thick, shade in ((3, BLACK), (1, colour)):
        cv2.putText(image, plain(text), place, _FONT, scale, shade, thick, cv2.LINE_AA)


def draw_zones(image: Image, zones: Iterable[Zone]) -> None:
    """Draw each zone's outline, its name, and its corners by number."""
    for line, zone in enumerate(zones, 1):
        colour = ZONE_COLOURS[zone.purpose]
        points = corners(zone.polygon, image)
        cv2.polylines(image, [points], isClosed=True, color=colour, thickness=2)
        left, top = points.min(axis=0)
        write(image, f"{zone.name} ({zone.purpose})", int(left) + 4, int(top) + 18 * line, colour)
        for number, (x, y) in enumerate(points, 1):
            cv2.circle(image, (int(x), int(y)), 4, colour, -1)
            write(image, str(number), int(x) + 5, int(y) - 5, colour)


def draw_masks(image: Image, masks: Iterable[Polygon]) -> None:
    """Blacken what nobody may see, hatched so that it is known for a mask."""
    for mask in masks:
        points = corners(mask, image)
        cv2.fillPoly(image, [points], BLACK)
        cv2.polylines(image, [points], isClosed=True, color=GREY, thickness=1)


def draw_grid(image: Image) -> None:
    """Draw a line at each tenth of the picture with its share, so that points can be read off."""
    height, width = image.shape[:2]
    for tenth in range(1, 10):
        x, y = round(width * tenth / 10), round(height * tenth / 10)
        thick = 2 if tenth == 5 else 1
        cv2.line(image, (x, 0), (x, height), GREY, thick)
        cv2.line(image, (0, y), (width, y), GREY, thick)
        write(image, f"{tenth / 10:.1f}", x + 2, 14)
        write(image, f"{tenth / 10:.1f}", 2, y - 3)


def draw_things(
    image: Image, things: Sequence[LeftObject], plane_size: tuple[int, int], t_s: float
) -> None:
    """Draw each candidate and confirmed object with its phase, its age and how it is judged."""
    for thing in things:
        colour = PHASE_COLOURS.get(thing.attention.phase, WHITE)
        left, top, right, bottom = pixels(thing.area.shares_of(plane_size), image)
        cv2.rectangle(image, (left, top), (right, bottom), colour, 2)
        attention = thing.attention
        alone = "" if attention.alone_since_s is None else f" alone {attention.alone_s(t_s):.0f}s"
        write(image, f"{thing.attention.phase}{alone} {thing.score:.2f}", left, top - 5, colour)


def draw_boxes(image: Image, boxes: Iterable[Box], colour: Colour = GREY) -> None:
    """Draw thin rectangles, as around figures."""
    for box in boxes:
        left, top, right, bottom = pixels(box, image)
        cv2.rectangle(image, (left, top), (right, bottom), colour, 1)


def corners(polygon: Polygon, image: Image) -> NDArray[np.int32]:
    """Return a polygon's corners in pixels, (n, 2)."""
    height, width = image.shape[:2]
    scaled = np.array(polygon, np.float64) * (width - 1, height - 1)
    return np.asarray(np.round(scaled), np.int32)


def pixels(box: Box, image: Image) -> tuple[int, int, int, int]:
    """Return left, top, right, bottom of a box of shares in pixels."""
    height, width = image.shape[:2]
    left, top, wide, high = box
    return (
        round(left * width),
        round(top * height),
        round((left + wide) * width),
        round((top + high) * height),
    )
