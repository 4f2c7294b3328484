"""What people put aside for a time, as JSON: alarms on a shelf, devices out of service."""

from datetime import datetime

from fastapi import APIRouter
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms.suppression.shelving import Deed, put_back, shelve, take_out_of_service
from ioc.alarms.suppression.spans import span_end
from ioc.centre import Centre
from ioc.people import Access
from ioc.web.api.alarm_shapes import AlarmDetail, PutAside
from ioc.web.api.alarms import Act, AlarmId, change_alarm, read_detail
from ioc.web.identity import Actor, TheCentre

router = APIRouter(prefix="/api", tags=["alarms"])


@router.post("/alarms/{alarm_id}/shelve")
async def shelve_alarm(
    centre: TheCentre, access: Actor, alarm_id: AlarmId, wanted: PutAside
) -> AlarmDetail:
    """Put an alarm aside with a reason, for at most seven days: it calls nobody until then."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> None:
        await shelve(connection, alarm_id, _deed(centre, access, wanted, at))

    await change_alarm(centre, access, alarm_id, act, deed="alarm_shelve")
    return await read_detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/out-of-service")
async def stop_watching(
    centre: TheCentre, access: Actor, alarm_id: AlarmId, wanted: PutAside
) -> AlarmDetail:
    """Stop watching an alarm's device, or gateway, while it is worked on: at most ninety days."""

    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> None:
        await take_out_of_service(connection, alarm_id, _deed(centre, access, wanted, at))

    await change_alarm(centre, access, alarm_id, act, deed="alarm_out_of_service")
    return await read_detail(centre, access, alarm_id)


@router.post("/alarms/{alarm_id}/unshelve")
async def unshelve_alarm(centre: TheCentre, access: Actor, alarm_id: AlarmId) -> AlarmDetail:
    """Let an alarm call again before its time; also takes its device back into service."""
    await change_alarm(centre, access, alarm_id, _put_back(centre, access), deed="alarm_unshelve")
    return await read_detail(centre, access, alarm_id)


def _put_back(centre: Centre, access: Access) -> Act:
    async def act(connection: AsyncConnection, alarm_id: str, at: datetime) -> None:
        await put_back(connection, alarm_id, login=access.login, at=at, policies=centre.policies)

    return act


def _deed(centre: Centre, access: Access, wanted: PutAside, at: datetime) -> Deed:
    until = wanted.until
    if wanted.span is not None:
        alarms = centre.settings.alarms
        zone = centre.settings.commune.zone
        until = span_end(wanted.span, at=at, shift_ends=alarms.shift_ends, zone=zone)
    return Deed(login=access.login, at=at, until=until or at, reason=wanted.reason.strip())
