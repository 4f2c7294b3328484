"""Whether the picture is less sharp than this view usually is; pure."""

import math
from collections.abc import Callable

from edge_agent.vision.condition.look import LONGEST_STEP_S

LEARN_S = 60.0
"""Before that, nothing is known about the view's usual sharpness."""
RISE_S, FALL_S = 300.0, 7_200.0
"""Time constants: what is sharper is soon usual, what is less sharp only after hours."""
BLURRED, SHARP = 0.55, 0.7
"""Shares of the usual sharpness at which blur begins and ends."""
LIKELY = (0.8, 1.2)
"""Shares of the usual sharpness that need no proof that the camera held still."""


class _Usual:
    def __init__(self) -> None:
        self.level = 0.0
        self.age_s = 0.0

    def learn(self, sharpness: float, dt_s: float) -> None:
        self.age_s += dt_s
        follow_s = RISE_S if sharpness > self.level else FALL_S
        rate = 1.0 - math.exp(-dt_s / min(follow_s, max(1.0, self.age_s)))
        self.level += rate * (sharpness - self.level)


class Focus:
    """Learns the usual sharpness, by day and by infra-red apart."""

    def __init__(self) -> None:
        self.forget()

    def forget(self) -> None:
        """Learn anew, as when the camera looks elsewhere."""
        self._usual = {True: _Usual(), False: _Usual()}
        self._last_s: float | None = None
        self._blurred = False
        self.share = 1.0
        """The last sharpness as a share of the usual."""
        self.present_share: float | None = None
        """That of the last picture; None while it cannot be told."""

    def describe(self) -> str:
        """Return what was measured."""
        return f"the picture has {self.share:.0%} of its usual sharpness"

    def step(
        self,
        t_s: float,
        sharpness: float | None,
        *,
        coloured: bool,
        holds_still: Callable[[], bool],
    ) -> bool | None:
        """Return whether the picture is blurred; None while that cannot be told.

        Sharpness means nothing if the camera shook; `holds_still` is asked only when it matters.
        """
        dt_s = 0.0 if self._last_s is None else min(LONGEST_STEP_S, t_s - self._last_s)
        self._last_s, self.present_share = t_s, None
        if sharpness is None:
            return None
        usual = self._usual[coloured]
        if not LIKELY[0] * usual.level < sharpness < LIKELY[1] * usual.level and not holds_still():
            return None
        if usual.age_s < LEARN_S or usual.level <= 0.0:
            usual.learn(sharpness, dt_s)
            return None
        self.share = self.present_share = sharpness / usual.level
        self._blurred = self.share < (SHARP if self._blurred else BLURRED)
        if not self._blurred:
            usual.learn(sharpness, dt_s)
        return self._blurred
