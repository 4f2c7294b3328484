"""Webhooks: alarms as CloudEvents 1.0 for other systems, signed so that nobody can make them up.

Signature and headers follow the Standard Webhooks specification: HMAC-SHA256 over
`id.timestamp.body`. The id stays the same at every attempt and the timestamp is each attempt's own,
so a receiver can drop repeats and refuse what somebody recorded earlier.
"""

import base64
import hashlib
import hmac
import json

from ioc.notify.channels.outbound import Answer, Forbidden, Letter, Outbound, Unreachable
from ioc.notify.channels.parcel import ChannelName, Outcome, Parcel, delivered, refused, retry
from ioc.notify.channels.secret_files import SecretUnusable, read_secret
from ioc.notify.settings import Webhook

EVENT_TYPE = "ioc.alarm.annunciated.v1"


class WebhookChannel:
    """Posts to the webhooks of the settings; a parcel's address is the name of one."""

    name: ChannelName = "webhook"
    dedupes = True

    def __init__(self, hooks: tuple[Webhook, ...], outbound: Outbound) -> None:
        self._hooks = {hook.name: hook for hook in hooks}
        self._outbound = outbound

    async def send(self, parcel: Parcel) -> Outcome:
        """Post one event."""
        hook = self._hooks.get(parcel.address)
        if hook is None:
            return refused("webhook_removed")
        try:
            body = encode_event(parcel)
            timestamp = str(int(parcel.sent_at.timestamp()))
            secret = read_secret(hook.secret_file)
            signature = sign(secret, parcel.notification_id, timestamp, body)
            answer = await self._outbound.send(
                Letter(
                    url=hook.url,
                    headers={
                        "content-type": "application/cloudevents+json",
                        "webhook-id": parcel.notification_id,
                        "webhook-timestamp": timestamp,
                        "webhook-signature": f"v1,{signature}",
                    },
                    content=body,
                )
            )
        except SecretUnusable:
            return refused("secret_unusable")
        except Unreachable as error:
            return retry(str(error))
        except Forbidden as error:
            return refused(str(error))
        return _judge(answer)


def encode_event(parcel: Parcel) -> bytes:
    """Return the parcel as a structured CloudEvent; the same bytes at every attempt."""
    event = {
        "specversion": "1.0",
        "id": parcel.notification_id,
        "source": "/ioc/alarms",
        "type": EVENT_TYPE,
        "subject": parcel.facts.get("alarm_id", parcel.notification_id),
        "time": parcel.created_at.isoformat(),
        "datacontenttype": "application/json",
        "data": {"title": parcel.title, "link": parcel.link, **parcel.facts},
    }
    return json.dumps(event, ensure_ascii=False, sort_keys=True).encode()


def sign(secret: str, notification_id: str, timestamp: str, body: bytes) -> str:
    """Return the signature in base64."""
    signed = f"{notification_id}.{timestamp}.".encode() + body
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()


def _judge(answer: Answer) -> Outcome:
    if 200 <= answer.status < 300:
        return delivered()
    if 300 <= answer.status < 400:
        return refused("redirected")  # never followed: it could lead into the network
    if answer.status == 410:
        return refused("http_410")
    return retry(f"http_{answer.status}", answer.retry_after_s)
