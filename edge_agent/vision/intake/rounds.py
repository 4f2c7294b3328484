"""One thread goes round all connections that need no waiting; knows no stream and no camera.

A thread for each of many connections costs more for its wakings than for what it reads.
"""

import math
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Condition, Event, Thread

from edge_agent.vision.intake.rhythm import Pause

_PIECE_BYTES = 65_536

Visit = Callable[[memoryview], Pause | None]
"""Takes what has come and never waits; returns when it would be visited again, or None
if no more. The buffer is for its use until it returns. What it raises ends its visits."""
Farewell = Callable[[Exception | None], None]
"""Told that there are no more visits, and what the last one raised."""


@dataclass(eq=False, slots=True)
class _Stop:
    """One place of the round."""

    visit: Visit
    farewell: Farewell
    due_s: float = 0.0


class Rounds:
    """The thread, which sleeps while there is nobody to visit. Any thread may add visits."""

    def __init__(self, after: Callable[[], None] = lambda: None) -> None:
        """Prepare; `after` is called whenever all have been visited, and may not wait."""
        self._after = after
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

    def hasten(self, visit: Visit, pause: Pause) -> None:
        """Come again after this pause, if not sooner; nothing happens where there are no more visits."""
        due_s = _due_s(pause)
        with self._changed:
            for stop in self._stops:
                if stop.visit is visit and due_s < stop.due_s:
                    stop.due_s = due_s
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
        buffer = memoryview(bytearray(_PIECE_BYTES))
        while True:
            # Nobody may be known here while waiting: whoever has left would be held with all of it.
            self._wait()
            self._go_round(buffer)
            self._after()

    def _wait(self) -> None:
        """Wait until somebody is to be visited; whoever is new is so at once."""
        with self._changed:
            self._changed.wait_for(lambda: self._stops)
            left_s = min(stop.due_s for stop in self._stops) - time.monotonic()
            if left_s > 0.0:
                self._changed.wait(left_s)

    def _go_round(self, buffer: memoryview) -> None:
        now_s = time.monotonic()
        with self._changed:
            due = [stop for stop in self._stops if stop.due_s <= now_s]
        for stop in due:
            self._go_to(stop, buffer)

    def _go_to(self, stop: _Stop, buffer: memoryview) -> None:
        stop.due_s = math.inf  # unless somebody wants it sooner, in the meantime
        try:
            pause = stop.visit(buffer)
        except Exception as error:  # noqa: BLE001 - it is raised again where the visit came from
            self._leave(stop, error)
            return
        if pause is None:
            self._leave(stop, None)
            return
        with self._changed:
            stop.due_s = min(stop.due_s, _due_s(pause))

    def _leave(self, stop: _Stop, error: Exception | None) -> None:
        with self._changed:
            self._stops.remove(stop)
        stop.farewell(error)


def _due_s(pause: Pause) -> float:
    """Return when to come: at the same instants to all, while the code of visits is in the cache."""
    after_s = time.monotonic() + pause.at_least_s
    return (after_s // pause.every_s + 1.0) * pause.every_s
