"""How long a login is closed after wrong passwords; pure.

An attempt is counted before its password is looked at, so that attempts side by side gain nothing.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

_FREE_ATTEMPTS = 5
_FIRST_DELAY_S = 15.0
# Short, because whoever can type a login could otherwise keep the operator on duty out.
_LONGEST_DELAY_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Attempts:
    """Failed attempts of one login since the last success."""

    failed: int = 0
    locked_until: datetime | None = None

    def wait_s(self, now: datetime) -> float:
        """Return the seconds until the next attempt is looked at; 0: now."""
        if self.locked_until is None:
            return 0.0
        return max(0.0, (self.locked_until - now).total_seconds())

    def counted(self, now: datetime) -> "Attempts":
        """Return what one more attempt makes of it."""
        failed = min(self.failed + 1, 1_000)
        if failed < _FREE_ATTEMPTS:
            return Attempts(failed=failed)
        doublings = min(failed - _FREE_ATTEMPTS, 10)
        delay_s = min(_FIRST_DELAY_S * 2**doublings, _LONGEST_DELAY_S)
        return Attempts(failed=failed, locked_until=now + timedelta(seconds=delay_s))
