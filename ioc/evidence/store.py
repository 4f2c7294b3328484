"""Evidence on disk by hash: takes only what a gateway announced, and proves it before it is kept."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import structlog
from sqlalchemy import select, update

from ioc.clock import Clock
from ioc.evidence.arrival import arriving, put_in_place
from ioc.evidence.behind import alarms_showing
from ioc.evidence.proofs import Announced, prove
from ioc.evidence.refusals import EvidenceRefused, NotAnnounced, WrongHash
from ioc.store import journal
from ioc.store.engine import Store
from ioc.store.tables import evidence

_SUFFIX = {"image/jpeg": "jpg", "video/mp4": "mp4"}

_log = structlog.get_logger(__name__)


class EvidenceStore:
    """The folder of pictures and clips, and the rows that say which are there."""

    def __init__(self, *, folder: Path, store: Store, clock: Clock) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock

    def path_of(self, sha256: str, media_type: str) -> Path:
        """Return where a picture or clip lies or would lie."""
        return self._folder / sha256[:2] / f"{sha256}.{_SUFFIX[media_type]}"

    def holds(self, sha256: str, media_type: str) -> bool:
        """Tell whether the disk has a picture or clip that was stored; blocking."""
        return self.path_of(sha256, media_type).is_file()

    def files_on(self, shelf: int) -> list[Path]:
        """Return the files whose hashes begin with this byte; blocking."""
        return list((self._folder / f"{shelf:02x}").glob("*.*"))

    def forget_parts(self) -> None:
        """Delete what was still arriving when the centre ended; call before it takes anything."""
        for part in self._arrivals.glob("*.part"):
            part.unlink(missing_ok=True)

    async def announced(self, gateway_id: str, sha256: str) -> Announced | None:
        """Return what this gateway's committed events say of a hash; None: they name it not."""
        query = (
            select(evidence)
            .where(evidence.c.sha256 == sha256, evidence.c.gateway_id == gateway_id)
            .order_by(evidence.c.event_id)
            .limit(1)
        )
        async with self._store.read() as connection:
            row = (await connection.execute(query)).first()
        if row is None:
            return None
        return Announced(
            sha256=sha256,
            media_type=row.media_type,
            size_bytes=row.size_bytes,
            width_px=row.width_px,
            height_px=row.height_px,
        )

    async def accept(self, gateway_id: str, sha256: str, body: AsyncIterator[bytes]) -> None:
        """Keep a picture or clip and tell those who wait for it; taking it again changes nothing.

        Raises:
            NotAnnounced: no committed event of this gateway names the hash.
            TooLarge: longer than its kind may be.
            WrongHash: the body has another SHA-256, or is longer than announced.
            NotAPicture: no JPEG, damaged, of another size than announced, or too large to decode.
            NotAClip: no whole MP4 file with one H.264 or H.265 track.
        """
        announced = await self.announced(gateway_id, sha256)
        try:
            if announced is None:
                raise NotAnnounced("no committed event of this gateway announces this file")
            await self._take(announced, body)
        except EvidenceRefused as error:
            _log.warning(
                "evidence.refused", gateway_id=gateway_id, sha256=sha256, reason=str(error)
            )
            raise
        await self._mark_stored(gateway_id, announced)

    @property
    def _arrivals(self) -> Path:
        return self._folder / "arriving"

    async def _take(self, announced: Announced, body: AsyncIterator[bytes]) -> None:
        async with arriving(self._arrivals) as arrival:
            await arrival.take(body, check_length=announced.check_length)
            if arrival.sha256 != announced.sha256:
                raise WrongHash("the body has another SHA-256 than its address")
            await asyncio.to_thread(prove, arrival.path, announced)
            path = self.path_of(announced.sha256, announced.media_type)
            await asyncio.to_thread(put_in_place, arrival.path, path)

    async def _mark_stored(self, gateway_id: str, announced: Announced) -> None:
        now = self._clock.now()
        mine = (
            (evidence.c.gateway_id == gateway_id)
            & (evidence.c.sha256 == announced.sha256)
            & (evidence.c.media_type == announced.media_type)
        )
        async with self._store.begin() as connection:
            await connection.execute(
                update(evidence)
                .where(mine, evidence.c.state != "stored")
                .values(state="stored", stored_at=now)
            )
            for alarm_id, area_id in await alarms_showing(connection, mine):
                await journal.write(
                    connection, subject="alarm", subject_id=alarm_id, area_id=area_id, at=now
                )
