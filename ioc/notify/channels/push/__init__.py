"""Web push: notifications of browsers, encrypted so that their service cannot read them."""

from ioc.notify.channels.push.key import PushKey, PushKeyUnusable, open_push_key
from ioc.notify.channels.push.service import WebPushChannel, is_known_service

__all__ = ["PushKey", "PushKeyUnusable", "WebPushChannel", "is_known_service", "open_push_key"]
