"""The daily backup: taken by itself, read back, rotated, and missed aloud."""

import asyncio
import errno
import os
import shutil
import sqlite3
import sys
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select
from structlog.testing import capture_logs

from ioc import administration
from ioc.alarms.engine.policy import UNDELAYED_POLICIES
from ioc.backup import __main__, daily, rotation
from ioc.backup.checking import check_backup
from ioc.backup.daily import DailyBackup
from ioc.backup.refusals import BackupRefused
from ioc.backup.settings import BackupSettings
from ioc.backup.taking import _copy_database
from ioc.checks import check
from ioc.settings import Settings
from ioc.store.engine import Store, open_store
from ioc.store.settings import DatabaseSettings
from ioc.store.tables import alarms
from tests.fakes.clock import FakeClock
from tests.ioc.commune import AREAS

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
NIGHT = datetime(2026, 1, 5, 2, 0, tzinfo=HANOI)


class Room:
    """A centre whose backups go to a folder."""

    def __init__(self, settings: Settings, store: Store, clock: FakeClock) -> None:
        self.settings, self.store, self.clock = settings, store, clock
        self.folder = settings.data_dir.parent / "usb"
        self.daily = self.anew()

    def anew(self, *, wanted: BackupSettings | None = None, **changes: object) -> DailyBackup:
        """Return the work of a centre that has just begun."""
        assert self.settings.backup is not None
        return DailyBackup(
            wanted or self.settings.backup,
            self.settings.model_copy(update=changes),
            store=self.store,
            clock=self.clock,
            policies=UNDELAYED_POLICIES,
        )

    def kept(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    async def alarm(self) -> dict:
        async with self.store.read() as connection:
            return dict((await connection.execute(select(alarms))).mappings().one())


@asynccontextmanager
async def open_room(folder: Path, clock: FakeClock, url: str | None = None) -> AsyncIterator[Room]:
    (folder / "usb").mkdir()
    settings = Settings.model_validate(
        {
            "data_dir": folder / "centre",
            "commune": {"name": "Xã Thử"},
            "areas": [area.model_dump(by_alias=True) for area in AREAS],
            "database": {"url": url},
            "backup": {"folder": folder / "usb", "keep": 2},
        }
    )
    await administration.init(settings)
    clock.set_wall_clock(NIGHT)
    async with open_store(settings.data_dir, url=url) as store:
        yield Room(settings, store, clock)


@pytest.fixture
async def room(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Room]:
    async with open_room(tmp_path, clock) as opened:
        yield opened


async def test_a_backup_is_taken_once_a_day_and_can_be_restored(tmp_path, clock, database_url):
    """By a process of its own, from either kind of database."""
    async with open_room(tmp_path, clock, database_url) as room:
        assert await room.daily.run_once()
        (name,) = room.kept()
        assert name == "ioc-2026-01-05-0200.backup"
        assert (room.folder / name).stat().st_mode & 0o077 == 0
        clock.advance(23 * 3_600)
        assert not await room.daily.run_once()
        elsewhere = {"data_dir": tmp_path / "new", "database": DatabaseSettings()}
        new = room.settings.model_copy(update=elsewhere)
        assert (await administration.restore(new, clock, room.folder / name)).rows > 0


async def test_as_many_are_kept_as_was_said_and_nothing_else_is_touched(room):
    """What people put there themselves is theirs."""
    for name in ("ảnh cưới.jpg", "ioc-before-the-move.backup"):
        (room.folder / name).write_bytes(b"x")
    for _ in range(3):
        assert await room.daily.run_once()
        room.clock.advance(86_400)
    assert room.kept() == [
        "ioc-2026-01-06-0200.backup",
        "ioc-2026-01-07-0200.backup",
        "ioc-before-the-move.backup",
        "ảnh cưới.jpg",
    ]


async def test_what_a_link_leads_to_is_never_deleted(room):
    """Whoever may write to the disk of backups could else have the centre's own files deleted."""
    theirs = room.folder.parent / "theirs"
    theirs.mkdir()
    (theirs / "register.db").write_bytes(b"x")
    for name in (".ioc-2026-01-04-0200.backup.ab12", "ioc-2026-01-01-0200.backup"):
        (room.folder / name).symlink_to(theirs)
    for _ in range(2):
        assert await room.daily.run_once()
        room.clock.advance(86_400)
    assert (theirs / "register.db").exists()
    assert room.kept() == ["ioc-2026-01-05-0200.backup", "ioc-2026-01-06-0200.backup"]


async def test_backups_of_a_wrong_clock_do_not_push_out_the_right_ones(room):
    """For a week the clock was years ahead: those go first, not yesterday's."""
    for name in ("ioc-2031-01-01-0200.backup", "ioc-2031-01-02-0200.backup"):
        (room.folder / name).write_bytes(b"x")
    for _ in range(2):
        assert await room.daily.run_once()
        room.clock.advance(86_400)
    assert room.kept() == ["ioc-2026-01-05-0200.backup", "ioc-2026-01-06-0200.backup"]


async def test_a_disk_that_is_not_there_is_an_alarm_until_a_backup_is_made(room):
    """Tried again every hour; the folder is never made, else a missing disk would fill this one."""
    room.folder.rmdir()
    assert not await room.daily.run_once()
    alarm = await room.alarm()
    assert (alarm["kind"], alarm["priority"], alarm["area_id"]) == ("backup_failed", "medium", "xa")
    assert (alarm["facts"]["backup_fault"], alarm["annunciate"]) == ("folder_missing", True)
    room.folder.mkdir()
    room.clock.advance(1_800)
    assert not await room.daily.run_once()
    room.clock.advance(1_801)
    assert await room.daily.run_once()
    assert (await room.alarm())["state"] == "rtn_unacknowledged"


async def test_a_disk_that_hangs_is_an_alarm_and_holds_one_thread(room, monkeypatch):
    """A server of files that is gone answers nothing: not yes, not no."""
    answers, asked, listdir = threading.Event(), [], os.listdir

    def hang(path: Path) -> list[str]:
        asked.append(path)
        answers.wait(10)
        return listdir(path)

    monkeypatch.setattr(os, "listdir", hang)
    monkeypatch.setattr(daily, "_ANSWERS_WITHIN_S", 0.05)
    for _ in range(3):
        assert not await room.daily.run_once()
        room.clock.advance(3_601)
    assert (await room.alarm())["facts"]["backup_fault"] == "folder_missing"
    assert len(asked) == 1
    answers.set()
    monkeypatch.undo()
    assert await room.daily.run_once()
    assert (await room.alarm())["state"] == "rtn_unacknowledged"


async def test_a_backup_that_was_killed_while_it_was_read_back_does_not_count(room, monkeypatch):
    """It may be whole, or not: the next one is tried in an hour, and until then there is none."""
    killed = room.folder.parent / "killed"
    killed.write_text('#!/bin/sh\ncat > /dev/null\necho x > "$3"\nkill -9 $$\n')
    killed.chmod(0o700)
    with monkeypatch.context() as patched:
        patched.setattr(sys, "executable", str(killed))
        assert not await room.daily.run_once()
    assert room.kept() == []
    assert not await room.daily.run_once()
    assert (await room.alarm())["state"] == "unacknowledged"


async def test_a_full_disk_is_said_before_it_is_filled_and_the_last_backup_stays(room):
    """With how much is missing, for the technician."""
    assert await room.daily.run_once()
    before = room.kept()
    huge = room.settings.data_dir / "evidence" / "huge.mp4"
    huge.parent.mkdir(exist_ok=True)
    with huge.open("wb") as file:
        file.truncate(10**13)
    room.clock.advance(86_400)
    assert not await room.daily.run_once()
    assert room.kept() == before
    facts = (await room.alarm())["facts"]
    assert facts["backup_fault"] == "disk_full"
    assert facts["last_good_at"].startswith("2026-01-05T02:00")
    assert "MB more are needed" in facts["detail"]


async def test_room_for_the_copy_of_a_database_is_looked_for_as_well(room, monkeypatch):
    """Measurements may be most of it: they lie on the disk twice until the backup is whole."""
    measured = room.settings.data_dir / "measured.db"
    with measured.open("wb") as file:
        file.truncate(10**9)
    free = SimpleNamespace(free=1_500_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: free)
    path = room.folder / "ioc-2026-01-05-0200.backup"
    fault, detail = await asyncio.to_thread(__main__._attempt, room.settings, path)
    assert fault == "disk_full", detail
    assert room.kept() == []


def test_a_disk_that_fills_while_a_database_is_copied_is_full(tmp_path):
    """Not broken: whoever reads of it makes room, or brings a larger one."""
    measured = tmp_path / "measured.db"
    with closing(sqlite3.connect(measured)) as database:
        database.execute("CREATE TABLE a (b BLOB)")
        database.execute("INSERT INTO a VALUES (randomblob(100000))")
        database.commit()
    with pytest.raises(OSError, match="No space left") as full:
        _copy_database(measured, Path("/dev/full"))
    assert full.value.errno == errno.ENOSPC


async def test_a_backup_that_fails_deletes_none_of_those_before(room):
    """Whatever the reason: here the database cannot be read."""
    for _ in range(2):
        assert await room.daily.run_once()
        room.clock.advance(86_400)
    before = room.kept()
    nowhere = room.anew(data_dir=room.folder.parent / "nothing-here")
    assert not await nowhere.run_once()
    assert room.kept() == before
    assert (await room.alarm())["facts"]["backup_fault"] == "failed"


async def test_what_a_killed_backup_left_is_swept_away(room):
    """A power cut in the middle must not fill the disk bit by bit."""
    (room.folder / ".ioc-2026-01-04-0200.backup.77.part").write_bytes(b"x")
    beside = room.folder / ".ioc-2026-01-04-0200.backup.ab12"
    beside.mkdir()
    (beside / "state").write_bytes(b"x")
    assert await room.daily.run_once()
    assert room.kept() == ["ioc-2026-01-05-0200.backup"]


async def test_a_centre_that_was_off_at_the_hour_takes_it_when_it_starts(room):
    """And one that was stopped before it could say that all is well says so then."""
    assert await room.daily.run_once()
    room.clock.advance(29 * 3_600)
    room.folder.rename(room.folder.with_name("away"))
    assert not await room.anew().run_once()
    room.folder.with_name("away").rename(room.folder)
    assert await room.anew().run_once()
    assert room.kept()[-1] == "ioc-2026-01-06-0700.backup"
    assert not await room.anew().run_once()
    assert (await room.alarm())["state"] == "rtn_unacknowledged"


async def test_a_backup_that_is_cut_short_or_damaged_is_noticed(room):
    """Read back at once, not on the day on which it is needed."""
    assert await room.daily.run_once()
    path = room.folder / room.kept()[0]
    check_backup(path)
    whole = path.read_bytes()
    at = whole.index(b"state.jsonl.gz") + 700
    for damaged in (
        whole[: len(whole) // 4],
        whole[: whole.index(b"end.json")],
        whole[:at] + bytes(50) + whole[at + 50 :],
    ):
        path.write_bytes(damaged)
        with pytest.raises(BackupRefused):
            check_backup(path)


async def test_check_says_that_backups_cannot_be_written(room):
    """Before the night on which they would have been."""
    named = {finding.subject: finding.fault for finding in await check(room.settings)}
    assert named["backup.folder"] == ""
    room.folder.rmdir()
    named = {finding.subject: finding.fault for finding in await check(room.settings)}
    assert "is not there" in named["backup.folder"]


async def test_a_folder_on_the_disk_of_the_data_is_said_once_and_is_no_alarm(room):
    """A standing notice, in the log, in `ioc check` and for the page."""
    with capture_logs() as said:
        assert await room.daily.run_once()
        room.clock.advance(60)
        assert not await room.daily.run_once()
    (line,) = [each for each in said if each["event"] == "backup.same_disk"]
    assert "cùng ổ đĩa" in line["vi"]
    assert "both are lost" in line["en"]
    standing = room.daily.standing
    assert (standing.reachable, standing.same_disk, standing.kept) == (True, True, 1)
    assert standing.last_at == NIGHT
    async with room.store.read() as connection:
        assert (await connection.execute(select(alarms))).first() is None
    (finding,) = [each for each in await check(room.settings) if each.subject == "backup.folder"]
    assert finding.fault == ""
    assert "both are lost" in finding.notice


async def test_a_folder_in_memory_is_said_to_be_lost_with_the_power(room):
    """It is on no disk of the data, which alone would sound safe."""
    with TemporaryDirectory(dir="/dev/shm") as folder, capture_logs() as said:
        wanted = BackupSettings(folder=Path(folder))
        elsewhere = room.anew(wanted=wanted)
        assert await elsewhere.run_once()
        assert (elsewhere.standing.same_disk, elsewhere.standing.in_memory) == (False, True)
        assert [each["event"] for each in said] == ["backup.in_memory", "backup.taken"]
        settings = room.settings.model_copy(update={"backup": wanted})
        (finding,) = [each for each in await check(settings) if each.subject == "backup.folder"]
        assert finding.fault == ""
        assert "lost with the power" in finding.notice


async def test_a_disk_that_is_away_is_not_said_to_be_the_same(room):
    """Nobody knows what the folder would lie on."""
    room.folder.rmdir()
    await room.daily.run_once()
    assert room.daily.standing.reachable is False
    assert room.daily.standing.same_disk is False


INSTANTS = st.datetimes(datetime(2026, 1, 1), datetime(2026, 3, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(begun=st.lists(INSTANTS, min_size=1, max_size=20), keep=st.integers(2, 10))
def test_rotation_keeps_the_newest_and_the_one_just_made(begun, keep):
    """However wrong the clock was when the others were named."""
    names = {rotation.name_of(at, HANOI) for at in begun}
    made = rotation.name_of(begun[0], HANOI)
    gone = rotation.surplus(names, HANOI, keep=keep, made=made, now=max(begun))
    assert made not in gone
    assert len(names) - len(gone) == min(len(names), keep)
    stays = names - set(gone) - {made}
    assert all(lost < left for lost in gone for left in stays)


@given(last=st.none() | INSTANTS, now=INSTANTS)
def test_a_backup_is_due_once_in_a_day(last, now):
    """None since 02:00; one from the future proves nothing."""
    local = now.astimezone(HANOI)
    slot = local.replace(hour=2, minute=0, second=0, microsecond=0)
    slot -= timedelta(days=1) if slot > local else timedelta(0)
    due = rotation.is_due(last, now=now, at="02:00", zone=HANOI)
    assert due == (last is None or last < slot)
    if last is not None and last > now + timedelta(hours=2):
        names = [rotation.name_of(last, HANOI)]
        assert rotation.newest(names, HANOI, now=now) is None
