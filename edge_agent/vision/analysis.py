"""One camera's pipeline: packets in, findings out; the order in which its parts see a picture."""

from collections.abc import Callable, Iterator, Sequence

from av import VideoFrame

from edge_agent.vision.condition.checkup import Checkup
from edge_agent.vision.condition.flow import Count
from edge_agent.vision.evidence.back_trace import BackTrace
from edge_agent.vision.evidence.clips import Clips
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.evidence.shots import ShotTaker
from edge_agent.vision.findings import AnyFinding, EvidenceMissed, Seen
from edge_agent.vision.fitness import Fitness
from edge_agent.vision.framing import Framing, Verdict
from edge_agent.vision.handover import Handover
from edge_agent.vision.littering import Littering
from edge_agent.vision.lookback import LookBack, Shown, Stock
from edge_agent.vision.orders import Afterthought, Arm, ForgetFixture, MarkFixture, NoteClock, Watch
from edge_agent.vision.picture.motion import MotionStopped
from edge_agent.vision.picture.plane import Mask, Pixels, plane_size
from edge_agent.vision.planes import Plane, Planes
from edge_agent.vision.scene import Scene
from edge_agent.vision.scene_events import ObjectChanged, SceneEvent
from edge_agent.vision.setting import belongings_of, guards, new_scene
from edge_agent.vision.stream.codec import is_coloured
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.whereabouts import Whereabouts

EMPTY_STEP_S = 59.5
"""While nothing is there, nothing is learned more often than this; what stirs is seen at once."""
_MOST_STEP_S = 5.0
"""A longer pause between two pictures is no motion."""

Onlooker = Callable[[Shown, Scene, list[AnyFinding]], None]


class Analysis:
    """One camera's pipeline, live or replayed. Feed packets in decoding order from one thread."""

    def __init__(
        self,
        watch: Watch,
        stock: Stock,
        *,
        room: EvidenceRoom,
        evidence: Callable[[], Stock | None] = lambda: None,
        main_fault: Callable[[], str | None] = lambda: None,
        onlooker: Onlooker | None = None,
    ) -> None:
        """Prepare.

        `evidence` gives the main stream's stock while there is one, `main_fault` says why there is
        none that should be; `onlooker` is shown every analysed picture, for a technician.
        """
        self._watch = watch
        self._stock = stock
        self._main_fault = main_fault
        self._onlooker = onlooker
        self._look_back = LookBack(
            stock,
            stirs=self._stirs,
            may_overlook=self._may_overlook,
            may_spare=lambda: not guards(watch, self._armed),
        )
        self._shots = shots = ShotTaker(
            watch.camera_id, stock, spool=room.spool, masks=watch.masks, main=evidence
        )
        self._clips = Clips(
            watch.camera_id,
            stock,
            evidence,
            folder=room.spool,
            masks=watch.masks,
            jobs=room.clip_jobs,
        )
        self._planes = Planes(watch.masks)
        back_trace = BackTrace(plane_of=lambda frame: self._planes.read(frame).masked)
        self._littering = Littering(
            watch,
            shots,
            clips=self._clips,
            back_trace=back_trace,
            second_look=room.second_look,
        )
        self._whereabouts = Whereabouts(watch, shots, self._clips)
        self._checkup = Checkup(stock.form.nominal_fps)
        self._framing = Framing((0, 0), self._checkup)
        self._fitness = Fitness(watch.camera_id, shots, self._checkup)
        self._inherited: Handover | None = None
        self._scene: Scene | None = None
        self._glanced: Plane | None = None
        self._armed = {zone.name: zone.armed for zone in watch.zones}
        self._fixtures = {fixture.fixture_id: fixture for fixture in watch.fixtures}
        self._motion_s = 0.0
        self._moved_s: float | None = None
        self._stepped_s = float("-inf")

    def inherit(self, left: Handover, now_s: float) -> None:
        """Go on with what another watch of this camera has left, if it looked for the same."""
        if not left.suits(self._watch, now_s):
            left.release()
            return
        self._inherited = left
        self._littering.take_over(left.told)
        self._littering.plane_size = left.size

    @property
    def decode_errors(self) -> int:
        """Pictures that could not be decoded so far, or did not come as a whole."""
        missing = max(self._stock.missing(), self._look_back.gaps)
        return self._look_back.decode_errors + missing

    @property
    def look_back(self) -> LookBack:
        """How closely the packets are looked at."""
        return self._look_back

    @property
    def decoded(self) -> int:
        """Pictures decoded so far."""
        return self._look_back.decoded

    @property
    def seen(self) -> bool:
        """Whether a whole picture has been looked at."""
        return self._scene is not None

    @property
    def checkup(self) -> Checkup:
        """What is known of the camera's condition."""
        return self._checkup

    def skip(self, packets: int) -> None:
        """Count packets that came, but that there was no time to look at."""
        self._checkup.flow.skip(packets)

    def take_motion_s(self) -> float:
        """Return the seconds with motion since the last call."""
        motion_s, self._motion_s = self._motion_s, 0.0
        return motion_s

    def feed(self, packet: Packet) -> list[AnyFinding]:
        """Take the next packet into the ring; return what is to be said.

        Raises:
            SourceLost: nothing of it can be decoded, or no keyframe comes in time.
        """
        said: list[AnyFinding] = []
        for shown in self._look_back.feed(packet):
            said += self._look_at(shown)
        # A keyframe that was glanced at, but is not to be looked at, would wait here decoded.
        self._glanced = None
        said += self._count_packets(1, packet.t_s)
        return said

    def feed_all(self, packets: Sequence[Packet]) -> Iterator[AnyFinding]:
        """Take the next packets into the ring; yield what is to be said as it is found.

        Raises:
            SourceLost: nothing of it can be decoded, or no keyframe comes in time.
        """
        begin = 0
        while begin < len(packets):
            passed = self._look_back.pass_over(packets[begin:])
            begin += passed
            if passed:
                yield from self._count_packets(passed, packets[begin - 1].t_s)
            if begin < len(packets):
                yield from self.feed(packets[begin])
                begin += 1

    def _count_packets(self, count: int, t_s: float) -> list[AnyFinding]:
        """See whether packets come as they should, and what clips are complete with the last."""
        said: list[AnyFinding] = []
        if changes := self._checkup.packets(count, t_s, self._count):
            said += self._fitness.tell(changes, t_s)
        said += self._clips.step(t_s)
        said += self._missed(t_s)
        return said

    def _missed(self, t_s: float) -> list[EvidenceMissed]:
        """Return what is to be said of pictures and clips that could not be made."""
        return self._shots.losses.tell(t_s) + self._clips.losses.tell(t_s)

    def obey(self, order: Afterthought) -> list[AnyFinding]:
        """Follow an order; return what is to be said at once."""
        match order:
            case Arm():
                self._armed[order.zone] = order.armed
                if self._scene is not None:
                    return list(self._tell(self._scene.arm(order.zone, armed=order.armed)))
            case MarkFixture():
                now_s = self._moved_s or 0.0
                left = self._inherited
                scene = self._scene or (left.scene if left else None)
                learned = list(self._littering.mark_fixture(order.object_id, scene, now_s))
                self._fixtures |= {one.fixture.fixture_id: one.fixture for one in learned}
                self._know_fixtures()
                return [*learned]
            case ForgetFixture():
                self._fixtures.pop(order.fixture_id, None)
                self._know_fixtures()
            case NoteClock():
                self._checkup.flow.note_clock(order.offset_s)
        return []

    def _know_fixtures(self) -> None:
        if self._scene is not None:
            self._scene.know(belongings_of(self._fixtures.values()))

    def finish(self) -> list[AnyFinding]:
        """Look at what is still inside the decoder and end all motion."""
        said: list[AnyFinding] = []
        for shown in self._look_back.finish():
            said += self._look_at(shown)
        if self._scene is not None:
            said += self._tell(self._scene.stop())
        return said + self._missed(self._moved_s or 0.0)

    def hand_over(self) -> Handover | None:
        """Return what the next watch may go on with, after `finish`; None: nothing was seen."""
        if self._scene is None or self._moved_s is None:
            left, self._inherited = self._inherited, None
            return left
        aim, scene, self._scene = self._checkup.aim, self._scene, None
        # A loss in the middle of a turn has ended nothing yet; the agent has ended all of it.
        scene.stop()
        return Handover(
            watch=self._watch,
            last_s=self._moved_s,
            scene=scene,
            size=self._planes.size,
            came_as=self._framing.size,
            told=self._littering.hand_over(),
            aim=None if aim is None or aim.away else aim,
            sparing=self._look_back.sparing,
        )

    def finish_clips(self, *, wait_s: float) -> list[AnyFinding]:
        """Make the clips that are wanted of what there is; return those done in time."""
        now_s = self._moved_s or 0.0
        ready = self._clips.finish(now_s, wait_s=wait_s)
        return [*ready, *self._missed(now_s)]

    def _stirs(self, frame: VideoFrame) -> bool:
        """Whether a keyframe shows something that is not known to be there; learns nothing."""
        if self._scene is None:
            return False
        self._glanced = self._planes.read(frame)
        return self._scene.stirs(self._glanced.masked)

    def _may_overlook(self) -> bool:
        """Whether nothing but the empty scene is there, and the camera seems to be well."""
        return self._scene is not None and self._scene.empty and not self._checkup.pending

    def _look_at(self, shown: Shown) -> list[AnyFinding]:
        glanced, self._glanced = self._glanced, None
        if self._scene is None and self._inherited and self._inherited.covers(shown.t_s):
            return []
        said: list[AnyFinding] = []
        size = plane_size(shown.frame.width, shown.frame.height)
        if self._scene is None:
            said += self._begin(shown, size)
        scene = self._scene
        assert scene is not None  # noqa: S101 - it may just have begun
        again = glanced is not None and glanced.frame is shown.frame
        plane = glanced if glanced and again else self._planes.read(shown.frame)
        said += self._reframe(scene, plane, size, shown.t_s)
        if self._framing.unsure:
            return said
        if not (again and scene.empty and 0.0 < shown.t_s - self._stepped_s < EMPTY_STEP_S):
            self._stepped_s = shown.t_s
            said += self._tell(self._step(scene, plane.masked, shown.t_s))
        if self._checkup.wants(plane.luma, shown.t_s, busy=scene.busy, empty=again and scene.empty):
            said += self._check(shown, plane, scene)
        self._note_motion(scene, shown.t_s)
        if self._onlooker is not None:
            self._onlooker(shown, scene, said)
        if size != self._planes.size:
            said += self._tell(self._renew(scene, size, shown.t_s))
        return said

    def _step(self, scene: Scene, masked: Pixels, t_s: float) -> list[SceneEvent]:
        """Show the scene one more picture; who has come and gone by it has made a visit."""
        events = scene.step(masked, t_s)
        for event in events:
            if isinstance(event, MotionStopped):
                self._look_back.sparing.note_visit(event.since_s, event.until_s)
        return events

    def _check(self, shown: Shown, plane: Plane, scene: Scene) -> Iterator[AnyFinding]:
        """See whether the camera still shows what it should."""
        changes = self._checkup.picture(
            plane.luma,
            shown.t_s,
            keyframe=bool(shown.frame.key_frame),
            coloured=is_coloured(shown.frame),
        )
        yield from self._fitness.tell(changes, shown.t_s)
        if self._checkup.turned:
            yield from self._tell(scene.turn(plane.masked, shown.t_s))

    def _count(self) -> Count:
        if self._scene is None:
            # Of what has shown nothing yet, its loss tells why: it is not degraded as well.
            return Count(decoded=0, errors=0, drift_s=self._stock.drift_s())
        errors = self._look_back.decode_errors
        return Count(
            decoded=self._look_back.decoded + errors,
            errors=errors,
            missing=self._stock.missing(),
            gaps=self._look_back.gaps,
            torn=self._look_back.torn,
            main_fault=self._main_fault(),
            drift_s=self._stock.drift_s(),
        )

    def _note_motion(self, scene: Scene, t_s: float) -> None:
        """Decode as closely as what is seen demands, and count the seconds with motion."""
        if scene.busy:
            self._look_back.stir(t_s, passing=scene.passing)
        self._look_back.learn(t_s, moving=scene.stirred)
        if self._moved_s is not None and scene.moving:
            self._motion_s += min(_MOST_STEP_S, max(0.0, t_s - self._moved_s))
        self._moved_s = t_s

    def _begin(self, shown: Shown, size: tuple[int, int]) -> Iterator[AnyFinding]:
        """Prepare for the first picture, whose plane has this size by itself."""
        yield Seen(
            camera_id=self._watch.camera_id,
            at_s=shown.t_s,
            width_px=shown.frame.width,
            height_px=shown.frame.height,
            nominal_fps=self._stock.form.nominal_fps,
        )
        left, self._inherited = self._inherited, None
        self._framing = Framing(left.came_as if left else size, self._checkup)
        if left is None:
            self._learn(size)
            return
        self._fit(left.size)
        if left.aim is not None:
            self._checkup.aim = left.aim
        self._look_back.sparing = left.sparing
        left.sparing.look_away()
        self._littering.end_fixtures(self._fixtures.keys(), left.scene)
        self._scene = left.scene
        self._know_fixtures()
        for zone, armed in self._armed.items():
            yield from self._tell(left.scene.arm(zone, armed=armed))
        left.scene.resume(shown.t_s)

    def _learn(self, size: tuple[int, int]) -> None:
        """Learn the scene anew, on planes of this size."""
        hidden = self._fit(size)
        self._scene = new_scene(
            self._watch, size, shown=~hidden, armed=self._armed, fixtures=self._fixtures.values()
        )

    def _fit(self, size: tuple[int, int]) -> Mask:
        """Prepare for planes of this size; return what masks hide of them."""
        hidden = self._planes.begin(size)
        self._littering.plane_size = self._whereabouts.plane_size = size
        self._checkup.begin(hidden)
        return hidden

    def _reframe(
        self, scene: Scene, plane: Plane, size: tuple[int, int], t_s: float
    ) -> Iterator[AnyFinding]:
        """Go on with pictures of another size; if they show another part of the view, learn that."""
        match self._framing.step(size, plane.luma, t_s, scene.always):
            case Verdict.UNSURE:
                # The next pictures are wanted soon, all of them.
                self._look_back.stir(t_s, passing=False)
                self._moved_s = t_s
            case Verdict.KNOWN:
                pass
            case Verdict.AGAIN:
                scene.resume(t_s)
            case Verdict.OTHER:
                yield from self._fitness.tell(self._checkup.cut(self._framing.view, t_s), t_s)
                yield from self._tell(scene.turn(plane.masked, t_s))

    def _renew(self, scene: Scene, size: tuple[int, int], t_s: float) -> list[SceneEvent]:
        """Once nothing is there, go over to planes of the size that pictures have by themselves."""
        vacant = self._framing.may_follow(t_s, vacant=scene.vacant)
        if self._checkup.astray or not (vacant or scene.empty):
            return []
        ended = scene.stop()
        self._learn(size)
        return ended

    def _tell(self, events: list[SceneEvent]) -> Iterator[AnyFinding]:
        for event in events:
            if isinstance(event, ObjectChanged):
                assert self._scene is not None  # noqa: S101 - events come from a scene
                yield from self._littering.tell(event, self._scene)
            else:
                yield self._whereabouts.tell(event)
