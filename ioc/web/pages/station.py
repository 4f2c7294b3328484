"""The station's pages: the log, the monthly report for printing, and talk-downs."""

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ioc.broadcasts import Delivery, Loudspeaker
from ioc.station import LogLine, TalkDownView
from ioc.station.monthly import count
from ioc.web.identity import Reader, TheCentre
from ioc.web.pages.login import home_of
from ioc.web.pages.saying import proven_state
from ioc.web.presentation import month_of, month_span
from ioc.web.reading.devices import list_devices
from ioc.web.reading.head import read_head
from ioc.web.reading.places import read_places
from ioc.web.rendering import ThePage

router = APIRouter(include_in_schema=False)

Month = Annotated[str | None, Query(alias="thang", pattern=r"^\d{4}-(0[1-9]|1[0-2])$")]
_FIRST_YEAR, _LAST_YEAR = 2000, 8999


@router.get("/nhat-ky-phat-thanh")
async def show_log(
    centre: TheCentre, access: Reader, page: ThePage, month: Month = None
) -> Response:
    """Every broadcast of a month, newest first, with what each loudspeaker did."""
    if not access.may_open_console:
        return RedirectResponse(home_of(access), status_code=303)
    wording = page.wording
    chosen = _month(month, now=wording.now, zone=wording.zone)
    since, until = month_span(chosen, wording.zone)
    entries = await centre.station.log(access, since=since, until=until)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
    return page.answer(
        "station_log.html",
        tab="station_log",
        head=head,
        month=chosen,
        since=since,
        until=until,
        entries=tuple(reversed(entries)),
        proven=_proven,
    )


@router.get("/nhat-ky-phat-thanh/bao-cao")
async def show_report(
    centre: TheCentre, access: Reader, page: ThePage, month: Month = None
) -> Response:
    """A month in numbers, to be printed and signed."""
    if not access.may_open_console:
        return RedirectResponse(home_of(access), status_code=303)
    wording = page.wording
    chosen = _month(month, now=wording.now, zone=wording.zone)
    since, until = month_span(chosen, wording.zone)
    entries = await centre.station.log(access, since=since, until=until)
    year, number = chosen.split("-")
    return page.answer("monthly.html", report=count(entries), month=f"{number}/{year}")


@router.get("/nhac-qua-loa")
async def show_talk_downs(centre: TheCentre, access: Reader, page: ThePage) -> Response:
    """What gateways say by themselves, and a form for more."""
    if not access.may_open_console:
        return RedirectResponse(home_of(access), status_code=303)
    kept = await centre.station.talk_downs(access)
    speakers = await centre.voice.loudspeakers(access)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
        places = await read_places(connection, centre.settings)
        devices = await list_devices(connection, access)
    cameras = [each for each in devices if each.device_kind == "camera" and each.present]
    return page.answer(
        "talk_downs.html",
        tab="talk_downs",
        head=head,
        places=places,
        kept=kept,
        cameras=cameras,
        speakers=speakers,
        told=_told,
        names=lambda view: _names(view, speakers),
        may_set=access.may_set_talk_downs,
    )


@router.get("/manh/nhac-qua-loa-tu-dong")
async def show_kept(centre: TheCentre, access: Reader, page: ThePage) -> HTMLResponse:
    """The list of talk-downs, to be merged into the page."""
    kept = await centre.station.talk_downs(access)
    speakers = await centre.voice.loudspeakers(access)
    async with centre.store.read() as connection:
        places = await read_places(connection, centre.settings)
        head = await read_head(connection, access, centre)
    return page.answer(
        "talk_down_list_and_counts.html",
        head=head,
        places=places,
        kept=kept,
        told=_told,
        names=lambda view: _names(view, speakers),
        may_set=access.may_set_talk_downs,
    )


def _month(asked: str | None, *, now: datetime, zone: ZoneInfo) -> str:
    if asked is not None and _FIRST_YEAR <= int(asked[:4]) <= _LAST_YEAR:
        return asked
    return month_of(now, zone)


def _proven(line: LogLine | Delivery) -> str:
    return proven_state(line.state, line.hearing)


def _told(view: TalkDownView) -> str:
    if view.told in ("done", "pending"):
        return view.told
    return "failed" if view.told else "none"


def _names(view: TalkDownView, speakers: tuple[Loudspeaker, ...]) -> list[str]:
    known = {(each.gateway_id, each.device_id): each.name for each in speakers}
    setting = view.setting
    return [known.get((setting.gateway_id, each), each) for each in setting.loudspeaker_ids]
