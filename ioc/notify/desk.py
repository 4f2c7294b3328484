"""What people do about their notifications: contacts, wishes, a test; and what became of each."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.clock import Clock
from ioc.notify.calling.composing import Composer
from ioc.notify.channels.parcel import ChannelName
from ioc.notify.channels.push import is_known_service
from ioc.notify.channels.push.encryption import KeysUnusable, Recipient
from ioc.notify.reach import contacts as contact_rows
from ioc.notify.reach import wishes as wish_rows
from ioc.notify.reach.contacts import Contact, make_contact
from ioc.notify.reach.refusals import (
    channel_missing,
    tested_just_now,
    too_many_tests,
    unusable_address,
)
from ioc.notify.reach.wishes import Wishes, parse_hours
from ioc.notify.reading import NotificationView, find_notification
from ioc.notify.sending import rows
from ioc.notify.settings import Notify
from ioc.people import Access
from ioc.people.audit import Deed
from ioc.people.audit import write as write_audit
from ioc.store.engine import Store
from ioc.store.tables import notifications

TEST_EVERY = timedelta(seconds=30)
MOST_TESTS, TESTS_WITHIN = 10, timedelta(hours=1)
"""Of one person, to whichever contacts: a contact can be removed and entered again, and each text
message costs the commune money."""
PERSONAL: tuple[ChannelName, ...] = (
    "web_push",
    "email",
    "telegram",
    "sms",
    "zalo_bot",
    "zalo_oa",
    "zalo_zns",
)
"""Channels that reach a person; webhooks reach other systems."""


@dataclass(frozen=True, kw_only=True)
class NewContact:
    """An address as a person enters it; `keys` of a browser: p256dh and auth, base64url."""

    channel: ChannelName
    address: str
    label: str
    keys: Mapping[str, str]


class NoticeDesk:
    """Everything about notifications that pages and the interface need."""

    def __init__(
        self,
        *,
        store: Store,
        clock: Clock,
        settings: Notify,
        channels: frozenset[str],
        composer: Composer,
        push_public_key: str = "",
    ) -> None:
        self._store = store
        self._clock = clock
        self._composer = composer
        self.settings = settings
        self.channels: tuple[ChannelName, ...] = tuple(c for c in PERSONAL if c in channels)
        """Those this installation has set up."""
        self.push_public_key = push_public_key
        """What a browser needs to subscribe; empty: web push is not set up."""

    async def contacts(self, access: Access) -> tuple[Contact, ...]:
        """Return the person's own contacts, the preferred one first."""
        async with self._store.read() as connection:
            return await contact_rows.contacts_of(connection, access.login)

    async def add_contact(self, access: Access, wanted: NewContact) -> str:
        """Add a contact and return its id; a known address is renewed.

        Raises:
            Refusal: the channel is not set up, the address is none, or there are too many.
        """
        if wanted.channel not in self.channels:
            raise channel_missing()
        if wanted.channel == "web_push":
            self._check_push(wanted)
        now = self._clock.now()
        contact = make_contact(
            login=access.login,
            channel=wanted.channel,
            address=wanted.address,
            label=wanted.label,
            keys=wanted.keys,
            at=now,
        )
        async with self._store.begin() as connection:
            contact_id = await contact_rows.add_contact(connection, contact, at=now)
            deed = Deed(login=access.login, action="contact_add", subject=contact_id)
            await write_audit(connection, deed, at=now)
        return contact_id

    async def prefer_contact(self, access: Access, contact_id: str) -> None:
        """Have a contact tried before the others.

        Raises:
            Refusal: the person has no such contact.
        """
        async with self._store.begin() as connection:
            await contact_rows.prefer_contact(connection, contact_id, login=access.login)

    async def remove_contact(self, access: Access, contact_id: str) -> None:
        """Forget a contact; what waits for it is not sent.

        Raises:
            Refusal: the person has no such contact.
        """
        now = self._clock.now()
        async with self._store.begin() as connection:
            await contact_rows.remove_contact(connection, contact_id, login=access.login)
            deed = Deed(login=access.login, action="contact_remove", subject=contact_id)
            await write_audit(connection, deed, at=now)

    async def test_contact(self, access: Access, contact_id: str) -> str:
        """Send a test to a contact and return its id; at most one in half a minute, ten in an hour.

        Raises:
            Refusal: the person has no such contact, its channel is not set up, or it is too soon.
        """
        now = self._clock.now()
        async with self._store.begin() as connection:
            contact = await contact_rows.find_contact(connection, contact_id, login=access.login)
            if contact.channel not in self.channels:
                raise channel_missing()
            last: datetime | None = await connection.scalar(
                select(func.max(notifications.c.created_at)).where(
                    notifications.c.contact_id == contact_id, notifications.c.purpose == "test"
                )
            )
            if last is not None and now - last < TEST_EVERY:
                raise tested_just_now()
            await _check_tests(connection, access.login, now)
            wishes = await wish_rows.wishes_of(connection, access.login)
            draft = self._composer.test(contact, wishes, test_id=str(uuid4()), at=now)
            return await rows.enqueue(connection, draft)

    async def notification(self, access: Access, notification_id: str) -> NotificationView:
        """Return one of the person's own notifications.

        Raises:
            Refusal: the person has no such notification.
        """
        async with self._store.read() as connection:
            return await find_notification(connection, notification_id, login=access.login)

    async def wishes(self, access: Access) -> Wishes:
        """Return how the person wants to be told."""
        async with self._store.read() as connection:
            return await wish_rows.wishes_of(connection, access.login)

    async def keep_wishes(self, access: Access, wishes: Wishes) -> None:
        """Have the person told like this from now on.

        Raises:
            Refusal: the hours are none.
        """
        wishes = replace(wishes, hours=parse_hours(wishes.hours))
        async with self._store.begin() as connection:
            await wish_rows.keep_wishes(connection, access.login, wishes)

    def _check_push(self, wanted: NewContact) -> None:
        services = self.settings.web_push.services if self.settings.web_push else ()
        if not is_known_service(wanted.address, services):
            raise unusable_address("web_push")
        try:
            Recipient.parse(wanted.keys.get("p256dh", ""), wanted.keys.get("auth", ""))
        except KeysUnusable as error:
            raise unusable_address("web_push") from error


async def _check_tests(connection: AsyncConnection, login: str, now: datetime) -> None:
    """Refuse more tests than anybody needs.

    Raises:
        Refusal: the person has sent too many within an hour.
    """
    sent = await connection.scalar(
        select(func.count()).where(
            notifications.c.login == login,
            notifications.c.purpose == "test",
            notifications.c.created_at > now - TESTS_WITHIN,
        )
    )
    if (sent or 0) >= MOST_TESTS:
        raise too_many_tests(MOST_TESTS)
