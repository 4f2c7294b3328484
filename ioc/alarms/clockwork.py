"""The clockwork: what time alone does to alarms — delays, shelves, service levels, escalation, staleness."""

from dataclasses import replace
from datetime import datetime

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import calling, ceiling, rearming, resuming, rows
from ioc.alarms.desk import Occurrence, raise_alarm, return_alarm
from ioc.alarms.engine import timers
from ioc.alarms.engine.causes import POWER
from ioc.alarms.engine.policy import Policies
from ioc.alarms.engine.standing import Outcome, Reason, Timer
from ioc.alarms.rows import Entry
from ioc.alarms.rules import AlarmKind, Return
from ioc.alarms.standings import columns_of, nature_of, standing_of
from ioc.alarms.suppression import dependants, power
from ioc.clock import Clock
from ioc.clock_steps import ClockSteps
from ioc.store.engine import Store
from ioc.store.tables import alarms

LOOK_EVERY_S = 1.0
_AT_ONCE = 200
"""Alarms to a transaction: events must not wait long for their turn."""
_TIMERS = 10
"""Of one alarm, one after the other; more only after an absence of the centre."""


class Clockwork:
    """Fires the timers of alarms; everything it needs to know is in the store."""

    def __init__(self, *, store: Store, clock: Clock, policies: Policies) -> None:
        self._store = store
        self._clock = clock
        self._policies = policies
        self._steps = ClockSteps(clock, asker="alarms")
        self._last_line = 0

    async def run(self) -> None:
        """Look for ever, once a second."""
        while True:
            await self.run_once()
            await self._clock.sleep(LOOK_EVERY_S)

    async def run_once(self) -> int:
        """Fire every timer that has run out by now; return how many alarms that were."""
        now, fired = await self._follow_clock(), 0
        await self._review_supplies(now)
        await self._review_floods(now)
        while await self._is_any_due(now):
            async with self._store.begin() as connection:
                due = await _find_due(connection, now)
                for alarm_id in due:
                    await self._fire_all(connection, alarm_id, now)
            fired += len(due)
            if len(due) < _AT_ONCE:
                break
        return fired

    async def _follow_clock(self) -> datetime:
        """Move what runs along with a clock that was set, and return now by the clock it follows."""
        while True:
            if step := self._steps.pending():
                async with self._store.begin() as connection:
                    await rearming.rearm(
                        connection, step, since_line=self._last_line, now=self._clock.now()
                    )
                self._steps.followed(step)
            async with self._store.read() as connection:
                last_line = await rearming.last_line(connection)
            now = self._clock.now()
            if not self._steps.pending():  # nor was it set while this was read
                self._last_line = last_line
                return now

    async def _review_supplies(self, now: datetime) -> None:
        """End power cuts: their gateways come back one by one."""
        async with self._store.read() as connection:
            supplies = await power.cut_supplies(connection)
        for supply in supplies:
            async with self._store.begin() as connection:
                alarm = await rows.find_open(
                    connection, kind=AlarmKind.POWER_CUT, gateway_id=POWER, object_id=supply
                )
                if alarm is not None:
                    await power.consider(connection, supply, self._occurrence(alarm, now))

    async def _review_floods(self, now: datetime) -> None:
        """Let gateways open alarms again that had too many: answers and ends come one by one."""
        async with self._store.read() as connection:
            relieved = await ceiling.relieved(connection, self._policies)
        for gateway_id in relieved:
            async with self._store.begin() as connection:
                alarm = await ceiling.find_flooding(connection, gateway_id)
                if alarm is not None and alarm["returns_at"] is None:
                    await self._relieve(connection, alarm, now)

    async def _relieve(self, connection: AsyncConnection, alarm: RowMapping, now: datetime) -> None:
        """End a flood, and raise what was said once in it and lasts."""
        gateway_id, at_gateway = alarm["gateway_id"], self._occurrence(alarm, now)
        over = Return(kind=AlarmKind.GATEWAY_FLOODING, object_id=gateway_id, outcome="relieved")
        await return_alarm(connection, over, at_gateway)
        since = datetime.fromisoformat(alarm["facts"]["since"])
        for one in await resuming.lasting(connection, gateway_id, since=since):
            of_one = replace(
                at_gateway,
                area_id=one.area_id,
                occurred_at=one.occurred_at or now,
                event_id=one.event_id,
                standing=True,
            )
            await raise_alarm(connection, one.effect, of_one)

    async def _is_any_due(self, now: datetime) -> bool:
        async with self._store.read() as connection:
            soonest = await connection.scalar(select(func.min(alarms.c.next_due_at)))
        return soonest is not None and soonest <= now

    async def _fire_all(self, connection: AsyncConnection, alarm_id: str, now: datetime) -> None:
        for _ in range(_TIMERS):
            # Read anew each time: what fell due before may have changed it as another's cause.
            alarm = await rows.find(connection, alarm_id)
            timer = timers.due(standing_of(alarm), at=now) if alarm is not None else None
            if alarm is None or timer is None:
                return
            await self._fire(connection, alarm, timer, now)

    async def _fire(
        self, connection: AsyncConnection, alarm: RowMapping, timer: Timer, now: datetime
    ) -> None:
        supply = self._policies.causes.supply_of(alarm["gateway_id"])
        gateway_is_away = alarm["kind"] == AlarmKind.GATEWAY_DOWN and timer is Timer.ANNUNCIATE
        if supply is not None and gateway_is_away:
            await power.consider(connection, supply, self._occurrence(alarm, now))
            alarm = await rows.find(connection, alarm["alarm_id"]) or alarm
            if timers.due(standing_of(alarm), at=now) is not timer:
                return  # the power cut explains it
        outcome = timers.fire(
            standing_of(alarm), timer, nature_of(alarm), at=now, policies=self._policies
        )
        after = await self._apply(connection, alarm, outcome, now)
        if timer is Timer.RETURN and not after.standing.active:
            await dependants.returned(connection, alarm, at=now, policies=self._policies)

    async def _apply(
        self, connection: AsyncConnection, alarm: RowMapping, outcome: Outcome, now: datetime
    ) -> Outcome:
        if outcome.cause is None:
            await rows.set_columns(connection, alarm["alarm_id"], columns_of(outcome.standing))
            return outcome
        escalates = outcome.annunciation is Reason.ESCALATE
        note = f"step_{outcome.standing.escalation_step}" if escalates else None
        entry = Entry(cause=outcome.cause, at=now, note=note)
        return await calling.apply(connection, alarm, outcome, entry=entry, policies=self._policies)

    def _occurrence(self, alarm: RowMapping, now: datetime) -> Occurrence:
        return Occurrence(
            gateway_id=alarm["gateway_id"],
            area_id=alarm["area_id"],
            occurred_at=now,
            at=now,
            policies=self._policies,
        )


async def _find_due(connection: AsyncConnection, now: datetime) -> list[str]:
    query = (
        select(alarms.c.alarm_id)
        .where(alarms.c.next_due_at <= now)
        .order_by(alarms.c.next_due_at, alarms.c.alarm_id)
        .limit(_AT_ONCE)
    )
    return list(await connection.scalars(query))
