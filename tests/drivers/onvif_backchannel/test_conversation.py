"""What devices with a backchannel say, and who must act then; against a server that is scripted."""

import re
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.loudspeaker import (
    DeviceBusy,
    LoudspeakerError,
    SinkUnusable,
    Unreachable,
    WrongPassword,
)
from drivers.onvif_backchannel import OnvifBackchannelConfig, OnvifBackchannelSink
from drivers.onvif_backchannel.description import find_backchannel
from tests.fakes.scripted_server import ScriptedServer
from tests.fakes.speaking import open_up, wait_until_closed

PICTURES = "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:track1\r\na=recvonly\r\n"
MICROPHONE = "m=audio 0 RTP/AVP 0\r\na=control:track2\r\na=recvonly\r\n"
LOUDSPEAKER = (
    "m=audio 0 RTP/AVP 97 8\r\na=rtpmap:97 G726-32/8000\r\na=control:track3\r\na=sendonly\r\n"
)


def answer(status=200, body="", **headers):
    lines = [f"RTSP/1.0 {status} Answer", "CSeq: 1", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + body).encode()


DESCRIBED = answer(body="v=0\r\n" + PICTURES + MICROPHONE + LOUDSPEAKER)
SET_UP = answer(Session="77;timeout=2", Transport="RTP/AVP/TCP;unicast;interleaved=4-5")


def sink_of(server):
    return OnvifBackchannelSink(OnvifBackchannelConfig(url=f"rtsp://127.0.0.1:{server.port}/x"))


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        ([answer(551)], SinkUnusable, "551"),
        ([answer(404)], SinkUnusable, "no such stream"),
        ([answer(401)], WrongPassword, "log in"),
        ([answer(403)], WrongPassword, "may not speak"),
        ([answer(body="v=0\r\n" + PICTURES + MICROPHONE)], SinkUnusable, "no backchannel"),
        ([DESCRIBED, answer(453)], DeviceBusy, "somebody else"),
        ([DESCRIBED, answer(503)], DeviceBusy, "somebody else"),
        ([DESCRIBED, SET_UP, answer(503)], DeviceBusy, "somebody else"),
        ([DESCRIBED, SET_UP, answer(500)], Unreachable, "500 to PLAY"),
        ([b"HTTP what\r\n\r\n"], SinkUnusable, "protocol"),
    ],
)
def test_refusals_are_told_by_who_must_act(answers, error, words):
    """Step by step, from the description to PLAY."""
    with ScriptedServer(*answers, then_close=False) as server:
        sink = sink_of(server)
        with pytest.raises(error, match=re.escape(words)):
            open_up(sink)
        sink.close()


def test_the_first_track_of_known_codec_is_set_up_and_kept_alive():
    """The backchannel is required in every request, and asked for before the device forgets us."""
    with ScriptedServer(DESCRIBED, SET_UP, answer(), then_close=False) as server:
        sink = sink_of(server)
        open_up(sink)
        deadline_s = time.monotonic() + 10
        while len(server.heads) < 4:
            assert time.monotonic() < deadline_s, "nothing keeps the line open"
            time.sleep(0.02)
        assert sink.is_ready
        sink.close()
        asked = [head.decode("utf-8", "replace").splitlines() for head in server.heads]
    assert [lines[0].split()[0] for lines in asked[:4]] == [
        "DESCRIBE",
        "SETUP",
        "PLAY",
        "GET_PARAMETER",
    ]
    assert asked[1][0].split()[1] == f"rtsp://127.0.0.1:{server.port}/x/track3"
    assert all("Require: www.onvif.org/ver20/backchannel" in lines for lines in asked[:4])
    assert all("Session: 77" in lines for lines in asked[2:4])


def test_frames_go_out_on_the_channel_that_was_granted():
    """RTP of 172 octets with the static payload type of A-law, in the interleaved channel 4."""
    with ScriptedServer(DESCRIBED, SET_UP, answer(), then_close=False) as server:
        sink = sink_of(server)
        open_up(sink)
        sink.begin()
        sink.send(np.zeros(160, dtype=np.int16))
        sink.close()
        deadline_s = time.monotonic() + 10
        while len(server.heads) < 4:  # TEARDOWN comes behind the packet
            assert time.monotonic() < deadline_s
            time.sleep(0.02)
    packet = server.heads[3]
    assert packet[:4] == b"$\x04\x00\xac"
    assert packet[4:6] == bytes([0x80, 0x80 | 8])
    assert packet[16:176] == b"\xd5" * 160
    assert packet[176:].startswith(b"TEARDOWN ")


def test_a_device_that_forgets_us_is_unreachable():
    """RTSP 454 to what keeps the line open, between packets of the device's own: the line broke."""
    forgotten = b"$\x01\x00\x04abcd" + answer(454)
    with ScriptedServer(DESCRIBED, SET_UP, answer(), forgotten, then_close=False) as server:
        sink = sink_of(server)
        open_up(sink)
        with pytest.raises(Unreachable, match="ended the conversation"):
            wait_until_closed(sink)
        sink.close()


@pytest.mark.parametrize(
    ("control", "url"),
    [
        ("track3", "rtsp://192.0.2.7:554/base/track3"),
        ("*", "rtsp://192.0.2.7:554/base/"),
        ("rtsp://192.0.2.7/whole", "rtsp://192.0.2.7/whole"),
        ("/rooted?x=1", "rtsp://192.0.2.7:554/rooted?x=1"),
    ],
)
def test_control_addresses_are_resolved(control, url):
    """RFC 2326 §C.1.1."""
    text = LOUDSPEAKER.replace("track3", control)
    found = find_backchannel(text, base_url="rtsp://192.0.2.7:554/base/")
    assert (found.control_url, found.payload_type, found.codec) == (url, 8, "pcma")


@pytest.mark.parametrize(
    "codec",
    ["a=rtpmap:97 opus/48000/2", "a=rtpmap:97 MPEG4-GENERIC/16000", "a=rtpmap:97 PCMU/16000"],
)
def test_other_codecs_are_named_in_the_refusal(codec):
    """The technician reads what the device would take."""
    text = f"m=audio 0 RTP/AVP 97\r\n{codec}\r\na=sendonly\r\n"
    with pytest.raises(SinkUnusable, match=codec.split()[1].partition("/")[0].upper()):
        find_backchannel(text, base_url="rtsp://192.0.2.7/")


@given(
    st.lists(
        st.sampled_from(
            [*(PICTURES + LOUDSPEAKER).splitlines(), "m=", "a=rtpmap:x", "m=audio", "é"]
        )
    )
)
def test_any_description_is_a_backchannel_or_refused(lines):
    """Whatever a device describes, the reader survives it."""
    try:
        found = find_backchannel("\r\n".join(lines), base_url="rtsp://192.0.2.7/")
    except LoudspeakerError:
        return
    assert found.payload_type == 8
