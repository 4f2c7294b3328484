"""Evenings on which something was put aside: it calls nobody, and calls again in time."""

from ioc.alarms import AlarmKind, AlarmState
from tests.timeline import (
    At,
    Between,
    annunciation,
    answered,
    cleared,
    crowd,
    down,
    instant,
    littering,
    no_annunciation,
    out_of_service,
    play,
    shelved,
    unshelved,
    up,
)

CAMERA, GATEWAY = AlarmKind.DEVICE_DOWN, AlarmKind.GATEWAY_DOWN
LITTERING, POWER = AlarmKind.LITTERING, AlarmKind.POWER_CUT


async def test_a_shelf_holds_repeats_and_calls_when_its_time_is_over(stage):
    """Put aside is not forgotten."""
    await play(
        stage,
        [
            At("21:00", littering("tu-1/cam-1", "bag-1")),
            At("21:01", shelved(LITTERING, "tu-1/cam-1", "22:00")),
            At("21:10", littering("tu-1/cam-1", "bag-2")),
            Between("21:01", "22:00", no_annunciation),
            Between("22:00", "22:00:01", annunciation(LITTERING, reason="shelf_expired")),
        ],
    )


async def test_a_shelf_outlasts_its_alarm(stage):
    """What ended and began anew meanwhile is the same alarm, still put aside."""
    await play(
        stage,
        [
            At("21:00", littering("tu-1/cam-1", "bag-1")),
            At("21:01", shelved(LITTERING, "tu-1/cam-1", "23:00")),
            At("21:10", cleared("tu-1/cam-1", "bag-1")),
            At("22:00", littering("tu-1/cam-1", "bag-2")),
            At("22:05", cleared("tu-1/cam-1", "bag-2")),
            Between("21:01", "23:30", no_annunciation),
        ],
    )
    alarm = await stage.newest(LITTERING, "tu-1", "cam-1")
    assert (alarm["state"], alarm["suppression"], alarm["repeats"]) == (AlarmState.NORMAL, "", 2)


async def test_unshelving_lets_what_waits_for_an_answer_call_again(stage):
    """And starts the clocks anew."""
    await play(
        stage,
        [
            At("21:00", littering("tu-1/cam-1", "bag-1")),
            At("21:01", shelved(LITTERING, "tu-1/cam-1", "23:00")),
            At("21:30", unshelved(LITTERING, "tu-1/cam-1")),
            Between("21:01", "21:30", no_annunciation),
            Between("21:30", "21:30:01", annunciation(LITTERING)),
            Between("21:40", "21:40:01", annunciation(LITTERING, reason="escalate")),
        ],
    )


async def test_a_device_out_of_service_calls_for_nothing_until_it_is_back(stage):
    """Neither for what was open nor for what begins meanwhile; other devices still call."""
    await play(
        stage,
        [
            At("21:00", down("tu-1/cam-1")),
            At("21:01", out_of_service(CAMERA, "tu-1/cam-1", "22:00")),
            At("21:10", up("tu-1/cam-1")),
            At("21:20", down("tu-1/cam-1")),
            At("21:30", littering("tu-1/cam-2", "bag-1")),
            Between("21:01", "21:40", annunciation(LITTERING)),
            At("21:31", answered(LITTERING, "tu-1/cam-2")),
            Between("22:00", "22:00:01", annunciation(CAMERA, reason="shelf_expired")),
        ],
    )


async def test_a_crowd_on_market_day_is_expected_until_the_market_is_over(stage):
    """If it is still there then, it calls."""
    await play(
        stage,
        [
            At("06:00", crowd("tu-1/cam-1")),
            Between("05:00", "09:00", no_annunciation),
            Between("09:00", "09:00:01", annunciation(AlarmKind.CROWDING)),
        ],
    )


async def test_what_a_shelved_alarm_has_stood_for_finds_another_to_stand_for_it(stage):
    """Only one of a flood was put aside: the others do not vanish with it for as long."""
    fleet = [
        At(f"21:{number // 10:02}:{number % 10 * 6:02}", down(f"tu-{number + 10}/cam-1"))
        for number in range(12)
    ]
    await play(stage, fleet)
    await stage.pass_until(instant("21:05"))
    gathered = await stage.newest(CAMERA, "tu-21", "cam-1")
    head = await stage.newest(CAMERA, "tu-10", "cam-1")
    assert gathered["cause_id"] == head["alarm_id"]
    await shelved(CAMERA, "tu-10/cam-1", "+1 20:00")(stage)
    await stage.pass_until(instant("21:06"))
    gathered = await stage.newest(CAMERA, "tu-21", "cam-1")
    assert gathered["cause_id"] not in (None, head["alarm_id"])
    await shelved(CAMERA, "tu-11/cam-1", "+1 20:00")(stage)
    await stage.pass_until(instant("22:00"))
    last = [call for call in await stage.calls() if call.at >= instant("21:06")]
    assert not last  # still one of ten that stands for it
