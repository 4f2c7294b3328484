"""What has become of calls and notifications, as pages and the interface show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.people.errors import not_found
from ioc.store.tables import (
    calls,
    contacts,
    notification_attempts,
    notifications,
    users,
)


@dataclass(frozen=True, kw_only=True)
class NotificationView:
    """One notification and how far it has come; never an address."""

    notification_id: str
    call_id: str | None
    purpose: str
    channel: str
    label: str
    """What the person calls the contact, or the webhook's name."""
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    delivered_at: datetime | None
    maybe_twice: bool
    """The centre stopped in mid-delivery, and the service cannot tell a repeat."""
    code: str


@dataclass(frozen=True, kw_only=True)
class CallView:
    """One person called because of an alarm, with every notification sent for that."""

    call_id: str
    login: str | None
    name: str | None
    step: int
    state: str
    at: datetime
    notifications: tuple[NotificationView, ...]


@dataclass(frozen=True, kw_only=True)
class Delivery:
    """Everything that was tried to have an alarm reach people and other systems."""

    calls: tuple[CallView, ...]
    webhooks: tuple[NotificationView, ...]


@dataclass(frozen=True, kw_only=True)
class ChannelHealth:
    """How a channel has done of late."""

    channel: str
    delivered_at: datetime | None
    failed_at: datetime | None
    code: str
    """Of that failure."""
    waiting: int


async def read_delivery(connection: AsyncConnection, alarm_id: str) -> Delivery:
    """Return the calls of an alarm, oldest first, and what webhooks were told of it."""
    notes = await _views(connection, _notifications().where(notifications.c.alarm_id == alarm_id))
    found = await connection.execute(
        select(calls, users.c.name)
        .join(users, users.c.login == calls.c.login, isouter=True)
        .where(calls.c.alarm_id == alarm_id)
        .order_by(calls.c.at, calls.c.step)
    )
    return Delivery(
        calls=tuple(
            CallView(
                call_id=row.call_id,
                login=row.login,
                name=row.name or row.login,
                step=row.step,
                state=row.state,
                at=row.at,
                notifications=tuple(note for note in notes if note.call_id == row.call_id),
            )
            for row in found
        ),
        webhooks=tuple(note for note in notes if note.purpose == "webhook"),
    )


async def find_notification(
    connection: AsyncConnection, notification_id: str, *, login: str
) -> NotificationView:
    """Return one notification of a person.

    Raises:
        Refusal: the person has no such notification.
    """
    query = _notifications().where(
        notifications.c.notification_id == notification_id, notifications.c.login == login
    )
    views = await _views(connection, query)
    if not views:
        raise not_found()
    return views[0]


async def read_health(
    connection: AsyncConnection, channels: Sequence[str]
) -> tuple[ChannelHealth, ...]:
    """Return when each channel last delivered and last failed, and how much waits for it."""
    return tuple([await _health(connection, channel) for channel in channels])


async def _health(connection: AsyncConnection, channel: str) -> ChannelHealth:
    delivered_at = await connection.scalar(
        select(func.max(notifications.c.delivered_at)).where(notifications.c.channel == channel)
    )
    failure = (
        await connection.execute(
            select(notification_attempts.c.ended_at, notification_attempts.c.code)
            .join(
                notifications,
                notifications.c.notification_id == notification_attempts.c.notification_id,
            )
            .where(
                notifications.c.channel == channel,
                notification_attempts.c.outcome.in_(("retry", "refused")),
            )
            .order_by(notification_attempts.c.number.desc())
            .limit(1)
        )
    ).first()
    waiting = await connection.scalar(
        select(func.count()).where(
            notifications.c.channel == channel, notifications.c.state == "waiting"
        )
    )
    return ChannelHealth(
        channel=channel,
        delivered_at=delivered_at,
        failed_at=failure.ended_at if failure else None,
        code=failure.code if failure else "",
        waiting=int(waiting or 0),
    )


def _notifications() -> Select[Any]:
    return (
        select(notifications, contacts.c.label)
        .join(contacts, contacts.c.contact_id == notifications.c.contact_id, isouter=True)
        .order_by(notifications.c.created_at, notifications.c.dedupe_key)
    )


async def _views(connection: AsyncConnection, query: Select[Any]) -> list[NotificationView]:
    return [_view(row) for row in (await connection.execute(query)).all()]


def _view(row: Row[Any]) -> NotificationView:
    return NotificationView(
        notification_id=row.notification_id,
        call_id=row.call_id,
        purpose=row.purpose,
        channel=row.channel,
        label=row.receiver or row.label or "",
        state=row.state,
        attempts=row.attempts,
        created_at=row.created_at,
        next_attempt_at=row.next_attempt_at,
        delivered_at=row.delivered_at,
        maybe_twice=row.maybe_twice,
        code=row.code,
    )
