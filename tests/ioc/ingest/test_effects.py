"""What events do beside being stored: devices, alarms, evidence, deliveries, corrected clocks."""

from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import insert
from structlog.testing import capture_logs

from contracts.batch import encode_batch
from contracts.codec import encode
from contracts.events import (
    BroadcastProgress,
    BroadcastState,
    CommandOutcome,
    CommandResult,
    DeviceKind,
    DeviceUp,
    DownReason,
    EvidenceLost,
    LitteringCleared,
)
from contracts.telemetry import Metric, Sample, TelemetryRow
from contracts.topics import Channel
from ioc.store.tables import (
    alarm_transitions,
    alarms,
    broadcasts,
    commands,
    deliveries,
    devices,
    events,
    evidence,
    gateways,
    quarantine,
)
from ioc.timeseries import SeriesKey
from tests.ioc.sender import down, littering

UP = DeviceUp(device_kind=DeviceKind.CAMERA, down_s=5.0)


async def test_a_camera_down_raises_an_alarm_that_its_return_ends(centre, sender):
    """Device state and alarm follow the events."""
    await centre.take(sender.batch(sender.event(down(DownReason.AUTH_FAILED))))
    camera = next(row for row in await centre.rows(devices) if row["device_id"] == "cam-1")
    assert (camera["state"], camera["reason"]) == ("offline", "auth_failed")
    alarm = await centre.row(alarms)
    assert (alarm["kind"], alarm["priority"]) == ("device_down", "medium")
    assert alarm["area_id"] == "ban-chuong"
    await centre.take(sender.batch(sender.event(UP)))
    camera = next(row for row in await centre.rows(devices) if row["device_id"] == "cam-1")
    assert (camera["state"], camera["reason"]) == ("online", None)
    assert (await centre.row(alarms))["state"] == "rtn_unacknowledged"


async def test_littering_raises_an_alarm_with_its_evidence_announced(centre, sender):
    """The picture is on its way until it is stored."""
    event = sender.event(littering(centre.clock, sha256="a" * 64))
    await centre.take(sender.batch(event))
    alarm, picture = await centre.row(alarms), await centre.row(evidence)
    assert (alarm["kind"], alarm["priority"], alarm["annunciate"]) == ("littering", "high", True)
    assert alarm["facts"]["zone"] == "bãi cấm"
    assert (picture["alarm_id"], picture["state"]) == (alarm["alarm_id"], "announced")


async def test_another_object_feeds_the_open_alarm_and_all_must_be_gone(centre, sender):
    """One alarm per camera: repeats add evidence; it ends when the last object is cleared."""
    first, second = str(uuid4()), str(uuid4())
    for object_id in (first, second):
        await centre.take(sender.batch(sender.event(littering(centre.clock, object_id=object_id))))
    assert (await centre.row(alarms))["repeats"] == 2
    for object_id, state in ((first, "unacknowledged"), (second, "rtn_unacknowledged")):
        cleared = LitteringCleared(object_id=object_id, zone="bãi cấm")
        await centre.take(sender.batch(sender.event(cleared)))
        assert (await centre.row(alarms))["state"] == state


async def test_an_event_delivered_again_has_its_effects_once(centre, sender):
    """An acknowledgement that was lost is no second littering, and no fork."""
    batch = sender.batch(sender.event(littering(centre.clock, sha256="a" * 64)))
    await centre.take(batch)
    with capture_logs() as logs:
        await centre.take(batch)
    assert (await centre.row(alarms))["repeats"] == 1
    assert len(await centre.rows(alarm_transitions)) == 1
    assert [line for line in logs if line["event"] == "gateway.forked"] == []


async def test_a_picture_that_cannot_come_is_called_lost(centre, sender):
    """Nobody waits for it any more."""
    await centre.take(
        sender.batch(sender.event(littering(centre.clock, sha256="a" * 64))),
        sender.batch(sender.event(EvidenceLost(sha256="a" * 64, reason="missing"), None)),
    )
    assert (await centre.row(evidence))["state"] == "lost"


async def test_a_late_event_is_stored_and_shown_but_calls_nobody(centre, sender):
    """It waited too long for anybody to act on it."""
    await centre.take(sender.batch(sender.event(littering(centre.clock), late=True), backfill=True))
    alarm = await centre.row(alarms)
    assert (alarm["annunciate"], alarm["late"]) == (False, True)
    assert (await centre.row(events))["late"]


async def test_a_late_camera_fault_that_is_over_leaves_no_open_alarm(centre, sender):
    """The camera's return came first, on the live lane."""
    fault = sender.event(down(), late=True)
    centre.clock.advance(60)
    await centre.take(sender.batch(sender.event(UP)))
    await centre.take(sender.batch(fault, backfill=True))
    assert (await centre.row(alarms))["state"] == "normal"
    camera = next(row for row in await centre.rows(devices) if row["device_id"] == "cam-1")
    assert camera["state"] == "online"


async def test_a_standing_condition_calls_once_and_its_late_report_adds_to_it(centre, sender):
    """After a long outage: the standing report pages, the original is only evidence."""
    original = sender.event(down(), late=True)
    standing = sender.event(down(), standing=True, occurred_at=original.occurred_at)
    again = sender.event(down(), standing=True, occurred_at=original.occurred_at)
    await centre.take(sender.batch(standing))
    await centre.take(sender.batch(original, backfill=True))
    await centre.take(sender.batch(again))
    alarm = await centre.row(alarms)
    assert (alarm["annunciate"], alarm["repeats"], alarm["state"]) == (True, 1, "unacknowledged")


async def test_the_time_of_a_gateway_with_a_wrong_clock_is_corrected_and_said(centre, sender):
    """A clock an hour slow: the event is dated by the centre's clock."""
    sender.clock_synced, sender.clock_error_s = False, -3_600.0
    await centre.take(sender.birth())
    await centre.take(sender.batch(sender.event(down())))
    event = await centre.row(events)
    assert event["occurred_at_corrected"]
    assert abs(event["occurred_at"] - centre.clock.now()) < timedelta(seconds=1)


async def test_nothing_has_happened_after_it_was_received(centre, sender):
    """A synchronised clock that leads by an hour dates no event in the future."""
    sender.clock_error_s = 3_600.0
    await centre.take(sender.birth())
    await centre.take(sender.batch(sender.event(down())))
    event = await centre.row(events)
    assert (event["occurred_at"], event["occurred_at_corrected"]) == (centre.clock.now(), True)
    assert (await centre.row(alarms))["occurred_at"] == centre.clock.now()


async def test_of_a_backlog_the_newest_event_tells_the_clock(centre, sender):
    """Waiting in the outbox is no wrong clock: the smallest difference of the group counts."""
    sender.clock_synced = False
    await centre.take(sender.birth())
    waited = sender.event(down())
    centre.clock.advance(240)
    await centre.take(sender.batch(waited, sender.event(UP)))
    assert [row["occurred_at_corrected"] for row in await centre.rows(events)] == [False, False]


async def test_a_clock_that_is_set_later_is_not_corrected_any_more(centre, sender):
    """A time server answered after the birth; a gateway without events is seen through as well."""
    sender.clock_synced, sender.clock_error_s = False, -3_600.0
    await centre.take(sender.birth())
    await centre.take(sender.batch(sender.event(down())))
    assert (await _gateway_row(centre))["clock_synced"] is False
    sender.clock_synced, sender.clock_error_s = True, 0.0
    assert abs(await _dated(centre, sender, sequence=1) - centre.clock.now()) <= _STEP
    assert (await _gateway_row(centre))["clock_synced"] is False
    await centre.take(sender.batch(sender.event(UP)))
    assert (await _gateway_row(centre))["clock_synced"] is True
    assert abs(await _dated(centre, sender, sequence=2) - centre.clock.now()) <= _STEP


async def test_what_a_wrong_clock_measured_is_dated_by_the_centres(centre, sender):
    """Samples, and since when a camera is seen to work."""
    sender.clock_synced, sender.clock_error_s = False, -3_600.0
    await centre.take(sender.birth())
    await centre.take(sender.batch(sender.event(down(), device_id="loa-1")))
    fps = Sample(sampled_at=sender.now(), device_id="cam-1", metric=Metric.CAMERA_FPS, value=12.5)
    await centre.intake.take_telemetry([sender.telemetry(1, fps)])
    camera = next(row for row in await centre.rows(devices) if row["device_id"] == "cam-1")
    assert (camera["state"], camera["state_since"]) == ("online", centre.clock.now())
    assert abs(await _dated(centre, sender, sequence=2) - centre.clock.now()) <= _STEP


_STEP = timedelta(seconds=10)


async def _dated(centre, sender, *, sequence):
    """Return when the centre says that a sample was taken which is taken and arrives now."""
    centre.clock.advance(60)
    sample = Sample(sampled_at=sender.now(), device_id=None, metric=Metric.CPU_SHARE, value=0.5)
    await centre.intake.take_telemetry([sender.telemetry(sequence, sample)])
    key = SeriesKey(gateway_id="tu-1", metric=Metric.CPU_SHARE)
    span = timedelta(hours=3)
    now = centre.clock.now()
    buckets = await centre.series.buckets(key, now - span, now + span, 10)
    return buckets[-1].start


async def _gateway_row(centre):
    return next(row for row in await centre.rows(gateways) if row["gateway_id"] == "tu-1")


async def test_telemetry_becomes_series_and_is_acknowledged_apart(centre, sender):
    """Delivered twice, stored once; the events' ranges are untouched."""
    sample = Sample(
        sampled_at=centre.clock.now(), device_id="cam-1", metric=Metric.CAMERA_FPS, value=12.5
    )
    for _ in range(2):
        await centre.intake.take_telemetry([sender.telemetry(1, sample)])
    key = SeriesKey(gateway_id="tu-1", device_id="cam-1", metric=Metric.CAMERA_FPS)
    start = centre.clock.now() - timedelta(minutes=1)
    buckets = await centre.series.buckets(key, start, start + timedelta(minutes=5), 60)
    assert [(b.count, b.mean) for b in buckets] == [(1, 12.5)]
    ack = await centre.ack(sender)
    assert (ack.committed, ack.telemetry.committed) == ((), ((1, 1),))
    camera = next(row for row in await centre.rows(devices) if row["device_id"] == "cam-1")
    assert camera["state"] == "online"


async def test_a_metric_that_a_newer_gateway_measures_costs_no_other_sample(centre, sender):
    """What is unknown is left out and named in the log; a row of nothing else is kept apart."""
    known = Sample(
        sampled_at=centre.clock.now(), device_id="cam-1", metric=Metric.SHARPNESS, value=0.9
    )
    row = encode(TelemetryRow(samples=(known, known.model_copy(update={"value": 7.0}))))
    newer = row.replace(b'"sharpness","value":7', b'"nose_length","value":7')
    alone = encode(TelemetryRow(samples=(known,))).replace(b"sharpness", b"nose_length")
    odd = row.replace(b'"sharpness","value":7', b'["x"],"value":7')
    for sequence, line in enumerate((newer, alone, odd), start=1):
        payload = encode_batch(sender.epoch, [sequence], [line])
        with capture_logs() as logs:
            await centre.intake.take_telemetry([sender.message(Channel.TELEMETRY, payload)])
        named = [line for line in logs if line["event"] == "telemetry.unknown_metrics"]
        assert [line["metrics"] for line in named] == ([["nose_length"]] if sequence == 1 else [])
    key = SeriesKey(gateway_id="tu-1", device_id="cam-1", metric=Metric.SHARPNESS)
    start = centre.clock.now() - timedelta(minutes=1)
    buckets = await centre.series.buckets(key, start, start + timedelta(minutes=5), 60)
    assert [(b.count, b.mean) for b in buckets] == [(1, 0.9)]
    assert (await centre.ack(sender)).telemetry.committed == ((1, 3),)
    assert len(await centre.rows(quarantine)) == 2


@pytest.fixture
async def broadcast_id(centre, sender) -> str:
    """A broadcast on its way to loa-1."""
    return await _broadcast(centre, "Đề nghị không đổ rác.")


async def test_proof_moves_a_delivery_forward_only(centre, sender, broadcast_id):
    """A progress event that comes late cannot undo a later one."""
    for state in ("started", "accepted", "finished", "started"):
        await _progress(centre, sender, broadcast_id, state)
    delivery = await centre.row(deliveries)
    assert (delivery["state"], delivery["seconds_sent"]) == ("finished", 4.0)
    assert await centre.rows(alarms) == []


async def test_a_proof_under_a_wrong_clock_is_dated_by_the_centres(centre, sender, broadcast_id):
    """An hour slow: what starts now has started now."""
    sender.clock_synced, sender.clock_error_s = False, -3_600.0
    await centre.take(sender.birth())
    await _progress(centre, sender, broadcast_id, "started")
    assert (await centre.row(deliveries))["started_at"] == centre.clock.now()


async def test_a_failed_broadcast_is_an_alarm_until_a_repeat_is_spoken(
    centre, sender, broadcast_id
):
    """The repeat is another broadcast of the same text on the same loudspeaker."""
    await _progress(centre, sender, broadcast_id, "failed")
    alarm = await centre.row(alarms)
    assert (alarm["kind"], alarm["priority"], alarm["device_id"]) == (
        "broadcast_failed",
        "high",
        "loa-1",
    )
    other = await _broadcast(centre, "Họp xóm lúc 19 giờ.")
    await _progress(centre, sender, other, "finished")
    assert (await centre.row(alarms))["state"] == "unacknowledged"
    repeat = await _broadcast(centre, "Đề nghị không đổ rác.")
    await _progress(centre, sender, repeat, "finished")
    assert (await centre.row(alarms))["state"] == "rtn_unacknowledged"


async def test_a_refused_speak_command_fails_its_deliveries(centre, sender, broadcast_id):
    """The gateway refused the order as a whole: nobody will hear it, and somebody must know."""
    command_id = str(uuid4())
    now = centre.clock.now()
    async with centre.store.begin() as connection:
        await connection.execute(
            insert(commands).values(
                command_id=command_id,
                gateway_id="tu-1",
                command_number=9,
                kind="speak.v1",
                broadcast_id=broadcast_id,
                signed=b"",
                issued_at=now,
                expires_at=now + timedelta(minutes=5),
                state="pending",
            )
        )
    refused = CommandResult(
        command_id=command_id, outcome=CommandOutcome.REFUSED, reason="clock_unknown"
    )
    await centre.take(sender.batch(sender.event(refused, None)))
    command = next(r for r in await centre.rows(commands) if r["command_id"] == command_id)
    assert (command["state"], command["reason"]) == ("refused", "clock_unknown")
    delivery = await centre.row(deliveries)
    assert (delivery["state"], delivery["detail"]) == ("failed", "clock_unknown")
    assert (await centre.row(alarms))["kind"] == "broadcast_failed"


async def test_every_change_of_an_alarm_is_logged_with_its_event(centre, sender):
    """The log says which event did it."""
    raised, ended = sender.event(down()), sender.event(UP)
    await centre.take(sender.batch(raised, ended))
    log = await centre.rows(alarm_transitions)
    assert [(r["cause"], r["event_id"]) for r in log] == [
        ("raise", raised.event_id),
        ("return", ended.event_id),
    ]


async def _broadcast(centre, text: str) -> str:
    broadcast_id, now = str(uuid4()), centre.clock.now()
    async with centre.store.begin() as connection:
        await connection.execute(
            insert(broadcasts).values(
                broadcast_id=broadcast_id,
                author="lan",
                source="console",
                text=text,
                audio_sha256="b" * 64,
                priority="routine",
                created_at=now,
                expires_at=now + timedelta(minutes=10),
            )
        )
        await connection.execute(
            insert(deliveries).values(
                broadcast_id=broadcast_id,
                gateway_id="tu-1",
                device_id="loa-1",
                state="queued",
                updated_at=now,
            )
        )
    return broadcast_id


async def _progress(centre, sender, broadcast_id: str, state: str) -> None:
    progress = BroadcastProgress(
        broadcast_id=broadcast_id,
        state=BroadcastState(state),
        seconds_sent=4.0 if state == "finished" else 0.0,
    )
    await centre.take(sender.batch(sender.event(progress, "loa-1")))
