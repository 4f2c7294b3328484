"""Notifications and their attempts in the store; every function runs in the caller's transaction.

`held` waits to be told of together with others, `waiting` for its attempt; `in_flight` is written
before anything is sent. The rest are ends: delivered, failed, expired, superseded, bundled.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import uuid4

from sqlalchemy import Row, case, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.notify.channels.parcel import Outcome, Parcel
from ioc.notify.reach.wishes import PRIORITIES
from ioc.store import journal
from ioc.store.tables import alarms, contacts, notification_attempts, notifications

Purpose = Literal["alarm", "assign", "overdue", "digest", "test", "webhook"]
ENDED = frozenset({"delivered", "failed", "expired", "superseded", "bundled"})
AWAITING = ("unacknowledged", "rtn_unacknowledged")
"""States of an alarm that still wants an answer."""
UNDER_WAY = "acknowledged"
"""Somebody has answered it, and it lasts."""
FIRST_RETRY_S = 5.0
LONGEST_RETRY_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A notification before it is stored."""

    dedupe_key: str
    purpose: Purpose
    channel: str
    priority: str
    language: str
    title: str
    body: str
    link: str = ""
    facts: Mapping[str, object] = field(default_factory=dict)
    created_at: datetime
    next_attempt_at: datetime
    expires_at: datetime
    is_held: bool = False
    call_id: str | None = None
    alarm_id: str | None = None
    login: str | None = None
    contact_id: str | None = None
    receiver: str = ""


@dataclass(frozen=True, kw_only=True)
class Claimed:
    """A notification in flight."""

    parcel: Parcel
    attempt: int
    """The number of this attempt's row."""
    attempts: int
    """How many there have been with this one."""


async def enqueue(connection: AsyncConnection, draft: Draft) -> str:
    """Store a notification and return its id; one with a known key is not stored again."""
    known = await connection.scalar(
        select(notifications.c.notification_id).where(
            notifications.c.dedupe_key == draft.dedupe_key
        )
    )
    if known is not None:
        return str(known)
    notification_id = str(uuid4())
    values = {name: getattr(draft, name) for name in Draft.__dataclass_fields__}
    is_held = values.pop("is_held")
    await connection.execute(
        insert(notifications).values(
            notification_id=notification_id,
            state="held" if is_held else "waiting",
            **{**values, "facts": dict(draft.facts)},
        )
    )
    return notification_id


async def has_due(connection: AsyncConnection, channel: str, *, now: datetime) -> bool:
    """Tell whether a channel has something to do."""
    found = await connection.scalar(
        select(notifications.c.notification_id)
        .where(
            notifications.c.state == "waiting",
            notifications.c.channel == channel,
            notifications.c.next_attempt_at <= now,
        )
        .limit(1)
    )
    return found is not None


async def claim(
    connection: AsyncConnection, channel: str, *, now: datetime, most: int
) -> tuple[Claimed, ...]:
    """Put due notifications of a channel in flight, the most urgent first; end those in vain."""
    rows = await connection.execute(
        select(
            *[
                *notifications.c,
                alarms.c.state.label("alarm_state"),
                alarms.c.assigned_to,
                alarms.c.assigned_at,
                contacts.c.address,
                contacts.c.push_keys,
            ]
        )
        .join(alarms, alarms.c.alarm_id == notifications.c.alarm_id, isouter=True)
        .join(contacts, contacts.c.contact_id == notifications.c.contact_id, isouter=True)
        .where(
            notifications.c.state == "waiting",
            notifications.c.channel == channel,
            notifications.c.next_attempt_at <= now,
        )
        .order_by(
            case(
                {name: rank for rank, name in enumerate(PRIORITIES)},
                value=notifications.c.priority,
            ),
            notifications.c.next_attempt_at,
        )
        .limit(most)
    )
    claimed: list[Claimed] = []
    for row in rows.all():
        vain = _vain(row, now)
        if vain is not None:
            state, code = vain
            await end(connection, row, state=state, code=code, at=now)
            continue
        claimed.append(await _take_off(connection, row, now=now))
    return tuple(claimed)


async def settle(
    connection: AsyncConnection, claimed: Claimed, outcome: Outcome, *, at: datetime
) -> str:
    """Write down how an attempt ended; return the notification's state."""
    parcel = claimed.parcel
    await connection.execute(
        update(notification_attempts)
        .where(notification_attempts.c.number == claimed.attempt)
        .values(
            ended_at=at,
            outcome=outcome.result,
            code=outcome.code[:60],
            provider_id=outcome.provider_id,
        )
    )
    row = (
        await connection.execute(
            select(notifications).where(notifications.c.notification_id == parcel.notification_id)
        )
    ).one()
    await _mark_contact(connection, row, outcome, at=at)
    if outcome.result == "delivered":
        return await end(connection, row, state="delivered", code="", at=at)
    if outcome.result != "retry":
        return await end(connection, row, state="failed", code=outcome.code, at=at)
    wait_s = max(retry_delay_s(parcel.dedupe_key, claimed.attempts), outcome.retry_after_s or 0.0)
    next_attempt_at = at + timedelta(seconds=wait_s)
    if next_attempt_at >= row.expires_at:
        return await end(connection, row, state="expired", code=outcome.code, at=at)
    await connection.execute(
        update(notifications)
        .where(notifications.c.notification_id == parcel.notification_id)
        .values(state="waiting", next_attempt_at=next_attempt_at, code=outcome.code[:60])
    )
    await _tell(connection, row, at=at)
    return "waiting"


async def recover(
    connection: AsyncConnection, channel: str, *, dedupes: bool, now: datetime
) -> int:
    """Put back what was in flight when the centre stopped; return how many.

    Whether it had been taken nobody knows. It is sent again: rather twice than never.
    """
    in_flight = (notifications.c.state == "in_flight") & (notifications.c.channel == channel)
    found = (
        await connection.scalars(select(notifications.c.notification_id).where(in_flight))
    ).all()
    if not found:
        return 0
    await connection.execute(
        update(notification_attempts)
        .where(
            notification_attempts.c.notification_id.in_(found),
            notification_attempts.c.outcome.is_(None),
        )
        .values(ended_at=now, outcome="unknown", code="centre_stopped")
    )
    doubt = {} if dedupes else {"maybe_twice": True}
    await connection.execute(
        update(notifications)
        .where(notifications.c.notification_id.in_(found))
        .values(state="waiting", next_attempt_at=now, **doubt)
    )
    return len(found)


async def end(
    connection: AsyncConnection, row: Row[Any], *, state: str, code: str, at: datetime
) -> str:
    """End a notification; return its state."""
    changes: dict[str, object] = {"state": state, "code": code[:60]}
    if state == "delivered":
        changes["delivered_at"] = at
    await connection.execute(
        update(notifications)
        .where(notifications.c.notification_id == row.notification_id)
        .values(**changes)
    )
    await _tell(connection, row, at=at)
    return state


def retry_delay_s(key: str, attempts: int) -> float:
    """Return the pause after so many attempts: 5 s, three times as long each time, at most 10 min.

    Spread by a quarter, the same way for the same key, so that a service that comes back is not
    met by everybody at once.
    """
    longest = min(LONGEST_RETRY_S, FIRST_RETRY_S * 3.0 ** min(max(attempts, 1) - 1, 10))
    spread = hashlib.sha256(f"{key}/{attempts}".encode()).digest()[0] / 255
    return longest * (0.75 + spread / 4)


def _vain(row: Row[Any], now: datetime) -> tuple[str, str] | None:
    """Return how a notification ends that nobody needs to send, or None."""
    if row.expires_at <= now:
        return "expired", row.code
    if vain := no_longer_wanted(row):
        return "superseded", vain
    if row.purpose != "webhook" and row.address is None:
        return "failed", "contact_removed"
    return None


def no_longer_wanted(row: Row[Any]) -> str:
    """Return why nobody needs to be told any more; empty: somebody does.

    Args:
        row: a notification with `alarm_state`, `assigned_to` and `assigned_at` of its alarm.
    """
    if row.purpose == "alarm":
        return "" if row.alarm_state in AWAITING else "answered"
    if row.purpose == "assign":
        return "" if is_in_hand(row, row.login) else "in_other_hands"
    if row.purpose == "overdue" and row.alarm_state in (None, "normal"):
        return "over"
    if row.purpose == "overdue" and has_changed_hands(row, row.login, since=row.created_at):
        return "in_other_hands"
    return ""


def has_changed_hands(alarm: Row[Any], login: str | None, *, since: datetime) -> bool:
    """Tell by `assigned_to` and `assigned_at` whether somebody else was given an alarm since then."""
    given_since = alarm.assigned_at is not None and alarm.assigned_at > since
    return given_since and alarm.assigned_to != login


def is_in_hand(alarm: Row[Any], login: str | None) -> bool:
    """Tell by `alarm_state` and `assigned_to` whether this person is still to see to an alarm."""
    return alarm.alarm_state not in (None, "normal") and alarm.assigned_to == login


async def _take_off(connection: AsyncConnection, row: Row[Any], *, now: datetime) -> Claimed:
    await connection.execute(
        update(notifications)
        .where(notifications.c.notification_id == row.notification_id)
        .values(state="in_flight", attempts=row.attempts + 1)
    )
    result = await connection.execute(
        insert(notification_attempts).values(notification_id=row.notification_id, started_at=now)
    )
    (number,) = result.inserted_primary_key or (0,)
    parcel = Parcel(
        notification_id=row.notification_id,
        dedupe_key=row.dedupe_key,
        address=row.receiver if row.purpose == "webhook" else row.address,
        keys=row.push_keys or {},
        title=row.title,
        body=row.body,
        link=row.link,
        priority=row.priority,
        language=row.language,
        facts=row.facts,
        created_at=row.created_at,
        expires_at=row.expires_at,
        sent_at=now,
    )
    return Claimed(parcel=parcel, attempt=int(number), attempts=row.attempts + 1)


async def _mark_contact(
    connection: AsyncConnection, row: Row[Any], outcome: Outcome, *, at: datetime
) -> None:
    if row.contact_id is None or outcome.result not in ("delivered", "gone"):
        return
    changes: dict[str, object] = {"broken_at": at, "broken_code": outcome.code[:60]}
    if outcome.result == "delivered":
        changes = {"reached_at": at, "broken_at": None, "broken_code": None}
    await connection.execute(
        update(contacts).where(contacts.c.contact_id == row.contact_id).values(**changes)
    )


async def _tell(connection: AsyncConnection, row: Row[Any], *, at: datetime) -> None:
    """Let the pages that show the alarm know."""
    if row.alarm_id is None:
        return
    area_id = await connection.scalar(
        select(alarms.c.area_id).where(alarms.c.alarm_id == row.alarm_id)
    )
    if area_id is not None:
        await journal.write(
            connection, subject="alarm", subject_id=row.alarm_id, area_id=area_id, at=at
        )
