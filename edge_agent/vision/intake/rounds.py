"""One thread goes round all connections that need no waiting; knows no stream and no camera.

A thread for each of many connections costs more for its wakings than for what it reads.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event, Thread

ROUND_S = 0.4
"""How often a connection is visited: what has come by then is read in one go. Half the wakings
cost half."""
RESTING_ROUND_S = 2 * ROUND_S
"""How often, where nothing moves and a keyframe every two seconds is all that is looked at."""
LARGE_BYTES, SOON_S = 98_304, 0.05
"""Who brought so much is visited again soon: Linux lets a sender send about twice what was last
read, and then has it wait."""
_BUFFER_BYTES = 262_144

Visit = Callable[[memoryview], float | None]
"""Takes what has come and never waits; returns how often it would be visited, in seconds, or None
if no more. The buffer is for its use until it returns. What it raises ends its visits."""
Farewell = Callable[[Exception | None], None]
"""Told that there are no more visits, and what the last one raised."""


def pause_s(came_bytes: int, *, resting: bool) -> float:
    """Return how often a connection should be visited that brought so much at the last visit."""
    if came_bytes >= LARGE_BYTES:
        return SOON_S
    return RESTING_ROUND_S if resting else ROUND_S


@dataclass(eq=False, slots=True)
class _Stop:
    """One place of the round."""

    visit: Visit
    farewell: Farewell
    due_s: float = 0.0


class Rounds:
    """The thread, which sleeps while there is nobody to visit. Any thread may add visits."""

    def __init__(self) -> None:
        self._changed = Condition()
        self._stops: list[_Stop] = []
        self._thread: Thread | None = None

    def add(self, visit: Visit, farewell: Farewell) -> None:
        """Have `visit` called with every round; one `farewell` follows. Neither may wait."""
        with self._changed:
            self._stops.append(_Stop(visit, farewell))
            if self._thread is None:
                self._thread = Thread(target=self._run, name="rounds", daemon=True)
                self._thread.start()
            self._changed.notify()

    def follow(self, visit: Visit) -> None:
        """Have `visit` called with every round, and wait until that is over.

        Raises:
            Exception: whatever the last visit raised.
        """
        over = Event()
        raised: list[Exception] = []

        def farewell(error: Exception | None) -> None:
            raised.extend([error] if error is not None else [])
            over.set()

        self.add(visit, farewell)
        over.wait()
        if raised:
            raise raised[0]

    def _run(self) -> None:
        buffer = memoryview(bytearray(_BUFFER_BYTES))
        while True:
            stops = self._wait_for_stops()
            now_s = time.monotonic()
            for stop in stops:
                if stop.due_s <= now_s:
                    self._go_to(stop, buffer)
            # Whoever comes in the meantime is visited with the next round.
            next_s = min((stop.due_s for stop in stops), default=0.0)
            left_s = ROUND_S - time.monotonic() % ROUND_S
            time.sleep(max(0.0, min(left_s, next_s - time.monotonic())))

    def _wait_for_stops(self) -> list[_Stop]:
        with self._changed:
            self._changed.wait_for(lambda: self._stops)
            return list(self._stops)

    def _go_to(self, stop: _Stop, buffer: memoryview) -> None:
        try:
            pause_s = stop.visit(buffer)
        except Exception as error:  # noqa: BLE001 - it is raised again where the visit came from
            self._leave(stop, error)
            return
        if pause_s is None:
            self._leave(stop, None)
            return
        # At the same instants for all, while the code of their visits is in the cache.
        stop.due_s = (time.monotonic() // pause_s + 1.0) * pause_s

    def _leave(self, stop: _Stop, error: Exception | None) -> None:
        with self._changed:
            self._stops.remove(stop)
        stop.farewell(error)
