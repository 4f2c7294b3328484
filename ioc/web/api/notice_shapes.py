"""Contacts, wishes and deliveries as the JSON interface takes and answers them."""

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import Field

from ioc.notify.channels.parcel import ChannelName
from ioc.notify.desk import NewContact
from ioc.notify.reach.contacts import Contact
from ioc.notify.reach.wishes import Wishes
from ioc.notify.reading import CallView, Delivery, NotificationView
from ioc.notify.settings import Priority
from ioc.web.api.shapes import Shape, Text, not_text

PersonalChannel = Literal["web_push", "email", "telegram", "sms", "zalo_bot", "zalo_oa", "zalo_zns"]
Label = Annotated[str, Field(max_length=80, pattern=r"^[^\x00-\x1f]*$")]


class PushKeysShape(Shape):
    """What a browser gives with its subscription, base64url."""

    p256dh: Annotated[Text, Field(max_length=200)]
    auth: Annotated[Text, Field(max_length=100)]


class NewContactShape(Shape):
    """An address to be added; `keys` for web push only, whose address is the endpoint."""

    channel: PersonalChannel
    address: Annotated[Text, Field(min_length=1, max_length=1_000)]
    label: Label = ""
    keys: PushKeysShape | None = None

    @property
    def contact(self) -> NewContact:
        """The contact as the desk takes it."""
        keys = {} if self.keys is None else self.keys.model_dump()
        return NewContact(channel=self.channel, address=self.address, label=self.label, keys=keys)


class ContactShape(Shape):
    """One of the person's own contacts; of a browser only its push service is told."""

    contact_id: str
    channel: ChannelName
    address: str
    label: str
    added_at: datetime
    reached_at: datetime | None
    broken_at: datetime | None
    broken_code: str | None

    @classmethod
    def of(cls, contact: Contact) -> Self:
        """Return the contact as answered."""
        return cls(
            contact_id=contact.contact_id,
            channel=contact.channel,
            address=contact.shown_address,
            label=contact.label,
            added_at=contact.added_at,
            reached_at=contact.reached_at,
            broken_at=contact.broken_at,
            broken_code=contact.broken_code,
        )


class WishesShape(Shape):
    """How a person wants to be told; an emergency heeds neither hours nor digest."""

    language: Literal["vi", "en"] = "vi"
    hours: Annotated[tuple[Annotated[Text, Field(max_length=20)], ...], Field(max_length=6)] = ()
    digest_min: Annotated[int, Field(ge=0, le=1_440), not_text] = 0
    least_priority: Priority = "low"

    @property
    def wishes(self) -> Wishes:
        """The wishes as the desk takes them."""
        return Wishes(
            language=self.language,
            hours=self.hours,
            digest_min=self.digest_min,
            least_priority=self.least_priority,
        )


class ChannelsShape(Shape):
    """The channels a person may use here; `push_public_key` is for `PushManager.subscribe`."""

    channels: tuple[ChannelName, ...]
    push_public_key: str


class TestedShape(Shape):
    """A test on its way; follow it at `/api/notifications/{notification_id}`."""

    notification_id: str


class NotificationShape(Shape):
    """One notification and how far it has come."""

    notification_id: str
    purpose: str
    channel: str
    label: str
    state: str
    attempts: int
    created_at: datetime
    next_attempt_at: datetime
    delivered_at: datetime | None
    maybe_twice: bool
    code: str

    @classmethod
    def of(cls, view: NotificationView) -> Self:
        """Return the notification as answered."""
        return cls.model_validate(view)


class CallShape(Shape):
    """One person called because of an alarm."""

    name: str | None
    step: int
    state: str
    at: datetime
    notifications: list[NotificationShape]

    @classmethod
    def of(cls, view: CallView) -> Self:
        """Return the call as answered."""
        return cls.model_validate(view)


class DeliveryShape(Shape):
    """Whom an alarm has reached, and what webhooks were told."""

    calls: list[CallShape]
    webhooks: list[NotificationShape]

    @classmethod
    def of(cls, delivery: Delivery) -> Self:
        """Return the delivery as answered."""
        return cls.model_validate(delivery)
