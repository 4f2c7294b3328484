"""Uploads of evidence whose events the centre has committed: pictures first, clips when none wait.

Decides nothing about events; what cannot be delivered is reported lost.
"""

import asyncio
import random
from functools import partial

import structlog

from contracts.events import EvidenceLost
from edge_agent.centre_http import CentreHttp, CentreUnreachable, Delivery, Pace
from edge_agent.evidence.spool import MEDIA_TYPES, Spool
from edge_agent.outbox import Draft, Entry, Outbox
from edge_agent.supervisor import Backoff

log = structlog.get_logger(__name__)

_LOOK_S = 1.0
_TOGETHER = 20
_STRAY_AFTER_S = 3_600.0
_SWEEP_EVERY_S = 600.0
_ROOM_EVERY_S = 30.0
_LONGEST_PAUSE_S = 30.0
"""A clip that gives way for longer begins again later; its request is not held open for hours."""
_BACKOFF = Backoff(first_s=5.0, last_s=300.0)


class EvidenceUploader:
    """Works off the uploads whose events the centre has committed."""

    def __init__(
        self, spool: Spool, *, outbox: Outbox, centre: CentreHttp, bytes_per_s: float
    ) -> None:
        self._spool = spool
        self._outbox = outbox
        self._centre = centre
        self._bytes_per_s = bytes_per_s
        self._clock = outbox.timekeeper.clock
        self._not_before_s: dict[str, float] = {}
        self._attempts: dict[str, int] = {}
        self._no_picture_waits = asyncio.Event()

    async def run_once(self) -> None:
        """Upload for ever."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._upload_pictures(), name="evidence pictures")
            tasks.create_task(self._upload_clips(), name="evidence clips")
            tasks.create_task(self._keep_within_bounds(), name="evidence room")

    async def _upload_pictures(self) -> None:
        while True:
            due = await self._due(clips=False)
            if due:
                self._no_picture_waits.clear()
            for sha256 in due:
                await self._deliver(sha256, self._pace_picture)
            if not due:
                self._no_picture_waits.set()
            await self._clock.sleep(0.0 if due else _LOOK_S)

    async def _upload_clips(self) -> None:
        while True:
            await self._no_picture_waits.wait()
            for sha256 in (await self._due(clips=True))[:1]:
                await self._deliver(sha256, self._pace_clip)
            await self._clock.sleep(_LOOK_S)

    async def _keep_within_bounds(self) -> None:
        swept_s = self._clock.monotonic_s()
        while True:
            await self._clock.sleep(_ROOM_EVERY_S)
            for sha256 in await asyncio.to_thread(self._spool.excess):
                await self._lose(sha256, "the gateway's disk has no more room for evidence")
            if self._clock.monotonic_s() - swept_s >= _SWEEP_EVERY_S:
                swept_s = self._clock.monotonic_s()
                await self._sweep()

    async def _due(self, *, clips: bool) -> list[str]:
        now_s = self._clock.monotonic_s()
        waiting = await self._outbox.read(_announced)
        known_clips = await asyncio.to_thread(self._spool.clips) if waiting else frozenset()
        return [
            sha256
            for sha256 in waiting
            if (sha256 in known_clips) is clips and self._not_before_s.get(sha256, 0.0) <= now_s
        ][:_TOGETHER]

    async def _deliver(self, sha256: str, pace: Pace) -> None:
        file = await asyncio.to_thread(self._spool.find, sha256)
        if file is None:
            await self._lose(sha256, "the file is no longer on the gateway's disk")
            return
        media_type = MEDIA_TYPES[file.suffix]
        try:
            delivery = await self._centre.put_evidence(file, media_type=media_type, pace=pace)
        except CentreUnreachable as error:
            self._postpone(sha256, str(error))
            return
        except FileNotFoundError:
            return  # it was given up for room in this moment; that is told already
        except OSError as error:
            # A disk that cannot read one file must not hold up all the others.
            self._postpone(sha256, f"the file cannot be read: {error.strerror}")
            return
        match delivery:
            case Delivery.DELIVERED:
                await self._outbox.write(partial(_forget, sha256=sha256))
                self._delete(sha256)
            case Delivery.LATER:
                self._postpone(sha256, "the centre does not take it yet")
            case Delivery.REFUSED:
                await self._lose(sha256, "the centre refuses the file")

    async def _pace_picture(self, sent_bytes: int) -> None:
        await self._clock.sleep(sent_bytes / self._bytes_per_s)

    async def _pace_clip(self, sent_bytes: int) -> None:
        await self._clock.sleep(sent_bytes / self._bytes_per_s)
        try:
            async with asyncio.timeout(_LONGEST_PAUSE_S):
                await self._no_picture_waits.wait()
        except TimeoutError as error:
            raise CentreUnreachable("pictures go first") from error

    def _postpone(self, sha256: str, reason: str) -> None:
        attempt = self._attempts.get(sha256, 0) + 1
        self._attempts[sha256] = attempt
        wait_s = _BACKOFF.wait_s(attempt, None, random.random)
        self._not_before_s[sha256] = self._clock.monotonic_s() + wait_s
        if attempt == 1:
            log.info("evidence waits", sha256=sha256, reason=reason)

    async def _lose(self, sha256: str, reason: str) -> None:
        log.error("evidence lost", sha256=sha256, reason=reason)
        await self._outbox.write(partial(_report_lost, sha256=sha256, reason=reason))
        self._delete(sha256)

    def _delete(self, sha256: str) -> None:
        self._spool.delete(sha256)
        self._attempts.pop(sha256, None)
        self._not_before_s.pop(sha256, None)

    async def _sweep(self) -> None:
        wanted = await self._outbox.read(wanted_hashes)
        before = self._clock.now().timestamp() - _STRAY_AFTER_S
        await asyncio.to_thread(self._spool.sweep, wanted, before_unix_s=before)


def wanted_hashes(entry: Entry) -> frozenset[str]:
    """Return everything that is still to be uploaded."""
    return frozenset(row[0] for row in entry.connection.execute("SELECT sha256 FROM upload"))


def _announced(entry: Entry) -> list[str]:
    rows = entry.connection.execute("SELECT sha256 FROM upload WHERE announced = 1 ORDER BY rowid")
    return [row[0] for row in rows]


def _forget(entry: Entry, *, sha256: str) -> None:
    entry.connection.execute("DELETE FROM upload WHERE sha256 = ?", (sha256,))


def _report_lost(entry: Entry, *, sha256: str, reason: str) -> None:
    _forget(entry, sha256=sha256)
    lost = EvidenceLost(sha256=sha256, reason=reason)
    entry.record(Draft(data=lost, moment=entry.timekeeper.moment()))
