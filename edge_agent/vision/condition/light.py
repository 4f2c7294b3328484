"""Whether too little or too much light reaches the camera; pure.

A place without lamps is dark every night, so darkness by itself is no fault. Darkness that creeps
is night and is never told. Light that is lost at once, or glare that comes at once, is told, unless
the view was like that at this hour of an earlier day: a lamp that goes off every evening is told
once. A picture with nothing in it, not even noise, is told whenever it comes at once. Whatever
lasts longer than any night is told however it came.
"""

import math
from typing import Literal

import numpy as np

from edge_agent.vision.condition.look import Reading

WRONG_SHARE, RIGHT_SHARE = 0.85, 0.6
"""So much of the picture is too dark or too bright, until it is less than that."""
EMPTY_SHARE, FILLED_SHARE = 0.93, 0.8
"""So much of a black picture is empty; the rest may be a written clock and name."""
SUDDEN_LUMA, SUDDEN_S = 20.0, 60.0
"""By so much the mean light differs from that of about the last minute when it came at once."""
UNUSUAL_SHARE, HOUR_S = 0.25, 600.0
"""Beyond what was usual at this hour, which is learned in so long."""
LONGEST_NIGHT_S = 14 * 3_600.0
"""No night between the tropics lasts so long."""
_MOST_STEP_S = 300.0
_DAY_S = 86_400.0


def is_lit(reading: Reading) -> bool:
    """Whether neither dark nor glare hide most of what there is."""
    return max(reading.dark_share, reading.bright_share) <= RIGHT_SHARE


class _Hours:
    """What was usual at each hour of the day; the hours are those of the watch's clock."""

    def __init__(self) -> None:
        self._shares = np.zeros(24)

    def usual(self, t_s: float) -> float:
        hour = int(t_s % _DAY_S / 3_600.0)
        return float(max(self._shares[(hour + near) % 24] for near in (-1, 0, 1)))

    def learn(self, t_s: float, dt_s: float, share: float) -> None:
        hour = int(t_s % _DAY_S / 3_600.0)
        self._shares[hour] += (1.0 - math.exp(-dt_s / HOUR_S)) * (share - self._shares[hour])


class _Excess:
    """Whether too much of the picture is in a wrong light, since a moment or for very long."""

    def __init__(self, *, begin_share: float, end_share: float) -> None:
        self._begin_share = begin_share
        self._end_share = end_share
        self._since_s: float | None = None
        self._sudden = False

    def step(self, t_s: float, share: float, *, sudden: bool) -> bool:
        """Return whether it is wrong; `sudden` counts when it begins."""
        if share < self._end_share:
            self._since_s = None
        elif self._since_s is None and share >= self._begin_share:
            self._since_s, self._sudden = t_s, sudden
        if self._since_s is None:
            return False
        return self._sudden or t_s - self._since_s > LONGEST_NIGHT_S


class Light:
    """Follows one camera's light."""

    def __init__(self) -> None:
        self._reading: Reading | None = None
        self._lately = 0.0
        self._dark = _Excess(begin_share=WRONG_SHARE, end_share=RIGHT_SHARE)
        self._bright = _Excess(begin_share=WRONG_SHARE, end_share=RIGHT_SHARE)
        self._empty = _Excess(begin_share=EMPTY_SHARE, end_share=FILLED_SHARE)
        self._dark_hours, self._bright_hours = _Hours(), _Hours()
        self.black = False
        """Nothing is to be seen, not even noise, and that came at once or lasts very long."""
        self.too_dark = self.too_bright = False
        """Far less or more light than is usual, and that came at once or lasts very long."""

    def step(self, reading: Reading) -> None:
        """Take the next reading."""
        t_s, before = reading.t_s, self._reading
        dt_s = 0.0 if before is None else min(_MOST_STEP_S, t_s - before.t_s)
        self._reading = reading
        if before is None:
            self._lately = reading.brightness
        gained = reading.brightness - self._lately
        fell, rose = gained < -SUDDEN_LUMA, gained > SUDDEN_LUMA
        self._lately += (1.0 - math.exp(-dt_s / SUDDEN_S)) * gained
        # A camera that has shown nothing since the watch began may have a cap on.
        self.black = self._empty.step(t_s, reading.empty_share, sudden=fell or before is None)
        dark, bright = reading.dark_share, reading.bright_share
        odd = dark - self._dark_hours.usual(t_s) > UNUSUAL_SHARE
        self.too_dark = self._dark.step(t_s, dark, sudden=fell and odd)
        odd = bright - self._bright_hours.usual(t_s) > UNUSUAL_SHARE
        self.too_bright = self._bright.step(t_s, bright, sudden=rose and odd)
        self._dark_hours.learn(t_s, dt_s, dark)
        self._bright_hours.learn(t_s, dt_s, bright)

    def describe(self, condition: Literal["black", "exposure"]) -> str:
        """Return what was measured."""
        reading = self._reading
        if reading is None:
            return ""
        if condition == "black":
            return f"{reading.empty_share:.0%} of the picture is black, without even noise"
        if self.too_bright:
            return f"{reading.bright_share:.0%} of the picture is too bright to show anything"
        return f"{reading.dark_share:.0%} of the picture is too dark to show anything"
