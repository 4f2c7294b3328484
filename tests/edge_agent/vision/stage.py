"""A drawn scene before a fixed camera: a textured wall, sensor noise, and what a test puts there."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.objects.belongings import Belonging
from edge_agent.vision.objects.thing import LeftObject
from edge_agent.vision.picture.motion import MotionBegan, MotionStopped
from edge_agent.vision.scene import Scene
from edge_agent.vision.scene_events import ObjectChanged, Place, SceneEvent

HEIGHT, WIDTH = 180, 320
FIGURE_LUMA, BAG_LUMA = 45, 30
Picture = NDArray[np.float64]
Paint = Callable[[Picture, float], None]


@dataclass
class Told:
    """What the scene said, as tests ask for it."""

    events: list[SceneEvent] = field(default_factory=list)

    def phases(self) -> list[tuple[float, Phase, LeftObject]]:
        return [(e.t_s, e.phase, e.thing) for e in self.events if isinstance(e, ObjectChanged)]

    def confirmed(self) -> list[tuple[float, LeftObject]]:
        return [(t_s, thing) for t_s, phase, thing in self.phases() if phase is Phase.CONFIRMED]

    def ended(self) -> list[tuple[float, Phase]]:
        ends = {Phase.CLEARED, Phase.RECLAIMED, Phase.FIXTURE}
        return [(t_s, phase) for t_s, phase, _ in self.phases() if phase in ends]

    def motion(self) -> list[MotionBegan | MotionStopped]:
        return [e for e in self.events if isinstance(e, MotionBegan | MotionStopped)]


def wall(seed: int = 3) -> Picture:
    rng = np.random.default_rng(seed)
    tiles = np.kron(rng.uniform(90, 170, (9, 16)), np.ones((20, 20)))
    return tiles + rng.normal(0, 4, (HEIGHT, WIDTH))


def box(picture: Picture, left: float, top: float, width: int, height: int, luma: float) -> None:
    x, y = round(left), round(top)
    patch = picture[max(0, y) : max(0, y + height), max(0, x) : max(0, x + width)]
    patch[:] = luma + 6 * np.sin(np.arange(patch.shape[1]))


def figure(picture: Picture, left: float, t_s: float, *, luma: float = FIGURE_LUMA) -> None:
    """Draw somebody 60 pixels tall who never stands quite still."""
    sway = 3 * np.sin(4 * t_s)
    box(picture, left + sway, 60, 18, 20, luma + 40)
    box(picture, left - 0.6 * sway, 80, 20, 40, luma)


def bag(picture: Picture, left: float = 162) -> None:
    box(picture, left, 108, 14, 12, BAG_LUMA)


def carrier(t_s: float, *, there_s: float, away_s: float, place: float = 140) -> float | None:
    """Return the left edge of somebody who comes from the left, stays, and leaves to the right."""
    if t_s < there_s - 4 or t_s > away_s + 5:
        return None
    if t_s < there_s:
        return place - (there_s - t_s) * 40
    return place if t_s < away_s else place + (t_s - away_s) * 45


def deposit(*, there_s: float = 8, away_s: float = 10, until_s: float = 1e9) -> Paint:
    """Paint somebody who puts a bag down at `there_s` and walks away at `away_s`."""

    def paint(picture: Picture, t_s: float) -> None:
        if there_s <= t_s < until_s:
            bag(picture)
        left = carrier(t_s, there_s=there_s, away_s=away_s)
        if left is not None:
            figure(picture, left, t_s)

    return paint


def beside(*, away_s: float, from_s: float = 0.0) -> Paint:
    """Paint somebody who puts a bag down at 8 s and waits a step away; a clip begins at `from_s`."""

    def paint(picture: Picture, clip_s: float) -> None:
        t_s = clip_s + from_s
        if t_s >= 8:
            bag(picture)
        left = carrier(t_s, there_s=8, away_s=away_s, place=140 if t_s < 9 else 122)
        if left is not None:
            figure(picture, left, t_s)

    return paint


def pictures(paint: Paint, *, until_s: float, fps: float = 5, noise: float = 2) -> Iterator:
    rng = np.random.default_rng(11)
    still = wall()
    for number in range(int(until_s * fps)):
        t_s = number / fps
        picture = still.copy()
        paint(picture, t_s)
        picture += rng.normal(0, noise, picture.shape)
        yield t_s, np.clip(picture, 0, 255).astype(np.uint8)


def make_scene(
    *,
    unattended_s: float = 5,
    zone: NDArray[np.bool_] | None = None,
    fixtures: Sequence[Belonging] = (),
) -> Scene:
    whole = np.ones((HEIGHT, WIDTH) if zone is None else zone.shape, bool)
    return Scene(
        motion_zones=[Place(name="yard", mask=whole)],
        object_zones=[Place(name="yard", mask=whole if zone is None else zone)],
        unattended_s=unattended_s,
        fixtures=fixtures,
    )


def play(
    paint: Paint, *, until_s: float = 30, fps: float = 5, noise: float = 2, **scene: object
) -> Told:
    told, watched = Told(), make_scene(**scene)  # type: ignore[arg-type]
    for t_s, picture in pictures(paint, until_s=until_s, fps=fps, noise=noise):
        told.events += watched.step(picture, t_s)
    told.events += watched.stop()
    return told
