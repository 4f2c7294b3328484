"""What left objects are looked for in. Pure."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.picture.background import Background
from edge_agent.vision.picture.figures import Area, FigureLog
from edge_agent.vision.picture.plane import Luma, Mask

NEVER = (-math.inf, -math.inf)


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """One picture, prepared: held still, in the background's light."""

    t_s: float
    dt_s: float
    luma: Luma
    allowed: Mask
    """The no-dumping zones in their hours."""
    allowed_since_s: NDArray[np.float64]
    """Since when each pixel has been allowed: what stood there before is not looked at."""
    background: Background
    figures: FigureLog
    unseen_s: tuple[float, float] = NEVER
    """Between these instants, the first left out, nobody saw what came to stand."""
    people: Sequence[Area] = ()
    """Where a guarded zone's watch knows somebody: who sits still is nothing to get used to."""

    def is_somebody(self, piece: Mask, window: Area) -> bool:
        """Whether most of a piece, a mask of this window of the plane, is one of the people."""
        half = 0.5 * np.count_nonzero(piece)
        return any(
            np.count_nonzero(piece[_within(area, window).slices]) > half for area in self.people
        )


def _within(area: Area, window: Area) -> Area:
    return area.within(window).clipped(window.width, window.height)
