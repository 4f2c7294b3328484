"""The way out to one loudspeaker: its sink opened and made ready, again after failures; faults told."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from functools import partial
from typing import Any

from drivers.loudspeaker import LoudspeakerError, LoudspeakerSink
from edge_agent.playout.faults import Fault, fault_of
from edge_agent.playout.guarded_sink import GuardedSink
from edge_agent.playout.messages import Install, Report, SinkFault
from edge_agent.playout.pacing.pacer import PATIENCE_S
from edge_agent.playout.sinks import OpenSink, sample_rate_of

REOPEN_S = 5.0
_PREPARE_AGAIN_S = 1.0
_AFTER_REFUSAL_S = 600.0
"""A device that hears a wrong password too often locks the account."""
_POLL_S = 0.02
_LOOK_AGAIN_S = 0.5


class Outlet:
    """Holds one sink; a fault is reported when it begins and when it ends, never in between."""

    def __init__(
        self,
        install: Install,
        *,
        report: Callable[[Report], None],
        guard: AbstractContextManager[Any],
        open_sink: OpenSink,
    ) -> None:
        """Args: opens nothing yet; `guard` is held while the sink is touched; `close` it."""
        self._report = report
        self._guard = guard
        self._open_sink = open_sink
        self.install = install
        self.sink: LoudspeakerSink | None = None
        self.fault: Fault | None = None
        self._failed_to_prepare = False
        self._next_try_s: float | None = None
        self._preparing_since_s: float | None = None
        self.is_ready = False
        self.next_look_s: float | None = None
        """When `open` or `look` has something to do by time alone."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio this loudspeaker takes."""
        return sample_rate_of(self.install.sink)

    def volume_db(self, *, is_emergency: bool) -> float:
        """How loud it is to speak."""
        return self.install.emergency_volume_db if is_emergency else self.install.volume_db

    def open(self, *, now_s: float) -> LoudspeakerSink | None:
        """The open sink; None when it cannot be opened, `fault` then says why."""
        if self.sink is None:
            try:
                self.sink = GuardedSink(
                    self.install.loudspeaker_id,
                    partial(self._open_sink, self.install.sink, self.install.password),
                )
            except LoudspeakerError as error:
                self.next_look_s = now_s + REOPEN_S
                self.tell(fault_of(error), at_s=now_s)
                return None
            self.next_look_s = None
            self.tell(None, at_s=now_s)
        return self.sink

    def look(self, *, now_s: float) -> bool:
        """Get ready to speak soon, and tell whether a frame sent now would sound at once."""
        if self._preparing_since_s is None:
            self._preparing_since_s = self._next_try_s = now_s
        sink = self.open(now_s=now_s)
        self.is_ready = sink is not None and self._try(sink, now_s)
        if sink is not None:
            self.next_look_s = now_s + (_LOOK_AGAIN_S if self.is_ready else _POLL_S)
        return self.is_ready

    def gives_up(self, *, due_s: float, now_s: float) -> bool:
        """Whether a broadcast that was due then must not wait any longer for the loudspeaker."""
        if self.fault is not None and self.fault.is_lasting:
            return now_s >= due_s
        since_s = now_s if self._preparing_since_s is None else self._preparing_since_s
        return now_s >= max(due_s, since_s) + PATIENCE_S

    def rest(self) -> None:
        """Nothing is to be said soon: what is prepared next is prepared anew."""
        self._preparing_since_s = None
        self.is_ready = False
        if self.sink is not None:
            self.next_look_s = None

    def tell(self, fault: Fault | None, *, at_s: float) -> None:
        """Take note of a fault, or of its end (None), and report the change."""
        previous, self.fault = self.fault, fault
        if fault is not None and (previous is None or previous.reason != fault.reason):
            self._say(at_s, fault=fault.detail, reason=fault.reason)
        elif fault is None and previous is not None:
            self._failed_to_prepare = False
            self._say(at_s, fault=None)

    def exchange(self, install: Install, *, now_s: float) -> LoudspeakerSink | None:
        """Open a sink with other settings; the previous one, which the caller closes."""
        previous, self.sink, self.install = self.sink, None, install
        self.rest()
        self.open(now_s=now_s)
        return previous

    def close(self) -> None:
        """Close the sink, if it is open."""
        if self.sink is not None:
            with self._guard, suppress(LoudspeakerError):
                self.sink.close()
            self.sink = None

    def _try(self, sink: LoudspeakerSink, now_s: float) -> bool:
        try:
            with self._guard:
                if self._next_try_s is not None and self._next_try_s <= now_s:
                    self._next_try_s = None
                    sink.prepare()
                if not sink.is_ready:
                    return False
        except LoudspeakerError as error:
            fault = fault_of(error)
            self._failed_to_prepare = True
            self.tell(fault, at_s=now_s)
            if self._next_try_s is None:
                self._next_try_s = now_s + (
                    _AFTER_REFUSAL_S if fault.is_lasting else _PREPARE_AGAIN_S
                )
            return False
        if self._failed_to_prepare:
            self.tell(None, at_s=now_s)
        return True

    def _say(self, at_s: float, **fields: Any) -> None:  # noqa: ANN401 - a report's fields
        loudspeaker_id = self.install.loudspeaker_id
        self._report(SinkFault(loudspeaker_id=loudspeaker_id, at_s=at_s, **fields))
