"""Zalo: the bot platform, the Official Account, and its templates for telephone numbers (ZNS)."""

from ioc.notify.channels.zalo.account import OfficialAccountChannel, TemplateChannel
from ioc.notify.channels.zalo.bot import ZaloBotChannel
from ioc.notify.channels.zalo.tokens import ZaloTokens

__all__ = ["OfficialAccountChannel", "TemplateChannel", "ZaloBotChannel", "ZaloTokens"]
