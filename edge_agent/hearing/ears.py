"""The gateway's ears: which microphones are open for which broadcast, and one verdict on each.

Compares nothing itself; a child process does, so that neither libav nor arithmetic holds anybody up.
"""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

import structlog
from pydantic import ValidationError

from contracts.events import Hearing
from edge_agent.children import Child
from edge_agent.clock import Clock
from edge_agent.hearing.comparing.recognition import SHORTEST_S
from edge_agent.hearing.listening import (
    Listening,
    MicrophoneAddress,
    MicrophoneUnavailable,
    Verdict,
)
from edge_agent.hearing.messages import Compared, End, Forget, KeepOpen, Listen
from edge_agent.hearing.verdicts import judge
from edge_agent.supervisor import Backoff, Supervisor

__all__ = ["Ears", "Listening", "MicrophoneAddress", "MicrophoneUnavailable", "Verdict"]

log = structlog.get_logger(__name__)

LINGER_S = 120.0
"""The child stays so long after the last broadcast: another may follow, and it starts in a second."""
ANSWER_S = 60.0
"""After the end; the child takes 5 s, and a second for each minute of several long broadcasts."""
AHEAD_S = 20.0
"""So long a microphone is open for a broadcast to come."""
OVERDUE_S = 600.0
"""Beyond what was expected: then nobody will say any more when it ended."""
_TICK_S = 2.0
_CHILD_BACKOFF = Backoff(first_s=0.5, last_s=30.0)

Key = tuple[str, str]
"""Broadcast and loudspeaker."""


@dataclass(kw_only=True)
class _Take:
    """One camera's part in one listening."""

    number: int
    camera_id: str
    listen: Listen | None = None
    """None: its address is being asked for."""
    is_handed_over: bool = False
    answer: Compared | None = None


@dataclass(kw_only=True)
class _Open:
    listening: Listening
    takes: tuple[_Take, ...]
    sharers: set[str] = field(default_factory=set)
    """Loudspeakers of the same broadcast within hearing of the same cameras."""
    seconds_sent: float | None = None
    give_up_at_s: float


class Ears:
    """Opens cameras' microphones while a broadcast plays, and reports one verdict on each."""

    def __init__(
        self,
        *,
        microphones: Callable[[str], Awaitable[MicrophoneAddress]],
        clock: Clock,
        report: Callable[[Verdict], Awaitable[None]],
    ) -> None:
        """Args: `microphones` finds a camera's sound by its id, or raises `MicrophoneUnavailable`."""
        self._microphones = microphones
        self._clock = clock
        self._report = report
        self._numbers = count(1)
        self._open: dict[Key, _Open] = {}
        self._wanted = asyncio.Event()
        self._unasked: asyncio.Queue[_Take | str] = asyncio.Queue()
        """Takes, and ids of cameras for broadcasts to come, whose address must be asked for."""
        self._ahead: list[KeepOpen] = []
        self._has_verdict = asyncio.Event()
        self._unreported: list[Verdict] = []
        self._runs = False
        self._used_at_s = 0.0
        self.child = Child("hearing", (sys.executable, "-m", "edge_agent.hearing"), self)

    def prepare(self, camera_ids: Iterable[str]) -> None:
        """Open microphones for a broadcast that will begin within 20 s; never waits.

        Without it the first second or two of a broadcast are missing, and a short one is judged by
        its rest or not at all.
        """
        for camera_id in camera_ids:
            self._unasked.put_nowait(camera_id)

    def begin(self, listening: Listening) -> None:
        """Listen from now on; never waits.

        A broadcast that is listened to already on this loudspeaker is not begun again.
        """
        key = (listening.broadcast_id, listening.loudspeaker_id)
        if key in self._open:
            return
        takes = tuple(
            _Take(number=next(self._numbers), camera_id=camera_id)
            for camera_id in listening.camera_ids
        )
        give_up_at_s = listening.started_at_s + listening.expected_s + OVERDUE_S
        opened = _Open(listening=listening, takes=takes, give_up_at_s=give_up_at_s)
        for other in self._open.values():
            if _share(other.listening, listening):
                other.sharers.add(listening.loudspeaker_id)
                opened.sharers.add(other.listening.loudspeaker_id)
        self._open[key] = opened
        for take in takes:
            self._unasked.put_nowait(take)

    def end(self, broadcast_id: str, loudspeaker_id: str, *, seconds_sent: float) -> None:
        """Compare what was heard with the first `seconds_sent` of the audio; never waits.

        A broadcast that is interrupted, and will go on, ends here for the microphones.
        """
        opened = self._open.get((broadcast_id, loudspeaker_id))
        if opened is None or opened.seconds_sent is not None:
            return
        opened.seconds_sent = seconds_sent
        opened.give_up_at_s = self._clock.monotonic_s() + ANSWER_S
        for take in opened.takes:
            if seconds_sent < SHORTEST_S:
                self._forget(take)
                self._settle(take, "too little of the broadcast was played")
            elif take.is_handed_over and take.answer is None:
                self._send_end(take, seconds_sent)
        self._conclude(opened)

    async def run(self) -> None:
        """Serve until cancelled; what has no verdict by then gets none."""
        supervisor = Supervisor(clock=self._clock, backoff=_CHILD_BACKOFF)
        for opened in self._open.values():
            for take in opened.takes:
                if take.listen is None and take.answer is None:
                    self._unasked.put_nowait(take)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._report_all(), name="verdicts")
            tasks.create_task(supervisor.keep("ears", self._keep_child), name="hearing child")
            tasks.create_task(self._give_up(), name="overdue microphones")
            while True:
                match await self._unasked.get():
                    case str(camera_id):
                        asking, name = self._ask_ahead(camera_id), camera_id
                    case take:
                        asking, name = self._ask(take), take.camera_id
                tasks.create_task(asking, name=f"microphone of {name}")

    async def started(self) -> None:
        """Tell a child that was started what it must know."""
        self._runs = True
        for keep_open in self._ahead:
            self.child.send(keep_open.model_dump_json())
        self._ahead.clear()
        for opened in self._open.values():
            for take in opened.takes:
                self._hand_over(take, opened.seconds_sent)

    async def take(self, line: bytes) -> None:
        """Note what the child answers."""
        try:
            compared = Compared.model_validate_json(line)
        except ValidationError as error:
            log.warning("the hearing child said what cannot be read", error=str(error))
            return
        for opened in tuple(self._open.values()):
            for take in opened.takes:
                if take.number == compared.take:
                    take.answer = compared
                    self._conclude(opened)

    async def ended(self) -> None:
        """Do without what the child had recorded."""
        self._runs = False
        for opened in tuple(self._open.values()):
            for take in opened.takes:
                if take.is_handed_over:
                    self._settle(take, "the process that listens has ended")
            self._conclude(opened)

    async def _keep_child(self) -> None:
        while True:
            await self._wanted.wait()
            async with asyncio.TaskGroup() as tasks:
                running = tasks.create_task(self.child.run_once(), name="hearing child runs")
                await self._until_idle()
                self._runs = False
                self._wanted.clear()
                running.cancel()

    async def _until_idle(self) -> None:
        while self._open or self._clock.monotonic_s() - self._used_at_s < LINGER_S:
            await self._clock.sleep(_TICK_S)

    async def _ask(self, take: _Take) -> None:
        opened = self._owner(take)
        if opened is None or take.answer is not None:
            return
        try:
            address = await self._microphones(take.camera_id)
        except MicrophoneUnavailable as error:
            self._settle(take, str(error))
            self._conclude(opened)
            return
        take.listen = Listen(
            take=take.number,
            camera_id=take.camera_id,
            uri=address.uri,
            audio_path=str(opened.listening.audio_path),
            started_at_s=opened.listening.started_at_s,
        )
        self._want_child()
        if self._runs:
            self._hand_over(take, opened.seconds_sent)

    async def _ask_ahead(self, camera_id: str) -> None:
        with suppress(MicrophoneUnavailable):  # it is asked again, and said, when the time comes
            address = await self._microphones(camera_id)
            keep_open = KeepOpen(camera_id=camera_id, uri=address.uri, for_s=AHEAD_S)
            self._want_child()
            if self._runs:
                self.child.send(keep_open.model_dump_json())
            else:
                self._ahead.append(keep_open)

    def _want_child(self) -> None:
        self._used_at_s = self._clock.monotonic_s()
        self._wanted.set()

    def _owner(self, take: _Take) -> _Open | None:
        owners = (opened for opened in self._open.values() if take in opened.takes)
        return next(owners, None)

    def _hand_over(self, take: _Take, seconds_sent: float | None) -> None:
        if take.listen is None or take.is_handed_over or take.answer is not None:
            return
        take.is_handed_over = True
        self.child.send(take.listen.model_dump_json())
        if seconds_sent is not None:
            self._send_end(take, seconds_sent)

    def _send_end(self, take: _Take, seconds_sent: float) -> None:
        self.child.send(End(take=take.number, seconds_sent=seconds_sent).model_dump_json())

    def _forget(self, take: _Take) -> None:
        if take.is_handed_over and take.answer is None:
            self.child.send(Forget(take=take.number).model_dump_json())

    @staticmethod
    def _settle(take: _Take, detail: str) -> None:
        if take.answer is None:
            take.answer = Compared(take=take.number, hearing=Hearing.INCONCLUSIVE, detail=detail)

    def _conclude(self, opened: _Open) -> None:
        """Report once the broadcast has ended and every microphone has answered."""
        listening = opened.listening
        key = (listening.broadcast_id, listening.loudspeaker_id)
        answers = [(take.camera_id, take.answer) for take in opened.takes if take.answer]
        is_open = len(answers) < len(opened.takes) or opened.seconds_sent is None
        if is_open or key not in self._open:
            return
        del self._open[key]
        self._used_at_s = self._clock.monotonic_s()
        self._unreported.append(judge(listening, answers, sharers=opened.sharers))
        self._has_verdict.set()

    async def _report_all(self) -> None:
        while True:
            while self._unreported:
                await self._report(self._unreported[0])
                del self._unreported[0]
            self._has_verdict.clear()
            await self._has_verdict.wait()

    async def _give_up(self) -> None:
        """Nothing stays open for ever, whoever failed to answer."""
        while True:
            await self._clock.sleep(_TICK_S)
            now_s = self._clock.monotonic_s()
            for opened in tuple(self._open.values()):
                if opened.give_up_at_s > now_s:
                    continue
                reason = "the process that listens does not answer"
                if opened.seconds_sent is None:
                    opened.seconds_sent, reason = 0.0, "the end of the broadcast was never told"
                for take in opened.takes:
                    self._forget(take)
                    self._settle(take, reason)
                self._conclude(opened)


def _share(one: Listening, other: Listening) -> bool:
    return one.broadcast_id == other.broadcast_id and not set(one.camera_ids).isdisjoint(
        other.camera_ids
    )
