"""One thread reads many cameras; what one of them does concerns no other."""

import threading
import time
from contextlib import ExitStack

import pytest

from edge_agent.vision.intake.backlog import BACKLOG_PACKETS, Backlog, Pulse
from edge_agent.vision.intake.main_stream import Evidence
from edge_agent.vision.intake.rhythm import SOON_S, Pause
from edge_agent.vision.intake.rounds import Rounds
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.rtsp import connection
from edge_agent.vision.stream.source import open_source
from tests.edge_agent.vision.test_rtsp import PICTURES
from tests.fakes.rtsp_camera import Ending, RtspCamera


class Reading:
    """Reads a camera with the rounds, in a thread that waits for its end."""

    def __init__(self, rounds: Rounds, uri: str) -> None:
        self.packets: list[Packet] = []
        self.lost: SourceLost | None = None
        self._rounds, self._uri = rounds, uri
        self.thread = threading.Thread(target=self._run)
        self.thread.start()

    def _run(self) -> None:
        try:
            with open_source(self._uri, 0.0) as source:
                assert not source.waits

                def visit(buffer: memoryview) -> Pause:
                    self.packets += source.take(buffer, time.monotonic())
                    return Pause(SOON_S)

                self._rounds.follow(visit)
        except SourceLost as lost:
            self.lost = lost


def test_cameras_that_hang_break_or_talk_rubbish_take_no_picture_from_another(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each is lost for its own reason, in its own thread."""
    monkeypatch.setattr(connection, "READ_TIMEOUT_S", 1.0)
    rounds = Rounds()
    endings: tuple[Ending, ...] = ("hang", "close", "rubbish", "close")
    with ExitStack() as stack:
        cameras = [stack.enter_context(RtspCamera(PICTURES, ending=e)) for e in endings]
        readings = [Reading(rounds, camera.uri) for camera in cameras]
        for reading in readings:
            reading.thread.join(10)
    reasons = [reading.lost.reason if reading.lost else None for reading in readings]
    assert reasons == ["stalled", "ended", "undecodable", "ended"]
    start = b"\0\0\0\1"
    for reading in (readings[0], readings[1], readings[3]):
        assert [p.payload for p in reading.packets] == [start + start.join(n) for n in PICTURES]
        assert [p.keyframe for p in reading.packets] == [n % 6 == 0 for n in range(12)]


def test_a_visit_that_fails_is_raised_where_it_came_from_and_the_rounds_go_on() -> None:
    rounds, visited = Rounds(), threading.Event()
    left: list[Exception | None] = []

    def visit(_: memoryview) -> Pause:
        visited.set()
        return Pause(SOON_S)

    def fail(_: memoryview) -> Pause:
        raise ZeroDivisionError

    rounds.add(visit, left.append)
    with pytest.raises(ZeroDivisionError):
        rounds.follow(fail)
    visited.clear()
    assert visited.wait(5.0)
    assert left == []


def test_a_visit_may_be_the_last() -> None:
    """Then nobody is visited and the thread sleeps, until somebody comes again."""
    rounds = Rounds()
    for _ in range(2):
        visits: list[int] = []

        def visit(_: memoryview, visits: list[int] = visits) -> Pause | None:
            visits.append(1)
            return Pause(SOON_S) if len(visits) < 3 else None

        rounds.follow(visit)
        assert len(visits) == 3


def test_whoever_comes_while_all_others_rest_is_visited_at_once() -> None:
    """A camera that has just been found does not wait for those at rest."""
    rounds, rested, visited = Rounds(), threading.Event(), threading.Event()

    def rest(_: memoryview) -> Pause:
        rested.set()
        return Pause(3600.0)

    def visit(_: memoryview) -> None:
        visited.set()

    rounds.add(rest, lambda _: None)
    assert rested.wait(5.0)
    rounds.add(visit, lambda _: None)
    assert visited.wait(5.0)


def test_a_visit_that_was_put_off_can_be_hastened() -> None:
    """Also while it goes on, by somebody who learns too late for it that it matters."""
    rounds, times = Rounds(), [threading.Event() for _ in range(3)]
    visits = iter(times)

    def visit(_: memoryview) -> Pause:
        time_ = next(visits)
        if time_ is times[1]:
            rounds.hasten(visit, Pause(SOON_S))
        time_.set()
        return Pause(3600.0)

    rounds.add(visit, lambda _: None)
    assert times[0].wait(5.0)
    rounds.hasten(visit, Pause(SOON_S))
    assert times[1].wait(5.0)
    assert times[2].wait(5.0)


def test_who_has_no_more_visits_cannot_be_hastened() -> None:
    rounds, over = Rounds(), threading.Event()

    def visit(_: memoryview) -> None:
        return None

    rounds.add(visit, lambda _: over.set())
    assert over.wait(5.0)
    rounds.hasten(visit, Pause(SOON_S))


def test_the_main_stream_fills_its_ring_through_the_rounds() -> None:
    """Without a picture lost."""
    with RtspCamera(PICTURES) as camera:
        evidence = Evidence("gate", camera.uri, time.monotonic, rounds=Rounds(), shelf=None)
        evidence.start()
        deadline = time.monotonic() + 10.0
        while evidence.stock is None or len(evidence.stock.ring.cut(-1e9, 1e9)) < 12:
            assert time.monotonic() < deadline
            time.sleep(0.02)
        evidence.stop()
        kept = evidence.stock.ring.cut(-1e9, 1e9)
    assert [p.keyframe for p in kept] == [n % 6 == 0 for n in range(12)]


def packet(number: int) -> Packet:
    return Packet(payload=b"x", pts=number, t_s=number / 10, keyframe=number % 10 == 0)


def test_a_full_backlog_drops_up_to_the_next_keyframe() -> None:
    """Half a group of pictures could not be decoded."""
    backlog = Backlog(patient=False)
    backlog.put([packet(number) for number in range(BACKLOG_PACKETS + 5)])
    backlog.take(3)
    backlog.put([packet(number) for number in range(BACKLOG_PACKETS + 5, BACKLOG_PACKETS + 13)])
    taken = backlog.take(10 * BACKLOG_PACKETS)
    assert [p.pts for p in taken] == [
        *range(3, BACKLOG_PACKETS),
        *range(BACKLOG_PACKETS + 10, BACKLOG_PACKETS + 13),
    ]
    assert backlog.dropped == 10


def between(first: int, end: int) -> list[Packet]:
    """Return packets that no keyframe is among."""
    return [packet(number)._replace(keyframe=False) for number in range(first, end)]


def test_who_sends_no_keyframe_after_a_full_backlog_is_lost() -> None:
    """Nothing of it could be looked at any more; a keyframe in time mends it."""
    backlog = Backlog(patient=False)
    backlog.put([packet(number) for number in range(BACKLOG_PACKETS + 1)])
    backlog.take(BACKLOG_PACKETS)
    backlog.put(between(BACKLOG_PACKETS + 1, 540))
    assert len(backlog) == 0
    backlog.put([packet(540), *between(541, 541 + BACKLOG_PACKETS)])
    assert len(backlog.take(2 * BACKLOG_PACKETS)) == BACKLOG_PACKETS
    with pytest.raises(SourceLost, match="no keyframe came for 30 s") as lost:
        backlog.put(between(541 + BACKLOG_PACKETS, 541 + BACKLOG_PACKETS + 310))
    assert lost.value.reason == "undecodable"


def test_a_pulse_counts_what_comes_together() -> None:
    pulse = Pulse(100.0)
    assert [pulse.count(6, 100.0 + 0.4 * k) for k in range(1, 25)] == [None] * 24
    assert pulse.count(6, 110.0) == pytest.approx(15.0)
