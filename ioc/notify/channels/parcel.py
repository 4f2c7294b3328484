"""What every channel is handed and what it answers; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

ChannelName = Literal[
    "web_push", "email", "telegram", "sms", "zalo_bot", "zalo_oa", "zalo_zns", "webhook"
]
Result = Literal["delivered", "retry", "refused", "gone"]


@dataclass(frozen=True, kw_only=True)
class Parcel:
    """One notification on its way to one address."""

    notification_id: str
    dedupe_key: str
    """The same at every attempt: whoever receives it twice may know by this."""
    address: str = field(repr=False)
    """E-mail address, telephone (84…), chat id, push endpoint, or the webhook's name."""
    keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    title: str
    body: str
    link: str
    priority: str
    language: str
    facts: Mapping[str, object] = field(default_factory=dict)
    created_at: datetime
    expires_at: datetime
    sent_at: datetime
    """Of this attempt."""

    @property
    def text(self) -> str:
        """Title, body and link, as services without a title show it."""
        return "\n".join(part for part in (self.title, self.body, self.link) if part)

    @property
    def is_emergency(self) -> bool:
        """Whether the device should wake for it."""
        return self.priority == "critical"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What the service said.

    `delivered`: it took the parcel. `retry`: perhaps later. `refused`: not like this, whoever
    administers the channel must act. `gone`: nobody is at this address any more.
    """

    result: Result
    code: str = ""
    """Stable and short, for the technician; never what the service wrote word by word."""
    provider_id: str = ""
    retry_after_s: float | None = None


def retry(code: str, after_s: float | None = None) -> Outcome:
    """Return that it may succeed later."""
    return Outcome(result="retry", code=code, retry_after_s=after_s)


def refused(code: str) -> Outcome:
    """Return that trying again would change nothing."""
    return Outcome(result="refused", code=code)


def gone(code: str) -> Outcome:
    """Return that the address is dead."""
    return Outcome(result="gone", code=code)


def delivered(provider_id: object = "") -> Outcome:
    """Return that the service took it under `provider_id`."""
    return Outcome(result="delivered", provider_id=str(provider_id)[:200])


class Channel(Protocol):
    """An adapter; it translates every failure of its service into an outcome."""

    @property
    def name(self) -> ChannelName:
        """How rows and words name it."""
        ...

    @property
    def dedupes(self) -> bool:
        """Whether the receiving side shows a parcel once that was sent twice with one key.

        Where it cannot, a crash in mid-delivery may show it twice; the attempts say so.
        """
        ...

    async def send(self, parcel: Parcel) -> Outcome:
        """Hand one parcel to the service; returns within half a minute."""
        ...
