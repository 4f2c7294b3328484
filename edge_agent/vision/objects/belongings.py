"""What belongs where it stands, as an operator has said, and how it is known again. Pure."""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, replace

import cv2
import numpy as np

from edge_agent.vision.objects.thing import LeftObject, with_margin
from edge_agent.vision.picture.figures import Area
from edge_agent.vision.picture.plane import Luma

MAX_KNOWN = 64
"""The oldest are forgotten first."""
SAME_PLACE, SAME_LOOKS = 0.5, 0.6
"""Overlap of the boxes (intersection over union), and likeness in any light, -1.0 to 1.0."""
NEARBY_PLACE, NEARBY_LOOKS = 0.4, 0.75
"""Put back elsewhere within its own width, it must look more like itself."""
ABOUT_PX = 2
"""So far beside its place it is still at its place."""
_FLAT = 2.0
"""Luma levels of standard deviation; in a patch with less, nothing can be recognised."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Belonging:
    """Something that belongs in the picture."""

    box: tuple[float, float, float, float]
    """Left, top, width, height as shares of the picture."""
    looks: Luma | None
    """Its patch of the plane with a margin, (height, width); None: only its place counts."""
    fixture_id: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Known:
    fixture_id: str
    area: Area
    window: Area
    looks: Luma | None


class Belongings:
    """The belongings of one scene, on a plane of one size."""

    def __init__(self, width: int, height: int, known: Iterable[Belonging] = ()) -> None:
        self._width, self._height = width, height
        self._known: deque[_Known] = deque(maxlen=MAX_KNOWN)
        for belonging in known:
            self.add(belonging)

    @property
    def fixture_ids(self) -> set[str]:
        """Which fixtures are known."""
        return {known.fixture_id for known in self._known}

    def add(self, belonging: Belonging) -> None:
        """Know it from now on; its patch may come from a plane of another size."""
        left, top, width, height = belonging.box
        right, bottom = (left + width) * self._width, (top + height) * self._height
        left, top = round(left * self._width), round(top * self._height)
        area = Area(
            left=left,
            top=top,
            width=max(1, round(right) - left),
            height=max(1, round(bottom) - top),
        ).clipped(self._width, self._height)
        window = with_margin(area, self._width, self._height)
        if not area.size:
            return
        looks = belonging.looks
        if looks is not None and looks.shape != (window.height, window.width):
            looks = np.asarray(cv2.resize(looks, (window.width, window.height)), np.float32)
        if looks is not None and float(looks.std()) < _FLAT:
            looks = None
        fixture_id = belonging.fixture_id
        self._known.append(_Known(fixture_id=fixture_id, area=area, window=window, looks=looks))

    def learn(self, thing: LeftObject) -> None:
        """Know a thing of this scene from now on, as the fixture that it is."""
        self._known.append(
            _Known(
                fixture_id=thing.fixture_id,
                area=thing.area,
                window=thing.window,
                looks=thing.patch.copy(),
            )
        )

    def find(self, thing: LeftObject, luma: Luma) -> str | None:
        """Return which of them a thing is that stands in this plane, nobody before it."""
        found = (known.fixture_id for known in self._known if self._is(known, thing, luma))
        return next(found, None)

    def _is(self, known: _Known, thing: LeftObject, luma: Luma) -> bool:
        width = max(known.area.width, known.area.height)
        if not known.area.grown(width).shared(thing.area):
            return False
        here = known.area.overlap(thing.area) >= SAME_PLACE
        if known.looks is None:
            return here
        within = known.window.grown(width).clipped(self._width, self._height)
        likeness = cv2.matchTemplate(luma[within.slices], known.looks, cv2.TM_CCOEFF_NORMED)
        row, column = known.window.top - within.top, known.window.left - within.left
        about = likeness[
            max(0, row - ABOUT_PX) : row + ABOUT_PX + 1,
            max(0, column - ABOUT_PX) : column + ABOUT_PX + 1,
        ]
        if here and float(about.max()) >= SAME_LOOKS:
            return True
        _, best, _, (left, top) = cv2.minMaxLoc(likeness)
        found = replace(
            known.area, left=known.area.left + left - column, top=known.area.top + top - row
        )
        return best >= NEARBY_LOOKS and found.overlap(thing.area) >= NEARBY_PLACE
