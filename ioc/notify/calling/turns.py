"""Who is called one after another for an area: the roster, then everybody who may answer."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.people.access import Role
from ioc.people.accounts import load_areas
from ioc.store.tables import calls, users

EVERYBODY = 3
"""The step after person, deputy and leader: all who may answer alarms of the area."""
HOLDER = -1
"""The step before all others, of a reminder: who has the alarm in hand."""
_ANSWERING = tuple(str(role) for role in (Role.OPERATOR, Role.LEADER, Role.ADMIN))


class Watch(Protocol):
    """Who is on duty; None where nobody is."""

    @property
    def person(self) -> str | None:
        """The login of who is called first."""
        ...

    @property
    def deputy(self) -> str | None:
        """Of who is called next."""
        ...

    @property
    def leader(self) -> str | None:
        """Of who is called last."""
        ...


class OnDuty(Protocol):
    """The duty roster."""

    async def __call__(self, connection: AsyncConnection, *, area_id: str, at: datetime) -> Watch:
        """Return who is on duty for an area."""
        ...


async def turns_from(
    connection: AsyncConnection, watch: Watch, *, area_id: str, step: int
) -> list[tuple[int, list[str]]]:
    """Return the steps from `step` on with the logins each calls at once.

    Whoever the roster names is not called if their account is closed or of another area by
    now: they could not answer, and the next person would wait for them.
    """
    roster = [(watch.person,), (watch.deputy,), (watch.leader,)]
    turns = [(number, [login for login in who if login]) for number, who in enumerate(roster)]
    turns.append((EVERYBODY, await _answering(connection, area_id)))
    enabled = await _able(connection, area_id)
    return [
        (number, [login for login in logins if login in enabled])
        for number, logins in turns
        if number >= min(step, EVERYBODY)
    ]


async def holders(
    connection: AsyncConnection, logins: Sequence[str | None], *, area_id: str
) -> list[str]:
    """Return those of some people, in their order and each once, who can still see to an alarm."""
    able = await _able(connection, area_id)
    return [login for login in dict.fromkeys(logins) if login in able and login is not None]


async def called_for(connection: AsyncConnection, annunciation: int) -> set[str]:
    """Return who has been called for an annunciation."""
    found = await connection.scalars(
        select(calls.c.login).where(calls.c.annunciation == annunciation)
    )
    return {login for login in found if login is not None}


async def _able(connection: AsyncConnection, area_id: str) -> set[str]:
    """Return whose account is open, of this area, and may do more than look."""
    tree = await load_areas(connection)
    found = await connection.scalars(
        select(users.c.login).where(
            users.c.disabled.is_(False),
            users.c.area_id.in_(tree.path(area_id)),
            users.c.role != Role.VIEWER,
        )
    )
    return set(found)


async def _answering(connection: AsyncConnection, area_id: str) -> list[str]:
    tree = await load_areas(connection)
    found = await connection.scalars(
        select(users.c.login)
        .where(users.c.role.in_(_ANSWERING), users.c.area_id.in_(tree.path(area_id)))
        .order_by(users.c.login)
    )
    return list(found)
