"""When something that comes and goes counts as begun and as over; pure."""


class Debounce:
    """Begins once a state was seen for `on_delay_s` and never denied, and ends likewise.

    Both instants are those at which the state was first seen, not those at which it was believed.
    Feed in time order. What cannot be told (None) neither begins nor ends anything: a wait in
    progress starts again.
    """

    def __init__(self, *, on_delay_s: float, off_delay_s: float) -> None:
        self._on_delay_s = on_delay_s
        self._off_delay_s = off_delay_s
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

    def step(self, t_s: float, present: bool | None) -> float | None:  # noqa: FBT001 - the input
        """Take what is seen now; return when the state began or ended, if it just did."""
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
