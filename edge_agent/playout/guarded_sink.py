"""A fence around a driver's sink: what breaks or waits in there harms no other loudspeaker."""

import time
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NoReturn

import structlog

from drivers.loudspeaker import LoudspeakerError, LoudspeakerSink, Samples, Unreachable

log = structlog.get_logger(__name__)

_SLOW_S = 0.05
"""A beat is 20 ms for all loudspeakers together; no method of a sink may wait."""


class GuardedSink:
    """A sink whose methods raise nothing but `LoudspeakerError`; what else happens is logged once."""

    def __init__(self, loudspeaker_id: str, open_sink: Callable[[], LoudspeakerSink]) -> None:
        """Open the sink; `close` it.

        Raises:
            LoudspeakerError: The settings cannot work here.
        """
        self._id = loudspeaker_id
        self._was_slow = False
        self._broken: set[str] = set()
        with self._fence("open"):
            self._sink = open_sink()
        self.sample_rate_hz = self._sink.sample_rate_hz
        self.frame_samples = self._sink.frame_samples

    def prepare(self) -> None:
        """See `LoudspeakerSink`."""
        with self._fence("prepare"):
            self._sink.prepare()

    @property
    def is_ready(self) -> bool:
        """See `LoudspeakerSink`."""
        with self._fence("is_ready"):
            return self._sink.is_ready

    def begin(self, *, silent_s: float = 0.0) -> None:
        """See `LoudspeakerSink`."""
        with self._fence("begin"):
            self._sink.begin(silent_s=silent_s)

    def send(self, frame: Samples) -> None:
        """See `LoudspeakerSink`; without the fence's cost, for it is called every 20 ms."""
        begin_s = time.monotonic()
        try:
            self._sink.send(frame)
        except LoudspeakerError:
            raise
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not silence the others
            self._break("send", error)
        if time.monotonic() - begin_s > _SLOW_S:
            self._tell_slow("send")

    def finish(self) -> None:
        """See `LoudspeakerSink`."""
        with self._fence("finish"):
            self._sink.finish()

    def close(self) -> None:
        """See `LoudspeakerSink`."""
        with self._fence("close"):
            self._sink.close()

    @contextmanager
    def _fence(self, method: str) -> Iterator[None]:
        begin_s = time.monotonic()
        try:
            yield
        except LoudspeakerError:
            raise
        except Exception as error:  # noqa: BLE001 - a driver's mistake must not silence the others
            self._break(method, error)
        if time.monotonic() - begin_s > _SLOW_S and method not in {"open", "close"}:
            self._tell_slow(method)

    def _break(self, method: str, error: Exception) -> NoReturn:
        if method not in self._broken:
            self._broken.add(method)
            trace = "".join(traceback.format_exception(error))
            log.error("driver_broke", loudspeaker_id=self._id, method=method, trace=trace)
        reason = f"the driver broke in {method}: {type(error).__name__}: {error}"
        raise Unreachable(reason) from error

    def _tell_slow(self, method: str) -> None:
        if not self._was_slow:
            self._was_slow = True
            log.warning("driver_waits", loudspeaker_id=self._id, method=method)
