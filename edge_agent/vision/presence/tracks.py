"""Follows figures from picture to picture, whole seconds apart or five times a second. Pure."""

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from edge_agent.vision.picture.figures import Area, Figure
from edge_agent.vision.presence.matching import Looks, boxes_of, overlap, pair, sizes
from edge_agent.vision.presence.shapes import Shape
from edge_agent.vision.presence.track import Step, Track

REMEMBERED_S = 60.0
"""Of those who have gone, the path is known for so long."""
MOST_TRACKS, MOST_GONE = 60, 200
HIDES = 0.5
"""Who lies so far within a figure that is somebody else is hidden in it."""
WHOLE = 1.5
"""Parts whose common box is no larger than this, times the figure's own, are one figure."""
MEETS_S = 1.0
"""Who was not seen for so long is not met by who is there now."""
SPECK = 0.1
"""What has less of the pixels of whom it vanishes in is no second figure."""
TOGETHER_S = 10.0
"""Who are one figure for longer are followed as one, as large as that is."""
BESIDE_PX = 3
LIVELY_S = 5.0
"""What has not stirred for so long does not stir because somebody passes before it."""


class Tracks:
    """The figures of one scene. Feed the shapes of each picture in the order of time.

    Who meets others and parts again keeps their time, as does who is cut in two by a pole. What
    comes apart from somebody is a track of its own that knows whom it came from.
    """

    def __init__(self, size: tuple[int, int] | None = None) -> None:
        """Prepare; with the plane's width and height, who leaves over its edge is not awaited."""
        self._size = size
        self._next_id = 1
        self._t_s = 0.0
        self._followed: list[Track] = []
        self._gone: deque[Track] = deque(maxlen=MOST_GONE)

    @property
    def current(self) -> Sequence[Track]:
        """Everybody seen in the latest picture, in the order of their coming."""
        return [track for track in self._followed if track.seen_s == self._t_s]

    @property
    def awaited(self) -> frozenset[int]:
        """Everybody who is there or expected back, by id."""
        return frozenset(track.track_id for track in self._followed)

    def path_of(self, place: Area, at_s: float) -> tuple[Step, ...]:
        """Return the path, in order of time, of the figure that was at a place at an instant.

        Of several, the one that covered most of it in its picture nearest to the instant, which
        is at most a second away. The path reaches back to where the figure was first seen, also
        before it came apart from another, and on to where it was seen last, a minute in all, as
        far as pictures have been fed; empty: nobody was there.
        """
        best, most = None, 0.0
        for track in (*self._followed, *self._gone):
            nearest = min(track.path, key=lambda step: abs(step.t_s - at_s))
            late_s = abs(nearest.t_s - at_s)
            covered = nearest.area.shared(place) / (1.0 + late_s)
            if late_s <= 1.0 and covered > most:
                best, most = track, covered
        return self._whole_path(best) if best else ()

    def _whole_path(self, track: Track) -> tuple[Step, ...]:
        known = {one.track_id: one for one in (*self._followed, *self._gone)}
        path = list(track.path)
        while track.came_from in known:
            track = known[track.came_from]
            path = [step for step in track.path if step.t_s < path[0].t_s] + path
        return tuple(path)

    def forget(self) -> None:
        """Follow nobody any more, as when the picture has been learned anew."""
        self._gone.extend(self._followed)
        self._followed = []

    def step(self, t_s: float, shapes: Sequence[Shape]) -> dict[int, Shape]:
        """Take the shapes of a picture, largest first; return which one each track is, by id."""
        dt_s, self._t_s = t_s - self._t_s, t_s
        known = list(self._followed)
        expected = boxes_of([track.expected(t_s) for track in known])
        seen = boxes_of([shape.area for shape in shapes])
        met = dict(pair(_known(known, expected), _seen(shapes, seen), _unseen_s(known, t_s), dt_s))
        joins = self._join(known, shapes, _hosts(expected, seen, met), dt_s)
        pieces = {row: [shapes[column]] for row, column in met.items()}
        fresh = _assign_rest(known, shapes, met, pieces)
        for row, parts in pieces.items():
            stirs = any(part.stirs for part in parts)
            if met[row] in joins:
                known[row].hide(parts[0].area, t_s, stirs=stirs and _lively(known[row], t_s))
            else:
                known[row].meet(_whole(parts), t_s, stirs=stirs, pieces=len(parts))
        is_now = {known[row].track_id: shapes[column] for row, column in met.items()}
        for column, parent in fresh:
            if len(self._followed) < MOST_TRACKS:
                is_now[self._begin(shapes[column], parent, t_s)] = shapes[column]
        self._drop(t_s)
        return is_now

    def _join(
        self, known: Sequence[Track], shapes: Sequence[Shape], hosts: dict[int, int], dt_s: float
    ) -> set[int]:
        """Keep those who have become one figure with another; return which figures are several."""
        t_s, several = self._t_s, set()
        for row, column in hosts.items():
            track, shape = known[row], shapes[column]
            late = t_s - track.seen_s > max(MEETS_S, 1.5 * dt_s)
            if late or track.pixels < SPECK * shape.figure.pixels:
                continue
            track.hide(shape.area, t_s, stirs=shape.stirs and _lively(track, t_s))
            if track.came and t_s - (track.joined_s or t_s) < TOGETHER_S:
                several.add(column)
        return several

    def _begin(self, shape: Shape, parent: Track | None, t_s: float) -> int:
        track = Track(
            track_id=self._next_id,
            first_s=t_s,
            seen_s=t_s,
            area=shape.area,
            pixels=float(shape.figure.pixels),
            box_pixels=float(shape.area.size),
            luma=shape.figure.luma,
            stirred_s=t_s if shape.stirs else None,
            came_from=parent.track_id if parent else None,
            came=parent is not None and parent.came,
        )
        self._next_id += 1
        self._followed.append(track)
        return track.track_id

    def _drop(self, t_s: float) -> None:
        gone = {track.track_id for track in self._followed if track.forgotten(t_s, self._size)}
        self._gone.extend(track for track in self._followed if track.track_id in gone)
        self._followed = [track for track in self._followed if track.track_id not in gone]
        while self._gone and t_s - self._gone[0].seen_s > REMEMBERED_S:
            self._gone.popleft()


def _known(tracks: Sequence[Track], expected: np.ndarray) -> Looks:
    return Looks(
        boxes=expected,
        pixels=np.array([track.pixels for track in tracks]),
        luma=np.array([track.luma for track in tracks]),
    )


def _seen(shapes: Sequence[Shape], boxes: np.ndarray) -> Looks:
    return Looks(
        boxes=boxes,
        pixels=np.array([float(shape.figure.pixels) for shape in shapes]),
        luma=np.array([shape.figure.luma for shape in shapes]),
    )


def _unseen_s(tracks: Sequence[Track], t_s: float) -> np.ndarray:
    return np.array([t_s - track.seen_s for track in tracks])


def _lively(track: Track, t_s: float) -> bool:
    return track.stirred_s is not None and t_s - track.stirred_s < LIVELY_S


def _hosts(expected: np.ndarray, seen: np.ndarray, met: dict[int, int]) -> dict[int, int]:
    """Return in which figure, that is somebody else, each track without one is hidden."""
    if not met or len(met) == len(expected):
        return {}
    covered = overlap(expected, seen) / sizes(expected)[:, None]
    free = [row for row in range(len(expected)) if row not in met]
    hosts = {row: int(np.argmax(covered[row])) for row in free}
    return {row: column for row, column in hosts.items() if covered[row, column] >= HIDES}


def _assign_rest(
    known: Sequence[Track],
    shapes: Sequence[Shape],
    met: dict[int, int],
    pieces: dict[int, list[Shape]],
) -> list[tuple[int, Track | None]]:
    """Give parts to the figures that they belong to; return what is fresh and from whom it came."""
    fresh: list[tuple[int, Track | None]] = []
    taken = set(met.values())
    for column, shape in enumerate(shapes):
        if column in taken:
            continue
        row = _nearest(known, shape.area, pieces)
        if row is None:
            fresh.append((column, None))
        elif _fits(known[row], pieces[row], shape.area):
            pieces[row].append(shape)
        else:
            fresh.append((column, known[row]))
    return fresh


def _nearest(known: Sequence[Track], area: Area, pieces: dict[int, list[Shape]]) -> int | None:
    """Return the figure that is beside this place, or was in the picture before."""
    place = area.grown(BESIDE_PX)
    touched = {
        row: known[row].area.shared(place) + sum(part.area.shared(place) for part in parts)
        for row, parts in pieces.items()
    }
    row = max(touched, key=lambda r: touched[r], default=None)
    return row if row is not None and touched[row] > 0 else None


def _fits(track: Track, parts: Sequence[Shape], area: Area) -> bool:
    whole = area
    for part in parts:
        whole = whole.joined(part.area)
    return whole.size <= WHOLE * track.box_pixels


def _whole(parts: Sequence[Shape]) -> Figure:
    figure = parts[0].figure
    for part in parts[1:]:
        pixels = figure.pixels + part.figure.pixels
        share = part.figure.pixels / pixels
        figure = replace(
            figure,
            area=figure.area.joined(part.area),
            pixels=pixels,
            luma=figure.luma + share * (part.figure.luma - figure.luma),
        )
    return figure
