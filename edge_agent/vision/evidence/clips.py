"""Which clips of one camera are wanted, and when all that they need has come."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from edge_agent.vision.evidence.clip import make_clip
from edge_agent.vision.evidence.footage import ClipImpossible, Request
from edge_agent.vision.evidence.losses import Losses
from edge_agent.vision.evidence.pins import Hold
from edge_agent.vision.findings import Clip, ClipReady
from edge_agent.vision.lookback import Stock
from edge_agent.vision.orders import Polygon
from edge_agent.vision.stream.codec import is_whole

LATE_S = 3.0
"""A main stream so far behind has stopped: the clip is made of what there is."""
MOST_WAITING = 32
"""Clips of all cameras that wait to be made."""
_NICENESS = 10

MakeClip = Callable[[], Clip]


class ClipJobs:
    """The one thread of a vision child that makes clips, behind everything else."""

    def __init__(self) -> None:
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="clips", initializer=_yield_cpu)
        self._waiting = 0
        self._lock = threading.Lock()
        self.refused = 0
        """Clips that were not made because too many waited."""

    def submit(self, job: MakeClip) -> Future[Clip] | None:
        """Have a clip made; None if too many wait, or the child ends."""
        with self._lock:
            if self._waiting >= MOST_WAITING:
                self.refused += 1
                return None
            self._waiting += 1
        try:
            future = self._thread.submit(job)
        except RuntimeError:  # the thread has been shut down: the child is ending
            return None
        future.add_done_callback(self._count_done)
        return future

    def _count_done(self, _: Future[Clip]) -> None:
        with self._lock:
            self._waiting -= 1

    def close(self) -> None:
        """Finish the clip at hand and make no more."""
        self._thread.shutdown(wait=True, cancel_futures=True)


def _yield_cpu() -> None:
    # On Linux niceness belongs to a thread: analysis comes first.
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICENESS)


@dataclass(frozen=True, kw_only=True, slots=True)
class _Wanted:
    object_id: str
    asked: Request
    hold: Hold


class Clips:
    """The clips of one camera. Used from one thread."""

    def __init__(
        self,
        camera_id: str,
        own: Stock,
        main: Callable[[], Stock | None],
        *,
        folder: Path | None,
        masks: Sequence[Polygon],
        jobs: ClipJobs | None,
    ) -> None:
        """Prepare; without `folder` or `jobs` no clips are made.

        `main` gives the main stream's stock while there is one.
        """
        self._camera_id = camera_id
        self._own = own
        self._main = main
        self._folder = folder
        self._masks = tuple(masks)
        self._jobs = jobs
        self._wanted: list[_Wanted] = []
        self._making: list[tuple[_Wanted, Future[Clip]]] = []
        self.losses = Losses(camera_id)
        """Clips that could not be made."""

    def request(
        self,
        object_id: str,
        begin_s: float,
        end_s: float,
        *,
        around_s: float | None = None,
        held: Hold | None = None,
    ) -> None:
        """Want a clip of an interval, whose end may be still to come; `ClipReady` follows.

        `around_s` is the instant that it is about, by default the beginning; `held` is what has
        been pinned for it so far.
        """
        if self._folder is None or self._jobs is None:
            return
        around_s = begin_s if around_s is None else around_s
        own, main = (held.own, held.main) if held else (self._own, self._main())
        self._wanted.append(
            _Wanted(
                object_id=object_id,
                asked=Request(begin_s=begin_s, end_s=end_s, around_s=around_s),
                hold=Hold(own, main, begin_s=begin_s, end_s=end_s + LATE_S),
            )
        )

    def step(self, now_s: float) -> list[ClipReady]:
        """Begin what is due at an instant of the stream; return what has been made."""
        if self._wanted:
            due = [wanted for wanted in self._wanted if _complete(wanted, now_s)]
            self._wanted = [wanted for wanted in self._wanted if wanted not in due]
            for wanted in due:
                self._make(wanted)
        return self._made(now_s) if self._making else []

    def finish(self, now_s: float, *, wait_s: float) -> list[ClipReady]:
        """The stream is lost: make everything of what there is, and wait so long for it."""
        for wanted in self._wanted:
            self._make(wanted)
        self._wanted = []
        wait([future for _, future in self._making], timeout=wait_s)
        return self._made(now_s)

    def _make(self, wanted: _Wanted) -> None:
        if self._folder is None or self._jobs is None:
            return
        job = partial(_make, wanted, self._folder, self._masks)
        if future := self._jobs.submit(job):
            self._making.append((wanted, future))
            return
        wanted.hold.release()
        self.losses.note(wanted.object_id, "clip", "too many clips wait to be made")

    def _made(self, now_s: float) -> list[ClipReady]:
        done = [(wanted, future) for wanted, future in self._making if future.done()]
        self._making = [pair for pair in self._making if pair not in done]
        ready: list[ClipReady] = []
        for wanted, future in done:
            wanted.hold.release()
            if future.cancelled():
                continue
            if error := future.exception():
                self.losses.note(wanted.object_id, "clip", f"{type(error).__name__}: {error}")
                continue
            ready.append(
                ClipReady(
                    camera_id=self._camera_id,
                    at_s=now_s,
                    object_id=wanted.object_id,
                    clip=future.result(),
                )
            )
        return ready


def _complete(wanted: _Wanted, now_s: float) -> bool:
    end_s, main = wanted.asked.end_s, wanted.hold.main
    come = main is None or main.ring.newest_s > end_s
    return now_s > end_s and (come or now_s > end_s + LATE_S)


def _make(wanted: _Wanted, folder: Path, masks: Sequence[Polygon]) -> Clip:
    """Make it of the main stream if that is whole: small pictures are worth more than broken ones."""
    asked, own = wanted.asked, wanted.hold.own
    best = wanted.hold.best(asked.begin_s, min(asked.end_s, asked.around_s + LATE_S))
    if best is not own:
        packets = best.ring.cut(asked.begin_s, asked.end_s)
        if all(is_whole(best.form, packet) for packet in packets if packet.keyframe):
            with suppress(ClipImpossible):
                return make_clip(folder, best.form, packets, asked, masks)
    packets = own.ring.cut(asked.begin_s, asked.end_s)
    if own.ring.lack and not packets:
        raise ClipImpossible(own.ring.lack)
    return make_clip(folder, own.form, packets, asked, masks)
