"""Independent receivers, ffmpeg and GStreamer, hear what was sent, in every codec."""

import contextlib
import time

import numpy as np
import pytest

from drivers.loudspeaker import SendFailed
from drivers.rtp_multicast import RtpMulticastConfig, RtpMulticastSink
from simulator.loudspeaker.correlation import correlate, read_mono
from tests.fakes.ports import wait_until_bound
from tests.fakes.programs import find_program, running
from tests.fakes.sounds import speech

SECONDS = 2
RTP_MAPS = {
    "pcmu": "0 PCMU/8000",
    "pcma": "8 PCMA/8000",
    "g722": "9 G722/8000",
    "opus": "111 opus/48000/2",
}
NEEDED = {"pcmu": 0.99, "pcma": 0.99, "g722": 0.98, "opus": 0.97}
GSTREAMER = {
    "pcmu": ("PCMU,payload=0,clock-rate=8000", "rtppcmudepay ! mulawdec ! wavenc"),
    "pcma": ("PCMA,payload=8,clock-rate=8000", "rtppcmadepay ! alawdec ! wavenc"),
    # Debian's GStreamer unpacks G.722 and has no decoder for it: that part is left to libav.
    "g722": ("G722,payload=9,clock-rate=8000", "rtpg722depay"),
    "opus": ("OPUS,payload=111,clock-rate=48000", "rtpopusdepay ! opusdec ! wavenc"),
}


@pytest.mark.timeout(40)
@pytest.mark.parametrize("codec", RTP_MAPS)
def test_ffmpeg_hears_it_in_the_right_polarity(tmp_path, free_udp_port, codec):
    """What ffmpeg decodes correlates with what was sent, and positively."""
    sdp, heard = tmp_path / "loa.sdp", tmp_path / "heard.wav"
    number, name = RTP_MAPS[codec].split()
    sdp.write_text(
        "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=loa\nc=IN IP4 127.0.0.1\nt=0 0\n"
        f"m=audio {free_udp_port} RTP/AVP {number}\na=rtpmap:{number} {name}\n"
    )
    command = [find_program("ffmpeg"), "-v", "error", "-protocol_whitelist", "file,udp,rtp"]
    with running([*command, "-i", sdp, "-t", str(SECONDS), heard]) as ffmpeg:
        sent, rate = play(free_udp_port, codec)
        assert ffmpeg.wait(timeout=20) == 0
    recorded = read_mono(heard, sample_rate_hz=rate)
    assert correlate(sent[: len(recorded)], recorded).peak > NEEDED[codec]


@pytest.mark.timeout(40)
@pytest.mark.parametrize("codec", GSTREAMER)
def test_gstreamer_hears_it_in_the_right_polarity(tmp_path, free_udp_port, codec):
    """What GStreamer unpacks and decodes correlates with what was sent, and positively."""
    caps, elements = GSTREAMER[codec]
    heard = tmp_path / ("heard.g722" if codec == "g722" else "heard.wav")
    pipeline = (
        f"udpsrc address=127.0.0.1 port={free_udp_port} num-buffers={SECONDS * 50}"
        f" caps=application/x-rtp,media=audio,encoding-name={caps}"
        f" ! {elements} ! filesink location={heard}"
    )
    command = [find_program("gst-launch-1.0"), "-q", *pipeline.split()]
    with running(command) as gstreamer:
        sent, rate = play(free_udp_port, codec)
        assert gstreamer.wait(timeout=20) == 0
    recorded = read_mono(heard, sample_rate_hz=rate)
    assert correlate(sent[: len(recorded)], recorded).peak > NEEDED[codec]


def play(port: int, codec: str) -> tuple[np.ndarray, int]:
    """Send speech to whoever binds the port, four times as fast as it is spoken."""
    wait_until_bound(port)
    config = RtpMulticastConfig(address="127.0.0.1", port=port, codec=codec)
    sent = speech(config.sample_rate_hz, seconds=SECONDS)
    with RtpMulticastSink(config) as sink:
        sink.begin()
        for frame in sent.reshape(-1, sink.frame_samples):
            sink.send(frame)
            time.sleep(0.005)
        # A receiver ends when it sees that enough has come, and then refuses the rest.
        with contextlib.suppress(SendFailed):
            for _ in range(50):
                sink.send(np.zeros(sink.frame_samples, dtype=np.int16))
                time.sleep(0.005)
    return sent, config.sample_rate_hz
