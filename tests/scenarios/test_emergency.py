"""An emergency over six loudspeakers of three drivers, a link that is cut, and a log that adds up."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from simulator.loudspeaker.correlation import correlate, read_mono
from tests.scenarios.children import eventually
from tests.scenarios.commune import GATEWAY, Commune
from tests.scenarios.wire import right_now

pytestmark = [pytest.mark.scenario, pytest.mark.broker, pytest.mark.timeout(240)]

ROUTINE = "Mời bà con xóm Bản Chương ra nhà văn hóa họp bàn việc làm đường. " * 4
FLOOD = "Thông báo khẩn. Nước suối đang lên nhanh. Bà con không đi qua ngầm tràn."
LATER = "Mời bà con chiều nay ra quét dọn đường làng."
SCHEDULED_IN = timedelta(seconds=22)
TOLERANCE_S = 0.3
"""Fades, a padded last frame, and the second that is said again after an interruption aside."""


@pytest.fixture(scope="module")
def commune(tmp_path_factory):
    with Commune(tmp_path_factory.mktemp("emergency")) as running:
        running.found()
        running.broker.start()
        running.start_centre()
        speakers = {
            "loa-1": running.add_loudspeaker("loa-1", group="239.255.78.1"),
            "loa-2": running.add_loudspeaker("loa-2", group="239.255.78.2", codec="pcma"),
            "loa-3": running.add_web_loudspeaker("loa-3", kind="axis"),
            "loa-4": running.add_web_loudspeaker("loa-4", kind="axis"),
            "loa-5": running.add_web_loudspeaker("loa-5", kind="hikvision"),
            "loa-6": running.add_web_loudspeaker("loa-6", kind="hikvision", codec="pcma"),
        }
        running.start_agent()
        yield running, speakers


@pytest.fixture(scope="module")
def operator(commune):
    person = commune[0].sign_in("lan")
    eventually(
        lambda: len(person.get("/api/loudspeakers")) == 6,
        within_s=30,
        what="the gateway has told its loudspeakers",
    )
    return person


@pytest.fixture(scope="module")
def evening(commune, operator):
    """What happened, from the first word to the last proof: broadcast ids by name."""
    running, speakers = commune
    everywhere = [(GATEWAY, name) for name in speakers]
    routine = operator.speak(ROUTINE, everywhere, when_interrupted="resume")
    wait_for(operator, routine, {"started"}, within_s=40)
    flood = operator.speak(FLOOD, everywhere, priority="emergency", said_twice=True)
    wait_for(operator, flood, {"started"}, within_s=20)
    interrupted = operator.states(routine["broadcast_id"])
    start_at = right_now() + SCHEDULED_IN
    later = operator.speak(LATER, everywhere, not_before=start_at.isoformat(), priority="priority")
    wait_for(operator, later, {"cached"}, within_s=15)
    running.broker.stop()
    running.centre.kill()
    first_sound_at = wait_for_first_sound(speakers, after=start_at - timedelta(seconds=1))
    running.broker.start()
    running.start_centre()
    for each in (flood, routine, later):
        operator.wait_until_proven(each["broadcast_id"], within_s=90)
    return {
        "routine": routine,
        "flood": flood,
        "later": later,
        "interrupted": interrupted,
        "start_at": start_at,
        "first_sound_at": first_sound_at,
    }


def wait_for(operator, broadcast, states, *, within_s):
    eventually(
        lambda: set(operator.states(broadcast["broadcast_id"]).values()) <= states,
        within_s=within_s,
        what=f"{states} on every loudspeaker",
        every_s=0.05,
    )


def began_at(recording: str) -> datetime:
    """When a recording began: a simulated loudspeaker names its files by that instant."""
    stamp = Path(recording).name.split("-")[0]
    return datetime.strptime(stamp, "%Y%m%dT%H%M%S.%fZ").replace(tzinfo=right_now().tzinfo)


def wait_for_first_sound(speakers, *, after):
    """When the two multicast loudspeakers first sounded after an instant; they tell spurts apart."""

    def look():
        found = {}
        for name in ("loa-1", "loa-2"):
            begun = [began_at(each["file"]) for each in speakers[name].events("playing")]
            later = [at for at in begun if at > after]
            if later:
                found[name] = min(later)
        return found if len(found) == 2 else None

    return eventually(look, within_s=40, what="what was scheduled sounds without the centre")


def lines_of(operator, broadcast):
    since, until = right_now() - timedelta(hours=1), right_now() + timedelta(hours=1)
    log = operator.get("/api/station-log", since=since.isoformat(), until=until.isoformat())
    (entry,) = [each for each in log if each["broadcast_id"] == broadcast["broadcast_id"]]
    return {line["device_id"]: line for line in entry["lines"]}


def first_steps(line):
    """When a loudspeaker came to each state for the first time."""
    return {step["state"]: step["at"] for step in reversed(line["steps"])}


def test_an_emergency_interrupts_every_loudspeaker(operator, evening):
    """Nothing else is heard until it has been said to the end."""
    assert set(evening["interrupted"].values()) == {"interrupted"}
    routine, flood = lines_of(operator, evening["routine"]), lines_of(operator, evening["flood"])
    assert len(flood) == 6
    for name, line in flood.items():
        assert line["state"] == "finished", (name, line)
        steps, own = first_steps(routine[name]), first_steps(line)
        assert steps["interrupted"] <= own["started"], name
        assert steps["resumed"] >= own["finished"], name


def test_the_log_accounts_for_every_second(operator, evening):
    """What was sent before and after an interruption adds up to the whole, and nothing is lost."""
    for name in ("routine", "flood", "later"):
        broadcast = evening[name]
        for device_id, line in lines_of(operator, broadcast).items():
            assert line["state"] == "finished", (name, device_id, line)
            assert line["seconds_sent"] >= broadcast["duration_s"] - TOLERANCE_S, (name, line)
            sent = [step["seconds_sent"] for step in line["steps"]]
            assert sent == sorted(sent), (name, device_id, line["steps"])
    assert {line["interruptions"] for line in lines_of(operator, evening["routine"]).values()} <= {
        1,
        2,
    }


def test_what_was_scheduled_plays_on_time_without_the_centre(evening):
    """Neither broker nor centre was there, and the gateway spoke at its instant."""
    for at in evening["first_sound_at"].values():
        assert abs((at - evening["start_at"]).total_seconds()) < 1


@pytest.mark.parametrize("name", ["loa-1", "loa-2", "loa-3", "loa-4", "loa-5", "loa-6"])
def test_every_loudspeaker_played_what_the_operator_heard(commune, operator, evening, name):
    """Whatever its driver and codec: the same sound, the right way up."""
    running, speakers = commune
    sound = running.folder / "flood.ogg"
    sound.write_bytes(operator.http.get(f"/api/audio/{evening['flood']['audio_sha256']}").content)
    wanted = read_mono(sound)
    eventually(lambda: speakers[name].events("played"), within_s=10, what="it has played")
    folder = running.folder / f"{name}.played"
    best = max(
        (correlate(wanted, read_mono(each)).peak for each in folder.glob("*.wav")), default=0.0
    )
    assert best >= 0.95, best
