"""A line out plays what it is given; ALSA's own file and null devices stand in for a sound card."""

import asyncio
import errno
import shutil
import time
from pathlib import Path

import numpy as np
import pytest
import yaml

import drivers.alsa
from drivers.alsa import AlsaConfig, AlsaSink, read_status
from drivers.alsa.libasound import card_of, translate
from drivers.loudspeaker import DeviceBusy, LoudspeakerError, SendFailed, SinkUnusable, Unreachable
from simulator.loudspeaker.correlation import correlate, read_mono
from tests.fakes.sounds import speech

ASOUND = """
pcm.nothing {{ type null }}
pcm.recorder {{ type file slave.pcm nothing file "{folder}/heard.wav" format wav }}
pcm.stereo_card {{ type plug slave {{ pcm recorder format S16_LE channels 2 rate 44100 }} }}
pcm.stuck {{ type file slave.pcm nothing file "|sleep 3" format raw }}
"""


@pytest.fixture(autouse=True)
def cards(tmp_path, monkeypatch):
    """ALSA devices of this test's own."""
    assert shutil.which("aplay"), "alsa-utils is missing: run `make setup`"
    configuration = tmp_path / "asoundrc"
    configuration.write_text(ASOUND.format(folder=tmp_path))
    monkeypatch.setenv("ALSA_CONFIG_PATH", str(configuration))
    return tmp_path


@pytest.mark.parametrize(
    ("device", "rate"), [("recorder", 48_000), ("recorder", 8_000), ("stereo_card", 48_000)]
)
def test_the_card_plays_what_was_said(cards, device, rate):
    """The recording correlates with what was sent, positively, also through a card of two channels."""
    said = speech(rate, seconds=1)
    sink = open_sink(device=device, sample_rate_hz=rate)
    for frame in said.reshape(-1, sink.frame_samples):
        send_when_there_is_room(sink, frame)
    sink.finish()
    wait_for(lambda: not sink.is_ready)
    sink.close()
    heard = read_mono(cards / "heard.wav", sample_rate_hz=rate)
    assert correlate(said, heard).peak > 0.98


def test_sound_waits_a_fifth_of_a_second_at_most(cards):
    """Before the first frame lies the silence that takes up late frames, and no more."""
    sink = open_sink(device="recorder")
    said = np.full(960, 1000, dtype=np.int16)
    send_when_there_is_room(sink, said)
    sink.finish()
    wait_for(lambda: not sink.is_ready)
    sink.close()
    heard = read_mono(cards / "heard.wav", sample_rate_hz=48_000)
    assert 0 < int(np.argmax(heard > 500)) < 0.2 * 48_000


def test_the_card_is_taken_again_for_the_next_announcement():
    """After `finish` it is free; `prepare` takes it once more."""
    sink = open_sink(device="nothing")
    sink.finish()
    wait_for(lambda: not sink.is_ready)
    with pytest.raises(SendFailed, match="not open"):
        sink.send(np.zeros(960, dtype=np.int16))
    sink.prepare()
    wait_for(lambda: sink.is_ready)
    sink.close()


def test_a_card_that_stands_still_holds_nobody_up():
    """Frames are refused when five wait; the sink can be closed all the same."""
    sink = open_sink(device="stuck")
    frame = np.zeros(sink.frame_samples, dtype=np.int16)
    with pytest.raises(SendFailed, match="does not keep up"):
        send_for_a_while(sink, frame)
    sink.close()


@pytest.mark.parametrize("device", ["hw:77", "no_such_name"])
def test_a_card_that_is_not_there_is_the_technicians(device):
    """The name is said, and where to look."""
    sink = AlsaSink(AlsaConfig(device=device))
    sink.prepare()
    with pytest.raises(SinkUnusable, match=f"{device}.*aplay -L"):
        wait_for(lambda: sink.is_ready)
    sink.prepare()  # tried again, it fails again
    with pytest.raises(LoudspeakerError):
        wait_for(lambda: sink.is_ready)
    sink.close()
    sink.close()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (errno.EBUSY, DeviceBusy),
        (errno.ENODEV, Unreachable),
        (errno.EIO, Unreachable),
        (errno.EACCES, SinkUnusable),
    ],
)
def test_errors_say_who_must_act(code, error):
    """A card in use, one unplugged, one forbidden."""
    assert type(translate(code, "hw:0")) is error


def test_the_card_behind_a_name():
    """Names of the technician's own tell none."""
    assert card_of("plughw:1,0") == "hw:1"
    assert card_of("hw:CARD=Device,DEV=0") == "hw:Device"
    assert card_of("sysdefault:CARD=PCH") == "hw:PCH"
    assert card_of("default") == "default"
    assert card_of("recorder") is None


def test_a_sign_of_life():
    """A card that is not there is said so; of a name of the technician's own nothing is known."""
    with pytest.raises(SinkUnusable):
        asyncio.run(read_status(AlsaConfig(device="hw:77")))
    assert not asyncio.run(read_status(AlsaConfig(device="recorder"))).is_proven


def test_the_sample_has_every_setting():
    """sample.yaml is a whole configuration."""
    sample = yaml.safe_load(
        Path(drivers.alsa.__file__).with_name("sample.yaml").read_text(encoding="utf-8")
    )
    assert set(sample) == set(AlsaConfig.__dataclass_fields__)
    assert AlsaSink(AlsaConfig(**sample)).frame_samples == 960


def open_sink(**settings) -> AlsaSink:
    sink = AlsaSink(AlsaConfig(**settings))
    sink.prepare()
    wait_for(lambda: sink.is_ready)
    return sink


def send_for_a_while(sink: AlsaSink, frame: np.ndarray) -> None:
    for _ in range(200):
        sink.send(frame)
        time.sleep(0.002)


def send_when_there_is_room(sink: AlsaSink, frame: np.ndarray) -> None:
    """A card that is a file takes frames as fast as they come."""
    while True:
        try:
            return sink.send(frame)
        except SendFailed:
            time.sleep(0.002)


def wait_for(condition) -> None:
    deadline_s = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < deadline_s, "it never came true"
        time.sleep(0.002)
