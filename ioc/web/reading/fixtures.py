"""What cameras were told to pass over: from the orders that gateways have carried out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import decode_event
from contracts.errors import ContractError
from contracts.events import LitteringConfirmed
from ioc.alarms.states import Cause
from ioc.fixture_orders import FORGET_KIND, MARK_KIND, FixtureOrder
from ioc.people import Access
from ioc.store.tables import alarm_transitions, alarms, commands, events, evidence, users

FORGOTTEN_SHOWN = timedelta(hours=1)
"""So long after it was ordered, the page says that a fixture was forgotten."""


@dataclass(frozen=True, kw_only=True)
class FixtureView:
    """Something that a camera was told to pass over."""

    alarm_id: str
    object_id: str
    gateway_id: str
    device_id: str
    area_id: str
    zone: str
    marked_at: datetime
    who: str
    """The name of who ordered it."""
    forgetting: FixtureOrder | None
    """The newest order to forget it; None: nobody has ordered that."""


async def list_fixtures(
    connection: AsyncConnection, access: Access, *, now: datetime
) -> dict[tuple[str, str], tuple[FixtureView, ...]]:
    """Return the fixtures of the person's areas by gateway and camera, newest first."""
    forgettings = await _forgettings(connection)
    marked = [
        row
        for row in await _marked(connection, access)
        if _is_shown(forgettings.get((row.alarm_id, row.object_id)), now)
    ]
    zones = await _zones(connection, [row.object_id for row in marked])
    found: dict[tuple[str, str], tuple[FixtureView, ...]] = {}
    for row in marked:
        fixture = FixtureView(
            alarm_id=row.alarm_id,
            object_id=row.object_id,
            gateway_id=row.gateway_id,
            device_id=row.device_id,
            area_id=row.area_id,
            zone=zones.get(row.object_id) or str((row.facts or {}).get("zone", "")),
            marked_at=row.issued_at,
            who=row.who or row.login or "",
            forgetting=forgettings.get((row.alarm_id, row.object_id)),
        )
        camera = (row.gateway_id, row.device_id)
        found[camera] = (*found.get(camera, ()), fixture)
    return found


def _is_shown(forgetting: FixtureOrder | None, now: datetime) -> bool:
    if forgetting is None or forgetting.state != "done":
        return True
    return now - forgetting.issued_at < FORGOTTEN_SHOWN


async def _marked(connection: AsyncConnection, access: Access) -> Sequence[Row[Any]]:
    """Return one row for each object that a gateway has taken for a fixture."""
    ordered = (
        (alarm_transitions.c.alarm_id == commands.c.alarm_id)
        & (alarm_transitions.c.at == commands.c.issued_at)
        & (alarm_transitions.c.cause == Cause.MARK_FIXTURE)
    )
    query = (
        select(commands.c.alarm_id, commands.c.object_id, commands.c.issued_at)
        .add_columns(alarms.c.gateway_id, alarms.c.device_id, alarms.c.area_id, alarms.c.facts)
        .add_columns(alarm_transitions.c.login, users.c.name.label("who"))
        .join(alarms, alarms.c.alarm_id == commands.c.alarm_id)
        .join(alarm_transitions, ordered, isouter=True)
        .join(users, users.c.login == alarm_transitions.c.login, isouter=True)
        .where(commands.c.kind == MARK_KIND, commands.c.state == "done")
        .where(alarms.c.area_id.in_(access.area_ids))
        .order_by(commands.c.issued_at.desc())
    )
    newest: dict[tuple[str, str], Row[Any]] = {}
    for row in await connection.execute(query):
        newest.setdefault((row.alarm_id, row.object_id), row)
    return tuple(newest.values())


async def _forgettings(connection: AsyncConnection) -> dict[tuple[str, str], FixtureOrder]:
    query = (
        select(commands)
        .where(commands.c.kind == FORGET_KIND)
        .order_by(commands.c.issued_at, commands.c.command_number)
    )
    rows = await connection.execute(query)
    return {(row.alarm_id, row.object_id): FixtureOrder.of(row) for row in rows}


async def _zones(connection: AsyncConnection, object_ids: Iterable[str]) -> dict[str, str]:
    """Return the zones in which objects lay, as far as their pictures lead to their reports."""
    query = (
        select(events.c.body)
        .join(evidence, evidence.c.event_id == events.c.event_id)
        .where(evidence.c.object_id.in_(list(object_ids)), evidence.c.role == "after")
        .where(events.c.kind == "littering.confirmed.v1")
    )
    zones = {}
    for body in await connection.scalars(query):
        try:
            left = decode_event(body).data
        except ContractError:  # of a later release; the alarm still names its newest zone
            continue
        if isinstance(left, LitteringConfirmed):
            zones[left.object_id] = left.zone
    return zones
