"""The agent's own RTSP reader, against a small real server."""

import re
import time
from collections import deque
from contextlib import closing, suppress
from fractions import Fraction
from itertools import pairwise

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from hypothesis import given, settings
from hypothesis import strategies as st

from edge_agent.vision.stream.codec import Decoder
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.rtsp import connection
from edge_agent.vision.stream.rtsp.assembly import AccessUnit, Assembly
from edge_agent.vision.stream.rtsp.words import (
    Address,
    NotOurs,
    authorization,
    control_uri,
    length_of,
    parse_description,
    parse_head,
)
from edge_agent.vision.stream.source import open_source
from tests.fakes.rtsp_camera import RtspCamera, packets_of, sprop, stamped

FPS = 15


def encoded(codec: str = "libx264", pictures: int = 12) -> list[list[bytes]]:
    """Return drawn pictures as NAL units; every sixth is a keyframe."""
    context = av.CodecContext.create(codec, "w")
    context.width, context.height, context.pix_fmt = 320, 180, "yuv420p"
    context.time_base, context.framerate = Fraction(1, FPS), Fraction(FPS)
    quiet = "x265-params" if codec == "libx265" else "x264-params"
    params = "keyint=6:min-keyint=6:scenecut=0:bframes=0:repeat-headers=1"
    params += ":log-level=none" if codec == "libx265" else ""
    context.options = {"preset": "ultrafast", "tune": "zerolatency", quiet: params}
    rng = np.random.default_rng(1)
    still = rng.integers(0, 255, (270, 320), np.uint8)
    bodies = []
    for number in range(pictures):
        frame = VideoFrame.from_ndarray(np.roll(still, 3 * number, axis=1), format="yuv420p")
        frame.pts = number
        bodies += [bytes(packet) for packet in context.encode(frame)]
    bodies += [bytes(packet) for packet in context.encode(None)]
    return [[nal for nal in re.split(rb"\x00?\x00\x00\x01", body) if nal] for body in bodies]


PICTURES = encoded()


def read(uri: str) -> tuple[list[Packet], str, SourceLost]:
    """Return all packets of a stream, its codec, and why it ended."""
    packets: list[Packet] = []
    with open_source(uri, 0.0) as source:
        assert (source.form.width, source.form.height) == (320, 180)
        assert source.form.nominal_fps == FPS
        try:
            packets.extend(source.packets(time.monotonic))
        except SourceLost as lost:
            return packets, source.form.codec, lost
    raise AssertionError("a stream without an end")


def test_every_picture_comes_whole_and_in_time() -> None:
    """Among reports and answers, in packets smaller than a picture; then the camera hangs up."""
    with RtspCamera(PICTURES, ending="close") as camera:
        packets, codec, lost = read(camera.uri)
    assert codec == "h264"
    assert [packet.keyframe for packet in packets] == [n % 6 == 0 for n in range(12)]
    assert all(b.pts - a.pts == 6000 for a, b in pairwise(packets))
    start = b"\0\0\0\1"
    assert [p.payload for p in packets] == [start + start.join(units) for units in PICTURES]
    assert lost.reason == "ended"


def test_pictures_of_h265_can_be_decoded() -> None:
    """Their units travel whole, in fragments and several together (RFC 7798)."""
    pictures = encoded("libx265")
    assembly = Assembly("hevc")
    units = []
    for number, nals in enumerate(pictures):
        small = [nal for nal in nals if len(nal) < 200]
        together = b"\x60\x01" + b"".join(len(n).to_bytes(2, "big") + n for n in small)
        payloads = [together] if small else []
        for nal in (nal for nal in nals if len(nal) >= 200):
            kind, parts = (
                (nal[0] >> 1) & 0x3F,
                [nal[at : at + 900] for at in range(2, len(nal), 900)],
            )
            for k, part in enumerate(parts):
                edge = 0x80 * (k == 0) | 0x40 * (k == len(parts) - 1)
                payloads.append(bytes((nal[0] & 0x81 | 49 << 1, nal[1], edge | kind)) + part)
        for k, payload in enumerate(payloads):
            head = bytes((0x80, 96 | 0x80 * (k == len(payloads) - 1), 0, 0))
            wire = head + (number * 6000).to_bytes(4, "big") + bytes(4) + payload
            units += assembly.take(wire, 0, len(wire))
    assert [unit.keyframe for unit in units] == [n % 6 == 0 for n in range(12)]
    context = av.CodecContext.create("hevc", "r")
    frames = [f for unit in units for f in context.decode(av.Packet(unit.body))]
    assert len(frames + context.decode(None)) == 12


def test_parameter_sets_may_come_with_the_description_alone() -> None:
    """Then the decoder gets them from there."""
    sets = [nal for nal in PICTURES[0] if nal[0] & 0x1F in (7, 8)]
    bare = [[nal for nal in units if nal[0] & 0x1F not in (7, 8)] for units in PICTURES]
    with RtspCamera(bare, video=sprop(sets)) as camera, open_source(camera.uri, 0.0) as source:
        first = next(source.packets(time.monotonic))
        decoder = Decoder(source.form, fast=True)
        assert len(decoder.feed(first) + decoder.drain()) == 1


@pytest.mark.parametrize("algorithm", ["MD5", "SHA-256"])
def test_a_password_is_proved_and_never_sent(algorithm: str) -> None:
    """Nor is it part of any address that is asked for."""
    with RtspCamera(PICTURES, password="s3cret", algorithm=algorithm, ending="close") as camera:
        packets, _, _ = read(camera.uri)
        assert len(packets) == 12
        assert not any("s3cret" in request for request in camera.requests)
        assert camera.requests[-1].startswith("PLAY rtsp://127.0.0.1:")


def test_a_wrong_password_is_told_as_such() -> None:
    """So that a technician does not look for a broken cable."""
    with RtspCamera(PICTURES, password="right") as camera:
        uri = camera.uri.replace("right", "wrong")
        with pytest.raises(SourceLost) as lost, open_source(uri, 0.0):
            pass
    assert lost.value.reason == "auth_failed"
    assert "wrong" not in lost.value.detail


def test_what_came_with_the_opening_is_not_lost_when_the_camera_hangs_up() -> None:
    """Though its end is the next thing that is read."""
    buffer = memoryview(bytearray(connection.READ_BYTES))
    pictures = [[b"\x65" + bytes(50)] for _ in range(4)]
    units: list[AccessUnit] = []
    with (
        RtspCamera(pictures, ending="close") as camera,
        closing(connection.Connection(camera.uri)) as reading,
    ):
        reading.play()
        time.sleep(0.3)  # all of it is here now, and is read at once
        units.append(next(reading.units()))
        with suppress(SourceLost):
            while True:
                units += reading.take(buffer)
    assert len(units) == 4


def taken(reading: connection.Connection) -> tuple[int, Exception]:
    """Return how many pictures can be taken until a connection is lost, and how."""
    buffer, pictures = memoryview(bytearray(32_768)), 0
    until_s = time.monotonic() + 10.0
    try:
        while time.monotonic() < until_s:
            pictures += len(reading.take(buffer))
    except (OSError, SourceLost) as lost:
        return pictures, lost
    raise AssertionError("a connection without an end")


def test_pictures_before_rubbish_are_used() -> None:
    """At rest they are those of seconds, and somebody may be in them."""
    pictures = [[b"\x65" + bytes(20_000)] for _ in range(40)]
    with (
        RtspCamera(pictures, ending="rubbish") as camera,
        closing(connection.Connection(camera.uri)) as reading,
    ):
        reading.play()
        assert taken(reading)[0] == 40


def test_pictures_before_a_reset_are_used_though_the_session_is_to_be_kept_alive() -> None:
    with (
        RtspCamera([[b"\x65" + bytes(50)] for _ in range(4)], ending="reset") as camera,
        closing(connection.Connection(camera.uri)) as reading,
    ):
        reading.play()
        time.sleep(0.3)  # the end is here now
        reading._spoke_s = float("-inf")
        pictures, _ = taken(reading)
    assert pictures == 4


@pytest.mark.parametrize("session_s", [7, 10, 60])
def test_a_session_is_kept_alive_though_its_camera_is_seldom_visited(session_s: int) -> None:
    """Many cameras forget a session after a minute, some much sooner."""
    with (
        RtspCamera(PICTURES, session_s=session_s) as camera,
        closing(connection.Connection(camera.uri)) as reading,
    ):
        reading.play()
        assert reading._keep_alive_s + connection.LONGEST_PAUSE_S <= session_s


def test_the_end_is_known_with_the_last_pictures() -> None:
    """It does not wait for another visit, which may be far off."""
    buffer = memoryview(bytearray(32_768))
    with (
        RtspCamera([[b"\x65" + bytes(20_000)] for _ in range(40)], ending="close") as camera,
        closing(connection.Connection(camera.uri)) as reading,
    ):
        reading.play()
        pictures = 0
        until_s = time.monotonic() + 10.0
        while pictures < 40 and time.monotonic() < until_s:
            assert not reading.over
            time.sleep(0.05)  # the end comes with the last of them
            pictures += len(reading.take(buffer))
        assert pictures == 40
        assert reading.over


def test_a_camera_that_falls_silent_is_stalled(monkeypatch: pytest.MonkeyPatch) -> None:
    """However long its connection stays open."""
    monkeypatch.setattr(connection, "READ_TIMEOUT_S", 0.5)
    with RtspCamera(PICTURES) as camera:
        packets, _, lost = read(camera.uri)
    assert len(packets) == 12
    assert lost.reason == "stalled"


def test_rubbish_between_pictures_ends_the_watch() -> None:
    """With the reason that the technician needs."""
    # It may come so soon that the stream has not even been opened.
    with (
        RtspCamera(PICTURES, ending="rubbish") as camera,
        pytest.raises(SourceLost) as lost,
        open_source(camera.uri, 0.0) as source,
    ):
        deque(source.packets(time.monotonic))
    assert lost.value.reason == "undecodable"


def test_nobody_at_the_address_is_unreachable() -> None:
    with RtspCamera(PICTURES) as camera:
        uri = camera.uri
    with pytest.raises(SourceLost) as lost, open_source(uri, 0.0):
        pass
    assert lost.value.reason == "unreachable"


def assembled(wire: bytes) -> list[AccessUnit]:
    """Return what comes of interleaved packets."""
    assembly = Assembly("h264")
    units, at = [], 0
    while at < len(wire):
        end = at + 4 + int.from_bytes(wire[at + 2 : at + 4], "big")
        units += assembly.take(wire, at + 4, end)
        at = end
    return units


@pytest.mark.parametrize("filler_bytes", [40, 5_000])
def test_what_only_fills_up_a_constant_bit_rate_is_not_kept(filler_bytes: int) -> None:
    """In one packet or in fragments, before the picture or after it, which it then completes."""
    filler = b"\x0c" + b"\xff" * filler_bytes + b"\x80"
    wire = stamped(packets_of([*PICTURES[0], filler, filler]), 0)
    wire += stamped(packets_of([filler, *PICTURES[1]]), 6000)
    units = assembled(wire)
    start = b"\0\0\0\1"
    assert [unit.body for unit in units] == [start + start.join(p) for p in PICTURES[:2]]


def test_the_camera_clock_may_wrap_and_step_back() -> None:
    """RTP time has 32 bits, thirteen hours at 90 kHz; pictures may come before they are shown."""
    steps = (-12_000, -6_000, 0, 12_000, 6_000)
    units = assembled(b"".join(stamped(packets_of(PICTURES[0]), ticks) for ticks in steps))
    assert [unit.ticks - units[0].ticks for unit in units] == [0, 6_000, 12_000, 24_000, 18_000]


def test_parameter_sets_that_travel_alone_belong_to_the_next_picture() -> None:
    """Some cameras give them a time of their own."""
    wire = stamped(packets_of(PICTURES[0][:2], most=9000), 0)
    wire += stamped(packets_of(PICTURES[0][2:], most=90_000), 3000)
    units = assembled(wire)
    assert [unit.body for unit in units] == [b"\0\0\0\1" + b"\0\0\0\1".join(PICTURES[0])]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.binary(max_size=60), max_size=30))
def test_no_packet_breaks_the_assembly(packets: list[bytes]) -> None:
    """Whatever a camera sends, the next good picture comes out whole."""
    assembly = Assembly("h264")
    for packet in packets:
        assembly.take(b"\x80" + packet, 0, 1 + len(packet))
    wire = stamped(packets_of(PICTURES[0]), 0x7777)
    at, units = 0, []
    while at < len(wire):
        end = at + 4 + int.from_bytes(wire[at + 2 : at + 4], "big")
        units += assembly.take(wire, at + 4, end)
        at = end
    assert units[-1].body.endswith(PICTURES[0][-1])


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_description_is_understood_or_refused(text: str) -> None:
    with suppress(NotOurs, LookupError):
        assert parse_description("m=video 0 RTP/AVP 96\na=rtpmap:96 H264/90000\n" + text)
    parse_head(text.encode())


def test_what_is_not_spoken_here_is_left_to_libav() -> None:
    for description in ("m=video 0 RTP/AVP 26\n", "m=video 0 RTP/AVP 96\na=rtpmap:96 JPEG/90000\n"):
        with pytest.raises(NotOurs):
            parse_description(description)
    with pytest.raises(NotOurs):
        Address.parse("rtsps://camera/live")
    with pytest.raises(LookupError):
        parse_description("v=0\nm=audio 0 RTP/AVP 0\n")


def test_addresses_are_taken_apart_and_put_together() -> None:
    address = Address.parse("rtsp://us%40er:p%3Aw@[::1]/live?x=1")
    assert (address.host, address.port, address.username) == ("::1", 554, "us@er")
    assert address.password == "p:w"
    assert address.uri == "rtsp://[::1]/live?x=1"
    assert control_uri("rtsp://a/live/", "track1") == "rtsp://a/live/track1"
    assert control_uri("rtsp://a/live", "rtsp://b/t") == "rtsp://b/t"
    assert control_uri("rtsp://a/live", "*") == "rtsp://a/live"


@pytest.mark.parametrize("number", ["²", "٣", "-1", "9" * 5_000, "1e3", ""])
def test_numbers_that_are_none_are_not_believed(number: str) -> None:
    """In a status, a length, a clock or a rate."""
    answer = parse_head(f"RTSP/1.0 {number} OK\r\nContent-Length: {number}".encode())
    assert (answer.status, length_of(answer)) == (0, 0)
    video = "m=video 0 RTP/AVP 96\na=rtpmap:96 H264/"
    assert parse_description(f"{video}90000\na=framerate:{number}").fps < 10
    with suppress(NotOurs):
        assert parse_description(f"{video}{number}").clock_hz == 90_000


def test_an_answer_without_end_is_not_waited_for() -> None:
    """Its length says so before its body fills the memory."""
    with (
        RtspCamera(PICTURES, video="x" * 100_000) as camera,
        pytest.raises(SourceLost) as lost,
        open_source(camera.uri, 0.0),
    ):
        pass
    assert (lost.value.reason, lost.value.detail[-11:]) == ("undecodable", "without end")


def test_a_long_challenge_is_read_at_once() -> None:
    """Looked for at every place of it, sixty thousand letters held up all cameras for ten seconds."""
    begun_s = time.process_time()
    address = Address.parse("rtsp://a:b@c/")
    assert authorization(["Digest " + "a" * 60_000], address, "PLAY", "x").startswith("Digest")
    assert time.process_time() - begun_s < 1.0


def test_a_picture_in_crumbs_has_an_end() -> None:
    """Twenty thousand units of a byte in each packet: their number is bounded, not only their bytes."""
    assembly, crumbs = Assembly("h264"), b"\x18" + b"\x00\x01\x0c" * 21_000
    wire = b"\x80\x60" + bytes(10) + crumbs
    most = 0
    for _ in range(30):
        assembly.take(wire, 0, len(wire))
        most = max(most, len(assembly._parts))
    assert most < 500_000
