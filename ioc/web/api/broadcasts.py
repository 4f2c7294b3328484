"""Speaking over loudspeakers as JSON: preview, broadcast, stop, repeat, proof."""

import asyncio
from collections import OrderedDict
from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import FileResponse

from ioc.broadcasts import BroadcastOrder
from ioc.centre import Centre
from ioc.people import Access
from ioc.people.audit import Deed
from ioc.people.audit import write as write_audit
from ioc.store import journal
from ioc.web.api.broadcast_shapes import (
    BroadcastShape,
    LoudspeakerShape,
    OrderShape,
    PreviewShape,
    TextShape,
    UsableLoudspeaker,
)
from ioc.web.api.shapes import Sha256Text, Text
from ioc.web.errors import Refused
from ioc.web.identity import Actor, Reader, TheCentre
from ioc.web.openapi.bodies import gives_file
from ioc.web.reading.broadcasts import TOLD_IN_PERSON, read_told, told_subject

router = APIRouter(prefix="/api", tags=["broadcasts"])

BroadcastId = Annotated[Text, Path(max_length=36)]
_REMEMBERED_ORDERS = 1_000


class RecentOrders:
    """Which request made which broadcast, so that a repeated request speaks once.

    Kept in memory: after a restart a phone that never got its answer asks its owner again.
    """

    def __init__(self) -> None:
        self.turn = asyncio.Lock()
        self._broadcasts: OrderedDict[tuple[str, str], str] = OrderedDict()

    def find(self, login: str, request_id: str) -> str | None:
        """Return the broadcast that this request has made already."""
        return self._broadcasts.get((login, request_id))

    def keep(self, login: str, request_id: str, broadcast_id: str) -> None:
        """Remember what a request made; the oldest are forgotten."""
        self._broadcasts[(login, request_id)] = broadcast_id
        while len(self._broadcasts) > _REMEMBERED_ORDERS:
            self._broadcasts.popitem(last=False)


@router.post("/previews")
async def preview_text(centre: TheCentre, access: Actor, body: TextShape) -> PreviewShape:
    """Render a text as it will sound."""
    preview = await centre.voice.studio.preview_text(
        access, body.text, framing=body.framing, readings=body.readings
    )
    return PreviewShape.model_validate(preview)


@router.get(
    "/audio/{sha256}",
    response_class=FileResponse,
    responses=gives_file("audio/ogg", description="The sound."),
)
async def read_audio(
    centre: TheCentre, access: Reader, sha256: Annotated[Sha256Text, Path()]
) -> FileResponse:
    """The sound of a preview of one's own, or of a broadcast in one's areas."""
    path = await centre.voice.audio_for(access, sha256)
    if path is None:
        raise Refused("not_found", status_code=404)
    headers = {"cache-control": "private, no-cache"}
    return FileResponse(path, media_type="audio/ogg", headers=headers)


@router.get("/loudspeakers")
async def read_loudspeakers(centre: TheCentre, access: Reader) -> list[UsableLoudspeaker]:
    """The loudspeakers the person may use."""
    found = await centre.voice.loudspeakers(access)
    return [UsableLoudspeaker.model_validate(speaker) for speaker in found]


@router.post("/broadcasts", status_code=201)
async def order_broadcast(
    request: Request, centre: TheCentre, access: Actor, body: OrderShape
) -> BroadcastShape:
    """Have what was previewed played; gateways without network get it when they are back."""
    broadcast_id = await order_once(request, centre, access, body.order, body.request_id)
    return await shape_of(centre, access, broadcast_id)


async def order_once(
    request: Request,
    centre: Centre,
    access: Access,
    order: BroadcastOrder,
    request_id: str | None,
) -> str:
    """Order a broadcast unless this request did so already; return the broadcast's id."""
    orders: RecentOrders = request.app.state.recent_orders
    async with orders.turn:
        broadcast_id = request_id and orders.find(access.login, request_id)
        if not broadcast_id:
            broadcast_id = await centre.voice.broadcast(access, order)
            if request_id:
                orders.keep(access.login, request_id, broadcast_id)
    return broadcast_id


@router.get("/broadcasts/{broadcast_id}")
async def read_broadcast(
    centre: TheCentre, access: Reader, broadcast_id: BroadcastId
) -> BroadcastShape:
    """A broadcast and how far each loudspeaker has come; repeats are followed."""
    return await shape_of(centre, access, broadcast_id)


@router.post("/broadcasts/{broadcast_id}/stop")
async def stop_broadcast(
    centre: TheCentre, access: Actor, broadcast_id: BroadcastId
) -> BroadcastShape:
    """Silence it on every loudspeaker of one's areas."""
    await centre.voice.stop(access, broadcast_id)
    return await shape_of(centre, access, broadcast_id)


@router.post("/broadcasts/{broadcast_id}/repeat")
async def repeat_broadcast(
    centre: TheCentre, access: Actor, broadcast_id: BroadcastId, body: LoudspeakerShape
) -> BroadcastShape:
    """Order it once more on one loudspeaker."""
    await centre.voice.repeat(access, broadcast_id, body.key)
    return await shape_of(centre, access, broadcast_id)


@router.post("/broadcasts/{broadcast_id}/told-in-person")
async def told_in_person(
    centre: TheCentre, access: Actor, broadcast_id: BroadcastId, body: LoudspeakerShape
) -> BroadcastShape:
    """Note that somebody told people themselves where the loudspeaker did not."""
    view = await centre.voice.view(access, broadcast_id)
    area_id = next(
        (
            delivery.loudspeaker.area_id
            for delivery in view.deliveries
            if (delivery.loudspeaker.gateway_id, delivery.loudspeaker.device_id) == body.key
        ),
        None,
    )
    if area_id is None:
        raise Refused("not_found", status_code=404)
    if not access.may_speak(area_id):
        raise Refused("forbidden", status_code=403)
    now = centre.clock.now()
    deed = Deed(
        login=access.login,
        action=TOLD_IN_PERSON,
        subject=told_subject(view.broadcast_id, body.key),
    )
    async with centre.store.begin() as connection:
        await write_audit(connection, deed, at=now)
        await journal.write(
            connection,
            subject="broadcast",
            subject_id=view.broadcast_id,
            area_id=area_id,
            at=now,
        )
    return await shape_of(centre, access, broadcast_id)


async def shape_of(centre: Centre, access: Access, broadcast_id: str) -> BroadcastShape:
    """Return a broadcast as answered."""
    view = await centre.voice.view(access, broadcast_id)
    async with centre.store.read() as connection:
        told = await read_told(connection, view)
    return BroadcastShape.of(view, told)
