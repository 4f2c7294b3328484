"""The phone page, on which a hamlet head speaks to the hamlet."""

from fastapi import APIRouter
from markupsafe import Markup
from starlette.responses import Response

from ioc.centre import Centre
from ioc.people import Access, Refusal
from ioc.web.identity import Reader, TheCentre
from ioc.web.pages.proofs import render_proofs
from ioc.web.pages.speaking import describe_loudspeaker
from ioc.web.reading.broadcasts import latest_broadcast_of
from ioc.web.reading.head import read_head
from ioc.web.reading.places import area_names
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
    )


def _own_place(centre: Centre, access: Access) -> str:
    """Return the top of the person's own areas, as it is spoken of."""
    names = area_names(centre.settings)
    own = [area for area in centre.settings.areas if area.area_id in access.area_ids]
    tops = [area for area in own if area.parent_id not in access.area_ids]
    return names[tops[0].area_id] if tops else centre.settings.commune.name


async def _recent(centre: Centre, access: Access, page: Page) -> Markup | None:
    async with centre.store.read() as connection:
        broadcast_id = await latest_broadcast_of(connection, access.login)
    if broadcast_id is None:
        return None
    try:
        return await render_proofs(centre, access, page, broadcast_id)
    except Refusal:  # its loudspeakers have since moved to another area
        return None
