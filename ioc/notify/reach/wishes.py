"""How a person wants to be told: language, hours, collected or at once; emergencies heed no hours."""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from sqlalchemy import delete, insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.notify.reach.refusals import unusable_hours
from ioc.notify.settings import Priority
from ioc.store.tables import notification_wishes

PRIORITIES: tuple[Priority, ...] = ("critical", "high", "medium", "low")
_SPAN = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-([01][0-9]|2[0-3]):([0-5][0-9])")
_DAY_MIN = 24 * 60


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """One person's."""

    language: str = "vi"
    hours: tuple[str, ...] = ()
    """Local, like `06:00-22:00`; over midnight too; none: always."""
    digest_min: int = 0
    """What is less than urgent (`high`) is collected so many minutes; 0: each at once."""
    least_priority: Priority = "low"

    def wants(self, priority: str) -> bool:
        """Tell whether the person wants to hear of this priority at all."""
        return PRIORITIES.index(_known(priority)) <= PRIORITIES.index(self.least_priority)

    def collects(self, priority: str) -> bool:
        """Tell whether this waits for others to be told of together."""
        return self.digest_min > 0 and priority in ("medium", "low")

    def earliest(self, priority: str, *, now: datetime, zone: tzinfo) -> datetime:
        """Return when the person may be told: at once, or when their hours begin again."""
        if priority == "critical" or not self.hours:
            return now
        local = now.astimezone(zone)
        minute = local.hour * 60 + local.minute
        waits = [_wait_min(span, minute) for span in self.hours]
        wait = min(waits)
        if wait == 0:
            return now
        begins = local.replace(second=0, microsecond=0) + timedelta(minutes=wait)
        return begins.astimezone(now.tzinfo)


def parse_hours(spans: tuple[str, ...]) -> tuple[str, ...]:
    """Return spans of hours as they are stored.

    Raises:
        Refusal: one is none, or begins when it ends.
    """
    tidy = tuple(span.replace(" ", "").replace("–", "-") for span in spans if span.strip())
    for span in tidy:
        if not _SPAN.fullmatch(span) or span[:5] == span[6:]:
            raise unusable_hours()
    return tidy


async def wishes_of(connection: AsyncConnection, login: str) -> Wishes:
    """Return a person's wishes; the usual ones where they have said nothing."""
    row = (
        await connection.execute(
            select(notification_wishes).where(notification_wishes.c.login == login)
        )
    ).first()
    if row is None:
        return Wishes()
    return Wishes(
        language=row.language,
        hours=tuple(row.hours),
        digest_min=row.digest_min,
        least_priority=_known(row.least_priority),
    )


async def keep_wishes(connection: AsyncConnection, login: str, wishes: Wishes) -> None:
    """Store a person's wishes in place of earlier ones."""
    await connection.execute(
        delete(notification_wishes).where(notification_wishes.c.login == login)
    )
    await connection.execute(
        insert(notification_wishes).values(
            login=login,
            language=wishes.language,
            hours=list(wishes.hours),
            digest_min=wishes.digest_min,
            least_priority=wishes.least_priority,
        )
    )


def _wait_min(span: str, minute: int) -> int:
    """Return the minutes until a span begins; 0 within it."""
    found = _SPAN.fullmatch(span)
    if found is None:
        return 0  # written by a later release: rather too much than nothing
    begin, end = int(found[1]) * 60 + int(found[2]), int(found[3]) * 60 + int(found[4])
    is_within = begin <= minute < end if begin < end else (minute >= begin or minute < end)
    return 0 if is_within else (begin - minute) % _DAY_MIN


def _known(priority: str) -> Priority:
    return next((known for known in PRIORITIES if known == priority), "critical")
