"""Fixtures from packets to findings: nothing is passed over unsaid, and there is a way back."""

from pathlib import Path

import pytest

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import FixtureLearned, LitteringConfirmed, LitteringEnded
from edge_agent.vision.littering import RECOGNISED_AGAIN_S
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import Fixture, ForgetFixture, MarkFixture, Watch
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import StreamFormat
from tests.edge_agent.vision import stage
from tests.edge_agent.vision.footage_maker import read_packets, shifted
from tests.edge_agent.vision.test_fixtures import draw_bin
from tests.edge_agent.vision.vision_process import watch, write_clip

LYING_S = ((8, 24), (38, 50), (62, 74))
"""When the bin is put down and when it is taken away."""
PLAYED_S = 80


@pytest.fixture(scope="module")
def footage(tmp_path_factory) -> Path:
    """A bin that is put down and taken away three times."""

    def paint(picture: stage.Picture, t_s: float) -> None:
        if any(put_s <= t_s < taken_s for put_s, taken_s in LYING_S):
            draw_bin(picture)
        for there_s in (moment for lying in LYING_S for moment in lying):
            left = stage.carrier(t_s, there_s=there_s, away_s=there_s + 2)
            if left is not None:
                stage.figure(picture, left, t_s)

    path = tmp_path_factory.mktemp("bin") / "bin.mp4"
    return write_clip(path, paint, until_s=PLAYED_S, fps=5, gop=10)


class Run:
    """An analysis that is shown the footage; a further turn is so many seconds later."""

    def __init__(self, footage: Path, *fixtures: Fixture) -> None:
        self.form: StreamFormat
        self.packets: list[Packet]
        self.form, self.packets = read_packets(footage)
        order: Watch = watch("gate", footage, unattended_s=5)
        stock = Stock(form=self.form, ring=PacketRing(max_s=60, max_bytes=8_000_000))
        order = order.model_copy(update={"fixtures": fixtures})
        self.analysis = Analysis(order, stock, room=EvidenceRoom())
        self.learned: list[FixtureLearned] = []
        self.said: list[LitteringConfirmed | LitteringEnded] = []

    def play(self, begin_s: float, end_s: float, *, later_s: float = 0.0) -> None:
        for packet in shifted(self.packets, later_s, base=self.form.time_base):
            if begin_s <= packet.t_s - later_s < end_s - 1e-6:
                self._take(self.analysis.feed(packet))

    def obey(self, order: MarkFixture | ForgetFixture) -> None:
        self._take(self.analysis.obey(order))

    def _take(self, findings) -> None:
        self.learned += [one for one in findings if isinstance(one, FixtureLearned)]
        self.said += [
            one for one in findings if isinstance(one, LitteringConfirmed | LitteringEnded)
        ]


def test_what_is_taken_for_a_fixture_is_said_and_reported_again_once_forgotten(footage) -> None:
    """Marked at 20 s; put back at 38 s it is recognised, put back at 62 s it is reported."""
    run = Run(footage)
    run.play(0, 20)
    (confirmed,) = run.said
    run.obey(MarkFixture(camera_id="gate", object_id=confirmed.object_id))
    run.play(20, 56)
    _, marked, recognised = run.said
    assert (marked.ending, marked.object_id) == ("fixture", confirmed.object_id)
    assert marked.fixture_id == ""
    assert (recognised.ending, recognised.fixture_id) == ("fixture", confirmed.object_id)
    assert recognised.object_id != confirmed.object_id
    assert recognised.zone == confirmed.zone
    assert recognised.at_s == pytest.approx(42, abs=3)
    run.obey(ForgetFixture(camera_id="gate", fixture_id=confirmed.object_id))
    run.play(56, PLAYED_S)
    again = run.said[3]
    assert isinstance(again, LitteringConfirmed)
    assert again.at_s == pytest.approx(70, abs=3)


def test_the_same_fixture_is_said_once_in_ten_minutes(footage) -> None:
    """Read from the disk; recognised three times within minutes, and again a while later."""
    first = Run(footage)
    first.play(0, 20)
    first.obey(MarkFixture(camera_id="gate", object_id=first.said[0].object_id))
    (learned,) = first.learned
    run = Run(footage, learned.fixture)
    run.play(0, PLAYED_S)
    assert [one.fixture_id for one in run.said] == [learned.fixture.fixture_id]
    run.play(0, 20, later_s=RECOGNISED_AGAIN_S + 10)
    assert [one.fixture_id for one in run.said] == 2 * [learned.fixture.fixture_id]


def test_what_was_read_from_the_disk_can_be_forgotten(footage) -> None:
    """Before the first picture, as while the camera is being reached."""
    first = Run(footage)
    first.play(0, 20)
    first.obey(MarkFixture(camera_id="gate", object_id=first.said[0].object_id))
    run = Run(footage, first.learned[0].fixture)
    run.obey(ForgetFixture(camera_id="gate", fixture_id=first.said[0].object_id))
    run.play(0, 20)
    assert [type(one) for one in run.said] == [LitteringConfirmed]
