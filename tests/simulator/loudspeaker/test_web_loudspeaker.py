"""The simulated HTTP loudspeakers as processes, and their own refusals."""

import contextlib
import gc
import json
import os
import socket
import subprocess
import sys
import urllib.request

import pytest

from simulator.loudspeaker.web.digest import Doorkeeper
from simulator.loudspeaker.web.playing import Condition
from simulator.loudspeaker.web.running import _obey
from tests.fakes.web_loudspeaker import RunningLoudspeaker


@pytest.mark.parametrize("kind", ["axis", "hikvision"])
def test_the_process_says_ready_takes_orders_and_ends(kind, tmp_path):
    """From start to end over real pipes; an independent program logs in by digest."""
    command = [sys.executable, "-m", "simulator.loudspeaker", "--kind", kind]
    with subprocess.Popen(
        [*command, "--listen", "127.0.0.1", "--port", "0", "--record", tmp_path / "loa"],
        env=os.environ | {"LOUDSPEAKER_PASSWORD": "bi-mat"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        ready = json.loads(process.stdout.readline())
        assert ready["event"] == "ready"
        process.stdin.write('{"do":"temperature","value":77.5}\n{"do":"dance"}\n')
        process.stdin.flush()
        events = [json.loads(process.stdout.readline())["event"] for _ in range(2)]
        assert events == ["done", "refused"]
        path = {
            "axis": "/axis-cgi/temperaturecontrol.cgi?action=statusall",
            "hikvision": "/ISAPI/System/status",
        }[kind]
        url = f"http://127.0.0.1:{ready['port']}{path}"
        passwords = urllib.request.HTTPPasswordMgrWithDefaultRealm()
        passwords.add_password(None, url, "loa", "bi-mat")
        opener = urllib.request.build_opener(urllib.request.HTTPDigestAuthHandler(passwords))
        with opener.open(url, timeout=10) as told:
            assert b"77.5" in told.read()
        process.stdin.close()
        assert process.wait(timeout=10) == 0


def test_who_calls_while_it_is_switched_off_is_hung_up_on(tmp_path):
    """However late; a connection that nobody closes would be told of in whatever test comes next."""
    for _ in range(20):
        with RunningLoudspeaker("axis", tmp_path) as device:
            caller = socket.create_connection(("127.0.0.1", device.device.port), timeout=10)
        with caller, contextlib.suppress(ConnectionError):
            assert caller.recv(1) == b""
    gc.collect()


def test_no_password_no_loudspeaker(tmp_path):
    """The account's password comes by the environment; without one it does not start."""
    command = [sys.executable, "-m", "simulator.loudspeaker", "--kind", "axis", "--port", "0"]
    environment = {key: value for key, value in os.environ.items() if key != "LOUDSPEAKER_PASSWORD"}
    ended = subprocess.run(
        [*command, "--listen", "127.0.0.1", "--record", tmp_path],
        env=environment,
        capture_output=True,
        check=False,
    )
    assert ended.returncode == 2
    assert b"LOUDSPEAKER_PASSWORD" in ended.stderr


def test_an_answer_used_twice_is_refused():
    """RFC 7616 §3.4: a count that was seen before is a replay."""
    door = Doorkeeper("loa", "x", realm="r")
    nonce = door.challenge().split('nonce="')[1].split('"')[0]
    fields = {"uri": "/", "nonce": nonce, "nc": "00000001", "cnonce": "c", "qop": "auth"}
    response = door._expected(fields, "GET")
    said = ", ".join(
        f'{name}="{value}"' for name, value in (fields | {"response": response}).items()
    )
    assert door.lets_in(f"Digest {said}", method="GET", uri="/")
    assert not door.lets_in(f"Digest {said}", method="GET", uri="/")
    assert door.refusals == 1


@pytest.mark.parametrize(
    "line", [b"", b"7", b"{", b'{"do":"volume","value":2}', b'{"do":"fault","value":"x"}']
)
def test_orders_that_are_none_are_refused(line):
    """The loudspeaker stays as it is."""
    condition = Condition()
    assert _obey(condition, line)["event"] == "refused"
    assert condition == Condition()
