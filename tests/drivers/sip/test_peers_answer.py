"""Telephones of other makers, baresip, SIPp and Linphone, answer and hear what was said."""

import asyncio
import contextlib
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from drivers.loudspeaker import DeviceBusy, SendFailed, Unreachable, WrongPassword
from drivers.sip import SipConfig, SipSink, read_status
from simulator.loudspeaker.correlation import correlate, read_mono
from tests.drivers.sip.conversation import FRAME, log_of, pick_up, speak, wait_for
from tests.fakes.baresip import running_baresip
from tests.fakes.ports import find_free_port, find_free_udp_port, wait_until_bound
from tests.fakes.programs import find_program, running
from tests.fakes.sounds import speech

ACCOUNT_SCENARIO = Path(__file__).with_name("sipp_wants_an_account.xml")


@pytest.fixture
def baresip(tmp_path):
    with running_baresip(tmp_path / "baresip") as phone:
        yield phone


@pytest.fixture
def call():
    """Open sinks that are closed in the end."""
    sinks = []

    def open_sink(**settings):
        sinks.append(SipSink(SipConfig(address="127.0.0.1", **settings)))
        return sinks[-1]

    yield open_sink
    for sink in sinks:
        sink.close()


@pytest.mark.timeout(40)
@pytest.mark.parametrize("codec", ["pcma", "pcmu"])
def test_baresip_hears_it_in_the_right_polarity(baresip, call, codec):
    """What baresip played correlates with what was said, and positively; then the call is over."""
    sink = call(port=baresip.port, user="loa", codecs=(codec,))
    said = speech(8000, seconds=2)
    pick_up(sink)
    speak(sink, said)
    sink.finish()
    wait_for(lambda: "terminated" in log_of(baresip.folder))
    assert f"Set audio decoder: {codec.upper()}" in log_of(baresip.folder)
    heard = read_mono(baresip.recordings[0])
    assert correlate(said[: len(heard)], heard).peak > 0.97


@pytest.mark.timeout(40)
def test_a_call_follows_a_call(baresip, call):
    """After an announcement the loudspeaker is free, and is called again for the next."""
    sink = call(port=baresip.port, user="loa")
    for _ in range(2):
        pick_up(sink)
        speak(sink, speech(8000, seconds=1)[:1600])
        sink.finish()
        wait_for(lambda: not sink.is_ready)
    assert log_of(baresip.folder).count("Call established") == 2


@pytest.mark.timeout(40)
def test_a_loudspeaker_that_speaks_for_somebody_else_is_busy(baresip, call):
    """The second call is refused, and the first goes on."""
    first, second = call(port=baresip.port, user="loa"), call(port=baresip.port, user="loa")
    pick_up(first)
    with pytest.raises(DeviceBusy):
        pick_up(second)
    first.send(FRAME)


@pytest.mark.timeout(40)
def test_asking_for_a_sign_of_life_disturbs_no_call(baresip, call):
    """The answer names the device, and the call is still there."""
    sink = call(port=baresip.port, user="loa")
    pick_up(sink)
    status = asyncio.run(read_status(SipConfig(address="127.0.0.1", port=baresip.port, user="loa")))
    assert "baresip" in status.model
    assert sink.is_ready


@pytest.mark.timeout(40)
def test_a_loudspeaker_that_hangs_up_is_called_again(tmp_path, call):
    """The frames after it say why they are lost; `prepare` dials anew."""
    with running_baresip(tmp_path / "first") as phone:
        sink = call(port=phone.port, user="loa")
        pick_up(sink)
        sink.send(FRAME)
    # It said BYE when it ended.
    with pytest.raises((Unreachable, SendFailed)):
        wait_for(lambda: sink.send(FRAME))
    with running_baresip(tmp_path / "second", port=phone.port) as phone:
        wait_for(lambda: is_up(sink))
        sink.send(FRAME)


@pytest.mark.timeout(40)
@pytest.mark.parametrize(("password", "is_right"), [("mat-khau", True), ("mat-khau-cu", False)])
def test_sipp_checks_the_account(tmp_path, call, password, is_right):
    """SIPp computes the digest by itself and takes the right password alone."""
    port = find_free_udp_port()
    command = _sipp(port, "-sf", ACCOUNT_SCENARIO)
    with running(command, cwd=tmp_path, stdout=subprocess.DEVNULL) as sipp:
        wait_until_bound(port)
        sink = call(port=port, codecs=("pcma",), username="gateway", password=password)
        if is_right:
            pick_up(sink)
            sink.finish()
            wait_for(lambda: not sink.is_ready)
        else:
            with pytest.raises(WrongPassword):
                pick_up(sink)
        assert sipp.wait(timeout=20) == 0, "what came was not in the order of the scenario"


@pytest.mark.timeout(60)
def test_linphone_hears_it_in_the_right_polarity(tmp_path):
    """Linphone, set to answer by itself, records what it plays."""
    if shutil.which("linphonec") is None:
        pytest.skip("NOT RUN: linphonec is missing (package linphone-cli, 77 MB)")
    address = _address_of_this_machine()
    port, heard = find_free_udp_port(), tmp_path / "heard.wav"
    (tmp_path / "linphonerc").write_text(
        f"[sip]\nsip_port={port}\nsip_tcp_port=0\nsip_tls_port=0\n"
    )
    (tmp_path / ".local/share/linphone").mkdir(parents=True)
    command = [find_program("linphonec"), "-a", "-c", str(tmp_path / "linphonerc")]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=log, stderr=log, text=True,
            env={"HOME": str(tmp_path), "PATH": "/usr/bin"}, cwd=tmp_path,
        ) as linphone,
    ):  # fmt: skip
        try:
            linphone.stdin.write(f"soundcard use files\nrecord {heard}\n")
            linphone.stdin.flush()
            wait_until_bound(port)
            sink = SipSink(SipConfig(address=address, port=port))
            pick_up(sink)
            said = speech(8000, seconds=2)
            speak(sink, said)
            sink.close()
            linphone.stdin.write("quit\n")
            linphone.stdin.flush()
            linphone.wait(timeout=15)
        finally:
            linphone.kill()
    # Its jitter buffer shortens a pause once or twice, so the whole would not match; the parts do.
    recorded = read_mono(heard)
    parts = [correlate(part, recorded).peak for part in said.reshape(8, -1)]
    assert sorted(parts)[2] > 0.95, parts


def is_up(sink: SipSink) -> bool:
    """Dial as often as it takes."""
    with contextlib.suppress(Unreachable):
        sink.prepare()
        return sink.is_ready
    return False


def _sipp(port: int, *scenario: str | Path) -> list[str]:
    options = ["-i", "127.0.0.1", "-p", str(port), "-m", "1", "-nostdin"]
    media = ["-mi", "127.0.0.1", "-mp", str(find_free_udp_port()), "-cp", str(find_free_port())]
    return [find_program("sipp"), *map(str, scenario), *options, *media]


def _address_of_this_machine() -> str:
    """Linphone wants an interface that is not the loopback."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(("192.0.2.1", 9))
        except OSError:
            pytest.skip("NOT RUN: this machine has no network for Linphone")
        address = probe.getsockname()[0]
    assert re.fullmatch(r"[\d.]+", address)
    return address
