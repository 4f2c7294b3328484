"""Self-tests of loudspeakers, on order and by night: a short tone, and what came of it.

One at a time, so that a microphone hears one; never over a broadcast.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import uuid4

import structlog

from contracts.commands import Command, TestLoudspeakers
from contracts.events import CommandOutcome, Hearing, LoudspeakerTested
from edge_agent.hearing.listening import Verdict
from edge_agent.loudspeakers.player import Player
from edge_agent.loudspeakers.settings import Loudspeaker
from edge_agent.loudspeakers.tone import store_tone
from edge_agent.orders import ledger
from edge_agent.outbox import Draft, Entry, Outbox
from edge_agent.playout.messages import Play, Progress

log = structlog.get_logger(__name__)

EXPIRES_S = 60.0
"""So long the tone waits for the loudspeaker to be silent."""
_PLAYED_WITHIN_S = EXPIRES_S + 15.0
_HEARD_WITHIN_S = 45.0
_MICROPHONE_OPENS_S = 3.0
"""The tone is over before a microphone that was opened at its beginning hears any of it."""
_QUIET_DB = -12.0
"""Below an announcement: it is for machines and for whoever stands beside it."""
_LOOK_S = 20.0
_CATCH_UP_MIN = 30
"""A gateway that starts so many minutes late still tests; later it waits for the next night."""
_REMEMBERED = 100
"""Tests whose late verdicts are known to be about no broadcast."""
_LONGEST_DETAIL = 200
_ENDED = {
    "expired": "the loudspeaker was speaking all the time",
    "preempted": "a broadcast took the loudspeaker",
    "stopped": "it was stopped",
}

Key = tuple[str, str]
"""Test and loudspeaker."""


@dataclass(kw_only=True)
class _Test:
    """One tone on one loudspeaker, under way."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    judged: asyncio.Event = field(default_factory=asyncio.Event)
    last: Progress | None = None
    verdict: Verdict | None = None

    @property
    def is_played(self) -> bool:
        return self.last is not None and self.last.state == "finished"

    @property
    def detail(self) -> str:
        if self.last is None:
            return "the player did not answer"
        if not self.is_played:
            return self.last.detail or _ENDED.get(self.last.state, "")
        return "" if self.verdict is None else self.verdict.detail


class SelfTests:
    """The tests of every loudspeaker of this gateway."""

    def __init__(
        self,
        loudspeakers: Sequence[Loudspeaker],
        *,
        player: Player,
        outbox: Outbox,
        folder: Path,
        local_time: Callable[[], datetime | None],
        expect: Callable[[str], bool],
    ) -> None:
        """Make it; nothing is tested before `run_once` or `carry_out`.

        Args:
            loudspeakers: of this gateway.
            player: plays the tone.
            outbox: takes what came of it.
            folder: where the tone is kept.
            local_time: now, in the gateway's time zone; None while nobody knows it.
            expect: opens the microphones near a loudspeaker, and tells whether there are any.
        """
        self._known = {one.id for one in loudspeakers}
        self._nightly = {one.id: one.self_test_at for one in loudspeakers if one.self_test_at}
        self._player = player
        self._outbox = outbox
        self._clock = outbox.timekeeper.clock
        self._tone = folder / "self-test.wav"
        self._now = local_time
        self._expect = expect
        self._tests: dict[Key, _Test] = {}
        self._test_ids: deque[str] = deque(maxlen=_REMEMBERED)
        self._one_at_a_time = asyncio.Lock()
        self._under_way: set[int] = set()

    async def carry_out(self, command: Command, order: TestLoudspeakers) -> None:
        """Test what is ordered, record what came of each, then answer."""
        if command.command_number in self._under_way:
            return
        self._under_way.add(command.command_number)
        try:
            await self._test_all(order.test_id, tuple(dict.fromkeys(order.loudspeaker_ids)))
            done = partial(ledger.answer, command=command, outcome=CommandOutcome.DONE)
            await self._outbox.write(done)
        finally:
            self._under_way.discard(command.command_number)

    async def run_once(self) -> None:
        """Test every night, for ever."""
        while True:
            if self._find_due():
                due = await self._outbox.write(self._take_due)
                await self._test_all(str(uuid4()), due)
            await self._clock.sleep(_LOOK_S)

    def follow(self, progress: Progress) -> None:
        """Hear how far the player is."""
        test = self._tests.get((progress.broadcast_id, progress.loudspeaker_id))
        if test is None:
            return
        test.last = progress
        if progress.state not in {"started", "interrupted", "resumed"}:
            test.ended.set()

    def take_verdict(self, verdict: Verdict) -> bool:
        """Hear what a microphone says; return whether it was about a test."""
        test = self._tests.get((verdict.broadcast_id, verdict.loudspeaker_id))
        if test is not None:
            test.verdict = verdict
            test.judged.set()
        return verdict.broadcast_id in self._test_ids

    async def _test_all(self, test_id: str, loudspeaker_ids: Sequence[str]) -> None:
        self._test_ids.append(test_id)
        await asyncio.to_thread(store_tone, self._tone)
        for loudspeaker_id in loudspeaker_ids:
            if loudspeaker_id not in self._known:
                missing = Progress(
                    broadcast_id=test_id,
                    loudspeaker_id=loudspeaker_id,
                    state="failed",
                    at_s=self._clock.monotonic_s(),
                    detail="this gateway has no such loudspeaker",
                )
                await self._record(test_id, loudspeaker_id, _Test(last=missing))
                continue
            async with self._one_at_a_time:
                await self._test(test_id, loudspeaker_id)

    async def _test(self, test_id: str, loudspeaker_id: str) -> None:
        key = (test_id, loudspeaker_id)
        test = self._tests[key] = _Test()
        try:
            if self._expect(loudspeaker_id):
                await self._clock.sleep(_MICROPHONE_OPENS_S)
            self._player.play(
                Play(
                    broadcast_id=test_id,
                    loudspeaker_id=loudspeaker_id,
                    audio_path=str(self._tone),
                    priority="routine",
                    level="hamlet",
                    kind="self_test",
                    expires_at_s=self._clock.monotonic_s() + EXPIRES_S,
                    gain_db=_QUIET_DB,
                )
            )
            await _wait(test.ended, _PLAYED_WITHIN_S)
            if test.is_played:
                await _wait(test.judged, _HEARD_WITHIN_S)
        finally:
            del self._tests[key]
        await self._record(test_id, loudspeaker_id, test)

    async def _record(self, test_id: str, loudspeaker_id: str, test: _Test) -> None:
        verdict = test.verdict
        tested = LoudspeakerTested(
            test_id=test_id,
            is_played=test.is_played,
            hearing=Hearing.INCONCLUSIVE if verdict is None else verdict.hearing,
            score=0.0 if verdict is None else max(0.0, verdict.score),
            detail=test.detail[:_LONGEST_DETAIL],
        )
        moment = self._outbox.timekeeper.moment()
        await self._outbox.record(Draft(data=tested, moment=moment, device_id=loudspeaker_id))
        log.info(
            "loudspeaker tested",
            device_id=loudspeaker_id,
            is_played=tested.is_played,
            hearing=tested.hearing,
        )

    def _find_due(self) -> tuple[str, ...]:
        now = self._now()
        if now is None:
            return ()
        return tuple(one for one, at in self._nightly.items() if is_due(at, now))

    def _take_due(self, entry: Entry) -> tuple[str, ...]:
        """Return what is due and was not tested today, and note that it is."""
        now = self._now()
        today = "" if now is None else str(now.date())
        due = [one for one in self._find_due() if entry.meta(f"self_test:{one}") != today]
        for loudspeaker_id in due:
            entry.set_meta(f"self_test:{loudspeaker_id}", today)
        return tuple(due)


def is_due(at: str, local: datetime) -> bool:
    """Tell whether a daily time, written `03:00`, has just come."""
    hour, minute = map(int, at.split(":"))
    late_min = local.hour * 60 + local.minute - hour * 60 - minute
    return 0 <= late_min < _CATCH_UP_MIN


async def _wait(event: asyncio.Event, timeout_s: float) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(timeout_s):
            await event.wait()
