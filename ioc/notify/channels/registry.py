"""Which channels this installation has, made from its settings."""

from pathlib import Path

from ioc.clock import Clock
from ioc.notify.channels.mail import EmailChannel
from ioc.notify.channels.outbound import Outbound
from ioc.notify.channels.parcel import Channel
from ioc.notify.channels.push import PushKey, WebPushChannel, open_push_key
from ioc.notify.channels.sms import SmsChannel
from ioc.notify.channels.telegram import TelegramChannel
from ioc.notify.channels.webhook import WebhookChannel
from ioc.notify.channels.zalo import (
    OfficialAccountChannel,
    TemplateChannel,
    ZaloBotChannel,
    ZaloTokens,
)
from ioc.notify.settings import Notify, ZaloOfficialAccount


def make_channels(
    settings: Notify, *, outbound: Outbound, clock: Clock, push_key: PushKey | None
) -> dict[str, Channel]:
    """Return the channels by name; what is not set up is not there."""
    made: list[Channel] = []
    if settings.web_push is not None and push_key is not None:
        made.append(WebPushChannel(settings.web_push, push_key, outbound))
    if settings.email is not None:
        made.append(EmailChannel(settings.email))
    if settings.telegram is not None:
        made.append(TelegramChannel(settings.telegram, outbound))
    if settings.sms is not None:
        made.append(SmsChannel(settings.sms, outbound))
    if settings.zalo_bot is not None:
        made.append(ZaloBotChannel(settings.zalo_bot, outbound))
    if settings.zalo_oa is not None:
        made.extend(_official_account(settings.zalo_oa, outbound, clock))
    if settings.webhooks:
        made.append(WebhookChannel(settings.webhooks, outbound))
    return {channel.name: channel for channel in made}


def push_key_of(settings: Notify, keys_dir: Path) -> PushKey | None:
    """Return the key for web push; None where it is not set up.

    Raises:
        PushKeyUnusable: the file cannot be used.
    """
    if settings.web_push is None:
        return None
    return open_push_key(settings.web_push.key_file or keys_dir / "web_push.pem")


def _official_account(
    settings: ZaloOfficialAccount, outbound: Outbound, clock: Clock
) -> list[Channel]:
    tokens = ZaloTokens(settings, outbound, clock)
    made: list[Channel] = [OfficialAccountChannel(settings, tokens, outbound)]
    if settings.template_id:
        made.append(TemplateChannel(settings, tokens, outbound))
    return made
