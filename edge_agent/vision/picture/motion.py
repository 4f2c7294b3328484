"""When motion in one zone begins and ends, with hysteresis. Pure."""

import math
from dataclasses import dataclass

from edge_agent.vision.picture.figures import GAP, Area

BEGIN_S = 0.3
"""Something must move for this long: one noisy picture is no motion."""
END_S = 3.0
"""Nothing moves for this long: a figure that stops for a moment is one motion."""


FAR, FAR_PX = 0.3, 3.0
"""A figure gets so many times its shorter side, and so many pixels, from where it was first seen."""
IN_PLACE_S = 1.2
"""What moves for so long without a pause is motion though it gets nowhere: twice one change."""
UNBROKEN_S, PAUSE_S = 0.3, 1.0
"""A pause that does not count, and one that is forgiven to what has got somewhere."""
WATCHED_S = 0.4
"""Pictures further apart do not show how something moves."""


@dataclass(frozen=True, kw_only=True, slots=True)
class MotionBegan:
    """Something moves since `since_s`; `share` of the zone moved at most so far."""

    zone: str
    since_s: float
    share: float


@dataclass(frozen=True, kw_only=True, slots=True)
class MotionStopped:
    """Nothing has moved since `until_s`."""

    zone: str
    since_s: float
    until_s: float


class Course:
    """Whether what moves gets anywhere: people walk, but digits of a clock change in their place.

    One change of a few pixels is seen as moving for over half a second, longer than motion takes to
    begin; leaves and reflections swing about one place until they are known as restless.
    """

    def __init__(self) -> None:
        self.since_s = 0.0
        """Since when the present thing has moved."""
        self._origin = (0.0, 0.0)
        self._last: Area | None = None
        self._last_s = -math.inf
        self._far = False

    def step(self, t_s: float, dt_s: float, area: Area | None) -> bool:
        """Take what moves most now, `dt_s` after the last picture; return whether it counts."""
        if area is None:
            return False
        pause_s = t_s - self._last_s
        unbroken = pause_s <= max(UNBROKEN_S, 1.5 * dt_s)
        side = max(area.width, area.height)
        centre = (area.left + area.width / 2, area.top + area.height / 2)
        last, self._last, self._last_s = self._last, area, t_s
        if dt_s > WATCHED_S:
            self.since_s, self._origin, self._far = -math.inf, centre, True
            return True
        follows = last is not None and area.grown(2 + side).shared(last) > 0
        if not follows or not (unbroken or (self._far and pause_s < PAUSE_S)):
            self.since_s, self._origin, self._far = t_s, centre, False
        # Of what comes in at an edge, the longer side is there at once.
        far_px = max(FAR_PX, FAR * min(area.width, area.height))
        self._far |= math.dist(centre, self._origin) >= far_px
        return self._far or t_s - self.since_s >= IN_PLACE_S


class MotionGate:
    """Turns "this share of the zone moves now" into a beginning and an end."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._since_s: float | None = None
        self._last_s = 0.0
        self._moves = self._began = False
        self._seen_s = -math.inf
        self._usual_s = math.inf
        """Between the last two pictures."""
        self._share = 0.0

    @property
    def active(self) -> bool:
        """Whether motion has begun and not ended."""
        return self._began

    @property
    def pending(self) -> bool:
        """Whether something moves of which it has not been told yet whether it is motion."""
        return self._since_s is not None and not self._began

    def step(
        self, t_s: float, share: float, *, may_begin: bool = True, since_s: float = -math.inf
    ) -> MotionBegan | MotionStopped | None:
        """Take the moving share of the zone, 0.0 for nothing worth the name.

        While it may not begin, because the light changes, it is dated but not yet told; what
        begins then dates from `since_s` at the earliest.
        """
        usual_s, self._usual_s = self._usual_s, t_s - self._seen_s
        self._seen_s = t_s
        if share > 0.0:
            return self._moved(t_s, share, since_s if may_begin else None)
        if self._moves and self._usual_s > GAP * usual_s:
            # It ended while nobody looked: most likely half-way.
            self._last_s += min(END_S, 0.5 * (t_s - self._last_s))
        self._moves = False
        if self._since_s is None or t_s - self._last_s < END_S:
            return None
        return self.stop()

    def forget(self) -> None:
        """Drop what has not been told yet, as when the whole picture changed."""
        if not self._began:
            self._since_s = None

    def _moved(self, t_s: float, share: float, from_s: float | None) -> MotionBegan | None:
        if self._since_s is None or (not self._began and t_s - self._last_s > 2 * END_S):
            self._since_s, self._share = t_s, 0.0
        self._last_s, self._share, self._moves = t_s, max(self._share, share), True
        if self._began or from_s is None or t_s - max(from_s, self._since_s) < BEGIN_S:
            return None
        self._since_s = max(from_s, self._since_s)
        self._began = True
        return MotionBegan(zone=self.zone, since_s=self._since_s, share=self._share)

    def stop(self) -> MotionStopped | None:
        """End now, as at the end of a stream or when the whole picture changed."""
        since_s, began = self._since_s, self._began
        self._since_s, self._began = None, False
        if since_s is None or not began:
            return None
        return MotionStopped(zone=self.zone, since_s=since_s, until_s=self._last_s)
