"""Whether a loudspeaker can be used, by what it answers and by what becomes of frames; pure."""

from dataclasses import dataclass

from contracts.events import DownReason

_PASSING = frozenset({DownReason.UNREACHABLE, DownReason.BUSY})
"""Reasons that may pass by themselves, and that an answer of the device refutes."""
_PATIENCE = 2
"""So many readings in a row must fail for such a reason: one lost packet is no dead loudspeaker."""


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why it cannot be used."""

    reason: DownReason
    detail: str
    since_s: float
    """Monotonic."""


@dataclass(frozen=True, kw_only=True)
class Sound:
    """It can be used."""

    at_s: float


Finding = Fault | Sound


class Signs:
    """What is known of one loudspeaker.

    A device that gives no sign of life is judged by its frames alone. Before the first reading a
    sink that opens proves nothing: opening most of them does not reach the device.
    """

    def __init__(self) -> None:
        self._is_proven: bool | None = None
        """None: it has not been read, or could not be yet."""
        self._read: Finding | None = None
        self._sent: Finding | None = None
        self._failed = 0
        self._failing_since_s = 0.0

    def take_reading(self, at_s: float, *, is_proven: bool) -> None:
        """The device answered, or its kind never does (`is_proven` False)."""
        self._failed = 0
        self._is_proven = is_proven
        self._read = Sound(at_s=at_s) if is_proven else None
        if is_proven and isinstance(self._sent, Fault) and self._sent.reason in _PASSING:
            self._sent = None

    def take_failure(self, reason: DownReason, detail: str, at_s: float) -> None:
        """Reading it failed."""
        if not self._failed:
            self._failing_since_s = at_s
        self._failed += 1
        if self._failed >= _PATIENCE or reason not in _PASSING:
            self._read = Fault(reason=reason, detail=detail, since_s=self._failing_since_s)

    def take_sending(self, sign: Finding) -> None:
        """The player cannot hand frames to it, or can again."""
        self._sent = sign

    def finding(self) -> Finding | None:
        """What to tell of it; None: nothing is known that has not been told."""
        for sign in (self._read, self._sent):
            if isinstance(sign, Fault):
                return sign
        return self._read if self._is_proven is not False else self._sent

    @property
    def is_failing(self) -> bool:
        """Whether the last reading failed."""
        return self._failed > 0
