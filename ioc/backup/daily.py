"""The daily backup: taken and read back by a child process, rotated, and an alarm when there is none."""

import asyncio
import json
import os
import sys
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from ioc.alarms import AlarmKind, Occurrence, Raise, Return, raise_alarm, return_alarm
from ioc.alarms.engine.causes import CENTRE
from ioc.alarms.engine.policy import Policies
from ioc.backup import rotation
from ioc.backup.disks import lies_in_memory, share_a_disk
from ioc.backup.settings import BackupSettings
from ioc.clock import Clock
from ioc.settings import Settings
from ioc.store.engine import Store

LOOK_EVERY_S = 60.0
AGAIN_AFTER_S = 3_600.0
LONGEST_S = 12 * 3_600.0
"""A disk that hangs would else keep the next backup waiting for ever."""
_ANSWERS_WITHIN_S = 30.0
"""A disk that hangs answers nothing at all, and is as good as none."""
_DIES_WITHIN_S = 5.0
_OBJECT = "backup"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Fault:
    """Why there is no backup."""

    code: str
    """folder_missing | disk_full | failed | damaged | timeout"""
    detail: str
    """In English, for the technician."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What a look into the folder has shown."""

    names: list[str]
    same_disk: bool
    """The folder lies on the disk that holds the data: both would be lost together."""
    in_memory: bool
    """The folder lies on no disk, unlike the data: its backups are lost with the power."""


@dataclass(frozen=True, kw_only=True)
class Standing:
    """How it stands with the backups, as of the last look."""

    folder: Path
    reachable: bool
    kept: int = 0
    last_at: datetime | None = None
    """When the newest was begun."""
    same_disk: bool = False
    in_memory: bool = False


class DailyBackup:
    """Takes one backup a day; one at a time in the whole installation."""

    def __init__(
        self, wanted: BackupSettings, settings: Settings, *, store: Store, clock: Clock,
        policies: Policies,
    ) -> None:  # fmt: skip
        self._wanted = wanted
        self._settings = settings
        self._store = store
        self._clock = clock
        self._policies = policies
        self._tried_s: float | None = None
        self._is_settled = False
        self._looking: asyncio.Future[Seen | None] | None = None
        self.standing: Standing | None = None
        """None until the first look has ended."""

    async def run(self) -> None:
        """Look every minute, for ever."""
        while True:
            await self.run_once()
            await self._clock.sleep(LOOK_EVERY_S)

    async def run_once(self) -> bool:
        """Take a backup if one is due; return whether one was taken. A failed one is tried hourly."""
        now, zone = self._clock.now(), self._settings.commune.zone
        seen = await self._look()
        names = None if seen is None else seen.names
        last = rotation.newest(names or (), zone, now=now)
        self._note(seen, last)
        if names is not None and not rotation.is_due(last, now=now, at=self._wanted.at, zone=zone):
            if not self._is_settled:  # the centre was stopped before it could say so
                await self._settle()
            return False
        monotonic_s = self._clock.monotonic_s()
        if self._tried_s is not None and monotonic_s - self._tried_s < AGAIN_AFTER_S:
            return False
        self._tried_s = monotonic_s
        made = rotation.name_of(now, zone)
        if names is None:
            folder = self._wanted.folder
            fault = Fault(code="folder_missing", detail=f"{folder} is not there or not readable")
            await self._tell(fault, last)
            return False
        fault_or_none = await self._take(made)
        if fault_or_none is not None:
            await self._tell(fault_or_none, last)
            return False
        self._tried_s = None
        await asyncio.to_thread(_rotate, self._wanted, made, zone, now)
        if (seen := await self._look()) is not None:
            self._note(seen, rotation.newest(seen.names, zone, now=now))
        await self._settle()
        _log.info("backup.taken", file=made)
        return True

    def _note(self, seen: Seen | None, last: datetime | None) -> None:
        """Remember how it stands; say once, and again when it has changed, that one disk has all."""
        before, folder = self.standing, self._wanted.folder
        if seen is None:
            known = before or Standing(folder=folder, reachable=False)
            self.standing = replace(known, reachable=False, kept=0, last_at=None)
            return
        zone = self._settings.commune.zone
        kept = sum(rotation.taken_at(name, zone) is not None for name in seen.names)
        self.standing = Standing(
            folder=folder,
            reachable=True,
            kept=kept,
            last_at=last,
            same_disk=seen.same_disk,
            in_memory=seen.in_memory,
        )
        if seen.in_memory and not (before is not None and before.in_memory):
            _log.warning(
                "backup.in_memory",
                folder=str(folder),
                vi="Sao lưu nằm trong bộ nhớ tạm: mất điện là mất."
                " Hãy đặt backup.folder ở một ổ đĩa.",
                en="The backups lie in memory: they are lost with the power."
                " Put backup.folder on a disk.",
            )
        if seen.same_disk and not (before is not None and before.same_disk):
            _log.warning(
                "backup.same_disk",
                folder=str(folder),
                data_dir=str(self._settings.data_dir),
                vi="Sao lưu nằm cùng ổ đĩa với dữ liệu: ổ đĩa hỏng thì mất cả hai."
                " Hãy đặt backup.folder ở ổ đĩa khác.",
                en="The backups lie on the disk that holds the data: if it fails, both are lost."
                " Put backup.folder on another disk.",
            )

    async def _look(self) -> Seen | None:
        """Return what lies in the folder; None: it cannot be looked into, or nobody answers there.

        One thread may hang in it, not one more with each look: others of the centre need them.
        """
        if self._looking is None:
            loop = asyncio.get_running_loop()
            self._looking = loop.run_in_executor(
                None, _see, self._wanted.folder, self._settings.data_dir
            )
        done, _ = await asyncio.wait({self._looking}, timeout=_ANSWERS_WITHIN_S)
        if not done:
            return None
        seen, self._looking = self._looking.result(), None
        return seen

    async def _take(self, made: str) -> Fault | None:
        await asyncio.to_thread(_sweep, self._wanted.folder)
        child = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "ioc.backup",
            str(self._wanted.folder / made),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ},
        )
        asked = self._settings.model_dump_json(by_alias=True).encode()
        try:
            async with asyncio.timeout(LONGEST_S):
                said, _ = await child.communicate(asked)
        except TimeoutError:
            return Fault(code="timeout", detail=f"no end after {LONGEST_S / 3600:.0f} hours")
        finally:
            if child.returncode is None:
                child.kill()
                with suppress(TimeoutError):  # whoever hangs in a disk does not even die
                    async with asyncio.timeout(_DIES_WITHIN_S):
                        await child.wait()
        try:
            answer = json.loads(said)
        except ValueError:
            # It was killed, perhaps while it read the file back: nobody knows whether that is whole.
            await asyncio.to_thread(_delete, self._wanted.folder / made)
            return Fault(code="failed", detail=f"the backup ended with {child.returncode}")
        fault = str(answer["fault"])
        return Fault(code=fault, detail=str(answer["detail"])) if fault else None

    async def _tell(self, fault: Fault, last: datetime | None) -> None:
        _log.error("backup.failed", code=fault.code, detail=fault.detail)
        facts = {
            "backup_fault": fault.code,
            "folder": str(self._wanted.folder),
            "last_good_at": None if last is None else last.isoformat(),
            "detail": fault.detail,
        }
        self._is_settled = False
        effect = Raise(kind=AlarmKind.BACKUP_FAILED, object_id=_OBJECT, device_id=None, facts=facts)
        async with self._store.begin() as connection:
            await raise_alarm(connection, effect, self._occurrence())

    async def _settle(self) -> None:
        over = Return(kind=AlarmKind.BACKUP_FAILED, object_id=_OBJECT, outcome="backup_taken")
        async with self._store.begin() as connection:
            await return_alarm(connection, over, self._occurrence())
        self._is_settled = True

    def _occurrence(self) -> Occurrence:
        now = self._clock.now()
        return Occurrence(
            gateway_id=CENTRE,
            area_id=self._settings.root_area_id,
            occurred_at=now,
            at=now,
            policies=self._policies,
        )


def _see(folder: Path, data_dir: Path) -> Seen | None:
    """Return what a look shows; None: it cannot be looked into."""
    names = _names(folder)
    if names is None:
        return None
    same_disk = share_a_disk(folder, data_dir)
    return Seen(
        names=names, same_disk=same_disk, in_memory=not same_disk and lies_in_memory(folder)
    )


def _names(folder: Path) -> list[str] | None:
    """Return what lies in the folder; None: it cannot be looked into."""
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return None


def _sweep(folder: Path) -> None:
    """Delete what backups that were killed have left."""
    for path in folder.iterdir():
        if rotation.is_left(path.name):
            _delete(path)


def _rotate(wanted: BackupSettings, made: str, zone: ZoneInfo, now: datetime) -> None:
    names = _names(wanted.folder) or []
    for name in rotation.surplus(names, zone, keep=wanted.keep, made=made, now=now):
        if _delete(wanted.folder / name):
            _log.info("backup.deleted", file=name, keep=wanted.keep)


def _delete(path: Path) -> bool:
    """Delete one of ours and tell whether it is gone; where a link leads to is nobody's backup."""
    try:
        if path.is_dir() and not path.is_symlink():
            for inside in path.iterdir():
                inside.unlink()
            path.rmdir()
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        _log.warning("backup.not_deleted", file=path.name, why=str(error))
        return False
    return True
