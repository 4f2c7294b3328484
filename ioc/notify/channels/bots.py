"""What the bots of Telegram and of the Zalo Bot Platform have in common: the token in the path."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

from ioc.notify.channels.outbound import Answer, Forbidden, Letter, Outbound, Unreachable
from ioc.notify.channels.parcel import Outcome, delivered, gone, refused, retry
from ioc.notify.channels.secret_files import SecretUnusable, read_secret


class Bot:
    """One bot; its token is part of the address, which therefore appears in no log."""

    def __init__(self, *, api_url: str, token_file: Path, outbound: Outbound) -> None:
        self._api_url = api_url
        self._token_file = token_file
        self._outbound = outbound

    async def send(
        self, fields: Mapping[str, object], judge: Callable[[Answer], Outcome]
    ) -> Outcome:
        """Call `sendMessage` and return what `judge` makes of the answer."""
        try:
            token = read_secret(self._token_file)
        except SecretUnusable:
            return refused("secret_unusable")
        letter = Letter(
            url=f"{self._api_url}/bot{token}/sendMessage",
            headers={"content-type": "application/json"},
            content=json.dumps(fields, ensure_ascii=False).encode(),
        )
        try:
            return judge(await self._outbound.send(letter))
        except Unreachable as error:
            return retry(str(error))
        except Forbidden as error:
            return refused(str(error))


def judge_bot_answer(answer: Answer, *, wait_s: float | None) -> Outcome:
    """Return what an answer `{"ok": …, "error_code": …, "result": …}` means.

    400 and 403 name a chat that does not exist or has shut the bot out; 401 and 404 a wrong token.
    """
    fields = answer.fields
    if fields.get("ok") is True:
        result = fields.get("result")
        return delivered(result.get("message_id", "") if isinstance(result, dict) else "")
    code = fields.get("error_code")
    status = code if isinstance(code, int) and answer.status < 400 else answer.status
    if status in (400, 403):
        return gone(f"chat_{status}")
    if status in (401, 404):
        return refused(f"token_{status}")
    if status == 429:
        return retry("too_many", wait_s)
    return retry(f"http_{status}", wait_s)
