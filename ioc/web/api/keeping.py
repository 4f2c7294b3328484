"""Retention as JSON: what is kept, what is on hold, what was deleted; holds begun and ended."""

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field, StringConstraints
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.keeping import holds
from ioc.keeping.books import read_books
from ioc.people import Access
from ioc.store.tables import alarms
from ioc.web.api.shapes import Shape, Text
from ioc.web.errors import Refused
from ioc.web.identity import Actor, Reader, TheCentre

router = APIRouter(prefix="/api", tags=["retention"])

AlarmId = Annotated[Text, Path(max_length=36)]
Reason = Annotated[Text, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Why(Shape):
    """Why a hold begins or ends."""

    reason: Reason = Field(examples=["Công an xã yêu cầu giữ, vụ việc ngày 5/1"])


class HoldShape(Shape):
    """An alarm of which nothing is deleted."""

    alarm_id: str
    reason: str
    login: str
    since: datetime


class DeletionShape(Shape):
    """What was deleted in one go; `size_bytes` is 0 for rows."""

    number: int
    at: datetime
    what: str
    reason: str
    count: int
    size_bytes: int
    oldest: datetime
    newest: datetime


class RetentionShape(Shape):
    """For how long things are kept, and how full the disk is; deletions newest first."""

    evidence_days: int
    events_days: int
    broadcasts_days: int
    alarms_days: int
    duty_log_days: int
    evidence_bytes: int
    stored_bytes: int
    needed_bytes: int
    holds: list[HoldShape]
    deletions: list[DeletionShape]


@router.get("/retention")
async def read_retention(centre: TheCentre, access: Reader) -> RetentionShape:
    """What is kept, and what was deleted and why."""
    if not access.may_open_console:
        raise Refused("forbidden", status_code=403)
    async with centre.store.read() as connection:
        books = await read_books(connection, area_ids=access.area_ids)
    kept = centre.settings.retention
    return RetentionShape(
        evidence_days=kept.evidence_days,
        events_days=kept.events_days,
        broadcasts_days=kept.broadcasts_days,
        alarms_days=kept.alarms_days,
        duty_log_days=kept.duty_log_days,
        evidence_bytes=kept.evidence_bytes,
        stored_bytes=books.stored_bytes,
        needed_bytes=books.needed_bytes,
        holds=[_shape(each) for each in books.holds],
        deletions=[DeletionShape.model_validate(each) for each in books.deletions],
    )


@router.post("/alarms/{alarm_id}/hold", status_code=201)
async def hold_alarm(
    centre: TheCentre, access: Actor, alarm_id: AlarmId, why: Why
) -> list[HoldShape]:
    """Delete nothing of an alarm from now on; answers everything that is on hold."""
    now = centre.clock.now()
    async with centre.store.begin() as connection:
        await _check(connection, access, alarm_id)
        await holds.hold(connection, alarm_id, reason=why.reason, login=access.login, at=now)
        return [_shape(h) for h in await holds.find_all(connection, area_ids=access.area_ids)]


@router.post("/alarms/{alarm_id}/release")
async def release_alarm(
    centre: TheCentre, access: Actor, alarm_id: AlarmId, why: Why
) -> list[HoldShape]:
    """End a hold: age and disk decide again; answers what is still on hold."""
    now = centre.clock.now()
    async with centre.store.begin() as connection:
        await _check(connection, access, alarm_id)
        await holds.release(connection, alarm_id, reason=why.reason, login=access.login, at=now)
        return [_shape(h) for h in await holds.find_all(connection, area_ids=access.area_ids)]


async def _check(connection: AsyncConnection, access: Access, alarm_id: str) -> None:
    area_id = await connection.scalar(select(alarms.c.area_id).where(alarms.c.alarm_id == alarm_id))
    if area_id is None or not access.may_see(area_id):
        raise Refused("not_found", status_code=404)
    if not access.may_hold:
        raise Refused("forbidden", status_code=403)


def _shape(hold: holds.Hold) -> HoldShape:
    return HoldShape(alarm_id=hold.alarm_id, reason=hold.reason, login=hold.login, since=hold.since)
