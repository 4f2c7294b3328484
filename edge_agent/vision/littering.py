"""From the phases of left objects to findings with their evidence."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Literal
from uuid import uuid4

import structlog

from edge_agent.vision.detector.opinion import Opinion, SecondLook
from edge_agent.vision.evidence.back_trace import BEFORE_S, BackTrace
from edge_agent.vision.evidence.clips import Clips
from edge_agent.vision.evidence.depositor import Trace
from edge_agent.vision.evidence.footage import MOST_S
from edge_agent.vision.evidence.pins import Hold
from edge_agent.vision.evidence.shots import Shot, ShotTaker
from edge_agent.vision.findings import (
    FixtureLearned,
    LitteringConfirmed,
    LitteringEnded,
    PathPoint,
)
from edge_agent.vision.objects.attention import Phase
from edge_agent.vision.objects.thing import LeftObject, encode_looks
from edge_agent.vision.orders import Fixture, Watch
from edge_agent.vision.scene import Scene
from edge_agent.vision.scene_events import ObjectChanged

Said = LitteringConfirmed | LitteringEnded
_ENDINGS: dict[Phase, Literal["cleared", "reclaimed", "fixture"]] = {
    Phase.RECLAIMED: "reclaimed",
    Phase.CLEARED: "cleared",
    Phase.FIXTURE: "fixture",
    # Lost in a change of light: nobody knows better than that it is not there.
    Phase.DISMISSED: "cleared",
}

RECOGNISED_AGAIN_S = 600.0
"""What is taken for the same fixture again within this time is not said once more."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Kept:
    """What is kept of a candidate until it ends or is confirmed."""

    clear_s: float | None
    """When whoever brought it was not there yet, as far as was remembered at its opening."""
    hold: Hold


@dataclass(frozen=True, kw_only=True, slots=True)
class Told:
    """What has been told of the things of a scene, and what is kept for what is still to be told."""

    ids: dict[int, str]
    kept: dict[int, _Kept]
    recognised_s: dict[str, float]

    def release(self) -> None:
        """Let the rings forget what is kept: nobody goes on with it."""
        while self.kept:
            self.kept.popitem()[1].hold.release()


class Littering:
    """What is said about the left objects of one camera."""

    def __init__(
        self,
        watch: Watch,
        shots: ShotTaker,
        *,
        clips: Clips,
        back_trace: BackTrace,
        second_look: SecondLook,
    ) -> None:
        self._camera_id = watch.camera_id
        self._clip_before_s, self._clip_after_s = watch.clip_before_s, watch.clip_after_s
        self._shots = shots
        self._clips = clips
        self._back_trace = back_trace
        self._detector, self._second_look = watch.detector, second_look
        self.plane_size = (1, 1)
        """Width and height of the planes that things are measured on."""
        self._ids: dict[int, str] = {}
        self._kept: dict[int, _Kept] = {}
        self._recognised_s: dict[str, float] = {}
        """When it was last said that something had been taken for a fixture."""

    def tell(self, event: ObjectChanged, scene: Scene) -> Iterable[Said]:
        """Return what is to be said about one change."""
        thing = event.thing
        if event.phase is Phase.CANDIDATE:
            self._keep(thing, scene)
        if event.phase is Phase.CONFIRMED:
            return [self._confirmed(event, scene)]
        if not event.phase.ended:
            return []
        if kept := self._kept.pop(thing.object_id, None):
            kept.hold.release()
        object_id = self._ids.pop(thing.object_id, None)
        if object_id is None:
            return self._recognised(event, scene) if event.phase is Phase.FIXTURE else []
        return [
            LitteringEnded(
                camera_id=self._camera_id,
                at_s=event.t_s,
                object_id=object_id,
                zone=scene.zone_of(thing),
                ending=_ENDINGS[event.phase],
                pictures=self._shots.take([self._shots.shot("after", event.t_s)], of=object_id),
            )
        ]

    def _recognised(self, event: ObjectChanged, scene: Scene) -> list[Said]:
        """Say that something was taken for a fixture: nothing is passed over unseen."""
        fixture_id, at_s = event.thing.fixture_id, event.t_s
        recent = {k: s for k, s in self._recognised_s.items() if at_s - s < RECOGNISED_AGAIN_S}
        self._recognised_s = {fixture_id: at_s, **recent}
        if fixture_id in recent:
            return []
        return [
            LitteringEnded(
                camera_id=self._camera_id,
                at_s=at_s,
                object_id=str(uuid4()),
                zone=scene.zone_of(event.thing),
                ending="fixture",
                fixture_id=fixture_id,
            )
        ]

    def hand_over(self) -> Told:
        """Return what another goes on with, and know it no more."""
        for kept in self._kept.values():
            kept.hold.end()
        told = Told(ids=self._ids, kept=self._kept, recognised_s=self._recognised_s)
        self._ids, self._kept, self._recognised_s = {}, {}, {}
        return told

    def take_over(self, told: Told) -> None:
        """Go on with what another has told about the same things."""
        self._ids, self._kept, self._recognised_s = told.ids, told.kept, told.recognised_s

    def end_fixtures(self, fixture_ids: Collection[str], scene: Scene) -> None:
        """End what an operator has said to belong there while nobody looked."""
        for thing in scene.left:
            if (object_id := self._ids.get(thing.object_id)) in fixture_ids:
                thing.fixture_id = object_id or ""

    def mark_fixture(
        self, object_id: str, scene: Scene | None, at_s: float
    ) -> Iterable[FixtureLearned]:
        """An operator says that a confirmed object belongs there; it ends with the next picture."""
        things = {self._ids.get(thing.object_id): thing for thing in scene.left} if scene else {}
        thing = things.get(object_id)
        if scene is None or thing is None:
            _log.warning("fixture_unknown", camera_id=self._camera_id, object_id=object_id)
            return
        thing.fixture_id = object_id
        yield FixtureLearned(
            camera_id=self._camera_id,
            at_s=at_s,
            object_id=object_id,
            fixture=Fixture(
                fixture_id=object_id,
                zone=scene.zone_of(thing),
                box=thing.area.shares_of(self.plane_size),
                looks=encode_looks(thing.patch),
            ),
        )

    def _confirmed(self, event: ObjectChanged, scene: Scene) -> LitteringConfirmed:
        thing = event.thing
        object_id = self._ids.setdefault(thing.object_id, str(uuid4()))
        attention = thing.attention
        kept = self._kept.pop(thing.object_id, None) or self._hold(thing, None)
        traced = self._back_trace.of(
            thing, scene.behind(thing), kept.hold.own, since_s=scene.turned_s
        )
        deposited_s = thing.deposited_s if traced.deposited_s is None else traced.deposited_s
        self._request_clip(object_id, deposited_s, event.t_s, kept.hold)
        opinion = self._opinion_of(thing, event.t_s)
        shots = self._shots_of(kept, traced, deposited_s, event.t_s)
        pictures = self._shots.take(shots, of=object_id)
        kept.hold.release()
        return LitteringConfirmed(
            camera_id=self._camera_id,
            at_s=event.t_s,
            object_id=object_id,
            zone=scene.zone_of(thing),
            box=thing.area.shares_of(self.plane_size),
            deposited_at_s=deposited_s,
            left_at_s=attention.left_at_s,
            unattended_s=attention.alone_s(event.t_s),
            score=opinion.score if opinion else thing.score,
            reasons=(*thing.reasons, traced.reason, *([opinion.reason] if opinion else ())),
            pictures=pictures,
            figure_box=traced.figure and traced.figure.shares_of(self.plane_size),
            path=self._path(traced),
            came_from=traced.came_from,
            went_to=traced.went_to,
        )

    def _opinion_of(self, thing: LeftObject, at_s: float) -> Opinion | None:
        if self._detector is None:
            return None
        image = self._shots.look(self._shots.shot("after", at_s))
        if image is None:
            return None
        box = thing.area.shares_of(self.plane_size)
        return self._second_look.opinion(
            self._detector, image, box, thing.score, camera_id=self._camera_id
        )

    def _request_clip(self, object_id: str, deposited_s: float, at_s: float, held: Hold) -> None:
        begin_s = deposited_s - self._clip_before_s
        # What is longer ends before the confirmation: the deposit is what it is about.
        end_s = min(at_s + self._clip_after_s, begin_s + MOST_S)
        self._clips.request(object_id, begin_s, end_s, around_s=deposited_s, held=held)

    def _shots_of(
        self, kept: _Kept, traced: Trace, deposited_s: float, at_s: float
    ) -> tuple[Shot, ...]:
        clear_s = kept.clear_s if traced.clear_s is None else traced.clear_s
        if clear_s is None:
            # Where it was never clear, the oldest picture is the likeliest, but not one of a time
            # that was kept for another.
            clear_s = min(deposited_s, kept.hold.own.ring.since_s(deposited_s))
        return (
            self._shots.shot("before", clear_s, held=kept.hold),
            self._shots.shot("depositing", deposited_s, held=kept.hold),
            self._shots.shot("after", at_s),
        )

    def _path(self, traced: Trace) -> tuple[PathPoint, ...]:
        width, height = self.plane_size
        return tuple(
            PathPoint(
                at_s=step.t_s,
                x=min(1.0, max(0.0, step.foot[0] / width)),
                y=min(1.0, max(0.0, step.foot[1] / height)),
            )
            for step in traced.path
        )

    def _keep(self, thing: LeftObject, scene: Scene) -> None:
        self._kept[thing.object_id] = self._hold(thing, scene.clear_before(thing))

    def _hold(self, thing: LeftObject, clear_s: float | None) -> _Kept:
        begin_s = thing.deposited_s - max(BEFORE_S, self._clip_before_s)
        begin_s = begin_s if clear_s is None else min(begin_s, clear_s)
        return _Kept(clear_s=clear_s, hold=self._shots.hold(begin_s, thing.deposited_s + MOST_S))
