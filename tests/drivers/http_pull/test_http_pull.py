"""The stream that loudspeakers fetch: heard by ffmpeg, bounded, silent in between."""

import contextlib
import socket
import subprocess
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.http_pull import HttpPullConfig, HttpPullSink, read_status
from drivers.http_pull.formats import Encoder
from drivers.http_pull.ogg import OggOpus, checksum
from drivers.http_pull.server import LARGEST_HEAD_BYTES, MOST_STRANGERS
from drivers.loudspeaker import SinkUnusable, Unreachable
from simulator.loudspeaker.correlation import correlate, read_mono
from tests.fakes.ports import find_free_port
from tests.fakes.speaking import open_up, open_up_for_a_program, speak, speechlike

SENT = speechlike(960 * 50, smooth=24)  # 1 s
GET = b"GET /loa HTTP/1.0\r\n\r\n"


@pytest.fixture
def serve():
    """Sinks that are closed when the test ends."""
    sinks = []

    def serve_(**settings):
        sinks.append(HttpPullSink(config_of(**settings)))
        return sinks[-1]

    yield serve_
    for sink in sinks:
        sink.close()


def config_of(**settings):
    return HttpPullConfig(**{"bind_address": "127.0.0.1", "port": 0, "path": "/loa"} | settings)


def connect(sink, said=b""):
    puller = socket.create_connection(("127.0.0.1", sink.port), timeout=10)
    puller.sendall(said)
    return puller


def read_all(puller):
    with puller:
        octets = b""
        while more := puller.recv(65536):
            octets += more
        return octets


@pytest.mark.timeout(40)
@pytest.mark.parametrize("format_", ["mp3", "opus"])
def test_ffmpeg_fetches_and_hears(format_, tmp_path, serve):
    """Between silences there is what was said, in the right polarity."""
    sink = serve(format=format_)
    heard = tmp_path / "heard.wav"
    command = [
        "ffmpeg",
        "-v",
        "error",
        "-i",
        f"http://127.0.0.1:{sink.port}/loa",
        "-t",
        "2.2",
        heard,
    ]
    with subprocess.Popen(command, stdin=subprocess.DEVNULL) as ffmpeg:
        open_up_for_a_program(sink)
        speak(sink, SENT, frame_s=0.019)
        assert ffmpeg.wait(timeout=20) == 0
    found = correlate(SENT, read_mono(heard, sample_rate_hz=48000))
    assert found.peak > 0.95
    assert found.lag_samples < 40000


def test_two_loudspeakers_fetch_the_same_and_each_from_its_own_beginning(serve):
    """An Ogg stream begins with its two headers whenever one comes."""
    sink = serve(format="opus")
    pullers = []
    for _ in range(2):
        pullers.append(connect(sink, GET))
        head, _, rest = pullers[-1].recv(65536).partition(b"\r\n\r\n")
        assert b"audio/ogg" in head
        while rest.count(b"OggS") < 3:
            rest += pullers[-1].recv(65536)
        assert b"OpusHead" in rest
        assert b"OpusTags" in rest
    for puller in pullers:
        puller.close()


def test_nobody_listens(serve):
    """The author learns that no loudspeaker fetched the stream; nothing is kept for later."""
    sink = serve()
    assert not sink.is_ready
    with pytest.raises(Unreachable, match="no loudspeaker"):
        open_up(sink)
    with pytest.raises(Unreachable, match="no loudspeaker"):
        sink.send(SENT[:960])


async def test_a_reading_tells_whether_somebody_fetches(serve):
    """Any process of the gateway may ask; it asks the server itself."""
    sink = serve()
    config = config_of(port=sink.port)
    with pytest.raises(Unreachable, match="no loudspeaker"):
        await read_status(config)
    with connect(sink, GET):
        open_up(sink)
        assert (await read_status(config)).is_proven
    with pytest.raises(Unreachable, match="cannot be reached"):
        await read_status(config_of(port=find_free_port()))


def test_who_does_not_take_the_stream_is_dropped(serve):
    """Three seconds behind, a loudspeaker is dropped; the others go on."""
    sink = serve()
    with connect(sink) as slow, connect(sink, GET) as quick:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        slow.sendall(GET)
        quick.settimeout(0)
        open_up(sink)
        deadline_s = time.monotonic() + 15
        while sink._server.pullers != 1 or sink._server._strangers:
            assert time.monotonic() < deadline_s, "the slow one is still waited for"
            sink.send(SENT[:960])
            time.sleep(0.002)
            with contextlib.suppress(BlockingIOError):
                quick.recv(65536)
        quick.settimeout(10)
        assert quick.recv(65536)


@pytest.mark.parametrize(
    ("said", "status"),
    [
        (b"GET /khac HTTP/1.1\r\n\r\n", b"404"),
        (b"POST /loa HTTP/1.1\r\n\r\n", b"405"),
        (b"\x00\xff\r\n\r\n", b"405"),
        (b"HEAD /loa HTTP/1.1\r\n\r\n", b"200"),
        (b"GET /loa HTTP/1.1\r\n" + b"x" * LARGEST_HEAD_BYTES * 2, b""),
    ],
)
def test_other_requests_are_answered_and_ended(said, status, serve):
    """Who asks something else, or without end, does not keep the connection."""
    assert read_all(connect(serve(), said)).partition(b"\r\n")[0].split(b" ")[1:2] == [
        status
    ] * bool(status)


def test_strangers_who_say_nothing_are_bounded(serve):
    """Beyond so many silent connections a further one is closed at once."""
    sink = serve()
    silent = [connect(sink) for _ in range(MOST_STRANGERS)]
    deadline_s = time.monotonic() + 5
    while sink._server._strangers < MOST_STRANGERS:
        assert time.monotonic() < deadline_s
        time.sleep(0.01)
    assert read_all(connect(sink)) == b""
    for connection in silent:
        connection.close()


def test_a_place_that_cannot_be_used_is_the_technicians(serve):
    """A port that is taken, an address of another machine, a path that is none."""
    port = serve().port
    for settings in (
        {"port": port},
        {"bind_address": "203.0.113.9"},
        {"path": "loa"},
        {"path": "/status"},
    ):
        with pytest.raises(SinkUnusable):
            serve(**settings)


def test_closing_ends_the_stream_for_everybody(serve):
    """The connection ends, and the port is free."""
    sink = serve()
    with connect(sink, GET) as puller:
        open_up(sink)
        sink.close()
        sink.close()
        with contextlib.suppress(ConnectionResetError):
            while puller.recv(65536):
                pass
    sink._server._thread.join(5)
    serve(port=sink.port)


@pytest.mark.parametrize("format_", ["mp3", "opus"])
def test_silence_costs_no_encoding_and_ends_with_the_first_word(format_):
    """Long silence repeats one packet; what is said then is encoded again."""
    encoder = Encoder(format_)
    silence = np.zeros(960, dtype=np.int16)
    quiet = [packet for _ in range(200) for packet in encoder.encode(silence)]
    assert len({*quiet[-100:]}) == 1
    loud = [packet for frame in SENT.reshape(-1, 960) for packet in encoder.encode(frame)]
    assert len({*loud}) > len(loud) / 2


@given(st.binary(max_size=400))
def test_the_checksum_of_a_page_is_that_of_the_standard(page):
    """RFC 3533 §6: polynomial 0x04c11db7 from 0, bit by bit, without inversion."""
    register = 0
    for octet in page:
        register ^= octet << 24
        for _ in range(8):
            register = (register << 1) ^ (0x04C11DB7 if register & 0x80000000 else 0)
            register &= 0xFFFFFFFF
    assert checksum(page) == register


@given(st.integers(0, 1600))
def test_a_packet_of_any_length_has_its_segments(length):
    """Segments of 255 and one shorter: their sum is the packet, and the last one ends it."""
    page = OggOpus(b"head", serial_number=7).page(b"x" * length, ticks=960)
    segments = page[27 : 27 + page[26]]
    assert sum(segments) == length
    assert segments[-1] < 255
    assert page.endswith(b"x" * length)
