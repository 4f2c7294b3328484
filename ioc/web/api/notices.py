"""Notifications as JSON: one's own contacts and wishes, a test, and whom an alarm has reached."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import select
from starlette.responses import Response

from ioc.notify.reading import read_delivery
from ioc.store.tables import alarms
from ioc.web.api.notice_shapes import (
    ChannelsShape,
    ContactShape,
    DeliveryShape,
    NewContactShape,
    NotificationShape,
    TestedShape,
    WishesShape,
)
from ioc.web.api.shapes import Text
from ioc.web.errors import Refused
from ioc.web.identity import Actor, Reader, TheCentre

router = APIRouter(prefix="/api", tags=["notifications"])

Id = Annotated[Text, Path(max_length=36)]


@router.get("/notification-channels")
async def read_channels(centre: TheCentre, access: Reader) -> ChannelsShape:
    """The channels that reach people here."""
    del access
    desk = centre.notices
    return ChannelsShape(channels=desk.channels, push_public_key=desk.push_public_key)


@router.get("/contacts")
async def read_contacts(centre: TheCentre, access: Reader) -> list[ContactShape]:
    """One's own contacts, the preferred one first."""
    return [ContactShape.of(each) for each in await centre.notices.contacts(access)]


@router.post("/contacts", status_code=201)
async def add_contact(
    centre: TheCentre, access: Actor, body: NewContactShape
) -> list[ContactShape]:
    """Add one of one's own; answers all."""
    await centre.notices.add_contact(access, body.contact)
    return await read_contacts(centre, access)


@router.post("/contacts/{contact_id}/prefer")
async def prefer_contact(centre: TheCentre, access: Actor, contact_id: Id) -> list[ContactShape]:
    """Have it tried before the others; answers all."""
    await centre.notices.prefer_contact(access, contact_id)
    return await read_contacts(centre, access)


@router.post("/contacts/{contact_id}/remove")
async def remove_contact(centre: TheCentre, access: Actor, contact_id: Id) -> list[ContactShape]:
    """Forget it; answers what is left."""
    await centre.notices.remove_contact(access, contact_id)
    return await read_contacts(centre, access)


@router.post("/contacts/{contact_id}/test", status_code=201)
async def test_contact(centre: TheCentre, access: Actor, contact_id: Id) -> TestedShape:
    """Send a test to it."""
    return TestedShape(notification_id=await centre.notices.test_contact(access, contact_id))


@router.get("/notifications/{notification_id}")
async def read_notification(
    centre: TheCentre, access: Reader, notification_id: Id
) -> NotificationShape:
    """One of one's own notifications."""
    return NotificationShape.of(await centre.notices.notification(access, notification_id))


@router.get("/notification-wishes")
async def read_wishes(centre: TheCentre, access: Reader) -> WishesShape:
    """How one wants to be told."""
    return WishesShape.model_validate(await centre.notices.wishes(access))


@router.post("/notification-wishes", status_code=204)
async def keep_wishes(centre: TheCentre, access: Actor, body: WishesShape) -> Response:
    """Be told like this from now on."""
    await centre.notices.keep_wishes(access, body.wishes)
    return Response(status_code=204)


@router.get("/alarms/{alarm_id}/notifications")
async def read_alarm_notifications(
    centre: TheCentre, access: Reader, alarm_id: Id
) -> DeliveryShape:
    """Whom an alarm has called, and what became of every notification."""
    async with centre.store.read() as connection:
        area_id = await connection.scalar(
            select(alarms.c.area_id).where(alarms.c.alarm_id == alarm_id)
        )
        if area_id is None or not access.may_see(area_id):
            raise Refused("not_found", status_code=404)
        return DeliveryShape.of(await read_delivery(connection, alarm_id))
