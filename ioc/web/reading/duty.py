"""Who is on duty, with names, and whether a shift waits to be taken over."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, tzinfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.duty.handovers import find_waiting
from ioc.duty.watches import DutyRoster
from ioc.people import Access
from ioc.people.accounts import load_areas
from ioc.store.tables import users


@dataclass(frozen=True, kw_only=True)
class Named:
    """A person."""

    login: str
    name: str


@dataclass(frozen=True, kw_only=True)
class DutyNow:
    """Who is on duty for an area now."""

    area_id: str
    person: Named | None
    deputy: Named | None
    leader: Named | None
    until: datetime | None
    """When the first of their hours end."""
    waiting_for: int | None
    """The number of the hand-over that nobody has taken over yet."""

    @property
    def first(self) -> tuple[str, Named] | None:
        """Who is called first, and as what."""
        ranks = (("person", self.person), ("deputy", self.deputy), ("leader", self.leader))
        return next(((rank, who) for rank, who in ranks if who is not None), None)


async def read_duty(
    connection: AsyncConnection,
    access: Access,
    *,
    at: datetime,
    zone: tzinfo,
    area_id: str | None = None,
) -> DutyNow:
    """Return who is on duty for an area, by default where the person works."""
    area_id = area_id or await own_area(connection, access)
    watch = await DutyRoster(zone=zone)(connection, area_id=area_id, at=at)
    logins = (watch.person, watch.deputy, watch.leader)
    names = await read_names(connection, (login for login in logins if login))
    person, deputy, leader = (
        Named(login=login, name=names.get(login, login)) if login else None for login in logins
    )
    return DutyNow(
        area_id=area_id,
        person=person,
        deputy=deputy,
        leader=leader,
        until=None if watch.until is None else watch.until.replace(tzinfo=zone),
        waiting_for=await find_waiting(connection, area_id),
    )


async def own_area(connection: AsyncConnection, access: Access) -> str:
    """Return the area of a person's account."""
    found = await connection.scalar(select(users.c.area_id).where(users.c.login == access.login))
    return str(found or "")


async def areas_read(connection: AsyncConnection, access: Access) -> frozenset[str]:
    """Return the areas whose roster concerns a person: their own, those below and those above."""
    tree = await load_areas(connection)
    return access.area_ids | set(tree.path(await own_area(connection, access)))


async def read_names(connection: AsyncConnection, logins: Iterable[str]) -> dict[str, str]:
    """Return what people are called; who has no account any more is left out."""
    wanted = set(logins)
    if not wanted:
        return {}
    found = await connection.execute(
        select(users.c.login, users.c.name).where(users.c.login.in_(wanted))
    )
    return {row.login: row.name for row in found}
