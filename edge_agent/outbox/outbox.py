"""The outbox as the gateway's tasks use it: never blocks the event loop.

All work runs on one thread of its own, in the order it was asked for.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

import structlog

from contracts.state import Ack
from contracts.topics import Address
from edge_agent.outbox import eviction
from edge_agent.outbox.drafts import Condition, Draft, OutboxBatch
from edge_agent.outbox.entry import Entry
from edge_agent.outbox.errors import OutboxUnwritable
from edge_agent.outbox.importance import Bounds
from edge_agent.outbox.sending import Lane, Sent
from edge_agent.outbox.store import OutboxStore
from edge_agent.timekeeping import Timekeeper

Result = TypeVar("Result")

log = structlog.get_logger(__name__)

_RETRY_S = 5.0


class Outbox:
    """Disk-backed queue to the centre; made by `open_outbox`."""

    def __init__(self, store: OutboxStore, thread: ThreadPoolExecutor) -> None:
        self.bounds = store.bounds
        self.timekeeper = store.timekeeper
        self._store = store
        self._thread = thread
        self._news = asyncio.Event()

    async def write(self, work: Callable[[Entry], Result]) -> Result:
        """Run `work` in one transaction; on return it is durable and will be sent.

        `work` runs on another thread and may run twice. While the disk takes nothing this waits
        and tries again: who has something to record is held up rather than ignored.
        """
        complained = False
        while True:
            try:
                result = await self._run(lambda: self._store.write(work))
            except OutboxUnwritable as error:
                if not complained:
                    log.error("outbox cannot write", error=str(error), retry_s=_RETRY_S)  # noqa: TRY400
                complained = True
                await self.timekeeper.clock.sleep(_RETRY_S)
            else:
                self._news.set()
                if complained:
                    log.info("outbox writes again")
                return result

    async def read(self, work: Callable[[Entry], Result]) -> Result:
        """Return what `work` reads; it must not write."""
        return await self._run(lambda: self._store.read(work))

    async def record(self, draft: Draft) -> str:
        """Queue one event; return its id."""
        return await self.write(lambda entry: entry.record(draft))

    async def next_batch(
        self, lane: Lane, *, after: int, keep_live_from: int | None = None
    ) -> OutboxBatch | None:
        """Return the next batch of a lane above a sequence, or None."""
        return await self._run(
            lambda: self._store.next_batch(lane, after=after, keep_live_from=keep_live_from)
        )

    async def acknowledge(self, ack: Ack, *, sent: Sent) -> bool:
        """Apply an acknowledgement to what was `sent`; return whether a new epoch began."""
        began = await self._run(lambda: self._store.acknowledge(ack, sent=sent))
        self._news.set()
        return began

    async def meet_store(self, store_id: str) -> bool:
        """Learn which store the centre writes to; return whether kept rows are sent again."""
        return await self._run(lambda: self._store.meet_store(store_id))

    async def begin_connection(self) -> tuple[str, int]:
        """Return the epoch and the number of the connection about to be made, stored before."""

        def begin(entry: Entry) -> tuple[str, int]:
            number = int(entry.meta("connection_number") or 0) + 1
            entry.set_meta("connection_number", str(number))
            return entry.epoch, number

        return await self.write(begin)

    async def conditions(self) -> tuple[Condition, ...]:
        """Return every condition that holds."""
        return await self.read(lambda entry: tuple(entry.conditions()))

    async def restate_conditions(self, *, has_evidence: Callable[[str], bool]) -> int:
        """Record every condition again as standing; return how many."""
        fresh_within_s = self.bounds.late_after_s / 2
        return await self.write(
            partial(
                Entry.restate_conditions, fresh_within_s=fresh_within_s, has_evidence=has_evidence
            )
        )

    async def depth(self) -> int:
        """Return how many rows wait for the centre."""
        return await self._run(self._store.depth)

    async def housekeep(self) -> None:
        """Delete what the centre committed longer ago than is kept."""
        before = self.timekeeper.clock.now().timestamp() - self.bounds.keep_s
        await self.write(lambda entry: eviction.drop_kept_before(entry, before))

    def announce_news(self) -> None:
        """Wake who waits for news."""
        self._news.set()

    async def wait_for_news(self, timeout_s: float | None) -> None:
        """Return when something was written or acknowledged, or after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._news.wait()
        except TimeoutError:
            return
        self._news.clear()

    async def _run(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)


@asynccontextmanager
async def open_outbox(
    path: Path, *, address: Address, timekeeper: Timekeeper, bounds: Bounds
) -> AsyncIterator[Outbox]:
    """Open the outbox in `path`, made if it is missing; closed at the end."""
    path.parent.mkdir(parents=True, exist_ok=True)
    thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="outbox")
    loop = asyncio.get_running_loop()
    try:
        store = await loop.run_in_executor(
            thread,
            lambda: OutboxStore(path, address=address, timekeeper=timekeeper, bounds=bounds),
        )
        try:
            yield Outbox(store, thread)
        finally:
            await loop.run_in_executor(thread, store.close)
    finally:
        thread.shutdown()
