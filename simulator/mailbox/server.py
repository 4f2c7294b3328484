"""SMTP (RFC 5321) as far as a sender needs it; whatever is sent is told and forgotten."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import default
from typing import Self

LARGEST_MAIL_BYTES = 1_000_000
MOST_RECIPIENTS = 100
PATIENCE_S = 60.0
_LONGEST_LINE_BYTES = 4_096
_END_OF_DATA = b".\r\n"


@dataclass(frozen=True, kw_only=True)
class Mail:
    """One mail, for one of those it was sent to."""

    recipient: str
    subject: str
    text: str


Tell = Callable[[Mail], None]


class Mailbox:
    """Listens on loopback; tells of every mail once it has come whole."""

    def __init__(self, server: asyncio.Server) -> None:
        self._server = server

    @classmethod
    async def open(cls, port: int, tell: Tell) -> Self:
        """Listen from now on; `run` keeps it open."""

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            try:
                async with asyncio.timeout(PATIENCE_S):
                    await _Conversation(reader, writer, tell).run()
            except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, ValueError):
                pass  # the sender went away, or speaks another language
            finally:
                writer.close()

        server = await asyncio.start_server(serve, "127.0.0.1", port, limit=_LONGEST_LINE_BYTES)
        return cls(server)

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._server.sockets[0].getsockname()[1])

    async def run(self) -> None:
        """Take mail until cancelled."""
        async with self._server:
            await self._server.serve_forever()


class _Conversation:
    """One sender's connection."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, tell: Tell
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._tell = tell
        self._recipients: list[str] = []

    async def run(self) -> None:
        """Talk until the sender is done."""
        await self._say("220 the mailbox of a simulated commune")
        while line := await self._reader.readline():
            command = line.decode("utf-8", errors="replace").strip()
            if command.upper() == "DATA":
                await self._take()
                continue
            await self._say(self._answer(command))
            if command.upper() == "QUIT":
                return

    def _answer(self, command: str) -> str:
        verb = command.upper()
        if verb.startswith(("EHLO", "HELO")):
            return "250 welcome"
        if verb.startswith("MAIL FROM:"):
            self._recipients = []
            return "250 go on"
        if verb.startswith("RCPT TO:"):
            return self._answer_recipient(command)
        return {"QUIT": "221 goodbye", "RSET": "250 forgotten", "NOOP": "250 still here"}.get(
            verb, "502 not spoken here"
        )

    def _answer_recipient(self, command: str) -> str:
        if len(self._recipients) >= MOST_RECIPIENTS:
            return "452 too many recipients"
        address = command.partition(":")[2].strip()
        self._recipients.append(address[1:].partition(">")[0] if address[:1] == "<" else address)
        return "250 known here"

    async def _take(self) -> None:
        if not self._recipients:
            await self._say("503 for whom?")
            return
        await self._say("354 go on, a dot alone ends it")
        lines: list[bytes] = []
        size = 0
        while (line := await self._reader.readline()) not in (_END_OF_DATA, b""):
            size += len(line)
            if size <= LARGEST_MAIL_BYTES:
                lines.append(line.removeprefix(b"."))  # RFC 5321, 4.5.2
        if size > LARGEST_MAIL_BYTES:
            await self._say("552 too large")
            return
        for mail in _read(b"".join(lines), self._recipients):
            self._tell(mail)
        await self._say("250 taken")

    async def _say(self, answer: str) -> None:
        self._writer.write(f"{answer}\r\n".encode())
        await self._writer.drain()


def _read(raw: bytes, recipients: list[str]) -> list[Mail]:
    parsed = message_from_bytes(raw, policy=default)
    body = parsed.get_body(("plain",))
    lines = str(body.get_content()).strip().splitlines() if body is not None else []
    subject = str(parsed["Subject"] or "")
    return [Mail(recipient=each, subject=subject, text="\n".join(lines)) for each in recipients]
