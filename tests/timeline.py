"""Timelines of alarms on a test clock: `At("21:04", …)` does something, `Between(…)` says who was called.

A timeline is a list of such lines for one evening, in any order. The desk, the clockwork and the
store are the real ones; the clock jumps from one instant at which something falls due to the next.
"""

from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import (
    AlarmKind,
    Occurrence,
    Raise,
    Return,
    acknowledge,
    raise_alarm,
    return_alarm,
)
from ioc.alarms.clockwork import Clockwork
from ioc.alarms.engine.policy import Policies
from ioc.alarms.rules import Effect
from ioc.alarms.suppression.shelving import Deed, put_back, shelve, take_out_of_service
from ioc.store.engine import Store
from ioc.store.tables import alarms, annunciations
from tests.fakes.clock import FakeClock

EVENING = datetime(2026, 1, 5, 0, 0, tzinfo=UTC)
"""Midnight of every timeline."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One line of the queue of those who notify."""

    at: datetime
    kind: str
    gateway_id: str
    object_id: str
    reason: str
    step: int


@dataclass(frozen=True, kw_only=True)
class Stage:
    """Where a timeline is played."""

    store: Store
    clock: FakeClock
    policies: Policies
    clockwork: Clockwork

    def occurrence(self, gateway_id: str, **changes: Any) -> Occurrence:
        now = self.clock.now()
        plain = Occurrence(
            gateway_id=gateway_id,
            area_id="ban-chuong",
            occurred_at=now,
            at=now,
            event_id=None,
            policies=self.policies,
        )
        return replace(plain, **changes)

    async def take(
        self, connection: AsyncConnection, effect: Effect, occurrence: Occurrence
    ) -> None:
        if isinstance(effect, Raise):
            await raise_alarm(connection, effect, occurrence)
        else:
            await return_alarm(connection, effect, occurrence)

    async def newest(self, kind: AlarmKind, gateway_id: str, object_id: str) -> dict[str, Any]:
        query = (
            select(alarms)
            .where(alarms.c.kind == kind, alarms.c.gateway_id == gateway_id)
            .where(alarms.c.object_id == object_id)
            .order_by(alarms.c.raised_at.desc())
            .limit(1)
        )
        async with self.store.read() as connection:
            return dict((await connection.execute(query)).mappings().one())

    async def pass_until(self, instant: datetime) -> None:
        """Let time pass, stopping wherever something falls due."""
        while True:
            async with self.store.read() as connection:
                due = await connection.scalar(select(func.min(alarms.c.next_due_at)))
            if due is None or due > instant:
                break
            self._step_to(due)
            await self.clockwork.run_once()
        self._step_to(instant)
        await self.clockwork.run_once()

    async def calls(self) -> list[Call]:
        query = (
            select(annunciations, alarms.c.kind, alarms.c.gateway_id, alarms.c.object_id)
            .join(alarms, alarms.c.alarm_id == annunciations.c.alarm_id)
            .order_by(annunciations.c.number)
        )
        async with self.store.read() as connection:
            return [
                Call(
                    at=row.at,
                    kind=row.kind,
                    gateway_id=row.gateway_id,
                    object_id=row.object_id,
                    reason=row.reason,
                    step=row.step,
                )
                for row in await connection.execute(query)
            ]

    async def calls_after(self, number: int) -> list[tuple[int, datetime, str]]:
        """Return the calls after one: number, instant and alarm."""
        query = (
            select(annunciations.c.number, annunciations.c.at, annunciations.c.alarm_id)
            .where(annunciations.c.number > number)
            .order_by(annunciations.c.number)
        )
        async with self.store.read() as connection:
            return [tuple(row) for row in await connection.execute(query)]

    def _step_to(self, instant: datetime) -> None:
        self.clock.advance(max(0.0, (instant - self.clock.now()).total_seconds()))


def open_stage(store: Store, policies: Policies) -> Stage:
    """Return a stage at midnight of the evening."""
    clock = FakeClock(EVENING)
    clockwork = Clockwork(store=store, clock=clock, policies=policies)
    return Stage(store=store, clock=clock, policies=policies, clockwork=clockwork)


Act = Callable[[Stage], Awaitable[None]]
Expectation = Callable[[Sequence[Call]], str]
"""Of the calls within a span: what is wrong with them; empty: nothing."""


@dataclass(frozen=True)
class At:
    """Something happens."""

    clock_time: str
    act: Act


@dataclass(frozen=True)
class Between:
    """What must hold of the calls from `begins` to before `ends`."""

    begins: str
    ends: str
    expectation: Expectation


async def play(stage: Stage, timeline: Iterable[At | Between]) -> None:
    """Play a timeline, then check every span of it.

    Raises:
        AssertionError: with the span, what was expected, and the calls there were.
    """
    lines = list(timeline)
    acts = [(instant(line.clock_time), line.act) for line in lines if isinstance(line, At)]
    ends = [instant(line.ends) for line in lines if isinstance(line, Between)]
    for when, act in sorted(acts, key=lambda pair: pair[0]):
        await stage.pass_until(when)
        await act(stage)
    await stage.pass_until(max([*ends, stage.clock.now()]))
    calls = await stage.calls()
    for line in lines:
        if isinstance(line, Between):
            _check(line, calls)


def _check(span: Between, calls: Sequence[Call]) -> None:
    begins, ends = instant(span.begins), instant(span.ends)
    within = [call for call in calls if begins <= call.at < ends]
    wrong = span.expectation(within)
    said = "; ".join(f"{c.at:%H:%M:%S} {c.kind} {c.object_id} {c.reason}" for c in calls)
    assert not wrong, f"between {span.begins} and {span.ends}: {wrong}. All calls: {said or 'none'}"


def instant(clock_time: str) -> datetime:
    """Return `21:04`, `21:04:30` or, on the next day, `+1 06:00` of the evening."""
    days, _, rest = clock_time.rpartition(" ")
    hours, minutes, *seconds = (int(part) for part in rest.split(":"))
    passed = timedelta(hours=hours, minutes=minutes, seconds=seconds[0] if seconds else 0)
    return EVENING + timedelta(days=int(days or 0)) + passed


def no_annunciation(calls: Sequence[Call]) -> str:
    """Nobody is called."""
    return f"{len(calls)} calls where none was expected" if calls else ""


def annunciation(
    kind: AlarmKind, object_id: str | None = None, *, reason: str = "raise", times: int = 1
) -> Expectation:
    """People are called so many times for this, and for nothing else."""

    def judge(calls: Sequence[Call]) -> str:
        fits = [
            call
            for call in calls
            if (call.kind, call.reason) == (kind, reason) and object_id in (None, call.object_id)
        ]
        if len(fits) == times == len(calls):
            return ""
        return f"{len(fits)} of {len(calls)} calls were {reason} of {kind}, {times} expected"

    return judge


def down(place: str, **changes: Any) -> Act:
    """`tu-1/cam-1` or the gateway `tu-1` cannot be reached any more."""
    return _effect(place, begins=True, **changes)


def up(place: str, **changes: Any) -> Act:
    """It is there again."""
    return _effect(place, begins=False, **changes)


def littering(place: str, bag: str, **changes: Any) -> Act:
    """A camera has seen that something was left."""
    gateway_id, _, device_id = place.partition("/")
    effect = Raise(kind=AlarmKind.LITTERING, object_id=device_id, device_id=device_id, part_id=bag)
    return _told(gateway_id, effect, changes)


def cleared(place: str, bag: str) -> Act:
    """What was left is gone."""
    gateway_id, _, device_id = place.partition("/")
    effect = Return(kind=AlarmKind.LITTERING, object_id=device_id, part_id=bag, outcome="cleared")
    return _told(gateway_id, effect, {})


def intruder(place: str, who: str) -> Act:
    """Somebody is where nobody may be: `tu-1/kho` is a zone."""
    gateway_id, _, zone = place.partition("/")
    effect = Raise(kind=AlarmKind.INTRUSION, object_id=zone, device_id="cam-1", part_id=who)
    return _told(gateway_id, effect, {})


def intruder_left(place: str, who: str) -> Act:
    """They are gone."""
    gateway_id, _, zone = place.partition("/")
    effect = Return(kind=AlarmKind.INTRUSION, object_id=zone, part_id=who, outcome="left")
    return _told(gateway_id, effect, {})


def crowd(place: str) -> Act:
    """Many people gather."""
    gateway_id, _, device_id = place.partition("/")
    effect = Raise(kind=AlarmKind.CROWDING, object_id=device_id, device_id=device_id)
    return _told(gateway_id, effect, {})


def answered(kind: AlarmKind, place: str) -> Act:
    """Somebody acknowledges the alarm of a place."""

    async def act(stage: Stage) -> None:
        alarm = await stage.newest(kind, *_names(kind, place))
        async with stage.store.begin() as connection:
            await acknowledge(connection, alarm["alarm_id"], login="lan", at=stage.clock.now())

    return act


def shelved(kind: AlarmKind, place: str, until: str) -> Act:
    """Somebody puts the alarm of a place aside."""
    return _put_aside(kind, place, until, out_of_service=False)


def out_of_service(kind: AlarmKind, place: str, until: str) -> Act:
    """Somebody works on the device of an alarm."""
    return _put_aside(kind, place, until, out_of_service=True)


def unshelved(kind: AlarmKind, place: str) -> Act:
    """Somebody takes that back."""

    async def act(stage: Stage) -> None:
        alarm = await stage.newest(kind, *_names(kind, place))
        async with stage.store.begin() as connection:
            await put_back(
                connection,
                alarm["alarm_id"],
                login="lan",
                at=stage.clock.now(),
                policies=stage.policies,
            )

    return act


def _put_aside(kind: AlarmKind, place: str, until: str, *, out_of_service: bool) -> Act:
    async def act(stage: Stage) -> None:
        alarm = await stage.newest(kind, *_names(kind, place))
        deed = Deed(login="lan", at=stage.clock.now(), until=instant(until), reason="sửa cột điện")
        verb = take_out_of_service if out_of_service else shelve
        async with stage.store.begin() as connection:
            await verb(connection, alarm["alarm_id"], deed)

    return act


def _effect(place: str, *, begins: bool, **changes: Any) -> Act:
    gateway_id, is_device, device_id = place.partition("/")
    kind = AlarmKind.DEVICE_DOWN if is_device else AlarmKind.GATEWAY_DOWN
    object_id = device_id or gateway_id
    effect = (
        Raise(kind=kind, object_id=object_id, device_id=device_id or None)
        if begins
        else Return(kind=kind, object_id=object_id)
    )
    return _told(gateway_id, effect, changes)


def _told(gateway_id: str, effect: Effect, changes: dict[str, Any]) -> Act:
    async def act(stage: Stage) -> None:
        async with stage.store.begin() as connection:
            await stage.take(connection, effect, stage.occurrence(gateway_id, **changes))

    return act


def _names(kind: AlarmKind, place: str) -> tuple[str, str]:
    if kind is AlarmKind.POWER_CUT:
        return "power", place
    gateway_id, _, device_id = place.partition("/")
    return gateway_id, device_id or gateway_id
