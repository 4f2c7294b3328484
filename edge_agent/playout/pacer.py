"""Sends frames to loudspeakers every 20 ms by absolute deadlines; it decides nothing.

One thread serves all loudspeakers on one common beat, so what starts together sounds together.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from drivers.loudspeaker import LoudspeakerError, LoudspeakerSink, Samples

FRAME_S = 0.020
_REALTIME_PRIORITY = 1
"""The lowest real-time priority is above everything that is not real-time."""
_FORGET_LATE_S = 0.2
"""After such a stall the beat begins anew; catching up would flood the loudspeakers."""
_PATIENCE_S = 1.0
"""A loudspeaker that refuses frames for so long has failed."""
_CLEAN_FRAMES = 10
"""So many good frames in a row end a trouble: a unicast refusal shows on every second frame."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """What was really sent of one broadcast to one loudspeaker."""

    started_at_s: float | None
    """Monotonic instant of the first frame; None: nothing was sent."""
    seconds_sent: float
    underruns: int
    lateness_p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Began:
    """The first frame of a broadcast left for a loudspeaker."""

    loudspeaker_id: str
    broadcast_id: str
    at_s: float


@dataclass(frozen=True, kw_only=True)
class Ended:
    """A broadcast came to its end, or its loudspeaker failed (`fault`)."""

    loudspeaker_id: str
    broadcast_id: str
    at_s: float
    tally: Tally
    fault: str | None = None


@dataclass(frozen=True, kw_only=True)
class SinkState:
    """A loudspeaker begins to refuse frames (`fault`) or takes them again (None)."""

    loudspeaker_id: str
    at_s: float
    fault: str | None


@dataclass(frozen=True, kw_only=True)
class Pacing:
    """The pacer runs, with real-time priority or, where that is forbidden, without."""

    realtime: bool


PacerEvent = Began | Ended | SinkState | Pacing


@dataclass(kw_only=True)
class Playback:
    """One broadcast on one loudspeaker; the pacer keeps its place and its tally in it."""

    loudspeaker_id: str
    broadcast_id: str
    sink: LoudspeakerSink
    samples: Samples
    """Mono at the sink's rate."""
    position: int = 0
    started_at_s: float | None = None
    lateness_s: list[float] = field(default_factory=list)
    clean_frames: int = 0
    trouble_since_s: float | None = None

    def tally(self) -> Tally:
        """What was sent so far."""
        late = np.array(self.lateness_s) if self.lateness_s else np.zeros(1)
        length_s = len(self.samples) / self.sink.sample_rate_hz
        return Tally(
            started_at_s=self.started_at_s,
            seconds_sent=min(len(self.lateness_s) * FRAME_S, length_s),
            underruns=int(np.count_nonzero(late > FRAME_S)),
            lateness_p99_ms=float(np.percentile(late, 99)) * 1000,
        )

    def next_frame(self) -> Samples | None:
        """The next 20 ms, filled up with silence at the end; None when there is no more."""
        size = self.sink.frame_samples
        frame = self.samples[self.position : self.position + size]
        self.position += size
        if not len(frame):
            return None
        return frame if len(frame) == size else np.pad(frame, (0, size - len(frame)))


class Pacer:
    """The pacing thread. Events go to `announce` from that thread; it must not block."""

    def __init__(self, announce: Callable[[PacerEvent], None]) -> None:
        """Start the thread; `close` ends it."""
        self._announce = announce
        self._playbacks: dict[str, Playback] = {}
        self._last_frame_s: dict[str, float] = {}
        self._changed = threading.Condition()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name="pacer")
        self._thread.start()

    def start(self, playbacks: Sequence[Playback]) -> None:
        """Begin all of them on the same beat; their loudspeakers must be free."""
        with self._changed:
            for playback in playbacks:
                self._playbacks[playback.loudspeaker_id] = playback
            self._changed.notify()

    def cut(self, loudspeaker_id: str) -> Tally | None:
        """End what plays there at once; None when it has ended by itself, its `Ended` is out."""
        with self._changed:
            playback = self._playbacks.pop(loudspeaker_id, None)
        return playback.tally() if playback else None

    def swap_sink(self, loudspeaker_id: str, sink: LoudspeakerSink) -> None:
        """Go on with what plays there through another sink of the same rate."""
        with self._changed:
            if playback := self._playbacks.get(loudspeaker_id):
                playback.sink = sink
                sink.begin()

    def close(self) -> None:
        """Stop sending and end the thread."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        self._announce(Pacing(realtime=_become_realtime()))
        while self._wait_for_work():
            deadline_s = time.monotonic()
            while self._beat(deadline_s):
                deadline_s += FRAME_S
                if time.monotonic() - deadline_s > _FORGET_LATE_S:
                    deadline_s = time.monotonic()
                _sleep_until(deadline_s)

    def _wait_for_work(self) -> bool:
        with self._changed:
            self._changed.wait_for(lambda: self._playbacks or self._closing)
            return not self._closing

    def _beat(self, deadline_s: float) -> bool:
        """Send one frame to every loudspeaker; False when none is left."""
        with self._changed:
            if self._closing:
                return False
            for playback in tuple(self._playbacks.values()):
                self._send_frame(playback, deadline_s)
            return bool(self._playbacks)

    def _send_frame(self, playback: Playback, deadline_s: float) -> None:
        if playback.position == 0:
            last_s = self._last_frame_s.get(playback.loudspeaker_id, deadline_s - FRAME_S)
            playback.sink.begin(silent_s=max(0.0, deadline_s - last_s - FRAME_S))
        frame = playback.next_frame()
        if frame is None:
            self._end(playback)
            return
        self._last_frame_s[playback.loudspeaker_id] = deadline_s
        try:
            playback.sink.send(frame)
        except LoudspeakerError as error:
            self._bear(playback, error)
        else:
            self._count(playback, deadline_s)

    def _count(self, playback: Playback, deadline_s: float) -> None:
        now_s = time.monotonic()
        playback.lateness_s.append(now_s - deadline_s)
        where = playback.loudspeaker_id
        if playback.started_at_s is None:
            playback.started_at_s = now_s
            self._announce(
                Began(loudspeaker_id=where, broadcast_id=playback.broadcast_id, at_s=now_s)
            )
        playback.clean_frames += 1
        if playback.clean_frames == _CLEAN_FRAMES:
            playback.trouble_since_s = None
            self._announce(SinkState(loudspeaker_id=where, at_s=now_s, fault=None))

    def _bear(self, playback: Playback, error: LoudspeakerError) -> None:
        """Count a refused frame; give up when frames have been refused for a second."""
        now_s = time.monotonic()
        playback.clean_frames = 0
        if playback.trouble_since_s is None:
            playback.trouble_since_s = now_s
            where = playback.loudspeaker_id
            self._announce(SinkState(loudspeaker_id=where, at_s=now_s, fault=str(error)))
        elif now_s - playback.trouble_since_s > _PATIENCE_S:
            self._end(playback, fault=str(error))

    def _end(self, playback: Playback, *, fault: str | None = None) -> None:
        del self._playbacks[playback.loudspeaker_id]
        self._announce(
            Ended(
                loudspeaker_id=playback.loudspeaker_id,
                broadcast_id=playback.broadcast_id,
                at_s=time.monotonic(),
                tally=playback.tally(),
                fault=fault,
            )
        )


def _become_realtime() -> bool:
    """Let this thread alone pass before ordinary ones; False where the system does not allow it.

    It uses some microseconds every 20 ms. Beside busy processes a sleep then ends 0.1 ms late
    instead of 5 ms and more; spinning towards the deadline made it worse, not better (measured).
    """
    try:
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(_REALTIME_PRIORITY))
    except OSError:
        return False
    return True


def _sleep_until(deadline_s: float) -> None:
    remaining_s = deadline_s - time.monotonic()
    if remaining_s > 0:
        time.sleep(remaining_s)
