"""Plays a drawn day through the alarm desk and its clockwork, with an operator who answers."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import NAMESPACE_OID, uuid4, uuid5

from sqlalchemy import select

from benchmarks.alarms.drawing import Day, Incident, Report, area_of
from contracts.envelope import Event
from contracts.events import KIND_OF
from ioc.alarms import AlarmKind, Raise, Return, TransitionRefused, acknowledge
from ioc.alarms.rules import Effect, decide_effect
from ioc.alarms.states import AlarmState, Cause, decide_raise
from ioc.store.tables import alarms
from tests.timeline import Call, Stage

ANSWERS_AFTER = timedelta(minutes=3)
_BOOT = str(uuid4())


@dataclass(frozen=True, kw_only=True)
class Told:
    """What one report does to alarms."""

    report: Report
    effect: Effect
    event_id: str


def effects_of(day: Day) -> Iterator[Told]:
    """Give the reports that touch alarms, in order, as ingest would."""
    for number, report in enumerate(day.reports):
        event_id = str(uuid5(NAMESPACE_OID, f"{number}"))
        effect = _effect(report, event_id, number)
        if effect is not None:
            yield Told(report=report, effect=effect, event_id=event_id)


def count_before(day: Day) -> list[datetime]:
    """Return when people would be called without the engine: by the four states alone.

    Repeats of what is open call nobody; everything is answered after three minutes.
    """
    calls: list[datetime] = []
    open_since: dict[tuple[str, str, str], tuple[AlarmState, datetime]] = {}
    for told in effects_of(day):
        at, effect = told.report.at, told.effect
        key = (effect.kind, told.report.gateway_id, effect.object_id)
        state, since = open_since.get(key, (AlarmState.NORMAL, at))
        answered = at - since > ANSWERS_AFTER
        if isinstance(effect, Return):
            over = AlarmState.NORMAL if answered else AlarmState.RTN_UNACKNOWLEDGED
            if state is not AlarmState.NORMAL:
                open_since[key] = (over, since)
        elif not told.report.late:
            if answered:
                state = {
                    AlarmState.UNACKNOWLEDGED: AlarmState.ACKNOWLEDGED,
                    AlarmState.RTN_UNACKNOWLEDGED: AlarmState.NORMAL,
                }.get(state, state)
            state, cause = decide_raise(state, anew=bool(effect.part_id))
            calls += [at] if cause is Cause.RAISE else []
            open_since[key] = (state, at if cause is Cause.RAISE else since)
    return calls


async def replay(day: Day, stage: Stage) -> list[Call]:
    """Play a day; return every call."""
    answers: list[tuple[datetime, str]] = []
    known = 0
    for told in effects_of(day):
        while answers and answers[0][0] <= told.report.at:
            known = await _answer(stage, answers, known)
        await stage.pass_until(told.report.at)
        occurrence = stage.occurrence(
            told.report.gateway_id,
            area_id=area_of(told.report.gateway_id),
            event_id=told.event_id,
            late=told.report.late,
        )
        if told.report.late:
            occurred_at = told.report.at - timedelta(hours=1)
            occurrence = replace(occurrence, occurred_at=occurred_at)
        async with stage.store.begin() as connection:
            await stage.take(connection, told.effect, occurrence)
        known = await _note_calls(stage, answers, known)
    await stage.pass_until(day.reports[-1].at + timedelta(minutes=10))
    return await stage.calls()


async def _answer(stage: Stage, answers: list[tuple[datetime, str]], known: int) -> int:
    at, alarm_id = answers.pop(0)
    await stage.pass_until(at)
    async with stage.store.begin() as connection:
        with suppress(TransitionRefused):  # answered with an earlier call
            await acknowledge(connection, alarm_id, login="lan", at=at)
    return await _note_calls(stage, answers, known)


async def _note_calls(stage: Stage, answers: list[tuple[datetime, str]], known: int) -> int:
    fresh = await stage.calls_after(known)
    answers += [(at + ANSWERS_AFTER, alarm_id) for _, at, alarm_id in fresh]
    return fresh[-1][0] if fresh else known


async def missed(day: Day, stage: Stage, calls: Sequence[Call]) -> list[str]:
    """Return the incidents for which nobody was called in time."""
    async with stage.store.read() as connection:
        query = select(alarms.c.kind, alarms.c.gateway_id, alarms.c.object_id, alarms.c.device_id)
        devices = {
            (row.kind, row.gateway_id, row.object_id): row.device_id or ""
            for row in await connection.execute(query)
        }
    return [
        incident.name
        for incident in day.incidents
        if not any(
            _tells(call, devices[call.kind, call.gateway_id, call.object_id], incident)
            for call in calls
        )
    ]


def _tells(call: Call, device_id: str, incident: Incident) -> bool:
    return (
        call.kind == incident.kind
        and call.gateway_id in incident.gateway_ids
        and (not incident.device_ids or device_id in incident.device_ids)
        and incident.since <= call.at <= incident.since + incident.within
    )


def _effect(report: Report, event_id: str, number: int) -> Effect | None:
    if report.said is None:
        kind = AlarmKind.GATEWAY_DOWN
        if report.there:
            return Return(kind=kind, object_id=report.gateway_id)
        return Raise(kind=kind, object_id=report.gateway_id, device_id=None)
    return decide_effect(
        Event(
            event_id=event_id,
            source=f"/thu/{report.gateway_id}",
            device_id=report.device_id,
            kind=KIND_OF[type(report.said)],
            occurred_at=report.at,
            observed_at=report.at,
            boot_id=_BOOT,
            monotonic_s=1.0,
            clock_synced=True,
            late=report.late,
            epoch=_BOOT,
            sequence=number + 1,
            data=report.said,
        )
    )
