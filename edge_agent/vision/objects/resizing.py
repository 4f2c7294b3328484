"""Things on a plane of another size: a camera's resolution changes, what lies there stays. Pure."""

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.objects.surroundings import Surroundings
from edge_agent.vision.objects.thing import LeftObject, crop
from edge_agent.vision.picture.figures import Area, Figure
from edge_agent.vision.picture.plane import Luma, Mask


@dataclass(frozen=True, kw_only=True, slots=True)
class Resizing:
    """From a plane of one size to one of another, which shows the same view."""

    always: Luma
    """The background of the former plane, brought to the size of the new one, (height, width)."""
    across: float
    down: float
    """How much larger the new plane is."""

    @classmethod
    def of(cls, always: Luma, size: tuple[int, int]) -> "Resizing":
        """Return what brings things from a background's plane to one of this width and height."""
        height, width = always.shape
        return cls(
            always=np.asarray(cv2.resize(always, size, interpolation=cv2.INTER_AREA), np.float32),
            across=size[0] / width,
            down=size[1] / height,
        )

    def thing(self, thing: LeftObject) -> LeftObject:
        """Return a thing as it lies on the new plane."""
        area = self._area(thing.area)
        shape = thing.mask[thing.area.within(thing.window).slices].astype(np.float32)
        mask: Mask = np.zeros(self.always.shape, bool)
        mask[area.slices] = cv2.resize(shape, (area.width, area.height)) > 0.5
        if not mask.any():
            mask[area.slices] = True
        window, inside, halo, patch = crop(mask, area, self._looks(thing.patch, thing.window))
        bare = None
        if thing.bare is not None:
            bare = self._looks(thing.bare, thing.window)[window.slices].copy()
        return replace(
            thing,
            area=area,
            window=window,
            mask=inside,
            halo=halo,
            patch=patch,
            bare=bare,
            stirred_s=self._stirred_s(thing)[window.slices].copy(),
            around=Surroundings.of(mask, area),
            depositor=self._figure(thing.depositor),
            arrival=self._figure(thing.arrival),
            last_beside=self._figure(thing.last_beside),
        )

    def _area(self, area: Area) -> Area:
        height, width = self.always.shape
        left = min(round(area.left * self.across), width - 1)
        top = min(round(area.top * self.down), height - 1)
        return Area(
            left=left,
            top=top,
            width=max(1, round(area.right * self.across) - left),
            height=max(1, round(area.bottom * self.down) - top),
        )

    def _figure(self, figure: Figure | None) -> Figure | None:
        if figure is None:
            return None
        pixels = round(figure.pixels * self.across * self.down)
        return replace(figure, area=self._area(figure.area), pixels=pixels)

    def _looks(self, patch: Luma, window: Area) -> Luma:
        """Return the background with a patch of a former window before it."""
        looks, at = self.always.copy(), self._area(window)
        looks[at.slices] = cv2.resize(patch, (at.width, at.height))
        return looks

    def _stirred_s(self, thing: LeftObject) -> NDArray[np.float64]:
        """Return when each pixel of the plane last stirred with the thing."""
        stirred_s, at = np.full(self.always.shape, -np.inf), self._area(thing.window)
        stirred_s[at.slices] = cv2.resize(
            thing.stirred_s, (at.width, at.height), interpolation=cv2.INTER_NEAREST
        )
        return stirred_s


@dataclass(frozen=True, kw_only=True, slots=True)
class Remains:
    """What lay in a scene before its planes changed their size, on planes of the new one."""

    always: Luma
    """The background, (height, width)."""
    things: list[LeftObject]
    next_id: int
    """Of the thing that comes next: no two of one camera share theirs."""
