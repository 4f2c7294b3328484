"""How much of the picture polygons cover, and whether they are outlines; pure.

Shares are measured along lines across the picture: exact along a line, sampled between them, which is finer
than the pictures that are analysed.
"""

from collections.abc import Iterable, Sequence
from itertools import combinations

Corners = Sequence[tuple[float, float]]
"""Shares of width and height, origin top left; the last is joined to the first."""
Span = tuple[float, float]

WHOLE_PICTURE: Corners = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
FEWEST_PIXELS = 4 / (320 * 240)
"""Share of the picture below which nothing is left to look at."""
_LINES = 96


def visible_share(polygon: Corners, masks: Iterable[Corners] = ()) -> float:
    """Return which share of the whole picture a polygon covers where no mask lies over it."""
    heights = [y for _, y in polygon]
    top, height = min(heights), max(heights) - min(heights)
    covers = tuple(masks)
    total = 0.0
    for line in range(_LINES):
        y = top + height * (line + 0.5) / _LINES
        hidden = [span for mask in covers for span in _spans(mask, y)]
        total += sum(_visible(span, hidden) for span in _spans(polygon, y))
    return total / _LINES * height


def crosses_itself(polygon: Corners) -> bool:
    """Return whether two sides of a polygon cross; to touch is not to cross."""
    sides = list(zip(polygon, (*polygon[1:], polygon[0]), strict=True))
    return any(
        _turn(a, b, c) * _turn(a, b, d) < 0 and _turn(c, d, a) * _turn(c, d, b) < 0
        for (a, b), (c, d) in combinations(sides, 2)
    )


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Return on which side of the line from `a` to `b` the point `c` lies; 0: on it."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _spans(polygon: Corners, y: float) -> list[Span]:
    """Return where a horizontal line runs inside, by the even-odd rule."""
    crossings = sorted(
        x1 + (y - y1) / (y2 - y1) * (x2 - x1)
        for (x1, y1), (x2, y2) in zip(polygon, (*polygon[1:], polygon[0]), strict=True)
        if (y1 <= y) != (y2 <= y)
    )
    return list(zip(crossings[::2], crossings[1::2], strict=True))


def _visible(span: Span, hidden: list[Span]) -> float:
    left, right = span
    visible = 0.0
    for hidden_left, hidden_right in sorted(hidden):
        if hidden_left >= right:
            break
        visible += max(0.0, hidden_left - left)
        left = max(left, hidden_right)
    return visible + max(0.0, right - left)
