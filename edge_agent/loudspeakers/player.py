"""The player child's counterpart: which loudspeakers it knows, what it was given to play.

Plays nothing itself and writes nothing to disk.
"""

import sys
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from typing import Literal

import structlog
from pydantic import ValidationError

from edge_agent.children import Child
from edge_agent.clock import Clock
from edge_agent.playout.messages import REPORT, Install, Play, Progress, Relay, SinkFault, Stop

log = structlog.get_logger(__name__)

Key = tuple[str, str]
"""Broadcast and loudspeaker."""
TakeReport = Callable[[Progress | SinkFault], Awaitable[None]]
Broadcast = Play | Relay

_UNDER_WAY = frozenset({"started", "interrupted", "resumed"})


class Player:
    """Survives its child: what had not started is handed over again, what had is failed."""

    def __init__(
        self, installs: Iterable[Install], *, clock: Clock, take_report: TakeReport
    ) -> None:
        self._installs = tuple(installs)
        self._clock = clock
        self._take_report = take_report
        self._waiting: dict[Key, Broadcast] = {}
        self._playing: dict[Key, Broadcast] = {}
        self._reporting: Counter[Key] = Counter()
        self.child = Child("player", (sys.executable, "-m", "edge_agent.playout"), self)

    def play(self, broadcast: Broadcast) -> None:
        """Hand a broadcast for one loudspeaker to the child; reports follow."""
        self._waiting[broadcast.broadcast_id, broadcast.loudspeaker_id] = broadcast
        self.child.send(broadcast.model_dump_json())

    async def stop(self, stop: Stop) -> None:
        """Stop what was handed over; `stopped` is reported for each."""
        if self.child.pid is not None:
            self.child.send(stop.model_dump_json())
            return
        for key in [key for key in self._waiting if _matches(stop, key)]:
            del self._waiting[key]
            await self._take_report(_ended(key, "stopped", at_s=self._clock.monotonic_s()))

    def has(self, broadcast_id: str, loudspeaker_id: str) -> bool:
        """Tell whether the child has a broadcast to play or plays it, or how it ended is being noted."""
        key = (broadcast_id, loudspeaker_id)
        return key in self._waiting or key in self._playing or self._reporting[key] > 0

    def playing(self, broadcast_id: str, loudspeaker_id: str) -> Broadcast | None:
        """Return what was ordered of a broadcast that has started and not ended."""
        return self._playing.get((broadcast_id, loudspeaker_id))

    def is_speaking(self, loudspeaker_id: str) -> bool:
        """Tell whether a loudspeaker is being spoken through now."""
        return any(speaking == loudspeaker_id for _, speaking in self._playing)

    async def started(self) -> None:
        """Tell a child that was started what it must know."""
        for install in self._installs:
            self.child.send(install.model_dump_json())
        for broadcast in self._waiting.values():
            self.child.send(broadcast.model_dump_json())

    async def take(self, line: bytes) -> None:
        """Pass on what the child reports."""
        try:
            report = REPORT.validate_json(line)
        except ValidationError as error:
            log.warning("the player said what cannot be read", error=str(error))
            return
        if isinstance(report, Progress):
            with self._noting([(report.broadcast_id, report.loudspeaker_id)]):
                self._follow(report)
                await self._take_report(report)
        else:
            await self._take_report(report)

    async def ended(self) -> None:
        """Report what the child can no longer finish."""
        with self._noting(tuple(self._playing)) as cut:
            self._playing = {}
            for key in sorted(cut):
                detail = "the player ended while playing"
                at_s = self._clock.monotonic_s()
                await self._take_report(_ended(key, "failed", at_s=at_s, detail=detail))

    @contextmanager
    def _noting(self, keys: Collection[Key]) -> Iterator[Collection[Key]]:
        """Have them until their step is noted: nobody else may note another end in its place."""
        self._reporting.update(keys)
        try:
            yield keys
        finally:
            self._reporting -= Counter(keys)

    def _follow(self, progress: Progress) -> None:
        key = (progress.broadcast_id, progress.loudspeaker_id)
        waited = self._waiting.pop(key, None)
        if progress.state == "started" and waited is not None:
            self._playing[key] = waited
        elif progress.state not in _UNDER_WAY:
            self._playing.pop(key, None)


def _matches(stop: Stop, key: Key) -> bool:
    return stop.broadcast_id in {None, key[0]} and stop.loudspeaker_id in {None, key[1]}


def _ended(
    key: Key, state: Literal["failed", "stopped"], *, at_s: float, detail: str = ""
) -> Progress:
    return Progress(
        broadcast_id=key[0], loudspeaker_id=key[1], state=state, at_s=at_s, detail=detail
    )
