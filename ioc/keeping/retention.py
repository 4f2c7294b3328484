"""Deletes what is past its keeping, never what an alarm on hold or still open needs; counts it all.

Files first, within the transaction that says so: after a power cut between them the next round
finds rows whose file is gone already.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

import structlog
from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    tuple_,
    update,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import AlarmState
from ioc.clock import Clock
from ioc.evidence import EvidenceStore
from ioc.keeping.holds import held
from ioc.keeping.settings import RetentionSettings
from ioc.store.engine import Store
from ioc.store.tables import (
    alarm_parts,
    alarm_transitions,
    alarms,
    annunciations,
    deletions,
    events,
    evidence,
    holds,
)

EVERY_S = 3_600.0
_AT_ONCE = 500
"""So many are deleted in one transaction, so that an alarm behind it waits under a second."""

_Found = Sequence[Row[*tuple[Any, ...]]]
What = Literal["evidence", "events", "alarms"]
Reason = Literal["age", "disk"]

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """What one round has deleted."""

    evidence_files: int
    evidence_bytes: int
    events: int
    alarms: int


class Retention:
    """One round an hour; each deletion is a line of the table `deletions`."""

    def __init__(
        self, *, store: Store, evidence: EvidenceStore, settings: RetentionSettings, clock: Clock
    ) -> None:
        self._store = store
        self._evidence = evidence
        self._settings = settings
        self._clock = clock

    async def run(self) -> None:
        """Delete once an hour, for ever."""
        while True:
            await self.run_once()
            await self._clock.sleep(EVERY_S)

    async def run_once(self) -> Deleted:
        """Delete evidence by age, then by the disk; then events and alarms by age."""
        now = self._clock.now()
        oldest = now - timedelta(days=self._settings.evidence_days)
        files, size_bytes = await self._delete_evidence("age", stored_before=oldest)
        excess = await self._excess_bytes()
        if excess > 0:
            more, more_bytes = await self._delete_evidence("disk", at_least_bytes=excess)
            files, size_bytes = files + more, size_bytes + more_bytes
        deleted = Deleted(
            evidence_files=files,
            evidence_bytes=size_bytes,
            events=await self._delete_events(now - timedelta(days=self._settings.events_days)),
            alarms=await self._delete_alarms(now - timedelta(days=self._settings.alarms_days)),
        )
        if deleted != Deleted(evidence_files=0, evidence_bytes=0, events=0, alarms=0):
            _log.info("retention.deleted", **vars(deleted))
        return deleted

    async def _excess_bytes(self) -> int:
        async with self._store.read() as connection:
            return await stored_bytes(connection) - self._settings.evidence_bytes

    async def _delete_evidence(
        self,
        reason: Reason,
        *,
        stored_before: datetime | None = None,
        at_least_bytes: int | None = None,
    ) -> tuple[int, int]:
        """Delete the oldest files nobody holds; return how many and their bytes."""
        files = size_bytes = 0
        while at_least_bytes is None or size_bytes < at_least_bytes:
            async with self._store.begin() as connection:
                found = await _oldest_files(connection, stored_before=stored_before)
                if at_least_bytes is not None:
                    found = _enough(found, at_least_bytes - size_bytes)
                if found:
                    await asyncio.to_thread(self._unlink, found)
                    await _mark_gone(connection, found)
                    await self._count(connection, "evidence", reason, found)
            if not found:
                if at_least_bytes is not None:
                    _log.warning(
                        "retention.disk_too_small",
                        missing_bytes=at_least_bytes - size_bytes,
                        advice="what is left is on hold or of open alarms: raise"
                        " retention.evidence_gb, or end holds",
                    )
                break
            files += len(found)
            size_bytes += sum(row.size_bytes for row in found)
        return files, size_bytes

    def _unlink(self, found: _Found) -> None:
        for row in found:
            self._evidence.path_of(row.sha256, row.media_type).unlink(missing_ok=True)

    async def _delete_events(self, before: datetime) -> int:
        return await self._delete_rows(
            "events",
            select(events.c.event_id, events.c.received_at.label("at"))
            # Nothing is received before it has happened; only that is indexed.
            .where(events.c.occurred_at < before, events.c.received_at < before)
            .where(events.c.event_id.not_in(_events_needed()))
            .order_by(events.c.occurred_at),
        )

    async def _delete_alarms(self, before: datetime) -> int:
        return await self._delete_rows(
            "alarms",
            select(alarms.c.alarm_id, alarms.c.raised_at.label("at"))
            .where(alarms.c.raised_at < before, alarms.c.state == AlarmState.NORMAL)
            .where(alarms.c.alarm_id.not_in(held()), ~_shows_something())
            .order_by(alarms.c.raised_at),
        )

    async def _delete_rows(self, what: Literal["events", "alarms"], wanted: Select[Any]) -> int:
        deleted = 0
        while True:
            async with self._store.begin() as connection:
                found = (await connection.execute(wanted.limit(_AT_ONCE))).all()
                if found:
                    await _delete(connection, what, [row[0] for row in found])
                    await self._count(connection, what, "age", found)
            deleted += len(found)
            if len(found) < _AT_ONCE:
                return deleted

    async def _count(
        self, connection: AsyncConnection, what: What, reason: Reason, found: _Found
    ) -> None:
        row = {
            "at": self._clock.now(),
            "what": what,
            "reason": reason,
            "count": len(found),
            "size_bytes": sum(getattr(each, "size_bytes", 0) for each in found),
            "oldest": min(each.at for each in found),
            "newest": max(each.at for each in found),
        }
        await connection.execute(insert(deletions).values(row))


async def stored_bytes(connection: AsyncConnection) -> int:
    """Return what stored pictures and clips take on the disk, each file once."""
    files = (
        select(func.max(evidence.c.size_bytes).label("size_bytes"))
        .where(evidence.c.state == "stored")
        .group_by(evidence.c.sha256, evidence.c.media_type)
        .subquery()
    )
    return int(await connection.scalar(select(func.sum(files.c.size_bytes))) or 0)


async def held_bytes(connection: AsyncConnection) -> int:
    """Return how much of that must be kept: of alarms on hold or still open."""
    files = (
        select(func.max(evidence.c.size_bytes).label("size_bytes"))
        .where(evidence.c.state == "stored", evidence.c.alarm_id.in_(_needed_alarms()))
        .group_by(evidence.c.sha256, evidence.c.media_type)
        .subquery()
    )
    return int(await connection.scalar(select(func.sum(files.c.size_bytes))) or 0)


def _needed_alarms() -> Select[Any]:
    """Alarms of which nothing may be deleted: on hold, or not over."""
    return select(alarms.c.alarm_id).where(
        or_(alarms.c.state != AlarmState.NORMAL, alarms.c.alarm_id.in_(held()))
    )


def _shows_something() -> ColumnElement[bool]:
    return exists().where(evidence.c.alarm_id == alarms.c.alarm_id, evidence.c.state == "stored")


def _events_needed() -> Select[Any]:
    """Events that made such an alarm what it is, or that announced its pictures."""
    told = (
        select(alarm_transitions.c.event_id)
        .where(alarm_transitions.c.alarm_id.in_(_needed_alarms()))
        .where(alarm_transitions.c.event_id.is_not(None))
    )
    shown = select(evidence.c.event_id).where(evidence.c.alarm_id.in_(_needed_alarms()))
    needed: Select[Any] = select(told.union(shown).subquery().c.event_id)
    return needed


async def _oldest_files(connection: AsyncConnection, *, stored_before: datetime | None) -> _Found:
    """Return stored files that no alarm needs, oldest first; `at`: when the newest name of it came."""
    needed = select(evidence.c.sha256).where(evidence.c.alarm_id.in_(_needed_alarms()))
    at = func.max(evidence.c.stored_at)
    query = (
        select(
            evidence.c.sha256,
            evidence.c.media_type,
            func.max(evidence.c.size_bytes).label("size_bytes"),
            at.label("at"),
        )
        .where(evidence.c.state == "stored", evidence.c.sha256.not_in(needed))
        .group_by(evidence.c.sha256, evidence.c.media_type)
        .order_by(at, evidence.c.sha256)
        .limit(_AT_ONCE)
    )
    if stored_before is not None:
        query = query.having(at < stored_before)
    found: _Found = (await connection.execute(query)).all()
    return found


def _enough(found: _Found, size_bytes: int) -> _Found:
    taken = 0
    for n, row in enumerate(found):
        taken += row.size_bytes
        if taken >= size_bytes:
            return found[: n + 1]
    return found


async def _mark_gone(connection: AsyncConnection, found: _Found) -> None:
    names = [(row.sha256, row.media_type) for row in found]
    of_them = tuple_(evidence.c.sha256, evidence.c.media_type).in_(names)
    await connection.execute(
        update(evidence).where(and_(of_them, evidence.c.state == "stored")).values(state="gone")
    )


async def _delete(connection: AsyncConnection, what: str, ids: Sequence[str]) -> None:
    if what == "events":
        await connection.execute(delete(events).where(events.c.event_id.in_(ids)))
        return
    for table in (alarm_parts, alarm_transitions, annunciations, holds, evidence, alarms):
        await connection.execute(delete(table).where(table.c.alarm_id.in_(ids)))
