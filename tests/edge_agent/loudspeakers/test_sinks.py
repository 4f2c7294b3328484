"""Every driver that may stand in gateway.yaml is opened with what may be set for it."""

import pytest

from drivers.loudspeaker import LoudspeakerError, LoudspeakerStatus, SinkUnusable
from edge_agent.loudspeakers.settings import SINK
from edge_agent.playout import sinks
from tests.fakes.ports import find_free_port

ACCOUNT = {"username": "ioc"}
SETTINGS = {
    "rtp_multicast": {"address": "127.0.0.1", "port": 9, "codec": "g722", "interface": "127.0.0.1"},
    "sip": {"address": "127.0.0.1", "user": "loa", "local_address": "127.0.0.1", **ACCOUNT},
    "alsa": {"device": "null", "sample_rate_hz": 16_000},
    "onvif_backchannel": {"url": "rtsp://127.0.0.1:9/sound", **ACCOUNT},
    "http_pull": {"bind_address": "127.0.0.1", "format": "opus"},
    "axis_vapix": {"url": "http://127.0.0.1:9", **ACCOUNT},
    "hikvision_isapi": {"url": "http://127.0.0.1:9", "channel": 2, **ACCOUNT},
}


def settings_of(driver: str, port: int):
    own = {"port": port} if driver in {"sip", "http_pull"} else {}
    return SINK.validate_python({"driver": driver, **SETTINGS[driver], **own})


@pytest.mark.parametrize("driver", SETTINGS)
def test_a_driver_takes_what_may_be_set_for_it(driver):
    """Its rate is known before it is open; the password goes beside the settings."""
    settings = settings_of(driver, find_free_port())
    sink = sinks.open_sink(settings, password="a secret")
    try:
        assert sink.sample_rate_hz == sinks.sample_rate_of(settings)
        assert sink.frame_samples == sink.sample_rate_hz // 50
    finally:
        sink.close()


@pytest.mark.parametrize("driver", SETTINGS)
async def test_a_driver_says_how_its_device_fares(driver):
    """Or why not, in the family of errors that its user knows."""
    settings = settings_of(driver, find_free_port())
    told: LoudspeakerStatus | LoudspeakerError
    try:
        told = await sinks.read_status(settings, password="a secret")
    except LoudspeakerError as error:
        told = error
    assert str(told)
    assert "a secret" not in str(told)


def test_no_driver_is_forgotten():
    """What may be set and what can be opened is the same list."""
    known = {member.model_fields["driver"].default for member in sinks.Sink.__args__}
    assert known == set(SETTINGS) == set(sinks._NAMES)


def test_a_library_that_is_missing_silences_its_own_driver_only(monkeypatch):
    """The technician is told which."""

    def lack(name: str):
        raise ImportError(f"{name}: libsomething is missing")

    monkeypatch.setattr(sinks, "import_module", lack)
    with pytest.raises(
        SinkUnusable, match=r"the driver sip cannot be used on this machine: .*libso"
    ):
        sinks.open_sink(settings_of("sip", 5_060))
