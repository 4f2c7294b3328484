"""Who has an alarm in hand, and what people write about it, as JSON."""

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms.handling.assigning import assign, candidates
from ioc.alarms.handling.commenting import comment
from ioc.store.tables import alarms
from ioc.web.api.alarm_shapes import AlarmDetail
from ioc.web.api.alarms import AlarmId, change_alarm, read_detail
from ioc.web.api.duty_shapes import Assignment, CandidateShape, NewComment, Taking
from ioc.web.errors import Refused
from ioc.web.identity import Actor, Reader, TheCentre

router = APIRouter(prefix="/api", tags=["alarms"])


@router.post("/alarms/{alarm_id}/take")
async def take_alarm(
    centre: TheCentre, access: Actor, alarm_id: AlarmId, wanted: Taking
) -> AlarmDetail:
    """Have an alarm in hand oneself; from somebody else only by naming them in `instead_of`."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> None:
        await assign(
            connection,
            alarm_id,
            to=access.login,
            instead_of=wanted.instead_of,
            by=access.login,
            at=at,
        )

    await change_alarm(centre, access, alarm_id, act, deed="alarm_take", may=access.may_handle)
    return await read_detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/assign")
async def assign_alarm(
    centre: TheCentre, access: Actor, alarm_id: AlarmId, wanted: Assignment
) -> AlarmDetail:
    """Give an alarm to somebody, who is told, or to nobody."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> None:
        await assign(
            connection,
            alarm_id,
            to=wanted.login,
            instead_of=wanted.instead_of,
            by=access.login,
            at=at,
        )

    # Who has an alarm in hand may pass it on or give it back.
    may = access.may_handle if wanted.instead_of == access.login else None
    await change_alarm(centre, access, alarm_id, act, deed="alarm_assign", may=may)
    return await read_detail(centre, access, alarm_id)


@router.get("/alarms/{alarm_id}/assignable")
async def read_assignable(
    centre: TheCentre, access: Reader, alarm_id: AlarmId
) -> list[CandidateShape]:
    """To whom an alarm may be given."""
    async with centre.store.read() as connection:
        area_id = await connection.scalar(
            select(alarms.c.area_id).where(alarms.c.alarm_id == alarm_id)
        )
        if area_id is None or not access.may_see(area_id):
            raise Refused("not_found", status_code=404)
        if not access.may_acknowledge(area_id):
            raise Refused("forbidden", status_code=403)
        found = await candidates(connection, area_id)
    return [CandidateShape(login=each.login, name=each.name, role=each.role) for each in found]


@router.post("/alarms/{alarm_id}/comments", status_code=201)
async def add_comment(
    centre: TheCentre, access: Actor, alarm_id: AlarmId, wanted: NewComment
) -> AlarmDetail:
    """Write something down about an alarm; it stays in its log as it is."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> None:
        await comment(connection, alarm_id, text=wanted.text, login=access.login, at=at)

    await change_alarm(centre, access, alarm_id, act, deed="alarm_comment", may=access.may_handle)
    return await read_detail(centre, access, alarm_id)
