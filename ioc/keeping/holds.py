"""Legal holds: alarms of which nothing is deleted, whatever their age, until somebody ends the hold.

Whether the person may do so is decided before; each runs in the caller's transaction.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.people import audit
from ioc.people.audit import Deed
from ioc.people.errors import Refusal
from ioc.store import journal
from ioc.store.tables import alarms, holds


@dataclass(frozen=True, kw_only=True)
class Hold:
    """Why an alarm is kept, who said so and since when."""

    number: int
    alarm_id: str
    reason: str
    login: str
    since: datetime
    ended_at: datetime | None
    ended_by: str | None


async def hold(
    connection: AsyncConnection, alarm_id: str, *, reason: str, login: str, at: datetime
) -> None:
    """Keep everything of an alarm from now on.

    Raises:
        Refusal: it is on hold already.
    """
    if await find(connection, alarm_id) is not None:
        raise Refusal(
            "held_already",
            vi="Cảnh báo này đã được giữ lại làm hồ sơ. Không cần làm gì thêm.",
            en="This alarm is on hold already. There is nothing to do.",
        )
    row = {"alarm_id": alarm_id, "reason": reason, "login": login, "since": at}
    await connection.execute(insert(holds).values(row))
    deed = Deed(login=login, action="hold", subject=alarm_id, detail=reason)
    await audit.write(connection, deed, at=at)
    await _tell(connection, alarm_id, at)


async def release(
    connection: AsyncConnection, alarm_id: str, *, reason: str, login: str, at: datetime
) -> None:
    """End the hold of an alarm: its parts are deleted when their age says so.

    Raises:
        Refusal: it is not on hold.
    """
    if await find(connection, alarm_id) is None:
        raise Refusal(
            "not_held",
            vi="Cảnh báo này không được giữ lại làm hồ sơ, nên không có gì để bỏ giữ.",
            en="This alarm is not on hold, so there is nothing to release.",
        )
    await connection.execute(
        update(holds)
        .where(holds.c.alarm_id == alarm_id, holds.c.ended_at.is_(None))
        .values(ended_at=at, ended_by=login)
    )
    deed = Deed(login=login, action="release", subject=alarm_id, detail=reason)
    await audit.write(connection, deed, at=at)
    await _tell(connection, alarm_id, at)


async def find(connection: AsyncConnection, alarm_id: str) -> Hold | None:
    """Return the hold that keeps an alarm now."""
    query = select(holds).where(holds.c.alarm_id == alarm_id, holds.c.ended_at.is_(None))
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else Hold(**row)


async def find_all(connection: AsyncConnection, *, area_ids: frozenset[str]) -> list[Hold]:
    """Return what is on hold in some areas, newest first."""
    query = (
        select(holds)
        .join(alarms, alarms.c.alarm_id == holds.c.alarm_id)
        .where(holds.c.ended_at.is_(None), alarms.c.area_id.in_(area_ids))
        .order_by(holds.c.number.desc())
    )
    return [Hold(**row) for row in (await connection.execute(query)).mappings()]


def held() -> Select[Any]:
    """Return the query for the ids of alarms on hold."""
    return select(holds.c.alarm_id).where(holds.c.ended_at.is_(None))


async def _tell(connection: AsyncConnection, alarm_id: str, at: datetime) -> None:
    area_id = await connection.scalar(select(alarms.c.area_id).where(alarms.c.alarm_id == alarm_id))
    await journal.write(
        connection, subject="alarm", subject_id=alarm_id, area_id=str(area_id), at=at
    )
