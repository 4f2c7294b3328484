"""What left objects are looked for in. Pure."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.picture.background import Background
from edge_agent.vision.picture.figures import FigureLog
from edge_agent.vision.picture.plane import Luma, Mask


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
