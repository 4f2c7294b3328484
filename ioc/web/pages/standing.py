"""What the next shift must know of, gathered from the store and put into words of both languages."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.centre import Centre
from ioc.duty.standing import MOST_LINES, Line, Standing, gather
from ioc.people import Access
from ioc.people.accounts import load_areas
from ioc.store.tables import alarms, calls, gateways, suppressions, users
from ioc.web.pages.saying import Speech
from ioc.web.presentation import Wording
from ioc.web.reading.alarms import AlarmView, count_alarms, find_alarms, list_alarms
from ioc.web.reading.devices import DeviceView, list_devices
from ioc.web.reading.places import read_places
from ioc.web.words import Words, plain

_UNDELIVERED = ("nobody", "no_contact", "undelivered", "passed_on")
_RECENT = timedelta(hours=24)


@dataclass(frozen=True, kw_only=True)
class _Tongues:
    """The two languages of every line."""

    vi: Speech
    en: Speech

    def of_alarm(self, alarm: AlarmView) -> Line:
        """Return an alarm: what, where, since when, and who has it in hand."""
        return Line(
            subject_id=alarm.alarm_id,
            vi=_alarm(self.vi, alarm),
            en=_alarm(self.en, alarm),
            priority=alarm.priority,
        )

    def line(self, subject_id: str, key: str, **values: object) -> Line:
        """Return a sentence; an instant among its values is said by the commune's clock."""
        said = {
            speech.wording.words.language: speech.wording.words(
                key, **{name: _say(value, speech) for name, value in values.items()}
            )
            for speech in (self.vi, self.en)
        }
        return Line(subject_id=subject_id, vi=plain(said["vi"]), en=plain(said["en"]))


async def read_standing(
    connection: AsyncConnection, centre: Centre, access: Access, *, area_id: str
) -> Standing:
    """Return what stands now in an area and those below it."""
    now = centre.clock.now()
    tree = await load_areas(connection)
    there = replace(access, area_ids=tree.subtree(area_id))
    tongues = await _tongues(connection, centre, now)
    opened = await list_alarms(connection, there, tab="attention")
    standing = gather(
        {
            "open": [tongues.of_alarm(alarm) for alarm in opened],
            "shelved": await _shelved(connection, there, tongues, now),
            "out_of_service": await _out_of_service(connection, there, tongues, now),
            "broken": await _broken(connection, there, tongues),
            "undelivered": await _undelivered(connection, there, tongues, now),
        }
    )
    counted = sum((await count_alarms(connection, there)).values())
    more = {**standing.more, "open": max(0, counted - len(standing.lines["open"]))}
    return replace(standing, more=more)


async def _tongues(connection: AsyncConnection, centre: Centre, now: datetime) -> _Tongues:
    commune = centre.settings.commune
    places = await read_places(connection, centre.settings)
    vi, en = (
        Speech(
            wording=Wording(
                words=Words(language, hamlet_word=commune.hamlet_word), zone=commune.zone, now=now
            ),
            places=places,
        )
        for language in ("vi", "en")
    )
    return _Tongues(vi=vi, en=en)


async def _shelved(
    connection: AsyncConnection, access: Access, tongues: _Tongues, now: datetime
) -> list[Line]:
    """Return shelved alarms, each with who shelved it and why."""
    found = await connection.execute(
        _in_force("shelved", access, now).order_by(suppressions.c.since, suppressions.c.number)
    )
    whys = {
        (row.kind, row.gateway_id, row.object_id): f" · {row.name or row.login}: {row.reason}"
        for row in found
    }
    lines = []
    for alarm in await list_alarms(connection, access, tab="shelved"):
        if alarm.suppression == "shelved":
            line = tongues.of_alarm(alarm)
            why = whys.get((alarm.kind, alarm.gateway_id, alarm.object_id), "")
            lines.append(replace(line, vi=line.vi + why, en=line.en + why))
    return lines


def _in_force(suppression: str, access: Access, now: datetime) -> Select[Any]:
    return (
        select(suppressions, users.c.name)
        .join(users, users.c.login == suppressions.c.login, isouter=True)
        .where(
            suppressions.c.suppression == suppression,
            suppressions.c.area_id.in_(access.area_ids),
            suppressions.c.ended_at.is_(None),
            suppressions.c.until > now,
        )
    )


async def _out_of_service(
    connection: AsyncConnection, access: Access, tongues: _Tongues, now: datetime
) -> list[Line]:
    found = await connection.execute(
        _in_force("out_of_service", access, now).order_by(suppressions.c.since)
    )
    places = tongues.vi.places
    return [
        tongues.line(
            f"work/{row.number}",
            "standing.out_of_service",
            what=places.where(row.gateway_id, row.device_id, row.area_id),
            until=row.until,
            who=row.name or row.login,
            reason=row.reason,
        )
        for row in found
    ]


async def _broken(connection: AsyncConnection, access: Access, tongues: _Tongues) -> list[Line]:
    """Return gateways and devices that do not work; what lies behind an absent gateway is unknown."""
    away = await connection.execute(
        select(gateways)
        .where(gateways.c.area_id.in_(access.area_ids))
        .where(gateways.c.epoch.is_not(None), gateways.c.online.is_(False))
        .order_by(gateways.c.name, gateways.c.gateway_id)
    )
    places = tongues.vi.places
    devices = [
        device
        for device in await list_devices(connection, access)
        if device.present
        and device.gateway_away_since is None
        and (device.state == "offline" or device.conditions)
    ]
    return [
        *(
            tongues.line(
                row.gateway_id,
                "standing.gateway_away",
                what=places.where(row.gateway_id, None, row.area_id),
                at=row.online_since,
            )
            for row in away
        ),
        *(_device(device, tongues) for device in devices),
    ]


def _device(device: DeviceView, tongues: _Tongues) -> Line:
    where = tongues.vi.places.where(device.gateway_id, device.device_id, device.area_id)
    return Line(
        subject_id=f"{device.gateway_id}/{device.device_id}",
        vi=f"{where}: {tongues.vi.device_state(device)}",
        en=f"{where}: {tongues.en.device_state(device)}",
    )


async def _undelivered(
    connection: AsyncConnection, access: Access, tongues: _Tongues, now: datetime
) -> list[Line]:
    """Return who could not be told within the last day of alarms that are still open."""
    found = (
        await connection.execute(
            select(calls, users.c.name)
            .join(alarms, alarms.c.alarm_id == calls.c.alarm_id)
            .join(users, users.c.login == calls.c.login, isouter=True)
            .where(
                calls.c.state.in_(_UNDELIVERED),
                calls.c.at >= now - _RECENT,
                alarms.c.area_id.in_(access.area_ids),
                alarms.c.state != "normal",
            )
            .order_by(calls.c.at.desc(), calls.c.call_id)
            .limit(MOST_LINES)
        )
    ).all()
    told = await find_alarms(connection, access, [row.alarm_id for row in found])
    return [
        tongues.line(
            row.call_id,
            "standing.undelivered",
            what=told[row.alarm_id],
            call=_Call(state=row.state, who=row.name or row.login or "", at=row.at),
        )
        for row in found
        if row.alarm_id in told
    ]


@dataclass(frozen=True, kw_only=True)
class _Call:
    state: str
    who: str
    at: datetime


def _say(value: object, speech: Speech) -> object:
    match value:
        case datetime():
            return speech.wording.at(value)
        case AlarmView():
            return speech.what(value)
        case _Call():
            at = speech.wording.at(value.at)
            return speech.wording.words(f"call.{value.state}", who=value.who, at=at)
        case _:
            return value


def _alarm(speech: Speech, alarm: AlarmView) -> str:
    words, wording = speech.wording.words, speech.wording
    parts = (
        words(f"state.{alarm.state}"),
        words("standing.since", at=wording.at(alarm.occurred_at)),
        *speech.marks(alarm),
    )
    return f"{speech.what(alarm)} · {' · '.join(parts)}"
