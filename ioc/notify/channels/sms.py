"""Text messages by a gateway that speaks HTTP; what it wants to be sent stands in the settings."""

import json
import re
import unicodedata
from urllib.parse import quote_plus

from ioc.notify.channels.outbound import Answer, Forbidden, Letter, Outbound, Unreachable
from ioc.notify.channels.parcel import ChannelName, Outcome, Parcel, delivered, refused, retry
from ioc.notify.channels.secret_files import SecretUnusable, read_secret
from ioc.notify.settings import Sms

_GAP = re.compile(r"\{(phone|text|id|secret)\}")


class SmsChannel:
    """Sends short text. `{id}` stays the same at every attempt, for gateways that look at it."""

    name: ChannelName = "sms"
    dedupes = False

    def __init__(self, settings: Sms, outbound: Outbound) -> None:
        self._settings = settings
        self._outbound = outbound

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one message."""
        try:
            letter = self._letter(parcel)
            answer = await self._outbound.send(letter)
        except SecretUnusable:
            return refused("secret_unusable")
        except Unreachable as error:
            return retry(str(error))
        except Forbidden as error:
            return refused(str(error))
        return self._judge(answer)

    def _letter(self, parcel: Parcel) -> Letter:
        settings = self._settings
        values = {
            "phone": parcel.address,
            "text": shorten(parcel, settings),
            "id": parcel.notification_id,
            "secret": read_secret(settings.secret_file) if settings.secret_file else "",
        }
        quote = _quote_json if settings.content_type == "application/json" else quote_plus
        body = _GAP.sub(lambda gap: quote(values[gap[1]]), settings.body)
        headers = {
            name: _GAP.sub(lambda gap: values[gap[1]] if gap[1] == "secret" else gap[0], value)
            for name, value in settings.headers.items()
        }
        return Letter(
            url=settings.url,
            method=settings.method,
            headers={**headers, "content-type": settings.content_type},
            content=body.encode(),
        )

    def _judge(self, answer: Answer) -> Outcome:
        if answer.status >= 500 or answer.status in (408, 429):
            return retry(f"http_{answer.status}", answer.retry_after_s)
        if not 200 <= answer.status < 300:
            return refused(f"http_{answer.status}")
        text = answer.content.decode("utf-8", "replace")
        if not re.search(self._settings.success_pattern, text):
            return refused("gateway_said_no")
        return delivered()


def shorten(parcel: Parcel, settings: Sms) -> str:
    """Return the parcel's text as one text message; the link is kept whole where there is one."""
    said = " ".join(f"{parcel.title}. {parcel.body}".split())
    if settings.without_accents:
        said = without_accents(said)
    link = f" {parcel.link}" if parcel.link else ""
    room = settings.longest_text - len(link)
    if room < 20:
        return said[: settings.longest_text]
    return (said if len(said) <= room else said[: room - 3].rstrip() + "...") + link


def without_accents(text: str) -> str:
    """Return Vietnamese in the letters every telephone counts as one character each."""
    parts = unicodedata.normalize("NFD", text.replace("đ", "d").replace("Đ", "D"))
    plain = "".join(part for part in parts if not unicodedata.combining(part))
    return plain.replace("–", "-").replace("·", "-").encode("ascii", "ignore").decode().strip()


def _quote_json(value: str) -> str:
    """Return text as it stands between the quotation marks of JSON."""
    return json.dumps(value, ensure_ascii=False)[1:-1]
