"""The page and the interface of notifications: contacts, a test, wishes, and whom an alarm reached."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ioc.notify.opening import Notifier
from ioc.notify.settings import Notify, Telegram, Webhook
from ioc.web.application import create_application
from tests.fakes.clock import FakeClock
from tests.fakes.notice_service import NoticeService, open_service, reply
from tests.ioc.notify.parcels import secret
from tests.ioc.web.conftest import Browser, Site
from tests.ioc.web.village import Village, open_village, village_settings

BOT_OK = reply(200, {"ok": True, "result": {"message_id": 1}})
TELEGRAM = {"channel": "telegram", "address": "5566", "label": "Máy <b>Lan</b>"}


@pytest.fixture
async def service() -> AsyncIterator[NoticeService]:
    async with open_service(BOT_OK) as opened:
        yield opened


@pytest.fixture
async def site(
    tmp_path: Path, clock: FakeClock, service: NoticeService, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Site]:
    notify = Notify(
        public_url="https://ioc.example",
        private_hosts=("127.0.0.1",),
        telegram=Telegram(token_file=secret(tmp_path, "token", "1:BI-MAT"), api_url=service.url),
        webhooks=(
            Webhook(name="tinh", url=service.url, secret_file=secret(tmp_path, "key", "BI-MAT")),
        ),
    )
    settings = village_settings(tmp_path).model_copy(update={"notify": notify})
    monkeypatch.setattr("tests.ioc.web.village.village_settings", lambda _folder: settings)
    async with open_village(tmp_path, clock) as village:
        yield Site(village=village, application=create_application(village.centre))


def notifier_of(village: Village) -> Notifier:
    return village.ban_chuong.running.notifier


async def turn(village: Village) -> None:
    while await notifier_of(village).caller.run_once():
        for lane in notifier_of(village).lanes.values():
            await lane.run_once()
    for lane in notifier_of(village).lanes.values():
        await lane.run_once()


async def add(browser: Browser, body: object = None) -> str:
    answer = await browser.post("/api/contacts", body or TELEGRAM)
    assert answer.status_code == 201, answer.text
    return answer.json()[-1]["contact_id"]


async def test_a_test_says_that_the_contact_works(site, service):
    """The page learns what became of it and shows when the contact was last reached."""
    async with site.sign_in("truc") as browser:
        contact_id = await add(browser)
        answer = await browser.post(f"/api/contacts/{contact_id}/test")
        address = f"/api/notifications/{answer.json()['notification_id']}"
        assert (await browser.get(address)).json()["state"] == "waiting"
        await notifier_of(site.village).lanes["telegram"].run_once()
        assert (await browser.get(address)).json()["state"] == "delivered"
        assert "Thử thông báo" in service.requests[0].fields["text"]
        page = (await browser.get("/thong-bao")).text
        assert "Gửi được lần gần nhất 07:00" in page
        assert "Máy &lt;b&gt;Lan&lt;/b&gt;" in page
        again = await browser.post(f"/api/contacts/{contact_id}/test")
        assert again.json()["error"]["code"] == "tested_just_now"


async def test_ten_tests_an_hour_are_enough_for_anybody(site, clock):
    """A contact that is removed and entered again is no way around it."""
    async with site.sign_in("xem") as browser:
        for number in range(11):
            contact_id = await add(browser, {**TELEGRAM, "address": str(1000 + number)})
            answer = await browser.post(f"/api/contacts/{contact_id}/test")
            await browser.post(f"/api/contacts/{contact_id}/remove")
            assert answer.status_code == (201 if number < 10 else 422), answer.text
        assert answer.json()["error"]["code"] == "too_many_tests"
        clock.advance(3_601)
        contact_id = await add(browser)
        answer = await browser.post(f"/api/contacts/{contact_id}/test")
        assert answer.status_code == 201


async def test_contacts_are_everybodys_own(site):
    """Another person neither sees, tests nor removes them."""
    async with site.sign_in("truc") as browser:
        contact_id = await add(browser)
    async with site.sign_in("quantri") as other:
        assert (await other.get("/api/contacts")).json() == []
        for deed in ("test", "remove", "prefer"):
            answer = await other.post(f"/api/contacts/{contact_id}/{deed}")
            assert answer.status_code == 404
    async with site.sign_in("truc") as browser:
        assert len((await browser.get("/api/contacts")).json()) == 1
        left = await browser.post(f"/api/contacts/{contact_id}/remove")
        assert left.json() == []


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"channel": "telegram", "address": "'; DROP TABLE contacts --"}, "unusable_address"),
        ({"channel": "sms", "address": "0912345678"}, "channel_missing"),
        ({"channel": "webhook", "address": "tinh"}, "bad_request"),
        ({"channel": "telegram", "address": "1", "khac": 1}, "bad_request"),
    ],
)
async def test_an_unusable_contact_is_refused_with_a_sentence(site, body, code):
    """And nothing is stored."""
    async with site.sign_in("truc") as browser:
        answer = await browser.post("/api/contacts", body)
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == code
        assert (await browser.get("/api/contacts")).json() == []


async def test_wishes_are_kept_and_wrong_hours_refused(site):
    """The example in the sentence shows how they are written."""
    wanted = {
        "language": "en",
        "hours": ["06:00-22:00"],
        "digest_min": 30,
        "least_priority": "high",
    }
    async with site.sign_in("truc") as browser:
        assert (await browser.post("/api/notification-wishes", wanted)).status_code == 204
        assert (await browser.get("/api/notification-wishes")).json() == wanted
        wrong = await browser.post("/api/notification-wishes", {**wanted, "hours": ["6 giờ"]})
        assert wrong.json()["error"]["code"] == "unusable_hours"
        assert (await browser.get("/api/notification-wishes")).json() == wanted


async def test_an_alarm_shows_whom_it_has_reached(site, service):
    """In words on its page, and as JSON; who may not see the alarm learns nothing."""
    village = site.village
    async with site.sign_in("truc") as browser:
        await add(browser)
        alarm_id, _ = await village.ban_chuong.see_littering()
        await turn(village)
        page = (await browser.get(f"/manh/canh-bao/{alarm_id}")).text
        assert "Đã báo cho ai" in page
        assert "Đã báo Ma Thị Lan lúc 07:00" in page
        told = (await browser.get(f"/api/alarms/{alarm_id}/notifications")).json()
        reached = [call for call in told["calls"] if call["state"] == "reached"]
        assert [call["name"] for call in reached] == ["Ma Thị Lan"]
        assert [note["state"] for note in told["webhooks"]] == ["delivered"]
        text = next(r for r in service.requests if "chat_id" in r.fields).fields["text"]
        assert "Đổ rác sai quy định – Cổng làng, xóm Bản Chương" in text
        assert text.endswith(f"https://ioc.example/?canh-bao={alarm_id}")
    async with site.sign_in("trucnalay") as stranger:
        answer = await stranger.get(f"/api/alarms/{alarm_id}/notifications")
        assert answer.status_code == 404


async def test_an_administrator_sees_the_channels_and_no_secret(site, service):
    """Where they go to and how they do; others do not even see that."""
    async with site.sign_in("quantri") as browser:
        page = (await browser.get("/thong-bao")).text
        assert "Các kênh của xã" in page
        assert "127.0.0.1" in page
        assert "BI-MAT" not in page
    async with site.sign_in("truongxom") as browser:
        page = (await browser.get("/thong-bao")).text
        assert "Thông báo đến điện thoại" in page
        assert "Các kênh của xã" not in page
