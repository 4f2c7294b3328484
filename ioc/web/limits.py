"""How often an address may fail to sign in; beside the lock that each account has of its own."""

from collections import OrderedDict, deque

from fastapi import Request

from ioc.clock import Clock

WINDOW_S = 300.0
MAX_FAILURES = 20
_REMEMBERED_ADDRESSES = 10_000


def failed_logins_of(request: Request) -> "FailedLogins":
    """Return the application's count of failures."""
    failed: FailedLogins = request.app.state.failed_logins
    return failed


class FailedLogins:
    """Failed sign-ins per address within the last five minutes; forgotten on restart."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """Return how long the address must wait before it may try again; 0: it may now."""
        failures = self._recent(address)
        if len(failures) < MAX_FAILURES:
            return 0.0
        return failures[0] + WINDOW_S - self._clock.monotonic_s()

    def count(self, address: str) -> None:
        """Note a failure; beyond ten thousand addresses the oldest are forgotten."""
        self._recent(address).append(self._clock.monotonic_s())
        self._failures.move_to_end(address)
        while len(self._failures) > _REMEMBERED_ADDRESSES:
            self._failures.popitem(last=False)

    def _recent(self, address: str) -> deque[float]:
        failures = self._failures.setdefault(address, deque(maxlen=MAX_FAILURES))
        while failures and failures[0] + WINDOW_S <= self._clock.monotonic_s():
            failures.popleft()
        return failures
