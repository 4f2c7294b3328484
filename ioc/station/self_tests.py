"""Self-tests of loudspeakers as rows: ordered, answered, the newest of each; runs in a transaction."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.broadcasts.values import LoudspeakerId
from ioc.store.tables import loudspeaker_tests


@dataclass(frozen=True, kw_only=True)
class SelfTest:
    """The newest self-test of one loudspeaker."""

    test_id: str
    ordered_by: str | None
    """None: the gateway's own schedule."""
    ordered_at: datetime | None
    answered_at: datetime | None
    """None: no answer yet."""
    is_played: bool | None
    hearing: str | None
    detail: str


async def note_ordered(
    connection: AsyncConnection,
    test_id: str,
    loudspeakers: Iterable[LoudspeakerId],
    *,
    login: str,
    at: datetime,
) -> None:
    """Enter a test for each loudspeaker, its answer to come."""
    rows = [
        {
            "test_id": test_id,
            "gateway_id": each.gateway_id,
            "device_id": each.device_id,
            "ordered_by": login,
            "ordered_at": at,
        }
        for each in loudspeakers
    ]
    await connection.execute(insert(loudspeaker_tests), rows)


async def read_last_tests(connection: AsyncConnection) -> dict[LoudspeakerId, SelfTest]:
    """Return the newest self-test of every loudspeaker that had one."""
    table = loudspeaker_tests
    at = func.coalesce(table.c.ordered_at, table.c.occurred_at).label("at")
    rows = await connection.execute(select(table, at).order_by(at))
    return {
        LoudspeakerId(row.gateway_id, row.device_id): SelfTest(
            test_id=row.test_id,
            ordered_by=row.ordered_by,
            ordered_at=row.ordered_at,
            answered_at=row.occurred_at,
            is_played=row.is_played,
            hearing=row.hearing,
            detail=row.detail,
        )
        for row in rows
    }
