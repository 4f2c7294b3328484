"""E-mail by the commune's SMTP server, with STARTTLS or TLS and a login where it wants one."""

import asyncio
import hashlib
import smtplib
import ssl
from email.header import Header
from email.message import Message
from email.mime.text import MIMEText
from email.utils import format_datetime

from ioc.notify.channels.parcel import (
    ChannelName,
    Outcome,
    Parcel,
    delivered,
    gone,
    refused,
    retry,
)
from ioc.notify.channels.secret_files import SecretUnusable, read_secret
from ioc.notify.settings import Email

_TIMEOUT_S = 15.0


class EmailChannel:
    """Sends plain text. Repeats carry the same Message-ID, by which most mailboxes know them."""

    name: ChannelName = "email"
    dedupes = False  # most mailboxes drop a known Message-ID, but no standard makes them

    def __init__(self, settings: Email) -> None:
        self._settings = settings

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one mail; runs in a thread, since the protocol's library waits."""
        if not (parcel.address.isascii() and parcel.address.isprintable()):
            return gone("address")  # stored by a release that took accents
        return await asyncio.to_thread(self._send, compose(parcel, sender=self._settings.sender))

    def _send(self, mail: Message) -> Outcome:
        try:
            with self._connect() as server:
                server.send_message(mail)
        except SecretUnusable:
            return refused("secret_unusable")
        except (smtplib.SMTPException, OSError) as error:
            return _explain(error)
        return delivered(mail["Message-ID"])

    def _connect(self) -> smtplib.SMTP:
        settings = self._settings
        server: smtplib.SMTP
        if settings.security == "tls":
            server = smtplib.SMTP_SSL(
                settings.host, settings.port, timeout=_TIMEOUT_S, context=self._trust()
            )
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=_TIMEOUT_S)
        try:
            if settings.security == "starttls":
                server.starttls(context=self._trust())
            if settings.password_file is not None:
                server.login(settings.username, read_secret(settings.password_file))
        except BaseException:
            server.close()
            raise
        return server

    def _trust(self) -> ssl.SSLContext:
        return ssl.create_default_context(
            cafile=None if self._settings.ca_file is None else str(self._settings.ca_file)
        )


def compose(parcel: Parcel, *, sender: str) -> Message:
    """Return the mail; the same Message-ID for the same parcel at every attempt."""
    body = "\n".join(part for part in (parcel.body, parcel.link) if part) + "\n"
    mail = MIMEText(body, "plain", "utf-8")
    mail["From"] = sender
    mail["To"] = parcel.address
    # Folded by `EmailMessage`, a long subject loses spaces (RFC 2047 §6.2).
    title = " ".join(parcel.title.split())
    mail["Subject"] = Header(title, "utf-8", header_name="Subject").encode()
    mail["Date"] = format_datetime(parcel.created_at)
    key = hashlib.sha256(parcel.dedupe_key.encode()).hexdigest()[:40]
    mail["Message-ID"] = f"<{key}@{sender.rpartition('@')[2]}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers
    if parcel.is_emergency:
        mail["X-Priority"] = "1"
        mail["Importance"] = "high"
    return mail


def _explain(error: smtplib.SMTPException | OSError) -> Outcome:
    match error:
        case smtplib.SMTPAuthenticationError():
            return refused("login_refused")
        case smtplib.SMTPRecipientsRefused():
            (code, _), *_ = error.recipients.values()
            return gone(f"smtp_{code}") if code in (550, 551, 553) else _judge(code)
        case smtplib.SMTPResponseException():
            return _judge(error.smtp_code)
        case smtplib.SMTPNotSupportedError():
            return refused("no_starttls")
        case ssl.SSLCertVerificationError():
            return refused("certificate")
        case _:
            return retry(type(error).__name__)


def _judge(code: int) -> Outcome:
    return refused(f"smtp_{code}") if 500 <= code < 600 else retry(f"smtp_{code}")
