"""The address of the server-sent events."""

from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import StreamingResponse

from ioc.web.identity import SESSION_COOKIE, TheSession

if TYPE_CHECKING:
    from ioc.web.feed import Feed

router = APIRouter(include_in_schema=False)


@router.get("/events")
async def stream_changes(
    request: Request,
    _session: TheSession,
    after: Annotated[int | None, Query(ge=0)] = None,
    last_event_id: Annotated[str | None, Header()] = None,
) -> StreamingResponse:
    """What changes from now on, or since the number the browser saw last."""
    feed: Feed = request.app.state.feed
    newest = await feed.newest()
    # A number from before a restore would wait for ever for a future that never comes.
    number = min(_seen(last_event_id, newest if after is None else after), newest)
    frames = feed.follow(request.cookies.get(SESSION_COOKIE, ""), after=number)
    headers = {"cache-control": "no-store", "x-accel-buffering": "no"}
    return StreamingResponse(frames, media_type="text/event-stream", headers=headers)


def _seen(last_event_id: str | None, otherwise: int) -> int:
    if last_event_id is not None and last_event_id.isascii() and last_event_id.isdecimal():
        return int(last_event_id[:18])
    return otherwise
