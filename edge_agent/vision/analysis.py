"""From the packets of one camera to findings: what to decode, what to remember, what to say."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from uuid import uuid4

import structlog
from av import VideoFrame

from edge_agent.vision.codec import Decoder, StreamFormat, encode_jpeg, luma_plane, picture_at
from edge_agent.vision.messages import (
    LitteringConfirmed,
    LitteringEnded,
    MotionEnded,
    MotionStarted,
    Picture,
    Seen,
    Watch,
)
from edge_agent.vision.ring import Packet, PacketRing
from edge_agent.vision.scene.attention import Phase
from edge_agent.vision.scene.motion import MotionBegan, MotionStopped
from edge_agent.vision.scene.plane import Pixels, draw
from edge_agent.vision.scene.scene import ObjectChanged, Place, Scene, SceneEvent
from edge_agent.vision.scene.thing import LeftObject
from edge_agent.vision.source import SourceLost
from edge_agent.vision.spool import Role, store

ANALYSIS_FPS = 5.0
MAX_WATCHED_GOP_S = 2.5
"""Keyframes further apart than this are too rare to watch a scene by."""
QUIET_AFTER_S = 1.5
MAX_BROKEN = 50
"""So many packets in a row without a picture: the stream cannot be decoded."""
WHOLE_PICTURE = ((0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 1.0))
Said = Seen | MotionStarted | MotionEnded | LitteringConfirmed | LitteringEnded

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """A ring and the format of what it holds."""

    form: StreamFormat
    ring: PacketRing


@dataclass(frozen=True, kw_only=True, slots=True)
class Shot:
    """A picture that can still be decoded, although the ring may move on."""

    role: Role
    at_s: float
    form: StreamFormat
    packets: tuple[Packet, ...]


class Analysis:
    """One camera's pipeline, live or replayed. Feed packets in decoding order from one thread."""

    def __init__(
        self,
        watch: Watch,
        stock: Stock,
        *,
        spool: Path | None,
        evidence: Callable[[], Stock | None] = lambda: None,
    ) -> None:
        """Prepare; without `spool` no pictures are taken.

        `evidence` gives the main stream's stock while there is one.
        """
        self._watch = watch
        self._stock = stock
        self._spool = spool
        self._evidence = evidence
        self._decoder = Decoder(stock.form, fast=True)
        self._mask: Pixels | None = None
        self._scene: Scene | None = None
        self._plane_size: tuple[int, int] | None = None
        self._shown: dict[int, float] = {}
        self._due_s = float("-inf")
        self._full = True
        self._last_stir_s = float("-inf")
        self._keyframes_s: list[float] = []
        self._broken = 0
        self._ids: dict[int, str] = {}
        self._pinned: dict[int, list[Shot]] = {}
        self.decoded = 0
        self._motion_s = 0.0
        self._moved_s: float | None = None

    @property
    def decode_errors(self) -> int:
        """Packets that could not be decoded so far."""
        return self._decoder.errors

    def take_motion_s(self) -> float:
        """Return the seconds with motion since the last call."""
        motion_s, self._motion_s = self._motion_s, 0.0
        return motion_s

    def feed(self, packet: Packet) -> list[Said]:
        """Take the next packet into the ring; return what is to be said.

        Raises:
            SourceLost: too many packets in a row could not be decoded.
        """
        self._stock.ring.append(packet)
        if packet.keyframe:
            self._keyframes_s = [*self._keyframes_s[-3:], packet.t_s]
        if self._full and packet.keyframe and self._may_rest(packet.t_s):
            said = self._look_at(self._decoder.drain())
            self._full = False
            return said + self._glance(packet)
        if self._full:
            return self._decode(packet)
        return self._glance(packet) if packet.keyframe else []

    def finish(self) -> list[Said]:
        """Look at what is still inside the decoder and end all motion."""
        said = self._look_at(self._decoder.drain()) if self._full else []
        if self._scene is not None:
            for event in self._scene.stop():
                said += self._tell(event)
        return said

    def _may_rest(self, t_s: float) -> bool:
        times = self._keyframes_s
        if len(times) < 3 or max(b - a for a, b in pairwise(times)) > MAX_WATCHED_GOP_S:
            return False
        return t_s - self._last_stir_s > QUIET_AFTER_S and self._scene is not None

    def _decode(self, packet: Packet) -> list[Said]:
        self._shown[packet.pts] = packet.t_s
        frames = self._decoder.feed(packet)
        self._broken = 0 if frames else self._broken + 1
        if self._broken > MAX_BROKEN:
            raise SourceLost("undecodable", f"{MAX_BROKEN} packets in a row gave no picture")
        return self._look_at(frames)

    def _glance(self, keyframe: Packet) -> list[Said]:
        """Decode a keyframe alone; if something stirs, look back at what led to it."""
        self._shown[keyframe.pts] = keyframe.t_s
        frames = self._decoder.feed(keyframe) + self._decoder.drain()
        self._broken = 0 if frames else self._broken + 1
        if not frames:
            self._full = True
            return []
        plane = luma_plane(frames[0])
        if self._scene is None or plane.shape[::-1] != self._plane_size:
            return self._look_at(frames)
        if not self._scene.stirs(self._masked(plane)):
            return self._look_at(frames)
        self._full = True
        self._last_stir_s = keyframe.t_s
        self._due_s = float("-inf")
        said: list[Said] = []
        for packet in (*self._stock.ring.previous_group(), keyframe):
            said += self._decode(packet)
        return said

    def _look_at(self, frames: list[VideoFrame]) -> list[Said]:
        said: list[Said] = []
        for frame in frames:
            self.decoded += 1
            t_s = self._shown.pop(frame.pts or 0, None)
            if t_s is None or t_s < self._due_s:
                continue
            self._due_s = max(self._due_s + 1.0 / ANALYSIS_FPS, t_s + 0.5 / ANALYSIS_FPS)
            said += self._step(frame, t_s)
        if len(self._shown) > 600:
            self._shown = dict(list(self._shown.items())[-300:])
        return said

    def _step(self, frame: VideoFrame, t_s: float) -> list[Said]:
        plane = luma_plane(frame)
        said: list[Said] = []
        size = (plane.shape[1], plane.shape[0])
        if self._scene is None or size != self._plane_size:
            said += self._begin(frame, size, t_s)
        assert self._scene is not None  # noqa: S101 - set by _begin
        for event in self._scene.step(self._masked(plane), t_s):
            said += self._tell(event)
        if self._scene.busy:
            self._last_stir_s = t_s
        if self._moved_s is not None and self._scene.moving:
            self._motion_s += min(5.0, max(0.0, t_s - self._moved_s))
        self._moved_s = t_s
        return said

    def _masked(self, plane: Pixels) -> Pixels:
        return plane if self._mask is None else (plane * self._mask)

    def _begin(self, frame: VideoFrame, size: tuple[int, int], t_s: float) -> list[Said]:
        said: list[Said] = []
        if self._scene is None:
            said.append(
                Seen(
                    camera_id=self._watch.camera_id,
                    at_s=t_s,
                    width_px=frame.width,
                    height_px=frame.height,
                    nominal_fps=self._stock.form.nominal_fps,
                )
            )
        else:
            for event in self._scene.stop():
                said += self._tell(event)
        self._plane_size = size
        hidden = draw(self._watch.masks, *size)
        self._mask = (~hidden).astype("uint8") if hidden.any() else None
        self._scene = self._new_scene(size)
        return said

    def _new_scene(self, size: tuple[int, int]) -> Scene:
        zones = self._watch.zones
        motion = [z for z in zones if z.purpose == "motion"]
        dumping = [z for z in zones if z.purpose == "no_dumping"]
        places = [Place(name=z.name, mask=draw([z.polygon], *size)) for z in motion]
        if not motion:
            places = [Place(name="picture", mask=draw([WHOLE_PICTURE], *size))]
        return Scene(
            motion_zones=places,
            object_zones=[Place(name=z.name, mask=draw([z.polygon], *size)) for z in dumping],
            unattended_s=self._watch.unattended_s,
            sensitivity=self._watch.sensitivity,
        )

    def _tell(self, event: SceneEvent) -> list[Said]:
        camera_id = self._watch.camera_id
        match event:
            case MotionBegan():
                return [
                    MotionStarted(
                        camera_id=camera_id, at_s=event.since_s, zone=event.zone, share=event.share
                    )
                ]
            case MotionStopped():
                return [
                    MotionEnded(
                        camera_id=camera_id,
                        at_s=event.until_s,
                        zone=event.zone,
                        duration_s=event.until_s - event.since_s,
                    )
                ]
            case ObjectChanged():
                return self._tell_object(event)

    def _tell_object(self, event: ObjectChanged) -> list[Said]:
        thing = event.thing
        if event.phase is Phase.CANDIDATE:
            self._pin(thing)
        if event.phase is Phase.CONFIRMED:
            return [self._confirmed(event)]
        if not event.phase.ended:
            return []
        self._pinned.pop(thing.object_id, None)
        object_id = self._ids.pop(thing.object_id, None)
        if object_id is None or event.phase is Phase.FIXTURE:
            return []
        return [
            LitteringEnded(
                camera_id=self._watch.camera_id,
                at_s=event.t_s,
                object_id=object_id,
                zone=self._zone_of(thing),
                ending="reclaimed" if event.phase is Phase.RECLAIMED else "cleared",
                pictures=self._take([self._shot("after", event.t_s)]),
            )
        ]

    def _zone_of(self, thing: LeftObject) -> str:
        assert self._scene is not None  # noqa: S101 - objects come from a scene
        return self._scene.zone_of(thing)

    def _confirmed(self, event: ObjectChanged) -> LitteringConfirmed:
        thing, (width, height) = event.thing, self._plane_size or (1, 1)
        object_id = self._ids.setdefault(thing.object_id, uuid4().hex)
        area, attention = thing.area, thing.attention
        shots = [*self._pinned.pop(thing.object_id, ()), self._shot("after", event.t_s)]
        alone_since_s = attention.alone_since_s or attention.opened_s
        return LitteringConfirmed(
            camera_id=self._watch.camera_id,
            at_s=event.t_s,
            object_id=object_id,
            zone=self._zone_of(thing),
            box=(area.left / width, area.top / height, area.width / width, area.height / height),
            deposited_at_s=thing.deposited_s,
            left_at_s=attention.left_at_s,
            unattended_s=event.t_s - alone_since_s,
            score=thing.score,
            reasons=thing.reasons,
            pictures=self._take(shots),
        )

    def _pin(self, thing: LeftObject) -> None:
        if self._spool is None or self._scene is None:
            return
        clear_s = self._scene.clear_before(thing)
        self._pinned[thing.object_id] = [
            # Where it was never clear, the oldest picture held is the likeliest.
            self._shot("before", -math.inf if clear_s is None else clear_s),
            self._shot("depositing", thing.deposited_s),
        ]

    def _shot(self, role: Role, at_s: float) -> Shot:
        own = self._stock
        stock = self._evidence() or own
        packets, mine = stock.ring.cut(at_s, at_s), own.ring.cut(at_s, at_s)
        if not packets or (mine and mine[0].t_s < packets[0].t_s and at_s < packets[0].t_s):
            # The main stream's ring is shorter: a small picture of then, not a large one of later.
            stock, packets = own, mine
        return Shot(role=role, at_s=at_s, form=stock.form, packets=packets)

    def _take(self, shots: list[Shot]) -> tuple[Picture, ...]:
        if self._spool is None:
            return ()
        taken: list[Picture] = []
        for shot in shots:
            try:
                frame, shown_s = picture_at(shot.form, shot.packets, shot.at_s)
                jpeg = encode_jpeg(frame, shown_s, self._watch.masks)
                taken.append(store(self._spool, jpeg, shot.role))
            except (LookupError, OSError) as error:
                _log.error(
                    "picture_lost",
                    camera_id=self._watch.camera_id,
                    role=shot.role,
                    why=str(error),
                )
        return tuple(taken)
