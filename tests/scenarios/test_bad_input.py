"""Bad input gets a clear answer and stops nothing else: cameras, wire, commands, people, ports."""

import json
import socket
import subprocess
import time
from datetime import timedelta
from hashlib import sha256
from uuid import uuid4

import cv2
import httpx
import numpy as np
import pytest
import yaml

from contracts.batch import encode_batch
from contracts.codec import encode
from contracts.commands import Audio, Speak, Stop, sign_command
from contracts.envelope import encode_event
from contracts.events import LitteringConfirmed, MotionStarted, Picture
from contracts.topics import Address
from ioc.broadcasts.keys import create_signing_key, load_signing_key
from tests.fakes.ports import find_free_port
from tests.scenarios.children import eventually, program
from tests.scenarios.commune import GATEWAY, SITE, Commune
from tests.scenarios.wire import Account, PaperGateway, command_for, right_now, rows_of

pytestmark = [pytest.mark.scenario, pytest.mark.broker, pytest.mark.timeout(150)]

GATEWAY_ADDRESS = Address.of(SITE, GATEWAY)


@pytest.fixture(scope="module")
def commune(tmp_path_factory):
    """A gateway with one good camera between two bad ones, one loudspeaker, and a paper gateway."""
    with Commune(tmp_path_factory.mktemp("bad-input")) as running:
        running.found()
        added = running.ioc(
            "gateway", "add", "tu-2", "--site", SITE, "--area", "na-lang", "--name", "2", "--json"
        )
        running.others = json.loads(added)
        running.broker.start()
        running.start_centre()
        running.add_loudspeaker("loa-1", group="239.255.78.1")
        running.add_camera("sai-mat-khau", "--scene", "culture-house")
        (running.folder / "sai-mat-khau.password").write_text("wrong")
        running.plan_camera("mat-mang", f"http://127.0.0.1:{find_free_port()}/onvif/device_service")
        running.add_camera("tot", "--scene", "market-gate")
        running.plan.others["telemetry"] = {"sample_s": 1, "commit_s": 2}
        running.start_agent()
        yield running


@pytest.fixture(scope="module")
def console(commune):
    return commune.sign_in()


@pytest.fixture
def paper(commune) -> PaperGateway:
    account = Account(
        port=commune.broker.port, username="tu-2", password=commune.others["mqtt_password"]
    )
    return PaperGateway(address=Address.of(SITE, "tu-2"), account=account)


def centre_rows(commune, query, **values):
    return rows_of(commune.folder / "centre" / "ioc.db", query, values)


def wait_for_device(console, device_id, *, state, reason=None, within_s=60):
    def look():
        device = console.device(device_id)
        return device and (device["state"], device["reason"]) == (state, reason)

    eventually(look, within_s=within_s, what=f"{device_id} is {state} ({reason})")


def child_of(commune, name):
    return next(child for child in commune.children if child.name == name)


# Cameras


def test_a_wrong_camera_password_is_a_visible_fault_after_one_attempt(commune, console):
    """The console says what is wrong; the camera's account is not tried again and again."""
    wait_for_device(console, "sai-mat-khau", state="offline", reason="auth_failed")
    alarm = console.wait_for_alarm(kind="device_down", device_id="sai-mat-khau", within_s=10)
    assert alarm["facts"]["reason"] == "auth_failed"
    time.sleep(10)
    attempts = child_of(commune, "sai-mat-khau").events("auth_failed")
    assert len(attempts) == 1, attempts


def test_an_unreachable_camera_is_a_visible_fault_and_touches_no_other(commune, console):
    """The camera beside it delivers pictures all the while."""
    wait_for_device(console, "mat-mang", state="offline", reason="unreachable")
    wait_for_device(console, "tot", state="online")


def test_a_camera_that_stalls_is_a_fault_until_it_goes_on(commune, console):
    """A stream that hangs without closing is noticed, and its return ends the alarm."""
    wait_for_device(console, "tot", state="online")
    camera = child_of(commune, "tot")
    camera.tell(do="stall")
    wait_for_device(console, "tot", state="offline", reason="stalled")
    alarm = console.wait_for_alarm(kind="device_down", device_id="tot", within_s=10)
    camera.tell(do="resume")
    wait_for_device(console, "tot", state="online")

    def returned():
        state = console.get(f"/api/alarms/{alarm['alarm_id']}")["alarm"]["state"]
        return state in ("normal", "rtn_unacknowledged")

    # Normal, if it was back before anybody was called; else it is believed after 15 s.
    eventually(returned, within_s=45, what="the alarm's condition has ended")


# The wire


@pytest.mark.parametrize(
    "payload",
    [b"\xff\xfe\x00", b"{}", b'{"epoch":"x","sequences":[1]}\n{}', b"[" * 100_000],
    ids=["binary", "no header", "bad header", "deep"],
)
def test_undecodable_bytes_are_kept_for_inspection_and_ingest_goes_on(commune, paper, payload):
    """What cannot be read lies in quarantine as it came; the next good event is stored."""
    paper.send_bytes(payload)
    good = paper.event(MotionStarted(zone="cổng", share=0.5), device_id="c")
    paper.send(good)
    eventually(
        lambda: centre_rows(commune, "SELECT 1 FROM events WHERE event_id = :id", id=good.event_id),
        within_s=15,
        what="the good event is stored",
    )
    kept = centre_rows(
        commune,
        "SELECT reason FROM quarantine WHERE payload = :payload AND gateway_id = 'tu-2'",
        payload=payload,
    )
    assert kept
    assert kept[0][0]


def test_one_bad_row_spoils_no_other_row_of_its_batch(commune, paper):
    """It counts as committed, so the gateway does not send it for ever."""
    events = [paper.event(MotionStarted(zone=f"z{n}", share=0.1), device_id="c") for n in range(3)]
    rows = [encode_event(events[0]), b'{"type":"nonsense.v9"}', encode_event(events[2])]
    paper.send_bytes(encode_batch(paper.epoch, [1, 2, 3], rows))
    eventually(
        lambda: (
            centre_rows(
                commune,
                'SELECT "first", "last" FROM committed_ranges WHERE epoch = :epoch',
                epoch=paper.epoch,
            )
            == [(1, 3)]
        ),
        within_s=15,
        what="the whole batch is committed",
    )
    stored = centre_rows(
        commune, "SELECT sequence FROM events WHERE epoch = :epoch", epoch=paper.epoch
    )
    assert sorted(stored) == [(1,), (3,)]


def test_a_gateway_cannot_speak_for_another(commune, paper):
    """The broker confines each to its own subtree; an event that names another is quarantined."""
    foreign = PaperGateway(address=GATEWAY_ADDRESS, account=paper.account, epoch=paper.epoch)
    event = foreign.event(MotionStarted(zone="x", share=0.5))
    foreign.send(event)  # refused by the access list
    paper.account.publish(paper.address.topic_name("up/events/live"), _batch_of(paper.epoch, event))
    eventually(
        lambda: centre_rows(
            commune, "SELECT 1 FROM quarantine WHERE epoch = :epoch", epoch=paper.epoch
        ),
        within_s=15,
        what="the foreign event is in quarantine",
    )
    assert not centre_rows(commune, "SELECT 1 FROM events WHERE event_id = :id", id=event.event_id)


def _batch_of(epoch, *events):
    return encode_batch(epoch, [e.sequence for e in events], [encode_event(e) for e in events])


# Pictures


def test_a_picture_with_a_wrong_hash_is_refused_and_the_right_one_still_comes(
    commune, console, paper
):
    """The alarm goes on saying that its picture is on its way, until the true one is there."""
    jpeg = cv2.imencode(".jpg", np.full((48, 64, 3), 120, np.uint8))[1].tobytes()
    other = cv2.imencode(".jpg", np.full((48, 64, 3), 20, np.uint8))[1].tobytes()
    now = right_now()
    picture = Picture(
        role="after",
        sha256=sha256(jpeg).hexdigest(),
        width_px=64,
        height_px=48,
        size_bytes=len(jpeg),
        taken_at=now,
    )
    littering = LitteringConfirmed(
        object_id=str(uuid4()),
        zone="bờ suối",
        box=(0.1, 0.1, 0.2, 0.2),
        deposited_at=now,
        left_at=now,
        unattended_s=12,
        score=0.9,
        reasons=(),
        pictures=(picture,),
    )
    paper.send(paper.event(littering, device_id="camera-giay"))
    alarm = console.wait_for_alarm(kind="littering", device_id="camera-giay", within_s=15)

    def state():
        detail = console.get(f"/api/alarms/{alarm['alarm_id']}")
        return [each["state"] for each in detail["alarm"]["pictures"]]

    url = f"{commune.address}/gateway/evidence/{picture.sha256}"
    token = {"Authorization": f"Bearer {commune.others['token']}"}
    assert httpx.put(url, content=other, headers=token).status_code == 422
    assert state() == ["announced"]
    assert console.http.get(f"/api/evidence/{picture.sha256}").status_code == 404
    assert httpx.put(url, content=jpeg, headers=token).status_code == 204
    assert state() == ["stored"]
    assert console.http.get(f"/api/evidence/{picture.sha256}").content == jpeg


# Commands


class Intruder:
    """Somebody who has the centre's place on the wire; with or without its key."""

    def __init__(self, commune: Commune) -> None:
        password = (commune.folder / "centre" / "broker" / "centre_password").read_text().strip()
        self._account = Account(port=commune.broker.port, username="centre", password=password)
        self._commune = commune
        self.key = load_signing_key(commune.folder / "centre" / "keys")

    def send(self, command_id: str, payload: bytes) -> None:
        self._account.publish(GATEWAY_ADDRESS.command_topic_name(command_id), payload)

    def result_of(self, command_id: str) -> tuple[str, str]:
        def look():
            return centre_rows(
                self._commune,
                "SELECT json_extract(body, '$.data.outcome'), json_extract(body, '$.data.reason')"
                " FROM events WHERE kind = 'command.result.v1'"
                " AND json_extract(body, '$.data.command_id') = :id",
                id=command_id,
            )

        return tuple(eventually(look, within_s=20, what=f"a result of {command_id}")[0])


@pytest.fixture(scope="module")
def intruder(commune, console):
    eventually(
        lambda: centre_rows(
            commune, "SELECT 1 FROM commands WHERE kind = 'clock.v1' AND state = 'done'"
        ),
        within_s=60,
        what="the gateway knows the time",
    )
    return Intruder(commune)


def stop_command(number: int, *, address=GATEWAY_ADDRESS, age_s: float = 0):
    issued_at = right_now() - timedelta(seconds=age_s)
    return command_for(
        address,
        Stop(),
        number=number,
        issued_at=issued_at,
        expires_at=issued_at + timedelta(minutes=5),
    )


def test_a_command_without_a_valid_signature_is_refused_and_reported(intruder, tmp_path):
    """Unsigned, signed by a stranger, or altered after signing."""
    command = stop_command(900)
    intruder.send(command.command_id, encode(command))
    assert intruder.result_of(command.command_id) == ("refused", "malformed")

    stranger = create_signing_key(tmp_path)
    command = stop_command(901)
    signed = sign_command(command, key_id=stranger.key_id, key=stranger.key)
    intruder.send(command.command_id, signed)
    assert intruder.result_of(command.command_id) == ("refused", "unknown_key")

    command = stop_command(902)
    forged = sign_command(command, key_id=intruder.key.key_id, key=stranger.key)
    intruder.send(command.command_id, forged)
    assert intruder.result_of(command.command_id) == ("refused", "bad_signature")


def test_a_command_that_expired_or_is_for_another_gateway_is_refused_and_reported(intruder):
    """A captured command is worthless later and elsewhere."""
    audio = Audio(sha256="a" * 64, size_bytes=10, duration_s=1)
    speak = Speak(broadcast_id=str(uuid4()), loudspeaker_ids=("loa-1",), audio=audio)
    long_ago = right_now() - timedelta(hours=1)
    expired = command_for(
        GATEWAY_ADDRESS,
        speak,
        number=910,
        issued_at=long_ago,
        expires_at=long_ago + timedelta(minutes=10),
    )
    elsewhere = stop_command(911, address=Address.of(SITE, "tu-2"))
    for command, reason in ((expired, "expired"), (elsewhere, "not_addressed")):
        signed = sign_command(command, key_id=intruder.key.key_id, key=intruder.key.key)
        intruder.send(command.command_id, signed)
        outcome, why = intruder.result_of(command.command_id)
        assert (outcome, why.split(":")[0]) == ("refused", reason)


def test_a_replayed_command_plays_nothing_again(commune, console, intruder):
    """Sent again byte for byte it changes nothing; its number on another command is refused."""
    spoken = console.speak("Xin chào bà con.", [(GATEWAY, "loa-1")])
    states = console.wait_until_proven(spoken["broadcast_id"], within_s=40)
    assert states == {"loa-1": "finished"}
    loudspeaker = child_of(commune, "loa-1")
    eventually(lambda: loudspeaker.events("played"), within_s=10, what="the recording is there")
    played = len(loudspeaker.events("played"))
    ((command_id, number, signed),) = centre_rows(
        commune,
        "SELECT command_id, command_number, signed FROM commands WHERE broadcast_id = :id",
        id=spoken["broadcast_id"],
    )
    intruder.send(command_id, signed)
    other = stop_command(number)
    key = intruder.key
    intruder.send(other.command_id, sign_command(other, key_id=key.key_id, key=key.key))
    outcome, why = intruder.result_of(other.command_id)
    assert (outcome, why.split(":")[0]) == ("refused", "replayed")
    time.sleep(4)
    assert len(loudspeaker.events("played")) == played
    assert console.states(spoken["broadcast_id"]) == {"loa-1": "finished"}


# People and ports


@pytest.mark.parametrize("text", ["…", "🙂🙂🙂", "?!"])
def test_text_without_speakable_characters_is_refused_with_a_sentence(console, text):
    """The author reads in Vietnamese why nothing was made."""
    answer = console.http.post("/api/previews", json={"text": text})
    assert answer.status_code == 422
    error = answer.json()["error"]
    assert error["code"] == "unspeakable_text"
    assert "chưa phát" in error["vi"]


def test_a_port_in_use_is_one_clear_sentence(commune, tmp_path):
    """`ioc serve` names the port and ends with exit code 2, not with a traceback."""
    document = yaml.safe_load(commune.centre_file.read_text())
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        document |= {"data_dir": str(tmp_path / "centre")}
        document["web"]["port"] = port
        settings = tmp_path / "centre.yaml"
        settings.write_text(yaml.safe_dump(document, allow_unicode=True))
        for command in ("init", "serve"):
            done = subprocess.run(
                [program("ioc"), command, "--config", settings],
                check=False,
                capture_output=True,
                timeout=60,
                text=True,
            )
    assert done.returncode == 2
    assert str(port) in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1
