"""Handing over and taking over a shift as JSON, and the duty log that comes of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.duty import handovers
from ioc.duty.handovers import Handover
from ioc.duty.refusals import handover_unknown
from ioc.people import Access
from ioc.web.api.duty_shapes import HandoverShape, NewHandover, Piles, piles_of
from ioc.web.api.shapes import Shape
from ioc.web.errors import Refused
from ioc.web.identity import Actor, Reader, TheCentre
from ioc.web.pages.standing import read_standing
from ioc.web.presentation import month_of, month_span
from ioc.web.reading.duty import own_area

router = APIRouter(prefix="/api", tags=["duty"])

Number = Annotated[int, Path(ge=1, le=2**53 - 1)]
Month = Annotated[str | None, Query(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$")]


class StandingShape(Shape):
    """What the next shift must know of, as it stands now."""

    area_id: str
    standing: Piles


@router.get("/handovers")
async def list_handovers(
    centre: TheCentre, access: Reader, month: Month = None
) -> list[HandoverShape]:
    """The duty log of a month (`2026-11`), oldest first; by default this one."""
    _check_reader(access)
    zone, now = centre.settings.commune.zone, centre.clock.now()
    since, until = month_span(month or month_of(now, zone), zone)
    async with centre.store.read() as connection:
        found = await handovers.find_between(
            connection, area_ids=access.area_ids, since=since, until=until
        )
    return [HandoverShape.of(each) for each in found]


@router.get("/handovers/standing")
async def read_what_stands(centre: TheCentre, access: Reader) -> StandingShape:
    """What would be handed over now, where one's own account belongs."""
    _check_reader(access)
    async with centre.store.read() as connection:
        area_id = await own_area(connection, access)
        standing = await read_standing(connection, centre, access, area_id=area_id)
    return StandingShape(area_id=area_id, standing=piles_of(standing))


@router.get("/handovers/{number}")
async def read_handover(centre: TheCentre, access: Reader, number: Number) -> HandoverShape:
    """One page of the duty log."""
    _check_reader(access)
    async with centre.store.read() as connection:
        return HandoverShape.of(await _find(connection, access, number))


@router.post("/handovers", status_code=201)
async def hand_over(centre: TheCentre, access: Actor, wanted: NewHandover) -> HandoverShape:
    """Hand over the shift of one's own area; what stands now is kept as it is."""
    _check_keeper(access)
    now = centre.clock.now()
    async with centre.store.begin() as connection:
        area_id = await own_area(connection, access)
        standing = await read_standing(connection, centre, access, area_id=area_id)
        number = await handovers.offer(
            connection, standing, area_id=area_id, note=wanted.note, by=access, at=now
        )
        return HandoverShape.of(await _find(connection, access, number))


@router.post("/handovers/{number}/accept")
async def take_over(
    centre: TheCentre, access: Actor, number: Number, wanted: NewHandover
) -> HandoverShape:
    """Take over a shift that somebody else has handed over; what has changed since is kept too."""
    _check_keeper(access)
    now = centre.clock.now()
    async with centre.store.begin() as connection:
        offered = await _find(connection, access, number)
        standing = await read_standing(connection, centre, access, area_id=offered.area_id)
        await handovers.accept(connection, number, standing, note=wanted.note, by=access, at=now)
        return HandoverShape.of(await _find(connection, access, number))


async def _find(connection: AsyncConnection, access: Access, number: int) -> Handover:
    found = await handovers.find(connection, number)
    if found is None or not access.may_see(found.area_id):
        raise handover_unknown()
    return found


def _check_reader(access: Access) -> None:
    if not access.may_open_console:
        raise Refused("forbidden", status_code=403)


def _check_keeper(access: Access) -> None:
    if not access.may_hand_over:
        raise Refused("forbidden", status_code=403)
