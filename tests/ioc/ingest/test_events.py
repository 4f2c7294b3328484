"""Events are stored once, whatever the wire does; what cannot be read is kept and spoils nothing."""

import asyncio
from contextlib import asynccontextmanager
from uuid import uuid4

from structlog.testing import capture_logs

from contracts.batch import encode_batch
from contracts.envelope import encode_event
from contracts.events import OutboxGap
from contracts.topics import Channel
from ioc.ingest.committed import MAX_ACKED_RANGES, shorten
from ioc.ingest.intake import MAX_QUEUED
from ioc.store.tables import alarms, annunciations, committed_ranges, events, quarantine
from tests.ioc.sender import Sender, motion


async def test_a_batch_is_stored_and_its_range_acknowledged(centre, sender):
    """Three events become three rows, and the acknowledgement names their range."""
    await centre.take(sender.batch(*(sender.event(motion()) for _ in range(3))))
    assert [row["sequence"] for row in await centre.rows(events)] == [1, 2, 3]
    ack = await centre.ack(sender)
    assert (ack.committed, ack.store_id) == (((1, 3),), centre.store.store_id)


async def test_a_batch_sent_again_changes_nothing_and_is_acknowledged(centre, sender):
    """Duplicates, within a group or later, are stored once."""
    batch = sender.batch(sender.event(motion()), sender.event(motion()))
    await centre.take(batch, batch)
    await centre.take(batch)
    assert len(await centre.rows(events)) == 2
    assert (await centre.ack(sender)).committed == ((1, 2),)


async def test_holes_stay_open_until_they_are_filled(centre, sender):
    """Live overtakes backfill: the ranges merge when the missing batch has come."""
    first, second, third = (sender.event(motion()) for _ in range(3))
    await centre.take(sender.batch(first), sender.batch(third))
    assert (await centre.ack(sender)).committed == ((1, 1), (3, 3))
    await centre.take(sender.batch(second, backfill=True))
    assert (await centre.ack(sender)).committed == ((1, 3),)


async def test_an_unreadable_row_is_quarantined_and_counts_as_committed(centre, sender):
    """One bad line spoils no other, and is never sent again."""
    good, bad = sender.event(motion()), sender.event(motion())
    rows = [encode_event(good), b'{"id": 3']
    payload = encode_batch(sender.epoch, [good.sequence, bad.sequence], rows)
    await centre.take(sender.message(Channel.EVENTS_LIVE, payload))
    assert len(await centre.rows(events)) == 1
    kept = await centre.row(quarantine)
    assert (kept["payload"], kept["sequence"]) == (b'{"id": 3', 2)
    assert (await centre.ack(sender)).committed == ((1, 2),)


async def test_an_unreadable_header_is_quarantined_and_ingest_goes_on(centre, sender):
    """Bytes that are no batch are kept for inspection; the batch behind them is stored."""
    noise = sender.message(Channel.EVENTS_LIVE, b"\xff\x00 noise")
    await centre.take(noise, sender.batch(sender.event(motion())))
    kept = await centre.row(quarantine)
    assert (kept["payload"], kept["gateway_id"]) == (b"\xff\x00 noise", "tu-1")
    assert len(await centre.rows(events)) == 1


async def test_an_event_of_another_gateway_is_quarantined(centre, sender):
    """A gateway cannot speak for another one."""
    stranger = Sender(centre.clock, gateway_id="tu-2")
    stranger.epoch = sender.epoch
    payload = encode_batch(sender.epoch, [1], [encode_event(stranger.event(motion()))])
    await centre.take(sender.message(Channel.EVENTS_LIVE, payload))
    assert await centre.rows(events) == []
    assert "not of the gateway that sent it" in (await centre.row(quarantine))["reason"]


async def test_an_event_that_is_not_at_its_place_is_quarantined(centre, sender):
    """The header and the event must agree which row it is."""
    event = sender.event(motion())
    payload = encode_batch(sender.epoch, [7], [encode_event(event)])
    await centre.take(sender.message(Channel.EVENTS_LIVE, payload))
    assert await centre.rows(events) == []
    assert "its header says 7" in (await centre.row(quarantine))["reason"]


async def test_a_gateway_nobody_added_is_quarantined_and_not_acknowledged(centre):
    """Its batch is kept, its events are not taken."""
    stranger = Sender(centre.clock, gateway_id="tu-9")
    await centre.take(stranger.batch(stranger.event(motion())))
    assert await centre.rows(events) == []
    assert "never added" in (await centre.row(quarantine))["reason"]
    assert (await centre.ack(stranger)).committed == ()


async def test_another_site_cannot_use_a_gateways_name(centre):
    """Site and gateway together name a gateway."""
    stranger = Sender(centre.clock, site_id="khac")
    await centre.take(stranger.batch(stranger.event(motion())))
    assert await centre.rows(events) == []


async def test_a_fork_is_noticed_and_both_events_are_stored(centre, sender):
    """A restored gateway numbers anew what was numbered before: nothing is lost, and it is told."""
    await centre.take(sender.batch(sender.event(motion())))
    sender.sequence = 0
    published = []

    async def publish(topic_name: str, payload: bytes, *, retained: bool) -> None:
        published.append((topic_name, payload, retained))

    centre.bus.publish = publish
    await centre.take(sender.batch(sender.event(motion())))
    assert len(await centre.rows(events)) == 2
    ((topic_name, payload, retained),) = published
    assert topic_name == sender.address.topic_name(Channel.ACK)
    assert b'"new_epoch":true' in payload
    assert retained


async def test_a_fork_is_an_alarm_that_only_a_person_ends(centre, sender):
    """Two boxes under one name must be found by somebody; each further batch adds to the alarm."""
    await centre.take(sender.batch(sender.event(motion())))
    for _ in range(2):
        sender.sequence = 0
        await centre.take(sender.batch(sender.event(motion())))
    alarm = await centre.row(alarms)
    facts = (alarm["kind"], alarm["state"], alarm["latched"], alarm["facts"]["reason"])
    assert facts == ("gateway_forked", "unacknowledged", True, "forked")
    assert len(await centre.rows(annunciations)) == 1


async def test_what_is_numbered_anew_under_another_epoch_is_no_fork_and_no_duplicate(
    centre, sender
):
    """After `new_epoch` the same events come under new numbers: stored once, committed there too."""
    event = sender.event(motion())
    await centre.take(sender.batch(event))
    sender.epoch = str(uuid4())
    again = event.model_copy(update={"epoch": sender.epoch, "sequence": 1})
    await centre.take(sender.batch(again))
    assert len(await centre.rows(events)) == 1
    assert (await centre.ack(sender)).committed == ((1, 1),)


async def test_a_gap_counts_as_committed_and_raises_an_alarm(centre, sender):
    """What a full outbox dropped will never come; the acknowledgement says so."""
    sender.sequence = 10
    gap = OutboxGap(epoch=sender.epoch, ranges=((1, 10),), events=10, reason="full")
    await centre.take(sender.batch(sender.event(gap, None)))
    assert (await centre.ack(sender)).committed == ((1, 11),)
    alarm = await centre.row(alarms)
    assert (alarm["kind"], alarm["latched"], alarm["facts"]["events"]) == ("outbox_gap", True, 10)


async def test_motion_is_an_event_and_no_alarm(centre, sender):
    """Motion needs nobody's answer."""
    await centre.take(sender.batch(sender.event(motion())))
    assert await centre.rows(alarms) == []


async def test_a_batch_the_store_cannot_take_holds_up_no_other(centre, sender):
    """It stays with its gateway; the ones beside it are committed."""
    poison, fine = sender.event(motion()), sender.event(motion())
    async with _refusing_the_first(centre.store):
        with capture_logs() as logs:
            await centre.take(sender.batch(poison), sender.batch(fine))
    faults = [line["fault"] for line in logs if line["event"] == "work.failed"]
    assert ["poison" in fault for fault in faults] == [True, True]
    assert [row["sequence"] for row in await centre.rows(events)] == [2]
    assert (await centre.ack(sender)).committed == ((2, 2),)


async def test_telemetry_that_cannot_be_read_is_quarantined_and_committed(centre, sender):
    """Its gateway need not keep it for ever."""
    payload = encode_batch(sender.epoch, [1], [b"{}"])
    await centre.intake.take_telemetry([sender.message(Channel.TELEMETRY, payload)])
    assert (await centre.row(quarantine))["payload"] == b"{}"
    assert (await centre.ack(sender)).telemetry.committed == ((1, 1),)


async def test_full_telemetry_never_makes_an_event_wait(centre, sender):
    """What does not fit is deferred: its gateway sends it again."""
    with capture_logs() as logs:
        async with asyncio.timeout(5):
            for number in range(MAX_QUEUED + 50):
                await centre.intake.deliver(sender.message(Channel.TELEMETRY, b"%d" % number))
            await centre.intake.deliver(sender.batch(sender.event(motion())))
    assert [line["event"] for line in logs] == ["ingest.telemetry_deferred"]


async def test_more_ranges_than_fit_are_told_from_both_ends():
    """So that neither the backlog nor what is live comes to a halt."""
    ranges = tuple((n, n) for n in range(1, 101, 2))
    assert shorten(ranges, 10) == (*ranges[:5], *ranges[-5:])
    assert shorten(ranges, 50) == ranges


async def test_an_event_that_must_name_a_device_but_does_not_is_quarantined(centre, sender):
    """Nobody could be sent anywhere for it."""
    await centre.take(sender.batch(sender.event(motion(), None)))
    assert "names no device" in (await centre.row(quarantine))["reason"]


async def test_holes_after_every_row_do_not_slow_the_centre_down(centre, sender):
    """A gateway that skips every other number is kept to a bounded number of ranges."""
    for start in range(1, 12 * 1_024, 1_024):
        numbers = list(range(start, start + 1_024, 2))
        payload = encode_batch(sender.epoch, numbers, [b"{}"] * len(numbers))
        await centre.take(sender.message(Channel.EVENTS_LIVE, payload))
    ranges = await centre.rows(committed_ranges)
    assert len(ranges) == MAX_ACKED_RANGES
    assert max(row["last"] for row in ranges) == 12 * 1_024 - 1


async def test_quarantine_is_bounded_while_it_is_filled(centre, sender, monkeypatch):
    """Junk cannot fill the disk: the newest rows are kept, and the beginning of each."""
    monkeypatch.setattr("ioc.store.quarantine.ROWS_KEPT", 5)
    for _ in range(4):
        await centre.take(*(sender.message(Channel.EVENTS_LIVE, b"x" * 200_000) for _ in range(3)))
    kept = await centre.rows(quarantine)
    assert [row["number"] for row in kept] == [8, 9, 10, 11, 12]
    assert {len(row["payload"]) for row in kept} == {131_072}


@asynccontextmanager
async def _refusing_the_first(store):
    """Have the database refuse the event with sequence 1, in whichever way it can."""
    async with store.begin() as connection:
        is_sqlite = connection.dialect.name == "sqlite"
        await connection.exec_driver_sql(_IN_SQLITE if is_sqlite else _IN_POSTGRESQL)
    try:
        yield
    finally:
        if not is_sqlite:
            async with store.begin() as connection:
                await connection.exec_driver_sql("ALTER TABLE events DROP CONSTRAINT poison")


_IN_SQLITE = (
    "CREATE TRIGGER refuse BEFORE INSERT ON events WHEN NEW.sequence = 1 "
    "BEGIN SELECT RAISE(ABORT, 'poison'); END"
)
_IN_POSTGRESQL = "ALTER TABLE events ADD CONSTRAINT poison CHECK (sequence <> 1)"
