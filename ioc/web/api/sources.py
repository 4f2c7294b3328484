"""Where announcements come from, as JSON: recordings, phrases of minority languages, relays."""

import asyncio
from collections.abc import AsyncIterator
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from ioc.broadcasts.sources import LANGUAGES
from ioc.broadcasts.sources.studio import require_a_voice
from ioc.web.api.broadcast_shapes import BroadcastShape, PreviewShape
from ioc.web.api.broadcasts import order_once, shape_of
from ioc.web.api.shapes import Sha256Text, Text
from ioc.web.api.source_shapes import (
    BankShape,
    MadeShape,
    NameShape,
    PatternShape,
    PhraseOrderShape,
    RecordingShape,
    RelayShape,
    StationShape,
)
from ioc.web.errors import Refused
from ioc.web.identity import Actor, Reader, TheCentre
from ioc.web.openapi.bodies import takes_file

router = APIRouter(prefix="/api", tags=["sources"])

Sha256 = Annotated[Sha256Text, Path()]
Language = Annotated[Text, Path(max_length=12)]
Title = Annotated[Text, Query(max_length=200)]
Key = Annotated[Text, Query(max_length=80)]
_SILENCE_S = 60.0
"""A phone on a weak network may pause; one that has gone must not hold a file open."""


@router.post("/recordings", status_code=201, openapi_extra=takes_file("*/*"))
async def take_recording(
    request: Request,
    centre: TheCentre,
    access: Actor,
    title: Title = "",
    purpose: Literal["voice", "file"] = "voice",
) -> PreviewShape:
    """Take a recording (the body as it is), trimmed, cleaned and levelled; listen before sending."""
    preview = await centre.voice.studio.take_recording(
        access, _timely(request), purpose=purpose, title=title
    )
    return PreviewShape.model_validate(preview)


@router.post("/recordings/{sha256}/preview")
async def preview_recording(
    centre: TheCentre, access: Actor, sha256: Sha256, body: RecordingShape
) -> PreviewShape:
    """Put chimes and the words of a drill around a recording of one's own."""
    preview = await centre.voice.studio.preview_recording(
        access, sha256, title=body.title, framing=body.framing
    )
    return PreviewShape.model_validate(preview)


@router.get("/stations")
async def read_stations(centre: TheCentre, access: Reader) -> list[StationShape]:
    """The stations that everybody who may speak may relay."""
    require_a_voice(access)
    stations = centre.voice.studio.sources.stations
    return [StationShape.model_validate(station) for station in stations]


@router.post("/relays", status_code=201)
async def order_relay(
    request: Request, centre: TheCentre, access: Actor, body: RelayShape
) -> BroadcastShape:
    """Have a stream passed on; the gateways open it, the centre never does."""
    broadcast_id = await order_once(request, centre, access, body.order, body.request_id)
    return await shape_of(centre, access, broadcast_id)


@router.get("/phrases")
async def read_languages(access: Reader) -> dict[str, str]:
    """The languages of the phrase bank."""
    require_a_voice(access)
    return LANGUAGES


@router.get("/phrases/{language}")
async def read_bank(centre: TheCentre, access: Reader, language: Language) -> BankShape:
    """Sentences, places, recordings of a language, and what is still to be recorded."""
    require_a_voice(access)
    return BankShape.of(await centre.voice.studio.phrases.read(language))


@router.post("/phrases/{language}/recordings", status_code=204, openapi_extra=takes_file("*/*"))
async def record_phrase(
    request: Request, centre: TheCentre, access: Actor, language: Language, key: Key
) -> Response:
    """Take a recording of one phrase (the body as it is) in place of an earlier one."""
    await centre.voice.studio.record_phrase(access, _timely(request), language=language, key=key)
    return Response(status_code=204)


@router.post("/phrases/{language}/preview")
async def preview_phrases(
    centre: TheCentre, access: Actor, language: Language, body: PhraseOrderShape
) -> PreviewShape:
    """Put a sentence together; what is missing is named and nothing is made."""
    preview = await centre.voice.studio.preview_phrases(
        access, body.order(language), framing=body.framing
    )
    return PreviewShape.model_validate(preview)


@router.post("/phrase-templates", status_code=201)
async def add_template(centre: TheCentre, access: Actor, body: PatternShape) -> MadeShape:
    """Add a sentence with slots."""
    made_id = await centre.voice.studio.phrases.add_template(access, body.pattern)
    return MadeShape(made_id=made_id)


@router.post("/phrase-templates/{template_id}/remove", status_code=204)
async def remove_template(
    centre: TheCentre, access: Actor, template_id: Annotated[Text, Path(max_length=36)]
) -> Response:
    """Remove a sentence with the recordings of its own words."""
    await centre.voice.studio.phrases.remove_template(access, template_id)
    return Response(status_code=204)


@router.post("/phrase-places", status_code=201)
async def add_place(centre: TheCentre, access: Actor, body: NameShape) -> MadeShape:
    """Add a place that sentences may name."""
    made_id = await centre.voice.studio.phrases.add_place(access, body.name)
    return MadeShape(made_id=made_id)


async def _timely(request: Request) -> AsyncIterator[bytes]:
    """Give the body as it comes; whoever falls silent for a minute is let go."""
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(_SILENCE_S):
                chunk = await anext(stream)
        except StopAsyncIteration:
            return
        except (TimeoutError, ClientDisconnect) as error:
            raise Refused("upload_broken", status_code=408) from error
        yield chunk
