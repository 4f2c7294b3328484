"""A main stream that comes, but is spoilt: it is told, and the other stream gives the evidence."""

import random
import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from itertools import zip_longest
from pathlib import Path
from typing import Any

import pytest

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.child import quiet_libraries
from edge_agent.vision.condition.soundness import Soundness
from edge_agent.vision.evidence.room import EvidenceRoom, open_room
from edge_agent.vision.findings import (
    AnyFinding,
    ClipReady,
    Degraded,
    EvidenceMissed,
    LitteringConfirmed,
)
from edge_agent.vision.lookback import Stock
from edge_agent.vision.stream.codec import is_whole
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import SourceLost, open_source
from tests.edge_agent.vision import footage_maker
from tests.edge_agent.vision.stage import deposit
from tests.edge_agent.vision.test_bad_streams import encode, remux, spoilt
from tests.edge_agent.vision.vision_process import watch

UNTIL_S = 125
OWN_PX, MAIN_PX = 320, 640
CORNER = ((0.0, 0.0), (0.25, 0.0), (0.25, 0.25))


@pytest.fixture(autouse=True)
def _quiet() -> None:
    quiet_libraries()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("streams")


@pytest.fixture(scope="module")
def own(folder: Path) -> Path:
    """Somebody leaves a bag at 8 s."""
    return encode(folder / "own.mp4", deposit(), until_s=UNTIL_S)


@pytest.fixture(scope="module")
def main(folder: Path) -> Path:
    return encode(folder / "main.mp4", deposit(), until_s=UNTIL_S, size=(MAIN_PX, 360))


@pytest.fixture(scope="module")
def spoilt_main(main: Path, folder: Path) -> Path:
    """Only its first group is as it should be, by which it was opened."""
    rng = random.Random(3)
    return remux(
        main,
        folder / "spoilt.mp4",
        lambda number, packet: packet if number < 10 else spoilt(packet, rng),
    )


@pytest.fixture
def room(tmp_path: Path) -> Iterator[EvidenceRoom]:
    room = open_room(tmp_path / "spool", tmp_path / "pins")
    yield room
    room.close()


class Gate:
    """A camera whose two streams are recordings."""

    def __init__(self, own: Path, main: Path, room: EvidenceRoom, **settings: Any) -> None:
        self._own, self._main, self._room = own, main, room
        self._watch = watch("gate", own, **settings)
        self.said: list[AnyFinding] = []

    def play(self) -> Iterator[None]:
        """Feed a packet of both streams with each step."""
        fault: str | None = None
        with open_source(str(self._own), 0.0) as own, open_source(str(self._main), 0.0) as main:
            large = Stock(form=main.form, ring=PacketRing(max_s=20, max_bytes=12_000_000))
            soundness = Soundness(main.form.nominal_fps, is_whole=partial(is_whole, main.form))
            analysis = Analysis(
                self._watch,
                Stock(form=own.form, ring=PacketRing(max_s=60, max_bytes=8_000_000)),
                room=self._room,
                evidence=lambda: large if fault is None else None,
                main_fault=lambda: fault,
            )
            both = zip(main.packets(time.monotonic), own.packets(time.monotonic), strict=True)
            with suppress(SourceLost):
                for large_packet, packet in both:
                    large.ring.append(large_packet)
                    fault = soundness.step([large_packet], 0)
                    self.said += analysis.feed(packet)
                    yield
            self.said += [*analysis.finish(), *analysis.finish_clips(wait_s=10)]

    def told(self, kind: type[AnyFinding]) -> list[Any]:
        return [finding for finding in self.said if isinstance(finding, kind)]


def watched(gate: Gate) -> Gate:
    for _ in gate.play():
        pass
    return gate


def width_px(gate: Gate) -> set[int]:
    """Of all evidence, which must be complete."""
    (bag,) = gate.told(LitteringConfirmed)
    (ready,) = gate.told(ClipReady)
    assert [picture.role for picture in bag.pictures] == ["before", "depositing", "after"]
    assert ready.object_id == bag.object_id
    return {one.width_px for one in (*bag.pictures, ready.clip)}


@pytest.mark.parametrize("masks", [(), (CORNER,)])
def test_what_cannot_be_decoded_of_the_main_stream_is_taken_of_the_other(
    own: Path, spoilt_main: Path, room: EvidenceRoom, masks: tuple
) -> None:
    """Three pictures and a clip, small but whole; and the technician is told."""
    gate = watched(Gate(own, spoilt_main, room, masks=masks))
    assert width_px(gate) == {OWN_PX}
    (told,) = gate.told(Degraded)
    assert told.condition == "main_stream"
    assert "pictures were broken or missing: clips are cut from the sub-stream" in told.detail
    (ready,) = gate.told(ClipReady)
    shown = footage_maker.decode(room.spool / f"{ready.clip.sha256}.mp4")
    assert len(shown) == pytest.approx(5 * ready.clip.duration_s, abs=1)


def test_what_is_predicted_from_a_broken_picture_is_taken_of_the_other(
    own: Path, main: Path, folder: Path, room: EvidenceRoom
) -> None:
    """A decoder gives such pictures without a word."""
    rng = random.Random(3)
    torn = remux(
        main,
        folder / "torn.mp4",
        lambda number, packet: (
            spoilt(packet, rng) if packet.is_keyframe and number >= 10 else packet
        ),
    )
    assert width_px(watched(Gate(own, torn, room))) == {OWN_PX}


def test_evidence_that_neither_stream_gives_is_told(
    own: Path, main: Path, room: EvidenceRoom
) -> None:
    """With its object and the reason, be it the disk."""
    shutil.rmtree(room.spool)
    gate = watched(Gate(own, main, room))
    (bag,) = gate.told(LitteringConfirmed)
    missed = gate.told(EvidenceMissed)
    assert bag.pictures == ()
    assert [one.what for one in missed] == ["before", "depositing", "after", "clip"]
    assert {one.object_id for one in missed} == {bag.object_id}
    assert all("No such file" in one.why for one in missed)


def test_a_sound_main_stream_gives_the_evidence(own: Path, main: Path, room: EvidenceRoom) -> None:
    gate = watched(Gate(own, main, room))
    assert width_px(gate) == {MAIN_PX}
    assert gate.told(Degraded) == []


def test_a_main_stream_whose_keyframes_stop_is_told(
    own: Path, folder: Path, room: EvidenceRoom
) -> None:
    """Though its pictures come."""
    endless = encode(
        folder / "endless.mp4",
        until_s=UNTIL_S,
        size=(MAIN_PX, 360),
        options="keyint=infinite:min-keyint=999",
    )
    (told,) = watched(Gate(own, endless, room)).told(Degraded)
    assert told.condition == "main_stream"
    assert "no keyframe came for 30 s: shorten its interval" in told.detail


@pytest.mark.parametrize("more", ["", ":open-gop=1", ":interlaced=1", ":intra-refresh=1"])
def test_keyframes_of_every_kind_are_whole(more: str) -> None:
    """Also one with which a picture only begins to be renewed."""
    form, packets = footage_maker.encode(more=more)
    assert sum(packet.keyframe for packet in packets) == 6
    for packet in packets:
        if packet.keyframe:
            half = packet._replace(payload=packet.payload[: len(packet.payload) // 2])
            assert is_whole(form, packet)
            assert not is_whole(form, half)


def test_another_camera_says_what_it_says_alone(
    own: Path, main: Path, spoilt_main: Path, room: EvidenceRoom
) -> None:
    """Though both share the thread that makes clips."""
    alone = watched(Gate(own, main, room))
    bad, beside = (Gate(own, stream, room) for stream in (spoilt_main, main))
    for _ in zip_longest(bad.play(), beside.play()):
        pass
    assert [one.condition for one in bad.told(Degraded)] == ["main_stream"]
    assert likenesses(beside) == likenesses(alone)


def likenesses(gate: Gate) -> list[Any]:
    """Return everything that it said but for ids, and when its clips were ready."""
    (ready,) = gate.told(ClipReady)
    others = [finding for finding in gate.said if finding is not ready]
    return [ready.clip, *(one.model_dump(exclude={"object_id"}) for one in others)]
