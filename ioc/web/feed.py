"""Server-sent events: what changed in a person's areas, resumed by journal number, never content."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator
from dataclasses import dataclass

from sqlalchemy import func, select

from ioc.people import People
from ioc.store.engine import Store
from ioc.store.tables import journal

MIN_INTERVAL_S = 0.25
"""At most four frames a second, however much happens."""
BEAT_INTERVAL_S = 2.0
"""A silent link is told from a quiet commune; rights are checked anew at every beat."""
_RETRY_MS = 1_000
_KEPT_FRAMES = 256


@dataclass(frozen=True, kw_only=True)
class _Span:
    """Journal numbers above `after` up to `newest`, for one set of areas."""

    after: int
    newest: int
    area_ids: frozenset[str]


class Feed:
    """What browsers follow; a frame is read and encoded once for all who share areas and place."""

    def __init__(self, *, store: Store, people: People) -> None:
        self._store = store
        self._people = people
        self._frames: OrderedDict[_Span, str] = OrderedDict()
        self._closing = False

    def close(self) -> None:
        """Let every stream end at its next beat: the server stops."""
        self._closing = True

    async def newest(self) -> int:
        """Return the last journal number."""
        async with self._store.read() as connection:
            return int(await connection.scalar(select(func.max(journal.c.number))) or 0)

    async def follow(self, token: str, *, after: int) -> AsyncIterator[str]:
        """Yield frames for as long as the session behind `token` holds.

        Begins after the journal number `after`; ends with an `ended` event when the session does.
        """
        yield f"retry: {_RETRY_MS}\n\n"
        seen, newest = after, await self.newest()
        while not self._closing:
            session = await self._people.session_of(token)
            if session is None:
                yield "event: ended\ndata: {}\n\n"
                return
            span = _Span(after=seen, newest=newest, area_ids=session.access.area_ids)
            yield await self._frame(span)
            seen = newest
            await asyncio.sleep(MIN_INTERVAL_S)
            newest = await self._next(seen)

    async def _frame(self, span: _Span) -> str:
        if span.newest <= span.after:
            return _encode(span.newest, {})
        if span not in self._frames:
            self._frames[span] = _encode(span.newest, await self._read(span))
            while len(self._frames) > _KEPT_FRAMES:
                self._frames.popitem(last=False)
        return self._frames[span]

    async def _read(self, span: _Span) -> dict[str, list[str]]:
        """Return the ids that changed, by subject: alarm, broadcast, device, gateway."""
        async with self._store.read() as connection:
            rows = await connection.execute(
                select(journal.c.subject, journal.c.subject_id, journal.c.area_id)
                .where(journal.c.number > span.after, journal.c.number <= span.newest)
                .order_by(journal.c.number)
            )
            subjects: dict[str, dict[str, None]] = {}
            for row in rows:
                if row.area_id in span.area_ids:
                    subjects.setdefault(row.subject, {})[row.subject_id] = None
        return {subject: list(ids) for subject, ids in subjects.items()}

    async def _next(self, seen: int) -> int:
        """Return the newest number at the next change, or `seen` when it is time for a beat."""
        try:
            async with asyncio.timeout(BEAT_INTERVAL_S):
                return await self._store.changed(seen)
        except TimeoutError:
            return seen


def _encode(number: int, subjects: dict[str, list[str]]) -> str:
    event = "change" if subjects else "beat"
    body = json.dumps(subjects, separators=(",", ":"))
    return f"id: {number}\nevent: {event}\ndata: {body}\n\n"
