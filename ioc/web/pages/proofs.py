"""The proof of one broadcast, loudspeaker by loudspeaker, as a piece of a page."""

from typing import Annotated

from fastapi import APIRouter, Path
from markupsafe import Markup
from starlette.responses import HTMLResponse

from ioc.centre import Centre
from ioc.people import Access
from ioc.web.identity import Reader, TheCentre
from ioc.web.pages.saying import Speech, loudspeaker_of
from ioc.web.reading.broadcasts import decide_verdict, read_told
from ioc.web.reading.places import read_places
from ioc.web.rendering import Page, ThePage

router = APIRouter(include_in_schema=False)


@router.get("/manh/phat/{broadcast_id}")
async def show_proofs(
    centre: TheCentre,
    access: Reader,
    page: ThePage,
    broadcast_id: Annotated[str, Path(max_length=36)],
) -> HTMLResponse:
    """The proof of a broadcast as it stands."""
    return HTMLResponse(await render_proofs(centre, access, page, broadcast_id))


async def render_proofs(centre: Centre, access: Access, page: Page, broadcast_id: str) -> Markup:
    """Return the proof lines and the verdict.

    Raises:
        Refusal: the broadcast does not exist for this person.
    """
    view = await centre.voice.view(access, broadcast_id)
    async with centre.store.read() as connection:
        told = await read_told(connection, view)
        places = await read_places(connection, centre.settings)
    speech = Speech(wording=page.wording, places=places)
    proofs = [
        speech.proof(
            delivery,
            told.get(loudspeaker_of(delivery)),
            may_speak=access.may_speak(delivery.loudspeaker.area_id),
        )
        for delivery in view.deliveries
    ]
    return page.fragment(
        "proofs.html",
        broadcast=view,
        proofs=proofs,
        verdict=decide_verdict(view.deliveries),
        may_speak=any(
            access.may_speak(delivery.loudspeaker.area_id) for delivery in view.deliveries
        ),
    )
