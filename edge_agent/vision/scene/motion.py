"""When motion in one zone begins and ends, with hysteresis. Pure."""

from dataclasses import dataclass

BEGIN_S = 0.3
"""Something must move for this long: one noisy picture is no motion."""
END_S = 3.0
"""Nothing moves for this long: a figure that stops for a moment is one motion."""


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


class MotionGate:
    """Turns "this share of the zone moves now" into a beginning and an end."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._since_s: float | None = None
        self._last_s = 0.0
        self._began = False
        self._share = 0.0

    @property
    def active(self) -> bool:
        """Whether motion has begun and not ended."""
        return self._began

    def step(
        self, t_s: float, share: float, *, may_begin: bool = True
    ) -> MotionBegan | MotionStopped | None:
        """Take the moving share of the zone, 0.0 for nothing worth the name.

        While it may not begin, because the light changes, it is dated but not yet told.
        """
        if share > 0.0:
            return self._moved(t_s, share, may_begin=may_begin)
        if self._since_s is None or t_s - self._last_s < END_S:
            return None
        return self.stop()

    def forget(self) -> None:
        """Drop what has not been told yet, as when the whole picture changed."""
        if not self._began:
            self._since_s = None

    def _moved(self, t_s: float, share: float, *, may_begin: bool) -> MotionBegan | None:
        if self._since_s is None or (not self._began and t_s - self._last_s > 2 * END_S):
            self._since_s, self._share = t_s, 0.0
        self._last_s, self._share = t_s, max(self._share, share)
        if self._began or not may_begin or t_s - self._since_s < BEGIN_S:
            return None
        self._began = True
        return MotionBegan(zone=self.zone, since_s=self._since_s, share=self._share)

    def stop(self) -> MotionStopped | None:
        """End now, as at the end of a stream or when the whole picture changed."""
        since_s, began = self._since_s, self._began
        self._since_s, self._began = None, False
        if since_s is None or not began:
            return None
        return MotionStopped(zone=self.zone, since_s=since_s, until_s=self._last_s)
