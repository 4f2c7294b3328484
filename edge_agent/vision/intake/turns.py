"""In which order cameras take their turns at analysis, and on which thread; knows no camera."""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress

HELPED_AFTER_S = 0.05
"""A turn that takes so long has found something: the others do not wait for its end."""

Turn = Callable[[], None]


class Turns:
    """The threads that all cameras of a child share; any thread may ask, `stop` ends them."""

    def __init__(self, workers: int) -> None:
        self._pool = ThreadPoolExecutor(max_workers=workers, thread_name_prefix="analysis")
        # One thread has one decoder, and finds it in the cache.
        self._calm = ThreadPoolExecutor(max_workers=1, thread_name_prefix="glances")
        self._together: deque[Turn] = deque()
        self._began_s: float | None = None
        """When the thread of those together began the turn that it takes now."""

    def take(self, turn: Turn) -> None:
        """Take a turn as soon as a thread is free.

        Raises:
            RuntimeError: all have stopped: the child is ending.
        """
        self._pool.submit(turn)

    def take_together(self, turn: Turn) -> None:
        """Take a turn after `begin`, one after another with all that were asked for until then.

        So a keyframe costs a sixth less than decoded alone, by somebody else each time.
        """
        self._together.append(turn)

    def begin(self) -> None:
        """Take the turns that were asked for; nobody waits for them.

        Nor do they wait for one of those before that has not ended: it may never end.
        """
        if self._together:
            began_s = self._began_s
            held_up = began_s is not None and time.monotonic() - began_s > HELPED_AFTER_S
            self._go_on(self._pool if held_up else self._calm)

    def stop(self) -> None:
        """Take no more turns and wait for those that have begun."""
        self._together.clear()
        for threads in (self._calm, self._pool):
            threads.shutdown(wait=True, cancel_futures=True)

    def _go_on(self, threads: Executor) -> None:
        with suppress(RuntimeError):  # they have stopped, and the cameras with them
            threads.submit(self._take_all, threads)

    def _take_all(self, threads: Executor) -> None:
        helped = False
        while (turn := self._next()) is not None:
            began_s = time.monotonic()
            if threads is self._calm:
                self._began_s = began_s
            went_well = False
            try:
                turn()
                went_well = True
            finally:
                if threads is self._calm:
                    self._began_s = None
                if not went_well:
                    self._go_on(threads)  # what goes wrong with one holds up no other
            if not helped and time.monotonic() - began_s > HELPED_AFTER_S:
                self._go_on(self._pool)
                helped = True

    def _next(self) -> Turn | None:
        with suppress(IndexError):  # another thread may have taken the last
            return self._together.popleft()
        return None
