"""The vision child as a process of its own, watching drawn clips and simulated cameras."""

import hashlib
from pathlib import Path
from urllib.parse import quote

import av
import cv2
import numpy as np
import pytest

from edge_agent.vision.orders import Forget
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.vision_process import VisionProcess, watch, write_clip
from tests.fakes.ports import find_free_port
from tests.fakes.simulated_camera import PASSWORD, SimulatedCamera

pytestmark = pytest.mark.timeout(60)


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Somebody leaves a bag at 8 s."""
    return write_clip(tmp_path_factory.mktemp("clip") / "bag.mp4", deposit(), until_s=25)


@pytest.fixture(scope="module")
def still_clip(tmp_path_factory) -> Path:
    """Nothing happens for two minutes."""
    target = tmp_path_factory.mktemp("clip") / "still.mp4"
    return write_clip(target, lambda *_: None, until_s=20)


def test_a_left_bag_is_told_with_three_complete_pictures(clip: Path, tmp_path: Path) -> None:
    """Before, depositing and after, each named by its hash and decodable."""
    with VisionProcess(tmp_path) as child:
        child.order(watch("gate", clip))
        seen = child.wait_for("seen", "gate")
        found = child.wait_for("littering_confirmed", "gate")
        child.wait_for("lost", "gate")
    assert (seen.width_px, seen.height_px, seen.nominal_fps) == (320, 180, 10.0)
    assert found.zone == "yard"
    assert found.deposited_at_s - seen.at_s == pytest.approx(8.0, abs=0.7)
    assert found.unattended_s >= 5.0
    assert [p.role for p in found.pictures] == ["before", "depositing", "after"]
    for picture in found.pictures:
        body = (tmp_path / f"{picture.sha256}.jpg").read_bytes()
        assert hashlib.sha256(body).hexdigest() == picture.sha256
        assert len(body) == picture.size_bytes
        image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        assert image.shape[:2] == (picture.height_px, picture.width_px) == (180, 320)
    before, depositing, after = (_bag_luma(tmp_path, p.sha256) for p in found.pictures)
    assert before > 80 > after
    assert _darkest(tmp_path, found.pictures[0].sha256) > 60
    assert [p.taken_at_s for p in found.pictures] == sorted(p.taken_at_s for p in found.pictures)
    assert depositing < 80
    ready = child.wait_for("clip_ready", "gate")
    assert ready.object_id == found.object_id
    assert ready.clip.begins_at_s - seen.at_s <= 0.01
    assert ready.clip.duration_s >= found.at_s - found.deposited_at_s + 10.0
    assert (tmp_path / f"{ready.clip.sha256}.mp4").stat().st_size == ready.clip.size_bytes
    files = [file for file in tmp_path.rglob("*") if file.is_file()]
    assert sorted(file.suffix for file in files) == [".jpg"] * 3 + [".mp4"]


def _bag_luma(spool: Path, sha256: str) -> float:
    image = cv2.imread(str(spool / f"{sha256}.jpg"), cv2.IMREAD_GRAYSCALE)
    return float(image[110:118, 165:173].mean())


def _darkest(spool: Path, sha256: str) -> float:
    """Return the darkest part a figure's height around the bag: who carries it is dark."""
    image = cv2.imread(str(spool / f"{sha256}.jpg"), cv2.IMREAD_GRAYSCALE)
    return float(cv2.blur(image, (9, 9))[60:140, 112:216].min())


def test_privacy_masks_are_burnt_into_every_picture(clip: Path, tmp_path: Path) -> None:
    """Black before it is written."""
    corner = ((0.0, 0.0), (0.25, 0.0), (0.25, 0.25), (0.0, 0.25))
    with VisionProcess(tmp_path) as child:
        child.order(watch("gate", clip, masks=(corner,)))
        child.wait_for("littering_confirmed", "gate")
        child.wait_for("lost", "gate")
    with av.open(str(next(tmp_path.glob("*.mp4")))) as masked:
        lumas = [frame.to_ndarray(format="gray") for frame in masked.decode(video=0)]
    assert len(lumas) > 100
    assert max(luma[4:40, 4:72].max() for luma in lumas) < 25
    for picture in tmp_path.glob("*.jpg"):
        image = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE)
        assert image[4:40, 4:72].max() < 25
        assert image[60:100, 100:140].mean() > 40


def test_a_camera_that_fails_disturbs_no_other(clip: Path, tmp_path: Path) -> None:
    """Unreachable, undecodable and ended are said apart; orders that are none are refused."""
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(bytes(range(256)) * 20)
    with VisionProcess(tmp_path / "spool") as child:
        child.order('{"do": "watch", "password": "hunter2"}')
        child.order(watch("away", f"rtsp://admin:hunter2@127.0.0.1:{find_free_port()}/sub"))
        child.order(watch("broken", broken))
        child.order(watch("gate", clip))
        lost = {name: child.wait_for("lost", name) for name in ("away", "broken", "gate")}
        assert child.stop() == 0
    reasons = {name: finding.reason for name, finding in lost.items()}
    assert reasons == {"away": "unreachable", "broken": "undecodable", "gate": "ended"}
    assert "hunter2" not in child.logged + "".join(f.detail for f in lost.values())
    assert [line["event"] for line in child.log_lines] == ["order_refused"]
    assert any(f.say == "littering_confirmed" for f in child.seen)


def test_nothing_is_said_about_a_forgotten_camera(still_clip: Path, tmp_path: Path) -> None:
    """Not even that it is lost; the end of orders ends the child."""
    with VisionProcess(tmp_path) as child:
        child.order(watch("gate", still_clip))
        child.order(Forget(camera_id="gate"))
        child.order(watch("mark", tmp_path / "missing.mp4"))
        child.wait_for("lost", "mark")
        assert child.stop() == 0
    assert not [f for f in child.seen if f.camera_id == "gate" and f.say == "lost"]


def test_a_wrong_password_is_told_from_an_unreachable_camera(
    still_clip: Path, tmp_path: Path
) -> None:
    """So that a technician is sent with the right tools."""
    camera = SimulatedCamera(tmp_path / "camera", video=still_clip)
    try:
        with VisionProcess(tmp_path / "spool") as child:
            child.order(watch("gate", camera.sub.replace("rtsp://", "rtsp://admin:wrong@")))
            assert child.wait_for("lost", "gate").reason == "auth_failed"
    finally:
        camera.stop()


def signed_in(uri: str) -> str:
    return uri.replace("rtsp://", f"rtsp://admin:{quote(PASSWORD, safe='')}@")


def test_how_a_camera_fares_is_told_as_its_charts_show_it(still_clip: Path, tmp_path: Path) -> None:
    """Brightness as a share, and no sharpness before the usual one is known."""
    camera = SimulatedCamera(tmp_path / "camera", video=still_clip)
    try:
        with VisionProcess(tmp_path / "spool") as child:
            child.order(watch("gate", signed_in(camera.sub)))
            health = child.wait_for("health", "gate", timeout_s=30)
    finally:
        camera.stop()
    assert health.brightness == pytest.approx(0.5, abs=0.15)
    assert health.sharpness is None
    assert health.fps == pytest.approx(10.0, abs=3.0)


def test_a_stream_that_freezes_is_stalled(still_clip: Path, tmp_path: Path) -> None:
    """The connection stays open, but no byte comes."""
    camera = SimulatedCamera(tmp_path / "camera", video=still_clip)
    try:
        with VisionProcess(tmp_path / "spool") as child:
            child.order(watch("gate", signed_in(camera.sub), evidence_uri=signed_in(camera.main)))
            child.wait_for("seen", "gate", timeout_s=20)
            camera.order(do="freeze")
            assert child.wait_for("lost", "gate", timeout_s=25).reason == "stalled"
    finally:
        camera.stop()
