"""What is within two widths of a thing, and whether somebody there stays or just walks past."""

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edge_agent.vision.picture.background import FLICKER_HZ
from edge_agent.vision.picture.figures import Area
from edge_agent.vision.picture.plane import Luma, Mask

RIM_PX = 2.9
"""Nearer than this, the thing's own blur flickers."""
STANDS_S, PASSES_S = 0.5, 3.0
"""Who walks past covers no pixel for so long, and is gone after some seconds."""
SWAYS_S = 1.0 / FLICKER_HZ
"""What covers a place where leaves come and go for longer than they do is somebody."""
TOUCHES_PX = 5
"""So many pixels of a figure, so near, may hide an edge of the thing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Nearby:
    """Who is near a thing in one picture."""

    anybody: bool = False
    stays: bool = False
    """Somebody stands, bends down or waits there, or there is no end to who walks past."""
    touches: bool = False
    """Somebody hides a part of it, or may."""


@dataclass(kw_only=True, slots=True)
class Surroundings:
    """What lies within two widths of a thing, and for how long somebody has covered each pixel."""

    area: Area
    apart_px: Luma
    """How far each pixel of the area lies from the thing."""
    within: Mask
    """The pixels within reach that do not show the thing itself."""
    covered_s: Luma
    """Below zero where nobody is."""
    sways: Mask | None = None
    """Where leaves came and went when it was first looked at; None: it was not yet.

    Not later: who walks up and down beside it makes the picture come and go as well.
    """
    visited_s: float = 0.0
    """For how long somebody or other has been there, who is not just leaves."""
    stood: bool = False
    """Whether somebody stood there in the last picture: who leaves does so after it."""

    @classmethod
    def of(cls, mask: Mask, area: Area) -> "Surroundings":
        """Return what is around a mask of the whole plane that fills an area of it."""
        reach = reach_px(int(np.count_nonzero(mask)))
        around = area.grown(reach).clipped(mask.shape[1], mask.shape[0])
        nothing = (~mask[around.slices]).view(np.uint8)
        apart_px = np.asarray(cv2.distanceTransform(nothing, cv2.DIST_L2, 3), np.float32)
        return cls(
            area=around,
            apart_px=apart_px,
            within=(apart_px > RIM_PX) & (apart_px <= reach),
            covered_s=np.full(apart_px.shape, -1.0, np.float32),
        )

    @property
    def standing(self) -> Mask:
        """Where somebody before leaves has been seen for longer than leaves stay."""
        standing: Mask = self.covered_s >= SWAYS_S
        return standing if self.sways is None else standing & self.sways

    def look(self, others: Mask, dt_s: float, *, crowd: int, enough: float) -> Nearby:
        """Note who is within reach, `dt_s` after the last picture, and return it.

        Of the pixels of `others`, `crowd` are more than specks; so many as `enough` are somebody.
        """
        longer = np.where(self.covered_s < 0.0, np.float32(0.0), self.covered_s + np.float32(dt_s))
        self.covered_s = np.where(others, longer, np.float32(-1.0))
        if crowd < enough:
            self.visited_s, self.stood = 0.0, False
            return Nearby()
        firm = others if self.sways is None else others & ~self.sways
        firm = firm | (self.covered_s >= SWAYS_S)
        visited = np.count_nonzero(firm) >= enough
        self.visited_s = self.visited_s + dt_s if visited else 0.0
        stands = bool(np.count_nonzero(firm & (self.covered_s >= STANDS_S)) >= enough)
        stays = stands or self.stood or self.visited_s > PASSES_S
        self.stood = stands
        close = np.count_nonzero(others & (self.apart_px < TOUCHES_PX))
        return Nearby(anybody=True, stays=stays, touches=bool(close >= TOUCHES_PX))


def reach_px(pixels: int) -> float:
    """Return two object widths, of an object that covers so many pixels."""
    return 2.0 * max(4.0, math.sqrt(pixels))
