"""Alarms as JSON, and what people do to them."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms.answers import (
    AlarmUnknown,
    acknowledge,
    mark_false,
    note_fixture_order,
    note_forgetting,
    return_latched,
    undo_mark,
)
from ioc.alarms.handling.together import newest_line
from ioc.alarms.states import AlarmState, Cause, TransitionRefused
from ioc.alarms.suppression.shelving import PutAsideRefused
from ioc.centre import Centre
from ioc.fixture_orders import NotMarkable, order_fixture, order_forgetting
from ioc.people import Access
from ioc.people.audit import Deed
from ioc.people.audit import write as write_audit
from ioc.store.tables import alarms
from ioc.web.api.alarm_shapes import (
    AlarmDetail,
    AlarmList,
    AlarmShape,
    FalseMark,
    FixtureMark,
    TransitionShape,
)
from ioc.web.api.shapes import Text
from ioc.web.errors import Refused
from ioc.web.identity import Actor, Reader, TheCentre
from ioc.web.reading.alarms import (
    Tab,
    clock_was_corrected,
    count_alarms,
    find_alarm,
    list_alarms,
    read_history,
)

router = APIRouter(prefix="/api", tags=["alarms"])

AlarmId = Annotated[Text, Path(max_length=36)]
Act = Callable[[AsyncConnection, str, datetime], Awaitable[object]]


@router.get("/alarms")
async def read_alarms(centre: TheCentre, access: Reader, tab: Tab = "attention") -> AlarmList:
    """Most severe first, then unacknowledged, then newest."""
    async with centre.store.read() as connection:
        found = await list_alarms(connection, access, tab=tab)
        counts = await count_alarms(connection, access)
        as_of = await newest_line(connection)
    shapes = [AlarmShape.of(alarm) for alarm in found]
    return AlarmList(alarms=shapes, counts=counts, as_of=as_of)


@router.get("/alarms/{alarm_id}")
async def read_alarm(centre: TheCentre, access: Reader, alarm_id: AlarmId) -> AlarmDetail:
    """One alarm with its transition log."""
    return await read_detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/acknowledge")
async def acknowledge_alarm(centre: TheCentre, access: Actor, alarm_id: AlarmId) -> AlarmDetail:
    """Answer an alarm; an active one stays active. Cannot be undone."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> AlarmState:
        return await acknowledge(connection, alarm_id, login=access.login, at=at)

    await change_alarm(centre, access, alarm_id, act, deed="alarm_acknowledge")
    return await read_detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/close")
async def close_alarm(centre: TheCentre, access: Actor, alarm_id: AlarmId) -> AlarmDetail:
    """End a latched alarm that has been acknowledged."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> AlarmState:
        return await return_latched(connection, alarm_id, login=access.login, at=at)

    await change_alarm(centre, access, alarm_id, act, deed="alarm_close")
    return await read_detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/mark-false")
async def mark_alarm_false(
    centre: TheCentre, access: Actor, alarm_id: AlarmId, mark: FalseMark
) -> AlarmDetail:
    """End an alarm because nothing had happened; can be taken back at once."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> AlarmState:
        return await mark_false(connection, alarm_id, reason=mark.reason, login=access.login, at=at)

    await change_alarm(centre, access, alarm_id, act, deed="alarm_mark_false")
    return await read_detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/undo")
async def undo_false_mark(centre: TheCentre, access: Actor, alarm_id: AlarmId) -> AlarmDetail:
    """Take back that an alarm was called false, within ten seconds and by the same person."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> AlarmState:
        return await undo_mark(connection, alarm_id, login=access.login, at=at)

    await change_alarm(centre, access, alarm_id, act, deed="alarm_undo")
    return await read_detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/mark-fixture")
async def mark_fixture(
    centre: TheCentre, access: Actor, alarm_id: AlarmId, mark: FixtureMark
) -> AlarmDetail:
    """Tell the gateway that a left object belongs there; the alarm ends when it has answered.

    The order acknowledges the alarm.
    """
    dispatch = centre.voice.dispatch

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> None:
        ordered = await order_fixture(
            connection, dispatch, alarm_id=alarm_id, object_id=mark.object_id, at=at
        )
        if ordered:
            await note_fixture_order(connection, alarm_id, login=access.login, at=at)

    await change_alarm(centre, access, alarm_id, act, deed="alarm_mark_fixture")
    dispatch.wake()
    return await read_detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/forget-fixture")
async def forget_fixture(
    centre: TheCentre, access: Actor, alarm_id: AlarmId, mark: FixtureMark
) -> AlarmDetail:
    """Tell the gateway that the like of a fixture is to be reported again."""
    dispatch = centre.voice.dispatch

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> None:
        ordered = await order_forgetting(
            connection, dispatch, alarm_id=alarm_id, object_id=mark.object_id, at=at
        )
        if ordered:
            await note_forgetting(connection, alarm_id, login=access.login, at=at)

    await change_alarm(centre, access, alarm_id, act, deed="alarm_forget_fixture")
    dispatch.wake()
    return await read_detail(centre, access, alarm_id)


async def read_detail(centre: Centre, access: Access, alarm_id: str) -> AlarmDetail:
    """Return an alarm with its log.

    Raises:
        Refused: it does not exist for this person.
    """
    async with centre.store.read() as connection:
        alarm = await find_alarm(connection, access, alarm_id)
        if alarm is None:
            raise Refused("not_found", status_code=404)
        history = await read_history(connection, alarm_id)
        corrected = await clock_was_corrected(connection, alarm_id)
    return AlarmDetail(
        alarm=AlarmShape.of(alarm),
        occurred_at_corrected=corrected,
        history=[TransitionShape.of(step) for step in history],
    )


async def change_alarm(
    centre: Centre,
    access: Access,
    alarm_id: str,
    act: Act,
    *,
    deed: str,
    may: Callable[[str], bool] | None = None,
) -> None:
    """Let a person act on an alarm, in one transaction with its line in the audit log.

    `may` tells of the alarm's area whether they may; None: who may acknowledge may.

    Raises:
        Refused: it does not exist for this person, they may not, or it cannot be done.
    """
    now = centre.clock.now()
    async with centre.store.begin() as connection:
        area_id = await connection.scalar(
            select(alarms.c.area_id).where(alarms.c.alarm_id == alarm_id)
        )
        if area_id is None or not access.may_see(area_id):
            raise Refused("not_found", status_code=404)
        if not (may or access.may_acknowledge)(area_id):
            raise Refused("forbidden", status_code=403)
        try:
            await act(connection, alarm_id, now)
        except AlarmUnknown as error:
            raise Refused("not_found", status_code=404) from error
        except TransitionRefused as error:
            raise Refused(_why(error), status_code=409) from error
        except NotMarkable as error:
            raise Refused("not_markable", status_code=409) from error
        except PutAsideRefused as error:
            raise Refused(error.code, status_code=409) from error
        await write_audit(
            connection, Deed(login=access.login, action=deed, subject=alarm_id), at=now
        )


def _why(error: TransitionRefused) -> str:
    plain = {
        Cause.ACKNOWLEDGE: "already_acknowledged",
        Cause.MARK_FALSE: "not_mistakable",
        Cause.UNDO: "too_late_to_undo",
    }
    if error.cause in plain:
        return plain[error.cause]
    active = error.state in (AlarmState.UNACKNOWLEDGED, AlarmState.RTN_UNACKNOWLEDGED)
    return "acknowledge_first" if active else "not_latched"
