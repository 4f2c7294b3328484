"""Messages that wait for the store: what is live before what was late, in groups; bounded."""

import asyncio
from collections import deque

from contracts.topics import Channel
from ioc.ingest.received import Received

MAX_GROUP_MESSAGES = 32
MAX_GROUP_BYTES = 1_000_000
"""One transaction takes at most so much."""
MAX_LATE_MESSAGES = 16
"""Of a backlog in one transaction, so that an alarm that comes meanwhile waits under a second."""
MAX_QUEUED = 200
MAX_LATE_QUEUED = 1_000
"""Of at most 64 kB each: what a hundred gateways send before they wait for acknowledgements."""


class Lanes:
    """Two queues of which the live one is always served first."""

    def __init__(self) -> None:
        self._live: asyncio.Queue[Received] = asyncio.Queue(MAX_QUEUED)
        self._late: deque[Received] = deque()
        self._arrived = asyncio.Event()

    @property
    def late_waiting(self) -> int:
        """How many late messages wait."""
        return len(self._late)

    async def put(self, received: Received) -> bool:
        """Queue a message; return false for a late one that must be sent again.

        Waits while the store is slower than what is live; what is late never makes that wait.
        """
        if received.topic_name.endswith(f"/{Channel.EVENTS_BACKFILL}"):
            if len(self._late) >= MAX_LATE_QUEUED:
                return False
            self._late.append(received)
        else:
            await self._live.put(received)
        self._arrived.set()
        return True

    async def next_group(self) -> list[Received]:
        """Return the messages of the next transaction, at least one."""
        while self._live.empty() and not self._late:
            self._arrived.clear()
            await self._arrived.wait()
        group: list[Received] = []
        size = late = 0
        while len(group) < MAX_GROUP_MESSAGES and size < MAX_GROUP_BYTES:
            if not self._live.empty():
                received = self._live.get_nowait()
            elif self._late and late < MAX_LATE_MESSAGES:
                received, late = self._late.popleft(), late + 1
            else:
                break
            group.append(received)
            size += len(received.payload)
        return group
