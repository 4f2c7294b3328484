"""Housekeeping cuts back what grows for ever, and nothing that anybody may still ask for."""

from datetime import timedelta

from sqlalchemy import insert, select

from contracts.telemetry import Metric
from ioc.housekeeping import clean_once
from ioc.store import journal
from ioc.store.tables import commands
from ioc.store.tables import journal as journal_table
from ioc.timeseries import Point, SeriesKey, SeriesSettings, open_series
from tests.ioc.commune import open_commune

KEY = SeriesKey(gateway_id="tu-1", metric=Metric.CPU_SHARE)


async def test_old_lines_go_and_numbers_go_on(tmp_path, clock):
    """The journal's newest line stays, however old, so that its numbers never repeat."""
    async with open_commune(tmp_path) as store, open_series(tmp_path) as series:
        for _ in range(2):
            async with store.begin() as connection:
                last = await journal.write(
                    connection, subject="alarm", subject_id="x", area_id="xa", at=clock.now()
                )
        await series.write([Point(key=KEY, sampled_at=clock.now(), value=1.0)])
        clock.advance(timedelta(days=401).total_seconds())
        await series.write([Point(key=KEY, sampled_at=clock.now(), value=2.0)])
        await clean_once(store=store, series=series, clock=clock, kept=SeriesSettings())
        async with store.read() as connection:
            numbers = (await connection.scalars(select(journal_table.c.number))).all()
        day = timedelta(days=1)
        kept = await series.read(KEY, clock.now() - 500 * day, clock.now() + day)
        hours = await series.buckets(KEY, clock.now() - 500 * day, clock.now() + day, 3_600)
    assert numbers == [last]
    assert [point.value for point in kept] == [2.0]
    assert [bucket.mean for bucket in hours] == [1.0, 2.0]


async def test_what_cameras_pass_over_is_known_for_ever(tmp_path, clock):
    """Its orders are kept once carried out; those that came to nothing go with all others."""
    kinds = ("mark_fixture.v1", "forget_fixture.v1", "stop.v1")
    ended = [(kind, state) for kind in kinds for state in ("done", "failed")]
    rows = [
        {
            "command_id": f"{kind} {state}",
            "gateway_id": "tu-1",
            "command_number": number,
            "kind": kind,
            "signed": b"x",
            "issued_at": clock.now(),
            "expires_at": clock.now(),
            "state": state,
        }
        for number, (kind, state) in enumerate(ended, start=1)
    ]
    async with open_commune(tmp_path) as store, open_series(tmp_path) as series:
        async with store.begin() as connection:
            await connection.execute(insert(commands), rows)
        clock.advance(timedelta(days=91).total_seconds())
        await clean_once(store=store, series=series, clock=clock, kept=SeriesSettings())
        async with store.read() as connection:
            kept = set((await connection.scalars(select(commands.c.command_id))).all())
    assert kept == {"mark_fixture.v1 done", "forget_fixture.v1 done"}
