"""A word on its way: a gateway that is away, one that dies while speaking, a repeat that succeeds."""

import pytest

from tests.scenarios.children import eventually
from tests.scenarios.commune import GATEWAY, Commune

pytestmark = [pytest.mark.scenario, pytest.mark.broker, pytest.mark.timeout(150)]

SHORT = "Mời bà con ra nhà văn hóa."
LONG = "Kính mời bà con đúng 7h30 ngày 14/7 có mặt tại nhà văn hóa xóm để tổng vệ sinh. " * 2


@pytest.fixture(scope="module")
def commune(tmp_path_factory):
    with Commune(tmp_path_factory.mktemp("broadcast")) as running:
        running.found()
        running.broker.start()
        running.start_centre()
        running.add_loudspeaker("loa-1", group="239.255.79.1")
        running.add_loudspeaker("loa-2", group="239.255.79.2", codec="pcma")
        running.start_agent()
        yield running


@pytest.fixture(scope="module")
def head(commune):
    person = commune.sign_in("truong")
    eventually(
        lambda: len(person.get("/api/loudspeakers")) == 2,
        within_s=30,
        what="the gateway has told its loudspeakers",
    )
    return person


def wait_for_state(person, broadcast_id, device_id, state, *, within_s=40):
    eventually(
        lambda: person.states(broadcast_id)[device_id] == state,
        within_s=within_s,
        what=f"{device_id} is {state}",
        every_s=0.05,
    )


def test_a_gateway_that_was_away_speaks_when_it_is_back(commune, head):
    """The hamlet head sees that it waits for the network, and then that both have spoken."""
    assert commune.agent.stop() == 0, commune.agent.complaint()
    spoken = head.speak(SHORT, [(GATEWAY, "loa-1"), (GATEWAY, "loa-2")])
    assert head.states(spoken["broadcast_id"]) == {"loa-1": "queued", "loa-2": "queued"}
    commune.agent.start()
    states = head.wait_until_proven(spoken["broadcast_id"], within_s=60)
    assert states == {"loa-1": "finished", "loa-2": "finished"}


def test_a_gateway_killed_while_speaking_is_a_failure_until_a_repeat_succeeds(commune, head):
    """The operator is called, and the alarm ends when the same words have been spoken there."""
    operator = commune.sign_in("lan")
    spoken = head.speak(LONG, [(GATEWAY, "loa-1")])
    broadcast_id = spoken["broadcast_id"]
    wait_for_state(head, broadcast_id, "loa-1", "started")
    commune.agent.kill()
    commune.agent.start()
    wait_for_state(head, broadcast_id, "loa-1", "failed", within_s=60)
    alarm = operator.wait_for_alarm(kind="broadcast_failed", device_id="loa-1", within_s=10)
    assert alarm["state"] == "unacknowledged"

    head.post(
        f"/api/broadcasts/{broadcast_id}/repeat", {"gateway_id": GATEWAY, "device_id": "loa-1"}
    )
    assert head.wait_until_proven(broadcast_id, within_s=60) == {"loa-1": "finished"}
    state = operator.get(f"/api/alarms/{alarm['alarm_id']}")["alarm"]["state"]
    assert state == "rtn_unacknowledged"


def test_a_stop_silences_the_loudspeaker_at_once(commune, head):
    """What was sent until then is told in seconds."""
    spoken = head.speak(LONG, [(GATEWAY, "loa-2")])
    wait_for_state(head, spoken["broadcast_id"], "loa-2", "started")
    head.post(f"/api/broadcasts/{spoken['broadcast_id']}/stop")
    wait_for_state(head, spoken["broadcast_id"], "loa-2", "stopped", within_s=10)
    delivery = head.get(f"/api/broadcasts/{spoken['broadcast_id']}")["deliveries"][0]
    assert delivery["seconds_sent"] < spoken["duration_s"]
