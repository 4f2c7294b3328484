"""The drawn scenes: who is there when, and that a camera could have seen it."""

from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.camera.scenes.figures import Actor, Bag, Person
from simulator.camera.scenes.places import HEIGHT_PX, PLACES, WIDTH_PX
from simulator.camera.scenes.scene import ScenePictures
from simulator.camera.scenes.story import Timetable, actors_at
from simulator.camera.stream.pictures import plane_of, resized, sub_stream_size

TIMETABLE = Timetable(first_dumping_s=6, dumping_every_s=240)
LANE = PLACES["lane-dumping"](np.random.default_rng(1))
MARKET = PLACES["market-gate"](np.random.default_rng(1))


def bags(actors: list[Actor]) -> list[Bag]:
    """Return the bags that stand on the ground."""
    return [actor for actor in actors if isinstance(actor, Bag)]


def lane_at(at_s: float, seed: int = 1) -> list[Actor]:
    """Return who and what is in the lane."""
    return actors_at(LANE, TIMETABLE, seed=seed, at_s=at_s)


def test_a_bag_is_brought_left_and_taken_away() -> None:
    """Somebody brings a bag at 6 s, leaves it alone, and a cleaner takes it before the next one."""
    assert lane_at(5.9) == []
    [bringer] = lane_at(7)
    assert isinstance(bringer, Person)
    assert bringer.bag is not None
    [left] = lane_at(20)
    assert isinstance(left, Bag)
    assert [bag.x for bag in bags(lane_at(100))] == [left.x], "it stays where it was put"
    assert bags(lane_at(170)) == [], "the cleaner has taken it"
    assert bags(lane_at(6 + 240 + 20)), "the next one comes"


@settings(deadline=None, max_examples=150)
@given(at_s=st.floats(0, 5_000), seed=st.integers(0, 50))
def test_people_and_bags_keep_to_nature(at_s: float, seed: int) -> None:
    """At any time at most one bag stands there, and nobody jumps between two pictures."""
    now, soon = lane_at(at_s, seed), lane_at(at_s + 1 / 15, seed)
    assert len(bags(now)) <= 1
    assert now == lane_at(at_s, seed), "the same seed and time give the same scene"
    before = {actor.clothes: actor for actor in now if isinstance(actor, Person)}
    after = {actor.clothes: actor for actor in soon if isinstance(actor, Person)}
    if len(before) == len(now) - len(bags(now)):
        for clothes in before.keys() & after.keys():
            step = abs(before[clothes].x - after[clothes].x)
            assert step < before[clothes].height * 0.15 or len(before) > 1


def test_only_the_lane_has_dumping() -> None:
    """In the other places people pass, and nobody leaves anything."""
    seen = [actors_at(MARKET, TIMETABLE, seed=1, at_s=at_s) for at_s in range(0, 600, 2)]
    assert any(seen)
    assert not any(bags(actors) for actors in seen)


@pytest.mark.parametrize("name", PLACES)
def test_pictures_look_like_a_camera_s(name: str) -> None:
    """Pictures carry noise and a clock; two of them are never the same, and their mean is stable."""
    clock = datetime(2026, 11, 22, 7, 30, tzinfo=UTC)
    scene = ScenePictures(name, TIMETABLE, seed=3, camera_now=lambda: clock)
    first, second = (plane_of(scene.next_picture(0).frame, 0).astype(int) for _ in range(2))
    assert first.shape == (HEIGHT_PX, WIDTH_PX)
    assert 1.0 < (first - second).std() < 4.0
    assert abs(first.mean() - second.mean()) < 0.2
    assert first[20:54, 24:444].max() > 230, "the clock is written in white"


def test_a_scene_skips_what_it_could_not_draw() -> None:
    """On a loaded machine the scene keeps to its time instead of falling behind."""
    scene = ScenePictures(
        "market-gate", TIMETABLE, seed=1, camera_now=lambda: datetime(2026, 1, 1, tzinfo=UTC)
    )
    assert scene.next_picture(0).pts_s == 0
    assert scene.next_picture(10).pts_s == pytest.approx(10, abs=0.1)
    assert scene.next_picture(0).pts_s > 10


def test_the_bag_is_large_enough_to_be_found() -> None:
    """In the sub-stream the bag is at least 16 pixels wide."""
    [bag] = bags(lane_at(20))
    assert bag.width / 2 >= 16


@given(width=st.integers(16, 4096), height=st.integers(16, 2160))
def test_sub_streams_have_even_sides_and_the_same_shape(width: int, height: int) -> None:
    """The sub-stream is never larger than 640 wide, and H.264 gets even sides."""
    sub = sub_stream_size(width, height)
    assert sub[0] <= 640
    assert sub[0] % 2 == sub[1] % 2 == 0
    assert sub[1] / sub[0] == pytest.approx(height / width, rel=0.3, abs=0.02)


def test_a_small_picture_is_an_average() -> None:
    """Reducing a picture keeps its brightness."""
    scene = ScenePictures(
        "market-gate", TIMETABLE, seed=1, camera_now=lambda: datetime(2026, 1, 1, tzinfo=UTC)
    )
    frame = scene.next_picture(0).frame
    small = resized(frame, 640, 360)
    assert plane_of(small, 0).shape == (360, 640)
    assert plane_of(small, 0).mean() == pytest.approx(plane_of(frame, 0).mean(), abs=0.5)
