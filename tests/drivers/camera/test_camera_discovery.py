"""Cameras are found on the interface that was named, by multicast over the loopback interface."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera import CameraUnreachable
from drivers.onvif_camera import discover
from drivers.onvif_camera.discovery import build_probe, parse_probe_matches
from simulator.camera.onvif.discovery import DiscoverableDevice, parse_probe, probe_match
from tests.drivers.camera.conftest import CameraFactory

pytestmark = pytest.mark.timeout(40)
DEVICE = DiscoverableDevice(
    name="Đầu ngõ", serial_number="7", xaddr="http://10.0.0.5/onvif/device_service"
)


async def test_cameras_are_found_each_once(start_camera: CameraFactory) -> None:
    """Two cameras that share one machine are both found, once each, by their names."""
    started = [start_camera(name=name, discovery_interface="127.0.0.1") for name in ("Ngõ 1", "b")]
    found = [camera async for camera in discover("127.0.0.1", timeout_s=1.5)]
    ours = {camera.xaddrs[0]: camera for camera in found if camera.hardware == "Simulated camera"}
    assert {camera.xaddr for camera in started} <= ours.keys()
    assert ours[started[0].xaddr].name == "Ngõ 1"
    endpoints = [camera.endpoint for camera in found]
    assert len(endpoints) == len(set(endpoints))


async def test_nobody_there_is_no_error() -> None:
    """A search without an answer ends in time with nothing."""
    assert [item async for item in discover("127.0.0.1", timeout_s=0.3, target="127.9.9.9")] == []


@pytest.mark.parametrize("interface", ["203.0.113.77", "eth0"])
async def test_an_interface_that_is_not_ours_is_said(interface: str) -> None:
    """A misspelt interface does not look like an empty network."""
    with pytest.raises(CameraUnreachable, match="cannot search"):
        _ = [item async for item in discover(interface, timeout_s=0.3)]


def test_probe_and_match_understand_each_other() -> None:
    """The simulator's reader takes the driver's probe, and the driver's reader the answer."""
    probe_id = parse_probe(build_probe("1-2"))
    assert probe_id == "urn:uuid:1-2"
    [camera] = parse_probe_matches(probe_match(DEVICE, probe_id))
    assert camera.xaddrs == (DEVICE.xaddr,)
    assert camera.name == "Đầu ngõ"
    assert camera.endpoint == DEVICE.endpoint


@given(st.binary(max_size=400), st.integers(0, 900), st.integers(0, 900))
def test_any_datagram_is_a_camera_or_none(noise: bytes, start: int, end: int) -> None:
    """Whatever arrives at the port, nothing is raised."""
    answer = probe_match(DEVICE, "urn:uuid:1")
    for datagram in (noise, answer[:start], answer[:start] + noise + answer[end:]):
        assert all(camera.xaddrs for camera in parse_probe_matches(datagram))


def test_entity_bombs_are_not_read() -> None:
    """A document type has no place in WS-Discovery."""
    bomb = b'<!DOCTYPE x [<!ENTITY a "b">]>' + probe_match(DEVICE, "urn:uuid:1")
    assert parse_probe_matches(bomb) == []
