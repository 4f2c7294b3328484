"""Deletes what is past its keeping, never what an alarm on hold or still open needs; counts it all.

Files first, within the transaction that says so: after a power cut between them the next round
finds rows whose file is gone already.
"""

import asyncio
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import and_, func, select, tuple_, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.clock import Clock
from ioc.clock_doubt import ClockDoubt
from ioc.evidence import EvidenceStore
from ioc.keeping.aging import AT_ONCE, Batch, Found, Reason, count, delete_rows, rows_past
from ioc.keeping.needs import is_needed_file, needed_evidence
from ioc.keeping.remains import forget_remains
from ioc.keeping.settings import RetentionSettings
from ioc.keeping.strays import delete_strays
from ioc.store.engine import Store
from ioc.store.tables import evidence

EVERY_S = 3_600.0

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Deleted:
    """What one round has deleted."""

    evidence_files: int = 0
    evidence_bytes: int = 0
    events: int = 0
    broadcasts: int = 0
    alarms: int = 0
    handovers: int = 0
    stray_files: int = 0
    """Pictures and clips that no row names."""


NOTHING = Deleted()


class Retention:
    """One round an hour; each deletion is a line of the table `deletions`."""

    def __init__(
        self,
        *,
        store: Store,
        evidence: EvidenceStore,
        settings: RetentionSettings,
        clock: Clock,
        doubt: ClockDoubt | None = None,
    ) -> None:
        self._store = store
        self._evidence = evidence
        self._settings = settings
        self._clock = clock
        self._doubt = doubt or ClockDoubt(store=store, clock=clock)

    async def run(self) -> None:
        """Delete once an hour, for ever; nothing for its age while the clock is in doubt."""
        while True:
            if await self._doubt.is_doubted():
                await self.make_room()
            else:
                await self.run_once()
            await self._clock.sleep(EVERY_S)

    async def make_room(self) -> tuple[int, int]:
        """Delete the oldest evidence if the disk asks for it; return how many files and bytes."""
        excess = await self._excess_bytes()
        if excess <= 0:
            return 0, 0
        return await self._delete_evidence("disk", at_least_bytes=excess)

    async def run_once(self) -> Deleted:
        """Delete evidence by age, then by the disk; then rows by age, and what belongs to none."""
        now = self._clock.now()
        oldest = now - timedelta(days=self._settings.evidence_days)
        files, size_bytes = await self._delete_evidence("age", stored_before=oldest)
        more, more_bytes = await self.make_room()
        files, size_bytes = files + more, size_bytes + more_bytes
        aged = {
            each.what: await delete_rows(self._store, each, at=now)
            for each in rows_past(self._settings, now=now)
        }
        await forget_remains(self._store, self._settings, now=now)
        deleted = Deleted(
            evidence_files=files,
            evidence_bytes=size_bytes,
            stray_files=await delete_strays(self._store, self._evidence, now=now),
            **aged,
        )
        if deleted != NOTHING:
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
                    await count(
                        connection,
                        Batch(what="evidence", reason=reason, found=found),
                        at=self._clock.now(),
                    )
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

    def _unlink(self, found: Found) -> None:
        for row in found:
            self._evidence.path_of(row.sha256, row.media_type).unlink(missing_ok=True)


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
        .where(evidence.c.state == "stored", needed_evidence())
        .group_by(evidence.c.sha256, evidence.c.media_type)
        .subquery()
    )
    return int(await connection.scalar(select(func.sum(files.c.size_bytes))) or 0)


async def _oldest_files(connection: AsyncConnection, *, stored_before: datetime | None) -> Found:
    """Return stored files that no alarm needs, oldest first; `at`: when the newest name of it came."""
    at = func.max(evidence.c.stored_at)
    query = (
        select(
            evidence.c.sha256,
            evidence.c.media_type,
            func.max(evidence.c.size_bytes).label("size_bytes"),
            at.label("at"),
        )
        .where(evidence.c.state == "stored", ~is_needed_file())
        .group_by(evidence.c.sha256, evidence.c.media_type)
        .order_by(at, evidence.c.sha256)
        .limit(AT_ONCE)
    )
    if stored_before is not None:
        query = query.having(at < stored_before)
    found: Found = (await connection.execute(query)).all()
    return found


def _enough(found: Found, size_bytes: int) -> Found:
    taken = 0
    for n, row in enumerate(found):
        taken += row.size_bytes
        if taken >= size_bytes:
            return found[: n + 1]
    return found


async def _mark_gone(connection: AsyncConnection, found: Found) -> None:
    names = [(row.sha256, row.media_type) for row in found]
    of_them = tuple_(evidence.c.sha256, evidence.c.media_type).in_(names)
    await connection.execute(
        update(evidence).where(and_(of_them, evidence.c.state == "stored")).values(state="gone")
    )
