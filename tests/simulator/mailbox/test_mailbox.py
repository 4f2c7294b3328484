"""The mailbox of the simulated commune takes what a real mail server would, and tells of it."""

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from email.message import EmailMessage

import pytest

from simulator.mailbox import Mail, Mailbox
from simulator.mailbox.server import LARGEST_MAIL_BYTES


@pytest.fixture
async def told() -> list[Mail]:
    """What the mailbox has said."""
    return []


@pytest.fixture
async def mailbox(told: list[Mail]) -> AsyncIterator[Mailbox]:
    opened = await Mailbox.open(0, told.append)
    async with asyncio.TaskGroup() as group:
        running = group.create_task(opened.run(), name="mailbox")
        yield opened
        running.cancel()


async def send(mailbox: Mailbox, talk: Callable[[smtplib.SMTP], object]) -> object:
    def work() -> object:
        with smtplib.SMTP("127.0.0.1", mailbox.port, timeout=10) as server:
            return talk(server)

    return await asyncio.to_thread(work)


def mail(text: str, *recipients: str) -> EmailMessage:
    written = EmailMessage()
    written["From"] = "ioc@sang-moc.example"
    written["To"] = ", ".join(recipients)
    written["Subject"] = "◆ Đổ rác sai quy định – Ngõ Bản Chương"
    written.set_content(text)
    return written


async def test_a_mail_is_told_once_for_each_who_gets_it(mailbox, told):
    """With its accents, and lines that begin with a dot."""
    text = "Vật bị bỏ lại.\n..\n.hai chấm"
    people = ("truc@sang-moc.example", "quantri@sang-moc.example")
    await send(mailbox, lambda server: server.send_message(mail(text, *people)))
    assert [each.recipient for each in told] == list(people)
    assert {(each.subject, each.text) for each in told} == {
        ("◆ Đổ rác sai quy định – Ngõ Bản Chương", text)
    }


async def test_a_mail_that_is_too_large_is_refused_whole(mailbox, told):
    """And the next one on the same connection is taken."""

    def talk(server: smtplib.SMTP) -> int:
        with suppress(smtplib.SMTPDataError):
            server.send_message(mail("x" * 70 + "\n" * LARGEST_MAIL_BYTES, "a@xa.example"))
        server.send_message(mail("ngắn", "b@xa.example"))
        return len(told)

    await send(mailbox, talk)
    assert [each.recipient for each in told] == ["b@xa.example"]


async def test_who_speaks_another_language_is_sent_away(mailbox, told):
    """Nothing ends but their connection."""
    reader, writer = await asyncio.open_connection("127.0.0.1", mailbox.port)
    writer.write(b"\xff" * 10_000 + b"\n")
    await writer.drain()
    with suppress(ConnectionError):
        await reader.read()
    writer.close()
    answer = await send(mailbox, lambda server: server.docmd("VRFY", "truc"))
    assert answer[0] == 502
    assert told == []
