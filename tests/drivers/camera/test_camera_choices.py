"""The drivers' pure parts: which stream to use, which addresses to believe, how to write the account."""

from dataclasses import replace
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drivers.camera import (
    CameraCredentials,
    CameraUnsupported,
    with_credentials,
    without_credentials,
)
from drivers.onvif_camera.media_profiles import MediaProfile, choose_analysis, choose_evidence
from drivers.onvif_camera.quirks import usable_host


def profile(width: int, height: int, encoding: str = "H264") -> MediaProfile:
    """Return a media profile named by its size."""
    return MediaProfile(token=f"{width}", encoding=encoding, width=width, height=height)


@pytest.mark.parametrize(
    ("widths", "analysis", "evidence"),
    [
        ([2560, 640], 640, 2560),
        ([1920, 704, 352], 352, 1920),
        ([1920, 640, 176], 640, 1920),
        ([1920], 1920, 1920),
        ([240, 176], 240, 240),
    ],
)
def test_small_for_analysis_and_large_for_evidence(
    widths: list[int], analysis: int, evidence: int
) -> None:
    """Analysis takes the smallest picture of at least 320, evidence the largest."""
    profiles = [profile(width, width * 9 // 16) for width in widths]
    assert choose_analysis(profiles).width == analysis
    assert choose_evidence(profiles).width == evidence


def view(width: int, source: str, *bounds: int) -> MediaProfile:
    """Return a media profile of a part of a source."""
    part = (bounds[0], bounds[1], bounds[2], bounds[3]) if bounds else None
    return replace(profile(width, width * 9 // 16), source=source, bounds=part)


@pytest.mark.parametrize(
    ("profiles", "analysis"),
    [
        # A thermal lens beside another, or a recorder of several cameras.
        ([view(2560, "day"), view(384, "thermal"), view(704, "day")], 704),
        ([view(384, "thermal"), view(2560, "day")], 2560),
        # A part of the picture, as wide as the whole one.
        ([view(2560, "s", 0, 0, 2560, 1440), view(640, "s", 900, 0, 1280, 720)], 2560),
        ([view(2560, "s", 0, 0, 2560, 1440), view(640, "s", 0, 0, 2560, 1440)], 640),
        # A camera that gives the streams' sizes, and one that gives them for one stream only.
        ([view(2560, "s", 0, 0, 2560, 1440), view(640, "s", 0, 0, 640, 360)], 640),
        ([view(2560, "s", 0, 0, 2560, 1440), view(640, "s")], 640),
    ],
)
def test_both_streams_show_the_same(profiles: list[MediaProfile], analysis: int) -> None:
    """Privacy masks are drawn on one of them and hold for both."""
    assert choose_evidence(profiles).width == 2560
    assert choose_analysis(profiles).width == analysis


def test_only_streams_that_can_be_decoded_count() -> None:
    """JPEG streams are passed over, and a camera with nothing else is unsupported."""
    mixed = [profile(640, 360, "JPEG"), profile(1280, 720, "H265")]
    assert choose_analysis(mixed).width == 1280
    with pytest.raises(CameraUnsupported, match="JPEG"):
        choose_evidence([profile(640, 360, "JPEG")])
    with pytest.raises(CameraUnsupported):
        choose_analysis([])


@pytest.mark.parametrize(
    ("reported", "host"),
    [
        ("rtsp://0.0.0.0:554/a?b=c", "192.168.1.64"),
        ("rtsp://127.0.0.1/a", "192.168.1.64"),
        ("rtsp://localhost/a", "192.168.1.64"),
        ("rtsp://169.254.1.2/a", "192.168.1.64"),
        ("rtsp://10.0.0.5/a", "192.168.1.64"),
        ("rtsp://192.168.1.65/a", "192.168.1.65"),
        ("rtsp://192.168.7.9/a", "192.168.7.9"),
        ("rtsp://camera.example/a", "camera.example"),
        ("rtsp://203.113.9.9/a", "203.113.9.9"),
    ],
)
def test_hosts_that_cannot_be_right_are_replaced(reported: str, host: str) -> None:
    """Only a host of no use gives way to the one where the camera was reached."""
    corrected = usable_host(reported, "http://192.168.1.64:8000/onvif/device_service")
    assert urlsplit(corrected).hostname == host
    assert urlsplit(corrected).port == urlsplit(reported).port
    assert urlsplit(corrected).path == "/a"


def test_a_camera_reached_by_name_or_ipv6_keeps_its_form() -> None:
    """Names and IPv6 addresses are written as addresses want them."""
    assert usable_host("rtsp://10.0.0.5/a", "http://gate.example/x") == "rtsp://gate.example/a"
    assert usable_host("rtsp://0.0.0.0:554/a", "http://[fe80::1]/x") == "rtsp://[fe80::1]:554/a"


@given(username=st.text(min_size=1), password=st.text())
def test_any_account_survives_in_an_address(username: str, password: str) -> None:
    """Whatever signs the account has, who reads the address gets it back."""
    account = CameraCredentials(username=username, password=password)
    uri = with_credentials("rtsp://old:one@10.1.1.1:554/live?channel=1", account)
    parts = urlsplit(uri)
    assert (unquote(parts.username or ""), unquote(parts.password or "")) == (username, password)
    assert without_credentials(uri) == "rtsp://10.1.1.1:554/live?channel=1"


def test_without_an_account_nothing_is_added() -> None:
    """A camera without an account keeps its plain address."""
    assert with_credentials("rtsp://10.1.1.1/live", None) == "rtsp://10.1.1.1/live"
