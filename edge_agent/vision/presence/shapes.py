"""What of one picture may be somebody: figures, and whether each of them stirs. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.objects import looks
from edge_agent.vision.picture.background import Background
from edge_agent.vision.picture.figures import Area, Figure, area_of, bounds
from edge_agent.vision.picture.plane import Luma, Mask

THING_S = 20.0
"""What has not stirred for so long is a thing; who stands before it is somebody else."""
STIRS_SHARE, STIRS_PIXELS = 0.04, 4
"""Of a figure, so much must move for it to stir: noise moves less, breathing and looking more."""
SHADE_KEPT = 0.7
"""Light and shadow keep so much of the texture that they fall on."""
_MOST = 40
_JOIN = np.ones((5, 3), np.uint8)
"""Taller than wide: a belt or a dark wall behind cuts somebody across."""
_RIM = np.ones((5, 5), np.uint8)
_SPECK = np.ones((2, 2), np.uint8)


@dataclass(frozen=True, kw_only=True, slots=True)
class Shape:
    """A figure of one picture."""

    figure: Figure
    stirs: bool
    """Some of it moves just now; a parked vehicle or a left bag does not."""
    label: int = 0

    @property
    def area(self) -> Area:
        """Its box."""
        return self.figure.area


@dataclass(frozen=True, kw_only=True, slots=True)
class Sight:
    """The shapes of one picture, largest first, and where each one is."""

    shapes: tuple[Shape, ...]
    window: Area
    labels: NDArray[np.int32]
    """Over the window; 0 where there is nothing."""

    def mask_of(self, shape: Shape) -> Mask:
        """Return where it is within its own box."""
        area = shape.area
        left, top = area.left - self.window.left, area.top - self.window.top
        part = self.labels[top : top + area.height, left : left + area.width]
        mask: Mask = part == shape.label
        return mask

    def covered(self, zone: Mask, shapes: Sequence[Shape]) -> int:
        """Return how many pixels of a zone, a mask of the whole plane, these shapes cover."""
        if not shapes:
            return 0
        wanted = np.zeros(int(self.labels.max()) + 1, bool)
        wanted[[shape.label for shape in shapes]] = True
        return int(np.count_nonzero(wanted[self.labels] & zone[self.window.slices]))


NOTHING = Sight(
    shapes=(),
    window=Area(left=0, top=0, width=0, height=0),
    labels=np.zeros((0, 0), np.int32),
)


class ShapeFinder:
    """Finds the shapes of each picture; remembers which pixels belong to things."""

    def __init__(self, least_pixels: int) -> None:
        self._least_pixels = least_pixels
        self._things: Mask | None = None

    def forget(self) -> None:
        """Forget all things, as when the picture has been learned anew."""
        self._things = None

    def find(self, luma: Luma, background: Background, flickers: Mask, t_s: float) -> Sight:
        """Return what may be somebody in the picture that the background has just taken in.

        `flickers` is where leaves and water come and go in the background's window.
        """
        seen = background.foreground[background.window.slices] & ~flickers
        if self._things is not None:
            seen &= ~self._known_things(luma, background, t_s)
        if np.count_nonzero(seen) < self._least_pixels:
            return NOTHING
        within = bounds(seen)
        seen, window = seen[within.slices], within.moved(background.window)
        at = window.slices
        joined = cv2.morphologyEx(seen.view(np.uint8), cv2.MORPH_CLOSE, _JOIN)
        count, labels, stats, _ = cv2.connectedComponentsWithStats(joined, connectivity=8)
        moving = (background.moving[at] & seen).view(np.uint8)
        moving = cv2.morphologyEx(moving, cv2.MORPH_OPEN, _SPECK).view(bool)
        stirring = np.bincount(labels[moving], minlength=count)
        sight = Sight(shapes=(), window=window, labels=np.asarray(labels, np.int32))
        shapes = []
        for label in self._largest(stats[:, cv2.CC_STAT_AREA]):
            area, pixels = area_of(stats, label), int(stats[label, cv2.CC_STAT_AREA])
            mask = (labels[area.slices] == label).view(np.uint8)
            shade = cv2.mean(luma[at][area.slices], mask)[0]
            figure = Figure(area=area, pixels=pixels, luma=shade).moved(window)
            stirs = int(stirring[label]) >= max(STIRS_PIXELS, STIRS_SHARE * pixels)
            shapes.append(Shape(figure=figure, stirs=stirs, label=label))
        return Sight(shapes=tuple(shapes), window=window, labels=sight.labels)

    def _largest(self, sizes: np.ndarray) -> list[int]:
        order = [i for i in range(1, len(sizes)) if sizes[i] >= self._least_pixels]
        return sorted(order, key=lambda i: -int(sizes[i]))[:_MOST]

    def note_thing(self, sight: Sight, shape: Shape, background: Background, t_s: float) -> None:
        """From now on, take what stands of a shape for a thing."""
        if self._things is None:
            self._things = np.zeros(background.foreground.shape, bool)
        at = shape.area.slices
        stands = background.standing_since[at] <= t_s - THING_S
        self._things[at] |= sight.mask_of(shape) & stands

    def _known_things(self, luma: Luma, background: Background, t_s: float) -> Mask:
        """Return where in the window things are; one that has gone, or is another, is forgotten."""
        assert self._things is not None  # noqa: S101 - the caller has looked
        at = background.window.slices
        things = self._things[at] & background.standing(t_s, THING_S)
        if not things.any():
            self._things = None
            return things
        self._things = np.zeros_like(self._things)
        self._things[at] = things
        differs = np.abs(luma[at] - background.standing_value[at])
        alike = things & (differs < 1.5 * background.tolerance[at])
        # Its own blur flickers around it.
        return cv2.dilate(alike.view(np.uint8), _RIM).view(bool)


def is_shade(sight: Sight, shape: Shape, luma: Luma, background: Background) -> bool:
    """Whether what is behind shows through it: light or shadow, not somebody."""
    at = shape.area.slices
    mask = sight.mask_of(shape)
    # The edge of a shadow is no texture of what it falls on.
    inner = cv2.erode(mask.view(np.uint8), _RIM, borderValue=0).view(bool)
    if 4 * np.count_nonzero(inner) > np.count_nonzero(mask):
        mask = inner
    return looks.texture(luma[at], background.always[at], mask) > SHADE_KEPT
