"""Server-sent events: what changed in a person's areas, resumed by journal number, never content."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from sqlalchemy import select

from ioc.centre import Centre
from ioc.people import Access
from ioc.store.tables import journal

MIN_INTERVAL_S = 0.25
"""At most four frames a second, however much happens."""
BEAT_INTERVAL_S = 2.0
"""A silent link is told from a quiet commune; rights are checked anew at every beat."""
_RETRY_MS = 1_000


@dataclass(kw_only=True)
class Changes:
    """What changed between two journal numbers, for one set of areas."""

    last_number: int
    subjects: dict[str, list[str]] = field(default_factory=dict)
    """`alarm`, `broadcast`, `device`, `gateway` to the ids that changed."""

    def frame(self) -> str:
        """Return it as one server-sent event."""
        body = json.dumps(self.subjects, separators=(",", ":"))
        return f"id: {self.last_number}\nevent: change\ndata: {body}\n\n"


async def read_changes(centre: Centre, access: Access, *, after: int) -> Changes:
    """Return what changed in the person's areas since the journal number `after`."""
    async with centre.store.read() as connection:
        rows = await connection.execute(
            select(journal.c.number, journal.c.subject, journal.c.subject_id, journal.c.area_id)
            .where(journal.c.number > after)
            .order_by(journal.c.number)
        )
        changes = Changes(last_number=after)
        for row in rows:
            changes.last_number = row.number
            if access.may_see(row.area_id):
                ids = changes.subjects.setdefault(row.subject, [])
                if row.subject_id not in ids:
                    ids.append(row.subject_id)
    return changes


async def follow(centre: Centre, token: str, *, after: int) -> AsyncIterator[str]:
    """Yield frames for as long as the session behind `token` holds.

    Begins after the journal number `after`; ends with an `ended` event when the session does.
    """
    yield f"retry: {_RETRY_MS}\n\n"
    number = after
    while True:
        session = await centre.people.session_of(token)
        if session is None or not session.access.area_ids:
            yield "event: ended\ndata: {}\n\n"
            return
        changes = await read_changes(centre, session.access, after=number)
        number = changes.last_number
        yield changes.frame() if changes.subjects else _beat(number)
        await asyncio.sleep(MIN_INTERVAL_S)
        await _next(centre, number)


def _beat(number: int) -> str:
    return f"id: {number}\nevent: beat\ndata: {{}}\n\n"


async def _next(centre: Centre, after: int) -> None:
    """Return at the next change, or when it is time for a beat."""
    try:
        async with asyncio.timeout(BEAT_INTERVAL_S):
            await centre.store.changed(after)
    except TimeoutError:
        return
