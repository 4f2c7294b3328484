"""VAPIX and ISAPI loudspeakers are spoken to over real sockets, against this project's emulators."""

import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

import drivers.line.line
from drivers.axis_vapix import AxisVapixConfig, AxisVapixSink
from drivers.axis_vapix import read_status as read_axis_status
from drivers.hikvision_isapi import HikvisionIsapiConfig, HikvisionIsapiSink
from drivers.hikvision_isapi import read_status as read_hikvision_status
from drivers.loudspeaker import (
    DeviceBusy,
    LoudspeakerError,
    SendFailed,
    SinkUnusable,
    Unreachable,
    WrongPassword,
)
from simulator.loudspeaker.correlation import correlate, read_mono
from tests.fakes.ports import find_free_port
from tests.fakes.speaking import open_up, speak, speechlike, wait_until_closed
from tests.fakes.web_loudspeaker import PASSWORD, USERNAME, RunningLoudspeaker, own_certificate

SENT = speechlike(160 * 50)  # 1 s
SILENCE = np.zeros(160, dtype=np.int16)


@dataclass(frozen=True)
class Kind:
    name: str
    config: type
    sink: type
    read_status: object


AXIS = Kind("axis", AxisVapixConfig, AxisVapixSink, read_axis_status)
HIKVISION = Kind("hikvision", HikvisionIsapiConfig, HikvisionIsapiSink, read_hikvision_status)
KINDS = pytest.mark.parametrize("kind", [AXIS, HIKVISION], ids=lambda kind: kind.name)


def configure(kind, device, **changes):
    settings = {"url": device.url, "username": USERNAME, "password": PASSWORD} | changes
    return kind.config(**settings)


@pytest.fixture
def opened():
    """Sinks that are closed when the test ends."""
    sinks = []

    def open_(kind, device, **changes):
        sinks.append(kind.sink(configure(kind, device, **changes)))
        return sinks[-1]

    yield open_
    for sink in sinks:
        sink.close()


def recording(device):
    """What the loudspeaker played, once it has ended."""
    while (event := device.next_event())["event"] != "played":
        pass
    return read_mono(Path(event["file"]))


@pytest.mark.parametrize(
    ("kind", "codec"),
    [(AXIS, "pcmu"), (HIKVISION, "pcmu"), (HIKVISION, "pcma")],
    ids=["axis-pcmu", "hikvision-pcmu", "hikvision-pcma"],
)
def test_every_sample_is_heard_in_the_right_polarity(kind, codec, tmp_path, opened):
    """Correlation with what was sent is at least 0.99 and positive; then the line is hung up."""
    with RunningLoudspeaker(kind.name, tmp_path, codec=codec) as device:
        sink = opened(kind, device)
        open_up(sink)
        speak(sink, SENT)
        sink.finish()
        wait_until_closed(sink)
        heard = recording(device)
    assert correlate(SENT, heard).peak > 0.99
    assert len(heard) >= len(SENT)


@KINDS
def test_the_certificate_of_the_device_is_pinned(kind, tmp_path, opened):
    """Over TLS with the device's own certificate it is heard; without it nothing is said."""
    pem, tls = own_certificate(tmp_path)
    with RunningLoudspeaker(kind.name, tmp_path, tls=tls) as device:
        with pytest.raises(SinkUnusable, match="ca_file"):
            open_up(opened(kind, device))
        sink = opened(kind, device, ca_file=str(pem))
        open_up(sink)
        speak(sink, SENT)
        sink.close()
        assert correlate(SENT, recording(device)).peak > 0.99


@KINDS
def test_a_wrong_password_is_tried_once(kind, tmp_path, opened):
    """Devices lock accounts: asked to prepare again and again, the sink does not knock again."""
    with RunningLoudspeaker(kind.name, tmp_path) as device:
        sink = opened(kind, device, password="sai")
        for _ in range(3):
            with pytest.raises(WrongPassword, match="password"):
                open_up(sink)
        assert device.device.doorkeeper.refusals == 1


@KINDS
def test_a_busy_device_says_so(kind, tmp_path, opened):
    """While somebody else speaks through it, the second is told, and the first goes on."""
    with RunningLoudspeaker(kind.name, tmp_path) as device:
        first, second = opened(kind, device), opened(kind, device)
        open_up(first)
        with pytest.raises(DeviceBusy):
            open_up(second)
        speak(first, SENT)
        first.close()
        assert correlate(SENT, recording(device)).peak > 0.99


@KINDS
def test_a_reset_in_mid_sentence_is_told_and_the_line_dialled_again(kind, tmp_path, opened):
    """Frames are lost while it is broken; later ones are heard without anybody's help."""
    with RunningLoudspeaker(kind.name, tmp_path) as device:
        device.device.condition.fault = "reset"
        sink = opened(kind, device)
        open_up(sink)
        with pytest.raises(Unreachable, match="ended the connection"):
            speak(sink, SENT)
        device.device.condition.fault = "none"
        deadline_s = time.monotonic() + 10
        for frame in np.tile(SENT, 20).reshape(-1, 160):
            try:
                sink.send(frame)
                break
            except LoudspeakerError:
                assert time.monotonic() < deadline_s
                time.sleep(0.02)
        speak(sink, SENT)
        sink.close()
        recording(device)
        assert correlate(SENT, recording(device)).peak > 0.99


def test_a_device_that_takes_no_more_loses_frames_and_never_holds_us_up(tmp_path, opened):
    """What it does not take is refused at once; after some seconds it counts as gone."""
    with RunningLoudspeaker("axis", tmp_path) as device:
        device.device.condition.fault = "stall"
        sink = opened(AXIS, device)
        open_up(sink)
        errors = set()
        deadline_s = time.monotonic() + 15
        while Unreachable not in errors and time.monotonic() < deadline_s:
            try:
                sink.send(SILENCE)
            except LoudspeakerError as error:
                errors.add(type(error))
            time.sleep(0.001)
    assert errors >= {SendFailed, Unreachable}


def test_a_mute_device_is_not_found_out_by_its_driver(tmp_path, opened):
    """It takes everything and plays nothing: only a microphone can tell."""
    with RunningLoudspeaker("axis", tmp_path) as device:
        device.device.condition.fault = "mute"
        sink = opened(AXIS, device)
        open_up(sink)
        speak(sink, SENT)
        sink.close()
        heard = recording(device)
    assert len(heard) >= len(SENT)
    assert not heard.any()


def test_a_line_that_waits_is_kept_open(tmp_path, opened):
    """Devices cut off who is silent for a second; a prepared line outlasts that."""
    with RunningLoudspeaker("axis", tmp_path) as device:
        sink = opened(AXIS, device)
        open_up(sink)
        time.sleep(1.6)
        assert sink.is_ready
        speak(sink, SENT)
        sink.close()
        heard = recording(device)
    found = correlate(SENT, heard)
    assert found.peak > 0.99
    assert found.lag_samples > 8000


def test_an_announcement_soon_after_another_uses_the_same_line(tmp_path, opened):
    """Begun again before it is hung up, the line stays."""
    with RunningLoudspeaker("axis", tmp_path) as device:
        sink = opened(AXIS, device)
        open_up(sink)
        for _ in range(2):
            speak(sink, SENT)
            sink.finish()
            time.sleep(0.3)
        wait_until_closed(sink)
        heard = recording(device)
        assert len(heard) >= 16000
        assert device.events.empty()


def test_a_line_that_everybody_forgot_is_hung_up(tmp_path, opened, monkeypatch):
    """Prepared for a broadcast that never came, it does not keep the device from others."""
    monkeypatch.setattr(drivers.line.line, "FORGOTTEN_S", 0.3)
    with RunningLoudspeaker("axis", tmp_path) as device:
        open_up(opened(AXIS, device))
        while device.next_event()["event"] != "played":
            pass
        open_up(opened(AXIS, device))


@KINDS
def test_closing_ends_it_at_once_and_twice_does_no_harm(kind, tmp_path, opened):
    """The device is free again for somebody else."""
    with RunningLoudspeaker(kind.name, tmp_path) as device:
        first = opened(kind, device)
        open_up(first)
        first.close()
        first.close()
        first.finish()
        while device.next_event()["event"] != "played":
            pass
        deadline_s = time.monotonic() + 10
        while True:
            second = opened(kind, device)
            try:
                open_up(second)
                break
            except DeviceBusy:  # the goodbye may still be on its way
                assert time.monotonic() < deadline_s
        with pytest.raises(LoudspeakerError):
            first.send(SILENCE)


@KINDS
def test_nobody_there_is_unreachable(kind, tmp_path, opened):
    """A closed port is told as such, by the sink and by the reading."""
    config = kind.config(
        url=f"http://127.0.0.1:{find_free_port()}", username=USERNAME, password=PASSWORD
    )
    sink = kind.sink(config)
    with pytest.raises(Unreachable, match="cannot be reached"):
        open_up(sink)
    sink.close()


@KINDS
async def test_a_reading_tells_what_the_device_tells(kind, tmp_path):
    """Model, firmware, serial number, volume and temperature; a playback is not disturbed."""
    with RunningLoudspeaker(kind.name, tmp_path) as device:
        device.device.condition.volume = 0.5
        device.device.condition.temperature_c = 55.5
        sink = kind.sink(configure(kind, device))
        open_up(sink)
        speak(sink, SENT[:4000])
        status = await kind.read_status(configure(kind, device))
        speak(sink, SENT[4000:])
        sink.close()
        heard = recording(device)
    assert status.model
    assert status.firmware
    assert status.serial_number
    assert status.maker.lower() == kind.name
    assert status.volume == pytest.approx(0.5)
    assert status.temperature_c == 55.5
    assert correlate(SENT, heard).peak > 0.95


@KINDS
async def test_a_reading_with_a_wrong_password_says_so(kind, tmp_path):
    """It is tried once."""
    with RunningLoudspeaker(kind.name, tmp_path) as device:
        with pytest.raises(WrongPassword):
            await kind.read_status(configure(kind, device, password="sai"))
        assert device.device.doorkeeper.refusals == 1


@KINDS
def test_secrets_do_not_show(kind):
    """The password is in no representation."""
    config = kind.config(url="http://192.0.2.1", username=USERNAME, password=PASSWORD)
    assert PASSWORD not in repr(config)


@KINDS
@pytest.mark.parametrize(
    "url",
    ["", "192.0.2.1", "rtsp://192.0.2.1", "http://loa:x@192.0.2.1", "http://[::", "http://a b"],
)
def test_an_address_that_cannot_be_one_is_the_technicians(kind, url):
    """It is refused before anything is dialled."""
    with pytest.raises(SinkUnusable, match="address"):
        kind.sink(kind.config(url=url, username=USERNAME, password=PASSWORD))
