"""From alarms to drafts: which words go to which contact, and when."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from typing import Any, Protocol

from sqlalchemy import Row
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.notify.calling.templates import Templates
from ioc.notify.reach.contacts import Contact
from ioc.notify.reach.wishes import Wishes
from ioc.notify.sending.rows import Draft, Purpose

LIFE = {
    "critical": timedelta(hours=2),
    "high": timedelta(hours=6),
    "medium": timedelta(hours=12),
    "low": timedelta(hours=12),
}
"""What could not be delivered by then is no news any more; it still stands on the console."""
TEST_LIFE = timedelta(minutes=5)
_LINES = 20


@dataclass(frozen=True, kw_only=True)
class Description:
    """An alarm in one language."""

    values: Mapping[str, str]
    """What templates fill in: what, priority, shape, at, state, commune."""
    facts: Mapping[str, object] = field(default_factory=dict)
    """For programs: alarm_id, kind, priority, area_id, occurred_at, …"""
    link: str = ""


class Describe(Protocol):
    """How alarms are put into words; given by whoever owns the words."""

    async def __call__(
        self, connection: AsyncConnection, alarm_id: str, *, language: str, at: datetime
    ) -> Description | None:
        """Return an alarm in `language`; None where it does not exist."""
        ...


@dataclass(frozen=True, kw_only=True)
class Annunciation:
    """What must reach people, as the alarm engine wrote it."""

    number: int
    alarm_id: str
    step: int
    reason: str
    priority: str
    area_id: str
    login: str | None = None
    """Who is told because it was given to them; None: whom the roster names."""

    @property
    def is_overdue(self) -> bool:
        """Whether whoever has it should have resolved it by now."""
        return self.reason == "overdue"

    @property
    def is_emergency(self) -> bool:
        """Whether it goes out on every channel at once and on to the next person soon."""
        return self.priority == "critical"


@dataclass(frozen=True, kw_only=True)
class Composer:
    """Writes drafts."""

    templates: Templates
    zone: tzinfo
    commune: str

    def for_contact(
        self,
        annunciation: Annunciation,
        described: Description,
        contact: Contact,
        wishes: Wishes,
        *,
        call_id: str,
        at: datetime,
    ) -> Draft:
        """Return an alarm's notification for one contact, at the hour the person wants it."""
        title, body = self.templates.fill(
            annunciation.reason, language=wishes.language, values=described.values
        )
        given = annunciation.login is not None
        is_held = not given and wishes.collects(annunciation.priority)
        due = at + timedelta(minutes=wishes.digest_min) if is_held else at
        due = wishes.earliest(annunciation.priority, now=due, zone=self.zone)
        return Draft(
            dedupe_key=f"{annunciation.number}/{contact.contact_id}",
            purpose=_purpose(annunciation),
            channel=contact.channel,
            priority=annunciation.priority,
            language=wishes.language,
            title=title,
            body=body,
            link=described.link,
            facts={**described.facts, **described.values},
            created_at=at,
            next_attempt_at=due,
            expires_at=due + LIFE.get(annunciation.priority, LIFE["low"]),
            is_held=is_held,
            call_id=call_id,
            alarm_id=annunciation.alarm_id,
            login=contact.login,
            contact_id=contact.contact_id,
        )

    def for_webhook(
        self, annunciation: Annunciation, described: Description, name: str, *, at: datetime
    ) -> Draft:
        """Return an alarm's notification for another system."""
        title, body = self.templates.fill(
            annunciation.reason, language="vi", values=described.values
        )
        facts = {
            **described.facts,
            "reason": annunciation.reason,
            "step": annunciation.step,
            "annunciation": annunciation.number,
        }
        return Draft(
            dedupe_key=f"{annunciation.number}/webhook/{name}",
            purpose="webhook",
            channel="webhook",
            receiver=name,
            priority=annunciation.priority,
            language="vi",
            title=title,
            body=body,
            link=described.link,
            facts=facts,
            created_at=at,
            next_attempt_at=at,
            expires_at=at + timedelta(days=1),
            alarm_id=annunciation.alarm_id,
        )

    def test(self, contact: Contact, wishes: Wishes, *, test_id: str, at: datetime) -> Draft:
        """Return a notification that says only that it arrives."""
        local = f"{at.astimezone(self.zone):%H:%M}"
        values = {
            "at": local,
            "commune": self.commune,
            "what": self.commune,
            "priority": "",
            "state": "",
        }
        title, body = self.templates.fill("test", language=wishes.language, values=values)
        return Draft(
            dedupe_key=f"test/{test_id}",
            purpose="test",
            channel=contact.channel,
            priority="low",
            language=wishes.language,
            title=title,
            body=body,
            facts=values,
            created_at=at,
            next_attempt_at=at,
            expires_at=at + TEST_LIFE,
            login=contact.login,
            contact_id=contact.contact_id,
        )

    def digest(self, held: Sequence[Row[Any]], *, at: datetime) -> Draft:
        """Return one notification in place of several that were held for one contact."""
        first = held[0]
        lines = [str(each.title) for each in held[:_LINES]]
        if len(held) > _LINES:
            lines.append(f"+ {len(held) - _LINES}")
        values = {"count": str(len(held)), "lines": "\n".join(lines), "commune": self.commune}
        title, body = self.templates.fill("digest", language=str(first.language), values=values)
        return Draft(
            dedupe_key=f"digest/{first.notification_id}",
            purpose="digest",
            channel=str(first.channel),
            priority="medium",
            language=str(first.language),
            title=title,
            body=body,
            facts={
                **values,
                "what": title,
                "priority": "",
                "at": f"{at.astimezone(self.zone):%H:%M}",
            },
            created_at=at,
            next_attempt_at=at,
            expires_at=at + LIFE["medium"],
            login=first.login,
            contact_id=first.contact_id,
        )


def _purpose(annunciation: Annunciation) -> Purpose:
    if annunciation.login is not None:
        return "assign"
    return "overdue" if annunciation.is_overdue else "alarm"
