"""Decides which packets are decoded: keyframes while the scene is quiet, everything once it stirs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from av import VideoFrame

from edge_agent.vision.stream.codec import Decoder, StreamFormat, decode_alone
from edge_agent.vision.stream.gate import SizeGate
from edge_agent.vision.stream.lost import KEYFRAME_WAIT_S, SourceLost
from edge_agent.vision.stream.numbering import Numbering
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.silence import Silence
from edge_agent.vision.stream.sparing import Sparing
from edge_agent.vision.stream.wholeness import SHORTEN, Wholeness

ANALYSIS_FPS = 5.0
MAX_WATCHED_GOP_S = 2.5
"""Keyframes further apart than this are too rare to watch a scene by."""
OVERDUE_S = 2.0 * MAX_WATCHED_GOP_S
QUIET_AFTER_S = 1.0
"""Who moves on after a pause is seen with the next keyframe, and looked back at."""
GLANCE_S = 0.6
"""So much of each group is looked at while all that moves is known to pass by."""
OVERLOOKED_S = 4.5
"""Keyframes so soon after one that was looked at are left out where packet sizes vouch for them:
with one every two seconds, two of three."""
LEAD_S = 0.5
"""Looking back begins so long before the first packet that told of somebody."""
MAX_BROKEN = 50
"""So many packets in a row without a picture: the stream cannot be decoded."""
_MOST_AWAITED = 600


@dataclass(frozen=True, kw_only=True, slots=True)
class Stock:
    """A ring and the format of what it holds."""

    form: StreamFormat
    ring: PacketRing
    drift_s: Callable[[], float | None] = lambda: None
    """How much further the camera's clock went than ours; None: not known."""
    missing: Callable[[], int] = lambda: 0
    """How many pictures did not come, or not as a whole, and so are not in the ring."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Shown:
    """A decoded picture and the instant at which it is shown."""

    frame: VideoFrame
    t_s: float


class LookBack:
    """The decoder of one stream. Feed packets in decoding order from one thread.

    Yields pictures at the analysis rate while something moves, keyframes only while nothing
    does; when a keyframe stirs, the group before it is decoded from the ring and comes first.
    While somebody just passes by, which is known by then, the beginning of each group will do.
    Where packet sizes tell motion from rest, or nobody is known to come for seconds only, not every
    keyframe at rest is decoded.
    """

    def __init__(
        self,
        stock: Stock,
        *,
        stirs: Callable[[VideoFrame], bool],
        may_overlook: Callable[[], bool] = lambda: False,
        may_spare: Callable[[], bool] = lambda: False,
    ) -> None:
        """Prepare.

        `stirs` says of a keyframe whether it shows something not known to be there;
        `may_overlook` whether nothing is awaited for which every keyframe counts; `may_spare`
        whether besides nobody counts who comes and goes within seconds.
        """
        self._stock, form = stock, stock.form
        self._stirs = stirs
        self._may_overlook = may_overlook
        self._may_spare = may_spare
        self._decoder: Decoder | None = None
        """Only while everything is decoded: it holds some pictures."""
        self._errors = 0
        self._awaited: dict[int, float] = {}
        self._due_s = self._shown_s = self._newest_s = float("-inf")
        self._full = True
        self._pauses = self._passing = self._skipped = False
        self._group_s = self._glanced_s = float("-inf")
        self._overlooks = self._vouched = False
        """Whether keyframes were left out since the last that was looked at, and sizes vouched."""
        self._last_stir_s = float("-inf")
        self._keyframes_s: list[float] = []
        self._waiting_since_s: float | None = None
        self._broken = 0
        self._numbering = Numbering(form.codec, form.extradata, form.nominal_fps)
        self._silence = Silence(form.codec)
        self.gaps = 0
        """Pictures that were missing, at least, as the numbers of others or the decoder's silence tell."""
        self.torn = 0
        """Pictures that were not looked at because they are predicted from broken or missing ones."""
        self._gap_s = float("-inf")
        """When the picture after the last of these gaps is shown."""
        self._wholeness = Wholeness()
        self.gate = SizeGate()
        self.sparing = Sparing()
        self.decoded = 0
        """Pictures decoded so far."""

    @property
    def decode_errors(self) -> int:
        """Packets that could not be decoded so far."""
        return self._errors + (self._decoder.errors if self._decoder else 0)

    @property
    def resting(self) -> bool:
        """Whether packets between keyframes can wait: only keyframes are looked at."""
        return not self._full

    @property
    def listens(self) -> bool:
        """Whether packets that rest may wake by their size, and had better not wait for long."""
        return self.gate.trusted and not self._pauses

    def learn(self, t_s: float, *, moving: bool) -> None:
        """Take what was seen at `t_s`; of what lies back, the packet-size gate knows already."""
        self.sparing.note(t_s, moving=moving)
        if self._full and abs(t_s - self._newest_s) < 1.0 / ANALYSIS_FPS:
            self.gate.learn(moving=moving)

    def stir(self, t_s: float, *, passing: bool) -> None:
        """Note that something moves or waits at `t_s`; every picture counts unless it just passes."""
        self._last_stir_s, self._passing = t_s, passing

    def feed(self, packet: Packet) -> Iterator[Shown]:
        """Take the next packet into the ring; yield the pictures to be looked at.

        Raises:
            SourceLost: nothing of it can be decoded, or no keyframe comes in time.
        """
        self._stock.ring.append(packet)
        self._newest_s = packet.t_s
        if packet.keyframe:
            self._keyframes_s = [*self._keyframes_s[-3:], packet.t_s]
            self.gate.begin_group(len(packet.payload))
        else:
            self.gate.note([len(packet.payload)])
        if not self._keyframes_s:
            self._wait_for_keyframe(packet.t_s)
        elif self._full:
            yield from self._go_on(packet)
        elif packet.keyframe:
            yield from self._resume(packet) if self._pauses else self._glance(packet)
        elif packet.t_s - self._keyframes_s[-1] > OVERDUE_S:
            # The camera has stopped sending keyframes as it used to: watch it by all pictures.
            yield from self._wake(packet)
        elif self.gate.wakes and not self._pauses:
            self._last_stir_s = packet.t_s
            yield from self._wake(packet)

    def pass_over(self, packets: Sequence[Packet]) -> int:
        """Take packets into the ring that are not decoded in any case; return how many.

        These are the first of them, up to the next keyframe, while nothing moves. Each of them
        could be fed as well, but together they cost less.
        """
        if self._full or not self._keyframes_s:
            return 0
        latest_s = self._keyframes_s[-1] + OVERDUE_S
        passed = 0
        for packet in packets:
            if packet.keyframe or packet.t_s > latest_s:
                break
            passed += 1
        sizes_bytes = [len(packet.payload) for packet in packets[:passed]]
        if self._pauses:
            self.gate.note(sizes_bytes)
        else:
            passed = self.gate.note_calm(sizes_bytes)
        if passed:
            self._stock.ring.extend_group(packets[:passed])
            self._newest_s = packets[passed - 1].t_s
        return passed

    def _go_on(self, packet: Packet) -> Iterator[Shown]:
        """Decode everything, as long as that is worth it."""
        if self._may_rest(packet.t_s):
            yield from self._rest(packet)
        elif self._knows_enough(packet):
            self._full, self._pauses, self._skipped = False, True, True
        else:
            yield from self._decode(packet)

    def _wake(self, packet: Packet) -> Iterator[Shown]:
        """Decode everything from the last keyframe on, or from before one that nobody vouched for."""
        unseen = self._overlooks and not self._vouched
        self._full, self._pauses, self._passing = True, False, False
        self._overlooks = self._vouched = False
        self._due_s = float("-inf")
        self.gate.forget()
        for waiting in self._stock.ring.cut(self._glanced_s if unseen else packet.t_s, packet.t_s):
            yield from self._decode(waiting)

    def _knows_enough(self, packet: Packet) -> bool:
        """Whether the rest of the group would show nothing but somebody who is known to pass by."""
        if packet.keyframe or not self._passing or packet.t_s - self._group_s < GLANCE_S:
            return False
        return packet.t_s - self._last_stir_s < 2.0 / ANALYSIS_FPS and self._is_watched(packet.t_s)

    def _resume(self, keyframe: Packet) -> Iterator[Shown]:
        """Look again at who was passing by; what came in between stays unseen."""
        self._full, self._pauses = True, False
        # Nobody knows when in between somebody went.
        self.gate.forget()
        yield from self._decode(keyframe)

    def _rest(self, packet: Packet) -> Iterator[Shown]:
        """Stop decoding where the stream is; the next keyframe that stirs looks back at it."""
        yield from self._choose(self._drain())
        self._full = False
        if packet.keyframe:
            yield from self._glance(packet)

    def _drain(self) -> list[VideoFrame]:
        """Return what is still inside the decoder and do without it."""
        if self._decoder is None:
            return []
        frames = self._decoder.drain()
        self._errors += self._decoder.errors
        self._decoder = None
        return frames

    def _wait_for_keyframe(self, t_s: float) -> None:
        """Bear a stream that was joined in the middle of a group, but not for ever."""
        if self._waiting_since_s is None:
            self._waiting_since_s = t_s
        if t_s - self._waiting_since_s > KEYFRAME_WAIT_S:
            why = f"no keyframe came for {KEYFRAME_WAIT_S:.0f} s"
            raise SourceLost("undecodable", f"{why}: {SHORTEN}")

    def finish(self) -> Iterator[Shown]:
        """Yield what is still inside the decoder."""
        if self._full:
            yield from self._choose(self._drain())

    def _may_rest(self, t_s: float) -> bool:
        return t_s - self._last_stir_s > QUIET_AFTER_S and self._is_watched(t_s)

    def _is_watched(self, t_s: float) -> bool:
        """Whether keyframes come often enough to watch the scene by them."""
        times = self._keyframes_s
        if len(times) < 3:
            return False
        return max(b - a for a, b in pairwise((*times, t_s))) <= MAX_WATCHED_GOP_S

    def _decode(self, packet: Packet) -> Iterator[Shown]:
        if packet.keyframe:
            self._group_s = packet.t_s
            if self._skipped and self._decoder is not None:
                # To a decoder, what was left out is lost: it should not try to make it up.
                yield from self._choose(self._decoder.drain())
            self._skipped = False
        self._awaited[packet.pts] = packet.t_s
        if self._decoder is None:
            self._decoder = Decoder(self._stock.form, fast=True)
        self._note_missing(packet)
        errors = self._decoder.errors
        frames = self._decoder.feed(packet)
        failed = self._decoder.errors > errors
        if failed:
            self._wholeness.tear(packet.t_s)
        self._note_outcome(packet, self._decoder, gave=bool(frames), failed=failed)
        yield from self._choose(frames)
        self._wholeness.go_on(packet.t_s)

    def _note_outcome(self, packet: Packet, by: Decoder, *, gave: bool, failed: bool) -> None:
        """See whether this can still be called a stream of pictures."""
        if self._silence.misses(packet, gave=gave, failed=failed, reorders=by.reorders):
            self._count_gap(packet.t_s, 1)
        if gave:
            self._broken = 0
        elif self._silence.heard_of and self.decoded and not failed:
            why = f"pictures are missing, and no keyframe brought any for {KEYFRAME_WAIT_S:.0f} s"
            self._wholeness.bear(packet.t_s, f"{why}: {SHORTEN}")
        else:
            self._broken += 1
        if self._broken > MAX_BROKEN:
            raise SourceLost("undecodable", f"{MAX_BROKEN} packets in a row gave no picture")

    def _note_missing(self, packet: Packet) -> None:
        """See whether a picture is missing before this one: then only a keyframe mends the stream."""
        if packet.keyframe:
            self._wholeness.mend(packet.t_s)
        if missing := self._numbering.misses(packet):
            self._count_gap(packet.t_s, missing)
            self._wholeness.lack()

    def _count_gap(self, t_s: float, pictures: int) -> None:
        # What is decoded again from the ring has been counted.
        self.gaps += pictures if t_s > self._gap_s else 0
        self._gap_s = max(self._gap_s, t_s)

    def _glance(self, keyframe: Packet) -> Iterator[Shown]:
        """Decode a keyframe alone; if something stirs, look back at what led to it."""
        if self._leaves_out(keyframe.t_s):
            self._overlooks = True
            self.sparing.note_unseen()
            return
        glanced_s, self._glanced_s = self._glanced_s, keyframe.t_s
        overlooked, self._overlooks = self._overlooks, False
        vouched, self._vouched = self._vouched, False
        self._awaited[keyframe.pts] = keyframe.t_s
        frames = decode_alone(self._stock.form, keyframe)
        self._errors += not frames
        self._broken = 0 if frames else self._broken + 1
        if not frames:
            self._full = True
            self.sparing.note_unseen()
            why = f"no keyframe of the last {KEYFRAME_WAIT_S:.0f} s could be decoded"
            self._wholeness.bear(keyframe.t_s, why)
        elif not self._stirs(frames[0]):
            self._wholeness.mend(keyframe.t_s)
            self.gate.learn(moving=False)
            yield from self._choose(frames)
        else:
            self._last_stir_s, self._passing = keyframe.t_s, False
            self._wholeness.see()
            self.sparing.note(keyframe.t_s, moving=True)
            loud_from = self.gate.startle(overlooked=vouched)
            yield from self._look_back(keyframe, glanced_s if overlooked else None, loud_from)

    def _leaves_out(self, t_s: float) -> bool:
        """Whether a keyframe shown then is left out: it will show nothing, or nobody but for seconds."""
        if not 0.0 <= t_s - self._glanced_s < OVERLOOKED_S:
            return False
        if self.gate.assures:
            self._vouched |= (may := self._may_overlook())
            return may
        if self.gate.tells or not self.sparing.allows(t_s) or not self._is_watched(t_s):
            return False
        return self._may_spare() and self._may_overlook()

    def _look_back(
        self, keyframe: Packet, overlooked_since_s: float | None, loud_from: int | None
    ) -> Iterator[Shown]:
        """Decode from the last keyframe that was looked at up to this one, which stirs."""
        if overlooked_since_s is None or loud_from is not None:
            waiting = (*self._stock.ring.previous_group(), keyframe)
        else:
            waiting = self._stock.ring.cut(overlooked_since_s, keyframe.t_s)
        self._full = True
        self._due_s = float("-inf")
        if loud_from is not None and loud_from + 1 < len(waiting):
            # What came before is decoded, but not looked at: nobody of a size that is told was there.
            self._due_s = waiting[loud_from + 1].t_s - LEAD_S
        for packet in waiting:
            # Once one has been left out, none can be decoded up to the next keyframe.
            if packet.keyframe or not (self._skipped or self._knows_enough(packet)):
                yield from self._decode(packet)
            else:
                self._skipped = True

    def _choose(self, frames: list[VideoFrame]) -> Iterator[Shown]:
        """Yield those that are due at the analysis rate."""
        for frame in frames:
            self.decoded += 1
            t_s = self._awaited.pop(frame.pts or 0, None)
            if t_s is None:
                continue
            if self._wholeness.is_torn(t_s):
                self.torn += 1
                continue
            self._wholeness.see()
            # What is decoded again from the ring may have been looked at already.
            if t_s < self._due_s or t_s <= self._shown_s:
                continue
            self._shown_s = t_s
            self._due_s = max(self._due_s + 1.0 / ANALYSIS_FPS, t_s + 0.5 / ANALYSIS_FPS)
            yield Shown(frame=frame, t_s=t_s)
        if len(self._awaited) > _MOST_AWAITED:
            self._awaited = dict(list(self._awaited.items())[-_MOST_AWAITED // 2 :])
