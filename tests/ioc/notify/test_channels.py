"""Each channel against a local server that speaks its protocol."""

import base64
import hashlib
import hmac
import json
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs

import pytest

from ioc.notify.channels.mail import EmailChannel
from ioc.notify.channels.outbound import Forbidden, Letter, Outbound, Unreachable, is_public
from ioc.notify.channels.sms import SmsChannel, without_accents
from ioc.notify.channels.telegram import TelegramChannel
from ioc.notify.channels.webhook import WebhookChannel
from ioc.notify.channels.zalo import (
    OfficialAccountChannel,
    TemplateChannel,
    ZaloBotChannel,
    ZaloTokens,
)
from ioc.notify.reach.contacts import make_contact
from ioc.notify.settings import Email, Sms, Telegram, Webhook, ZaloBot, ZaloOfficialAccount
from ioc.people.errors import Refusal
from tests.fakes.clock import FakeClock
from tests.fakes.mail_server import open_mail_server
from tests.fakes.notice_service import open_service, reply
from tests.ioc.notify.parcels import AT, make_parcel, secret


@pytest.fixture
async def outbound(clock: FakeClock) -> AsyncIterator[Outbound]:
    way = Outbound(private_hosts=("127.0.0.1",), clock=clock)
    yield way
    await way.close()


async def test_telegram_sends_text_and_keeps_the_service_number(tmp_path, outbound):
    """The token is in the path, the text whole; `message_id` proves that Telegram took it."""
    token = secret(tmp_path, "token", "12:AB\n")
    async with open_service(reply(200, {"ok": True, "result": {"message_id": 41}})) as service:
        channel = TelegramChannel(Telegram(token_file=token, api_url=service.url), outbound)
        outcome = await channel.send(make_parcel(address="5566"))
    assert (outcome.result, outcome.provider_id) == ("delivered", "41")
    (request,) = service.requests
    assert request.path == "/bot12:AB/sendMessage"
    assert request.fields["chat_id"] == "5566"
    assert "Cổng làng" in request.fields["text"]
    assert request.fields["text"].endswith("https://ioc.example/?canh-bao=1")


@pytest.mark.parametrize(
    ("status", "fields", "result", "code"),
    [
        (403, {"ok": False, "error_code": 403}, "gone", "chat_403"),
        (401, {"ok": False, "error_code": 401}, "refused", "token_401"),
        (502, {}, "retry", "http_502"),
        (200, {"ok": False, "error_code": 400}, "gone", "chat_400"),
    ],
)
async def test_bots_tell_a_dead_chat_from_a_wrong_token(
    tmp_path, outbound, status, fields, result, code
):
    """A person must add the chat again; an administrator must mend a token."""
    token = secret(tmp_path, "token", "12:AB")
    async with open_service(reply(status, fields)) as service:
        channel = ZaloBotChannel(ZaloBot(token_file=token, api_url=service.url), outbound)
        outcome = await channel.send(make_parcel())
    assert (outcome.result, outcome.code) == (result, code)


async def test_telegram_waits_as_long_as_it_is_told(tmp_path, outbound):
    """429 names the pause."""
    token = secret(tmp_path, "token", "12:AB")
    limited = reply(429, {"ok": False, "error_code": 429, "parameters": {"retry_after": 17}})
    async with open_service(limited) as service:
        channel = TelegramChannel(Telegram(token_file=token, api_url=service.url), outbound)
        outcome = await channel.send(make_parcel())
    assert (outcome.result, outcome.retry_after_s) == ("retry", 17.0)


async def test_a_secret_that_everybody_may_read_is_not_used(tmp_path, outbound):
    """Else it would be no secret; the administrator is told by the code."""
    token = secret(tmp_path, "token", "12:AB")
    token.chmod(0o644)
    async with open_service() as service:
        channel = TelegramChannel(Telegram(token_file=token, api_url=service.url), outbound)
        assert (await channel.send(make_parcel())).code == "secret_unusable"
    assert service.requests == []


async def test_a_zalo_bot_sends_text(tmp_path, outbound):
    """Like Telegram's, at another address."""
    token = secret(tmp_path, "token", "99:xy")
    async with open_service(reply(200, {"ok": True, "result": {"message_id": "m1"}})) as service:
        channel = ZaloBotChannel(ZaloBot(token_file=token, api_url=service.url), outbound)
        outcome = await channel.send(make_parcel(address="6ede9afa"))
    assert (outcome.result, outcome.provider_id) == ("delivered", "m1")
    assert service.requests[0].path == "/bot99:xy/sendMessage"


def official_account(folder: Path, url: str) -> ZaloOfficialAccount:
    tokens = json.dumps({"refresh_token": "r1"})
    return ZaloOfficialAccount(
        app_id="777",
        app_secret_file=secret(folder, "app", "s3cret"),
        tokens_file=secret(folder, "tokens", tokens),
        api_url=url,
        oauth_url=url,
        template_url=url,
        template_id="42",
        template_fields={"noi_dung": "{what}", "luc": "{at}"},
        longest_field=10,
    )


async def test_the_official_account_exchanges_its_token_and_keeps_the_new_one(
    tmp_path, outbound, clock
):
    """A refresh token serves once: the one that came with the answer must be on disk."""
    fresh = reply(200, {"access_token": "a2", "refresh_token": "r2", "expires_in": "90000"})
    taken = reply(200, {"error": 0, "data": {"message_id": "m9"}})
    async with open_service(fresh, taken) as service:
        settings = official_account(tmp_path, service.url)
        tokens = ZaloTokens(settings, outbound, clock)
        channel = OfficialAccountChannel(settings, tokens, outbound)
        first = await channel.send(make_parcel(address="u1"))
        second = await channel.send(make_parcel(address="u1"))
    assert (first.result, first.provider_id, second.result) == ("delivered", "m9", "delivered")
    exchange, *messages = service.requests
    assert exchange.path == "/v4/oa/access_token"
    assert exchange.headers["secret_key"] == "s3cret"
    assert parse_qs(exchange.body.decode())["refresh_token"] == ["r1"]
    assert [each.path for each in messages] == ["/v3.0/oa/message/cs"] * 2
    assert messages[0].headers["access_token"] == "a2"
    assert messages[0].fields["recipient"] == {"user_id": "u1"}
    kept = json.loads(settings.tokens_file.read_text())
    assert kept["refresh_token"] == "r2"
    assert settings.tokens_file.stat().st_mode & 0o777 == 0o600


async def test_a_refused_token_is_exchanged_at_once(tmp_path, outbound, clock):
    """Zalo withdrew it early: one more try with another, not a lost notification."""
    replies = [
        reply(200, {"access_token": "a2", "refresh_token": "r2", "expires_in": "90000"}),
        reply(200, {"error": -216, "message": "invalid token"}),
        reply(200, {"access_token": "a3", "refresh_token": "r3", "expires_in": "90000"}),
        reply(200, {"error": 0, "data": {"msg_id": "z1"}}),
    ]
    async with open_service(*replies) as service:
        settings = official_account(tmp_path, service.url)
        channel = TemplateChannel(settings, ZaloTokens(settings, outbound, clock), outbound)
        outcome = await channel.send(make_parcel())
    assert (outcome.result, outcome.provider_id) == ("delivered", "z1")
    sent = service.requests[-1]
    assert sent.path == "/message/template"
    assert sent.headers["access_token"] == "a3"
    assert sent.fields == {
        "phone": "84912345678",
        "template_id": "42",
        "template_data": {"noi_dung": "Vào khu vự", "luc": "07:00"},
        "tracking_id": make_parcel().notification_id,
    }


@pytest.mark.parametrize(
    ("number", "result", "code"),
    [(-133, "refused", "night"), (-213, "gone", "zalo_213"), (-32, "retry", "zalo_32")],
)
async def test_zalo_numbers_are_told_apart(tmp_path, outbound, clock, number, result, code):
    """At night a template is refused, so that another contact is tried at once."""
    fresh = reply(200, {"access_token": "a2", "refresh_token": "r2", "expires_in": "90000"})
    async with open_service(fresh, reply(200, {"error": number})) as service:
        settings = official_account(tmp_path, service.url)
        channel = TemplateChannel(settings, ZaloTokens(settings, outbound, clock), outbound)
        outcome = await channel.send(make_parcel())
    assert (outcome.result, outcome.code) == (result, code)


async def test_an_account_to_be_authorised_again_is_said(tmp_path, outbound, clock):
    """Nothing but an administrator helps."""
    async with open_service(reply(200, {"error": -14014})) as service:
        settings = official_account(tmp_path, service.url)
        tokens = ZaloTokens(settings, outbound, clock)
        outcome = await OfficialAccountChannel(settings, tokens, outbound).send(make_parcel())
    assert (outcome.result, outcome.code) == ("refused", "tokens_refused")


async def test_a_text_message_is_quoted_shortened_and_without_accents(tmp_path, outbound):
    """A quotation mark in a title must not break the gateway's JSON; the link stays whole."""
    key = secret(tmp_path, "key", 'k"1')
    async with open_service(reply(200, {"CodeResult": "100"})) as service:
        settings = Sms(
            url=f"{service.url}/send",
            headers={"authorization": "Bearer {secret}"},
            body='{"to":"{phone}","text":"{text}","ref":"{id}","key":"{secret}"}',
            secret_file=key,
            success_pattern='"CodeResult": *"100"',
            longest_text=120,
        )
        outcome = await SmsChannel(settings, outbound).send(make_parcel())
    assert outcome.result == "delivered"
    (request,) = service.requests
    assert request.headers["authorization"] == 'Bearer k"1'
    assert request.fields["to"] == "84912345678"
    assert request.fields["key"] == 'k"1'
    assert request.fields["ref"] == make_parcel().notification_id
    text = request.fields["text"]
    assert len(text) <= 120
    assert text.isascii()
    assert text.startswith("Vao khu vuc cam - Cong lang, xom Ban Chuong")
    assert text.endswith(" https://ioc.example/?canh-bao=1")


async def test_a_gateway_that_says_no_with_status_200_has_not_delivered(outbound):
    """Many answer 200 whatever happened."""
    async with open_service(reply(200, {"CodeResult": "103"})) as service:
        settings = Sms(url=service.url, body="{text}", success_pattern='"100"')
        outcome = await SmsChannel(settings, outbound).send(make_parcel())
    assert (outcome.result, outcome.code) == ("refused", "gateway_said_no")


def test_every_vietnamese_letter_has_its_plain_one():
    """đ has no decomposition of its own."""
    assert without_accents("Đường Nà Lay – đổ rác ở ngõ") == "Duong Na Lay - do rac o ngo"


async def test_a_webhook_is_signed_over_id_time_and_body(tmp_path, outbound):
    """The receiver can prove who sent it, drop repeats by the id, and refuse old recordings."""
    key = secret(tmp_path, "key", "bi-mat")
    async with open_service() as service:
        hook = Webhook(name="tinh", url=f"{service.url}/ioc", secret_file=key)
        channel = WebhookChannel((hook,), outbound)
        parcel = make_parcel(address="tinh")
        assert (await channel.send(parcel)).result == "delivered"
        assert (await channel.send(parcel)).result == "delivered"
    first, second = service.requests
    signed = f"{first.headers['webhook-id']}.{first.headers['webhook-timestamp']}.".encode()
    expected = hmac.new(b"bi-mat", signed + first.body, hashlib.sha256).digest()
    assert first.headers["webhook-signature"] == f"v1,{base64.b64encode(expected).decode()}"
    assert first.headers["webhook-timestamp"] == str(int(parcel.sent_at.timestamp()))
    assert (first.headers["webhook-id"], first.body) == (second.headers["webhook-id"], second.body)
    event = first.fields
    assert (event["specversion"], event["type"]) == ("1.0", "ioc.alarm.annunciated.v1")
    assert event["data"]["kind"] == "intrusion"


async def test_a_redirect_is_never_followed(tmp_path, outbound):
    """It could lead to what only the centre can reach."""
    key = secret(tmp_path, "key", "bi-mat")
    async with open_service() as inner, open_service(reply(302, location=inner.url)) as service:
        hook = Webhook(name="tinh", url=service.url, secret_file=key)
        outcome = await WebhookChannel((hook,), outbound).send(make_parcel(address="tinh"))
    assert (outcome.result, outcome.code) == ("refused", "redirected")
    assert inner.requests == []


async def test_mail_goes_over_tls_after_a_login(tmp_path):
    """The same parcel has the same Message-ID every time, so that mailboxes know a repeat."""
    async with open_mail_server(tmp_path, account=("ioc", "mat-khau")) as server:
        channel = EmailChannel(mail_settings(tmp_path, server.port, password="mat-khau"))
        outcome = await channel.send(make_parcel(address="lan@xa.example"))
        await channel.send(make_parcel(address="lan@xa.example"))
    assert outcome.result == "delivered"
    mail, again = server.mails
    assert mail["To"] == "lan@xa.example"
    assert "Cổng làng" in mail["Subject"]
    assert "Chưa ai" in mail.get_content()
    assert mail["X-Priority"] == "1"
    assert mail["Message-ID"] == again["Message-ID"]


async def test_a_long_subject_arrives_as_it_was_written(tmp_path):
    """Wherever it is folded for the way."""
    title = "Nhắc lại: Một điểm bị đổ rác từ 3 lần trong ngày – Ngõ Bản Chương, xã Sảng Mộc"
    titles = [" ".join(title.split()[words:]) for words in range(12)] + ["Loa 3 hỏng", "ASCII only"]
    async with open_mail_server(tmp_path, account=("ioc", "mat-khau")) as server:
        channel = EmailChannel(mail_settings(tmp_path, server.port, password="mat-khau"))
        for each in titles:
            parcel = make_parcel(address="lan@xa.example", title=each)
            assert (await channel.send(parcel)).result == "delivered"
    assert [mail["Subject"] for mail in server.mails] == titles


@pytest.mark.parametrize(
    ("password", "answer", "result", "code"),
    [
        ("sai", "250 ok", "refused", "login_refused"),
        ("mat-khau", "550 5.1.1 unknown", "gone", "smtp_550"),
        ("mat-khau", "451 4.7.1 later", "retry", "smtp_451"),
    ],
)
async def test_what_a_mail_server_refuses_is_told_apart(tmp_path, password, answer, result, code):
    """A dead mailbox, a wrong password and a grey list each want something else."""
    async with open_mail_server(tmp_path, account=("ioc", "mat-khau")) as server:
        server.answers["lan@xa.example"] = answer
        channel = EmailChannel(mail_settings(tmp_path, server.port, password=password))
        outcome = await channel.send(make_parcel(address="lan@xa.example"))
    assert (outcome.result, outcome.code) == (result, code)
    assert server.mails == []


@pytest.mark.parametrize("address", ["lan@xa.example\r\nBcc: moi@xa.example", "lân@xa.example"])
async def test_an_address_that_no_header_can_hold_is_given_up(tmp_path, address):
    """At once, and the person is told: nothing else goes along in it, nothing waits for it."""
    async with open_mail_server(tmp_path, account=("ioc", "mat-khau")) as server:
        channel = EmailChannel(mail_settings(tmp_path, server.port, password="mat-khau"))
        outcome = await channel.send(make_parcel(address=address))
    assert (outcome.result, outcome.code) == ("gone", "address")
    assert server.mails == []


@pytest.mark.parametrize(
    "address",
    ["lân@xa.example", "a\x1b@xa.example", "a@xa.example\nBcc: b@xa.example", "a@b@xa.vn"],
)
def test_an_address_that_no_header_can_hold_is_not_stored(address):
    """Who types it is told there and then."""
    with pytest.raises(Refusal, match="unusable_address"):
        make_contact(login="truc", channel="email", address=address, label="", at=AT)


async def test_a_password_is_never_sent_without_tls(tmp_path):
    """A server that offers no STARTTLS may be somebody in between."""
    async with open_mail_server(tmp_path, account=("ioc", "mat-khau")) as server:
        server.offers_tls = False
        channel = EmailChannel(mail_settings(tmp_path, server.port, password="mat-khau"))
        outcome = await channel.send(make_parcel(address="lan@xa.example"))
    assert (outcome.result, outcome.code) == ("refused", "no_starttls")


async def test_a_server_with_a_foreign_certificate_gets_no_password(tmp_path):
    """Without the authority's file nothing vouches for it."""
    async with open_mail_server(tmp_path, account=("ioc", "mat-khau")) as server:
        settings = mail_settings(tmp_path, server.port, password="mat-khau")
        channel = EmailChannel(settings.model_copy(update={"ca_file": None}))
        outcome = await channel.send(make_parcel(address="lan@xa.example"))
    assert (outcome.result, outcome.code) == ("refused", "certificate")


def mail_settings(folder: Path, port: int, *, password: str) -> Email:
    return Email(
        host="127.0.0.1",
        port=port,
        username="ioc",
        password_file=secret(folder, "smtp_password", password),
        sender="ioc@xa.example",
        ca_file=folder / "smtp.crt",
    )


async def test_nothing_inside_the_network_is_spoken_to_unless_named(clock):
    """Neither by address, nor by a name that points there, nor without TLS."""
    way = Outbound(private_hosts=(), clock=clock)
    try:
        async with open_service() as service:
            port = service.url.rpartition(":")[2]
            for url, why in [
                (service.url, "not_https"),
                (f"https://127.0.0.1:{port}/", "inside_the_network"),
                (f"https://localhost:{port}/", "inside_the_network"),
                (f"https://[::ffff:127.0.0.1]:{port}/", "inside_the_network"),
                ("https://169.254.169.254/latest", "inside_the_network"),
                ("file:///etc/passwd", "not_https"),
            ]:
                with pytest.raises(Forbidden, match=why):
                    await way.send(Letter(url=url))
        assert service.requests == []
    finally:
        await way.close()


@pytest.mark.parametrize(
    ("address", "expected"),
    [("8.8.8.8", True), ("10.0.0.1", False), ("::1", False), ("224.0.0.1", False),
     ("2002:7f00:1::", False), ("fe80::1%eth0", False), ("100.64.0.1", False),
     ("64:ff9b::a9fe:a9fe", False), ("64:ff9b::808:808", True), ("::127.0.0.1", False),
     ("fec0::1", False), ("64:ff9b:1::1", False), ("2606:4700::1111", True)],
)  # fmt: skip
def test_which_addresses_are_public(address, expected):
    """Wrapped and scoped addresses are looked into."""
    assert is_public(address) is expected


async def test_a_service_that_closes_the_door_is_unreachable(outbound, free_port):
    """Nobody listens: worth another try."""
    with pytest.raises(Unreachable):
        await outbound.send(Letter(url=f"http://127.0.0.1:{free_port}/"))
