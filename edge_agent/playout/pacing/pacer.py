"""Sends frames to loudspeakers every 20 ms by absolute deadlines; it decides nothing.

One thread serves all loudspeakers on one common beat, so what starts together sounds together.
"""

import os
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from drivers.loudspeaker import FRAME_S, LoudspeakerError, LoudspeakerSink, Samples, SendFailed
from edge_agent.playout.faults import Fault, fault_of
from edge_agent.playout.pacing.events import Began, Ended, PacerEvent, Pacing, SinkState
from edge_agent.playout.pacing.playback import Playback, Tally, Trouble, mix

_REALTIME_PRIORITY = 1
"""The lowest real-time priority is above everything that is not real-time."""
_FORGET_LATE_S = 0.2
"""After such a stall the beat begins anew; catching up would flood the loudspeakers."""
PATIENCE_S = 4.0
"""A loudspeaker that takes nothing for so long has failed; until then it is connected again."""
_RECONNECT_EVERY_S = 0.5
_CLEAN_FRAMES = 10
"""So many good frames in a row end a trouble: a unicast refusal shows on every second frame."""


@dataclass(kw_only=True)
class _Tail:
    """The faded end of what was cut, sent with the next beat."""

    sink: LoudspeakerSink
    frame: Samples
    is_last: bool = False


class Pacer:
    """The beat. `start`, `cut` and the rest come from one other thread and never wait long."""

    def __init__(
        self,
        announce: Callable[[PacerEvent], None],
        *,
        monotonic_s: Callable[[], float] = time.monotonic,
    ) -> None:
        """Args: where events go, from the pacer's thread once `run` gave it one; `close` ends it."""
        self._announce = announce
        self._monotonic_s = monotonic_s
        self.guard = threading.Condition()
        """Held while a sink is touched: a sink is for one thread at a time."""
        self._playbacks: dict[str, Playback] = {}
        self._tails: dict[str, _Tail] = {}
        self._last_frame_s: dict[str, float] = {}
        self._closing = False
        self._thread: threading.Thread | None = None

    def run(self) -> None:
        """Begin the beat in a thread of its own."""
        self._thread = threading.Thread(target=self._run, name="pacer")
        self._thread.start()

    def start(self, playbacks: Sequence[Playback]) -> None:
        """Send from the next beat on; all of these on the same one."""
        with self.guard:
            for playback in playbacks:
                self._playbacks[playback.loudspeaker_id] = playback
            self.guard.notify()

    def cut(self, loudspeaker_id: str) -> Tally | None:
        """Fade out what plays there; None when it has ended by itself, its `Ended` is out."""
        with self.guard:
            playback = self._playbacks.pop(loudspeaker_id, None)
            if playback is None:
                return None
            if (frame := playback.fade_out()) is not None:
                self._tails[loudspeaker_id] = _Tail(sink=playback.sink, frame=frame)
                self.guard.notify()
            return playback.tally()

    def dismiss(self, loudspeaker_id: str, sink: LoudspeakerSink) -> None:
        """Nothing follows there soon: let the sink hang up, after the end of what was cut."""
        with self.guard:
            if (tail := self._tails.get(loudspeaker_id)) is not None and tail.sink is sink:
                tail.is_last = True
            else:
                self._finish(loudspeaker_id, sink)

    def swap_sink(self, loudspeaker_id: str, sink: LoudspeakerSink | None) -> None:
        """Go on with what plays there through another sink of the same rate; None: it is closed."""
        with self.guard:
            self._tails.pop(loudspeaker_id, None)
            playback = self._playbacks.get(loudspeaker_id)
            if playback is not None and sink is not None:
                now_s = self._monotonic_s()
                fault = Fault(reason="unreachable", detail="the loudspeaker was changed")
                playback.sink = sink
                playback.trouble = Trouble(
                    since_s=now_s, fault=fault, retry_at_s=now_s, is_away=True
                )

    def close(self) -> None:
        """Stop sending and end the thread; what was cut is faded out first."""
        with self.guard:
            self._closing = True
            self.guard.notify()
        if self._thread is not None:
            self._thread.join()

    def beat(self, deadline_s: float) -> bool:
        """Send one frame to every loudspeaker; False when none is left."""
        with self.guard:
            for playback in tuple(self._playbacks.values()):
                self._send_frame(playback, deadline_s)
            self._send_tails(deadline_s)
            return bool(self._playbacks) and not self._closing

    def _run(self) -> None:
        self._announce(Pacing(realtime=_become_realtime()))
        while self._wait_for_work():
            deadline_s = self._monotonic_s()
            while self.beat(deadline_s):
                deadline_s += FRAME_S
                if self._monotonic_s() - deadline_s > _FORGET_LATE_S:
                    deadline_s = self._monotonic_s()
                _sleep_until(deadline_s)

    def _wait_for_work(self) -> bool:
        with self.guard:
            self.guard.wait_for(lambda: self._playbacks or self._tails or self._closing)
            return not self._closing or bool(self._tails)

    def _send_frame(self, playback: Playback, deadline_s: float) -> None:
        samples = playback.source.next_frame(playback.sink.frame_samples)
        if samples is None:
            self._end(playback)
            return
        try:
            if not self._is_connected(playback):
                playback.lost_samples += len(samples)
                self._be_patient(playback)
                return
            self._send(playback, samples, deadline_s)
        except LoudspeakerError as error:
            playback.lost_samples += len(samples)
            self._bear(playback, error)
        else:
            self._count(playback, len(samples), deadline_s)

    def _send(self, playback: Playback, samples: Samples, deadline_s: float) -> None:
        where = playback.loudspeaker_id
        if playback.is_fresh:
            last_s = self._last_frame_s.get(where, deadline_s - FRAME_S)
            playback.sink.begin(silent_s=max(0.0, deadline_s - last_s - FRAME_S))
        frame = playback.shape(samples)
        tail = self._tails.pop(where, None)
        if tail is not None and len(tail.frame) == len(frame):
            frame = mix(frame, tail.frame)
        self._last_frame_s[where] = deadline_s
        playback.is_fresh = False
        playback.sink.send(frame)

    def _is_connected(self, playback: Playback) -> bool:
        """Whether frames can be sent; connects again where they cannot.

        Raises:
            LoudspeakerError: Connecting failed.
        """
        trouble = playback.trouble
        if trouble is None or not trouble.is_away:
            return True
        if trouble.retry_at_s is not None and self._monotonic_s() >= trouble.retry_at_s:
            trouble.retry_at_s = None
            playback.sink.prepare()
        if not playback.sink.is_ready:
            return False
        trouble.is_away = False
        playback.is_fresh = True
        return True

    def _count(self, playback: Playback, samples: int, deadline_s: float) -> None:
        now_s = self._monotonic_s()
        where = playback.loudspeaker_id
        if playback.started_at_s is None:
            playback.started_at_s = now_s
            self._announce(
                Began(loudspeaker_id=where, broadcast_id=playback.broadcast_id, at_s=now_s)
            )
        playback.lateness.add(now_s - deadline_s)
        playback.sent_samples += samples
        playback.gaps += samples == 0
        playback.clean_frames += 1
        if playback.clean_frames == _CLEAN_FRAMES:
            playback.trouble = None
            self._announce(SinkState(loudspeaker_id=where, at_s=now_s, fault=None))

    def _bear(self, playback: Playback, error: LoudspeakerError) -> None:
        """Count a refused frame; give up when that lasts, or when it cannot get better."""
        now_s = self._monotonic_s()
        fault = fault_of(error)
        playback.clean_frames = 0
        playback.last_fault = fault
        is_away = not isinstance(error, SendFailed)
        retry_at_s = now_s + _RECONNECT_EVERY_S if is_away else None
        if playback.trouble is None:
            playback.trouble = Trouble(
                since_s=now_s, fault=fault, retry_at_s=now_s if is_away else None, is_away=is_away
            )
            where = playback.loudspeaker_id
            self._announce(SinkState(loudspeaker_id=where, at_s=now_s, fault=fault))
        else:
            playback.trouble.fault = fault
            playback.trouble.is_away |= is_away
            playback.trouble.retry_at_s = retry_at_s
        if fault.is_lasting:
            self._end(playback, fault=fault)
        else:
            self._be_patient(playback)

    def _be_patient(self, playback: Playback) -> None:
        trouble = playback.trouble
        if trouble is not None and self._monotonic_s() - trouble.since_s > PATIENCE_S:
            self._end(playback, fault=trouble.fault)

    def _send_tails(self, deadline_s: float) -> None:
        for where, tail in tuple(self._tails.items()):
            if where in self._playbacks and not tail.is_last:
                continue
            del self._tails[where]
            self._last_frame_s[where] = deadline_s
            try:
                tail.sink.send(tail.frame)
            except LoudspeakerError as error:
                self._complain(where, error)
            if tail.is_last:
                self._finish(where, tail.sink)

    def _finish(self, where: str, sink: LoudspeakerSink) -> None:
        try:
            sink.finish()
        except LoudspeakerError as error:
            self._complain(where, error)

    def _complain(self, where: str, error: LoudspeakerError) -> None:
        now_s = self._monotonic_s()
        self._announce(SinkState(loudspeaker_id=where, at_s=now_s, fault=fault_of(error)))

    def _end(self, playback: Playback, *, fault: Fault | None = None) -> None:
        del self._playbacks[playback.loudspeaker_id]
        if fault is None and playback.started_at_s is None:
            fault = playback.last_fault
        self._announce(
            Ended(
                loudspeaker_id=playback.loudspeaker_id,
                broadcast_id=playback.broadcast_id,
                at_s=self._monotonic_s(),
                tally=playback.tally(),
                fault=fault,
                trouble=playback.last_fault,
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
