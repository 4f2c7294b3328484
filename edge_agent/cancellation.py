"""Cancellations that got lost: Python 3.11 forgets some, and a task that was to end goes on.

`asyncio.wait_for` of CPython 3.11, which aiomqtt uses, drops a cancellation that arrives as what it
waits for is done. Only a change of the count tells: a `TaskGroup` of 3.11 may leave it raised after
a child failed.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


def count() -> int:
    """Return how often the running task was asked to end."""
    task = asyncio.current_task()
    return 0 if task is None else task.cancelling()


def raise_if_asked_since(before: int) -> None:
    """End the running task if it was asked to since `before` was counted.

    Raises:
        CancelledError: it was.
    """
    if count() > before:
        raise asyncio.CancelledError


@contextmanager
def kept() -> Iterator[None]:
    """Raise at the end of the block if the task was asked to end within and did not notice."""
    before = count()
    yield
    raise_if_asked_since(before)
