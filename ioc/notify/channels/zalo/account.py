"""The Zalo Official Account: messages to followers (`oa/message/cs`), templates to telephones (ZNS).

Zalo answers errors with status 200 and a negative number. Neither interface promises to drop a
repeated message; ZNS carries our key as `tracking_id`, which only serves to look it up later.
"""

import json
from collections.abc import Mapping

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
from ioc.notify.channels.secret_files import SecretUnusable
from ioc.notify.channels.zalo.tokens import TokensRefused, ZaloTokens
from ioc.notify.settings import ZaloOfficialAccount

_LONGEST_TEXT = 2_000
_TOKEN_REFUSED = frozenset({-124, -201, -216})
# Nobody by this id or number, or a person who does not follow the account.
_GONE = frozenset({-108, -118, -119, -207, -213})
# Outside the hours or the window in which Zalo lets an account write; quota used up.
_REFUSED_NOW = {
    -115: "quota",
    -126: "quota",
    -133: "night",
    -144: "quota",
    -147: "quota",
    -230: "window",
}
_LATER = frozenset({-32, -100, -200})


class _Account:
    """One way of posting as the Official Account, with one more try after a refused token."""

    def __init__(self, tokens: ZaloTokens, outbound: Outbound) -> None:
        self._tokens = tokens
        self._outbound = outbound

    async def post(self, url: str, fields: Mapping[str, object]) -> Outcome:
        """Post JSON and judge the answer."""
        try:
            token = await self._tokens.current()
            answer = await self._send(url, fields, token)
            if answer.fields.get("error") in _TOKEN_REFUSED:
                token = await self._tokens.current(instead_of=token)
                answer = await self._send(url, fields, token)
        except SecretUnusable:
            return refused("secret_unusable")
        except TokensRefused:
            return refused("tokens_refused")
        except Unreachable as error:
            return retry(str(error))
        except Forbidden as error:
            return refused(str(error))
        return judge_zalo_answer(answer)

    async def _send(self, url: str, fields: Mapping[str, object], token: str) -> Answer:
        return await self._outbound.send(
            Letter(
                url=url,
                headers={"content-type": "application/json", "access_token": token},
                content=json.dumps(fields, ensure_ascii=False).encode(),
            )
        )


class OfficialAccountChannel:
    """Writes to followers; Zalo allows it within seven days of what they last wrote."""

    name: ChannelName = "zalo_oa"
    dedupes = False

    def __init__(
        self, settings: ZaloOfficialAccount, tokens: ZaloTokens, outbound: Outbound
    ) -> None:
        self._url = f"{settings.api_url}/v3.0/oa/message/cs"
        self._account = _Account(tokens, outbound)

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one message."""
        text = parcel.text[:_LONGEST_TEXT]
        return await self._account.post(
            self._url, {"recipient": {"user_id": parcel.address}, "message": {"text": text}}
        )


class TemplateChannel:
    """Fills in a template that Zalo has approved; reaches telephone numbers, not at night."""

    name: ChannelName = "zalo_zns"
    dedupes = False

    def __init__(
        self, settings: ZaloOfficialAccount, tokens: ZaloTokens, outbound: Outbound
    ) -> None:
        self._settings = settings
        self._account = _Account(tokens, outbound)

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one filled template."""
        values = {
            **{key: str(value) for key, value in parcel.facts.items()},
            "title": parcel.title,
            "link": parcel.link,
        }
        longest = self._settings.longest_field
        fields = {
            name: _fill(pattern, values)[:longest]
            for name, pattern in self._settings.template_fields.items()
        }
        return await self._account.post(
            f"{self._settings.template_url}/message/template",
            {
                "phone": parcel.address,
                "template_id": self._settings.template_id,
                "template_data": fields,
                "tracking_id": parcel.notification_id,
            },
        )


def judge_zalo_answer(answer: Answer) -> Outcome:
    """Return what Zalo's number means."""
    fields = answer.fields
    number = fields.get("error")
    if answer.status >= 500 or answer.status == 429 or not isinstance(number, int):
        return retry(f"http_{answer.status}", answer.retry_after_s)
    if number == 0:
        told = fields.get("data")
        told = told if isinstance(told, dict) else {}
        return delivered(told.get("message_id") or told.get("msg_id") or "")
    if number in _GONE:
        return gone(f"zalo_{-number}")
    if number in _LATER:
        return retry(f"zalo_{-number}", answer.retry_after_s)
    return refused(_REFUSED_NOW.get(number, f"zalo_{abs(number)}"))


def _fill(pattern: str, values: Mapping[str, str]) -> str:
    for key, value in values.items():
        pattern = pattern.replace(f"{{{key}}}", value)
    return pattern
