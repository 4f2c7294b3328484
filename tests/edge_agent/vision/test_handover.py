"""A connection that breaks for a while: what was seen before it goes on to be known after it."""

import re
import time
from fractions import Fraction
from pathlib import Path
from queue import Queue
from typing import Any

import av
import numpy as np
import pytest
from av import VideoFrame
from structlog.testing import capture_logs

from edge_agent.vision.camera import Camera, Crew
from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import (
    AnyFinding,
    ClipReady,
    EvidenceMissed,
    FixtureLearned,
    LitteringConfirmed,
    LitteringEnded,
    Lost,
    MotionEnded,
    MotionStarted,
    PresenceEnded,
    PresenceStarted,
    Seen,
)
from edge_agent.vision.handover import KEPT_S, Handovers
from edge_agent.vision.intake.rounds import Rounds
from edge_agent.vision.intake.turns import Turns
from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.objects.belongings import Belonging
from edge_agent.vision.orders import Fixture, Forget, MarkFixture
from tests.edge_agent.vision.stage import (
    HEIGHT,
    WIDTH,
    Paint,
    Picture,
    Told,
    deposit,
    make_scene,
    pictures,
    wall,
)
from tests.edge_agent.vision.streams import Stream
from tests.edge_agent.vision.test_bad_streams import encode
from tests.edge_agent.vision.vision_process import YARD, VisionProcess, watch
from tests.fakes.ports import find_free_port
from tests.fakes.rtsp_camera import RtspCamera

LIVE_FPS = 15
NO_ZONE = YARD.model_copy(update={"polygon": ((0, 0), (0.1, 0), (0.1, 0.1))})


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet_libraries()


@pytest.fixture(scope="module")
def bag_clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Somebody leaves a bag at 8 s and is gone by 15 s; at 45 s it is taken."""
    return encode(tmp_path_factory.mktemp("clips") / "bag.mp4", deposit(until_s=45), until_s=60)


def test_the_next_watch_tells_of_it_with_all_evidence(bag_clip: Path, tmp_path: Path) -> None:
    """Pictures and clip of the deposit come out of the ring of the watch before."""
    stream = Stream(bag_clip, tmp_path / "spool")
    left = stream.see(watch("gate", bag_clip), 0, 12)
    assert stream.of(LitteringConfirmed) == []
    stream.see(watch("gate", bag_clip), 24, 40, inherited=left)
    (found,) = stream.of(LitteringConfirmed)
    assert stream.of(Seen)
    assert 7 < found.deposited_at_s < 9
    assert 5 <= found.unattended_s < found.at_s - 12
    assert [picture.role for picture in found.pictures] == ["before", "depositing", "after"]
    assert found.pictures[0].taken_at_s < found.deposited_at_s < 12 < found.pictures[2].taken_at_s
    assert "depositor_traced" in found.reasons
    (ready,) = stream.of(ClipReady)
    assert ready.object_id == found.object_id
    assert ready.clip.begins_at_s <= found.deposited_at_s - 7
    assert stream.of(EvidenceMissed) == []
    stream.room.close()


def test_an_alarm_ends_with_the_watch_after_the_one_that_raised_it(bag_clip: Path) -> None:
    stream = Stream(bag_clip)
    left = stream.see(watch("gate", bag_clip), 0, 25)
    (found,) = stream.of(LitteringConfirmed)
    stream.see(watch("gate", bag_clip), 30, 60, inherited=left)
    (ended,) = stream.of(LitteringEnded)
    assert (ended.object_id, ended.zone) == (found.object_id, "yard")
    assert 45 < ended.at_s < 52


def test_what_is_known_of_visits_is_handed_on(bag_clip: Path) -> None:
    """How long nothing has stirred is not: nobody looked meanwhile."""
    stream = Stream(bag_clip)
    first = stream.see(watch("gate", bag_clip), 0, 1.9)
    first.sparing.note(-100.0, moving=True)
    first.sparing.note(-90.0, moving=False)
    second = stream.see(watch("gate", bag_clip), 2, 3.9, inherited=first)
    assert second.sparing is first.sparing
    assert not second.sparing.allows(3.9)


@pytest.mark.parametrize("says", ["while watched", "before the first picture", "while away"])
def test_it_belongs_there_also_when_the_operator_says_so_later(says: str, bag_clip: Path) -> None:
    """To the watch that has taken over, or to the gateway while the camera is away."""
    stream = Stream(bag_clip)
    left = stream.see(watch("gate", bag_clip), 0, 25)
    (found,) = stream.of(LitteringConfirmed)
    if says == "while away":
        fixture = Fixture(fixture_id=found.object_id, zone="yard", box=found.box)
    else:
        mark = MarkFixture(camera_id="gate", object_id=found.object_id)
        until_s = 28 if says == "while watched" else 26
        left = stream.see(watch("gate", bag_clip), 26, until_s, inherited=left, orders=(mark,))
        (learned,) = stream.of(FixtureLearned)
        fixture = learned.fixture
        assert fixture.box == pytest.approx(found.box, abs=0.01)
    stream.see(watch("gate", bag_clip, fixtures=(fixture,)), 28, 34, inherited=left)
    (ended,) = stream.of(LitteringEnded)
    assert (ended.object_id, ended.ending) == (found.object_id, "fixture")


@pytest.mark.parametrize("known", [True, False])
def test_what_was_forgotten_meanwhile_is_no_fixture_any_more(known: bool, bag_clip: Path) -> None:
    box = (160 / 320, 107 / 180, 17 / 320, 14 / 180)
    fixture = Fixture(fixture_id="bin", zone="yard", box=box)
    stream = Stream(bag_clip)
    left = stream.see(watch("gate", bag_clip, fixtures=(fixture,)), 0, 3)
    fixtures = (fixture,) if known else ()
    stream.see(watch("gate", bag_clip, fixtures=fixtures), 3.5, 40, inherited=left)
    assert bool(stream.of(LitteringConfirmed)) is not known


def test_a_turned_camera_still_knows_what_the_operator_marked(bag_clip: Path) -> None:
    scene = make_scene()
    for t_s, picture in pictures(deposit(), until_s=25):
        scene.step(picture, t_s)
    (thing,) = scene.left
    scene.know([Belonging(box=thing.area.shares_of((WIDTH, HEIGHT)), looks=None, fixture_id="b")])
    scene.turn(wall().astype(np.uint8), 25)
    told = Told()
    for t_s, picture in pictures(deposit(), until_s=25):
        told.events += scene.step(picture, 26 + t_s)
    assert told.confirmed() == []
    assert [phase for _, phase in told.ended()] == [Phase.FIXTURE]


def test_a_watch_that_broke_off_leaves_nothing_open(bag_clip: Path) -> None:
    """Somebody was in a guarded zone and moved: the agent has ended that by itself."""
    guarded = YARD.model_copy(update={"name": "gate", "purpose": "intrusion", "present_s": 0.5})
    order = watch("gate", bag_clip, zones=(YARD, guarded))
    stream = Stream(bag_clip)
    left = stream.see(order, 0, 12.5, broken_off=True)
    assert stream.of(PresenceStarted)
    assert stream.of(MotionStarted)
    stream.see(order, 24, 40, inherited=left)
    assert stream.of(PresenceEnded) + stream.of(MotionEnded) == []
    assert len(stream.of(LitteringConfirmed)) == 1


def test_pictures_that_a_camera_sends_once_more_are_left_out(bag_clip: Path) -> None:
    """It begins with its last group: what is known is not thrown away for that."""
    stream = Stream(bag_clip)
    left = stream.see(watch("gate", bag_clip), 0, 12)
    stream.see(watch("gate", bag_clip), 10, 40, inherited=left)
    (found,) = stream.of(LitteringConfirmed)
    (seen,) = stream.of(Seen)
    assert seen.at_s >= left.last_s
    assert found.deposited_at_s < 9


@pytest.mark.parametrize("masked", [True, False])
def test_masks_hide_as_much_afterwards(masked: bool, tmp_path: Path) -> None:
    clip = encode(tmp_path / "late.mp4", deposit(there_s=20, away_s=21), until_s=36)
    hidden = (((0.4, 0.5), (0.7, 0.5), (0.7, 0.8), (0.4, 0.8)),) if masked else ()
    stream = Stream(clip)
    left = stream.see(watch("gate", clip, masks=hidden), 0, 12)
    left = stream.see(watch("gate", clip, masks=hidden), 14, 36, inherited=left)
    assert (stream.of(LitteringConfirmed) == []) is masked


def test_only_what_waits_is_kept_of_a_stream_that_has_ended(bag_clip: Path) -> None:
    """And nothing once it is told, or given up."""
    stream = Stream(bag_clip)
    stream.see(watch("gate", bag_clip), 0, 7)
    assert stream.ring.held_bytes > 0
    left = stream.see(watch("gate", bag_clip), 0, 12)
    assert stream.ring.held_bytes > 0
    kept = stream.ring
    left.release()
    assert kept.held_bytes == 0


@pytest.mark.parametrize(
    "change",
    [
        {"zones": (NO_ZONE,)},
        {"masks": (((0.4, 0.4), (0.9, 0.4), (0.9, 0.9)),)},
        {"unattended_s": 6.0},
        {"sensitivity": 0.9},
    ],
    ids=str,
)
def test_who_is_asked_for_something_else_begins_anew(
    change: dict[str, Any], bag_clip: Path
) -> None:
    stream = Stream(bag_clip)
    left = stream.see(watch("gate", bag_clip), 0, 12)
    assert left.suits(watch("gate", bag_clip), 20)
    assert not left.suits(watch("gate", bag_clip, **change), 20)
    stream.see(watch("gate", bag_clip, **change), 24, 40, inherited=left)
    assert stream.of(LitteringConfirmed) == []


def test_hours_that_end_meanwhile_are_kept(bag_clip: Path) -> None:
    """The zone watches nothing any more: nobody waits for a bag that is put down in it."""
    stream = Stream(bag_clip)
    left = stream.see(watch("gate", bag_clip), 0, 4)
    idle = YARD.model_copy(update={"armed": False})
    stream.see(watch("gate", bag_clip, zones=(idle,)), 6, 40, inherited=left)
    assert stream.of(LitteringConfirmed) == []


def test_what_is_left_for_too_long_is_given_up(bag_clip: Path) -> None:
    """Nor does a watch go on with what has not happened yet."""
    order = watch("gate", bag_clip)
    left = Stream(bag_clip).see(order, 0, 12)
    assert left.last_s < 12
    assert left.suits(order, left.last_s + KEPT_S)
    assert not left.suits(order, left.last_s + KEPT_S + 1)
    assert not left.suits(order, left.last_s - 1)
    handovers = Handovers()
    handovers.leave(left)
    handovers.give_up_old(left.last_s + KEPT_S)
    assert handovers.take("gate") is left
    assert handovers.take("gate") is None
    assert left.told.kept
    handovers.leave(left)
    with capture_logs() as logged:
        handovers.give_up_old(left.last_s + KEPT_S + 1)
    assert handovers.take("gate") is None
    assert not left.told.kept
    assert [(line["event"], line["camera_id"]) for line in logged] == [("waiting_given_up", "gate")]


def test_a_watch_that_saw_nothing_leaves_what_it_was_left(bag_clip: Path) -> None:
    stream = Stream(bag_clip)
    left = stream.see(watch("gate", bag_clip), 0, 12)
    assert stream.see(watch("gate", bag_clip), 13, 13, inherited=left) is left


def test_a_camera_that_was_turned_while_it_was_away_is_told(tmp_path: Path) -> None:
    """And what it shows now is not taken for things that were left."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 42:
            picture[:] = np.roll(picture, (50, 70), axis=(0, 1))

    clip = encode(tmp_path / "turned.mp4", paint, until_s=110)
    stream = Stream(clip)
    left = stream.see(watch("gate", clip), 0, 40)
    stream.see(watch("gate", clip), 44, 110, inherited=left)
    assert [f.condition for f in stream.said if f.say == "degraded"] == ["moved"]
    assert stream.of(LitteringConfirmed) == []


@pytest.mark.parametrize("fails", [True, False])
def test_what_failed_unexpectedly_is_not_handed_on(fails: bool, bag_clip: Path) -> None:
    """It would fail again, and again."""
    turns, lost = Turns(workers=1), Queue[Lost]()
    crew = Crew(rounds=Rounds(after=turns.begin), turns=turns)

    def say(finding: AnyFinding) -> None:
        if isinstance(finding, Lost):
            lost.put(finding)
        elif fails and isinstance(finding, MotionStarted):
            raise ZeroDivisionError

    Camera(watch("gate", bag_clip), EvidenceRoom(), crew, say, time.monotonic).start()
    assert lost.get(timeout=15).reason == ("undecodable" if fails else "ended")
    assert (crew.handovers.take("gate") is None) is fails
    turns.stop()


def live_units(paint: Paint, from_s: float, until_s: float) -> list[list[bytes]]:
    """Encode the pictures of an interval as a live camera does, each as its NAL units."""
    context = av.CodecContext.create("libx264", "w")
    context.width, context.height, context.pix_fmt = 320, 180, "yuv420p"
    context.time_base, context.framerate = Fraction(1, LIVE_FPS), Fraction(LIVE_FPS)
    params = "keyint=15:min-keyint=15:scenecut=0:bframes=0:repeat-headers=1"
    context.options = {"preset": "ultrafast", "tune": "zerolatency", "x264-params": params}
    bodies: list[bytes] = []
    for number, (t_s, picture) in enumerate(pictures(paint, until_s=until_s, fps=LIVE_FPS)):
        if t_s >= from_s:
            frame = VideoFrame.from_ndarray(picture, format="gray").reformat(format="yuv420p")
            frame.pts = number
            bodies += [bytes(packet) for packet in context.encode(frame)]
    return [[nal for nal in re.split(rb"\x00?\x00\x00\x01", body) if nal] for body in bodies]


@pytest.mark.timeout(60)
def test_a_child_goes_on_with_a_camera_that_hung_up(tmp_path: Path) -> None:
    """The camera comes back at another address, after a time at which it could not be reached."""
    paint = deposit(there_s=6, away_s=7)
    before, after = live_units(paint, 0, 11), live_units(paint, 12.5, 25)
    with (
        VisionProcess(tmp_path / "spool") as vision,
        RtspCamera(before, ending="close", paced=True) as camera,
        RtspCamera(after, paced=True) as again,
    ):
        vision.order(watch("gate", camera.uri))
        assert vision.wait_for("lost", "gate", timeout_s=25).reason == "ended"
        vision.order(Forget(camera_id="gate"))
        vision.seen.clear()
        vision.order(watch("gate", f"rtsp://127.0.0.1:{find_free_port()}/"))
        assert vision.wait_for("lost", "gate").reason == "unreachable"
        vision.seen.clear()
        vision.order(watch("gate", again.uri))
        found = vision.wait_for("littering_confirmed", "gate", timeout_s=25)
        assert found.unattended_s >= 5
        assert found.at_s - found.deposited_at_s > 7
        assert "depositor_traced" in found.reasons
