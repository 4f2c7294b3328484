"""Pictures from the spool to the centre; a picture is deleted only when it arrived or never can."""

import asyncio
import os
import random
from functools import partial
from pathlib import Path

import structlog

from contracts.events import EvidenceLost
from edge_agent.centre_http import CentreHttp, CentreUnreachable, Delivery
from edge_agent.outbox import Draft, Entry, Outbox
from edge_agent.supervisor import Backoff

log = structlog.get_logger(__name__)

_LOOK_S = 1.0
_TOGETHER = 20
_STRAY_AFTER_S = 3_600.0
_SWEEP_EVERY_S = 600.0
_ROOM_EVERY_S = 30.0
MAX_SPOOL_BYTES = 1_000_000_000
"""Thousands of alarms; a gateway whose centre stays away must not fill its disk with pictures."""
KEPT_FREE_BYTES = 32_000_000
"""Pictures give way before the outbox has to stop growing."""
_BACKOFF = Backoff(first_s=5.0, last_s=300.0)


class Spool:
    """The folder the vision child writes pictures to."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder

    def path(self, sha256: str) -> Path:
        """Return where a picture lies."""
        return self.folder / f"{sha256}.jpg"

    def has(self, sha256: str) -> bool:
        """Tell whether a picture is there."""
        return self.path(sha256).is_file()

    def excess(self) -> list[str]:
        """Return the hashes of the oldest pictures, as many as must go to keep within the bounds."""
        found = [(file.stat(), file.stem) for file in self.folder.glob("*.jpg")]
        disk = os.statvfs(self.folder)
        too_much = max(
            sum(stat.st_size for stat, _ in found) - MAX_SPOOL_BYTES,
            KEPT_FREE_BYTES - disk.f_bavail * disk.f_frsize,
        )
        going = []
        for stat, sha256 in sorted(found, key=lambda one: (one[0].st_mtime, one[1])):
            if too_much <= 0:
                break
            too_much -= stat.st_size
            going.append(sha256)
        return going

    def sweep(self, wanted: frozenset[str], *, before_unix_s: float | None = None) -> int:
        """Delete files that no upload waits for, all or those older; return how many."""
        strays = [
            file
            for file in self.folder.iterdir()
            if file.is_file()
            and file.stem not in wanted
            and (before_unix_s is None or file.stat().st_mtime < before_unix_s)
        ]
        for stray in strays:
            stray.unlink(missing_ok=True)
        return len(strays)


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

    async def run_once(self) -> None:
        """Upload for ever."""
        swept_s = measured_s = self._clock.monotonic_s()
        while True:
            if self._clock.monotonic_s() - measured_s >= _ROOM_EVERY_S:
                measured_s = self._clock.monotonic_s()
                await self._make_room()
            for sha256 in await self._due():
                await self._deliver(sha256)
            if self._clock.monotonic_s() - swept_s >= _SWEEP_EVERY_S:
                swept_s = self._clock.monotonic_s()
                await self._sweep()
            await self._clock.sleep(_LOOK_S)

    async def _due(self) -> list[str]:
        now_s = self._clock.monotonic_s()
        waiting = await self._outbox.read(_announced)
        return [sha for sha in waiting if self._not_before_s.get(sha, 0.0) <= now_s][:_TOGETHER]

    async def _deliver(self, sha256: str) -> None:
        try:
            body = await asyncio.to_thread(self._spool.path(sha256).read_bytes)
        except FileNotFoundError:
            await self._lose(sha256, "the picture is no longer on the gateway's disk")
            return
        try:
            delivery = await self._centre.put_evidence(sha256, body, bytes_per_s=self._bytes_per_s)
        except CentreUnreachable as error:
            self._postpone(sha256, str(error))
            return
        match delivery:
            case Delivery.DELIVERED:
                await self._outbox.write(partial(_forget, sha256=sha256))
                self._delete(sha256)
            case Delivery.LATER:
                self._postpone(sha256, "the centre does not take it yet")
            case Delivery.REFUSED:
                await self._lose(sha256, "the centre refuses the picture")

    def _postpone(self, sha256: str, reason: str) -> None:
        attempt = self._attempts.get(sha256, 0) + 1
        self._attempts[sha256] = attempt
        wait_s = _BACKOFF.wait_s(attempt, None, random.random)
        self._not_before_s[sha256] = self._clock.monotonic_s() + wait_s
        if attempt == 1:
            log.info("picture waits", sha256=sha256, reason=reason)

    async def _lose(self, sha256: str, reason: str) -> None:
        log.error("picture lost", sha256=sha256, reason=reason)
        await self._outbox.write(partial(_report_lost, sha256=sha256, reason=reason))
        self._delete(sha256)

    def _delete(self, sha256: str) -> None:
        self._spool.path(sha256).unlink(missing_ok=True)
        self._attempts.pop(sha256, None)
        self._not_before_s.pop(sha256, None)

    async def _make_room(self) -> None:
        for sha256 in await asyncio.to_thread(self._spool.excess):
            await self._lose(sha256, "the gateway's disk has no more room for pictures")

    async def _sweep(self) -> None:
        wanted = await self._outbox.read(wanted_hashes)
        before = self._clock.now().timestamp() - _STRAY_AFTER_S
        await asyncio.to_thread(self._spool.sweep, wanted, before_unix_s=before)


def wanted_hashes(entry: Entry) -> frozenset[str]:
    """Return every picture that is still to be uploaded."""
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
