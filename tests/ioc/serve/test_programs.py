"""The `ioc` command as people and systemd use it: real processes, real mosquitto."""

import io
import json
import os
import signal
import socket
import sqlite3
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path

import aiomqtt
import httpx
import pytest

from contracts.codec import decode
from contracts.state import CentreState
from contracts.topics import CENTRE_STATE
from ioc.cli import main
from tests.fakes.broker import RealBroker
from tests.fakes.ports import find_free_port, wait_until_listening
from tests.ioc.test_certificate import issue

pytestmark = [pytest.mark.broker, pytest.mark.timeout(60)]


class Installation:
    """A commune's centre in a folder, driven by its command line."""

    def __init__(self, folder: Path, broker: RealBroker) -> None:
        self.folder, self.broker = folder, broker
        self.port = find_free_port()
        self.config = folder / "centre.yaml"
        self.config.write_text(
            "data_dir: centre\n"
            "commune: {name: Xã Thử}\n"
            "areas:\n"
            "  - {id: xa, name: Xã Thử}\n"
            "  - {id: xom, name: Xóm Một, parent: xa}\n"
            f"web: {{port: {self.port}}}\n"
            f"broker: {{port: {broker.port}}}\n"
        )

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end: `serve` as a process, the others without one (quicker)."""
        arguments = [*words, "--config", str(self.config)]
        if words == ("serve",):
            command = [sys.executable, "-m", "ioc", *arguments]
            return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        output, complaints = io.StringIO(), io.StringIO()
        with ThreadPoolExecutor() as aside, redirect_stdout(output), redirect_stderr(complaints):
            code = aside.submit(main, arguments).result()  # a loop of its own
        return subprocess.CompletedProcess(
            arguments, code, output.getvalue(), complaints.getvalue()
        )

    def init(self) -> None:
        """Initialise, and have the broker use the product's files from now on."""
        assert self.run("init").returncode == 0
        access = self.folder / "centre" / "broker"
        self.broker.stop()
        self.broker.use_files(passwords=access / "passwords", acl=access / "acl")
        self.broker.start()

    @contextmanager
    def serving(self, **environment: str) -> Iterator[subprocess.Popen[str]]:
        """Serve while the block runs."""
        command = [sys.executable, "-m", "ioc", "serve", "--config", str(self.config)]
        process = subprocess.Popen(
            command,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ | environment,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()


@pytest.fixture
def centre(tmp_path: Path, broker: RealBroker) -> Installation:
    """A centre that nobody has initialised yet."""
    return Installation(tmp_path, broker)


def test_init_makes_private_files_and_may_be_repeated(centre):
    """The second time changes neither keys nor passwords."""
    centre.init()
    files = [path for path in (centre.folder / "centre").rglob("*") if path.is_file()]
    secrets = {path.name: path for path in files}
    assert {"ioc.db", "commands.pem", "centre_password", "passwords", "acl"} <= set(secrets)
    for name in ("ioc.db", "commands.pem", "centre_password", "passwords", "acl"):
        assert secrets[name].stat().st_mode & 0o077 == 0, name
    before = [secrets[name].read_bytes() for name in ("commands.pem", "centre_password")]
    assert centre.run("init").returncode == 0
    assert before == [secrets[name].read_bytes() for name in ("commands.pem", "centre_password")]


async def test_a_gateway_added_is_let_in_by_the_broker(centre):
    """Its secrets are printed once; a second one of the same name is refused."""
    centre.init()
    words = ("gateway", "add", "tu-1", "--site", "thu", "--area", "xom", "--name", "Tủ 1", "--json")
    added = json.loads(centre.run(*words).stdout)
    assert set(added) == {
        "site_id",
        "gateway_id",
        "mqtt_password",
        "token",
        "centre_public_key",
    }
    centre.broker.stop()
    centre.broker.start()
    async with aiomqtt.Client(
        centre.broker.host, centre.broker.port, username="tu-1", password=added["mqtt_password"]
    ):
        pass
    again = centre.run(*words)
    assert (again.returncode, "exists already" in again.stderr) == (2, True)
    listed = centre.run("gateway", "list").stdout
    assert "tu-1\txom\toffline\tnever seen" in listed
    assert added["token"] not in (centre.folder / "centre" / "ioc.db").read_bytes().decode("latin1")


def test_people_are_added_listed_and_closed(centre):
    """The password is generated and printed once."""
    centre.init()
    words = ("user", "add", "truc", "--role", "operator", "--name", "Chị Lan", "--json")
    first = json.loads(centre.run(*words).stdout)
    assert first["login"] == "truc"
    assert len(first["password"]) >= 12
    second = json.loads(centre.run("user", "password", "truc", "--json").stdout)
    assert second["password"] != first["password"]
    assert centre.run("user", "disable", "truc").returncode == 0
    assert centre.run("user", "list").stdout == "truc\toperator\txa\tChị Lan\t(disabled)\n"
    refused = centre.run(*words)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert "Traceback" not in refused.stderr


def test_where_somebody_is_told_is_entered_for_them(centre):
    """By a channel that is set up, for somebody there is, at an address that can be one."""
    centre.init()
    centre.run("user", "add", "truc", "--role", "operator", "--name", "Chị Lan")
    words = ("user", "contact", "truc", "email", "lan@xa.example")
    assert "has not set up that channel" in centre.run(*words).stderr
    with centre.config.open("a") as settings:
        settings.write("notify: {email: {host: 127.0.0.1, sender: ioc@xa.example}}\n")
    assert centre.run(*words).returncode == 0
    assert "There is no account hoa" in centre.run("user", "contact", "hoa", *words[3:]).stderr
    assert "cannot be used" in centre.run("user", "contact", "truc", "email", "lan").stderr
    with closing(sqlite3.connect(centre.folder / "centre" / "ioc.db")) as database:
        kept = database.execute("SELECT login, channel, address FROM contacts").fetchall()
    assert kept == [("truc", "email", "lan@xa.example")]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("serve",), "run `ioc init`"),
        (("user", "list"), "run `ioc init` first"),
        (("gateway", "add", "Tủ 1", "--site", "thu"), "is not an id"),
    ],
)
def test_what_cannot_be_done_yet_is_one_sentence(centre, words, sentence):
    """Exit code 2, no traceback."""
    refused = centre.run(*words)
    assert refused.returncode == 2
    assert sentence in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_misspelt_key_is_told_with_its_line(centre):
    """Whatever the command."""
    with centre.config.open("a") as file:
        file.write("boker: {}\n")
    refused = centre.run("serve")
    assert refused.returncode == 2
    assert f"{centre.config}:8: unknown key 'boker': did you mean 'broker'?" in refused.stderr


def test_a_port_in_use_is_one_clear_sentence(centre):
    """It names the address and what to do."""
    centre.init()
    with socket.create_server(("127.0.0.1", centre.port)):
        refused = centre.run("serve")
        checked = centre.run("check")
    assert refused.returncode == checked.returncode == 2
    sentence = f"cannot serve 127.0.0.1:{centre.port}: the port is in use"
    assert sentence in refused.stderr
    assert len(refused.stderr.splitlines()) == 1
    assert sentence in checked.stdout


def test_a_centre_that_serves_passes_its_own_check(centre):
    """Its port is in use, by itself: nobody stops a running centre for a check."""
    centre.init()
    with centre.serving():
        wait_until_listening(centre.port)
        checked = centre.run("check")
    assert "web.port: ok" in checked.stdout
    assert checked.returncode == 0


def test_check_tells_a_broker_that_is_away_from_wrong_settings(centre):
    """Exit code 1: it may pass by itself."""
    centre.init()
    assert centre.run("check").returncode == 0
    centre.broker.stop()
    checked = centre.run("check")
    assert checked.returncode == 1
    assert f"broker 127.0.0.1:{centre.broker.port}" in checked.stdout


def test_a_second_centre_on_the_same_data_is_refused(centre):
    """Two writers would tread on each other."""
    centre.init()
    with centre.serving():
        wait_until_listening(centre.port)
        text = centre.config.read_text().replace(str(centre.port), str(find_free_port()))
        centre.config.write_text(text)
        refused = centre.run("serve")
    assert refused.returncode == 2
    assert "another `ioc serve` uses" in refused.stderr


async def test_the_centre_serves_tells_systemd_and_stops_cleanly(centre, tmp_path):
    """READY when pages can be had, beats while it lives, STOPPING on SIGTERM, gateways told."""
    centre.init()
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as systemd:
        address = tmp_path / "notify"
        systemd.bind(str(address))
        systemd.settimeout(15)
        environment = {"NOTIFY_SOCKET": str(address), "WATCHDOG_USEC": "400000"}
        with centre.serving(**environment) as process:
            assert systemd.recv(100) == b"READY=1"
            answer = httpx.get(f"http://127.0.0.1:{centre.port}/dang-nhap")
            assert answer.status_code == 200
            assert systemd.recv(100) == b"WATCHDOG=1"
            process.send_signal(signal.SIGTERM)
            while (said := systemd.recv(100)) == b"WATCHDOG=1":
                pass
            assert said == b"STOPPING=1"
            assert process.wait(timeout=10) == 0
            log = process.stderr.read()
    for line in log.splitlines():
        assert json.loads(line)["level"] == "info", line
    password = (centre.folder / "centre" / "broker" / "centre_password").read_text().strip()
    assert password not in log
    assert not await _state(centre)


def test_what_could_not_be_taken_can_be_inspected(centre):
    """Counted, with when, from where and why; and the very bytes."""
    centre.init()
    assert "0 payloads" in centre.run("gateway", "quarantine").stdout
    row = ("ioc/v1/thu/tu-1/up/events/live", "tu-1", "this is no batch", b"\xff{half a li\xe1\xbb")
    with closing(sqlite3.connect(centre.folder / "centre/ioc.db")) as store, store:
        store.execute(
            "INSERT INTO quarantine (received_at, topic_name, gateway_id, reason, payload)"
            " VALUES (1700000000000000, ?, ?, ?, ?)",
            row,
        )
    listed = centre.run("gateway", "quarantine").stdout
    assert "1\t2023-11-14 22:13:20 UTC\tioc/v1/thu/tu-1/up/events/live\t13 bytes" in listed
    assert "this is no batch" in listed
    assert "1 payloads" in listed
    shown = centre.run("gateway", "quarantine", "--payload", "1")
    assert shown.stdout == "\\xff{half a li\\xe1\\xbb\n"
    missing = centre.run("gateway", "quarantine", "--payload", "2")
    assert missing.returncode == 2
    assert "number 2" in missing.stderr


async def test_a_killed_centre_starts_again_on_its_data(centre):
    """kill -9 leaves no lock; the broker has told the gateways by the will."""
    centre.init()
    with centre.serving() as process:
        wait_until_listening(centre.port)
        await _until(centre, online=True)
        process.kill()
        process.wait()
    await _until(centre, online=False)
    with centre.serving():
        wait_until_listening(centre.port)
        await _until(centre, online=True)


async def _until(centre: Installation, *, online: bool) -> None:
    deadline_s = time.monotonic() + 15
    while await _state(centre) is not online:
        assert time.monotonic() < deadline_s


async def _state(centre: Installation) -> bool:
    """Return what the broker retains of the centre, asking as a gateway would."""
    if "tu-9" not in (passwords := centre.folder / "centre/broker/passwords").read_text():
        added = centre.run("gateway", "add", "tu-9", "--site", "thu", "--json")
        (centre.folder / "secret").write_text(json.loads(added.stdout)["mqtt_password"])
        assert "tu-9" in passwords.read_text()
        centre.broker.reload()
    secret = (centre.folder / "secret").read_text()
    async with (
        aiomqtt.Client(
            centre.broker.host, centre.broker.port, username="tu-9", password=secret
        ) as gateway,
    ):
        await gateway.subscribe(CENTRE_STATE, qos=1)
        return decode(CentreState, (await anext(aiter(gateway.messages))).payload).online


async def test_the_centre_serves_https_to_other_machines(centre, tmp_path):
    """Plain HTTP is refused beyond this machine, so a certificate is all it takes."""
    centre.init()
    issue(tmp_path, "centre", changed_at=1)
    text = centre.config.read_text()
    tls = "host: 0.0.0.0, tls_certificate: tls.crt, tls_key: tls.key"
    centre.config.write_text(text.replace("web: {", f"web: {{{tls}, "))
    assert centre.run("check").returncode == 0
    with centre.serving():
        wait_until_listening(centre.port)
        trusted = ssl.create_default_context(cafile=tmp_path / "tls.crt")
        answer = httpx.get(f"https://127.0.0.1:{centre.port}/dang-nhap", verify=trusted)
        assert answer.status_code == 200
    (tmp_path / "tls.key").write_text("nonsense")
    refused = centre.run("serve")
    assert refused.returncode == 2
    assert "web.tls_certificate and web.tls_key cannot be used" in refused.stderr
