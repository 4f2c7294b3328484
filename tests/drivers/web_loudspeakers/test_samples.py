"""Samples and READMEs of the loudspeaker drivers that dial or are fetched from."""

import importlib
from pathlib import Path

import pytest
import yaml

from drivers.loudspeaker import LoudspeakerError

DRIVERS = {
    "axis_vapix": "AxisVapix",
    "hikvision_isapi": "HikvisionIsapi",
    "http_pull": "HttpPull",
    "onvif_backchannel": "OnvifBackchannel",
}


@pytest.fixture(params=sorted(DRIVERS))
def driver(request):
    module = importlib.import_module(f"drivers.{request.param}")
    name = DRIVERS[request.param]
    return module, getattr(module, f"{name}Config"), getattr(module, f"{name}Sink")


def test_the_sample_has_every_setting(driver):
    """sample.yaml is a whole configuration, and the README explains each key."""
    module, config, _ = driver
    folder = Path(module.__file__).parent
    sample = yaml.safe_load((folder / "sample.yaml").read_text(encoding="utf-8"))
    assert set(sample) == set(config.__dataclass_fields__)
    assert config(**sample).sample_rate_hz in {8000, 48000}
    readme = (folder / "README.md").read_text(encoding="utf-8")
    assert [key for key in sample if f"`{key}`" not in readme] == []


def test_the_sink_takes_frames_of_20_ms(driver):
    """What the player must know is known before anything is open."""
    *_, sink = driver
    assert sink.frame_samples == sink.sample_rate_hz * 0.02


def test_nothing_but_the_family_is_raised(driver):
    """Settings that cannot work end in a LoudspeakerError."""
    _, config, sink = driver
    fields = config.__dataclass_fields__
    bad = {"url": "x"} if "url" in fields else {"bind_address": "x", "port": 0}
    account = {"username": "a", "password": "b"} if "username" in fields else {}
    with pytest.raises(LoudspeakerError):
        sink(config(**bad, **account))
