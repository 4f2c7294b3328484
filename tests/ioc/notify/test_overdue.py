"""Who is reminded of an alarm that was answered in time and not resolved in time."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

from ioc.notify.settings import Notify, Telegram
from ioc.store.tables import alarms, users
from tests.fakes.clock import FakeClock
from tests.fakes.notice_service import NoticeService, open_service, reply
from tests.ioc.notify.hamlet import Hamlet, open_hamlet
from tests.ioc.notify.parcels import secret

BOT_OK = reply(200, {"ok": True, "result": {"message_id": 1}})
CHATS = {"11": "lan", "22": "hao", "33": "quan", "44": "khac"}


@dataclass(kw_only=True)
class Town:
    """A hamlet whose four people all have a telephone."""

    hamlet: Hamlet
    telegram: NoticeService

    async def overdue(self, *, priority: str = "high", **having: Any) -> str:
        """Have an answered alarm fall overdue; return its id."""
        alarm_id = await self.hamlet.raise_alarm(priority=priority, reason="overdue")
        await self.change(alarm_id, state="acknowledged", **having)
        return alarm_id

    async def change(self, alarm_id: str, **columns: Any) -> None:
        async with self.hamlet.store.begin() as connection:
            await connection.execute(
                update(alarms).where(alarms.c.alarm_id == alarm_id).values(**columns)
            )

    def told(self) -> list[str]:
        return [CHATS[each.fields["chat_id"]] for each in self.telegram.requests]


@pytest.fixture
async def town(tmp_path: Path, clock: FakeClock, database_url: str | None) -> AsyncIterator[Town]:
    async with open_service(BOT_OK) as telegram:
        token = secret(tmp_path, "token", "1:A")
        settings = Notify(
            private_hosts=("127.0.0.1",),
            telegram=Telegram(token_file=token, api_url=telegram.url),
        )
        async with open_hamlet(tmp_path, clock, settings, url=database_url) as hamlet:
            for chat, login in CHATS.items():
                await hamlet.add_contact(login, "telegram", chat)
            yield Town(hamlet=hamlet, telegram=telegram)


async def test_whoever_has_it_in_hand_is_reminded(town):
    """Not who answered it, and not who is on duty."""
    alarm_id = await town.overdue(acknowledged_by="hao", assigned_to="khac")
    await town.hamlet.turn()
    assert town.told() == ["khac"]
    assert town.telegram.requests[0].fields["text"].startswith("◆ Quá hạn xử lý")
    assert await town.hamlet.calls(alarm_id) == [("khac", -1, "reached")]


async def test_without_anybody_who_has_it_whoever_answered_is_reminded(town):
    """They have seen it last."""
    await town.overdue(acknowledged_by="hao")
    await town.hamlet.turn()
    assert town.told() == ["hao"]


@pytest.mark.parametrize("having", [{}, {"acknowledged_by": "gone"}])
async def test_without_either_the_one_on_duty_is_reminded(town, having):
    """A closed account must not swallow the reminder."""
    await town.overdue(**having)
    await town.hamlet.turn()
    assert town.told() == ["lan"]


async def test_whoever_has_moved_away_is_not_waited_for(town):
    """They could not see to it any more."""
    async with town.hamlet.store.begin() as connection:
        await connection.execute(
            update(users).where(users.c.login == "khac").values(area_id="na-lang")
        )
    await town.overdue(acknowledged_by="hao", assigned_to="khac")
    await town.hamlet.turn()
    assert town.told() == ["hao"]


async def test_who_cannot_be_reached_is_followed_by_those_on_duty(town):
    """One after the other, as with any call."""
    town.telegram.replies = [reply(403), BOT_OK]
    alarm_id = await town.overdue(assigned_to="khac")
    await town.hamlet.turn()
    assert town.told() == ["khac", "lan"]
    assert await town.hamlet.calls(alarm_id) == [("khac", -1, "passed_on"), ("lan", 0, "reached")]


async def test_a_reminder_waits_for_the_hours_of_whoever_has_it(town):
    """Nobody is woken for what is two hours late, unless it is an emergency."""
    await town.hamlet.wish("khac", hours=("08:00-22:00",), least_priority="critical")
    await town.overdue(assigned_to="khac")
    await town.hamlet.turn()
    assert town.told() == []
    await town.overdue(assigned_to="khac", priority="critical")
    await town.hamlet.turn()
    assert town.told() == ["khac"]
    town.hamlet.clock.advance(3_600)
    await town.hamlet.turn()
    assert town.told() == ["khac", "khac"]


@pytest.mark.parametrize("over", [True, False])
async def test_a_reminder_that_waits_is_not_sent_in_vain(town, over):
    """Neither of what is over by then, nor to who has given it to somebody else."""
    await town.hamlet.wish("khac", hours=("08:00-22:00",))
    alarm_id = await town.overdue(assigned_to="khac")
    await town.hamlet.turn()
    town.hamlet.clock.advance(60)
    given = {"assigned_to": "hao", "assigned_at": town.hamlet.clock.now()}
    await town.change(alarm_id, **({"state": "normal"} if over else given))
    town.hamlet.clock.advance(3_600)
    await town.hamlet.turn()
    assert town.told() == []
    assert [note.state for note in await town.hamlet.notes()] == ["superseded"]


async def test_a_digest_counts_reminders_among_what_waits(town):
    """Whoever collects what is not urgent collects reminders as well."""
    await town.hamlet.wish("khac", digest_min=30)
    for _ in range(2):
        await town.overdue(assigned_to="khac", priority="medium")
    await town.hamlet.turn()
    assert town.told() == []
    town.hamlet.clock.advance(1_800)
    await town.hamlet.turn()
    assert town.told() == ["khac"]
    assert town.telegram.requests[0].fields["text"].startswith("2 cảnh báo chờ xử lý")


async def test_an_emergency_that_its_holder_does_not_hear_of_goes_on_to_those_on_duty(town):
    """After a minute, as any emergency."""
    town.telegram.replies = [reply(503), BOT_OK]
    await town.overdue(assigned_to="khac", priority="critical")
    await town.hamlet.turn()
    town.telegram.replies = [reply(503)]
    await town.hamlet.pass_time(65)
    assert "lan" in town.told()
