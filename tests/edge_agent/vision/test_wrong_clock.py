"""A camera whose clock is wrong, as it tells when it is asked, and as its stream shows."""

from contextlib import suppress
from itertools import count
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.condition.checkup import Checkup
from edge_agent.vision.condition.flow import EXACT_S, RIGHT_S, WRONG_S, Count
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import Degraded
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import NoteClock
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import SourceLost, open_source
from tests.edge_agent.vision.vision_process import watch, write_clip

HOUR_S = 3_600.0


class Camera:
    """A checkup that packets reach five times a second; `told` holds (condition, is over)."""

    def __init__(self) -> None:
        self.checkup = Checkup(5.0)
        self.told: list[tuple[str, bool]] = []
        self.drift_s: float | None = None
        self._packets = 0

    def answer(self, offset_s: float | None) -> None:
        self.checkup.flow.note_clock(offset_s)

    def run(self, duration_s: float) -> None:
        for _ in range(int(duration_s * 5)):
            self._packets += 1
            self.told += [
                (change.condition, change.until_s is not None)
                for change in self.checkup.packets(1, self._packets / 5, self._count)
            ]

    def _count(self) -> Count:
        return Count(decoded=self._packets, errors=0, drift_s=self.drift_s)


def test_a_wrong_time_is_told_by_how_much_and_ends_once_it_is_set() -> None:
    """One answer proves nothing: a camera that has just started may not have asked its server yet."""
    camera = Camera()
    camera.answer(7 * HOUR_S)
    camera.run(60)
    assert camera.told == []
    camera.answer(7 * HOUR_S + 0.4)
    camera.run(60)
    assert camera.told == [("clock_drift", False)]
    assert camera.checkup.describe("clock_drift") == (
        "the camera's clock is 7:00:00 ahead of the right time"
    )
    camera.answer(0.3)
    camera.run(120)
    assert camera.told == [("clock_drift", False), ("clock_drift", True)]


def test_a_clock_near_the_threshold_does_not_come_and_go() -> None:
    """It must become clearly better before it counts as right."""
    camera = Camera()
    for offset_s in (-WRONG_S - 1, -WRONG_S - 1, -WRONG_S + 1, -RIGHT_S - 1, -WRONG_S - 1):
        camera.answer(offset_s)
        camera.run(100)
    assert camera.told == [("clock_drift", False)]
    assert "behind" in camera.checkup.describe("clock_drift")


def test_a_clock_that_was_set_right_is_no_clock_that_jumped() -> None:
    """What the stream shows of it lasts for an hour; that it tells the right time ends that."""
    camera = Camera()
    camera.drift_s = 0.0
    camera.run(60)
    camera.drift_s = -7 * HOUR_S
    camera.run(30)
    assert camera.told == [("clock_drift", False)]
    camera.answer(EXACT_S - 1)
    camera.run(120)
    assert camera.told == [("clock_drift", False), ("clock_drift", True)]


def test_a_camera_that_stops_telling_is_not_judged_by_old_words() -> None:
    """Its stream goes well."""
    camera = Camera()
    for offset_s in (HOUR_S, HOUR_S):
        camera.answer(offset_s)
    camera.drift_s = 0.0
    camera.run(60)
    camera.answer(None)
    camera.run(120)
    assert camera.told == [("clock_drift", False), ("clock_drift", True)]


@given(st.lists(st.none() | st.floats(-1e7, 1e7), max_size=12))
def test_it_is_told_only_while_it_is_wrong(answers: list[float | None]) -> None:
    """Whatever it answers: begins and ends alternate, and a right clock is never called wrong."""
    camera = Camera()
    for before, offset_s in zip([None, *answers], answers, strict=False):
        told = len(camera.told)
        camera.answer(offset_s)
        camera.run(130)
        if ("clock_drift", False) in camera.told[told:]:
            assert before is not None and offset_s is not None  # noqa: PT018
            assert min(abs(before), abs(offset_s)) > WRONG_S
        if offset_s is not None and abs(offset_s) < RIGHT_S:
            assert not camera.checkup.flow.wrong_clock
    assert [over for _, over in camera.told] == [n % 2 == 1 for n in range(len(camera.told))]


def test_it_is_told_with_a_picture(tmp_path: Path) -> None:
    """As every condition, by the analysis of the camera that is asked."""
    (tmp_path / "spool").mkdir()
    clip = write_clip(tmp_path / "clip.mp4", lambda *_: None, until_s=25)
    arrivals = count(1_000.0, 0.1)
    said = []
    with open_source(str(clip), 1_000.0) as source:
        stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=1_000_000))
        analysis = Analysis(watch("gate", clip), stock, room=EvidenceRoom(spool=tmp_path / "spool"))
        with suppress(SourceLost):
            for packet in source.packets(lambda: next(arrivals)):
                said += analysis.feed(packet)
                if 1_005.0 <= packet.t_s < 1_005.19:
                    analysis.obey(NoteClock(camera_id="gate", offset_s=-HOUR_S))
    (finding,) = (f for f in said if isinstance(f, Degraded))
    assert finding.condition == "clock_drift"
    assert "1:00:00 behind" in finding.detail
    assert len(finding.pictures) == 1
