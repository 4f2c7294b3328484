"""An independent receiver, ffmpeg with an SDP, hears what was sent."""

import contextlib
import subprocess
import time
from pathlib import Path

import numpy as np
import pytest

from drivers.rtp_multicast import RtpMulticastConfig, RtpMulticastSink, SendFailed
from simulator.loudspeaker.correlation import correlate, read_mono

SAMPLES = 160 * 150  # 3 s


@pytest.mark.timeout(40)
@pytest.mark.parametrize(("codec", "mapping"), [("pcmu", "0 PCMU/8000"), ("pcma", "8 PCMA/8000")])
def test_ffmpeg_hears_every_packet_in_the_right_polarity(tmp_path, free_udp_port, codec, mapping):
    """Correlation with the sent audio is at least 0.99 and positive."""
    sdp, heard = tmp_path / "loa.sdp", tmp_path / "heard.wav"
    sdp.write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=loa\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=audio {free_udp_port} RTP/AVP {mapping.split()[0]}\na=rtpmap:{mapping}\n"
    )
    sent = speechlike(SAMPLES)
    command = ["ffmpeg", "-v", "error", "-protocol_whitelist", "file,udp,rtp", "-i", sdp]
    with subprocess.Popen([*command, "-t", "3", heard], stdin=subprocess.DEVNULL) as ffmpeg:
        wait_until_bound(free_udp_port)
        config = RtpMulticastConfig(address="127.0.0.1", port=free_udp_port, codec=codec)
        with RtpMulticastSink(config) as sink:
            sink.begin()
            for frame in sent.reshape(-1, 160):
                sink.send(frame)
                time.sleep(0.005)
            # ffmpeg ends when it sees that more than 3 s came, and then refuses the rest.
            with contextlib.suppress(SendFailed):
                for _ in range(50):
                    sink.send(np.zeros(160, dtype=np.int16))
                    time.sleep(0.005)
        assert ffmpeg.wait(timeout=20) == 0
    recorded = read_mono(heard)
    assert len(recorded) == SAMPLES
    assert correlate(sent, recorded).peak > 0.99


def speechlike(samples: int) -> np.ndarray:
    """Noise that comes and goes like syllables: its correlation has one sharp peak."""
    noise = np.random.default_rng(7).standard_normal(samples)
    smooth = np.convolve(noise, np.ones(4) / 4, mode="same")
    loudness = 0.3 + np.abs(np.sin(np.arange(samples) / 1200))
    return (smooth * loudness * 8000).clip(-32000, 32000).astype(np.int16)


def wait_until_bound(port: int) -> None:
    deadline_s = time.monotonic() + 15
    while f":{port:04X} " not in Path("/proc/net/udp").read_text():
        assert time.monotonic() < deadline_s, "ffmpeg never listened"
        time.sleep(0.05)
