"""The duty roster as JSON: who is on duty, the shifts, and what leaders change in them."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.duty import editing
from ioc.duty.watches import load_shifts
from ioc.people import Access
from ioc.web.api.duty_shapes import AreaId, DutyShape, NamedShape, NewShift, ShiftShape
from ioc.web.api.shapes import Shape
from ioc.web.errors import Refused
from ioc.web.identity import Actor, Reader, TheCentre
from ioc.web.reading.duty import areas_read, read_duty

router = APIRouter(prefix="/api", tags=["duty"])

Number = Annotated[int, Path(ge=1, le=2**53 - 1)]


class RosterShape(Shape):
    """The shifts of a person's areas and of those above, weekly ones before dated ones."""

    shifts: list[ShiftShape]


@router.get("/duty")
async def read_on_duty(
    centre: TheCentre, access: Reader, area_id: Annotated[AreaId | None, Query()] = None
) -> DutyShape:
    """Who is on duty now, by default where one's own account belongs."""
    if area_id is not None and not access.may_see(area_id):
        raise Refused("not_found", status_code=404)
    async with centre.store.read() as connection:
        zone = centre.settings.commune.zone
        duty = await read_duty(
            connection, access, at=centre.clock.now(), zone=zone, area_id=area_id
        )
    return DutyShape.of(duty)


@router.get("/roster")
async def read_roster(centre: TheCentre, access: Reader) -> RosterShape:
    """The roster."""
    async with centre.store.read() as connection:
        return await _roster(connection, access)


@router.get("/roster/people")
async def read_roster_people(
    centre: TheCentre, access: Reader, area_id: Annotated[AreaId, Query()]
) -> list[NamedShape]:
    """Who may be on duty for an area."""
    if not access.may_see(area_id):
        raise Refused("not_found", status_code=404)
    if not access.may_set_roster:
        raise Refused("forbidden", status_code=403)
    async with centre.store.read() as connection:
        people = await editing.people_for(connection, area_id)
    return [NamedShape(login=login, name=name) for login, name in people.items()]


@router.post("/roster/shifts", status_code=201)
async def add_shift(centre: TheCentre, access: Actor, wanted: NewShift) -> RosterShape:
    """Enter a shift; answers the roster."""
    if not access.may_see(wanted.area_id):
        raise Refused("not_found", status_code=404)
    _check(access)
    async with centre.store.begin() as connection:
        await editing.add(connection, wanted.shift, by=access, at=centre.clock.now())
        return await _roster(connection, access)


@router.post("/roster/shifts/{number}/remove")
async def remove_shift(centre: TheCentre, access: Actor, number: Number) -> RosterShape:
    """Take a shift out; answers the roster."""
    _check(access)
    async with centre.store.begin() as connection:
        await editing.remove(connection, number, by=access, at=centre.clock.now())
        return await _roster(connection, access)


def _check(access: Access) -> None:
    if not access.may_set_roster:
        raise Refused("forbidden", status_code=403)


async def _roster(connection: AsyncConnection, access: Access) -> RosterShape:
    shifts = await load_shifts(connection, area_ids=await areas_read(connection, access))
    return RosterShape(shifts=[ShiftShape.of(shift) for shift in shifts])
