"""What people put aside: one alarm on a shelf, or a device or gateway out of service, for a time.

Whether the person may do so is decided before; each runs in the caller's transaction.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import calling, rows
from ioc.alarms.answers import AlarmUnknown
from ioc.alarms.engine import machine
from ioc.alarms.engine.policy import Limits, Policies
from ioc.alarms.engine.standing import Suppression
from ioc.alarms.rows import Entry
from ioc.alarms.standings import columns_of, standing_of
from ioc.alarms.states import AlarmState, Cause
from ioc.store.tables import alarms, suppressions

LONGEST_SHELF = timedelta(days=7)
LONGEST_SERVICE = timedelta(days=90)
LONGEST_REASON = 300


class PutAsideRefused(Exception):
    """An alarm cannot be put aside like this; `code` names the sentence that says why."""

    def __init__(self, code: str) -> None:
        self.code = code
        super().__init__(code)


@dataclass(frozen=True, kw_only=True)
class Deed:
    """Who puts something aside, why, and until when."""

    login: str
    at: datetime
    until: datetime
    reason: str


async def shelve(connection: AsyncConnection, alarm_id: str, deed: Deed) -> None:
    """Put an alarm aside: it and its repeats call nobody until then.

    Raises:
        AlarmUnknown: there is no such alarm.
        PutAsideRefused: no reason, no time or too long a time, or it is over already.
    """
    _check(deed, LONGEST_SHELF)
    alarm = await _get(connection, alarm_id)
    if alarm["state"] == AlarmState.NORMAL:
        raise PutAsideRefused("nothing_to_shelve")
    await connection.execute(
        insert(suppressions).values(
            suppression=Suppression.SHELVED,
            kind=alarm["kind"],
            object_id=alarm["object_id"],
            **_common(alarm, deed),
        )
    )
    await _put_aside(connection, alarm, Suppression.SHELVED, deed)


async def take_out_of_service(
    connection: AsyncConnection, alarm_id: str, deed: Deed
) -> tuple[str, ...]:
    """Stop watching the device of an alarm while it is worked on; return its alarms put aside.

    An alarm without a device is its gateway's: then the gateway with all its devices.

    Raises:
        AlarmUnknown: there is no such alarm.
        PutAsideRefused: no reason, no time or too long a time.
    """
    _check(deed, LONGEST_SERVICE)
    alarm = await _get(connection, alarm_id)
    await connection.execute(
        insert(suppressions).values(
            suppression=Suppression.OUT_OF_SERVICE,
            device_id=alarm["device_id"],
            **_common(alarm, deed),
        )
    )
    mine = select(alarms).where(
        alarms.c.gateway_id == alarm["gateway_id"], alarms.c.state != AlarmState.NORMAL
    )
    if alarm["device_id"] is not None:
        mine = mine.where(alarms.c.device_id == alarm["device_id"])
    found = (await connection.execute(mine)).mappings().all()
    for each in found:
        await _put_aside(connection, each, Suppression.OUT_OF_SERVICE, deed)
    return tuple(str(each["alarm_id"]) for each in found)


async def put_back(
    connection: AsyncConnection, alarm_id: str, *, login: str, at: datetime, policies: Policies
) -> None:
    """End before its time what keeps an alarm from calling: its shelf, or the work on its device.

    Raises:
        AlarmUnknown: there is no such alarm.
        PutAsideRefused: no person has put it aside.
    """
    alarm = await _get(connection, alarm_id)
    suppression = Suppression(alarm["suppression"])
    if suppression not in (Suppression.SHELVED, Suppression.OUT_OF_SERVICE):
        raise PutAsideRefused("not_shelved")
    running = (
        (suppressions.c.suppression == suppression)
        & (suppressions.c.gateway_id == alarm["gateway_id"])
        & suppressions.c.ended_at.is_(None)
        & (suppressions.c.until > at)
    )
    if suppression is Suppression.SHELVED:
        running &= suppressions.c.kind == alarm["kind"]
        running &= suppressions.c.object_id == alarm["object_id"]
        freed = [alarm]
    else:
        device = suppressions.c.device_id
        running &= device.is_(None) | (device == alarm["device_id"])
        ended = list(await connection.scalars(select(device).where(running)))
        freed = await _out_of_service(connection, alarm, whole_gateway=None in ended)
    await connection.execute(
        update(suppressions).where(running).values(ended_at=at, ended_by=login)
    )
    for each in freed:
        outcome = machine.release(standing_of(each), at=at)
        entry = Entry(cause=Cause.UNSHELVE, at=at, login=login)
        await calling.apply(connection, each, outcome, entry=entry, policies=policies)


async def _out_of_service(
    connection: AsyncConnection, alarm: RowMapping, *, whole_gateway: bool
) -> list[RowMapping]:
    query = select(alarms).where(
        alarms.c.gateway_id == alarm["gateway_id"],
        alarms.c.suppression == Suppression.OUT_OF_SERVICE,
    )
    if not whole_gateway:
        query = query.where(alarms.c.device_id == alarm["device_id"])
    return list((await connection.execute(query)).mappings().all())


async def _put_aside(
    connection: AsyncConnection, alarm: RowMapping, suppression: Suppression, deed: Deed
) -> None:
    standing = machine.suppress(standing_of(alarm), suppression, until=deed.until)
    cause = Cause.SHELVE if suppression is Suppression.SHELVED else Cause.OUT_OF_SERVICE
    entry = Entry(cause=cause, at=deed.at, login=deed.login, note=deed.reason)
    await rows.change(connection, alarm, columns_of(standing), entry)
    await _free_those_behind(connection, alarm, deed.at)


async def _free_those_behind(connection: AsyncConnection, alarm: RowMapping, at: datetime) -> None:
    """Let what an alarm has stood for find another one, or call: only this one was put aside.

    What it explains, such as the cameras behind a switch, is silent again after the grace.
    """
    query = select(alarms).where(
        alarms.c.cause_id == alarm["alarm_id"], alarms.c.state != AlarmState.NORMAL
    )
    for each in (await connection.execute(query)).mappings().all():
        free = machine.release(standing_of(each), at=at, wait_until=at + Limits().grace)
        entry = Entry(cause=Cause.RELEASE, at=at)
        await rows.change(connection, each, columns_of(free.standing), entry)


def _common(alarm: RowMapping, deed: Deed) -> dict[str, object]:
    return {
        "gateway_id": alarm["gateway_id"],
        "area_id": alarm["area_id"],
        "reason": deed.reason,
        "login": deed.login,
        "since": deed.at,
        "until": deed.until,
    }


def _check(deed: Deed, longest: timedelta) -> None:
    if not deed.reason.strip() or len(deed.reason) > LONGEST_REASON:
        raise PutAsideRefused("shelf_needs_reason")
    if not deed.at < deed.until <= deed.at + longest:
        raise PutAsideRefused("shelf_too_long")


async def _get(connection: AsyncConnection, alarm_id: str) -> RowMapping:
    alarm = await rows.find(connection, alarm_id)
    if alarm is None:
        raise AlarmUnknown(alarm_id)
    return alarm
