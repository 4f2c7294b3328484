"""The way out to one loudspeaker: its sink opened, opened again after a failure, its fault told."""

from collections.abc import Callable

from drivers.loudspeaker import LoudspeakerError, LoudspeakerSink
from edge_agent.playout.messages import Report, Sink, SinkFault
from edge_agent.playout.sinks import SAMPLE_RATE_HZ, open_sink

REOPEN_S = 5.0


class Outlet:
    """Holds one sink; a fault is reported when it begins and when it ends, never in between."""

    def __init__(
        self, loudspeaker_id: str, settings: Sink, *, report: Callable[[Report], None]
    ) -> None:
        """Args: opens nothing yet; `open` does, and the owner closes it."""
        self._loudspeaker_id = loudspeaker_id
        self._report = report
        self.settings = settings
        self.sink: LoudspeakerSink | None = None
        self.fault: str | None = None
        self.reopen_at_s: float | None = None
        """Monotonic instant of the next attempt; None while the sink is open."""

    @property
    def sample_rate_hz(self) -> int:
        """Rate of the audio this loudspeaker takes."""
        return SAMPLE_RATE_HZ[self.settings.driver]

    def open(self, *, now_s: float) -> LoudspeakerSink | None:
        """The open sink; None when it cannot be opened, `fault` then says why."""
        if self.sink is None:
            try:
                self.sink = open_sink(self.settings)
            except LoudspeakerError as error:
                self.reopen_at_s = now_s + REOPEN_S
                self.tell(str(error), at_s=now_s)
                return None
            self.reopen_at_s = None
            self.tell(None, at_s=now_s)
        return self.sink

    def tell(self, fault: str | None, *, at_s: float) -> None:
        """Take note of a fault, or of its end (None), and report the change."""
        if (fault is None) != (self.fault is None):
            self._report(SinkFault(loudspeaker_id=self._loudspeaker_id, at_s=at_s, fault=fault))
        self.fault = fault

    def exchange(self, settings: Sink, *, now_s: float) -> LoudspeakerSink | None:
        """Open a sink with other settings; the previous one, which the caller closes."""
        previous, self.sink, self.settings = self.sink, None, settings
        self.open(now_s=now_s)
        return previous

    def close(self) -> None:
        """Close the sink, if it is open."""
        if self.sink is not None:
            self.sink.close()
            self.sink = None
