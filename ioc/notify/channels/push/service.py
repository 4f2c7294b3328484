"""The push services of browsers (RFC 8030): one encrypted request per notification."""

import hashlib
import json
import os
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric import ec

from ioc.notify.channels.outbound import Answer, Forbidden, Letter, Outbound, Unreachable
from ioc.notify.channels.parcel import (
    ChannelName,
    Outcome,
    Parcel,
    delivered,
    gone,
    refused,
    retry,
)
from ioc.notify.channels.push.encryption import (
    LONGEST_PLAINTEXT_BYTES,
    KeysUnusable,
    Recipient,
    encode_base64url,
    encrypt,
)
from ioc.notify.channels.push.key import PushKey
from ioc.notify.settings import WebPush


class WebPushChannel:
    """Repeats replace each other: at the service by topic, on the screen by tag."""

    name: ChannelName = "web_push"
    dedupes = True

    def __init__(self, settings: WebPush, key: PushKey, outbound: Outbound) -> None:
        self._settings = settings
        self._key = key
        self._outbound = outbound

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one notification."""
        if not is_known_service(parcel.address, self._settings.services):
            return gone("unknown_service")
        try:
            answer = await self._outbound.send(self._letter(parcel))
        except KeysUnusable:
            return gone("keys_unusable")
        except Unreachable as error:
            return retry(str(error))
        except Forbidden as error:
            return refused(str(error))
        return _judge(answer)

    def _letter(self, parcel: Parcel) -> Letter:
        recipient = Recipient.parse(parcel.keys.get("p256dh", ""), parcel.keys.get("auth", ""))
        own = ec.generate_private_key(ec.SECP256R1())
        body = encrypt(write_payload(parcel), recipient, own=own, salt=os.urandom(16))
        parts = urlsplit(parcel.address)
        life_s = max(0, int((parcel.expires_at - parcel.sent_at).total_seconds()))
        return Letter(
            url=parcel.address,
            headers={
                "content-encoding": "aes128gcm",
                "content-type": "application/octet-stream",
                "ttl": str(life_s),
                "urgency": "high" if parcel.is_emergency else "normal",
                "topic": topic_of(parcel.dedupe_key),
                "authorization": self._key.authorization(
                    audience=f"{parts.scheme}://{parts.netloc}",
                    contact=self._settings.contact,
                    now=parcel.sent_at,
                ),
            },
            content=body,
        )


def is_known_service(endpoint: str, services: tuple[str, ...]) -> bool:
    """Tell whether an endpoint that a browser named lies at a push service of the settings."""
    try:
        host = urlsplit(endpoint).hostname or ""
    except ValueError:
        return False
    return any(host == service or host.endswith(f".{service}") for service in services)


def topic_of(dedupe_key: str) -> str:
    """Return the topic by which a service replaces a repeat (RFC 8030 §5.4: 32 of base64url)."""
    return encode_base64url(hashlib.sha256(dedupe_key.encode()).digest())[:32]


def write_payload(parcel: Parcel) -> bytes:
    """Return what the browser's worker reads, its body cut to what fits."""
    body = parcel.body
    while True:
        fields = {
            "title": parcel.title,
            "body": body,
            "link": parcel.link,
            "tag": topic_of(parcel.dedupe_key),
            "emergency": parcel.is_emergency,
            "language": parcel.language,
        }
        octets = json.dumps(fields, ensure_ascii=False).encode()
        if len(octets) <= LONGEST_PLAINTEXT_BYTES or not body:
            return octets[:LONGEST_PLAINTEXT_BYTES]
        body = body[: len(body) // 2]


def _judge(answer: Answer) -> Outcome:
    if 200 <= answer.status < 300:
        return delivered(urlsplit(answer.headers.get("location", "")).path.rpartition("/")[2])
    if answer.status in (404, 410):
        return gone(f"http_{answer.status}")
    if answer.status >= 500 or answer.status == 429:
        return retry(f"http_{answer.status}", answer.retry_after_s)
    return refused(f"http_{answer.status}")
