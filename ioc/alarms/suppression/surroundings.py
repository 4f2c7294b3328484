"""Reads what the engine must know at the moment of a call; decides nothing."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import bindparam, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms.engine.causes import CAUSE_KINDS, INHIBITED_KINDS, POWER, place_of
from ioc.alarms.engine.policy import Policies
from ioc.alarms.engine.standing import ACTIVE, Reason, Suppression
from ioc.alarms.engine.suppressing import OpenCause, Shelf, Subject, Surroundings, is_flood
from ioc.alarms.rules import AlarmKind
from ioc.store.tables import alarms, annunciations, suppressions

# Built once: they are asked at every call, and building one costs more than running it.
_SHELVES = select(suppressions).where(
    suppressions.c.gateway_id == bindparam("of_gateway"),
    suppressions.c.until > bindparam("now"),
    suppressions.c.ended_at.is_(None),
)
_CAUSES = select(
    alarms.c.alarm_id,
    alarms.c.kind,
    alarms.c.gateway_id,
    alarms.c.object_id,
    alarms.c.device_id,
).where(
    alarms.c.gateway_id.in_(bindparam("of_gateways", expanding=True)),
    alarms.c.state.in_(ACTIVE),
    alarms.c.kind.in_(CAUSE_KINDS),
    alarms.c.late.is_(False),
)
_RECENT = select(func.count()).where(
    annunciations.c.at > bindparam("since"),
    annunciations.c.at <= bindparam("now"),  # before a clock was set back there were others
    annunciations.c.reason == Reason.RAISE,
)
_HEAD = (
    select(alarms.c.alarm_id)
    .where(
        alarms.c.kind == bindparam("of_kind"),
        alarms.c.area_id == bindparam("of_area"),
        alarms.c.state.in_(ACTIVE),
        alarms.c.annunciate.is_(True),
        alarms.c.alarm_id != bindparam("itself"),
    )
    .order_by(alarms.c.raised_at, alarms.c.alarm_id)
    .limit(1)
)


async def look(
    connection: AsyncConnection, subject: Subject, *, at: datetime, policies: Policies
) -> Surroundings:
    """Return them: one query for what people report, up to three more for faults of equipment."""
    grouped = policies.of(subject.kind).grouped
    recent = await _count_recent(connection, at, policies) if grouped else 0
    flooded = is_flood(recent, policies)
    return Surroundings(
        shelves=await _shelves(connection, subject.gateway_id, at),
        causes=await _causes(connection, subject, policies) if _may_be_explained(subject) else (),
        recent_calls=recent,
        head_id=await _head(connection, subject) if flooded else None,
    )


def _may_be_explained(subject: Subject) -> bool:
    # A broadcast may fail because its gateway is away: then its clocks stand still.
    return subject.kind in INHIBITED_KINDS or subject.kind is AlarmKind.BROADCAST_FAILED


async def _shelves(connection: AsyncConnection, gateway_id: str, at: datetime) -> Sequence[Shelf]:
    rows = await connection.execute(_SHELVES, {"of_gateway": gateway_id, "now": at})
    return [
        Shelf(
            suppression=Suppression(row["suppression"]),
            until=row["until"],
            kind=row["kind"],
            object_id=row["object_id"],
            device_id=row["device_id"],
        )
        for row in rows.mappings()
    ]


async def _causes(
    connection: AsyncConnection, subject: Subject, policies: Policies
) -> Sequence[OpenCause]:
    places = policies.causes.above(f"{subject.gateway_id}/{subject.device_id or ''}")
    gateways = {subject.gateway_id, POWER, *(p.partition("/")[0] for p in places)}
    rows = await connection.execute(_CAUSES, {"of_gateways": sorted(gateways)})
    return [
        OpenCause(
            alarm_id=row.alarm_id,
            kind=AlarmKind(row.kind),
            place=place_of(
                AlarmKind(row.kind),
                gateway_id=row.gateway_id,
                object_id=row.object_id,
                device_id=row.device_id,
            ),
        )
        for row in rows
    ]


async def _count_recent(connection: AsyncConnection, at: datetime, policies: Policies) -> int:
    since = at - policies.limits.flood_within
    return int(await connection.scalar(_RECENT, {"since": since, "now": at}) or 0)


async def _head(connection: AsyncConnection, subject: Subject) -> str | None:
    """Return the alarm of this kind that already calls for the area, the first of them."""
    found: str | None = await connection.scalar(
        _HEAD,
        {
            "of_kind": subject.kind,
            "of_area": subject.area_id,
            "itself": subject.alarm_id,
        },
    )
    return found
