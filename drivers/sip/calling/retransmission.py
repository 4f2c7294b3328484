"""When one SIP request is sent again over UDP, and when it is given up (RFC 3261 §17). Pure."""

_T1_S = 0.5
"""The estimate of a round trip that RFC 3261 prescribes."""
_T2_S = 4.0

Destination = tuple[str, int]
Letter = tuple[bytes, Destination]
"""A datagram and where it goes."""


class Retransmission:
    """One request under way."""

    def __init__(self, letter: Letter, *, now_s: float, patience_s: float) -> None:
        """It was sent at `now_s`; RFC 3261 would wait 32 s, who speaks to people waits less."""
        self._letter = letter
        self._interval_s = _T1_S
        self._next_s = now_s + _T1_S
        self._give_up_s = now_s + patience_s
        self._is_repeated = True

    @property
    def due_s(self) -> float:
        """When `again` or `is_over` has something to say."""
        return min(self._next_s, self._give_up_s) if self._is_repeated else self._give_up_s

    def hold(self, *, give_up_s: float) -> None:
        """The other side has it: send it no more, and wait until `give_up_s`."""
        self._is_repeated = False
        self._give_up_s = give_up_s

    def is_over(self, *, now_s: float) -> bool:
        """Whether to wait no longer."""
        return now_s >= self._give_up_s

    def again(self, *, now_s: float) -> Letter | None:
        """What to send now, each time twice as late as before."""
        if not self._is_repeated or now_s < self._next_s:
            return None
        self._interval_s = min(2 * self._interval_s, _T2_S)
        self._next_s = now_s + self._interval_s
        return self._letter
