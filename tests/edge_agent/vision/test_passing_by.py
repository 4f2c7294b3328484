"""Who just passes by is looked at in the beginning of each group; whatever else is there, always."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.lookback import GLANCE_S, OVERDUE_S, LookBack, Stock
from edge_agent.vision.picture.figures import Area, FigureLog
from edge_agent.vision.picture.motion import MotionGate, MotionStopped
from edge_agent.vision.presence.posts import GuardedZone
from edge_agent.vision.scene import Scene
from edge_agent.vision.scene_events import Place
from edge_agent.vision.stream.codec import luma_plane
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import open_source
from tests.edge_agent.vision.footage_maker import FPS, encode, shade
from tests.edge_agent.vision.stage import (
    HEIGHT,
    WIDTH,
    Paint,
    Picture,
    bag,
    deposit,
    figure,
    make_scene,
    pictures,
)
from tests.edge_agent.vision.vision_process import watch, write_clip

GOP_S = 2.0


def walker(*, from_s: float, px_s: float = 60) -> Paint:
    """Paint somebody who walks through the picture without stopping."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= from_s:
            figure(picture, -20 + (t_s - from_s) * px_s, t_s)

    return paint


def looked_at(
    packets: list[Packet], form, passing_s: tuple[float, float]
) -> list[tuple[float, int]]:
    """Return when each picture that was looked at is shown, and its luma.

    Something moves all the time; between the two instants it is known to pass by.
    """
    ring = PacketRing(max_s=60, max_bytes=8_000_000)
    look_back = LookBack(Stock(form=form, ring=ring), stirs=lambda _: True)
    seen = []
    for packet in packets:
        for shown in look_back.feed(packet):
            seen.append((shown.t_s, round(float(luma_plane(shown.frame).mean()))))
            passes = passing_s[0] <= shown.t_s < passing_s[1]
            look_back.stir(shown.t_s, passing=passes)
    return seen


@pytest.mark.parametrize("bframes", [0, 2])
@pytest.mark.parametrize(
    ("codec", "more"),
    [("h264", ""), ("h264", ":open-gop=1"), ("hevc", ""), ("hevc", ":open-gop=0")],
)
def test_of_who_passes_by_the_beginning_of_each_group_is_looked_at(
    codec: str, more: str, bframes: int
) -> None:
    """No picture comes out of order or damaged by those that were left out."""
    form, packets = encode(codec, pictures=160, gop=20, bframes=bframes, more=more)
    seen = looked_at(packets, form, (5.0, 12.0))
    times_s = [t_s for t_s, _ in seen]
    assert times_s == sorted(set(times_s))
    for t_s, luma in seen:
        assert luma == pytest.approx(shade(round(t_s * FPS)), abs=2), t_s
    away = [t_s % GOP_S for t_s in times_s if 6.0 <= t_s < 12.0]
    assert len(away) >= 3 * 3
    # Pictures that are already inside the decoder are looked at too.
    assert max(away) <= GLANCE_S + (bframes + 2) / FPS
    before = [t_s for t_s in times_s if 2.0 <= t_s < 4.9]
    assert max(b - a for a, b in pairwise(before)) < 0.35


def test_who_stops_passing_by_is_looked_at_all_the_time() -> None:
    """From the next group on."""
    form, packets = encode(pictures=160, gop=20, bframes=0)
    times_s = [t_s for t_s, _ in looked_at(packets, form, (5.0, 9.0))]
    after = [t_s for t_s in times_s if t_s >= 10.2]
    assert max(b - a for a, b in pairwise(after)) < 0.35


def test_a_camera_that_sends_no_more_keyframes_is_looked_at_again() -> None:
    """Else nobody would look away for a second, but for ever."""
    form, packets = encode(pictures=200, gop=20, bframes=0)
    silent = [p._replace(keyframe=p.keyframe and p.t_s < 8.0) for p in packets]
    times_s = [t_s for t_s, _ in looked_at(silent, form, (5.0, 1e9))]
    assert any(t_s >= 6.0 + OVERDUE_S for t_s in times_s)


def passes(scene: Scene, paint: Paint, *, until_s: float) -> list[float]:
    """Return when a scene said that all in it just passes by."""
    when = []
    for t_s, picture in pictures(paint, until_s=until_s):
        scene.step(picture, t_s)
        if scene.passing:
            when.append(t_s)
    return when


def test_somebody_who_walks_through_passes_by() -> None:
    """From when the motion has been told until they are gone."""
    when = passes(make_scene(), walker(from_s=12), until_s=22)
    assert len(when) > 10
    assert min(when) > 12.3
    assert max(when) < 19


def test_while_something_lies_there_nobody_just_passes_by() -> None:
    """From when it has been put down, whoever walks on is looked at all the time."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 14:
            bag(picture)
        walker(from_s=12)(picture, t_s)

    when = passes(make_scene(unattended_s=5), paint, until_s=19)
    assert when
    assert max(when) < 14.5


def test_where_a_zone_is_guarded_nobody_just_passes_by() -> None:
    """How long they stay there is counted from picture to picture."""
    whole = np.ones((HEIGHT, WIDTH), bool)
    guarded = GuardedZone(
        name="roof", purpose="intrusion", mask=whole, present_s=60, crowd_share=0.5, armed=True
    )
    scene = Scene(
        motion_zones=[Place(name="yard", mask=whole)],
        object_zones=[],
        unattended_s=5,
        guarded_zones=[guarded],
    )
    assert passes(scene, walker(from_s=12), until_s=20) == []


def test_what_somebody_drops_in_passing_is_found(tmp_path: Path) -> None:
    """Though most pictures of their walk are never decoded until it is asked who it was."""

    def paint(picture: Picture, t_s: float) -> None:
        if t_s >= 24.3:
            bag(picture)
        walker(from_s=21.4)(picture, t_s)
        walker(from_s=60)(picture, t_s)

    clip = write_clip(tmp_path / "dropped.mp4", paint, until_s=70)
    with open_source(str(clip), 0.0) as source:
        stock = Stock(form=source.form, ring=PacketRing(max_s=60, max_bytes=8_000_000))
        analysis = Analysis(watch("gate", clip), stock, room=EvidenceRoom())
        said = []
        try:
            for packet in source.packets(lambda: 0.0):
                said += analysis.feed(packet)
        except SourceLost:
            said += analysis.finish()
    (found,) = [finding for finding in said if finding.say == "littering_confirmed"]
    assert found.deposited_at_s == pytest.approx(24.3, abs=0.7)
    began = [finding.at_s for finding in said if finding.say == "motion_started"]
    assert began == pytest.approx([21.5, 60.2], abs=1.2)


def test_motion_that_ended_while_nobody_looked_ended_half_way() -> None:
    """After five looks a second, a pause of two seconds hides when."""
    gate = MotionGate("yard")
    for number in range(10):
        gate.step(number / 5, 0.1)
    told = [gate.step(t_s, 0.0) for t_s in (3.8, 5.0, 7.0)]
    (ended,) = [event for event in told if isinstance(event, MotionStopped)]
    assert ended.until_s == pytest.approx(2.8)


def test_motion_between_pictures_that_are_always_rare_ends_with_the_last_that_showed_it() -> None:
    """A camera of one picture a second never looks away."""
    gate = MotionGate("yard")
    for number in range(5):
        gate.step(float(number), 0.1)
    told = [gate.step(float(number), 0.0) for number in range(5, 10)]
    (ended,) = [event for event in told if isinstance(event, MotionStopped)]
    assert ended.until_s == 4.0


@pytest.mark.parametrize(("next_look_s", "there_until_s"), [(1.2, 1.0), (2.4, 2.4)])
def test_who_was_beside_a_thing_before_a_gap_counts_as_there_until_its_end(
    next_look_s: float, there_until_s: float
) -> None:
    """So nobody is said to have left it earlier than they did."""
    log = FigureLog(8)
    whole = Area(left=0, top=0, width=WIDTH, height=HEIGHT)
    thing = Area(left=150, top=100, width=12, height=12)
    luma = np.full((HEIGHT, WIDTH), 90, np.float32)
    somebody = np.zeros((HEIGHT, WIDTH), bool)
    somebody[60:120, 165:185] = True
    nobody = np.zeros((HEIGHT, WIDTH), bool)
    for number in range(6):
        log.note(number / 5, somebody, luma, whole)
    log.note(next_look_s, nobody, luma, whole)
    visit = log.last_beside(thing, 100, thing.grown(24), 0.0)
    assert visit is not None
    assert visit.at_s == there_until_s


def test_who_stops_to_put_something_down_does_not_just_pass_by() -> None:
    """Nor afterwards, while it lies there."""
    when = passes(make_scene(), deposit(there_s=14, away_s=16), until_s=24)
    assert all(t_s < 14.6 for t_s in when)
