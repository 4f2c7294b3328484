"""A limit with a dead-band: what hovers about it is not reported again and again; pure."""

import math
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, kw_only=True)
class Deadband:
    """A limit that is passed at `limit` and left again only `width` on the other side of it."""

    limit: float
    width: float
    """In the value's unit, never negative."""
    direction: Literal["above", "below"] = "above"
    """On which side of the limit the condition is there."""

    def __post_init__(self) -> None:
        if not self.width >= 0:
            raise ValueError(f"a dead-band cannot be {self.width} wide; give 0 or more")

    def judge(self, value: float, *, active: bool) -> bool:
        """Tell whether the condition is there now; `active`: it was there before.

        What is no number changes nothing.
        """
        if math.isnan(value):
            return active
        slack = self.width if active else 0.0
        if self.direction == "above":
            return value > self.limit - slack
        return value < self.limit + slack
