"""Who is told of an alarm, on which contacts, and who is next when nobody takes it."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import update

from ioc.notify.settings import Notify, Sms, Telegram, Webhook, ZaloBot
from ioc.store.tables import users
from tests.fakes.clock import FakeClock
from tests.fakes.notice_service import NoticeService, Reply, open_service, reply
from tests.ioc.notify.hamlet import Hamlet, Watch, open_hamlet
from tests.ioc.notify.parcels import secret

BOT_OK = reply(200, {"ok": True, "result": {"message_id": 1}})


@dataclass(kw_only=True)
class Town:
    """A hamlet with three services."""

    hamlet: Hamlet
    telegram: NoticeService
    zalo: NoticeService
    sms: NoticeService
    webhook: NoticeService


@pytest.fixture
async def town(tmp_path: Path, clock: FakeClock, database_url: str | None) -> AsyncIterator[Town]:
    async with (
        open_service(BOT_OK) as telegram,
        open_service(BOT_OK) as zalo,
        open_service() as sms,
        open_service() as webhook,
    ):
        token = secret(tmp_path, "token", "1:A")
        settings = Notify(
            private_hosts=("127.0.0.1",),
            telegram=Telegram(token_file=token, api_url=telegram.url),
            zalo_bot=ZaloBot(token_file=token, api_url=zalo.url),
            sms=Sms(url=sms.url, body='{"to":"{phone}"}'),
            webhooks=(
                Webhook(name="tinh", url=webhook.url, secret_file=token, least_priority="high"),
                Webhook(name="noi-khac", url=webhook.url, secret_file=token, area="na-lang"),
            ),
        )
        async with open_hamlet(tmp_path, clock, settings, url=database_url) as hamlet:
            yield Town(hamlet=hamlet, telegram=telegram, zalo=zalo, sms=sms, webhook=webhook)


async def test_an_emergency_goes_to_every_contact_at_once(town):
    """No single channel decides whether somebody hears of it."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    await hamlet.add_contact("lan", "zalo_bot", "zalo-lan")
    await hamlet.add_contact("lan", "sms", "0912 345 678")
    town.telegram.replies = [reply(503)]
    alarm_id = await hamlet.raise_alarm()
    await hamlet.turn()
    assert [len(each.requests) for each in (town.telegram, town.zalo, town.sms)] == [1, 1, 1]
    assert town.sms.requests[0].fields == {"to": "84912345678"}
    assert await hamlet.calls(alarm_id) == [("lan", 0, "reached")]


async def test_an_emergency_that_nothing_delivers_goes_to_the_next_person(town):
    """After a minute, while the first person's channels are tried on."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    await hamlet.add_contact("hao", "zalo_bot", "zalo-hao")
    town.telegram.replies = [reply(503)]
    alarm_id = await hamlet.raise_alarm()
    await hamlet.turn()
    await hamlet.pass_time(50)
    assert await hamlet.calls(alarm_id) == [("lan", 0, "open")]
    await hamlet.pass_time(10)
    assert await hamlet.calls(alarm_id) == [("lan", 0, "passed_on"), ("hao", 1, "reached")]
    town.telegram.replies = [BOT_OK]
    await hamlet.pass_time(150)
    told = await hamlet.delivery(alarm_id)
    assert [note.state for call in told.calls for note in call.notifications] == ["delivered"] * 2


async def test_other_alarms_go_to_the_preferred_contact_and_then_to_the_next(town):
    """A person is not told four times of a fallen camera, but is told."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    await hamlet.add_contact("lan", "zalo_bot", "zalo-lan")
    town.telegram.replies = [reply(403)]
    alarm_id = await hamlet.raise_alarm(priority="medium")
    await hamlet.turn()
    assert (len(town.telegram.requests), len(town.zalo.requests)) == (1, 1)
    assert await hamlet.calls(alarm_id) == [("lan", 0, "reached")]
    await hamlet.raise_alarm(priority="medium")
    await hamlet.turn()
    assert (len(town.telegram.requests), len(town.zalo.requests)) == (1, 2)


async def test_a_contact_that_fails_again_and_again_is_not_waited_for(town):
    """After three attempts the next one is tried beside it."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    await hamlet.add_contact("lan", "zalo_bot", "zalo-lan")
    town.telegram.replies = [reply(500)]
    await hamlet.raise_alarm(priority="high")
    await hamlet.turn()
    await hamlet.pass_time(10)
    assert town.zalo.requests == []
    await hamlet.pass_time(20)
    assert len(town.zalo.requests) == 1


async def test_whoever_has_no_contact_is_passed_over_at_once(town):
    """And the page says so."""
    hamlet = town.hamlet
    await hamlet.add_contact("quan", "telegram", "33")
    alarm_id = await hamlet.raise_alarm(priority="high")
    await hamlet.turn()
    assert await hamlet.calls(alarm_id) == [
        ("lan", 0, "no_contact"),
        ("hao", 1, "no_contact"),
        ("quan", 2, "reached"),
    ]


async def test_without_anybody_on_duty_everybody_who_may_answer_is_called(town):
    """A gap in the roster must not swallow an alarm; viewers cannot answer and are not called."""
    hamlet = town.hamlet
    hamlet.watch = Watch(person=None, deputy=None, leader=None)
    for login in ("hao", "khac", "xem"):
        await hamlet.add_contact(login, "telegram", f"{len(login)}1")
    alarm_id = await hamlet.raise_alarm()
    await hamlet.turn()
    reached = [login for login, _, state in await hamlet.calls(alarm_id) if state == "reached"]
    assert sorted(reached) == ["hao", "khac"]


async def test_an_alarm_that_can_reach_nobody_says_so(town):
    """The console shows that somebody must be called by hand."""
    alarm_id = await town.hamlet.raise_alarm()
    await town.hamlet.turn()
    assert (None, 3, "nobody") in await town.hamlet.calls(alarm_id)


async def test_an_escalation_begins_with_the_deputy(town):
    """The step is the alarm engine's decision."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    await hamlet.add_contact("hao", "telegram", "22")
    alarm_id = await hamlet.raise_alarm(priority="high")
    await hamlet.turn()
    await hamlet.annunciate(alarm_id, priority="high", reason="escalate", step=1)
    await hamlet.turn()
    assert [each.fields["chat_id"] for each in town.telegram.requests] == ["11", "22"]
    assert "Chưa ai tiếp nhận" in town.telegram.requests[1].fields["text"]


async def test_nobody_is_called_about_what_has_been_answered(town):
    """Neither by a retry nor by passing on."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    await hamlet.add_contact("hao", "telegram", "22")
    town.telegram.replies = [reply(503)]
    alarm_id = await hamlet.raise_alarm()
    await hamlet.turn()
    await hamlet.acknowledge(alarm_id)
    await hamlet.pass_time(120)
    assert len(town.telegram.requests) == 1
    assert await hamlet.calls(alarm_id) == [("lan", 0, "superseded")]
    assert [note.state for note in await hamlet.notes() if note.purpose == "alarm"] == [
        "superseded"
    ]


async def test_hours_hold_back_everything_but_emergencies(town):
    """It is 07:00 in Viet Nam; she is told of a camera from 08:00 on."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    await hamlet.wish("lan", hours=("08:00-22:00",))
    await hamlet.raise_alarm(priority="high")
    await hamlet.turn()
    assert town.telegram.requests == []
    await hamlet.raise_alarm(priority="critical")
    await hamlet.turn()
    assert len(town.telegram.requests) == 1
    hamlet.clock.advance(3_600)
    await hamlet.turn()
    assert len(town.telegram.requests) == 2


async def test_a_digest_tells_of_several_at_once_without_what_was_answered(town):
    """Thirty minutes after the first of them."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    await hamlet.wish("lan", digest_min=30)
    first = await hamlet.raise_alarm(priority="medium")
    await hamlet.turn()
    hamlet.clock.advance(600)
    second = await hamlet.raise_alarm(priority="low")
    answered = await hamlet.raise_alarm(priority="low")
    await hamlet.turn()
    await hamlet.acknowledge(answered)
    hamlet.clock.advance(1_199)
    await hamlet.turn()
    assert town.telegram.requests == []
    hamlet.clock.advance(1)
    await hamlet.turn()
    (request,) = town.telegram.requests
    text = request.fields["text"]
    assert text.startswith("2 cảnh báo chờ xử lý – Xã Thử")
    assert first[:8] in text
    assert second[:8] in text
    assert answered[:8] not in text


async def test_more_than_one_person_can_answer_comes_together_but_an_emergency_at_once(town):
    """A gateway gone mad sends nobody a thousand text messages, and hides nothing behind them."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    raised = [await hamlet.raise_alarm(priority="high") for _ in range(15)]
    await hamlet.turn()
    assert len(town.telegram.requests) == 10
    emergency = await hamlet.raise_alarm()
    await hamlet.turn()
    assert emergency[:8] in town.telegram.requests[10].fields["text"]
    hamlet.clock.advance(120)
    await hamlet.turn()
    text = town.telegram.requests[11].fields["text"]
    assert text.startswith("5 cảnh báo chờ xử lý")
    assert all(alarm_id[:8] in text for alarm_id in raised[10:])
    assert await hamlet.calls(raised[14]) == [("lan", 0, "reached")]
    hamlet.clock.advance(600)
    await hamlet.raise_alarm(priority="high")
    await hamlet.turn()
    assert len(town.telegram.requests) == 13


async def test_whoever_has_moved_to_another_area_is_not_waited_for(town):
    """The roster still names them; they could not answer."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    await hamlet.add_contact("hao", "telegram", "22")
    async with hamlet.store.begin() as connection:
        await connection.execute(
            update(users).where(users.c.login == "lan").values(area_id="na-lang")
        )
    alarm_id = await hamlet.raise_alarm(priority="high")
    await hamlet.turn()
    assert await hamlet.calls(alarm_id) == [("hao", 1, "reached")]


async def test_what_a_person_does_not_want_is_not_sent_to_them(town):
    """But an emergency is."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    await hamlet.wish("lan", least_priority="high")
    alarm_id = await hamlet.raise_alarm(priority="low")
    await hamlet.turn()
    assert town.telegram.requests == []
    assert await hamlet.calls(alarm_id) == [("lan", 0, "unwanted")]


async def test_webhooks_hear_of_their_area_and_priority(town):
    """The one of another hamlet hears nothing, and none hears of what is less than urgent."""
    hamlet = town.hamlet
    await hamlet.raise_alarm(priority="low")
    alarm_id = await hamlet.raise_alarm(priority="high")
    await hamlet.turn()
    (request,) = town.webhook.requests
    assert request.fields["data"]["alarm_id"] == alarm_id
    assert [note.label for note in (await hamlet.delivery(alarm_id)).webhooks] == ["tinh"]


async def test_an_undeliverable_notification_expires(town):
    """Twelve hours later it is no news; the attempts stay on record."""
    hamlet = town.hamlet
    await hamlet.add_contact("lan", "telegram", "11")
    town.telegram.replies = [Reply(status=500)]
    await hamlet.raise_alarm(priority="medium")
    await hamlet.turn()
    await hamlet.pass_time(12.2 * 3_600, step_s=660)
    (note,) = [each for each in await hamlet.notes() if each.purpose == "alarm"]
    assert note.state == "expired"
    assert note.attempts == len(town.telegram.requests) > 50
    assert set(await hamlet.attempts()) == {"retry"}
