"""The sink of a loudspeaker that does not behave never holds up who feeds it."""

import asyncio
import socket
import threading
from pathlib import Path

import pytest
import yaml

import drivers.sip
from drivers.loudspeaker import SendFailed, SinkUnusable, Unreachable
from drivers.sip import SipConfig, SipSink, read_status
from drivers.sip.calling.syntax import Response, parse_datagram
from tests.drivers.sip.conversation import FRAME, pick_up, wait_for


@pytest.fixture
def mute():
    """A device that takes every datagram and says nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(5)
        yield bound


@pytest.fixture
def sink(mute):
    opened = SipSink(SipConfig(address="127.0.0.1", port=mute.getsockname()[1], user="101"))
    yield opened
    opened.close()


def test_nothing_is_dialled_before_it_is_asked_for(sink, mute):
    """An open sink is silent; a frame for it says so."""
    assert not sink.is_ready
    with pytest.raises(SendFailed, match="has not picked up"):
        sink.send(FRAME)
    mute.settimeout(0.1)
    with pytest.raises(TimeoutError):
        mute.recv(2000)


def test_a_device_that_never_answers_is_unreachable(sink, mute):
    """Frames are refused at once all the while; then the sink says why."""
    sink.prepare()
    for _ in range(50):
        with pytest.raises(SendFailed):
            sink.send(FRAME)
    with pytest.raises(Unreachable, match="no answer"):
        pick_up(sink)


def test_a_closed_port_is_told_at_once(sink, mute):
    """The refusal of the device's machine (ICMP) needs no waiting."""
    mute.close()
    with pytest.raises(Unreachable, match="takes no SIP"):
        pick_up(sink, timeout_s=3)


def test_closing_while_it_rings_takes_the_call_back(sink, mute):
    """The device hears CANCEL."""
    sink.prepare()
    datagram, source = mute.recvfrom(4000)
    invitation = parse_datagram(datagram)
    ringing = Response(status=180, reason="Ringing", headers=invitation.headers[:-1])
    mute.sendto(ringing.encode(), source)
    threading.Timer(0.2, sink.close).start()
    wait_for(lambda: parse_datagram(mute.recv(4000)).method == "CANCEL")


def test_rubbish_from_the_network_is_ignored(sink, mute):
    """What is not SIP, or of another call, changes nothing."""
    sink.prepare()
    datagram, source = mute.recvfrom(4000)
    invitation = parse_datagram(datagram)
    stranger = Response(status=486, reason="Busy", headers=(("Call-ID", "x"), ("CSeq", "1 INVITE")))
    for rubbish in (b"", b"\xff" * 2000, b"SIP/2.0 999\r\n\r\n", stranger.encode()):
        mute.sendto(rubbish, source)
    assert parse_datagram(mute.recv(4000)).cseq == invitation.cseq
    assert not sink.is_ready


def test_closing_twice_does_no_harm(sink):
    """Nor does anything after it."""
    sink.prepare()
    sink.close()
    sink.close()
    sink.prepare()
    sink.finish()


def test_a_sign_of_life_is_awaited_in_vain():
    """A closed port and an unknown name are unreachable."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        port = bound.getsockname()[1]
    with pytest.raises(Unreachable):
        asyncio.run(read_status(SipConfig(address="127.0.0.1", port=port)))


@pytest.mark.parametrize(
    "settings",
    [
        {"address": "10.0.0.9\r\nBYE"},
        {"address": "loa xa"},
        {"address": "10.0.0.9", "user": "1>;tag=2"},
        {"address": "10.0.0.9", "username": "a\nb"},
        {"address": "10.0.0.9", "codecs": ()},
    ],
)
def test_settings_that_make_no_address_are_the_technicians(settings):
    """They are refused before anything is sent."""
    with pytest.raises(SinkUnusable):
        SipSink(SipConfig(**settings))


def test_the_sample_has_every_setting():
    """sample.yaml is a whole configuration, and the password is shown nowhere."""
    sample = yaml.safe_load(
        Path(drivers.sip.__file__).with_name("sample.yaml").read_text(encoding="utf-8")
    )
    assert set(sample) == set(SipConfig.__dataclass_fields__)
    SipSink(SipConfig(**(sample | {"codecs": tuple(sample["codecs"])}))).close()
    assert "mat-khau" not in repr(SipConfig(address="10.0.0.9", password="mat-khau"))
