"""Presence from packets to findings: what is said, and what it costs while somebody stays."""

from collections.abc import Iterator
from math import inf
from pathlib import Path

import pytest

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding, MotionStarted, PresenceEnded, PresenceStarted
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import Arm, Zone
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import SourceLost, open_source
from tests.edge_agent.vision.stage import Picture, carrier, figure
from tests.edge_agent.vision.vision_process import watch, write_clip

RIGHT = ((0.5, 0.5), (1.0, 0.5), (1.0, 1.0), (0.5, 1.0))
LOWER_RIGHT = ((0.5, 0.6), (1.0, 0.6), (1.0, 0.7), (0.5, 0.7))
WHOLE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
THERE_S, AWAY_S = 12.0, 50.0


@pytest.fixture(scope="module")
def clip(tmp_path_factory) -> Path:
    """Somebody stands on the right from 12 s to 50 s and sways a little."""

    def paint(picture: Picture, t_s: float) -> None:
        left = carrier(t_s, there_s=THERE_S, away_s=AWAY_S, place=200)
        if left is not None:
            figure(picture, left, t_s)

    return write_clip(
        tmp_path_factory.mktemp("stay") / "stay.mp4", paint, until_s=64, fps=5, gop=10
    )


class Run:
    """One analysis of the clip, second by second."""

    def __init__(self, clip: Path, spool: Path | None, *zones: Zone, masks=()) -> None:
        self._clip = clip
        self._order = watch("gate", clip, zones=zones, masks=masks)
        self._spool = spool
        self.said: list[AnyFinding] = []
        self.decoded_at: dict[int, int] = {}

    def seconds(self) -> Iterator[tuple[int, Analysis]]:
        with open_source(str(self._clip), 0.0) as source:
            stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=8_000_000))
            analysis = Analysis(self._order, stock, room=EvidenceRoom(spool=self._spool))
            try:
                for packet in source.packets(lambda: 0.0):
                    if int(packet.t_s) not in self.decoded_at:
                        self.decoded_at[int(packet.t_s)] = analysis.decoded
                        yield int(packet.t_s), analysis
                    self.said += analysis.feed(packet)
            except SourceLost as lost:
                assert lost.reason == "ended"  # noqa: PT017 - how every recording ends
            self.said += analysis.finish()

    def all(self) -> list[AnyFinding]:
        for _ in self.seconds():
            pass
        return [f for f in self.said if isinstance(f, PresenceStarted | PresenceEnded)]


def test_a_loiterer_is_told_of_with_a_picture_and_then_costs_keyframes_only(
    clip: Path, tmp_path: Path
) -> None:
    """Once the stay has been told, one picture in ten is decoded until they go."""
    run = Run(clip, tmp_path, Zone(name="gate", purpose="loitering", polygon=RIGHT, present_s=10))
    started, ended = run.all()
    assert isinstance(started, PresenceStarted)
    assert (started.purpose, started.zone) == ("loitering", "gate")
    assert started.at_s == pytest.approx(THERE_S - 1, abs=1.0)
    assert started.present_s == pytest.approx(10.0, abs=1.0)
    left, top, width, height = started.box
    assert left < 210 / 320 < left + width
    assert top < 90 / 180 < top + height
    assert 0.02 < started.share < 0.2
    (picture,) = started.pictures
    assert picture.role == "shown"
    assert (tmp_path / f"{picture.sha256}.jpg").stat().st_size == picture.size_bytes
    assert isinstance(ended, PresenceEnded)
    assert ended.object_id == started.object_id
    assert ended.at_s == pytest.approx(AWAY_S + 2.5, abs=1.5)
    assert ended.duration_s == pytest.approx(ended.at_s - started.at_s)
    busy = run.decoded_at[21] - run.decoded_at[11]
    calm = run.decoded_at[48] - run.decoded_at[28]
    assert busy >= 40
    assert calm <= 12


def test_a_zone_that_is_not_armed_says_nothing_until_it_is(clip: Path) -> None:
    """Armed at 30 s, disarmed at 40 s: one stay, whose last sight is the last keyframe."""
    run = Run(
        clip,
        None,
        Zone(name="gate", purpose="intrusion", polygon=RIGHT, present_s=2, armed=False),
        Zone(name="yard", purpose="motion", polygon=WHOLE, armed=False),
    )
    for second, analysis in run.seconds():
        if second in (30, 40):
            for zone in ("gate", "yard"):
                order = Arm(camera_id="gate", zone=zone, armed=second == 30)
                run.said += analysis.obey(order)
    stays = [f for f in run.said if isinstance(f, PresenceStarted | PresenceEnded)]
    started, ended = stays
    assert started.at_s == pytest.approx(30.0, abs=1.0)
    assert ended.at_s == pytest.approx(40.0, abs=2.1)
    motion = [f for f in run.said if isinstance(f, MotionStarted)]
    assert [f.zone for f in motion] == ["yard"] * len(motion)
    assert all(29 <= f.at_s <= 40 for f in motion)
    assert motion


def test_who_is_behind_a_privacy_mask_is_not_seen(clip: Path) -> None:
    """The mask covers the whole zone."""
    zones = [
        Zone(name="gate", purpose="intrusion", polygon=RIGHT),
        Zone(name="gate", purpose="crowding", polygon=RIGHT, crowd_share=0.05),
    ]
    hidden = ((0.4, 0.0), (1.0, 0.0), (1.0, 1.0), (0.4, 1.0))
    assert Run(clip, None, *zones, masks=(hidden,)).all() == []


@pytest.mark.parametrize(
    "zone",
    [
        Zone(name="gate", purpose="intrusion", polygon=RIGHT),
        Zone(name="gate", purpose="crowding", polygon=LOWER_RIGHT, crowd_share=0.03),
    ],
    ids=lambda zone: zone.purpose,
)
def test_the_end_of_a_stay_is_told_soon_though_nobody_comes_after_it(
    zone: Zone, tmp_path: Path
) -> None:
    """An empty scene is learned once a minute, but not while something is still to be said of it."""
    away_s, gone_s = 19.5, 22.2

    def paint(picture: Picture, t_s: float) -> None:
        left = carrier(t_s, there_s=16, away_s=away_s, place=200)
        if left is not None:
            figure(picture, left, t_s)

    left = write_clip(tmp_path / "left.mp4", paint, until_s=gone_s + 60, fps=5, gop=10)
    run = Run(left, None, zone)
    told_s = [
        second
        for second, _ in run.seconds()
        if any(isinstance(finding, PresenceEnded) for finding in run.said)
    ]
    assert gone_s + 4 < min(told_s, default=inf) < gone_s + 9
    (ended,) = (finding for finding in run.said if isinstance(finding, PresenceEnded))
    assert ended.at_s == pytest.approx(0.5 * (away_s + gone_s), abs=2.0)
