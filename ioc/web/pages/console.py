"""The console: alarm list and preview, whole or in pieces."""

import asyncio
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from markupsafe import Markup
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ioc.centre import Centre
from ioc.people import Access
from ioc.web.identity import Reader, TheCentre
from ioc.web.pages.login import home_of
from ioc.web.pages.preview import render_preview
from ioc.web.pages.saying import Speech, next_action
from ioc.web.reading.alarms import AlarmView, Tab, list_alarms
from ioc.web.reading.devices import Signal, read_signal
from ioc.web.reading.evidence import pictures_found
from ioc.web.reading.head import read_head
from ioc.web.reading.places import read_places
from ioc.web.rendering import Page, ThePage

router = APIRouter(include_in_schema=False)

AlarmId = Annotated[str, Path(max_length=36)]
_TABS: dict[str, Tab] = {
    "can-xu-ly": "attention",
    "dang-xu-ly": "in_progress",
    "tam-an": "shelved",
    "tat-ca": "all",
}


@router.get("/")
async def show_console(
    centre: TheCentre,
    access: Reader,
    page: ThePage,
    muc: Annotated[str, Query(max_length=20)] = "can-xu-ly",
    canh_bao: Annotated[str, Query(alias="canh-bao", max_length=36)] = "",
) -> Response:
    """The alarm list with the chosen alarm beside it."""
    if not access.may_open_console:
        return RedirectResponse(home_of(access), status_code=303)
    tab = _TABS.get(muc, "attention")
    values = await _rows(centre, access, page, tab)
    return page.answer(
        "console.html",
        rows=page.fragment("rows.html", **values),
        preview=await render_preview(centre, access, page, canh_bao)
        if canh_bao
        else _nothing(page),
        head=values["head"],
        tab=tab,
    )


@router.get("/manh/danh-sach")
async def show_rows(
    centre: TheCentre, access: Reader, page: ThePage, tab: Tab = "attention"
) -> HTMLResponse:
    """The rows and the counts, to be merged into the page."""
    values = await _rows(centre, access, page, tab)
    return page.answer("rows_and_counts.html", **values)


@router.get("/manh/canh-bao/{alarm_id}")
async def show_preview(
    centre: TheCentre, access: Reader, page: ThePage, alarm_id: AlarmId
) -> HTMLResponse:
    """The preview of one alarm."""
    return HTMLResponse(await render_preview(centre, access, page, alarm_id))


async def _rows(centre: Centre, access: Access, page: Page, tab: Tab) -> dict[str, Any]:
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
        alarms = await list_alarms(connection, access, tab=tab)
        places = await read_places(connection, centre.settings)
        signal = await read_signal(connection, access)
    alarms = await asyncio.to_thread(_with_pictures_found, centre, alarms)
    speech = Speech(wording=page.wording, places=places)
    return {
        "alarms": alarms,
        "head": head,
        "tab": tab,
        "empty": _empty(page, signal, tab),
        "what": speech.what,
        "heading": speech.heading,
        "marks": speech.marks,
        "next_action": lambda alarm: next_action(
            alarm,
            may_acknowledge=access.may_acknowledge(alarm.area_id),
            can_speak=access.may_speak(alarm.area_id),
        ),
    }


def _with_pictures_found(centre: Centre, alarms: Iterable[AlarmView]) -> tuple[AlarmView, ...]:
    holds = centre.evidence.holds
    return tuple(replace(alarm, pictures=pictures_found(alarm.pictures, holds)) for alarm in alarms)


def _nothing(page: Page) -> Markup:
    return page.fragment("preview.html", alarm=None)


def _empty(page: Page, signal: Signal, tab: Tab) -> str:
    words = page.wording.words
    if tab != "attention":
        return words(f"alarm.empty_{tab}")
    event = (
        words("alarm.last_event", at=page.wording.at(signal.last_event_at))
        if signal.last_event_at
        else words("alarm.no_event")
    )
    cameras = words("alarm.cameras_heard", online=signal.cameras_online, all=signal.cameras)
    return f"{words('alarm.empty')} {event} {cameras}"
