"""The pages of duty: the roster, handing over and taking over, and the duty log for paper."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Query
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ioc.centre import Centre
from ioc.duty import editing, handovers
from ioc.duty.roster import Shift, find_gaps
from ioc.duty.standing import compare
from ioc.duty.watches import load_shifts
from ioc.people import Access
from ioc.people.accounts import load_areas
from ioc.people.areas import AreaTree
from ioc.store.tables import users
from ioc.web.api.duty_shapes import DAYS
from ioc.web.identity import Reader, TheCentre
from ioc.web.pages.login import home_of
from ioc.web.pages.standing import read_standing
from ioc.web.presentation import Wording, month_of, month_span
from ioc.web.reading.duty import DutyNow, areas_read, own_area, read_duty, read_names
from ioc.web.reading.head import read_head
from ioc.web.reading.places import area_names
from ioc.web.rendering import ThePage

router = APIRouter(include_in_schema=False)

Month = Annotated[str | None, Query(alias="thang", max_length=7)]
_MOST_GAPS = 8
_PAST_SHOWN = timedelta(days=31)
"""Exceptions that are over for longer are of no use on the page."""


@dataclass(frozen=True, kw_only=True)
class _Gaps:
    area: str
    said: tuple[str, ...]


@router.get("/truc-ban")
async def show_roster(centre: TheCentre, access: Reader, page: ThePage) -> HTMLResponse:
    """Who is on duty where, every week and on single days; leaders and administrators change it."""
    names = area_names(centre.settings)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
        shifts = await load_shifts(connection, area_ids=await areas_read(connection, access))
        area_ids = await _areas_shown(connection, access, shifts)
        duties = [await _duty(connection, centre, access, area_id) for area_id in area_ids]
        logins = {login for shift in shifts for login in shift.crew.logins}
        people = await read_names(connection, logins)
        closed = await connection.scalars(
            select(users.c.login).where(users.c.login.in_(logins), users.c.disabled.is_(True))
        )
        eligible = await _eligible(connection, access, names)
        tree = await load_areas(connection)
    oldest = page.wording.now.astimezone(page.wording.zone).date() - _PAST_SHOWN
    return page.answer(
        "roster.html",
        tab="duty",
        head=head,
        areas=names,
        duties=duties,
        weekly=[shift for shift in shifts if not shift.is_dated],
        dated=[shift for shift in shifts if shift.last_day and shift.last_day >= oldest],
        gaps=_gaps(shifts, tree, names, page.wording),
        people=people,
        closed=set(closed),
        day_names=DAYS,
        days=lambda shift: _days(shift, page.wording),
        hours=lambda shift: _hours(shift, page.wording),
        eligible=eligible,
        may_set=access.may_set_roster,
    )


@router.get("/manh/truc")
async def show_on_duty(centre: TheCentre, access: Reader, page: ThePage) -> HTMLResponse:
    """Who is on duty, for the top bar."""
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
    return page.answer("on_duty.html", head=head)


@router.get("/giao-ca")
async def show_handover(centre: TheCentre, access: Reader, page: ThePage) -> Response:
    """What stands now, and what was handed over and waits to be taken over."""
    if not access.may_open_console:
        return RedirectResponse(home_of(access), status_code=303)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
        area_id = await own_area(connection, access)
        newest = await handovers.find_newest(connection, area_id)
        standing = await read_standing(connection, centre, access, area_id=area_id)
    waiting = newest if newest is not None and newest.takeover is None else None
    return page.answer(
        "handover.html",
        tab="handover",
        head=head,
        area=area_names(centre.settings).get(area_id, area_id),
        standing=standing,
        waiting=waiting,
        changes=compare(waiting.standing, standing) if waiting else None,
        may_hand_over=access.may_hand_over,
    )


@router.get("/so-truc")
async def show_log(
    centre: TheCentre, access: Reader, page: ThePage, month: Month = None
) -> Response:
    """The duty log of a month, newest first."""
    return await _show_log(centre, access, page, month, template="duty_log.html")


@router.get("/so-truc/in")
async def show_printed_log(
    centre: TheCentre, access: Reader, page: ThePage, month: Month = None
) -> Response:
    """The duty log of a month for paper, oldest first, one hand-over a page."""
    return await _show_log(centre, access, page, month, template="duty_log_printed.html")


async def _show_log(
    centre: Centre, access: Access, page: ThePage, month: str | None, *, template: str
) -> Response:
    if not access.may_open_console:
        return RedirectResponse(home_of(access), status_code=303)
    wording = page.wording
    chosen = _month(month, wording)
    since, until = month_span(chosen, wording.zone)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
        found = await handovers.find_between(
            connection, area_ids=access.area_ids, since=since, until=until
        )
        newest = {
            each.area_id: await handovers.find_newest(connection, each.area_id) for each in found
        }
    last = {area_id: each.number for area_id, each in newest.items() if each is not None}
    year, number = chosen.split("-")
    return page.answer(
        template,
        tab="handover",
        head=head,
        areas=area_names(centre.settings),
        records=found,
        is_replaced=lambda each: each.takeover is None and last.get(each.area_id) != each.number,
        month=chosen,
        month_said=f"{number}/{year}",
    )


async def _duty(
    connection: AsyncConnection, centre: Centre, access: Access, area_id: str
) -> DutyNow:
    zone = centre.settings.commune.zone
    return await read_duty(connection, access, at=centre.clock.now(), zone=zone, area_id=area_id)


async def _areas_shown(
    connection: AsyncConnection, access: Access, shifts: Sequence[Shift]
) -> list[str]:
    """Return one's own area and those with shifts of their own."""
    own = await own_area(connection, access)
    return list(dict.fromkeys([own, *(shift.area_id for shift in shifts)]))


async def _eligible(
    connection: AsyncConnection, access: Access, names: dict[str, str]
) -> dict[str, dict[str, str]]:
    """Return who may be on duty, by area; nothing for who may not change the roster."""
    if not access.may_set_roster:
        return {}
    mine = [area_id for area_id in names if area_id in access.area_ids]
    return {area_id: await editing.people_for(connection, area_id) for area_id in mine}


def _days(shift: Shift, wording: Wording) -> str:
    words = wording.words
    if shift.first_day is not None and shift.last_day is not None:
        first, last = (f"{day:%d/%m/%Y}" for day in (shift.first_day, shift.last_day))
        return first if first == last else words("duty.from_to", begins=first, ends=last)
    if len(shift.days) == len(DAYS):
        return words("duty.every_day")
    return ", ".join(words(f"duty.{DAYS[day]}") for day in sorted(shift.days))


def _hours(shift: Shift, wording: Wording) -> str:
    words = wording.words
    ends = f"{shift.ends:%H:%M}"
    if shift.ends <= shift.begins:
        ends = words("duty.next_day", ends=ends)
    return words("duty.from_to", begins=f"{shift.begins:%H:%M}", ends=ends)


def _gaps(
    shifts: Sequence[Shift], tree: AreaTree, names: dict[str, str], wording: Wording
) -> list[_Gaps]:
    """Return when nobody is on duty in areas with weekly shifts, for whoever plans.

    What an area leaves open below another with shifts of its own is that one's.
    """
    areas = dict.fromkeys(shift.area_id for shift in shifts if not shift.is_dated)
    found = []
    for area_id in (each for each in areas if not set(tree.path(each)[1:]) & set(areas)):
        gaps = find_gaps(shifts, area_id)
        if gaps:
            said = [_gap(*gap, wording) for gap in gaps[:_MOST_GAPS]]
            if len(gaps) > _MOST_GAPS:
                said.append(wording.words("handover.more", n=len(gaps) - _MOST_GAPS))
            found.append(_Gaps(area=names.get(area_id, area_id), said=tuple(said)))
    return found


def _gap(begins: datetime, ends: datetime, wording: Wording) -> str:
    words = wording.words
    return words(
        "duty.gap",
        day=words(f"duty.{DAYS[begins.weekday()]}"),
        begins=f"{begins:%H:%M}",
        until_day=words(f"duty.{DAYS[ends.weekday()]}"),
        ends=f"{ends:%H:%M}",
    )


def _month(asked: str | None, wording: Wording) -> str:
    this = month_of(wording.now, wording.zone)
    if asked is None or len(asked) != len(this):
        return this
    try:
        year, number = int(asked[:4]), int(asked[5:])
    except ValueError:
        return this
    fits = asked[4] == "-" and 2000 <= year <= 2099 and 1 <= number <= 12
    return f"{year:04d}-{number:02d}" if fits else this
