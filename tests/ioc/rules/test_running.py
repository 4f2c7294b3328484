"""Rules in force: events and measured values become alarms, and their end ends them."""

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import insert, select, update

from contracts.events import DeviceKind, DeviceUp, DownReason
from contracts.telemetry import Metric
from ioc.people.errors import Refusal
from ioc.rules import trial as trial_module
from ioc.rules.evaluation.book import RuleBook
from ioc.rules.language import Known, read_rules
from ioc.rules.replay import PastSeries
from ioc.rules.watch import Round
from ioc.store.tables import alarms
from ioc.timeseries import Point, SeriesKey
from tests.ioc.commune import add_gateway, set_online
from tests.ioc.rules.conftest import ADMIN, Centre
from tests.ioc.rules.happened import ZONE
from tests.ioc.sender import Sender, down

UP = DeviceUp(device_kind=DeviceKind.CAMERA, down_s=5.0)
FLAPPING = """
rules:
  - id: chap-chon
    name: Chập chờn
    priority: high
    event: {kind: device.down}
    times: 3
    within_s: 600
    ends_after_s: 300
"""
HOT = """
rules:
  - id: cham
    name: Hình chậm
    series: {metric: camera_fps}
    value: {below: 3, clear_at: 5}
    on_delay_s: 60
    off_delay_s: 60
"""


async def _goes_down(centre: Centre, sender: Sender, *, late: bool = False) -> None:
    changes = {"late": True} if late else {}
    event = sender.event(down(DownReason.UNREACHABLE), **changes)
    await centre.intake.take([sender.batch(event, backfill=late)])
    await centre.intake.take([sender.batch(sender.event(UP))])


async def test_counting_survives_a_restart_and_quiet_ends_it(
    centre: Centre, sender: Sender
) -> None:
    """Two failures before a restart and one after it make three; five quiet minutes end the alarm."""
    await centre.enforce(FLAPPING)
    for _ in range(2):
        await _goes_down(centre, sender)
        centre.clock.advance(60)
    assert await centre.alarms() == []
    again = await centre.restarted()
    await _goes_down(again, sender)
    (alarm,) = await again.alarms()
    assert (alarm["priority"], alarm["state"]) == ("high", "unacknowledged")
    assert alarm["facts"]["name"] == "Chập chờn"
    assert "3" in alarm["facts"]["why_vi"]
    again.clock.advance(299)
    await again.rules.watch.run_once()
    assert (await again.alarms())[0]["state"] == "unacknowledged"
    again.clock.advance(1)
    await again.rules.watch.run_once()
    assert (await again.alarms())[0]["state"] == "rtn_unacknowledged"


async def test_an_area_has_one_alarm_whichever_gateway_reports(
    centre: Centre, sender: Sender
) -> None:
    """Two gateways of a hamlet feed the same alarm, and either's end of it ends it."""
    await centre.enforce("""
rules:
  - id: vung
    name: Vùng
    event: {kind: device.down}
    same: area
    ends: {kind: device.up}
""")
    await add_gateway(centre.store, "tu-2", area_id="ban-chuong")
    other = Sender(centre.clock, gateway_id="tu-2")
    await centre.intake.take([other.birth()])
    await centre.intake.take([sender.batch(sender.event(down(DownReason.UNREACHABLE)))])
    await centre.intake.take([other.batch(other.event(down(DownReason.UNREACHABLE)))])
    (alarm,) = await centre.alarms()
    assert (alarm["gateway_id"], alarm["repeats"]) == ("tu-1", 2)
    await centre.intake.take([other.batch(other.event(UP))])
    assert (await centre.alarms())[0]["state"] == "rtn_unacknowledged"


async def test_what_is_late_is_recorded_and_calls_nobody(centre: Centre, sender: Sender) -> None:
    """A backlog that completes a rule leaves an alarm without annunciation."""
    await centre.enforce(FLAPPING.replace("times: 3", "times: 1"))
    await _goes_down(centre, sender, late=True)
    (alarm,) = await centre.alarms()
    assert (alarm["late"], alarm["annunciate"]) == (True, False)


async def test_a_value_beyond_its_limit_calls_after_its_delay_and_ends_behind_the_dead_band(
    centre: Centre, sender: Sender
) -> None:
    """Three frames a second for a minute begin it; four do not end it, six for a minute do."""
    await centre.enforce(HOT)
    await centre.measure(Metric.CAMERA_FPS, 2, 8, 2, 2)
    assert await centre.alarms() == []
    await centre.measure(Metric.CAMERA_FPS, 2)
    (alarm,) = await centre.alarms()
    assert alarm["device_id"] == "cam-1"
    assert "camera_fps = 2" in alarm["facts"]["why_vi"]
    await centre.measure(Metric.CAMERA_FPS, 4, 4, 4, 4, 6, 6)
    assert (await centre.alarms())[0]["state"] == "unacknowledged"
    await centre.measure(Metric.CAMERA_FPS, 6)
    assert (await centre.alarms())[0]["state"] == "rtn_unacknowledged"


@pytest.mark.parametrize("step", [timedelta(hours=-1), timedelta(hours=1)])
async def test_a_delay_goes_on_when_the_clock_is_set(
    centre: Centre, sender: Sender, step: timedelta
) -> None:
    """A minute is a minute, whatever the clock on the wall says meanwhile."""
    await centre.enforce(HOT)
    await centre.measure(Metric.CAMERA_FPS, 2)
    centre.clock.set_wall_clock(centre.clock.now() + step)
    await centre.measure(Metric.CAMERA_FPS, 2)
    assert await centre.alarms() == []
    await centre.measure(Metric.CAMERA_FPS, 2)
    assert len(await centre.alarms()) == 1


async def test_a_rule_that_was_held_back_calls_once_its_gateway_may_open_alarms_again(
    centre: Centre, sender: Sender
) -> None:
    """It has fired and nobody has seen it: as long as it lasts it fires again."""
    await centre.intake.take([sender.batch(sender.event(down(DownReason.UNREACHABLE)))])
    invented = select(alarms).where(alarms.c.kind == "device_down")
    async with centre.store.begin() as connection:
        connection.info.clear()  # as after a restart: it has counted nothing yet
        first = dict((await connection.execute(invented)).mappings().one())
        others = [first | {"alarm_id": str(n), "object_id": str(n)} for n in range(500)]
        await connection.execute(insert(alarms), others)
    await centre.enforce(HOT)
    await centre.measure(Metric.CAMERA_FPS, 2, 2, 2, 2)
    assert await centre.alarms() == []
    async with centre.store.begin() as connection:
        await connection.execute(update(alarms).values(state="normal"))
    await centre.measure(Metric.CAMERA_FPS, 2, 2, 2)
    (alarm,) = await centre.alarms()
    assert alarm["annunciate"]


async def test_nothing_is_missing_only_because_the_clock_was_set_ahead(
    centre: Centre, sender: Sender
) -> None:
    """The newest value is an hour old then; a quarter of an hour later it would be missing."""
    await centre.enforce(
        "rules:\n  - {id: im, name: Im, series: {metric: camera_fps}, absence: {for_s: 900}}\n"
    )
    await set_online(centre.store, "tu-1", online=False)
    await centre.intake.take([sender.birth()])
    centre.clock.advance(7_200)
    await centre.measure(Metric.CAMERA_FPS, 8)
    centre.clock.set_wall_clock(centre.clock.now() + timedelta(hours=1))
    await centre.rules.watch.run_once()
    assert await centre.alarms() == []
    centre.clock.advance(901)
    await centre.rules.watch.run_once()
    assert len(await centre.alarms()) == 1


async def test_a_silent_series_neither_begins_nor_ends_anything(
    centre: Centre, sender: Sender
) -> None:
    """What was measured an hour ago tells nothing about now; only a rule on absence calls."""
    await centre.enforce(HOT)
    await centre.measure(Metric.CAMERA_FPS, 2, 2, 2)
    assert len(await centre.alarms()) == 1
    centre.clock.advance(3_600)
    await centre.rules.watch.run_once()
    assert (await centre.alarms())[0]["state"] == "unacknowledged"
    # It went unheard meanwhile: whoever is away owes no values, and after its return has time.
    await set_online(centre.store, "tu-1", online=False)
    await centre.enforce(
        "rules:\n  - {id: im, name: Im, series: {metric: camera_fps}, absence: {for_s: 900}}\n"
    )
    await centre.rules.watch.run_once()
    (old,) = await centre.alarms()
    await centre.intake.take([sender.birth()])
    centre.clock.advance(900)
    await centre.rules.watch.run_once()
    assert len(await centre.alarms()) == 1
    centre.clock.advance(1)
    await centre.rules.watch.run_once()
    old, silent = await centre.alarms()
    assert old["state"] == "rtn_unacknowledged"  # its rule is gone
    assert "phút" in silent["facts"]["why_vi"]
    await centre.measure(Metric.CAMERA_FPS, 8)
    assert (await centre.alarms())[1]["state"] == "rtn_unacknowledged"


async def test_rates_and_changes_against_last_week(centre: Centre, sender: Sender) -> None:
    """A value that climbs too fast, and an hour unlike the same hour a week ago."""
    await centre.enforce("""
rules:
  - {id: nhanh, name: A, series: {metric: decode_errors}, rate: {above: 5, over_s: 120}}
  - {id: khac, name: B, series: {metric: motion_s}, change: {above: 50, over_s: 600}}
""")
    await centre.measure(Metric.DECODE_ERRORS, 0, 1, 2, 3, 4)
    await centre.measure(Metric.MOTION_S, *[10.0] * 20)
    assert await centre.alarms() == []
    await centre.measure(Metric.DECODE_ERRORS, 20, 40, 60)
    assert [alarm["facts"]["rule_id"] for alarm in await centre.alarms()] == ["nhanh"]
    centre.clock.advance(timedelta(days=7).total_seconds() - 11 * 60)
    await centre.measure(Metric.MOTION_S, *[20.0] * 20)
    assert "khac" in [alarm["facts"]["rule_id"] for alarm in await centre.alarms()]


async def test_the_file_of_the_settings_counts_until_a_person_changes_the_rules(
    centre: Centre, tmp_path: Path
) -> None:
    """A better file is followed at the next start; what somebody wrote on the page is not lost."""
    file = tmp_path / "rules.yaml"
    file.write_text(FLAPPING, "utf-8")
    one = await centre.restarted(file)
    file.write_text(HOT, "utf-8")
    two = await one.restarted(file)
    assert (await two.rules.read(ADMIN)).rules[0].rule.rule_id == "cham"
    await two.enforce(FLAPPING)
    three = await two.restarted(file)
    assert (await three.rules.read(ADMIN)).rules[0].rule.rule_id == "chap-chon"
    file.write_text("rules: [", "utf-8")
    four = await three.restarted(file)
    assert four.rules.running.book is not None


async def test_a_look_at_many_series_lets_events_have_their_turn(centre: Centre) -> None:
    """Two hundred rules at thirty devices are thousands of looks, of which none asks the disk."""
    text = "rules:\n" + "".join(
        f"- {{id: r{n}, name: n, series: {{metric: camera_fps}}, value: {{below: {n}}}}}\n"
        for n in range(200)
    )
    places = [(f"tu-{n}", "") for n in range(30)]
    at = centre.clock.now()
    points = {
        key: [Point(key=key, sampled_at=at, value=500.0)]
        for key in (SeriesKey(gateway_id=g, metric=Metric.CAMERA_FPS) for g, _ in places)
    }
    book = RuleBook(read_rules(text, Known()).document, zone=ZONE, areas={"xa": None})
    looking = Round(
        book=book, series=PastSeries(points), kept={}, where=dict.fromkeys(places, "xa"), at=at
    )
    turns = 0

    async def others() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async with asyncio.TaskGroup() as group:
        waiting = group.create_task(others(), name="others")
        assert await looking.judge_all() == []
        waiting.cancel()
    assert turns >= 10


async def test_a_trial_of_more_than_can_be_looked_at_looks_less_often_and_says_so(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A text of hundreds of rules must not keep the machine busy for an hour."""
    monkeypatch.setattr(trial_module, "MOST_JUDGED", 100)
    for _ in range(3):
        await centre.measure(Metric.CAMERA_FPS, 2, 2, 2)
    trial = await centre.rules.try_out(ADMIN, HOT)
    assert trial.cut


async def test_a_trial_reads_events_and_series_of_the_last_day(
    centre: Centre, sender: Sender
) -> None:
    """The same outcome as if the rules had been in force, and nothing is raised."""
    for _ in range(3):
        await _goes_down(centre, sender)
        await centre.measure(Metric.CAMERA_FPS, 2, 2, 2)
    trial = await centre.rules.try_out(ADMIN, FLAPPING + HOT.partition("rules:")[2])
    assert {episode.rule_id for episode in trial.episodes} == {"chap-chon", "cham"}
    assert (trial.events, trial.series, trial.cut) == (3, 1, False)
    assert await centre.alarms() == []
    with pytest.raises(Refusal, match="Line 1"):
        await centre.rules.try_out(ADMIN, "rules: [")
