"""The sink speaks RTP over real sockets, and says who must act when it cannot."""

import asyncio
import socket
import struct
from pathlib import Path

import numpy as np
import pytest
import yaml

import drivers.rtp_multicast
from drivers.loudspeaker import SendFailed, SinkUnusable
from drivers.rtp_multicast import RtpMulticastConfig, RtpMulticastSink, read_status
from drivers.rtp_multicast.rtp import RtpStream

SILENCE = np.zeros(160, dtype=np.int16)
GROUP = "239.255.77.1"
IP_RECVTTL = 12  # Linux; the socket module does not name it


@pytest.fixture
def receiver():
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as bound:
        bound.bind(("127.0.0.1", 0))
        bound.settimeout(5)
        yield bound


def read_header(datagram: bytes) -> tuple[int, ...]:
    return struct.unpack("!BBHII", datagram[:12])


@pytest.mark.parametrize(
    ("codec", "payload_type", "ticks", "octets"),
    [("pcmu", 0, 160, 160), ("pcma", 8, 160, 160), ("g722", 9, 160, 160), ("opus", 111, 960, None)],
)
def test_packets_are_numbered_and_the_first_is_marked(receiver, codec, payload_type, ticks, octets):
    """RFC 3550/3551/7587: version 2, payload type, one packet per frame, clock of the codec."""
    config = RtpMulticastConfig(
        address="127.0.0.1", port=receiver.getsockname()[1], codec=codec, interface="127.0.0.1"
    )
    with RtpMulticastSink(config) as sink:
        sink.begin()
        for _ in range(3):
            sink.send(np.zeros(sink.frame_samples, dtype=np.int16))
    datagrams = [receiver.recv(2048) for _ in range(3)]
    headers = [read_header(datagram) for datagram in datagrams]
    assert octets in {None, *(len(datagram) - 12 for datagram in datagrams)}
    assert {header[0] for header in headers} == {0x80}
    assert [header[1] for header in headers] == [0x80 | payload_type, payload_type, payload_type]
    assert [(header[2] - headers[0][2]) % 2**16 for header in headers] == [0, 1, 2]
    assert [(header[3] - headers[0][3]) % 2**32 for header in headers] == [0, ticks, 2 * ticks]
    assert len({header[4] for header in headers}) == 1


def test_a_later_announcement_is_marked_and_counts_the_silence(receiver):
    """The next announcement comes from the same source, marked, its timestamp moved on."""
    config = RtpMulticastConfig(address="127.0.0.1", port=receiver.getsockname()[1])
    with RtpMulticastSink(config) as sink:
        sink.begin()
        sink.send(SILENCE)
        sink.begin(silent_s=2.5)
        sink.send(SILENCE)
    first, second = (read_header(receiver.recv(2048)) for _ in range(2))
    assert second[1] & 0x80
    assert (second[3] - first[3]) % 2**32 == 160 + 20000
    assert second[4] == first[4]


def test_counters_wrap_around():
    """A sequence of 16 and a timestamp of 32 bits begin again at nought."""
    stream = RtpStream(payload_type=0, ssrc=1, sequence_number=0xFFFF, rtp_timestamp=0xFFFFFFF0)
    headers = [read_header(stream.next_packet(b"x" * 160, ticks=160)) for _ in range(2)]
    assert [header[2] for header in headers] == [0xFFFF, 0]
    assert [header[3] for header in headers] == [0xFFFFFFF0, 144]


def test_multicast_leaves_by_the_named_interface():
    """A member of the group on the loopback interface gets the packet, with the TTL asked for."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as member:
        membership = socket.inet_aton(GROUP) + socket.inet_aton("127.0.0.1")
        member.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        member.setsockopt(socket.IPPROTO_IP, IP_RECVTTL, 1)
        member.bind((GROUP, 0))
        member.settimeout(5)
        config = RtpMulticastConfig(
            address=GROUP, port=member.getsockname()[1], interface="127.0.0.1", ttl=3
        )
        with RtpMulticastSink(config) as sink:
            sink.send(SILENCE)
        datagram, ancillary, _, sender = member.recvmsg(2048, socket.CMSG_SPACE(4))
    assert sender[0] == "127.0.0.1"
    assert len(datagram) == 172
    assert struct.unpack("i", ancillary[0][2]) == (3,)


@pytest.mark.parametrize(
    "settings",
    [
        {"address": "loa-cong-lang"},
        {"address": "239.1.1.1", "interface": "eth0"},
        {"address": "239.1.1.1", "interface": "203.0.113.7"},
        {"address": "::1"},
    ],
)
def test_settings_that_cannot_work_are_the_technicians(settings):
    """A name, an interface name or an address of another machine is refused when it is opened."""
    with pytest.raises(SinkUnusable, match=r"\d|address"):
        RtpMulticastSink(RtpMulticastConfig(port=5004, **settings))


def test_nobody_listening_shows_on_a_later_frame(receiver):
    """A unicast loudspeaker whose port is closed refuses; the stream goes on counting."""
    port = receiver.getsockname()[1]
    receiver.close()
    with RtpMulticastSink(RtpMulticastConfig(address="127.0.0.1", port=port)) as sink:
        sink.send(SILENCE)
        with pytest.raises(SendFailed, match=str(port)):
            sink.send(SILENCE)
        sink.send(SILENCE)


def test_such_a_loudspeaker_is_always_ready_and_never_proven(receiver):
    """Nothing needs dialling, and nothing can be asked."""
    config = RtpMulticastConfig(address="127.0.0.1", port=receiver.getsockname()[1])
    with RtpMulticastSink(config) as sink:
        sink.prepare()
        assert sink.is_ready
        sink.finish()
    assert not asyncio.run(read_status(config)).is_proven


def test_the_sample_has_every_setting():
    """sample.yaml is a whole configuration."""
    sample = yaml.safe_load(
        Path(drivers.rtp_multicast.__file__).with_name("sample.yaml").read_text(encoding="utf-8")
    )
    assert set(sample) == set(RtpMulticastConfig.__dataclass_fields__)
    RtpMulticastConfig(**sample)
