"""Server-sent events: what changed in a person's areas, resumed by journal number, never content."""

import asyncio
import json
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass

from sqlalchemy import func, select

from ioc.ingest.listening import Listening
from ioc.people import People, Session
from ioc.store.engine import Store
from ioc.store.faults import StoreUnavailable
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

    def __init__(self, *, store: Store, people: People, listening: Listening | None = None) -> None:
        self._store = store
        self._listening = listening
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
            try:
                session = await self._people.session_of(token)
                frame = await self._frame_for(session, after=seen, newest=newest)
            except StoreUnavailable as error:
                self._note_database(error)
                yield self._beat(seen)  # says nothing but that
                await asyncio.sleep(BEAT_INTERVAL_S)
                continue
            self._note_database(None)
            yield frame
            if session is None:
                return
            seen = newest
            await asyncio.sleep(MIN_INTERVAL_S)
            newest = await self._next(seen)

    def _note_database(self, fault: StoreUnavailable | None) -> None:
        if self._listening is None:
            return
        if fault is None:
            self._listening.freed("database")
        else:
            self._listening.hindered("database", reason=str(fault))

    async def _frame_for(self, session: Session | None, *, after: int, newest: int) -> str:
        if session is None:
            return "event: ended\ndata: {}\n\n"
        area_ids = session.access.area_ids
        return await self._frame(_Span(after=after, newest=newest, area_ids=area_ids))

    async def _frame(self, span: _Span) -> str:
        if span.newest <= span.after:
            return self._beat(span.newest)
        if span not in self._frames:
            subjects = await self._read(span)
            if not subjects:
                return self._beat(span.newest)
            self._frames[span] = _encode(span.newest, "change", subjects)
            while len(self._frames) > _KEPT_FRAMES:
                self._frames.popitem(last=False)
        return self._frames[span]

    def _beat(self, number: int) -> str:
        """Return a sign of life, which says also what cannot be known now."""
        deafness = self._listening.deafness if self._listening is not None else None
        known = (
            {} if deafness is None else {"since": deafness.since.isoformat(), "why": deafness.why}
        )
        return _encode(number, "beat", known)

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


def _encode(number: int, event: str, facts: Mapping[str, object]) -> str:
    body = json.dumps(facts, separators=(",", ":"))
    return f"id: {number}\nevent: {event}\ndata: {body}\n\n"
