"""The phone page, on which a hamlet head speaks to the hamlet and answers for what was assigned."""

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import HTMLResponse, Response

from ioc.centre import Centre
from ioc.people import Access, Refusal
from ioc.web.identity import Reader, TheCentre
from ioc.web.pages.proofs import render_proofs
from ioc.web.pages.saying import Speech
from ioc.web.pages.speaking import describe_loudspeaker
from ioc.web.reading.alarms import list_alarms
from ioc.web.reading.broadcasts import latest_broadcast_of
from ioc.web.reading.head import read_head
from ioc.web.reading.places import area_names, read_places
from ioc.web.rendering import Page, ThePage

router = APIRouter(include_in_schema=False)


@router.get("/loa")
async def show_phone(centre: TheCentre, access: Reader, page: ThePage) -> Response:
    """Write, hear, send, and see the proof."""
    loudspeakers = await centre.voice.loudspeakers(access)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
    return page.answer(
        "phone.html",
        head=head,
        place=_own_place(centre, access),
        loudspeakers=[describe_loudspeaker(page, each, near=True) for each in loudspeakers],
        recent=await _recent(centre, access, page),
        tasks=await _tasks(centre, access, page),
    )


@router.get("/manh/viec-duoc-giao")
async def show_tasks(centre: TheCentre, access: Reader, page: ThePage) -> HTMLResponse:
    """The alarms that the person was given, as they stand."""
    return HTMLResponse(await _tasks(centre, access, page))


def _own_place(centre: Centre, access: Access) -> str:
    """Return the top of the person's own areas, as it is spoken of."""
    names = area_names(centre.settings)
    own = [area for area in centre.settings.areas if area.area_id in access.area_ids]
    tops = [area for area in own if area.parent_id not in access.area_ids]
    return names[tops[0].area_id] if tops else centre.settings.commune.name


async def _tasks(centre: Centre, access: Access, page: Page) -> Markup:
    async with centre.store.read() as connection:
        in_progress = await list_alarms(connection, access, tab="in_progress")
        places = await read_places(connection, centre.settings)
    speech = Speech(wording=page.wording, places=places)
    return page.fragment(
        "tasks.html",
        tasks=[each for each in in_progress if each.assigned_to == access.login],
        heading=speech.heading,
        in_hand=speech.in_hand,
    )


async def _recent(centre: Centre, access: Access, page: Page) -> Markup | None:
    async with centre.store.read() as connection:
        broadcast_id = await latest_broadcast_of(connection, access.login)
    if broadcast_id is None:
        return None
    try:
        return await render_proofs(centre, access, page, broadcast_id)
    except Refusal:  # its loudspeakers have since moved to another area
        return None
