"""When clips are made: once all that they show has come, or the stream is lost."""

import time
from concurrent.futures import Future
from pathlib import Path
from threading import Event

import pytest

from edge_agent.vision.camera import Camera, Crew
from edge_agent.vision.evidence.clips import LATE_S, MOST_WAITING, ClipJobs, Clips
from edge_agent.vision.evidence.room import open_room
from edge_agent.vision.findings import AnyFinding, ClipReady, LitteringConfirmed, Lost
from edge_agent.vision.intake.rounds import Rounds
from edge_agent.vision.intake.turns import Turns
from edge_agent.vision.lookback import Stock
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.shelf import Shelf
from tests.edge_agent.vision.footage_maker import decode, encode, shifted
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.vision_process import watch, write_clip

FORM, PACKETS = encode(bframes=0)


@pytest.fixture
def jobs():
    jobs = ClipJobs()
    yield jobs
    jobs.close()


class Recorder:
    """The clips of a camera whose two streams a test feeds."""

    def __init__(self, folder: Path, jobs: ClipJobs | None, *, with_main: bool = False) -> None:
        self.shelf = Shelf(folder / "pins")
        self.folder = folder
        self.own, self.main = (
            Stock(form=FORM, ring=PacketRing(max_s=2.0, max_bytes=10_000, shelf=self.shelf))
            for _ in range(2)
        )
        self.clips = Clips(
            "gate",
            self.own,
            lambda: self.main if with_main else None,
            folder=folder,
            masks=(),
            jobs=jobs,
        )
        self.ready: list[ClipReady] = []

    def feed(self, begin_s: float, end_s: float, *, to: str = "own") -> None:
        """Feed a stream of which 6 s are encoded and repeat."""
        for turn in range(10):
            for packet in shifted(PACKETS, 6.0 * turn, base=FORM.time_base):
                if begin_s <= packet.t_s < end_s - 1e-6:
                    getattr(self, to).ring.append(packet)
                    if to == "own":
                        self.ready += self.clips.step(packet.t_s)

    def settle(self) -> list[ClipReady]:
        """Wait for what is being made."""
        for _, future in self.clips._making:
            future.exception(10)
        self.ready += self.clips.step(0.0)
        return self.ready

    def lengths(self) -> list[float]:
        return [round(ready.clip.duration_s, 1) for ready in self.settle()]

    def pictures(self) -> int:
        return len(decode(self.folder / f"{self.ready[0].clip.sha256}.mp4"))


def test_a_clip_waits_for_its_end_and_keeps_its_beginning(tmp_path: Path, jobs: ClipJobs) -> None:
    """Although the ring holds two seconds only."""
    camera = Recorder(tmp_path, jobs)
    camera.feed(0, 4)
    camera.clips.request("bag", 2.5, 9.0)
    camera.feed(4, 9)
    assert camera.settle() == []
    camera.feed(9, 10)
    assert camera.lengths() == [pytest.approx(7.1, abs=0.15)]
    assert camera.ready[0].object_id == "bag"
    assert camera.ready[0].clip.begins_at_s == pytest.approx(2.0)
    assert camera.pictures() == pytest.approx(71, abs=1)
    assert camera.shelf.held_bytes == 0


def test_the_main_stream_is_waited_for_but_not_for_ever(tmp_path: Path, jobs: ClipJobs) -> None:
    """One that has stopped gives way to the small pictures of the other."""
    camera = Recorder(tmp_path, jobs, with_main=True)
    camera.feed(0, 4, to="main")
    camera.feed(0, 4)
    camera.clips.request("bag", 2.5, 6.0)
    camera.feed(4, 6.0 + LATE_S, to="own")
    assert camera.settle() == []
    camera.feed(6.0 + LATE_S, 10)
    assert camera.lengths() == [pytest.approx(4.1, abs=0.15)]


def test_what_is_too_long_after_its_keyframe_is_shown_by_the_other_stream(
    tmp_path: Path, jobs: ClipJobs
) -> None:
    """A clip of the main stream would end before the instant; without the other there is none."""
    _, endless = encode(pictures=1_000, bframes=0, gop=2_000)
    camera = Recorder(tmp_path, jobs, with_main=True)
    camera.main.ring.extend(endless)
    for packet in shifted(PACKETS, 92.0, base=FORM.time_base):
        camera.own.ring.append(packet)
    camera.clips.request("bag", 95.0, 97.0, around_s=96.0)
    ready = camera.clips.finish(98.0, wait_s=10)
    assert [one.clip.begins_at_s for one in ready] == [pytest.approx(95.0)]
    alone = Recorder(tmp_path / "alone", jobs)
    alone.own.ring.extend(endless)
    alone.clips.request("bag", 95.0, 97.0, around_s=96.0)
    assert alone.clips.finish(98.0, wait_s=10) == []
    (missed,) = alone.clips.losses.tell(98.0)
    assert (missed.what, missed.object_id) == ("clip", "bag")
    assert "shorten the camera's keyframe interval" in missed.why


def test_a_lost_stream_ends_a_clip_with_what_there_is(tmp_path: Path, jobs: ClipJobs) -> None:
    """Before the loss is said."""
    camera = Recorder(tmp_path, jobs)
    camera.feed(0, 4)
    camera.clips.request("bag", 2.0, 60.0, around_s=3.0)
    camera.feed(4, 5)
    ready = camera.clips.finish(5.0, wait_s=10)
    assert [round(one.clip.duration_s, 1) for one in ready] == [3.0]
    assert camera.clips.finish(5.0, wait_s=0) == []


def test_a_clip_that_cannot_be_made_is_told_and_harms_nothing(
    tmp_path: Path, jobs: ClipJobs
) -> None:
    """The next one is made."""
    camera = Recorder(tmp_path, jobs)
    camera.clips.request("early", -9.0, -5.0)
    assert camera.clips.finish(0.0, wait_s=10) == []
    (missed,) = camera.clips.losses.tell(0.0)
    assert (missed.object_id, missed.what) == ("early", "clip")
    assert "no picture" in missed.why
    assert camera.clips.losses.tell(0.0) == []
    camera.feed(0, 4)
    camera.clips.request("bag", 1.0, 3.0)
    camera.feed(4, 5)
    assert len(camera.lengths()) == 1


def test_no_more_clips_wait_than_can_be_made(tmp_path: Path, jobs: ClipJobs) -> None:
    """Refused ones are counted and keep nothing back."""
    go = Event()
    futures = [jobs.submit(lambda: go.wait(10)) for _ in range(MOST_WAITING)]
    assert all(isinstance(future, Future) for future in futures)
    camera = Recorder(tmp_path, jobs)
    camera.feed(0, 4)
    camera.clips.request("bag", 1.0, 3.0)
    camera.feed(4, 5)
    assert jobs.refused == 1
    (missed,) = camera.clips.losses.tell(5.0)
    assert "too many clips wait" in missed.why
    camera.feed(5, 30)
    assert camera.shelf.held_bytes == 0
    go.set()
    assert camera.settle() == []


def test_without_a_place_for_them_no_clips_are_made(tmp_path: Path) -> None:
    """As in a replay."""
    camera = Recorder(tmp_path, None)
    camera.feed(0, 4)
    camera.clips.request("bag", 1.0, 3.0)
    camera.feed(4, 30)
    assert camera.settle() == []
    assert camera.shelf.held_bytes == 0


def test_a_camera_that_is_forgotten_for_its_loss_still_gives_its_clip(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The agent forgets a lost camera at once, while a masked clip takes its time."""
    monkeypatch.setattr("edge_agent.vision.camera.CLIPS_BEFORE_LOSS_S", 0.0)
    scene = write_clip(tmp_path / "bag.mp4", deposit(), until_s=18)
    order = watch("gate", scene, masks=(((0, 0), (0.25, 0), (0.25, 0.25)),))
    said: list[AnyFinding] = []
    done = Event()

    def listen(finding: AnyFinding) -> None:
        said.append(finding)
        if isinstance(finding, Lost):
            watched.forget()
        elif isinstance(finding, ClipReady):
            done.set()

    turns, room = Turns(workers=1), open_room(tmp_path / "spool", tmp_path / "pins")
    crew = Crew(rounds=Rounds(after=turns.begin), turns=turns)
    watched = Camera(order, room, crew, listen, time.monotonic)
    watched.start()
    assert done.wait(15)
    turns.stop()
    room.close()
    assert [finding.say for finding in said][-2:] == ["lost", "clip_ready"]
    bag = next(finding for finding in said if isinstance(finding, LitteringConfirmed))
    assert said[-1].object_id == bag.object_id
