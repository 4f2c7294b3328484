"""One watched camera: threads that only demux, and its turn in the shared analysis pool."""

import gc
import traceback
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from contextlib import contextmanager, suppress
from threading import Condition, Event, Thread

import structlog

from edge_agent.vision.analysis import Analysis
from edge_agent.vision.evidence.room import EvidenceRoom
from edge_agent.vision.findings import AnyFinding, Health, Lost
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import Arm, ForgetFixture, MarkFixture, Watch
from edge_agent.vision.picture.plane import hide_everything
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.shelf import Shelf
from edge_agent.vision.stream.source import is_live, open_source

ANALYSIS_RING_S, ANALYSIS_RING_BYTES = 60.0, 8_000_000
EVIDENCE_RING_S, EVIDENCE_RING_BYTES = 20.0, 12_000_000
HEALTH_EVERY_S = 10.0
BACKLOG_PACKETS = 240
"""Packets that may wait for analysis: 8 s at 30 fps."""
TURN_PACKETS = 30
"""Packets analysed before another camera has its turn."""
RETRY_FIRST_S, RETRY_MOST_S = 5.0, 60.0
CLIPS_BEFORE_LOSS_S, CLIPS_MOST_S = 2.0, 300.0
"""So long a loss waits for clips that are being made, and so long they may come after it."""


_log = structlog.get_logger(__name__)


@contextmanager
def _keeping_apart(camera_id: str) -> Iterator[None]:
    """Turn whatever goes wrong with one camera into its loss, which is said and tried again.

    Otherwise a thread would end in silence and nobody would know that the camera is not watched.
    """
    try:
        yield
    except (SourceLost, BrokenPipeError):
        raise
    except Exception as error:
        # The text of a foreign error may hold an address with its password.
        place = traceback.extract_tb(error.__traceback__)[-1]
        why = type(error).__name__
        at = f"{place.filename}:{place.lineno}"
        _log.error("camera_failed", camera_id=camera_id, error=why, at=at)
        raise SourceLost("undecodable", f"its stream cannot be analysed: {why}") from error


class Backlog:
    """Packets between the demuxing thread and analysis; when full, whole GOPs are dropped."""

    def __init__(self, *, patient: bool) -> None:
        self._patient = patient
        self._waiting: deque[Packet] = deque()
        self._changed = Condition()
        self._skipping = False
        self._closed = False
        self.dropped = 0

    def put(self, packet: Packet) -> None:
        """Add a packet; when full, wait if patient (a file), else drop up to the next keyframe."""
        with self._changed:
            while self._patient and len(self._waiting) >= BACKLOG_PACKETS and not self._closed:
                self._changed.wait(1.0)
            full = len(self._waiting) >= BACKLOG_PACKETS
            self._skipping = full or (self._skipping and not packet.keyframe)
            if self._skipping:
                self.dropped += 1
                return
            self._waiting.append(packet)

    def take(self) -> list[Packet]:
        """Return the next packets, at most a turn's worth."""
        with self._changed:
            turn = min(TURN_PACKETS, len(self._waiting))
            taken = [self._waiting.popleft() for _ in range(turn)]
            self._changed.notify_all()
            return taken

    def close(self) -> None:
        """Let nobody wait any longer; what is inside can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def __len__(self) -> int:
        return len(self._waiting)


class Pulse:
    """Counts packets and says every `HEALTH_EVERY_S` how many came per second."""

    def __init__(self, now_s: float) -> None:
        self._since_s = now_s
        self._packets = 0

    def count(self, now_s: float) -> float | None:
        """Count one packet; return packets per second when it is time to report."""
        self._packets += 1
        passed_s = now_s - self._since_s
        if passed_s < HEALTH_EVERY_S:
            return None
        fps = self._packets / passed_s
        self._since_s, self._packets = now_s, 0
        return fps


class Evidence:
    """Keeps the ring of the main stream; tries again by itself when it fails."""

    def __init__(
        self, watch: Watch, uri: str, monotonic_s: Callable[[], float], shelf: Shelf | None
    ) -> None:
        self._camera_id = watch.camera_id
        self._shelf = shelf
        self._uri = uri
        self._monotonic_s = monotonic_s
        self._stopped = Event()
        self.stock: Stock | None = None
        """What can be decoded now; None while the stream is down."""

    def start(self) -> None:
        """Begin in a thread of its own, which alone touches the container."""
        name = f"evidence[{self._camera_id}]"
        Thread(target=self._run, name=name, daemon=True).start()

    def stop(self) -> None:
        """Let the thread end at its next packet or timeout."""
        self._stopped.set()

    def _run(self) -> None:
        pause_s, failing = RETRY_FIRST_S, False
        while not self._stopped.is_set():
            try:
                with _keeping_apart(self._camera_id):
                    self._keep()
            except SourceLost as lost:
                if self.stock is not None:
                    pause_s, failing = RETRY_FIRST_S, False
                self.stock = None
                if not failing:
                    _log.warning("evidence_lost", camera_id=self._camera_id, why=lost.detail)
                failing = True
            self._stopped.wait(pause_s)
            pause_s = min(RETRY_MOST_S, 2 * pause_s)

    def _keep(self) -> None:
        with open_source(self._uri, self._monotonic_s()) as source:
            ring = PacketRing(
                max_s=EVIDENCE_RING_S, max_bytes=EVIDENCE_RING_BYTES, shelf=self._shelf
            )
            for packet in source.packets(self._monotonic_s):
                ring.append(packet)
                self.stock = Stock(form=source.form, ring=ring)
                if self._stopped.is_set():
                    break


class Camera:
    """Watches one camera until it is lost or forgotten; its failures concern nobody else."""

    def __init__(
        self,
        watch: Watch,
        room: EvidenceRoom,
        pool: Executor,
        say: Callable[[AnyFinding], None],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._watch = watch
        self._room = room
        self._pool = pool
        self._say_out = say
        self._monotonic_s = monotonic_s
        self._stopped = Event()
        self._forgotten = Event()
        self._backlog = Backlog(patient=not is_live(watch.analysis_uri))
        self._turn = Condition()
        self._busy = False
        self._failure: SourceLost | None = None
        self._evidence: Evidence | None = None
        self._ring = PacketRing(
            max_s=ANALYSIS_RING_S, max_bytes=ANALYSIS_RING_BYTES, shelf=room.shelf
        )
        self._analysis: Analysis | None = None
        self._orders: deque[Arm | MarkFixture | ForgetFixture] = deque()
        self._skipped = 0
        self._decoded, self._healthy_s = 0, monotonic_s()

    def start(self) -> None:
        """Begin; exactly one `Lost` follows unless the camera is forgotten."""
        if self._watch.evidence_uri:
            self._evidence = Evidence(
                self._watch, self._watch.evidence_uri, self._monotonic_s, self._room.shelf
            )
            self._evidence.start()
        name = f"camera[{self._watch.camera_id}]"
        Thread(target=self._run, name=name, daemon=True).start()

    def obey(self, order: Arm | MarkFixture | ForgetFixture) -> None:
        """Follow an order with the next packets; from any thread."""
        self._orders.append(order)
        self._schedule()

    def forget(self) -> None:
        """Say nothing more about this camera and let its threads end."""
        self._forgotten.set()
        self._stop()

    def _stop(self) -> None:
        self._stopped.set()
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
            with _keeping_apart(camera_id):
                self._demux()
        except SourceLost as lost:
            # What fails while it is being lost makes it no less lost.
            with suppress(SourceLost), _keeping_apart(camera_id):
                self._finish()
            self._lose(self._failure or lost)
            self._stop()
            with suppress(SourceLost), _keeping_apart(camera_id):
                self._finish_clips(CLIPS_MOST_S)

    def _free(self) -> None:
        """Give back the memory, which holds on to itself, before the camera is watched anew."""
        if self._analysis is not None:
            self._analysis = None
            gc.collect()

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
            stock = Stock(form=source.form, ring=self._ring, drift_s=lambda: source.drift_s)
            self._analysis = Analysis(
                self._watch,
                stock,
                room=self._room,
                evidence=self._evidence_stock,
            )
            pulse = Pulse(self._monotonic_s())
            for packet in source.packets(self._monotonic_s):
                if self._stopped.is_set():
                    break
                self._backlog.put(packet)
                if packet.keyframe or self._is_due():
                    self._schedule()
                fps = pulse.count(self._monotonic_s())
                if fps is not None:
                    self._say(self._health(fps, source.drift_s))
        if self._failure:
            raise self._failure

    def _is_due(self) -> bool:
        """Whether packets between keyframes are worth a turn: not while only keyframes count."""
        analysis = self._analysis
        return analysis is None or not analysis.resting or len(self._backlog) >= TURN_PACKETS

    def _evidence_stock(self) -> Stock | None:
        return self._evidence.stock if self._evidence else None

    def _schedule(self) -> None:
        with self._turn:
            if self._busy:
                return
            self._busy = True
        try:
            self._pool.submit(self._take_turn)
        except RuntimeError:  # the pool has shut down: the child is ending
            self._stopped.set()

    def _take_turn(self) -> None:
        """Analyse some packets in the pool; never two turns of one camera at once."""
        analysis = self._analysis
        try:
            if analysis is not None:
                with _keeping_apart(self._watch.camera_id):
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
        for packet in self._backlog.take():
            if self._forgotten.is_set():
                break
            for finding in analysis.feed(packet):
                self._say(finding)

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

    def _finish_clips(self, wait_s: float) -> None:
        """Make clips of what there is, unless nobody wants to hear of the camera any more."""
        if self._analysis and not self._forgotten.is_set():
            for finding in self._analysis.finish_clips(wait_s=wait_s):
                # Said even if the camera is being watched anew: its alarm waits for the clip.
                self._say_out(finding)

    def _health(self, fps: float, drift_s: float | None) -> Health:
        analysis = self._analysis
        evidence = self._evidence_stock()
        now_s = self._monotonic_s()
        decoded = analysis.decoded if analysis else 0
        decoded_fps = (decoded - self._decoded) / max(1.0, now_s - self._healthy_s)
        self._decoded, self._healthy_s = decoded, now_s
        return Health(
            camera_id=self._watch.camera_id,
            at_s=now_s,
            fps=fps,
            decoded_fps=decoded_fps,
            sharpness=analysis.sharpness if analysis else None,
            brightness=analysis.brightness if analysis else None,
            clock_drift_s=drift_s,
            decode_errors=analysis.decode_errors if analysis else 0,
            dropped_frames=self._backlog.dropped,
            ring_bytes=self._ring.held_bytes + (evidence.ring.held_bytes if evidence else 0),
            motion_s=analysis.take_motion_s() if analysis else 0.0,
            gate_separation=analysis.gate_separation if analysis else None,
        )
