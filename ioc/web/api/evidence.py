"""Evidence pictures and clips, for those whose areas hold their alarm."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path, Request
from sqlalchemy import select
from starlette.responses import FileResponse, Response

from ioc.store.tables import alarms, evidence
from ioc.web.api.shapes import Sha256Text
from ioc.web.errors import Refused
from ioc.web.identity import Reader, TheCentre
from ioc.web.openapi.bodies import gives_file

router = APIRouter(prefix="/api", tags=["evidence"])


@router.get(
    "/evidence/{sha256}",
    response_class=FileResponse,
    responses=gives_file("image/jpeg", "video/mp4", description="A picture or a clip."),
)
async def read_evidence(
    request: Request,
    centre: TheCentre,
    access: Reader,
    sha256: Annotated[Sha256Text, Path()],
) -> Response:
    """A picture or a clip; of a clip also parts of it, as players ask for them."""
    async with centre.store.read() as connection:
        rows = await connection.execute(
            select(evidence.c.state, evidence.c.media_type)
            .join(alarms, alarms.c.alarm_id == evidence.c.alarm_id)
            .where(evidence.c.sha256 == sha256, alarms.c.area_id.in_(access.area_ids))
        )
        announced = rows.all()
    if not announced:
        raise Refused("not_found", status_code=404)
    # Another gateway may have announced the same bytes and not delivered them.
    stored = sorted({row.media_type for row in announced if row.state == "stored"})
    if not stored:
        raise Refused("evidence_not_stored", status_code=404)
    if not await asyncio.to_thread(centre.evidence.holds, sha256, stored[0]):
        raise Refused("evidence_gone", status_code=404)
    # Named by its content, so it never changes; asked for each time, since rights may.
    headers = {"etag": f'"{sha256}"', "cache-control": "private, no-cache"}
    if request.headers.get("if-none-match") == headers["etag"]:
        return Response(status_code=304, headers=headers)
    path = centre.evidence.path_of(sha256, stored[0])
    return FileResponse(path, media_type=stored[0], headers=headers)
