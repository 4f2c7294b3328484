"""Figures followed from picture to picture: told boxes, no pictures."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.picture.figures import Area, Figure
from edge_agent.vision.presence.shapes import Shape
from edge_agent.vision.presence.track import COAST_S, Track
from edge_agent.vision.presence.tracks import MOST_TRACKS, Tracks

SIZE = (320, 180)


def shape(
    left: float, top: float = 60, width: int = 20, height: int = 60, **looks: object
) -> Shape:
    fields = {"luma": 60.0, "stirs": True} | looks
    area = Area(left=round(left), top=round(top), width=width, height=height)
    figure = Figure(area=area, pixels=int(0.8 * width * height), luma=float(fields["luma"]))
    return Shape(figure=figure, stirs=bool(fields["stirs"]))


def follow(tracks: Tracks, t_s: float, *shapes: Shape) -> list[Track]:
    tracks.step(t_s, sorted(shapes, key=lambda s: -s.figure.pixels))
    return list(tracks.current)


@pytest.mark.parametrize("every_s", [0.2, 0.5, 1.0, 2.0])
def test_a_walker_is_one_figure_at_any_picture_rate(every_s: float) -> None:
    """Twenty pixels a second, his own width, from keyframes every two seconds to five a second."""
    tracks = Tracks(SIZE)
    ids = set()
    for number in range(int(10 / every_s)):
        t_s = 5.0 + number * every_s
        (track,) = follow(tracks, t_s, shape(20 + 20 * number * every_s))
        ids.add(track.track_id)
    assert len(ids) == 1
    assert track.came
    assert track.first_s == 5.0


def test_two_who_meet_and_part_keep_their_places() -> None:
    """They are one figure for three seconds, and go on as they came."""
    tracks = Tracks(SIZE)
    for number in range(60):
        t_s = 1.0 + number / 5
        right, left = 20 + 4 * number, 256 - 4 * number
        near = abs(right - left) < 22
        together = shape(min(left, right), width=20 + abs(right - left))
        people = [together] if near else [shape(right), shape(left, luma=120.0)]
        followed = follow(tracks, t_s, *people)
    one, other = sorted(followed, key=lambda track: track.track_id)
    assert {one.first_s, other.first_s} == {1.0}
    assert {round(track.luma): track.area.left > 128 for track in followed} == {
        60: True,
        120: False,
    }


def test_whom_a_pole_cuts_in_two_is_one() -> None:
    """The pole is six pixels wide."""
    tracks = Tracks(SIZE)
    for number in range(40):
        left = 100 + 2 * number
        pole = range(138, 144)
        parts = [shape(left)]
        if left < pole.start and left + 20 > pole.stop:
            parts = [
                shape(left, width=pole.start - left),
                shape(pole.stop, width=left + 20 - pole.stop),
            ]
        (track,) = follow(tracks, 1.0 + number / 5, *parts)
    assert track.first_s == 1.0
    assert track.area.width == 20


def test_who_is_hidden_for_a_moment_is_the_same() -> None:
    """Two seconds behind a pillar."""
    tracks = Tracks(SIZE)
    for number in range(40):
        people = [] if 15 <= number < 25 else [shape(20 + 5 * number)]
        followed = follow(tracks, 1.0 + number / 5, *people)
    (track,) = followed
    assert track.first_s == 1.0


def test_what_comes_apart_knows_from_whom() -> None:
    """A bag is put down; it does not stir, and its path begins with who brought it."""
    tracks = Tracks(SIZE)
    for number in range(30):
        t_s = 1.0 + number / 5
        person = shape(20 + 6 * number)
        things = [shape(108, top=108, width=12, height=12, luma=20, stirs=False)]
        followed = follow(tracks, t_s, person, *(things if number >= 17 else []))
    person, bag = sorted(followed, key=lambda track: track.track_id)
    assert bag.came_from == person.track_id
    assert bag.stirred_s is None
    path = tracks.path_of(Area(left=108, top=108, width=12, height=12), t_s)
    assert path[0].t_s == 1.0
    assert path[0].area.left == 20


def test_a_bag_beside_which_somebody_passes_does_not_stir() -> None:
    """Both are one figure for a second; what moves in it is not the bag."""
    tracks = Tracks(SIZE)
    for number in range(80):
        left = -40 + 5 * number
        bag = shape(150, top=100, width=24, height=20, luma=20, stirs=False)
        near = -20 < left - 150 < 24
        both = shape(min(left, 150), width=max(left + 20, 174) - min(left, 150))
        others = [both] if near else [bag, *([shape(left)] if 0 <= left < 300 else [])]
        followed = follow(tracks, 1.0 + number / 5, *others)
    bag_track = min(followed, key=lambda track: track.track_id)
    assert bag_track.area.left == 150
    assert bag_track.stirred_s is None


def test_the_path_of_who_was_at_a_place() -> None:
    """Of two who crossed the picture, the one who was there at that instant."""
    tracks = Tracks(SIZE)
    for number in range(50):
        t_s = 1.0 + number / 5
        follow(tracks, t_s, shape(20 + 5 * number), shape(280 - 5 * number, top=110, luma=150))
    path = tracks.path_of(Area(left=118, top=100, width=10, height=10), 5.0)
    assert [step.t_s for step in path] == sorted(step.t_s for step in path)
    assert path[0].foot == pytest.approx((30, 120), abs=6)
    assert path[-1].foot == pytest.approx((275, 120), abs=6)
    assert tracks.path_of(Area(left=0, top=0, width=10, height=10), 5.0) == ()
    assert tracks.path_of(Area(left=118, top=100, width=10, height=10), 60.0) == ()


def test_the_path_outlives_the_figure() -> None:
    """An object is confirmed long after its owner has gone."""
    tracks = Tracks(SIZE)
    for number in range(30):
        follow(tracks, 1.0 + number / 5, shape(20 + 5 * number))
    for number in range(60):
        assert follow(tracks, 20.0 + number / 5) == []
    assert len(tracks.path_of(Area(left=75, top=80, width=10, height=10), 3.0)) == 30


def test_who_sways_has_not_come() -> None:
    """A branch moves about one place; its outline jumps."""
    tracks = Tracks(SIZE)
    for number in range(100):
        wide = 30 if number % 3 else 60
        (track,) = follow(tracks, 1.0 + number / 5, shape(100 + 8 * (number % 2), width=wide))
    assert not track.came


def test_who_leaves_over_the_edge_is_not_awaited() -> None:
    """The next one to come in there is somebody else."""
    tracks = Tracks(SIZE)
    for number in range(20):
        (first,) = follow(tracks, 1.0 + number / 5, shape(max(0, 95 - 5 * number)))
    after_s = 1.0 + 19 / 5 + COAST_S
    assert follow(tracks, after_s + 0.1) == []
    (second,) = follow(tracks, after_s + 0.3, shape(0))
    assert second.track_id != first.track_id


boxes = st.builds(
    shape,
    st.integers(0, 280),
    st.integers(0, 100),
    width=st.integers(2, 40),
    height=st.integers(2, 80),
    luma=st.floats(0, 255),
    stirs=st.booleans(),
)


@given(st.lists(st.tuples(st.floats(0.05, 6.0), st.lists(boxes, max_size=12)), max_size=25))
def test_every_figure_of_a_picture_is_followed_within_the_plane(pictures) -> None:
    """Whatever comes: each shape has one track, boxes stay inside, memory stays bounded."""
    tracks, t_s = Tracks(SIZE), 0.0
    for wait_s, shapes in pictures:
        t_s += wait_s
        is_now = tracks.step(t_s, sorted(shapes, key=lambda s: -s.figure.pixels))
        current = tracks.current
        assert len({track.track_id for track in current}) == len(current) <= MOST_TRACKS
        assert set(is_now) <= {track.track_id for track in current}
        assert bool(current) == bool(shapes)
        for track in current:
            assert track.first_s <= (track.stirred_s or t_s) <= track.seen_s == t_s
            assert 0 <= track.area.left < track.area.right <= SIZE[0]
            assert 0 <= track.area.top < track.area.bottom <= SIZE[1]
            assert track.area == track.path[-1].area
