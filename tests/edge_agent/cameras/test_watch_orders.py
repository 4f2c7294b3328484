"""What a watch is told when it begins."""

import asyncio
import hashlib
from datetime import UTC

import pytest
import structlog

from contracts.events import DownReason
from edge_agent.camera_config import DetectorSettings, UnwatchedCamera
from edge_agent.cameras.cameras import find_detector
from edge_agent.cameras.faults import CameraRefused
from edge_agent.cameras.fixture_files import FixtureFile
from edge_agent.cameras.fixtures import Fixtures
from edge_agent.cameras.vision import Vision
from edge_agent.cameras.watch_orders import WatchOrders
from edge_agent.config import CameraSettings
from edge_agent.outbox import open_outbox
from edge_agent.outbox.importance import Bounds
from edge_agent.vision.orders import Detector, Fixture, Zone
from tests.edge_agent.outbox.gateway import ADDRESS, make_timekeeper

SDP = "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
CORNERS = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0))


@pytest.fixture
async def camera_port():
    """Something that listens where the camera's stream is."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while request := await reader.readline():
            if not request.strip():
                writer.write(f"RTSP/1.0 200 OK\r\nContent-Length: {len(SDP)}\r\n\r\n{SDP}".encode())
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


async def test_a_watch_is_told_everything_that_is_set(clock, tmp_path, camera_port):
    """Zones with their hours, masks, clip, what belongs there, the detector."""
    fixture = Fixture(fixture_id="f", zone="bãi", box=(0, 0, 0.1, 0.1), looks="cGl4ZWxz")
    file = FixtureFile(tmp_path, "cam1")
    file.add(fixture)
    detector = Detector(model_file="m.onnx", sha256="a" * 64)
    settings = CameraSettings(
        id="cam1",
        name="Cổng",
        area="thon",
        driver="rtsp",
        analysis_uri=f"rtsp://127.0.0.1:{camera_port}/sub",
        masks=(((0, 0), (0.2, 0), (0.2, 0.2)),),
        zones=(
            {"name": "bãi", "purpose": "no_dumping", "polygon": CORNERS},
            {"name": "sân", "purpose": "loitering", "polygon": CORNERS, "hours": ("22:00-05:00",)},
        ),
        clip={"before_s": 3, "after_s": 2},
        unattended_s=7,
        sensitivity=0.7,
    )
    async with open_outbox(
        tmp_path / "o.db",
        address=ADDRESS,
        timekeeper=make_timekeeper(clock),
        bounds=Bounds(max_bytes=10**6),
    ) as outbox:
        fixtures = Fixtures("cam1", file=file, vision=Vision(tmp_path), outbox=outbox)
        orders = WatchOrders(
            settings, fixtures=fixtures, time_zone=UTC, now=clock.now, detector=detector
        )
        clock.advance(12 * 3_600)
        watch = await orders.begin(clock)
    assert watch.fixtures == (fixture,)
    assert watch.detector == detector
    assert watch.zones == (
        Zone(name="bãi", purpose="no_dumping", polygon=CORNERS),
        Zone(name="sân", purpose="loitering", polygon=CORNERS, armed=False, present_s=60),
    )
    assert watch.masks == settings.masks
    assert (watch.clip_before_s, watch.clip_after_s) == (3, 2)
    assert (watch.unattended_s, watch.sensitivity) == (7, 0.7)


async def test_a_camera_with_wrong_masks_is_refused_before_anything_is_opened(clock, tmp_path):
    """What its masks were meant to hide is not known: not one picture is taken."""
    settings = UnwatchedCamera(
        id="cam1",
        name="Cổng",
        area="thon",
        driver="rtsp",
        analysis_uri="rtsp://127.0.0.1:9/sub",
        fault="line 9: cameras[0].masks: the masks cover the whole picture",
    )
    async with open_outbox(
        tmp_path / "o.db",
        address=ADDRESS,
        timekeeper=make_timekeeper(clock),
        bounds=Bounds(max_bytes=10**6),
    ) as outbox:
        file = FixtureFile(tmp_path, "cam1")
        fixtures = Fixtures("cam1", file=file, vision=Vision(tmp_path), outbox=outbox)
        orders = WatchOrders(settings, fixtures=fixtures, time_zone=UTC, now=clock.now)
        with pytest.raises(CameraRefused) as refused:
            await orders.begin(clock)
    assert refused.value.reason is DownReason.CONFIGURATION
    assert refused.value.detail == settings.fault


def test_a_detector_that_cannot_be_used_is_left_out_and_told_once(tmp_path):
    """The cameras are watched without it: nothing depends on it."""
    model = tmp_path / "people.onnx"
    settings = DetectorSettings(
        model_file=model, sha256=hashlib.sha256(b"a model").hexdigest(), licence="Apache-2.0"
    )
    with structlog.testing.capture_logs() as logs:
        assert find_detector(None) is None
        assert find_detector(settings) is None
        assert "there is no file" in logs.pop()["reason"]
        model.write_bytes(b"another")
        assert find_detector(settings) is None
        assert "not the one given" in logs.pop()["reason"]
        model.write_bytes(b"a model")
        assert find_detector(settings) == Detector(model_file=str(model), sha256=settings.sha256)
    assert not logs
