"""The address of the server-sent events."""

from typing import Annotated

from fastapi import APIRouter, Header, Query, Request
from sqlalchemy import func, select
from starlette.responses import StreamingResponse

from ioc.centre import Centre
from ioc.store.tables import journal
from ioc.web.feed import follow
from ioc.web.identity import SESSION_COOKIE, TheCentre, TheSession

router = APIRouter(include_in_schema=False)


@router.get("/events")
async def stream_changes(
    request: Request,
    centre: TheCentre,
    _session: TheSession,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """What changes from now on, or since the number the browser saw last."""
    number = await _begin(centre, last_event_id, after)
    frames = follow(centre, request.cookies.get(SESSION_COOKIE, ""), after=number)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(frames, media_type="text/event-stream", headers=headers)


async def _begin(centre: Centre, last_event_id: str | None, after: int | None) -> int:
    async with centre.store.read() as connection:
        newest = int(await connection.scalar(select(func.max(journal.c.number))) or 0)
    if last_event_id is not None and last_event_id.isdecimal():
        seen = int(last_event_id[:18])
    else:
        seen = newest if after is None else after
    # A number from before a restore would wait for ever for a future that never comes.
    return min(seen, newest)
