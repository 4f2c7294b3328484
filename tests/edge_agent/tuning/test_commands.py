"""The technician's commands over a recording: a drawn video, a still with zones, a report."""

import base64
import subprocess
import sys
from pathlib import Path

import av
import cv2
import pytest

from edge_agent.replay import watch_of
from edge_agent.tuning import sensitivity
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.vision_process import write_clip

GATEWAY = """\
site_id: sang-moc
gateway_id: nha-van-hoa
data_dir: data
centre: {url: "http://127.0.0.1:9", token_file: token, public_key: KEY}
broker: {host: 127.0.0.1, password_file: token}
cameras:
  - id: cong-cho
    name: Cổng chợ
    area: na-lay
    driver: rtsp
    analysis_uri: rtsp://127.0.0.1:9/sub
    unattended_s: 5   # for the test
"""


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clips") / "deposit.mp4"
    write_clip(path, deposit(), until_s=24)
    return path


@pytest.fixture
def gateway(tmp_path: Path) -> Path:
    (tmp_path / "token").write_text("secret")
    path = tmp_path / "gateway.yaml"
    path.write_text(GATEWAY.replace("KEY", base64.b64encode(bytes(range(32))).decode()))
    return path


def edge_agent(*arguments: object) -> subprocess.CompletedProcess[str]:
    argv = [sys.executable, "-m", "edge_agent", *map(str, arguments)]
    return subprocess.run(argv, capture_output=True, text=True, check=False)


def test_a_replay_can_be_watched(clip: Path, tmp_path: Path) -> None:
    """The drawn video lasts as long as the recording and shows more than it."""
    out = tmp_path / "debug.mp4"
    done = edge_agent("replay", clip, "--unattended-s", 5, "--debug-video", out)
    assert done.returncode == 0, done.stderr
    with av.open(str(out)) as drawn, av.open(str(clip)) as plain:
        # It ends with the last picture that was looked at, a keyframe while nothing moves.
        assert 0.7 < drawn.duration / plain.duration < 1.1
        first = next(drawn.decode(video=0)).to_ndarray(format="bgr24")
    # The picture itself is grey; zones are drawn in colour.
    assert (first.max(axis=2).astype(int) - first.min(axis=2) > 60).any()


@pytest.mark.timeout(60)
def test_zones_are_seen_set_and_seen_again(clip: Path, gateway: Path, tmp_path: Path) -> None:
    """The still carries them, the file holds them, its former text is kept."""
    still = tmp_path / "still.jpg"
    show = ("zones", "show", "--config", gateway, "--camera", "cong-cho", "--video", clip)
    points = "0.1,0.5 0.9,0.5 0.9,0.95"
    change = ("zones", "set", "--config", gateway, "--camera", "cong-cho", "--zone", "lề đường")
    done = edge_agent(*change, "--purpose", "no_dumping", "--points", points)
    assert done.returncode == 0, done.stderr
    assert "1 zones" in done.stdout
    assert "# for the test" in gateway.read_text()
    assert "lề đường" not in (tmp_path / "gateway.yaml.bak").read_text()
    shown = edge_agent(*show, "--output", still)
    assert f"lề đường (no_dumping): {points}" in shown.stdout
    assert cv2.imread(str(still)).shape == (180, 320, 3)
    refused = edge_agent(*change, "--purpose", "no_dumping", "--points", "0.1,0.5 2,0.5 0.9,0.95")
    assert refused.returncode == 2
    assert "outside the picture" in refused.stderr


def test_a_camera_that_does_not_answer_is_one_sentence(gateway: Path, tmp_path: Path) -> None:
    """Exit code 1: it may pass."""
    shown = edge_agent(
        "zones", "show", "--config", gateway, "--camera", "cong-cho", "--output", tmp_path / "a.jpg"
    )
    assert shown.returncode == 1
    assert len(shown.stderr.splitlines()) == 1
    assert "cong-cho" in shown.stderr


@pytest.mark.timeout(120)
def test_the_report_says_when_it_would_have_alarmed(
    clip: Path, gateway: Path, tmp_path: Path
) -> None:
    """In full for the settings as they are, with pictures; as counts for others."""
    edge_agent(
        *("zones", "set", "--config", gateway, "--camera", "cong-cho", "--zone", "sân"),
        *("--purpose", "no_dumping", "--points", "0,0 1,0 1,1 0,1"),
    )
    pictures = tmp_path / "pictures"
    done = edge_agent("sensitivity", clip, "--config", gateway, "--pictures", pictures)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("sensitivity 0.5, unattended 5 s: would have alarmed once in 0:00:2")
    assert "littering in sân: alone 5 s" in lines[2]
    assert any(line.startswith("sensitivity 0.3, unattended 5 s") for line in lines)
    assert {path.name.split("-", 1)[1] for path in pictures.glob("*.jpg")} == {
        "littering-before.jpg",
        "littering-depositing.jpg",
        "littering-after.jpg",
    }


def test_a_few_minutes_are_not_made_into_a_day() -> None:
    """Half an hour may be; nothing found is said as plainly as something."""
    watch = watch_of(Path("hour.mp4"), None)
    alarm = sensitivity.Alarm(t_s=61, kind="littering", zone="sân", why="alone 5 s")
    short = sensitivity.Outcome(watch=watch, alarms=(alarm,), recorded_s=600)
    hour = sensitivity.Outcome(watch=watch, alarms=(alarm, alarm), recorded_s=3600)
    empty = sensitivity.Outcome(watch=watch, alarms=(), recorded_s=3600)
    lines = list(sensitivity.describe([short, hour, empty]))
    assert lines[0] == "sensitivity 0.5, unattended 10 s: would have alarmed once in 0:10:00"
    assert lines[2] == "  0:01:01  littering in sân: alone 5 s"
    assert lines[3].endswith("2 times in 1:00:00 (48 a day at this rate)")
    assert lines[-1].endswith("0 times in 1:00:00 (0 a day at this rate)")
