"""Alarms and their evidence as JSON; acknowledging and closing."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Request
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import FileResponse, Response

from ioc.alarms.desk import AlarmUnknown, acknowledge, return_latched
from ioc.alarms.states import AlarmState, TransitionRefused
from ioc.centre import Centre
from ioc.people import Access
from ioc.people.audit import Deed
from ioc.people.audit import write as write_audit
from ioc.store.tables import alarms, evidence
from ioc.web.api.alarm_shapes import AlarmDetail, AlarmList, AlarmShape, TransitionShape
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

AlarmId = Annotated[str, Path(max_length=36)]
Act = Callable[[AsyncConnection, str, datetime], Awaitable[AlarmState]]


@router.get("/alarms")
async def read_alarms(centre: TheCentre, access: Reader, tab: Tab = "attention") -> AlarmList:
    """Most severe first, then unacknowledged, then newest."""
    async with centre.store.read() as connection:
        found = await list_alarms(connection, access, tab=tab)
        counts = await count_alarms(connection, access)
    return AlarmList(alarms=[AlarmShape.of(alarm) for alarm in found], counts=counts)


@router.get("/alarms/{alarm_id}")
async def read_alarm(centre: TheCentre, access: Reader, alarm_id: AlarmId) -> AlarmDetail:
    """One alarm with its transition log."""
    return await _detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/acknowledge")
async def acknowledge_alarm(centre: TheCentre, access: Actor, alarm_id: AlarmId) -> AlarmDetail:
    """Answer an alarm; an active one stays active. Cannot be undone."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> AlarmState:
        return await acknowledge(connection, alarm_id, login=access.login, at=at)

    await _change(centre, access, alarm_id, act, deed="alarm_acknowledge")
    return await _detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/close")
async def close_alarm(centre: TheCentre, access: Actor, alarm_id: AlarmId) -> AlarmDetail:
    """End a latched alarm that has been acknowledged."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> AlarmState:
        return await return_latched(connection, alarm_id, login=access.login, at=at)

    await _change(centre, access, alarm_id, act, deed="alarm_close")
    return await _detail(centre, access, alarm_id)


@router.get("/evidence/{sha256}", response_class=FileResponse)
async def read_picture(
    request: Request,
    centre: TheCentre,
    access: Reader,
    sha256: Annotated[str, Path(pattern="^[0-9a-f]{64}$")],
) -> Response:
    """An evidence picture, for those whose areas hold its alarm."""
    async with centre.store.read() as connection:
        states = set(
            await connection.scalars(
                select(evidence.c.state)
                .join(alarms, alarms.c.alarm_id == evidence.c.alarm_id)
                .where(evidence.c.sha256 == sha256, alarms.c.area_id.in_(access.area_ids))
            )
        )
    if not states:
        raise Refused("not_found", status_code=404)
    if "stored" not in states:
        raise Refused("picture_not_stored", status_code=404)
    # Named by its content, so it never changes; asked for each time, since rights may.
    headers = {"etag": f'"{sha256}"', "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    return FileResponse(centre.pictures.path_of(sha256), media_type="image/jpeg", headers=headers)


async def _detail(centre: Centre, access: Access, alarm_id: str) -> AlarmDetail:
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


async def _change(centre: Centre, access: Access, alarm_id: str, act: Act, *, deed: str) -> None:
    now = centre.clock.now()
    async with centre.store.begin() as connection:
        area_id = await connection.scalar(
            select(alarms.c.area_id).where(alarms.c.alarm_id == alarm_id)
        )
        if area_id is None or not access.may_see(area_id):
            raise Refused("not_found", status_code=404)
        if not access.may_acknowledge(area_id):
            raise Refused("forbidden", status_code=403)
        try:
            await act(connection, alarm_id, now)
        except AlarmUnknown as error:
            raise Refused("not_found", status_code=404) from error
        except TransitionRefused as error:
            raise Refused(_why(error), status_code=409) from error
        await write_audit(
            connection, Deed(login=access.login, action=deed, subject=alarm_id), at=now
        )


def _why(error: TransitionRefused) -> str:
    if error.cause == "acknowledge":
        return "already_acknowledged"
    active = error.state in (AlarmState.UNACKNOWLEDGED, AlarmState.RTN_UNACKNOWLEDGED)
    return "acknowledge_first" if active else "not_latched"
