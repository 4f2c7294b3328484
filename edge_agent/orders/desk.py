"""Takes commands in: proves them, judges time and repetition, refuses or hands them on.

Carries out nothing itself but the clock.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import assert_never

import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from contracts.commands import (
    Clock,
    Command,
    CommandRefused,
    ForgetFixture,
    MarkFixture,
    RefusalReason,
    Relay,
    SetTalkDowns,
    Speak,
    Stop,
    TestLoudspeakers,
    key_id_of,
    verify_command,
)
from contracts.events import CommandOutcome
from contracts.topics import Address
from edge_agent.loudspeakers.self_tests import SelfTests
from edge_agent.loudspeakers.talk_downs.talk_downs import TalkDowns
from edge_agent.orders import ledger
from edge_agent.orders.broadcasts import Broadcasts
from edge_agent.orders.ledger import Verdict
from edge_agent.orders.markings import Markings
from edge_agent.orders.trusted_time import TrustedTime
from edge_agent.outbox import Entry, Outbox

log = structlog.get_logger(__name__)

_QUEUE = 200
CLOCK_WAIT_S = 10.0
"""How long a command waits for the clock handshake of the same connection."""
_REFUSALS_AT_ONCE = 10
_REFUSAL_EVERY_S = 6.0


_TAKES_LONG = (Speak, Relay, MarkFixture, ForgetFixture, TestLoudspeakers)


@dataclass(frozen=True, kw_only=True)
class _Offer:
    command_id: str
    payload: bytes


@dataclass(frozen=True, kw_only=True)
class Offices:
    """Who carries out what is proven and in time."""

    broadcasts: Broadcasts
    markings: Markings
    self_tests: SelfTests
    talk_downs: TalkDowns


class Desk:
    """Where commands arrive; `run_once` works them off."""

    def __init__(
        self,
        *,
        address: Address,
        key: Ed25519PublicKey,
        outbox: Outbox,
        trusted_time: TrustedTime,
        offices: Offices,
    ) -> None:
        self._address = address
        self._keys = {key_id_of(key): key}
        self._outbox = outbox
        self._time = trusted_time
        self._offices = offices
        self._offers: asyncio.Queue[_Offer] = asyncio.Queue(_QUEUE)
        self._allowance = Allowance(
            at_once=_REFUSALS_AT_ONCE,
            every_s=_REFUSAL_EVERY_S,
            monotonic_s=outbox.timekeeper.clock.monotonic_s,
        )

    def expect_clock(self, nonce: str) -> None:
        """A birth with this nonce is about to be published."""
        self._time.expect(nonce)

    def offer(self, command_id: str, payload: bytes) -> None:
        """Take a command, undecoded; never waits. The centre repeats what found no room."""
        try:
            self._offers.put_nowait(_Offer(command_id=command_id, payload=payload))
        except asyncio.QueueFull:
            log.warning("too many commands at once: one is left to be sent again")

    async def run_once(self) -> None:
        """Resume what a restart interrupted, then take commands for ever."""
        async with asyncio.TaskGroup() as tasks:
            broadcasts = self._offices.broadcasts
            for interrupted in await broadcasts.interrupted():
                tasks.create_task(broadcasts.resume(interrupted), name="resume broadcast")
            while True:
                offered = await self._offers.get()
                command = await self._prove(offered)
                if command is None:
                    continue
                if isinstance(command.data, _TAKES_LONG):
                    # On its own: it may wait for the clock, then for its audio or for a device.
                    tasks.create_task(self._carry_out(command), name=command.kind)
                else:
                    await self._carry_out(command)

    async def _prove(self, offered: _Offer) -> Command | None:
        try:
            return verify_command(offered.payload, keys=self._keys, address=self._address)
        except CommandRefused as refusal:
            await self._refuse(offered.command_id, 0, refusal.reason)
            return None

    async def _carry_out(self, command: Command) -> None:
        verdict = await self._outbox.read(partial(ledger.judge, command=command))
        match verdict:
            case Verdict.OPEN:
                return
            case Verdict.ANSWERED:
                await self._outbox.write(partial(ledger.answer_again, command=command))
            case Verdict.REPLAYED:
                await self._refuse_proven(command, RefusalReason.REPLAYED)
            case Verdict.UNSEEN:
                await self._carry_out_unseen(command)
            case _:
                assert_never(verdict)

    async def _carry_out_unseen(self, command: Command) -> None:
        if isinstance(command.data, Clock):
            await self._set_clock(command, command.data)
            return
        objection = await self._object_by_time(command)
        if objection is not None:
            await self._refuse_proven(command, objection)
        else:
            await self._hand_on(command)

    async def _hand_on(self, command: Command) -> None:
        offices = self._offices
        match command.data:
            case Stop() as order:
                await offices.broadcasts.stop(command, order)
            case (Speak() | Relay()) as order:
                await offices.broadcasts.carry_out(command, order)
            case (MarkFixture() | ForgetFixture()) as order:
                await offices.markings.carry_out(command, order)
            case TestLoudspeakers() as order:
                await offices.self_tests.carry_out(command, order)
            case SetTalkDowns() as order:
                await offices.talk_downs.set(command, order)
            case _:
                pass  # the clock has been set; there is no other kind

    async def _set_clock(self, command: Command, told: Clock) -> None:
        if not self._time.accept(told):
            await self._refuse_proven(command, RefusalReason.REPLAYED)
            return

        def done(entry: Entry) -> None:
            ledger.answer(entry, command, CommandOutcome.DONE)

        await self._outbox.write(done)

    async def _object_by_time(self, command: Command) -> RefusalReason | None:
        if not isinstance(command.data, Stop):
            await self._time.wait_until_known(CLOCK_WAIT_S)
        latest = self._time.latest()
        if latest is None:
            # Silence is safe: a stop is obeyed although nobody knows the time.
            return None if isinstance(command.data, Stop) else RefusalReason.CLOCK_UNKNOWN
        return RefusalReason.EXPIRED if latest >= command.expires_at else None

    async def _refuse_proven(self, command: Command, reason: RefusalReason) -> None:
        await self._refuse(command.command_id, command.command_number, reason)

    async def _refuse(self, command_id: str, command_number: int, reason: RefusalReason) -> None:
        if not self._allowance.take():
            return
        log.warning("command refused", command_id=command_id[:200], reason=reason)
        await self._outbox.write(
            partial(
                ledger.refuse,
                command_id=command_id,
                command_number=command_number,
                reason=reason,
            )
        )


class Allowance:
    """So many at once, then one per interval; the rest is counted and logged with the next."""

    def __init__(self, *, at_once: int, every_s: float, monotonic_s: Callable[[], float]) -> None:
        self._at_once = at_once
        self._every_s = every_s
        self._monotonic_s = monotonic_s
        self._left = float(at_once)
        self._counted_s = monotonic_s()
        self._passed_over = 0

    def take(self) -> bool:
        """Return whether one more is allowed now."""
        now_s = self._monotonic_s()
        self._left = min(self._at_once, self._left + (now_s - self._counted_s) / self._every_s)
        self._counted_s = now_s
        if self._left < 1:
            self._passed_over += 1
            return False
        self._left -= 1
        if self._passed_over:
            log.warning("refusals not reported, there were too many", count=self._passed_over)
            self._passed_over = 0
        return True
