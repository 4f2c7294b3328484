"""The technician's commands over a recording: a drawn video, a still with zones, a report."""

import base64
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from edge_agent.replay import ReplayError, chosen_watch, watch_of
from edge_agent.tuning import overlay, sensitivity
from edge_agent.tuning.debug_video import words
from edge_agent.tuning.lines import Lines
from edge_agent.vision.findings import Degraded, PresenceStarted, Recovered, Seen
from edge_agent.vision.orders import Zone
from edge_agent.vision.setting import WHOLE_PICTURE
from tests.edge_agent.vision.stage import Picture, deposit, wall
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


def test_what_is_said_in_the_drawn_video_names_what_it_is() -> None:
    """Which of the purposes began where, and which of the camera's conditions."""
    beside = {"camera_id": "cong-cho", "at_s": 9.0}
    present = {"object_id": "1", "zone": "sân", "box": (0, 0, 1, 1), "present_s": 1, "share": 0.5}
    loitering = PresenceStarted(purpose="loitering", **present, **beside)
    black = Degraded(condition="black", detail="no light", **beside)
    assert words(loitering) == "loitering_started sân"
    assert words(black) == "black: no light"
    assert words(Recovered(condition="black", lasted_s=3, **beside)) == "no longer black"


def test_words_at_the_edge_stay_in_the_picture() -> None:
    """What is left at the right edge has its phase there too."""
    image = np.zeros((180, 320, 3), np.uint8)
    overlay.write(image, "unattended alone 5s 0.97", 300, 2)
    inside = np.zeros_like(image)
    overlay.write(inside, "unattended alone 5s 0.97", 40, 90)
    assert np.count_nonzero(image) == pytest.approx(np.count_nonzero(inside), rel=0.15)


@pytest.mark.parametrize("option", ["--output", "--debug-video"])
def test_a_replay_never_writes_over_what_it_reads(option: str, clip: Path, tmp_path: Path) -> None:
    """A recording may be the only one there is."""
    recording = tmp_path / "only.mp4"
    recording.write_bytes(clip.read_bytes())
    refused = edge_agent("replay", recording, option, recording)
    assert refused.returncode == 2
    assert "would be lost" in refused.stderr
    assert recording.read_bytes() == clip.read_bytes()
    nowhere = edge_agent("replay", recording, option, tmp_path / "nowhere" / "out")
    assert (nowhere.returncode, "there is no folder" in nowhere.stderr) == (2, True)


@pytest.mark.parametrize("option", ["--output", "--debug-video"])
def test_a_folder_is_no_file_to_write(option: str, clip: Path, tmp_path: Path) -> None:
    refused = edge_agent("replay", clip, option, tmp_path)
    assert refused.returncode == 2
    assert refused.stderr.strip().endswith(
        f"{tmp_path} is a folder; name a file in it to be written"
    )


def test_pictures_are_not_written_where_a_file_is(clip: Path, tmp_path: Path) -> None:
    taken = tmp_path / "taken"
    taken.write_text("of another day")
    for folder in (taken, taken / "pictures"):
        refused = edge_agent("sensitivity", clip, "--pictures", folder)
        assert refused.returncode == 2
        assert f"{folder} is or lies in a file; name a folder" in refused.stderr
    assert taken.read_text() == "of another day"


@pytest.mark.parametrize("seconds", ["abc", "0", "nan", "4000"])
def test_seconds_that_are_none_are_refused_in_words(seconds: str, clip: Path) -> None:
    refused = edge_agent("replay", clip, "--unattended-s", seconds)
    assert refused.returncode == 2
    assert "must be a number of seconds, above 0 and at most 3600" in refused.stderr


def test_a_still_is_never_written_over_the_configuration(clip: Path, gateway: Path) -> None:
    """Nor over the recording it is taken from."""
    before = gateway.read_text()
    for read in (gateway, clip):
        shown = edge_agent(
            *("zones", "show", "--config", gateway, "--camera", "cong-cho"),
            *("--video", clip, "--output", read),
        )
        assert (shown.returncode, "would be lost" in shown.stderr) == (2, True)
    assert gateway.read_text() == before


def test_a_camera_that_is_not_there_is_never_replaced_by_the_whole_picture(
    clip: Path, gateway: Path
) -> None:
    """Its settings would not be tried out; those that there are are named."""
    with pytest.raises(ReplayError, match="has: cong-cho"):
        chosen_watch(clip, gateway, "chợ")
    with pytest.raises(ReplayError, match="--config"):
        chosen_watch(clip, None, "cong-cho")
    gateway.write_text(gateway.read_text().split("cameras:")[0])
    with pytest.raises(ReplayError, match="has no camera"):
        chosen_watch(clip, gateway, None)
    for command in ("replay", "sensitivity"):
        empty = edge_agent(command, clip, "--config", gateway)
        assert (empty.returncode, "has no camera" in empty.stderr) == (2, True)


@pytest.mark.timeout(60)
def test_a_replay_prints_what_zones_of_every_purpose_would_have_told(
    clip: Path, gateway: Path, tmp_path: Path
) -> None:
    """With the times at which somebody came and was gone."""
    zone = "{name: NAME, purpose: PURPOSE, polygon: [[0, 0], [1, 0], [1, 1], [0, 1]]}"
    door = zone.replace("NAME", "cửa").replace("PURPOSE", "intrusion")
    yard = zone.replace("NAME", "sân").replace("PURPOSE", "no_dumping")
    gateway.write_text(gateway.read_text() + f"    zones: [{door}, {yard}]\n")
    done = edge_agent("replay", clip, "--config", gateway)
    assert done.returncode == 0, done.stderr
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    (intrusion,) = [line for line in lines if line["type"] == "intrusion"]
    assert intrusion["zone"] == "cửa"
    assert 3 < intrusion["t_start_s"] < intrusion["t_end_s"] < 24
    assert len(intrusion["bbox"]) == 4
    assert "littering" in {line["type"] for line in lines}


def test_what_ails_the_camera_is_said_beside_the_lines() -> None:
    """In words: the lines are for programs that count findings."""
    output, troubles = StringIO(), StringIO()
    beside = {"camera_id": "cong-cho", "condition": "black"}
    begun = Degraded(at_s=31, detail="no light", **beside)
    lines = Lines(output, troubles)
    lines.write([begun])
    assert troubles.getvalue() == "", "perhaps the recording is unusable, which is all to be said"
    lines.write([Seen(camera_id="cong-cho", at_s=40, width_px=1, height_px=1, nominal_fps=5)])
    assert len(troubles.getvalue().splitlines()) == 1
    lines.write([Recovered(at_s=80, lasted_s=49, **beside)])
    assert output.getvalue() == ""
    assert troubles.getvalue().splitlines() == [
        "edge-agent replay: camera black from 31 s: no light",
        "edge-agent replay: camera black until 80 s",
    ]


@pytest.mark.timeout(60)
def test_zones_are_seen_set_and_seen_again(clip: Path, gateway: Path, tmp_path: Path) -> None:
    """The still carries them, the file holds them, its former text is kept."""
    still = tmp_path / "still.jpg"
    show = ("zones", "show", "--config", gateway, "--camera", "cong-cho", "--video", clip)
    points = "0.1,0.5 0.9,0.5 0.9,0.95"
    change = ("zones", "set", "--config", gateway, "--camera", "cong-cho", "--zone", "lề đường")
    done = edge_agent(*change, "--purpose", "no_dumping", "--points", points)
    assert done.returncode == 0, done.stderr
    assert "has 1 zone now" in done.stdout
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
        "01-littering-before.jpg",
        "01-littering-depositing.jpg",
        "01-littering-after.jpg",
    }
    shown = {path: path.read_bytes() for path in pictures.iterdir()}
    again = edge_agent("sensitivity", clip, "--config", gateway, "--pictures", pictures)
    assert (again.returncode, again.stdout) == (2, "")
    assert "is not empty" in again.stderr
    assert {path: path.read_bytes() for path in pictures.iterdir()} == shown


def test_alarms_of_one_second_have_pictures_of_their_own(clip: Path, tmp_path: Path) -> None:
    """Numbered as the report lists them, though they may show the same."""
    door, yard = (
        Zone(name=name, purpose="intrusion", polygon=WHOLE_PICTURE) for name in ("cửa", "sân")
    )
    watch = watch_of(clip, None).model_copy(update={"zones": (door, yard)})
    first = next(sensitivity.try_out(clip, watch, tmp_path))
    assert [alarm.zone for alarm in first.alarms] == ["cửa", "sân"]
    stamps = [sensitivity.clock_of(alarm.t_s).replace(":", "") for alarm in first.alarms]
    assert stamps[0] == stamps[1]
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{stamps[0]}-01-intrusion-shown.jpg",
        f"{stamps[0]}-02-intrusion-shown.jpg",
    }


def test_what_ails_the_camera_would_have_alarmed_as_well(tmp_path: Path) -> None:
    """It is counted with the others, and its pictures are named after it."""

    def turned(picture: Picture, t_s: float) -> None:
        if t_s >= 14:
            picture[:] = np.roll(wall(8), (7, 9), (0, 1)) - 30

    clip = write_clip(tmp_path / "turned.mp4", turned, until_s=24, fps=5, gop=10)
    outcomes = list(sensitivity.try_out(clip, watch_of(clip, None), tmp_path))
    (alarm,) = outcomes[0].alarms
    assert 14 <= alarm.t_s < 20
    lines = list(sensitivity.describe(outcomes))
    assert "would have alarmed once" in lines[0]
    assert "  camera moved: " in lines[2]
    (picture,) = tmp_path.glob("*.jpg")
    assert picture.name.split("-", 1)[1] == "01-camera_moved-shown.jpg"


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
