"""Backup and restoration: whole, consistent while the centre runs, and never mistaken for the old."""

import asyncio
import gzip
import io
import json
import os
import signal
import sqlite3
import sys
import tarfile
from contextlib import closing
from datetime import timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from sqlalchemy import insert, select, text

from ioc import administration
from ioc.backup import archive
from ioc.backup.refusals import BackupRefused
from ioc.serving_lock import AlreadyServed, lock_for_serving
from ioc.settings import Settings
from ioc.store import journal
from ioc.store.engine import open_store
from ioc.store.migrate import DatabaseTooNew, RestoreInterrupted
from ioc.store.tables import audit_log, gateways, meta, metadata, quarantine, sessions
from tests.ioc.commune import AREAS, add_gateway

PICTURE = b"a picture"
NAME = sha256(PICTURE).hexdigest()


def settings_of(folder: Path, url: str | None = None) -> Settings:
    """Return the settings of a centre in `folder`."""
    return Settings.model_validate(
        {
            "data_dir": folder,
            "commune": {"name": "Xã Thử"},
            "areas": [area.model_dump(by_alias=True) for area in AREAS],
            "database": {"url": url},
        }
    )


@pytest.fixture
async def centre(tmp_path, clock, database_url) -> Settings:
    """A centre with a gateway, bytes that could not be taken, somebody signed in, and a picture."""
    settings = settings_of(tmp_path / "centre", database_url)
    await administration.init(settings)
    async with open_store(settings.data_dir, url=database_url) as store:
        await add_gateway(store, "tu-1", area_id="ban-chuong")
        async with store.begin() as connection:
            await connection.execute(
                insert(quarantine).values(
                    topic_name="x", reason="not JSON", payload=b"\x00\xff", received_at=clock.now()
                )
            )
            await connection.execute(
                insert(sessions).values(
                    token_sha256="t",
                    login="lan",
                    csrf_token="c",
                    created_at=clock.now(),
                    expires_at=clock.now(),
                )
            )
            await connection.execute(gateways.update().values(last_command_number=7))
            await journal.write(
                connection, subject="gateway", subject_id="tu-1", area_id="xa", at=clock.now()
            )
    picture = settings.data_dir / "evidence" / NAME[:2] / f"{NAME}.jpg"
    picture.parent.mkdir(parents=True)
    picture.write_bytes(PICTURE)
    return settings


async def rows_of(settings: Settings) -> dict[str, list[dict]]:
    """Return every row of a centre, by table."""
    url = settings.database.read_url()
    async with open_store(settings.data_dir, url=url) as store, store.read() as connection:
        found = {}
        for table in metadata.sorted_tables:
            keys = [column.name for column in table.primary_key]
            rows = (await connection.execute(select(table))).mappings()
            found[table.name] = sorted(map(dict, rows), key=lambda r: [str(r[k]) for k in keys])
    return found


CHANGED = {"meta", "gateways", "sessions", "audit_log"}


async def test_everything_comes_back_in_another_place(centre, tmp_path, clock):
    """Rows, keys, passwords and pictures, into a file of the new machine's own."""
    await administration.backup(centre, clock, tmp_path / "kept.tar")
    before = await rows_of(centre)
    new = settings_of(tmp_path / "new")
    restored = await administration.restore(new, clock, tmp_path / "kept.tar")
    after = await rows_of(new)
    assert {k: v for k, v in after.items() if k not in CHANGED} == {
        k: v for k, v in before.items() if k not in CHANGED
    }
    assert restored.rows == sum(map(len, before.values()))
    kept = [path.relative_to(new.data_dir) for path in new.data_dir.rglob("*.jpg")]
    assert kept == [Path("evidence") / NAME[:2] / f"{NAME}.jpg"]
    for name in ("keys/commands.pem", "broker/centre_password"):
        assert (new.data_dir / name).read_bytes() == (centre.data_dir / name).read_bytes()
        assert (new.data_dir / name).stat().st_mode & 0o077 == 0


async def test_a_centre_moves_to_a_server(centre, tmp_path, clock, postgres):
    """And new rows there are numbered after the old ones."""
    await administration.backup(centre, clock, tmp_path / "kept.tar")
    before = await rows_of(centre)
    new = settings_of(tmp_path / "new", postgres.new_database())
    await administration.restore(new, clock, tmp_path / "kept.tar")
    assert (await rows_of(new))["quarantine"] == before["quarantine"]
    async with (
        open_store(new.data_dir, url=new.database.read_url()) as store,
        store.begin() as connection,
    ):
        number = await journal.write(
            connection, subject="alarm", subject_id="x", area_id="xa", at=clock.now()
        )
    assert number == before["journal"][-1]["number"] + 1


async def test_a_restored_centre_is_another_store_and_signs_higher_numbers(centre, tmp_path, clock):
    """Gateways send again what they keep; no command has a number that was ever used, here or in
    an earlier restoration of the same backup.
    """
    await administration.backup(centre, clock, tmp_path / "kept.tar")
    numbers, names = [7], [(await rows_of(centre))["meta"]]
    for n in range(2):
        clock.advance(timedelta(hours=1).total_seconds())
        new = settings_of(tmp_path / f"new-{n}")
        await administration.restore(new, clock, tmp_path / "kept.tar")
        found = await rows_of(new)
        numbers.append(found["gateways"][0]["last_command_number"])
        names.append(found["meta"])
        assert found["sessions"] == []
    assert numbers[2] > numbers[1] + 100_000 > numbers[0] + 1_000_000
    assert len({str(name) for name in names}) == 3


async def test_who_took_and_who_restored_it_stands_in_the_audit_log(centre, tmp_path, clock):
    """A backup holds people's data: taking one is a deed."""
    await administration.backup(centre, clock, tmp_path / "kept.tar")
    new = settings_of(tmp_path / "new")
    await administration.restore(new, clock, tmp_path / "kept.tar")
    async with open_store(new.data_dir) as store, store.read() as connection:
        deeds = (await connection.scalars(select(audit_log.c.action))).all()
    assert deeds == ["backup", "restore"]


async def test_a_backup_beside_a_busy_centre_shows_one_moment(centre, tmp_path, clock):
    """Two rows that are always written together are both in it, or neither."""
    stop = asyncio.Event()

    async def write(store) -> None:
        number = 0
        while not stop.is_set():
            number += 1
            async with store.begin() as connection:
                for key in (f"a-{number}", f"b-{number}"):
                    await connection.execute(insert(meta).values(key=key, value="x"))
            await asyncio.sleep(0.005)

    url = centre.database.read_url()
    async with open_store(centre.data_dir, url=url) as store, asyncio.TaskGroup() as group:
        group.create_task(write(store))
        await asyncio.sleep(0.05)
        await administration.backup(centre, clock, tmp_path / "kept.tar")
        stop.set()
    lines = _state(tmp_path / "kept.tar")
    keys = [line[0] for line in lines if isinstance(line, list) and len(line) == 2]
    keys = [key for key in keys if key[:2] in ("a-", "b-")]
    assert keys
    assert {key[2:] for key in keys if key[0] == "a"} == {key[2:] for key in keys if key[0] == "b"}


async def test_a_database_of_another_room_is_copied_as_one_moment_shows_it(centre, tmp_path, clock):
    """Also while somebody writes to it."""
    with closing(sqlite3.connect(centre.data_dir / "series.db")) as series:
        series.execute("PRAGMA journal_mode = WAL")
        series.execute("CREATE TABLE points (value INTEGER)")
        series.execute("INSERT INTO points VALUES (1)")
        series.commit()
        series.execute("INSERT INTO points VALUES (2)")  # not committed
        await administration.backup(centre, clock, tmp_path / "kept.tar")
    new = settings_of(tmp_path / "new")
    await administration.restore(new, clock, tmp_path / "kept.tar")
    with closing(sqlite3.connect(new.data_dir / "series.db")) as series:
        assert series.execute("SELECT value FROM points").fetchall() == [(1,)]


@pytest.fixture
async def embedded(tmp_path, clock) -> Settings:
    """A centre with a file of its own, and a backup of it in `kept.tar`."""
    settings = settings_of(tmp_path / "centre")
    await administration.init(settings)
    (settings.data_dir / "evidence").mkdir()
    (settings.data_dir / "evidence" / f"{NAME}.jpg").write_bytes(PICTURE)
    await administration.backup(settings, clock, tmp_path / "kept.tar")
    return settings


def test_a_backup_is_private(embedded, tmp_path):
    """It holds the key that signs commands."""
    assert (tmp_path / "kept.tar").stat().st_mode & 0o077 == 0


async def test_nothing_is_overwritten(embedded, tmp_path, clock):
    """Neither a backup by another, nor a centre by a backup."""
    with pytest.raises(BackupRefused, match="there already"):
        await administration.backup(embedded, clock, tmp_path / "kept.tar")
    with pytest.raises(BackupRefused, match="is not empty"):
        await administration.restore(embedded, clock, tmp_path / "kept.tar")
    with pytest.raises(BackupRefused, match="data directory itself"):
        await administration.backup(embedded, clock, embedded.data_dir / "kept.tar")


async def test_a_database_that_is_not_empty_is_refused(embedded, tmp_path, clock, postgres):
    """Whatever it holds stays."""
    new = settings_of(tmp_path / "new", postgres.emptied_database())
    with pytest.raises(BackupRefused, match="holds tables already"):
        await administration.restore(new, clock, tmp_path / "kept.tar")


async def test_nothing_is_restored_under_a_running_centre(embedded, tmp_path, clock):
    """It would go on with what it has in memory."""
    new = settings_of(tmp_path / "new")
    with lock_for_serving(new.data_dir), pytest.raises(AlreadyServed):
        await administration.restore(new, clock, tmp_path / "kept.tar")


@pytest.mark.timeout(60)
async def test_half_a_restored_centre_is_never_served(embedded, tmp_path, clock, postgres):
    """Killed between its rows and its end: the server has a centre's tables, and nobody uses them."""
    new = settings_of(tmp_path / "new", postgres.new_database())
    restore = (
        "import asyncio, os, signal, sys\n"
        "from pathlib import Path\n"
        "from ioc import administration\n"
        "from ioc.backup import restoring\n"
        "from ioc.clock import SystemClock\n"
        "from ioc.settings import Settings\n"
        "restoring._move_in = lambda *_: os.kill(os.getpid(), signal.SIGKILL)\n"
        "settings = Settings.model_validate_json(sys.argv[1])\n"
        "asyncio.run(administration.restore(settings, SystemClock(), Path(sys.argv[2])))\n"
    )
    written = new.model_dump_json(by_alias=True, exclude_defaults=True)
    arguments = ("-c", restore, written, str(tmp_path / "kept.tar"))
    killed = await asyncio.create_subprocess_exec(sys.executable, *arguments, env=os.environ)
    assert await killed.wait() == -signal.SIGKILL
    for _ in range(2):
        with pytest.raises(RestoreInterrupted, match="half a centre"):
            await administration.init(new)
        with pytest.raises(BackupRefused, match="holds tables already"):
            await administration.restore(new, clock, tmp_path / "kept.tar")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
async def test_a_backup_that_was_cut_short_leaves_nothing(embedded, tmp_path, clock, share):
    """The place stays empty for a whole one."""
    whole = (tmp_path / "kept.tar").read_bytes()
    end = whole.index(b"end.json")  # a tar ends in padding that nobody misses
    (tmp_path / "cut.tar").write_bytes(whole[: int(end * share)])
    new = settings_of(tmp_path / "new")
    with pytest.raises(BackupRefused):
        await administration.restore(new, clock, tmp_path / "cut.tar")
    assert [each.name for each in new.data_dir.iterdir()] == ["serve.lock"]


async def test_a_failed_restoration_empties_the_server_again(embedded, tmp_path, clock, postgres):
    """The next attempt needs no other database."""
    _rewrite(tmp_path / "kept.tar", tmp_path / "bad.tar", f"files/evidence/{NAME}.jpg", b"another")
    new = settings_of(tmp_path / "new", postgres.new_database())
    with pytest.raises(BackupRefused, match="not what was stored"):
        await administration.restore(new, clock, tmp_path / "bad.tar")
    restored = await administration.restore(new, clock, tmp_path / "kept.tar")
    assert restored.files > 1


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("files/../../escaped", b"x", "no place"),
        ("files//etc/passwd", b"x", None),
        ("else", b"x", "no place"),
        ("manifest.json", b'{"format": 99}', "format 99"),
        ("manifest.json", b"[", "damaged"),
    ],
)
async def test_what_no_backup_holds_is_refused(embedded, tmp_path, clock, name, content, said):
    """No name leads out of the data directory."""
    replaced = name if name == "manifest.json" else f"files/evidence/{NAME}.jpg"
    _rewrite(tmp_path / "kept.tar", tmp_path / "bad.tar", replaced, content, name)
    new = settings_of(tmp_path / "new")
    with pytest.raises(BackupRefused, match=said):
        await administration.restore(new, clock, tmp_path / "bad.tar")
    assert not (tmp_path / "escaped").exists()


async def test_a_backup_of_a_later_release_is_refused(embedded, tmp_path, clock):
    """Better no centre than a damaged one."""
    with tarfile.open(tmp_path / "kept.tar") as tar:
        note = json.load(tar.extractfile("manifest.json"))
    note["revision"] = "9999"
    text_of = json.dumps(note).encode()
    _rewrite(tmp_path / "kept.tar", tmp_path / "bad.tar", "manifest.json", text_of)
    with pytest.raises(DatabaseTooNew, match="9999"):
        await administration.restore(settings_of(tmp_path / "new"), clock, tmp_path / "bad.tar")


async def test_a_backup_of_an_earlier_release_is_brought_up(tmp_path, clock):
    """Its rows are entered into the tables it was made of, then migrated."""
    path = tmp_path / "old.tar"
    rows = [{"table": "areas", "columns": ["area_id", "name", "parent_id"]}, ["xa", "Xã", None]]
    rows += [{"table": "meta", "columns": ["key", "value"]}, ["store_id", "old"]]
    state = tmp_path / "state"
    state.write_bytes(gzip.compress("\n".join(map(json.dumps, rows)).encode()))
    manifest = archive.Manifest(
        format=1,
        release="0",
        revision="0001",
        taken_at="2026-01-01T00:00:00+00:00",
        store_id="old",
        rows={"areas": 1, "meta": 1},
    )
    password = tmp_path / "password"
    password.write_text("x")
    with archive.open_writer(path) as writer:
        writer.add_note("manifest.json", archive.note_of(manifest))
        writer.add_state(state)
        writer.add_file(password, Path("broker/centre_password"))
    new = settings_of(tmp_path / "new")
    await administration.restore(new, clock, path)
    async with open_store(new.data_dir) as store, store.read() as connection:
        revision = await connection.scalar(text("SELECT version_num FROM alembic_version"))
        name = await connection.scalar(select(meta.c.value).where(meta.c.key == "store_id"))
    assert revision > "0001"
    assert name != "old"


def _state(path: Path) -> list:
    with tarfile.open(path) as tar:
        lines = gzip.decompress(tar.extractfile("state.jsonl.gz").read()).splitlines()
    return [json.loads(line) for line in lines]


def _rewrite(
    path: Path, target: Path, replaced: str, content: bytes, name: str | None = None
) -> None:
    """Copy a backup with one member replaced."""
    with tarfile.open(path) as old, tarfile.open(target, "w") as new:
        for member in old:
            body = old.extractfile(member).read()
            if member.name == replaced:
                member.name, body = name or member.name, content
                member.size = len(body)
            new.addfile(member, io.BytesIO(body))
