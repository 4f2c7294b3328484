"""Broadcasts as proof: how far each loudspeaker has come, and what that amounts to."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.broadcasts import BroadcastView, Delivery, LoudspeakerId
from ioc.store.tables import audit_log, broadcasts, users
from ioc.web.presentation import loudspeaker_name

TOLD_IN_PERSON = "told_in_person"
NOT_PLAYED = frozenset({"failed", "expired", "preempted"})
"""The loudspeaker did not say it, or not to the end."""
_NOT_BEGUN = frozenset({"queued", "accepted", "cached"})
_RECENT = 5


@dataclass(frozen=True, kw_only=True)
class Told:
    """Somebody went there and told people instead."""

    who: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What all loudspeakers together amount to."""

    key: str
    """Of its sentence: `verdict.{key}`."""
    done: int
    all: int
    names: str
    """The loudspeakers that did not play."""

    @property
    def playing(self) -> bool:
        """Whether something may still sound or still change."""
        return self.key in {"playing", "waiting"}


def decide_verdict(deliveries: Sequence[Delivery]) -> Verdict:
    """Return the one sentence that a broadcast comes down to."""
    done = sum(delivery.state == "finished" for delivery in deliveries)
    silent = [delivery for delivery in deliveries if delivery.state in NOT_PLAYED]
    if all(delivery.state in _NOT_BEGUN for delivery in deliveries):
        key = "waiting"  # for the network, its hour, or the end of what plays: silent all the same
    elif not all(delivery.final for delivery in deliveries):
        key = "playing"
    elif silent:
        key = "some"
    else:
        key = "all" if done == len(deliveries) else "stopped"
    names = ", ".join(loudspeaker_name(delivery.loudspeaker.name) for delivery in silent)
    return Verdict(key=key, done=done, all=len(deliveries), names=names)


async def broadcasts_answering(connection: AsyncConnection, alarm_id: str) -> tuple[str, ...]:
    """Return the broadcasts spoken in answer to an alarm, newest first, at most five."""
    ids = await connection.scalars(
        select(broadcasts.c.broadcast_id)
        .where(broadcasts.c.alarm_id == alarm_id, broadcasts.c.repeat_of.is_(None))
        .order_by(broadcasts.c.created_at.desc())
        .limit(_RECENT)
    )
    return tuple(ids)


async def latest_broadcast_of(connection: AsyncConnection, login: str) -> str | None:
    """Return what this person broadcast last."""
    broadcast_id: str | None = await connection.scalar(
        select(broadcasts.c.broadcast_id)
        .where(broadcasts.c.author == login, broadcasts.c.repeat_of.is_(None))
        .order_by(broadcasts.c.created_at.desc())
        .limit(1)
    )
    return broadcast_id


async def read_told(
    connection: AsyncConnection, broadcast: BroadcastView
) -> dict[LoudspeakerId, Told]:
    """Return at which loudspeakers somebody told people in person."""
    rows = await connection.execute(
        select(audit_log.c.subject, audit_log.c.at, audit_log.c.login, users.c.name)
        .join(users, users.c.login == audit_log.c.login, isouter=True)
        .where(
            audit_log.c.action == TOLD_IN_PERSON,
            audit_log.c.at >= broadcast.created_at,
            audit_log.c.subject.startswith(f"{broadcast.broadcast_id}/", autoescape=True),
        )
    )
    told = {}
    for row in rows:
        _, gateway_id, device_id = row.subject.split("/")
        told[LoudspeakerId(gateway_id, device_id)] = Told(who=row.name or row.login, at=row.at)
    return told


def told_subject(broadcast_id: str, loudspeaker: LoudspeakerId) -> str:
    """Return how the audit log names a loudspeaker of a broadcast."""
    return f"{broadcast_id}/{loudspeaker.gateway_id}/{loudspeaker.device_id}"
