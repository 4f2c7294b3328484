"""The page where announcements are made: typed, recorded, put together, or passed on."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse, Response

from ioc.broadcasts.sources import LANGUAGES
from ioc.broadcasts.sources.studio import require_a_voice
from ioc.broadcasts.sources.vocabulary import DAYS
from ioc.sounds import CHIMES
from ioc.web.identity import Reader, TheCentre
from ioc.web.pages.speaking import describe_loudspeaker
from ioc.web.reading.head import read_head
from ioc.web.reading.places import area_names
from ioc.web.rendering import ThePage

router = APIRouter(include_in_schema=False)


@router.get("/phat-thanh")
async def show_broadcasting(centre: TheCentre, access: Reader, page: ThePage) -> Response:
    """Make an announcement, hear it, choose loudspeakers, send it, see the proof."""
    require_a_voice(access)
    names = area_names(centre.settings)
    speakers = await centre.voice.loudspeakers(access)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
    return page.answer(
        "broadcasting.html",
        tab="broadcasting",
        head=head,
        speakers=[
            (describe_loudspeaker(page, each, near=True), names.get(each.area_id, each.area_id))
            for each in speakers
        ],
        clusters=len({each.area_id for each in speakers}),
        chimes=CHIMES,
        languages=LANGUAGES,
        days=DAYS,
        stations=centre.voice.studio.sources.stations,
        may_relay_any=access.may_administer,
        may_speak_emergencies=access.may_speak_emergencies,
    )


@router.get("/cau-ghi-san")
async def show_phrases(centre: TheCentre, access: Reader, page: ThePage) -> Response:
    """Record what sentences in minority languages are put together from."""
    require_a_voice(access)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
    return page.answer(
        "phrases.html",
        tab="broadcasting",
        head=head,
        languages=LANGUAGES,
        may_edit=access.may_speak_emergencies,
    )


@router.get("/manh/dau-trang")
async def show_head(centre: TheCentre, access: Reader, page: ThePage) -> HTMLResponse:
    """The counts of the top bar, to be merged into a page that shows no alarms itself."""
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
    return page.answer("only_counts.html", head=head)
