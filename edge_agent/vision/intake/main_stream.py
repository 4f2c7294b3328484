"""Keeps the last seconds of a camera's main stream for evidence; decodes none but a keyframe on trial."""

from collections.abc import Callable, Iterator
from functools import partial
from queue import SimpleQueue
from threading import Event, Thread

import structlog

from edge_agent.vision.condition.soundness import Soundness
from edge_agent.vision.intake.apart import keeping_apart
from edge_agent.vision.intake.rhythm import Pause, Rhythm
from edge_agent.vision.intake.rounds import Rounds
from edge_agent.vision.lookback import Stock
from edge_agent.vision.stream.codec import is_whole
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.packet import Packet
from edge_agent.vision.stream.ring import PacketRing
from edge_agent.vision.stream.shelf import Shelf
from edge_agent.vision.stream.source import Source, open_source

EVIDENCE_RING_S, EVIDENCE_RING_BYTES = 20.0, 12_000_000
RETRY_FIRST_S, RETRY_MOST_S = 5.0, 60.0
MOST_GATHERED = 64
"""Rounds whose packets may wait while the disk takes what the ring cannot hold."""

_log = structlog.get_logger(__name__)


class Evidence:
    """Keeps the ring of the main stream; tries again by itself when it fails."""

    def __init__(
        self,
        camera_id: str,
        uri: str,
        monotonic_s: Callable[[], float],
        *,
        rounds: Rounds,
        shelf: Shelf | None,
    ) -> None:
        self._camera_id = camera_id
        self._uri = uri
        self._monotonic_s = monotonic_s
        self._rounds = rounds
        self._shelf = shelf
        self._stopped = Event()
        self.stock: Stock | None = None
        """What is held of it; None while the stream is down."""
        self.fault: str | None = None
        """Why it is down or serves as no evidence; None: it is well, or is only being opened."""

    @property
    def usable(self) -> Stock | None:
        """What evidence is taken from now; None while the other stream must do."""
        return self.stock if self.fault is None else None

    def start(self) -> None:
        """Begin in a thread of its own, which alone touches the ring and the disk."""
        name = f"evidence[{self._camera_id}]"
        Thread(target=self._run, name=name, daemon=True).start()

    def stop(self) -> None:
        """Let the thread end at its next packet or timeout."""
        self._stopped.set()

    def _run(self) -> None:
        retry_s, failing = RETRY_FIRST_S, False
        while not self._stopped.is_set():
            try:
                with keeping_apart(self._camera_id):
                    self._keep()
            except SourceLost as lost:
                if self.stock is not None:
                    retry_s, failing = RETRY_FIRST_S, False
                self.stock, self.fault = None, lost.detail
                if not failing:
                    _log.warning("evidence_lost", camera_id=self._camera_id, why=lost.detail)
                failing = True
            self._stopped.wait(retry_s)
            retry_s = min(RETRY_MOST_S, 2 * retry_s)

    def _keep(self) -> None:
        with open_source(self._uri, self._monotonic_s()) as source:
            ring = PacketRing(
                max_s=EVIDENCE_RING_S, max_bytes=EVIDENCE_RING_BYTES, shelf=self._shelf
            )
            stock = Stock(form=source.form, ring=ring)
            soundness = Soundness(source.form.nominal_fps, is_whole=partial(is_whole, source.form))
            for packets in self._packets(source):
                ring.extend(packets)
                self.stock, self.fault = stock, soundness.step(packets, source.missing)
                if self._stopped.is_set():
                    break

    def _packets(self, source: Source) -> Iterator[list[Packet]]:
        """Return packets as they come, some at once.

        Raises:
            SourceLost: the stream stalled, broke or ended; always, in the end, while iterating.
        """
        if source.waits:
            return ([packet] for packet in source.packets(self._monotonic_s))
        return self._visited(source)

    def _visited(self, source: Source) -> Iterator[list[Packet]]:
        # Between the rounds, which may never wait, and this thread, which may wait for the disk.
        gathered: SimpleQueue[list[Packet] | Exception | None] = SimpleQueue()

        rhythm = Rhythm()

        def visit(buffer: memoryview) -> Pause | None:
            if self._stopped.is_set():
                return None
            now_s = self._monotonic_s()
            if gathered.qsize() > MOST_GATHERED:
                raise SourceLost("stalled", "the disk takes too long to store its pictures")
            packets = source.take(buffer, now_s)
            if packets:
                gathered.put(packets)
            rhythm.note(source.came_bytes, packets, now_s)
            return rhythm.pause(now_s, resting=False, listens=False)

        self._rounds.add(visit, gathered.put)
        while (come := gathered.get()) is not None:
            if isinstance(come, Exception):
                raise come
            yield come
