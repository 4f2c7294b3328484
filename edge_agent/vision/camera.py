"""One watched camera: what comes in from its streams, and its turn in the shared analysis pool."""

from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from threading import Condition, Event, Thread

import structlog

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding, Health, Lost
from edge_agent.vision.handover import Handovers
from edge_agent.vision.intake.apart import AnalysisFailed, keeping_apart
from edge_agent.vision.intake.backlog import TURN_PACKETS, Backlog, Pulse
from edge_agent.vision.intake.main_stream import Evidence
from edge_agent.vision.intake.rhythm import ROUND_S, SOON_S, Pause, Rhythm
from edge_agent.vision.intake.rounds import Rounds, Visit
from edge_agent.vision.intake.turns import Turns
from edge_agent.vision.lookback import Stock
from edge_agent.vision.memory import give_back
from edge_agent.vision.orders import Afterthought, Watch
from edge_agent.vision.picture.plane import hide_everything
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.source import Source, is_live, open_source

ANALYSIS_RING_S, ANALYSIS_RING_BYTES = 60.0, 8_000_000
RESTING_PACKETS = 60
"""Packets between keyframes that wait together while only keyframes are looked at."""
CLIPS_BEFORE_LOSS_S, CLIPS_MOST_S = 2.0, 300.0
"""So long a loss waits for clips that are being made, and so long they may come after it."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Crew:
    """What all cameras of a child share: the threads, and what one watch leaves to the next."""

    rounds: Rounds
    turns: Turns
    handovers: Handovers = field(default_factory=Handovers)


class Camera:
    """Watches one camera until it is lost or forgotten; its failures concern nobody else."""

    def __init__(
        self,
        watch: Watch,
        room: EvidenceRoom,
        crew: Crew,
        say: Callable[[AnyFinding], None],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._watch = watch
        self._room = room
        self._crew = crew
        self._say_out = say
        self._monotonic_s = monotonic_s
        self._stopped = Event()
        self._forgotten = Event()
        self._backlog = Backlog(patient=not is_live(watch.analysis_uri))
        self._turn = Condition()
        self._busy = False
        self._failure: SourceLost | None = None
        self._visit: Visit | None = None
        self._evidence: Evidence | None = None
        self._ring = PacketRing(
            max_s=ANALYSIS_RING_S, max_bytes=ANALYSIS_RING_BYTES, shelf=room.shelf
        )
        self._analysis: Analysis | None = None
        self._orders: deque[Afterthought] = deque()
        self._skipped = 0
        self._lack_told = False
        self._decoded, self._healthy_s = 0, monotonic_s()

    def start(self) -> None:
        """Begin; exactly one `Lost` follows unless the camera is forgotten."""
        if self._watch.evidence_uri:
            self._evidence = Evidence(
                self._watch.camera_id,
                self._watch.evidence_uri,
                self._monotonic_s,
                rounds=self._crew.rounds,
                shelf=self._room.shelf,
            )
            self._evidence.start()
        name = f"camera[{self._watch.camera_id}]"
        Thread(target=self._run, name=name, daemon=True).start()

    def obey(self, order: Afterthought) -> None:
        """Follow an order with the next packets; from any thread."""
        self._orders.append(order)
        self._schedule()

    def forget(self) -> None:
        """Say nothing more about this camera and let its threads end."""
        self._forgotten.set()
        self._stop()

    def _stop(self) -> None:
        self._stopped.set()
        # Some cameras serve one connection only: it is not kept until a keyframe would come.
        self._hasten()
        self._backlog.close()
        if self._evidence:
            self._evidence.stop()

    def _say(self, finding: AnyFinding) -> None:
        if not self._forgotten.is_set():
            self._say_out(finding)

    def _run(self) -> None:
        try:
            self._watch_until_lost()
        except BrokenPipeError:
            self._forgotten.set()
        finally:
            self._stop()
            self._free()

    def _watch_until_lost(self) -> None:
        camera_id = self._watch.camera_id
        try:
            with keeping_apart(camera_id):
                self._demux()
        except SourceLost as lost:
            if self._forgotten.is_set():
                return
            # What fails while it is being lost makes it no less lost.
            with suppress(SourceLost), keeping_apart(camera_id):
                self._finish()
                self._hand_over()
            self._lose(self._failure or lost)
            self._stop()
            # To forget it is the answer to its loss: its clips are finished all the same.
            with suppress(SourceLost), keeping_apart(camera_id):
                self._finish_clips(CLIPS_MOST_S)

    def _free(self) -> None:
        """Give back the memory, which holds on to itself, before the camera is watched anew."""
        if self._analysis is not None:
            self._analysis = None
            give_back()

    def _lose(self, lost: SourceLost) -> None:
        self._say(
            Lost(
                camera_id=self._watch.camera_id,
                at_s=self._monotonic_s(),
                reason=lost.reason,
                detail=lost.detail,
            )
        )

    def _demux(self) -> None:
        if hide_everything(self._watch.masks):
            raise SourceLost(
                "configuration", "the privacy masks hide the whole picture: make them smaller"
            )
        with open_source(self._watch.analysis_uri, self._monotonic_s()) as source:
            stock = Stock(
                form=source.form,
                ring=self._ring,
                drift_s=lambda: source.drift_s,
                missing=lambda: source.missing,
            )
            self._analysis = Analysis(
                self._watch,
                stock,
                room=self._room,
                evidence=lambda: self._evidence.usable if self._evidence else None,
                main_fault=lambda: self._evidence.fault if self._evidence else None,
            )
            if left := self._crew.handovers.take(self._watch.camera_id):
                self._analysis.inherit(left, self._monotonic_s())
            self._take_in(source)
        if self._failure:
            raise self._failure

    def _take_in(self, source: Source) -> None:
        """Receive packets until the camera is lost or nobody wants them any more."""
        pulse = Pulse(self._monotonic_s())
        if source.waits:
            for packet in source.packets(self._monotonic_s):
                if self._stopped.is_set():
                    break
                self._receive([packet], source, pulse)
            return

        self._visit = visit = self._visits(source, pulse)
        try:
            self._crew.rounds.follow(visit)
        finally:
            self._visit = None

    def _visits(self, source: Source, pulse: Pulse) -> Visit:
        rhythm = Rhythm()

        def visit(buffer: memoryview) -> Pause | None:
            if self._stopped.is_set():
                return None
            now_s = self._monotonic_s()
            packets = source.take(buffer, now_s)
            if packets:
                self._receive(packets, source, pulse)
            if source.over:
                return Pause(SOON_S)
            rhythm.note(source.came_bytes, packets, now_s)
            resting, listens = False, True
            if (analysis := self._analysis) is not None:
                resting, listens = analysis.look_back.resting, analysis.look_back.listens
            return rhythm.pause(now_s, resting=resting, listens=listens)

        return visit

    def _hasten(self) -> None:
        """Be visited with the next round that there is, however long nothing was expected."""
        if (visit := self._visit) is not None:
            self._crew.rounds.hasten(visit, Pause(ROUND_S))

    def _receive(self, packets: Sequence[Packet], source: Source, pulse: Pulse) -> None:
        """Put packets where they wait for analysis; say from time to time how the camera fares.

        Raises:
            SourceLost: there was no time for all of them, and no keyframe comes.
        """
        self._backlog.put(packets)
        if self._is_due(packets):
            resting = self._analysis is not None and self._analysis.look_back.resting
            self._schedule(together=resting and not source.waits)
        fps = pulse.count(len(packets), self._monotonic_s())
        if fps is not None:
            self._say(self._health(fps, source.drift_s))

    def _is_due(self, packets: Sequence[Packet]) -> bool:
        """Whether packets are worth a turn: those between keyframes, not while only these count."""
        analysis = self._analysis
        if (
            analysis is None
            or not analysis.look_back.resting
            or len(self._backlog) >= RESTING_PACKETS
        ):
            return True
        return analysis.look_back.listens or any(packet.keyframe for packet in packets)

    def _schedule(self, *, together: bool = False) -> None:
        """Have a turn unless it is being taken; `together` with the others of this round."""
        with self._turn:
            if self._busy:
                return
            self._busy = True
        if together:
            self._crew.turns.take_together(self._take_turn)
            return
        try:
            self._crew.turns.take(self._take_turn)
        except RuntimeError:  # the pool has shut down: the child is ending
            self._stopped.set()

    def _take_turn(self) -> None:
        """Analyse some packets in the pool; never two turns of one camera at once."""
        analysis = self._analysis
        try:
            if analysis is not None:
                with keeping_apart(self._watch.camera_id):
                    self._analyse(analysis)
        except SourceLost as lost:
            self._failure = lost
            self._stop()
        except BrokenPipeError:
            self.forget()
        with self._turn:
            self._busy = False
            self._turn.notify_all()
        if len(self._backlog) and not self._stopped.is_set():
            self._schedule()

    def _analyse(self, analysis: Analysis) -> None:
        while self._orders:
            for finding in analysis.obey(self._orders.popleft()):
                self._say(finding)
        dropped = self._backlog.dropped
        analysis.skip(dropped - self._skipped)
        self._skipped = dropped
        # While only keyframes count, what came between two of them is one turn.
        rested = analysis.look_back.resting
        most = 2 * RESTING_PACKETS if rested else TURN_PACKETS
        for finding in analysis.feed_all(self._backlog.take(most)):
            if self._forgotten.is_set():
                break
            self._say(finding)
        self._tell_lack()
        if rested and not analysis.look_back.resting:
            # When it was visited last, nobody knew yet that it would wake.
            self._hasten()

    def _tell_lack(self) -> None:
        """Say once in the log that what is seen now could not be shown later."""
        if not self._lack_told and (lack := self._ring.lack):
            self._lack_told = True
            _log.warning("ring_emptied", camera_id=self._watch.camera_id, why=lack)

    def _finish(self) -> None:
        """Analyse what is left before the loss is said."""
        while len(self._backlog) and not self._stopped.is_set():
            self._schedule()
            with self._turn:
                self._turn.wait_for(lambda: not self._busy, timeout=30.0)
        with self._turn:
            self._turn.wait_for(lambda: not self._busy, timeout=30.0)
        if self._analysis and not self._stopped.is_set():
            for finding in self._analysis.finish():
                self._say(finding)
        self._finish_clips(CLIPS_BEFORE_LOSS_S)

    def _hand_over(self) -> None:
        """Leave what is known of the camera to its next watch, unless that is what failed."""
        if self._analysis is None or isinstance(self._failure, AnalysisFailed):
            return
        with self._turn:
            if not self._turn.wait_for(lambda: not self._busy, timeout=30.0):
                _log.warning("scene_given_up", camera_id=self._watch.camera_id)
                return
            # Nobody takes another turn with what belongs to the next watch.
            self._busy = True
        if left := self._analysis.hand_over():
            self._crew.handovers.leave(left)

    def _finish_clips(self, wait_s: float) -> None:
        """Make clips of what there is."""
        if self._analysis:
            for finding in self._analysis.finish_clips(wait_s=wait_s):
                # Said even of one that is forgotten or watched anew: its alarm waits for the clip.
                self._say_out(finding)

    def _health(self, fps: float, drift_s: float | None) -> Health:
        analysis = self._analysis
        evidence = self._evidence.stock if self._evidence else None
        now_s = self._monotonic_s()
        decoded = analysis.decoded if analysis else 0
        decoded_fps = (decoded - self._decoded) / max(1.0, now_s - self._healthy_s)
        self._decoded, self._healthy_s = decoded, now_s
        return Health(
            camera_id=self._watch.camera_id,
            at_s=now_s,
            fps=fps,
            decoded_fps=decoded_fps,
            sharpness=analysis.checkup.sharpness if analysis else None,
            brightness=analysis.checkup.brightness if analysis else None,
            clock_drift_s=drift_s,
            decode_errors=analysis.decode_errors if analysis else 0,
            dropped_frames=self._backlog.dropped,
            ring_bytes=self._ring.held_bytes + (evidence.ring.held_bytes if evidence else 0),
            motion_s=analysis.take_motion_s() if analysis else 0.0,
            gate_separation=analysis.look_back.gate.separation if analysis else None,
            told_share=analysis.look_back.gate.told_share if analysis else None,
        )
