"""Texts and standings of rules as rows; holds no rule."""

import asyncio
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Event, decode_event
from ioc.rules.evaluation.happenings import Happening, Place
from ioc.rules.language import Known
from ioc.store.tables import areas, devices, events, gateways, rule_standings, rule_texts
from ioc.timeseries.port import SeriesKey

Areas = dict[str, str | None]
Whereabouts = dict[tuple[str, str], str]


@dataclass(frozen=True, kw_only=True)
class KeptText:
    """A text that was in force since `at`; `login` None: taken from the file of the settings."""

    number: int
    at: datetime
    login: str | None
    text: str


@dataclass(frozen=True, kw_only=True)
class KeptStanding:
    """Where a rule stands for one subject; `place` is that of its alarm."""

    rule_id: str
    subject: str
    place: Place
    active: bool
    turning_since: datetime | None = None
    fired_at: datetime | None = None


async def newest_text(connection: AsyncConnection) -> KeptText | None:
    """Return the text in force."""
    query = select(rule_texts).order_by(rule_texts.c.number.desc()).limit(1)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else KeptText(**row)


async def keep_text(
    connection: AsyncConnection, text: str, *, login: str | None, at: datetime
) -> None:
    """Put a checked text in force; earlier ones stay for whoever must look back."""
    await connection.execute(insert(rule_texts).values(text=text, login=login, at=at))


async def standings(connection: AsyncConnection) -> dict[tuple[str, str], KeptStanding]:
    """Return where every rule stands, by rule and subject."""
    rows = (await connection.execute(select(rule_standings))).mappings()
    return {(row["rule_id"], row["subject"]): _standing(dict(row)) for row in rows}


async def find_standing(
    connection: AsyncConnection, rule_id: str, subject: str
) -> KeptStanding | None:
    """Return where a rule stands for one subject; None: it never fired there."""
    query = select(rule_standings).filter_by(rule_id=rule_id, subject=subject)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _standing(dict(row))


async def keep_standing(connection: AsyncConnection, standing: KeptStanding) -> None:
    """Remember where a rule stands."""
    key = {"rule_id": standing.rule_id, "subject": standing.subject}
    values = {
        "gateway_id": standing.place.gateway_id,
        "device_id": standing.place.device_id,
        "area_id": standing.place.area_id,
        "active": standing.active,
        "turning_since": standing.turning_since,
        "fired_at": standing.fired_at,
    }
    mine = (rule_standings.c.rule_id == standing.rule_id) & (
        rule_standings.c.subject == standing.subject
    )
    changed = await connection.execute(update(rule_standings).where(mine).values(values))
    if changed.rowcount == 0:
        await connection.execute(insert(rule_standings).values({**key, **values}))


async def forget_standing(connection: AsyncConnection, standing: KeptStanding) -> None:
    """Forget a rule's subject: the rule or the device is gone."""
    await connection.execute(
        delete(rule_standings).filter_by(rule_id=standing.rule_id, subject=standing.subject)
    )


async def read_areas(connection: AsyncConnection) -> Areas:
    """Return each area with the one above it."""
    rows = await connection.execute(select(areas.c.area_id, areas.c.parent_id))
    return {row.area_id: row.parent_id for row in rows}


async def read_whereabouts(connection: AsyncConnection) -> Whereabouts:
    """Return the area of every gateway (device "") and of every device in its inventory."""
    of_gateways = await connection.execute(select(gateways.c.gateway_id, gateways.c.area_id))
    found: Whereabouts = {(row.gateway_id, ""): row.area_id for row in of_gateways}
    of_devices = await connection.execute(
        select(devices.c.gateway_id, devices.c.device_id, devices.c.area_id).where(
            devices.c.present.is_(True)
        )
    )
    found |= {(row.gateway_id, row.device_id): row.area_id for row in of_devices}
    return found


async def read_online_since(connection: AsyncConnection) -> dict[str, datetime]:
    """Return the gateways that are heard, and since when."""
    query = select(gateways.c.gateway_id, gateways.c.online_since).where(gateways.c.online)
    rows = await connection.execute(query)
    return {row.gateway_id: row.online_since for row in rows if row.online_since is not None}


async def read_known(connection: AsyncConnection, keys: list[SeriesKey] | None) -> Known:
    """Return what there is, so that a text can be checked against it."""
    return Known(
        areas=await read_areas(connection),
        where=await read_whereabouts(connection),
        series=None
        if keys is None
        else frozenset((key.gateway_id, key.device_id, str(key.metric)) for key in keys),
    )


async def stored_happenings(
    connection: AsyncConnection, *, since: datetime, kinds: frozenset[str], most: int
) -> list[Happening]:
    """Return the newest `most` stored events of some kinds, oldest first."""
    query = (
        select(events.c.body, events.c.occurred_at)
        .where(events.c.occurred_at >= since, events.c.kind.in_(kinds))
        .order_by(events.c.occurred_at.desc(), events.c.event_id)
        .limit(most)
    )
    rows = (await connection.execute(query)).all()
    where = await read_whereabouts(connection)

    def decode() -> list[Happening]:
        return [
            happening_of(decode_event(row.body), occurred_at=row.occurred_at, where=where)
            for row in reversed(rows)
        ]

    return await asyncio.to_thread(decode)  # thousands: others wait for the loop


def happening_of(event: Event, *, occurred_at: datetime, where: Whereabouts) -> Happening:
    """Return a stored event as rules see it; `occurred_at` is by the centre's clock."""
    gateway_id = str(event.address.gateway_id)
    device_id = event.device_id or ""
    area_id = where.get((gateway_id, device_id), where.get((gateway_id, ""), ""))
    return Happening(
        event_id=event.event_id,
        kind=event.kind,
        occurred_at=occurred_at,
        place=Place(gateway_id=gateway_id, device_id=device_id, area_id=area_id),
        fields=event.data,
        late=event.late,
    )


def _standing(row: dict[str, Any]) -> KeptStanding:
    place = Place(
        gateway_id=row.pop("gateway_id"),
        device_id=row.pop("device_id"),
        area_id=row.pop("area_id"),
    )
    return KeptStanding(place=place, **row)
