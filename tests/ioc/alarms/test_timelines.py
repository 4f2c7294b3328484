"""Evenings at the commune: who is called, when, and who is left in peace."""

from sqlalchemy import func, select

from ioc.alarms import AlarmKind, AlarmState, Raise, raise_alarm
from ioc.alarms.rules import Priority
from ioc.store.tables import alarms
from tests.timeline import (
    EVENING,
    At,
    Between,
    Stage,
    annunciation,
    answered,
    down,
    intruder,
    intruder_left,
    littering,
    no_annunciation,
    play,
    up,
)

CAMERA, GATEWAY = AlarmKind.DEVICE_DOWN, AlarmKind.GATEWAY_DOWN
LITTERING, POWER = AlarmKind.LITTERING, AlarmKind.POWER_CUT


async def test_a_camera_that_comes_back_within_its_delay_calls_nobody(stage):
    """Half a minute without a signal is the weather."""
    await play(
        stage,
        [
            At("21:00", down("tu-1/cam-1")),
            At("21:00:20", up("tu-1/cam-1")),
            Between("21:00", "22:00", no_annunciation),
        ],
    )
    assert (await stage.newest(CAMERA, "tu-1", "cam-1"))["state"] == AlarmState.NORMAL


async def test_a_gateway_that_connects_again_within_a_minute_calls_nobody(stage):
    """A broker that starts again, a line that flickers: no more than a line in the log."""
    await play(
        stage,
        [
            At("21:00", down("tu-4")),
            At("21:00:50", up("tu-4")),
            Between("21:00", "22:00", no_annunciation),
            At("23:00", down("tu-4")),
            Between("23:00", "23:01", no_annunciation),
            Between("23:01", "23:01:01", annunciation(GATEWAY)),
        ],
    )


async def test_a_camera_that_stays_away_calls_once(stage):
    """After thirty seconds; its return needs fifteen to be believed."""
    await play(
        stage,
        [
            At("21:00", down("tu-1/cam-1")),
            Between("21:00", "21:00:30", no_annunciation),
            Between("21:00:30", "21:00:31", annunciation(CAMERA)),
            At("21:05", up("tu-1/cam-1")),
            At("21:05:05", down("tu-1/cam-1")),
            Between("21:00:31", "21:30", no_annunciation),
        ],
    )
    assert (await stage.newest(CAMERA, "tu-1", "cam-1"))["state"] == AlarmState.UNACKNOWLEDGED


async def test_a_flapping_camera_is_one_chattering_alarm(stage):
    """It never lasts long enough to call, and never works: so it calls as chattering, once."""
    flapping = [
        At(f"21:{minute:02}:{second:02}", act("tu-1/cam-1"))
        for minute in range(10)
        for second, act in ((0, down), (10, up), (20, down), (30, up), (40, down), (50, up))
    ]
    await play(
        stage,
        [*flapping, Between("21:00", "21:01", annunciation(CAMERA)),
         Between("21:01", "22:00", no_annunciation)],
    )  # fmt: skip
    alarm = await stage.newest(CAMERA, "tu-1", "cam-1")
    assert (alarm["state"], alarm["chattering"]) == (AlarmState.RTN_UNACKNOWLEDGED, False)


async def test_a_gateway_explains_its_cameras(stage):
    """One call; the cameras come back with it."""
    await play(
        stage,
        [
            At("21:00", down("tu-4/cam-1")),
            At("21:00:05", down("tu-4")),
            At("21:00:07", down("tu-4/cam-2")),
            At("21:05", answered(GATEWAY, "tu-4")),
            Between("21:00", "21:10", annunciation(GATEWAY)),
            At("21:10", up("tu-4")),
            At("21:10:20", up("tu-4/cam-1")),
            Between("21:10", "21:10:59", no_annunciation),
            Between("21:11", "21:12", annunciation(CAMERA, "cam-2")),
        ],
    )


async def test_a_switch_explains_the_cameras_behind_it(stage):
    """Of three devices that fail together the first before the others is the one to mend."""
    await play(
        stage,
        [
            At("21:00", down("tu-4/cam-1")),
            At("21:00:01", down("tu-4/cam-2")),
            At("21:00:02", down("tu-4/switch")),
            Between("21:00", "21:30", annunciation(CAMERA, "switch")),
        ],
    )


async def test_gateways_of_one_supply_that_fail_together_are_one_power_cut(stage):
    """One row, one sound; who stays dark when the power is back calls for itself."""
    await play(
        stage,
        [
            At("21:00", down("tu-1")),
            At("21:00:03", down("tu-2/cam-9")),
            At("21:00:10", down("tu-2")),
            At("21:00:40", down("tu-3")),
            Between("21:00", "21:05", annunciation(POWER, "dien")),
            At("21:05", answered(POWER, "dien")),
            At("21:20", up("tu-1")),
            At("21:20:30", up("tu-2")),
            At("21:20:40", up("tu-2/cam-9")),
            Between("21:05", "21:20:59", no_annunciation),
            Between("21:20:59", "21:30", annunciation(GATEWAY, "tu-3")),
        ],
    )
    assert (await stage.newest(POWER, "power", "dien"))["state"] == AlarmState.NORMAL


async def test_one_gateway_of_a_supply_is_no_power_cut(stage):
    """The others still have power."""
    await play(
        stage,
        [At("21:00", down("tu-1")), Between("21:00", "21:10", annunciation(GATEWAY, "tu-1"))],
    )


def _at_the_edge(hour: str, *, minutes: int) -> list[At]:
    """Somebody goes in and out of a zone every ten seconds."""
    return [
        At(f"{hour}:{minute:02}:{second:02}", act("tu-1/kho", f"p{minute}-{second // 20}"))
        for minute in range(minutes)
        for second, act in (
            (0, intruder), (10, intruder_left), (20, intruder), (30, intruder_left),
            (40, intruder), (50, intruder_left),
        )
    ]  # fmt: skip


INTRUSION = AlarmKind.INTRUSION


async def test_an_intruder_after_a_quiet_calls_anew_although_the_alarm_chattered(stage):
    """Who answered has dealt with those who came and went, not with the next one."""
    await play(
        stage,
        [
            *_at_the_edge("21", minutes=2),
            At("21:01:55", answered(INTRUSION, "tu-1/kho")),
            Between("21:00", "21:00:01", annunciation(INTRUSION)),
            Between("21:00:01", "21:03:55", no_annunciation),
            At("21:03:55", intruder("tu-1/kho", "another")),
            Between("21:03:55", "21:03:56", annunciation(INTRUSION)),
            Between("21:13:55", "21:13:56", annunciation(INTRUSION, reason="escalate")),
        ],
    )


async def test_an_answered_intrusion_that_goes_on_chattering_calls_nobody(stage):
    """However many parts it is told in, while the zone is never quiet for long."""
    await play(
        stage,
        [
            *_at_the_edge("21", minutes=10),
            At("21:01:55", answered(INTRUSION, "tu-1/kho")),
            Between("21:00:01", "21:10", no_annunciation),
        ],
    )


async def test_each_answer_lets_a_chattering_intrusion_call_once_more(stage):
    """Unanswered, it is called over by its escalation, not by everybody who comes."""
    comes = [
        line
        for number in range(6)
        for line in (
            At(f"21:{5 + 4 * number:02}:00", intruder("tu-1/kho", f"late-{number}")),
            At(f"21:{5 + 4 * number:02}:10", intruder_left("tu-1/kho", f"late-{number}")),
        )
    ]
    await play(
        stage,
        [
            *_at_the_edge("21", minutes=2),
            At("21:01:55", answered(INTRUSION, "tu-1/kho")),
            *comes,
            Between("21:05", "21:15", annunciation(INTRUSION)),
            Between("21:15", "21:15:01", annunciation(INTRUSION, reason="escalate")),
        ],
    )


async def test_what_was_answered_and_is_overdue_is_told_to_whoever_has_it(stage):
    """Not as what nobody has answered."""
    await play(
        stage,
        [
            At("21:00", littering("tu-1/cam-1", "bag-1")),
            At("21:01", answered(LITTERING, "tu-1/cam-1")),
            Between("21:01", "23:00", no_annunciation),
            Between("23:00", "23:00:01", annunciation(LITTERING, reason="overdue")),
        ],
    )


async def test_what_nobody_answers_goes_to_the_deputy_and_then_to_the_leader(stage):
    """An answer ends it."""
    lines = [
        At("21:00", littering("tu-1/cam-1", "bag-1")),
        Between("21:00", "21:00:01", annunciation(LITTERING)),
        Between("21:10", "21:10:01", annunciation(LITTERING, reason="escalate")),
        Between("21:20", "21:20:01", annunciation(LITTERING, reason="escalate")),
        Between("21:20:01", "22:59", no_annunciation),
        Between("23:00", "23:00:01", annunciation(LITTERING, reason="remind")),
        At("23:01", answered(LITTERING, "tu-1/cam-1")),
        At("23:02", littering("tu-1/cam-2", "bag-2")),
        At("23:05", answered(LITTERING, "tu-1/cam-2")),
        Between("23:03", "+1 00:00", no_annunciation),
    ]
    await play(stage, [line for line in lines if not _is_of_next_day(line)])
    steps = [call.step for call in await stage.calls()]
    assert steps == [0, 1, 2, 2, 0]


def _is_of_next_day(line: At | Between) -> bool:
    return isinstance(line, Between) and line.ends.startswith("+1")


async def test_the_clocks_of_service_stand_still_while_the_gateway_is_away(stage):
    """Nobody can look at a camera that cannot be reached."""
    await play(
        stage,
        [
            At("21:00", littering("tu-4/cam-1", "bag-1")),
            At("21:05", down("tu-4")),
            Between("21:05", "21:40", annunciation(GATEWAY)),
            At("21:10", answered(GATEWAY, "tu-4")),
            At("21:39:30", up("tu-4")),
            Between("21:40", "21:45", no_annunciation),
            Between("21:45", "21:45:01", annunciation(LITTERING, reason="escalate")),
        ],
    )


async def test_a_flood_of_equipment_is_one_row_but_what_people_do_still_calls(stage):
    """Ten in ten minutes is all that one person can follow."""
    fleet = [
        At(f"21:{number // 10:02}:{number % 10 * 6:02}", down(f"tu-{number + 10}/cam-1"))
        for number in range(40)
    ]
    await play(
        stage,
        [
            *fleet,
            At("21:05", littering("tu-1/cam-1", "bag-1")),
            Between("21:00", "21:05", annunciation(CAMERA, times=10)),
            Between("21:05", "21:06", annunciation(LITTERING)),
        ],
    )


async def test_what_comes_late_never_calls(stage):
    """Recorded, shown, and nobody is woken; nor does it start a clock."""
    await play(
        stage,
        [
            At("21:00", littering("tu-1/cam-1", "bag-1", late=True)),
            At("21:00", down("tu-1/cam-2", late=True)),
            Between("21:00", "23:59", no_annunciation),
        ],
    )


async def test_what_lasts_for_more_than_a_day_is_called_stale(stage):
    """So that the list says what has become furniture."""
    await play(
        stage,
        [
            At("21:00", down("tu-1/cam-1")),
            At("21:05", answered(CAMERA, "tu-1/cam-1")),
            Between("21:05", "1 20:59", no_annunciation),
        ],
    )
    assert not (await stage.newest(CAMERA, "tu-1", "cam-1"))["stale"]
    await stage.pass_until(stage.clock.now().replace(hour=21, minute=30))
    assert (await stage.newest(CAMERA, "tu-1", "cam-1"))["stale"]


async def press_for_help(stage: Stage) -> None:
    """A rule of the commune's makes it an emergency."""
    pressed = Raise(
        kind=AlarmKind.RULE, object_id="sos", device_id="cam-1", priority=Priority.CRITICAL
    )
    async with stage.store.begin() as connection:
        await raise_alarm(connection, pressed, stage.occurrence("tu-4"))


async def test_an_emergency_that_nobody_answers_reaches_everybody(stage):
    """After the leader, whoever may answer at all."""
    called = annunciation(AlarmKind.RULE, reason="escalate")
    await play(
        stage,
        [
            At("21:00", press_for_help),
            Between("21:00", "21:00:01", annunciation(AlarmKind.RULE)),
            Between("21:02", "21:02:01", called),
            Between("21:05", "21:05:01", called),
            Between("21:08", "21:08:01", called),
            Between("21:08:01", "21:29", no_annunciation),
        ],
    )
    assert [call.step for call in await stage.calls()] == [0, 1, 2, 3]


async def test_whoever_cuts_the_line_of_a_gateway_does_not_stop_the_calls_for_an_emergency(stage):
    """The clocks of an emergency go on: nobody waits for the gateway to come back."""
    await play(
        stage,
        [
            At("21:00", press_for_help),
            At("21:01", down("tu-4")),
            Between("21:00", "21:01", annunciation(AlarmKind.RULE)),
            Between("21:02:01", "21:04", no_annunciation),
            Between("21:05", "21:05:01", annunciation(AlarmKind.RULE, reason="escalate")),
        ],
    )


async def test_a_clock_that_is_set_back_neither_doubles_an_alarm_nor_keeps_it_from_ending(stage):
    """The last alarm of the camera lies in the future now; the present one is found all the same."""
    stage.clock.advance(30 * 86_400)
    await down("tu-4/cam-9")(stage)
    stage.clock.advance(60)
    await stage.clockwork.run_once()
    await up("tu-4/cam-9")(stage)
    await answered(CAMERA, "tu-4/cam-9")(stage)
    stage.clock.advance(60)
    await stage.clockwork.run_once()
    stage.clock.set_wall_clock(EVENING)
    for _ in range(3):
        stage.clock.advance(300)
        await down("tu-4/cam-9")(stage)
        await stage.clockwork.run_once()
    assert (await stage.newest(CAMERA, "tu-4", "cam-9"))["repeats"] == 3
    await up("tu-4/cam-9")(stage)
    stage.clock.advance(60)
    await stage.clockwork.run_once()
    assert (await stage.newest(CAMERA, "tu-4", "cam-9"))["state"] == AlarmState.RTN_UNACKNOWLEDGED
    async with stage.store.read() as connection:
        assert await connection.scalar(select(func.count()).select_from(alarms)) == 2
