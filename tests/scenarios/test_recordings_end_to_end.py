"""The product's main job on real input: a recording becomes an alarm, an answer, and a spoken word.

Two recordings, each re-encoded to a camera's two-second GOP and as it is (keyframes 5 and 20 s
apart), play at the same time through four simulated ONVIF cameras of one gateway.
"""

import os
from dataclasses import dataclass
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from simulator.loudspeaker.correlation import correlate, read_mono
from tests.scenarios.children import Child, eventually
from tests.scenarios.commune import GATEWAY, Commune
from tests.scenarios.console import Console, LivePage

ROOT = Path(__file__).resolve().parents[2]
FOOTAGE = Path(os.environ.get("FOOTAGE", ROOT / "../shared/footage"))
TEXT = "Đề nghị không đổ rác tại đây. Khu vực này có camera giám sát. Xin cảm ơn."


@dataclass(frozen=True, kw_only=True)
class Clip:
    """A recording and what the annotator saw: the left object's box as shares of the picture."""

    name: str
    box: tuple[float, float, float, float]
    alarm_within_s: float

    @property
    def path(self) -> Path:
        return FOOTAGE / self.name / f"{self.name}.mp4"


CLIPS = {
    "aboda": Clip(
        name="aboda-v1-corridor",
        box=(127 / 640, 312 / 480, 62 / 640, 67 / 480),
        alarm_within_s=120,
    ),
    "pets": Clip(
        name="pets2006-s1-station",
        box=(310 / 720, 195 / 576, 38 / 720, 39 / 576),
        alarm_within_s=220,
    ),
}
CAMERAS = {
    "aboda": ("aboda", ()),
    "aboda-keep": ("aboda", ("--keep-gop",)),
    "pets": ("pets", ()),
    "pets-keep": ("pets", ("--keep-gop",)),
}

pytestmark = [
    pytest.mark.scenario,
    pytest.mark.broker,
    pytest.mark.footage,
    pytest.mark.timeout(300),
    pytest.mark.skipif(
        not FOOTAGE.is_dir(),
        reason=f"NOT TESTED: the development footage is missing ({FOOTAGE}); set FOOTAGE",
    ),
]


@dataclass(frozen=True, kw_only=True)
class Evening:
    """The running commune and the operator at the console."""

    commune: Commune
    console: Console
    page: LivePage
    loudspeakers: dict


@pytest.fixture(scope="module")
def evening(tmp_path_factory):
    with Commune(tmp_path_factory.mktemp("recordings")) as commune:
        commune.found()
        commune.broker.start()
        commune.start_centre()
        loudspeakers = {
            "loa-1": commune.add_loudspeaker("loa-1", group="239.255.77.1", codec="pcmu"),
            "loa-2": commune.add_loudspeaker("loa-2", group="239.255.77.2", codec="pcma"),
        }
        for camera_id, (clip, options) in CAMERAS.items():
            arguments = ("--video", CLIPS[clip].path, *options)
            commune.add_camera(camera_id, *arguments, loudspeakers=("loa-1", "loa-2"))
        commune.start_agent()
        console = commune.sign_in()
        page = LivePage(console)
        yield Evening(commune=commune, console=console, page=page, loudspeakers=loudspeakers)
        page.close()
        assert commune.agent.stop() == 0, commune.agent.complaint()
        assert commune.centre.stop() == 0, commune.centre.complaint()


def centre_of(box) -> tuple[float, float]:
    left, top, width, height = box
    return left + width / 2, top + height / 2


def alarm_at(evening: Evening, camera_id: str) -> dict:
    clip = CLIPS[CAMERAS[camera_id][0]]
    return evening.console.wait_for_alarm(
        kind="littering", device_id=camera_id, within_s=clip.alarm_within_s
    )


@pytest.mark.parametrize("camera_id", CAMERAS)
def test_the_left_object_becomes_an_alarm_with_its_pictures_and_is_acknowledged(evening, camera_id):
    """The operator's open page learns of it by itself, and the pictures prove what was left where."""
    alarm = alarm_at(evening, camera_id)
    alarm_id = alarm["alarm_id"]
    assert alarm["priority"] == "high"
    eventually(
        lambda: evening.page.told_of("alarm", alarm_id),
        within_s=5,
        what="the open page is told of the alarm",
    )

    left, top, width, height = CLIPS[CAMERAS[camera_id][0]].box
    x, y = centre_of(alarm["facts"]["box"])
    assert left - width / 2 <= x <= left + 1.5 * width, alarm["facts"]
    assert top - height / 2 <= y <= top + 1.5 * height, alarm["facts"]

    def stored() -> list:
        pictures = evening.console.get(f"/api/alarms/{alarm_id}")["alarm"]["pictures"]
        return pictures if pictures and all(p["state"] == "stored" for p in pictures) else []

    pictures = eventually(stored, within_s=60, what="the pictures are at the centre")
    assert {"before", "after"} <= {picture["role"] for picture in pictures}
    for picture in pictures:
        jpeg = evening.console.http.get(f"/api/evidence/{picture['sha256']}")
        assert sha256(jpeg.content).hexdigest() == picture["sha256"]
        decoded = cv2.imdecode(np.frombuffer(jpeg.content, np.uint8), cv2.IMREAD_COLOR)
        assert decoded.shape[:2] == (picture["height_px"], picture["width_px"])

    answered = evening.console.post(f"/api/alarms/{alarm_id}/acknowledge")
    assert answered["alarm"]["state"] == "acknowledged"
    assert answered["alarm"]["acknowledged_by"]
    assert [step["cause"] for step in answered["history"]][-1] == "acknowledge"


@pytest.mark.parametrize("camera_id", ["aboda", "pets"])
def test_the_clip_of_the_deposit_follows_and_can_be_played_from_anywhere(evening, camera_id):
    """The camera's own pictures, from before the deposit, whole and by parts."""
    alarm = alarm_at(evening, camera_id)
    path = f"/api/alarms/{alarm['alarm_id']}"

    def stored() -> dict | None:
        clips = evening.console.get(path)["alarm"]["clips"]
        return next((clip for clip in clips if clip["state"] == "stored"), None)

    clip = eventually(stored, within_s=90, what="the clip is at the centre")
    assert clip["begins_at"] <= alarm["facts"]["deposited_at"]
    whole = evening.console.http.get(f"/api/evidence/{clip['sha256']}")
    assert whole.headers["content-type"] == "video/mp4"
    assert sha256(whole.content).hexdigest() == clip["sha256"]
    part = evening.console.http.get(
        f"/api/evidence/{clip['sha256']}", headers={"Range": "bytes=100-199"}
    )
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    with av.open(BytesIO(whole.content)) as video:
        shown_s = [float(frame.time) for frame in video.decode(video=0)]
    assert shown_s[0] == pytest.approx(0, abs=0.1)
    assert shown_s[-1] == pytest.approx(clip["duration_s"], abs=0.5)


def test_the_message_is_spoken_there_and_both_loudspeakers_prove_it(evening):
    """What the operator heard is what both loudspeakers played, and the alarm says it was spoken."""
    alarm = alarm_at(evening, "aboda")
    named = evening.console.device("aboda")["loudspeaker_ids"]
    assert named == ["loa-1", "loa-2"]
    spoken = evening.console.speak(
        TEXT, [(GATEWAY, name) for name in named], alarm_id=alarm["alarm_id"]
    )
    states = evening.console.wait_until_proven(spoken["broadcast_id"], within_s=60)
    assert states == {"loa-1": "finished", "loa-2": "finished"}
    assert evening.page.told_of("broadcast", spoken["broadcast_id"])
    assert evening.console.get(f"/api/alarms/{alarm['alarm_id']}")["alarm"]["spoken"]

    sound = evening.commune.folder / "spoken.ogg"
    sound.write_bytes(evening.console.http.get(f"/api/audio/{spoken['audio_sha256']}").content)
    for name, loudspeaker in evening.loudspeakers.items():
        recording = recording_of(evening, loudspeaker)
        match = correlate(read_mono(sound), read_mono(recording))
        assert match.peak >= 0.9, f"{name}: {match}"


def recording_of(evening: Evening, loudspeaker: Child) -> Path:
    """Return what the loudspeaker has played; it writes the file a second after its end."""
    played = eventually(
        lambda: loudspeaker.events("played"), within_s=10, what=f"{loudspeaker.name} has played"
    )
    return evening.commune.folder / f"{loudspeaker.name}.played" / Path(played[-1]["file"]).name
