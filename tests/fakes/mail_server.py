"""A small SMTP server (RFC 5321) with STARTTLS and AUTH PLAIN that keeps what it was sent."""

import asyncio
import base64
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import message_from_bytes, policy
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID


@dataclass(kw_only=True)
class MailServer:
    """Takes mail over TLS from `account` only; `answers` to RCPT by address."""

    folder: Path
    account: tuple[str, str]
    port: int = 0
    answers: dict[str, str] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    offers_tls: bool = True

    @property
    def certificate(self) -> Path:
        return self.folder / "smtp.crt"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await _Conversation(self, reader, writer).hold()
        except (ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            pass
        finally:
            writer.close()


class _Conversation:
    def __init__(self, server: MailServer, reader, writer) -> None:
        self._server, self._reader, self._writer = server, reader, writer
        self._is_secret = self._is_known = False

    async def hold(self) -> None:
        await self._say("220 smtp.thu ESMTP")
        while line := (await self._reader.readline()).decode().strip():
            verb, _, rest = line.partition(" ")
            if verb.upper() == "QUIT":
                await self._say("221 bye")
                return
            await getattr(self, f"_{verb.lower()}", self._unknown)(rest)

    async def _ehlo(self, _rest: str) -> None:
        if self._is_secret:
            await self._say("250-smtp.thu\r\n250 AUTH PLAIN")
        elif self._server.offers_tls:
            await self._say("250-smtp.thu\r\n250 STARTTLS")
        else:
            await self._say("250 smtp.thu")

    async def _starttls(self, _rest: str) -> None:
        await self._say("220 go ahead")
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self._server.certificate, self._server.folder / "smtp.key")
        await self._writer.start_tls(context)
        self._is_secret = True

    async def _auth(self, rest: str) -> None:
        _, user, password = base64.b64decode(rest.split()[1]).decode().split("\0")
        self._is_known = self._is_secret and (user, password) == self._server.account
        await self._say("235 welcome" if self._is_known else "535 5.7.8 no such account")

    async def _mail(self, _rest: str) -> None:
        await self._say("250 ok" if self._is_known else "530 5.7.0 sign in first")

    async def _rcpt(self, rest: str) -> None:
        address = rest.partition("<")[2].partition(">")[0]
        await self._say(self._server.answers.get(address, "250 ok"))

    async def _data(self, _rest: str) -> None:
        await self._say("354 go on")
        body = (await self._reader.readuntil(b"\r\n.\r\n")).removesuffix(b".\r\n")
        self._server.mails.append(message_from_bytes(body, policy=policy.default))
        await self._say("250 taken")

    async def _rset(self, _rest: str) -> None:
        await self._say("250 ok")

    async def _unknown(self, _rest: str) -> None:
        await self._say("502 unknown")

    async def _say(self, line: str) -> None:
        self._writer.write(f"{line}\r\n".encode())
        await self._writer.drain()


@asynccontextmanager
async def open_mail_server(folder: Path, *, account: tuple[str, str]) -> AsyncIterator[MailServer]:
    """Serve on a free port of 127.0.0.1, with a certificate of its own."""
    mail_server = MailServer(folder=folder, account=account)
    _issue(folder)
    server = await asyncio.start_server(mail_server.serve, "127.0.0.1", 0)
    mail_server.port = server.sockets[0].getsockname()[1]
    async with server:
        yield mail_server


def _issue(folder: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "smtp.thu")])
    since = datetime(2026, 1, 1, tzinfo=UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(since)
        .not_valid_after(since + timedelta(days=36_500))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False
        )
        .sign(key, SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "smtp.key").write_bytes(pem)
    (folder / "smtp.crt").write_bytes(certificate.public_bytes(Encoding.PEM))
