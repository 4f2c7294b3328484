"""GStreamer's ONVIF RTSP server, an independent peer, hears what is said."""

import subprocess
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

import tests.fakes
from drivers.loudspeaker import SinkUnusable, WrongPassword
from drivers.onvif_backchannel import OnvifBackchannelConfig, OnvifBackchannelSink, read_status
from simulator.loudspeaker.correlation import correlate
from tests.fakes.speaking import open_up, speak, speechlike, wait_until_closed

CHILD = Path(tests.fakes.__file__).with_name("onvif_backchannel_child.py")
SENT = speechlike(160 * 100)


@contextmanager
def gstreamer(codec, heard, *account):
    """The port of a running server; what it hears goes to a file of 16-bit samples."""
    command = ["/usr/bin/python3", "-I", CHILD, codec, heard, *account]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as server:
        yield int(server.stdout.readline())
        server.stdin.close()


@pytest.mark.timeout(40)
@pytest.mark.parametrize("codec", ["pcmu", "pcma"])
async def test_gstreamer_hears_every_sample_in_the_right_polarity(codec, tmp_path):
    """Correlation is at least 0.99 and positive; the description is read without disturbing it."""
    heard = tmp_path / "heard.raw"
    with gstreamer(codec, heard, "loa", "mật khẩu") as port:
        config = OnvifBackchannelConfig(
            url=f"rtsp://127.0.0.1:{port}/loa", username="loa", password="mật khẩu"
        )
        assert (await read_status(config)).is_proven
        sink = OnvifBackchannelSink(config)
        open_up(sink)
        speak(sink, SENT[:8000])
        await read_status(config)
        speak(sink, SENT[8000:])
        sink.finish()
        wait_until_closed(sink)
        sink.close()
        recorded = np.fromfile(heard, dtype=np.int16)
    assert len(recorded) == len(SENT)
    assert correlate(SENT, recorded).peak > 0.99


@pytest.mark.timeout(40)
async def test_gstreamer_refuses_a_wrong_password_and_a_wrong_path(tmp_path):
    """Each is told by who must act, to the sink and to the reading."""
    with gstreamer("pcmu", tmp_path / "heard.raw", "loa", "x") as port:
        url = f"rtsp://127.0.0.1:{port}/loa"
        wrong = OnvifBackchannelConfig(url=url, username="loa", password="sai")
        elsewhere = OnvifBackchannelConfig(url=url + "-khac", username="loa", password="x")
        for config, error in ((wrong, WrongPassword), (elsewhere, SinkUnusable)):
            sink = OnvifBackchannelSink(config)
            with pytest.raises(error):
                open_up(sink)
            sink.close()
            with pytest.raises(error):
                await read_status(config)
