"""The station as JSON: talk-downs, self-tests of loudspeakers, the log, and the log as a table."""

from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import StreamingResponse

from ioc.station.table import write_table
from ioc.web.api.shapes import Instant, Text
from ioc.web.api.station_shapes import (
    KeptTalkDown,
    LogEntryShape,
    OrderedTest,
    TalkDownShape,
    TestShape,
)
from ioc.web.errors import Refused
from ioc.web.identity import Actor, Reader, TheCentre
from ioc.web.rendering import ThePage

router = APIRouter(prefix="/api", tags=["station"])

TalkDownId = Annotated[Text, Path(max_length=36)]
_LONGEST = timedelta(days=366)


@router.get("/talk-downs")
async def read_talk_downs(centre: TheCentre, access: Reader) -> list[KeptTalkDown]:
    """What gateways say by themselves, at the cameras of one's areas."""
    return [KeptTalkDown.of(view) for view in await centre.station.talk_downs(access)]


@router.post("/talk-downs", status_code=201)
async def add_talk_down(centre: TheCentre, access: Actor, body: TalkDownShape) -> KeptTalkDown:
    """Have something said at a camera."""
    talk_down_id = await centre.station.set_talk_down(access, body.setting)
    return await _kept(centre, access, talk_down_id)


@router.post("/talk-downs/{talk_down_id}")
async def change_talk_down(
    centre: TheCentre, access: Actor, talk_down_id: TalkDownId, body: TalkDownShape
) -> KeptTalkDown:
    """Change what is said at a camera."""
    await centre.station.set_talk_down(access, body.setting, talk_down_id=talk_down_id)
    return await _kept(centre, access, talk_down_id)


@router.post("/talk-downs/{talk_down_id}/remove")
async def remove_talk_down(
    centre: TheCentre, access: Actor, talk_down_id: TalkDownId
) -> list[KeptTalkDown]:
    """Have it said no more; answers what is left."""
    await centre.station.forget_talk_down(access, talk_down_id)
    return await read_talk_downs(centre, access)


@router.post("/loudspeaker-tests", status_code=201)
async def test_loudspeakers(centre: TheCentre, access: Actor, body: TestShape) -> OrderedTest:
    """Have loudspeakers play a short quiet tone."""
    test_id = await centre.station.test(access, [each.key for each in body.loudspeakers])
    return OrderedTest(test_id=test_id)


@router.get("/station-log")
async def read_station_log(
    centre: TheCentre,
    access: Reader,
    since: Annotated[Instant, Query()],
    until: Annotated[Instant, Query()],
) -> list[LogEntryShape]:
    """Who had what said where and when, how long it sounded, and whether it was heard."""
    _check_span(since, until)
    entries = await centre.station.log(access, since=since, until=until)
    return [LogEntryShape.of(entry) for entry in entries]


@router.get(
    "/station-log.csv",
    response_class=StreamingResponse,
    responses={200: {"description": "The table.", "content": {"text/csv": {}}}},
)
async def read_station_table(
    centre: TheCentre,
    access: Reader,
    page: ThePage,
    since: Annotated[Instant, Query()],
    until: Annotated[Instant, Query()],
) -> StreamingResponse:
    """The same as a table for spreadsheets: a row per loudspeaker, in the commune's time."""
    _check_span(since, until)
    entries = await centre.station.log(access, since=since, until=until)
    wording = page.wording

    def local(instant: datetime) -> str:
        return f"{instant.astimezone(wording.zone):%Y-%m-%d %H:%M:%S}"

    def heading(column: str) -> str:
        return wording.words(f"log_column.{column}")

    name = f"nhat-ky-phat-thanh-{since.astimezone(wording.zone):%Y-%m-%d}.csv"
    return StreamingResponse(
        write_table(entries, heading=heading, local=local),
        media_type="text/csv; charset=utf-8",
        headers={
            "content-disposition": f'attachment; filename="{name}"',
            "cache-control": "private, no-cache",
        },
    )


async def _kept(centre: TheCentre, access: Actor, talk_down_id: str) -> KeptTalkDown:
    for view in await centre.station.talk_downs(access):
        if view.talk_down_id == talk_down_id:
            return KeptTalkDown.of(view)
    raise Refused("not_found", status_code=404)


def _check_span(since: datetime, until: datetime) -> None:
    if not timedelta() < until - since <= _LONGEST:
        raise Refused("wrong_span", status_code=422)
