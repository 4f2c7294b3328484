"""The page of rules: what is in force, and the text for who may change it."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from ioc.web.identity import Reader, TheCentre
from ioc.web.pages.login import home_of
from ioc.web.reading.head import read_head
from ioc.web.rendering import ThePage

router = APIRouter(include_in_schema=False)


@router.get("/quy-tac")
async def show_rules(centre: TheCentre, access: Reader, page: ThePage) -> Response:
    """The rules, each with its switch, and the text below."""
    if not access.may_open_console:
        return RedirectResponse(home_of(access), status_code=303)
    book = await centre.rules.read(access)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
    return page.answer("rules.html", tab="rules", head=head, book=book)


@router.get("/manh/quy-tac")
async def show_list(centre: TheCentre, access: Reader, page: ThePage) -> HTMLResponse:
    """The list of rules, to be merged into the page."""
    book = await centre.rules.read(access)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
    return page.answer("rule_list_and_counts.html", head=head, book=book)
