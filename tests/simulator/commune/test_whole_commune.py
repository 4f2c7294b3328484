"""`make run`: a stranger gets a commune with an alarm and its picture, and gets it again."""

import json
import re
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import Self

import httpx
import pytest


class RunningCommune:
    """`python -m simulator` as `make run` starts it, seen from outside."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self._log = (data.parent / "runner.log").open("ab")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "simulator", "--json", "--data", data, *options],
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self.end()
        self._process.stdout.close()
        self._log.close()

    def wait_until_ready(self) -> dict:
        for line in self._process.stdout:
            said = json.loads(line)
            if said["event"] == "ready":
                return said
        raise AssertionError(f"it ended: {(self.data.parent / 'runner.log').read_text()}")

    def end(self) -> int:
        self._process.send_signal(signal.SIGINT)
        return self._process.wait(timeout=60)

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def processes(self) -> list[str]:
        """Command lines of everything on this machine that works in the data folder."""
        own = str(self._process.pid)
        return [line for pid, line in list_processes() if str(self.data) in line and pid != own]


def list_processes() -> list[tuple[str, str]]:
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except (FileNotFoundError, ProcessLookupError):
                continue
            found.append((entry.name, arguments))
    return found


def _sign_in(address: str, login: str, password: str) -> httpx.Client:
    browser = httpx.Client(base_url=address, headers={"Origin": address}, timeout=10)
    answer = browser.post("/dang-nhap", data={"login": login, "password": password})
    assert answer.status_code == 303, answer.text
    return browser


def _wait_for_picture(browser: httpx.Client) -> dict:
    """Return the littering alarm once one of its pictures is stored at the centre."""
    while True:
        for alarm in browser.get("/api/alarms").raise_for_status().json()["alarms"]:
            stored = [picture for picture in alarm["pictures"] if picture["state"] == "stored"]
            if alarm["kind"] == "littering" and stored:
                return alarm | {"stored": stored}
        time.sleep(0.5)


@pytest.mark.scenario
@pytest.mark.timeout(240)
def test_stranger_sees_an_alarm_with_its_picture_and_finds_it_again(tmp_path: Path) -> None:
    """First start: passwords, then an alarm with a picture. Second start: the same alarm."""
    data = tmp_path / "var"
    with RunningCommune(data) as commune:
        ready = commune.wait_until_ready()
        assert set(ready["passwords"]) == {"truc", "truongxom", "kythuat", "quantri"}
        with closing(_sign_in(ready["address"], "truc", ready["passwords"]["truc"])) as operator:
            alarm = _wait_for_picture(operator)
            picture = operator.get(f"/api/evidence/{alarm['stored'][0]['sha256']}")
            assert picture.headers["content-type"] == "image/jpeg"
            assert alarm["device_id"] == "ngo-ban-chuong"
        assert commune.end() == 0
        assert commune.processes() == []

    with RunningCommune(data) as commune:
        again = commune.wait_until_ready()
        assert again["passwords"] == {}
        with closing(_sign_in(again["address"], "truc", ready["passwords"]["truc"])) as operator:
            alarms = operator.get("/api/alarms").raise_for_status().json()["alarms"]
            assert alarm["alarm_id"] in {known["alarm_id"] for known in alarms}
        assert _secrets_in_arguments(commune) == []
        commune.kill()
        deadline = time.monotonic() + 30
        while commune.processes():
            assert time.monotonic() < deadline, commune.processes()
            time.sleep(0.2)


def _secrets_in_arguments(commune: RunningCommune) -> list[str]:
    secrets = [path.read_text().strip() for path in (commune.data / "secrets").iterdir()]
    pattern = re.compile("|".join(re.escape(secret) for secret in secrets))
    return [line for _, line in list_processes() if pattern.search(line)]
