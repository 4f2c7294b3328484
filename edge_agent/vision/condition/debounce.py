"""When something that comes and goes counts as begun and as over; pure."""

import math


class Debounce:
    """Begins once a state was seen for `on_delay_s` and never denied, and ends likewise.

    Both instants are those at which the state was first seen, not those at which it was believed.
    Feed in time order. What cannot be told (None) neither begins nor ends anything: a wait in
    progress starts again, unless that is so for no longer than `patience_s`.
    """

    def __init__(self, *, on_delay_s: float, off_delay_s: float, patience_s: float = 0.0) -> None:
        self._on_delay_s = on_delay_s
        self._off_delay_s = off_delay_s
        self._patience_s = patience_s
        self._told_s = -math.inf
        self._turning_s: float | None = None
        self.since_s: float | None = None
        """When the state began; None while it has not."""

    @property
    def active(self) -> bool:
        """Whether it has begun and not ended."""
        return self.since_s is not None

    @property
    def pending(self) -> bool:
        """Whether it was seen, but not yet for long enough."""
        return not self.active and self._turning_s is not None

    def begin(self, t_s: float) -> None:
        """Begin at once, unless it has begun: what shows it has been waited for already."""
        if self.since_s is None:
            self.since_s, self._turning_s = t_s, None

    def interrupt(self) -> None:
        """Begin a wait in progress anew, whatever the patience."""
        self._told_s = -math.inf

    def step(self, t_s: float, present: bool | None) -> float | None:  # noqa: FBT001 - the input
        """Take what is seen now; return when the state began or ended, if it just did."""
        if present is None and t_s - self._told_s < self._patience_s:
            return None
        self._told_s = t_s if present is not None else -math.inf
        if present is None or present == self.active:
            self._turning_s = None
            return None
        if self._turning_s is None:
            self._turning_s = t_s
        delay_s = self._off_delay_s if self.active else self._on_delay_s
        if t_s - self._turning_s < delay_s:
            return None
        turned_s, self._turning_s = self._turning_s, None
        self.since_s = None if self.active else turned_s
        return turned_s
