"""Telegram: a bot writes to chats that have spoken to it before (Bot API, `sendMessage`)."""

from ioc.notify.channels.bots import Bot, judge_bot_answer
from ioc.notify.channels.outbound import Answer, Outbound
from ioc.notify.channels.parcel import ChannelName, Outcome, Parcel
from ioc.notify.settings import Telegram

_LONGEST_TEXT = 4_096


class TelegramChannel:
    """Sends plain text; Telegram cannot tell a repeated message from another one."""

    name: ChannelName = "telegram"
    dedupes = False

    def __init__(self, settings: Telegram, outbound: Outbound) -> None:
        self._bot = Bot(api_url=settings.api_url, token_file=settings.token_file, outbound=outbound)

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one message."""
        fields = {"chat_id": parcel.address, "text": parcel.text[:_LONGEST_TEXT]}
        return await self._bot.send(fields, _judge)


def _judge(answer: Answer) -> Outcome:
    parameters = answer.fields.get("parameters")
    wait = parameters.get("retry_after") if isinstance(parameters, dict) else None
    wait_s = float(wait) if isinstance(wait, int) else answer.retry_after_s
    return judge_bot_answer(answer, wait_s=wait_s)
