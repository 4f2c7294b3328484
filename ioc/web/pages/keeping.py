"""The page of what is kept: the disk, what is on hold, what was deleted."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import RedirectResponse, Response

from ioc.keeping.books import read_books
from ioc.web.identity import Reader, TheCentre
from ioc.web.pages.login import home_of
from ioc.web.pages.saying import Speech
from ioc.web.reading.alarms import find_alarm, find_alarms
from ioc.web.reading.duty import read_names
from ioc.web.reading.head import read_head
from ioc.web.reading.places import read_places
from ioc.web.rendering import ThePage

router = APIRouter(include_in_schema=False)

Asked = Annotated[str | None, Query(alias="canh-bao", max_length=36)]


@router.get("/luu-giu")
async def show_keeping(
    centre: TheCentre, access: Reader, page: ThePage, asked: Asked = None
) -> Response:
    """What is kept; with an alarm in the address also a form that puts it on hold."""
    if not access.may_open_console:
        return RedirectResponse(home_of(access), status_code=303)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
        books = await read_books(connection, area_ids=access.area_ids)
        alarm = await find_alarm(connection, access, asked) if asked else None
        held = await find_alarms(connection, access, [each.alarm_id for each in books.holds])
        people = await read_names(connection, {each.login for each in books.holds})
        places = await read_places(connection, centre.settings)
    return page.answer(
        "keeping.html",
        tab="keeping",
        head=head,
        books=books,
        kept=centre.settings.retention,
        alarm=alarm,
        held=held,
        people=people,
        heading=Speech(wording=page.wording, places=places).heading,
        may_hold=access.may_hold,
        # As with the alarm that there is none: it is about the whole commune.
        shows_backup=access.may_see(centre.settings.root_area_id),
        backup=centre.backup,
    )
