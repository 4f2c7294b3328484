"""The simulated loudspeaker records what a real one would have played."""

import json
import signal
import socket
import struct
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.loudspeaker.correlation import correlate, read_mono
from simulator.loudspeaker.g711 import PCMA, PCMU, decode
from simulator.loudspeaker.loudspeaker import Loudspeaker
from simulator.loudspeaker.rtp import ReorderBuffer, RtpPacket, parse_rtp

LOUD = b"\x80" * 160  # the loudest positive µ-law sample
QUIET = b"\xff" * 160


def datagram(number, *, ssrc=1, payload_type=PCMU, marker=False, payload=LOUD):
    header = struct.pack(
        "!BBHII", 0x80, payload_type | (0x80 if marker else 0), number & 0xFFFF, number * 160, ssrc
    )
    return header + payload


@pytest.fixture
def loudspeaker(tmp_path):
    return Loudspeaker(
        record=tmp_path,
        payload_types=frozenset({PCMU}),
        now=lambda: datetime(2026, 1, 5, 7, 0, tzinfo=UTC),
    )


def hear(loudspeaker, datagrams, now_s=0.0):
    return [event for one in datagrams for event in loudspeaker.hear(one, now_s=now_s)]


def test_a_spurt_is_one_file_named_after_its_start(loudspeaker, tmp_path):
    """The file appears when a second has been silent, complete and under its name."""
    events = hear(loudspeaker, [datagram(n) for n in range(50)])
    assert [event["event"] for event in events] == ["playing"]
    assert list(tmp_path.glob("*.wav")) == []
    assert list(loudspeaker.tick(now_s=0.9)) == []
    (played,) = loudspeaker.tick(now_s=1.0)
    assert played["seconds"] == 1.0
    assert played["lost_packets"] == 0
    assert Path(played["file"]).name.startswith("20260105T070000")
    assert (read_mono(Path(played["file"])) == 32124).all()


def test_another_source_or_a_marker_begins_another_file(loudspeaker):
    """An announcement that cuts in has a recording of its own."""
    sent = [datagram(n) for n in range(5)]
    sent += [datagram(n, marker=n == 5) for n in range(5, 10)]
    sent += [datagram(n, ssrc=2) for n in range(5)]
    events = hear(loudspeaker, sent) + list(loudspeaker.finish())
    played = [event for event in events if event["event"] == "played"]
    assert [(event["ssrc"], event["seconds"]) for event in played] == [(1, 0.1), (1, 0.1), (2, 0.1)]
    assert len({event["file"] for event in played}) == 3


def test_swapped_packets_are_put_back_and_lost_ones_are_silence(loudspeaker):
    """Order is restored; what never came is counted and keeps its length."""
    sent = [datagram(0), datagram(2, payload=QUIET), datagram(1), datagram(4), datagram(4)]
    hear(loudspeaker, sent)
    list(loudspeaker.tick(now_s=0.2))
    (played,) = loudspeaker.finish()
    assert played["lost_packets"] == 1
    blocks = read_mono(Path(played["file"])).reshape(-1, 160)
    assert [int(block[0]) for block in blocks] == [32124, 32124, 0, 0, 32124]


def test_another_codec_is_ignored_and_said_once(loudspeaker):
    """A loudspeaker set to µ-law does not play A-law as noise."""
    events = hear(loudspeaker, [datagram(n, payload_type=PCMA) for n in range(3)] + [b"hello"])
    assert [(event["event"], event["payload_type"]) for event in events] == [
        ("ignored", PCMA),
        ("ignored", -1),
    ]
    assert list(loudspeaker.finish()) == []


def test_levels_are_those_of_the_standard():
    """G.711 tables 1 and 2: the outermost values, silence, and signs."""
    ulaw = decode(bytes([0x80, 0x00, 0xFF, 0x7F]), payload_type=PCMU)
    assert list(ulaw) == [32124, -32124, 0, 0]
    alaw = decode(bytes([0xAA, 0x2A, 0xD5, 0x55]), payload_type=PCMA)
    assert list(alaw) == [32256, -32256, 8, -8]


@given(st.binary(max_size=80))
def test_any_datagram_is_a_packet_or_none(content):
    """Whatever comes from the network, the parser survives it."""
    packet = parse_rtp(content)
    assert packet is None or packet.payload


@given(st.permutations(range(65530, 65542)), st.sets(st.integers(65531, 65541), max_size=4))
def test_order_is_restored_whatever_the_network_did(numbers, missing):
    """Each packet comes out once, in order, across the wrap of the sequence number."""
    buffer = ReorderBuffer()
    first = RtpPacket(
        payload_type=0, marker=False, sequence_number=65529, rtp_timestamp=0, ssrc=1, payload=b"x"
    )
    out = list(buffer.push(first, now_s=0))
    for number in numbers:
        if number not in missing:
            packet = parse_rtp(datagram(number))
            out += [*buffer.push(packet, now_s=0), *buffer.push(packet, now_s=0)]
    out += buffer.give_up(now_s=1)
    expected = [n & 0xFFFF for n in range(65529, 65542) if n not in missing]
    assert [packet.sequence_number for packet in out] == expected
    last = max(n for n in range(65529, 65542) if n not in missing)
    assert buffer.lost_packets == len({n for n in missing if n < last})


def test_correlation_knows_polarity_and_place():
    """The peak is near 1 where the audio lies, near -1 when inverted, small for something else."""
    noise = np.random.default_rng(3)
    sent = noise.standard_normal(8000) * 5000
    recorded = np.concatenate([np.zeros(1234), sent * 0.3, np.zeros(500)])
    found = correlate(sent, recorded)
    assert found.peak > 0.99
    assert found.lag_samples == 1234
    assert correlate(sent, -recorded).peak < -0.99
    assert abs(correlate(sent, noise.standard_normal(8000)).peak) < 0.1
    assert 0.6 < correlate(sent, sent[:4000]).peak < 0.8
    assert correlate(sent, np.zeros(100)).peak == 0.0


@pytest.mark.parametrize("ending", ["stdin", "sigterm"])
def test_the_process_says_ready_and_ends_with_its_recording(tmp_path, ending):
    """From start to end over real sockets; what was playing is completed."""
    record = tmp_path / "loa"
    command = [sys.executable, "-m", "simulator.loudspeaker", "--listen", "239.255.77.3"]
    with subprocess.Popen(
        [*command, "--port", "0", "--record", record],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        ready = json.loads(process.stdout.readline())
        assert ready["event"] == "ready"
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            local = socket.inet_aton("127.0.0.1")
            sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, local)
            for number in range(10):
                sender.sendto(datagram(number), ("239.255.77.3", ready["port"]))
        playing = json.loads(process.stdout.readline())
        time.sleep(0.1)
        if ending == "stdin":
            process.stdin.close()
        else:
            process.send_signal(signal.SIGTERM)
        played = json.loads(process.stdout.readline())
        assert process.wait(10) == 0
    assert played["file"] == playing["file"]
    assert played["seconds"] == pytest.approx(0.2)
    assert [path.name for path in record.iterdir()] == [Path(played["file"]).name]


def test_a_port_in_use_is_said_plainly(tmp_path):
    """Exit code 1 and one sentence that says what to do."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as taken:
        taken.bind(("127.0.0.1", 0))
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "simulator.loudspeaker", "--listen", "127.0.0.1"]
        result = subprocess.run(
            [*command, "--port", port, "--record", tmp_path],
            capture_output=True,
            text=True,
            check=False,
        )
    assert result.returncode == 1
    assert "choose another port" in result.stderr
