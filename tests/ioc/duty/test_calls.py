"""Alarms reach whom the roster names: the person, then the deputy, then the leader."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from ioc.alarms import AlarmKind, Raise, acknowledge, raise_alarm
from ioc.alarms.clockwork import Clockwork
from ioc.alarms.engine.policy import UNDELAYED_POLICIES
from ioc.alarms.handling.assigning import assign
from ioc.duty.roster import Crew, Shift
from ioc.duty.watches import DutyRoster, add_shift
from ioc.notify.settings import Notify, Telegram
from ioc.store.tables import alarms, users
from tests.fakes.notice_service import NoticeService, open_service, reply
from tests.ioc.notify.hamlet import Hamlet, open_hamlet
from tests.ioc.notify.parcels import secret
from tests.timeline import Stage

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DAILY = frozenset(range(7))
BOT_OK = reply(200, {"ok": True, "result": {"message_id": 1}})
CREW = Crew(person="lan", deputy="hao", leader="quan")


@dataclass(kw_only=True)
class Post:
    """A commune with a roster, its alarms, and the telephones of its people."""

    hamlet: Hamlet
    stage: Stage
    telegram: NoticeService

    async def roster(self, *shifts: Shift) -> None:
        async with self.hamlet.store.begin() as connection:
            for shift in shifts:
                await add_shift(connection, shift)

    async def intrude(self, camera: str = "cam-1") -> str:
        """Have somebody walk where nobody may; return the alarm."""
        effect = Raise(kind=AlarmKind.INTRUSION, object_id=camera, device_id=camera)
        async with self.hamlet.store.begin() as connection:
            await raise_alarm(connection, effect, self.stage.occurrence("tu-1"))
            return await connection.scalar(
                select(alarms.c.alarm_id).where(alarms.c.object_id == camera)
            )

    async def wait(self, duration: timedelta) -> None:
        end = self.hamlet.clock.now() + duration
        while self.hamlet.clock.now() < end:
            await self.stage.pass_until(self.hamlet.clock.now() + timedelta(minutes=1))
            await self.hamlet.turn()

    async def called(self, alarm_id: str) -> list[tuple[str | None, int]]:
        await self.hamlet.turn()
        return [(login, step) for login, step, _ in await self.hamlet.calls(alarm_id)]


@pytest.fixture
async def post(tmp_path: Path, clock, database_url: str | None) -> AsyncIterator[Post]:
    clock.set_wall_clock(datetime(2026, 1, 5, 8, 0, tzinfo=HANOI))
    async with open_service(BOT_OK) as telegram:
        token = secret(tmp_path, "token", "1:A")
        settings = Notify(
            private_hosts=("127.0.0.1",),
            telegram=Telegram(token_file=token, api_url=telegram.url),
        )
        duty = DutyRoster(zone=HANOI)
        async with open_hamlet(tmp_path, clock, settings, url=database_url, on_duty=duty) as hamlet:
            for number, login in enumerate(("lan", "hao", "quan", "khac", "xem")):
                await hamlet.add_contact(login, "telegram", str(11 + number))
            stage = Stage(
                store=hamlet.store,
                clock=clock,
                policies=UNDELAYED_POLICIES,
                clockwork=Clockwork(store=hamlet.store, clock=clock, policies=UNDELAYED_POLICIES),
            )
            yield Post(hamlet=hamlet, stage=stage, telegram=telegram)


def morning(crew: Crew = CREW, *, area_id: str = "xa", begins: int = 7) -> Shift:
    return Shift(area_id=area_id, begins=time(begins), ends=time(13), days=DAILY, crew=crew)


async def test_an_alarm_goes_to_the_person_then_the_deputy_then_the_leader(post):
    """Each only when nobody has acknowledged in time; an answer ends it."""
    await post.roster(morning())
    alarm_id = await post.intrude()
    assert await post.called(alarm_id) == [("lan", 0)]
    await post.wait(timedelta(minutes=9))
    assert await post.called(alarm_id) == [("lan", 0)]
    await post.wait(timedelta(minutes=2))
    assert await post.called(alarm_id) == [("lan", 0), ("hao", 1)]
    await post.wait(timedelta(minutes=11))
    assert await post.called(alarm_id) == [("lan", 0), ("hao", 1), ("quan", 2)]
    assert [each.fields["chat_id"] for each in post.telegram.requests] == ["11", "12", "13"]
    async with post.hamlet.store.begin() as connection:
        await acknowledge(connection, alarm_id, login="quan", at=post.hamlet.clock.now())
    await post.wait(timedelta(minutes=20))
    assert len(await post.called(alarm_id)) == 3


async def test_whoever_has_an_alarm_that_is_overdue_is_reminded_and_nobody_else(post):
    """Two hours after it called; also a person who is not on duty."""
    await post.roster(morning())
    alarm_id = await post.intrude()
    await post.hamlet.turn()
    async with post.hamlet.store.begin() as connection:
        now = post.hamlet.clock.now()
        await acknowledge(connection, alarm_id, login="lan", at=now)
        await assign(connection, alarm_id, to="khac", instead_of=None, by="lan", at=now)
    await post.wait(timedelta(minutes=118))
    assert await post.called(alarm_id) == [("lan", 0), ("khac", 0)]
    await post.wait(timedelta(minutes=4))
    assert await post.called(alarm_id) == [("lan", 0), ("khac", 0), ("khac", -1)]
    text = post.telegram.requests[-1].fields["text"]
    assert "Quá hạn xử lý" in text
    await post.wait(timedelta(minutes=60))
    assert len(post.telegram.requests) == 3


async def test_without_a_roster_everybody_who_may_answer_is_called(post):
    """Also in hours that it leaves open; whoever only looks is not."""
    everybody = [("hao", 3), ("khac", 3), ("lan", 3), ("quan", 3)]
    assert sorted(await post.called(await post.intrude())) == everybody
    await post.roster(morning(begins=9))
    assert sorted(await post.called(await post.intrude("cam-2"))) == everybody


async def test_a_hamlet_has_its_own_person_and_the_communes_deputy(post):
    """The nearer roster counts, rank by rank; a closed account is passed over."""
    await post.roster(morning(), morning(Crew(person="khac"), area_id="ban-chuong"))
    alarm_id = await post.intrude()
    assert await post.called(alarm_id) == [("khac", 0)]
    async with post.hamlet.store.begin() as connection:
        closed = update(users).where(users.c.login == "khac").values(disabled=True)
        await connection.execute(closed)
    second = await post.intrude("cam-2")
    assert await post.called(second) == [("hao", 1)]


async def test_whoever_is_given_an_alarm_is_told_and_nobody_else(post):
    """Whatever the roster says; who has had it taken away again is not told."""
    await post.roster(morning())
    alarm_id = await post.intrude()
    await post.hamlet.turn()
    now = post.hamlet.clock.now()
    async with post.hamlet.store.begin() as connection:
        await acknowledge(connection, alarm_id, login="lan", at=now)
        await assign(connection, alarm_id, to="khac", instead_of=None, by="lan", at=now)
    assert await post.called(alarm_id) == [("lan", 0), ("khac", 0)]
    told = post.telegram.requests[-1].fields
    assert told["chat_id"] == "14"
    assert "Giao bạn xử lý" in told["text"]
    async with post.hamlet.store.begin() as connection:
        await assign(connection, alarm_id, to="hao", instead_of="khac", by="lan", at=now)
        await assign(connection, alarm_id, to=None, instead_of="hao", by="lan", at=now)
    assert await post.called(alarm_id) == [("lan", 0), ("khac", 0)]
    assert len(post.telegram.requests) == 2


async def test_it_is_said_when_who_was_given_an_alarm_cannot_be_told(post):
    """Nobody else is called in their place: somebody chose them."""
    await post.roster(morning())
    alarm_id = await post.intrude()
    await post.hamlet.turn()
    now = post.hamlet.clock.now()
    post.telegram.replies = [reply(403)]
    async with post.hamlet.store.begin() as connection:
        await assign(connection, alarm_id, to="khac", instead_of=None, by="lan", at=now)
    await post.hamlet.turn()
    assert await post.hamlet.calls(alarm_id) == [("lan", 0, "reached"), ("khac", 0, "undelivered")]
