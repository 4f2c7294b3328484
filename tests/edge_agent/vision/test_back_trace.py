"""Who put an object down: found in the past of drawn scenes."""

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from av import VideoFrame

from edge_agent.vision.evidence.back_trace import (
    AFTER_S,
    BEFORE_S,
    LOOKS_HZ,
    BackTrace,
    affordable,
)
from edge_agent.vision.evidence.depositor import Glimpse, Trace, Watcher, trace
from edge_agent.vision.lookback import Stock
from edge_agent.vision.objects.attention import Attention, Phase
from edge_agent.vision.objects.surroundings import Surroundings
from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.picture.figures import Area, Figure
from edge_agent.vision.picture.plane import Pixels
from edge_agent.vision.scene_events import ObjectChanged
from edge_agent.vision.stream.codec import StreamFormat, luma_plane
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.shelf import Shelf
from tests.edge_agent.vision.footage_maker import read_packets
from tests.edge_agent.vision.stage import (
    HEIGHT,
    WIDTH,
    Paint,
    bag,
    box,
    deposit,
    figure,
    make_scene,
    pictures,
)
from tests.edge_agent.vision.vision_process import write_clip


def look_back(
    paint: Paint, *, reach_s: float = BEFORE_S, shown: Paint | None = None
) -> tuple[Trace, LeftObject]:
    """Play a scene until something is confirmed, then look at its past again.

    `shown` is what the past shows, if it is not the same.
    """
    scene, past = make_scene(), []
    if shown:
        past = list(pictures(shown, until_s=20))
    for t_s, picture in pictures(paint, until_s=20):
        if not shown:
            past.append((t_s, picture))
        for event in scene.step(picture, t_s):
            if isinstance(event, ObjectChanged) and event.phase is Phase.CONFIRMED:
                thing = event.thing
                watcher = Watcher(thing, scene.behind(thing))
                left_s = thing.attention.left_at_s or thing.deposited_s
                glimpses = [
                    watcher.look(plane, at_s)
                    for at_s, plane in past
                    if thing.deposited_s - reach_s <= at_s <= left_s + AFTER_S
                ]
                return trace(glimpses, thing, (WIDTH, HEIGHT)), thing
    pytest.fail("nothing was confirmed")


def test_the_one_who_put_it_down_is_followed_in_and_out() -> None:
    """From where they came, when they put it down, where they stood, where they went."""
    traced, _ = look_back(deposit(there_s=8, away_s=10))
    assert traced.reason == "depositor_traced"
    assert traced.deposited_s == pytest.approx(8.0, abs=0.4)
    assert (traced.came_from, traced.went_to) == ("left", "right")
    assert traced.figure is not None
    assert traced.figure.left == pytest.approx(140, abs=8)
    assert traced.figure.right == pytest.approx(160, abs=8)
    assert traced.figure.bottom == pytest.approx(120, abs=8)
    assert traced.clear_s is not None
    assert 3.0 < traced.clear_s < 4.7
    times = [step.t_s for step in traced.path]
    assert times == sorted(set(times))
    assert len(times) <= 60
    assert times[0] < 5.5
    assert times[-1] > 12.5
    feet = [step.foot[0] for step in traced.path]
    assert feet[0] < 30
    assert feet[-1] > 270


@pytest.mark.parametrize("passes_s", [7.0, 8.0, 9.0])
def test_who_only_passes_by_is_not_blamed(passes_s: float) -> None:
    """Not even at the same moment, behind the one who did it."""
    leave = deposit(there_s=8, away_s=10)

    def paint(picture, t_s: float) -> None:
        walker = 300 - (t_s - passes_s) * 90 - 130
        if -30 < walker < 330:
            box(picture, walker, 20, 14, 50, 60)
        leave(picture, t_s)

    traced, _ = look_back(paint)
    assert traced.reason == "depositor_traced"
    assert traced.deposited_s == pytest.approx(8.0, abs=0.4)
    assert (traced.came_from, traced.went_to) == ("left", "right")
    assert traced.figure is not None
    assert traced.figure.bottom == pytest.approx(120, abs=8)


def test_of_two_people_the_one_at_the_object_is_meant() -> None:
    """Another waits some steps away and walks off to the other side later."""
    leave = deposit(there_s=8, away_s=10)

    def paint(picture, t_s: float) -> None:
        if 3 < t_s < 14:
            place = 60 if t_s < 11 else 60 - (t_s - 11) * 40
            figure(picture, place, t_s, luma=70)
        leave(picture, t_s)

    traced, _ = look_back(paint)
    assert traced.figure is not None
    assert traced.figure.left == pytest.approx(140, abs=8)
    assert traced.went_to == "right"


def test_nobody_is_blamed_where_nobody_was_seen() -> None:
    """Something thrown from outside the picture has no one beside it."""

    def thrown(picture, t_s: float) -> None:
        if t_s >= 8:
            bag(picture)
        if 3 < t_s < 14:
            figure(picture, 30, t_s)

    traced, _ = look_back(deposit(), shown=thrown)
    assert traced.reason == "nobody_beside_deposit"
    assert traced.deposited_s == pytest.approx(8.0, abs=0.4)
    assert traced.figure is None
    assert traced.path == ()
    assert (traced.came_from, traced.went_to) == (None, None)


def test_what_an_object_was_before_it_fell_over_is_not_its_depositor() -> None:
    """A bag upright where it lies now."""

    def tips(picture, t_s: float) -> None:
        if t_s >= 8:
            bag(picture)
        elif t_s > 3:
            box(picture, 158, 100, 12, 16, 30)

    traced, _ = look_back(deposit(), shown=tips)
    assert traced.figure is None
    assert traced.path == ()


def test_who_runs_away_is_followed_not_the_object_beside_them() -> None:
    """Both are one figure until then."""

    def paint(picture, t_s: float) -> None:
        if t_s >= 8:
            bag(picture)
        left = 148 - max(0.0, 8 - t_s) * 40 + max(0.0, t_s - 9.5) * 110
        if t_s > 3:
            figure(picture, left, t_s)

    traced, _ = look_back(paint)
    assert traced.figure is not None
    assert traced.figure.right < 172
    assert traced.went_to == "right"


def test_a_deposit_before_the_ring_is_not_guessed() -> None:
    """What the ring does not reach cannot be told."""
    traced, _ = look_back(deposit(there_s=8, away_s=10), reach_s=-0.5)
    assert traced.reason == "deposit_before_ring"
    assert traced.deposited_s is None
    assert traced.figure is None


def test_somebody_who_comes_and_goes_along_the_lower_edge_goes_by_the_sides() -> None:
    """A camera close by sees nobody's feet."""
    traced, _ = look_back(_close_by)
    assert (traced.came_from, traced.went_to) == ("right", "left")


def _close_by(picture, t_s: float) -> None:
    if t_s >= 8:
        box(picture, 150, 150, 20, 16, 30)
    left = 175 + max(0.0, 8 - t_s) * 45 - max(0.0, t_s - 10) * 60
    if 4 < t_s < 14:
        box(picture, left + 2 * np.sin(4 * t_s), 70, 36, 110, 60)


LIES = Area(left=160, top=100, width=20, height=20)


def seen(figures, *, there, empty) -> list[Glimpse]:
    """Return what eight pictures per second show; each argument says it of an instant."""
    glimpses = []
    for number in range(160):
        t_s = number / 8
        alike = np.full((20, 20), there(t_s))
        shown = tuple(Figure(area=area, pixels=area.size, luma=luma) for area, luma in figures(t_s))
        glimpses.append(
            Glimpse(t_s=t_s, alike=alike, there=there(t_s), empty=empty(t_s), figures=shown)
        )
    return glimpses


def thing_at_8s() -> LeftObject:
    whole = np.ones((20, 20), bool)
    return LeftObject(
        object_id=1,
        area=LIES,
        window=LIES,
        mask=whole,
        halo=whole,
        patch=np.zeros((20, 20), np.float32),
        deposited_s=8.0,
        attention=Attention(opened_s=8.0),
        depositor=None,
        arrival=None,
        last_beside=None,
        stirred_s=np.zeros((20, 20)),
        around=Surroundings.of(whole, LIES),
    )


def walk(t_s: float) -> list[tuple[Area, float]]:
    """Somebody comes from the left, is there from 5 to 10 s, and goes on to the right."""
    left = 135 - max(0.0, 5 - t_s) * 30 + max(0.0, t_s - 10) * 30
    inside = 0 <= left <= 300
    return [(Area(left=round(left), top=60, width=20, height=60), 50.0)] if inside else []


def test_a_coat_of_the_same_shade_is_not_yet_the_object() -> None:
    """What looks like it for less than a second."""
    coat = seen(walk, there=lambda t: 5 < t < 5.8 or t >= 8, empty=lambda t: t < 5 or 5.8 <= t < 7)
    held = seen(walk, there=lambda t: 5 < t < 5.8 or t >= 8, empty=lambda t: t < 5)
    for glimpses in (coat, held):
        traced = trace(glimpses, thing_at_8s(), (320, 180))
        assert traced.deposited_s == 8.0
        assert (traced.came_from, traced.went_to) == ("left", "right")


def test_what_rolls_in_by_itself_has_no_depositor() -> None:
    """The figure that stops there is the object."""

    def rolls(t_s: float) -> list[tuple[Area, float]]:
        left = 160 - (8 - t_s) * 40
        return [(Area(left=round(left), top=100, width=20, height=20), 50.0)] if t_s < 8 else []

    glimpses = seen(rolls, there=lambda t: t >= 8, empty=lambda t: t < 7.5)
    assert trace(glimpses, thing_at_8s(), (320, 180)).reason == "nobody_beside_deposit"


def test_who_steps_into_other_light_is_followed_on() -> None:
    """Their way goes on where it seemed to end."""

    def steps(t_s: float) -> list[tuple[Area, float]]:
        if t_s <= 10.2:
            return walk(t_s)
        return [(replace(area, left=area.left + 25), 140.0) for area, _ in walk(t_s) if t_s > 10.8]

    glimpses = seen(steps, there=lambda t: t >= 8, empty=lambda t: t < 7)
    traced = trace(glimpses, thing_at_8s(), (320, 180))
    assert traced.went_to == "right"
    assert traced.path[-1].t_s > 15.0


def test_what_is_decoded_again_is_bounded_around_the_deposit() -> None:
    """A large picture must not hold the other cameras up."""
    form = StreamFormat(
        codec="h264", extradata=None, width=3_500, height=1_000, time_base=1, nominal_fps=10.0
    )
    small = replace(form, width=100)
    packets = [Packet(payload=b"", pts=n, t_s=n / 10, keyframe=n % 20 == 0) for n in range(600)]
    few = affordable(packets, form, 30.0)
    assert len(few) == 100
    assert few[0].keyframe
    assert few[0].t_s <= 28.0
    assert few[-1].t_s >= 31.8
    assert affordable(packets, small, 30.0) == packets
    assert affordable((), small, 30.0) == []


def test_of_a_group_without_end_only_the_beginning_is_decoded_again() -> None:
    """And nothing where that shows nothing of the deposit."""
    form = StreamFormat(
        codec="h264", extradata=None, width=3_500, height=1_000, time_base=1, nominal_fps=10.0
    )
    packets = [Packet(payload=b"", pts=n, t_s=n / 10, keyframe=n in {0, 20}) for n in range(600)]
    assert affordable(packets, form, 8.0) == packets[20:120]
    assert affordable(packets, form, 30.0) == []


def test_what_the_camera_showed_before_it_was_turned_is_not_looked_at(tmp_path: Path) -> None:
    _, thing = look_back(deposit())
    scene = make_scene()
    for t_s, picture in pictures(deposit(), until_s=8):
        scene.step(picture, t_s)
    form, packets = read_packets(write_clip(tmp_path / "clip.mp4", deposit(), until_s=20))
    ring = PacketRing(max_s=60, max_bytes=8_000_000, shelf=Shelf(tmp_path / "pins"))
    ring.extend(packets)
    seen: list[VideoFrame] = []

    def plane_of(frame: VideoFrame) -> Pixels:
        seen.append(frame)
        return luma_plane(frame)

    counts = []
    for since_s in (-math.inf, thing.deposited_s - 2):
        seen.clear()
        behind = scene.behind(thing)
        BackTrace(plane_of=plane_of).of(thing, behind, Stock(form=form, ring=ring), since_s=since_s)
        counts.append(len(seen))
    assert counts[0] - counts[1] >= 0.8 * LOOKS_HZ * (thing.deposited_s - 2)
