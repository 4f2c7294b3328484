"""The Zalo Bot Platform: a bot writes to persons and groups that have spoken to it before."""

from ioc.notify.channels.bots import Bot, judge_bot_answer
from ioc.notify.channels.outbound import Answer, Outbound
from ioc.notify.channels.parcel import ChannelName, Outcome, Parcel
from ioc.notify.settings import ZaloBot

_LONGEST_TEXT = 2_000


class ZaloBotChannel:
    """Sends plain text; the platform cannot tell a repeated message from another one."""

    name: ChannelName = "zalo_bot"
    dedupes = False

    def __init__(self, settings: ZaloBot, outbound: Outbound) -> None:
        self._bot = Bot(api_url=settings.api_url, token_file=settings.token_file, outbound=outbound)

    async def send(self, parcel: Parcel) -> Outcome:
        """Send one message."""
        fields = {"chat_id": parcel.address, "text": parcel.text[:_LONGEST_TEXT]}
        return await self._bot.send(fields, _judge)


def _judge(answer: Answer) -> Outcome:
    return judge_bot_answer(answer, wait_s=answer.retry_after_s)
