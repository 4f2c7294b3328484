"""One watched camera: threads that only demux, and its turn in the shared analysis pool."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from threading import Condition, Event, Thread

import structlog

from edge_agent.vision.analysis import Analysis, Said, Stock
from edge_agent.vision.messages import Health, Lost, Watch
from edge_agent.vision.ring import Packet, PacketRing
from edge_agent.vision.source import SourceLost, is_live, open_source

ANALYSIS_RING_S, ANALYSIS_RING_BYTES = 60.0, 8_000_000
EVIDENCE_RING_S, EVIDENCE_RING_BYTES = 20.0, 12_000_000
HEALTH_EVERY_S = 10.0
BACKLOG_PACKETS = 240
"""Packets that may wait for analysis: 8 s at 30 fps."""
TURN_PACKETS = 30
"""Packets analysed before another camera has its turn."""
RETRY_FIRST_S, RETRY_MOST_S = 5.0, 60.0

Say = Said | Lost | Health
_log = structlog.get_logger(__name__)


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

    def __init__(self, watch: Watch, uri: str, monotonic_s: Callable[[], float]) -> None:
        self._camera_id = watch.camera_id
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
            ring = PacketRing(max_s=EVIDENCE_RING_S, max_bytes=EVIDENCE_RING_BYTES)
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
        spool: Path,
        pool: Executor,
        say: Callable[[Say], None],
        monotonic_s: Callable[[], float],
    ) -> None:
        self._watch = watch
        self._spool = spool
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
        self._ring = PacketRing(max_s=ANALYSIS_RING_S, max_bytes=ANALYSIS_RING_BYTES)
        self._analysis: Analysis | None = None

    def start(self) -> None:
        """Begin; exactly one `Lost` follows unless the camera is forgotten."""
        if self._watch.evidence_uri:
            self._evidence = Evidence(self._watch, self._watch.evidence_uri, self._monotonic_s)
            self._evidence.start()
        name = f"camera[{self._watch.camera_id}]"
        Thread(target=self._run, name=name, daemon=True).start()

    def forget(self) -> None:
        """Say nothing more about this camera and let its threads end."""
        self._forgotten.set()
        self._stop()

    def _stop(self) -> None:
        self._stopped.set()
        self._backlog.close()
        if self._evidence:
            self._evidence.stop()

    def _say(self, finding: Say) -> None:
        if not self._forgotten.is_set():
            self._say_out(finding)

    def _run(self) -> None:
        try:
            self._demux()
        except SourceLost as lost:
            self._finish()
            self._lose(self._failure or lost)
        except BrokenPipeError:
            self._forgotten.set()
        finally:
            self._stop()

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
        with open_source(self._watch.analysis_uri, self._monotonic_s()) as source:
            stock = Stock(form=source.form, ring=self._ring)
            self._analysis = Analysis(
                self._watch, stock, spool=self._spool, evidence=self._evidence_stock
            )
            pulse = Pulse(self._monotonic_s())
            for packet in source.packets(self._monotonic_s):
                if self._stopped.is_set():
                    break
                self._backlog.put(packet)
                self._schedule()
                fps = pulse.count(self._monotonic_s())
                if fps is not None:
                    self._say(self._health(fps))
        if self._failure:
            raise self._failure

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
            for packet in self._backlog.take():
                if analysis is None or self._forgotten.is_set():
                    break
                for finding in analysis.feed(packet):
                    self._say(finding)
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

    def _health(self, fps: float) -> Health:
        analysis = self._analysis
        evidence = self._evidence_stock()
        return Health(
            camera_id=self._watch.camera_id,
            at_s=self._monotonic_s(),
            fps=fps,
            decode_errors=analysis.decode_errors if analysis else 0,
            dropped_frames=self._backlog.dropped,
            ring_bytes=self._ring.held_bytes + (evidence.ring.held_bytes if evidence else 0),
            motion_s=analysis.take_motion_s() if analysis else 0.0,
        )
