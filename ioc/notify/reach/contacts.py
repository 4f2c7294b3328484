"""Under which addresses a person is reached, as rows; every function runs in the caller's transaction."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, get_args
from urllib.parse import urlsplit
from uuid import uuid4

from sqlalchemy import Row, delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.notify.channels.parcel import ChannelName
from ioc.notify.reach.refusals import too_many_contacts, unusable_address
from ioc.people.errors import not_found
from ioc.store.tables import contacts

MOST_CONTACTS = 10
_EMAIL = re.compile(
    r"[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@[A-Za-z0-9.-]{1,190}\.[A-Za-z0-9-]{2,63}"
)
"""RFC 5321 without what needs quotation marks: few servers take accents (RFC 6531)."""
_TELEPHONE = re.compile(r"[1-9][0-9]{7,14}")
_CHAT = re.compile(r"-?[0-9]{1,20}|@[A-Za-z0-9_]{3,64}")
_ZALO = re.compile(r"[A-Za-z0-9._-]{4,80}")


@dataclass(frozen=True, kw_only=True)
class Contact:
    """One address of one person."""

    contact_id: str
    login: str
    channel: ChannelName
    address: str = field(repr=False)
    keys: Mapping[str, str] = field(repr=False)
    label: str
    added_at: datetime
    reached_at: datetime | None
    broken_at: datetime | None
    broken_code: str | None

    @property
    def shown_address(self) -> str:
        """The address as its owner knows it; of a browser, its push service only."""
        if self.channel == "web_push":
            return urlsplit(self.address).hostname or ""
        return self.address


async def contacts_of(connection: AsyncConnection, login: str) -> tuple[Contact, ...]:
    """Return a person's contacts, the one that is tried first first."""
    rows = await connection.execute(
        select(contacts).where(contacts.c.login == login).order_by(contacts.c.rank)
    )
    return tuple(_contact(row) for row in rows)


async def find_contact(
    connection: AsyncConnection, contact_id: str, *, login: str | None = None
) -> Contact:
    """Return a contact; `login`: only if it is this person's.

    Raises:
        Refusal: there is none.
    """
    row = (
        await connection.execute(select(contacts).where(contacts.c.contact_id == contact_id))
    ).first()
    if row is None or (login is not None and row.login != login):
        raise not_found()
    return _contact(row)


async def add_contact(connection: AsyncConnection, contact: Contact, *, at: datetime) -> str:
    """Store a contact behind the person's others and return its id; a known address is renewed.

    Raises:
        Refusal: the person has as many as anybody needs.
    """
    own = await contacts_of(connection, contact.login)
    for known in own:
        if (known.channel, known.address) == (contact.channel, contact.address):
            await connection.execute(
                update(contacts)
                .where(contacts.c.contact_id == known.contact_id)
                .values(
                    push_keys=dict(contact.keys),
                    label=contact.label,
                    broken_at=None,
                    broken_code=None,
                )
            )
            return known.contact_id
    if len(own) >= MOST_CONTACTS:
        raise too_many_contacts(MOST_CONTACTS)
    last = await connection.scalar(
        select(func.max(contacts.c.rank)).where(contacts.c.login == contact.login)
    )
    await connection.execute(
        insert(contacts).values(
            contact_id=contact.contact_id,
            login=contact.login,
            channel=contact.channel,
            address=contact.address,
            push_keys=dict(contact.keys),
            label=contact.label,
            rank=(last or 0) + 1,
            added_at=at,
        )
    )
    return contact.contact_id


async def prefer_contact(connection: AsyncConnection, contact_id: str, *, login: str) -> None:
    """Have this contact tried before the person's others.

    Raises:
        Refusal: the person has no such contact.
    """
    await find_contact(connection, contact_id, login=login)
    first = await connection.scalar(
        select(func.min(contacts.c.rank)).where(contacts.c.login == login)
    )
    await connection.execute(
        update(contacts).where(contacts.c.contact_id == contact_id).values(rank=(first or 0) - 1)
    )


async def remove_contact(connection: AsyncConnection, contact_id: str, *, login: str) -> None:
    """Forget a contact.

    Raises:
        Refusal: the person has no such contact.
    """
    await find_contact(connection, contact_id, login=login)
    await connection.execute(delete(contacts).where(contacts.c.contact_id == contact_id))


def make_contact(
    *,
    login: str,
    channel: ChannelName,
    address: str,
    label: str,
    at: datetime,
    keys: Mapping[str, str] | None = None,
) -> Contact:
    """Return a contact that has not been stored, its address in the form its service wants.

    Raises:
        Refusal: the address is none of this channel.
    """
    return Contact(
        contact_id=str(uuid4()),
        login=login,
        channel=channel,
        address=_TIDY[channel](address.strip()) if channel in _TIDY else address,
        keys=keys or {},
        label=label.strip(),
        added_at=at,
        reached_at=None,
        broken_at=None,
        broken_code=None,
    )


def _matching(pattern: re.Pattern[str], channel: ChannelName) -> Callable[[str], str]:
    def check(text: str) -> str:
        if not pattern.fullmatch(text):
            raise unusable_address(channel)
        return text

    return check


def _telephone(text: str) -> str:
    """Return a telephone number with its country and without a plus: 84912345678."""
    digits = re.sub(r"[\s().-]", "", text).removeprefix("+")
    if digits.startswith("00"):
        digits = digits[2:]
    elif digits.startswith("0"):
        digits = f"84{digits[1:]}"
    return _matching(_TELEPHONE, "sms")(digits)


_TIDY: Mapping[ChannelName, Callable[[str], str]] = {
    "email": _matching(_EMAIL, "email"),
    "sms": _telephone,
    "zalo_zns": _telephone,
    "telegram": _matching(_CHAT, "telegram"),
    "zalo_bot": _matching(_ZALO, "zalo_bot"),
    "zalo_oa": _matching(_ZALO, "zalo_oa"),
}


def _contact(row: Row[Any]) -> Contact:
    return Contact(
        contact_id=row.contact_id,
        login=row.login,
        channel=_channel(row.channel),
        address=row.address,
        keys=row.push_keys,
        label=row.label,
        added_at=row.added_at,
        reached_at=row.reached_at,
        broken_at=row.broken_at,
        broken_code=row.broken_code,
    )


def _channel(name: str) -> ChannelName:
    for known in get_args(ChannelName):
        if name == known:
            channel: ChannelName = known
            return channel
    raise LookupError(name)
