"""What an administrator does at the machine itself: initialise, people, gateways."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, fields
from datetime import datetime
from pathlib import Path

from sqlalchemy import select

from ioc.backup.restoring import Restored, restore_backup
from ioc.backup.taking import Taken, take_backup
from ioc.broadcasts.keys import create_signing_key, load_signing_key
from ioc.clock import Clock
from ioc.gateways import enrolment, register
from ioc.gateways.register import Gateway
from ioc.notify.channels.parcel import ChannelName
from ioc.notify.reach import contacts
from ioc.notify.reach.contacts import Contact
from ioc.notify.reach.refusals import channel_missing
from ioc.people import People, accounts, audit
from ioc.people.audit import Deed
from ioc.people.errors import unknown_login
from ioc.settings import Settings
from ioc.store.engine import Store, open_store
from ioc.store.migrate import initialise, is_initialised
from ioc.store.tables import quarantine

CONTACT_CHANNELS: tuple[ChannelName, ...] = ("email", "sms", "telegram", "zalo_bot")
"""Those whose addresses one person can enter for another."""


class NotInitialised(Exception):
    """The data directory is empty; run `ioc init` first."""


@dataclass(frozen=True, kw_only=True)
class GatewayCredentials:
    """All a gateway's configuration needs; the secrets can be read this once."""

    site_id: str
    gateway_id: str
    mqtt_password: str = field(repr=False)
    token: str = field(repr=False)
    centre_public_key: str


async def init(settings: Settings) -> None:
    """Make keys, passwords, database and the broker's files; what exists is kept."""
    url = settings.database.read_url()
    initialise(settings.data_dir, settings.areas, url=url)
    create_signing_key(settings.keys_dir)
    enrolment.make_centre_password(settings)
    async with open_store(settings.data_dir, url=url) as store, store.read() as connection:
        await enrolment.refresh_access_files(connection, settings)


@asynccontextmanager
async def open_people(settings: Settings, clock: Clock) -> AsyncIterator[People]:
    """Give the people of an initialised centre.

    Raises:
        NotInitialised: there is no database yet.
    """
    async with _open(settings) as store:
        yield People(store=store, clock=clock)


async def add_contact(settings: Settings, clock: Clock, wanted: Contact) -> None:
    """Enter where somebody is told of alarms, as they could themselves.

    Raises:
        NotInitialised: there is no database yet.
        Refusal: nobody has that login, the channel is not set up, or there are too many.
    """
    if getattr(settings.notify, wanted.channel) is None:
        raise channel_missing()
    now = clock.now()
    async with _open(settings) as store, store.begin() as connection:
        if await accounts.find(connection, wanted.login) is None:
            raise unknown_login(wanted.login)
        contact_id = await contacts.add_contact(connection, wanted, at=now)
        deed = Deed(login=None, action="contact_add", subject=contact_id, detail=wanted.login)
        await audit.write(connection, deed, at=now)


async def add_gateway(
    settings: Settings, clock: Clock, *, ids: tuple[str, str], name: str, area_id: str
) -> GatewayCredentials:
    """Add a gateway (`ids`: of its site, its own) and let it in at the broker.

    Raises:
        EnrolmentRefused: see `ioc.gateways.enrolment.enrol`.
        NotInitialised: there is no database yet.
        SigningKeyUnusable: the key that signs its commands is missing.
    """
    address = enrolment.parse_address(*ids)
    signing = load_signing_key(settings.keys_dir)
    async with _open(settings) as store, store.begin() as connection:
        now = clock.now()
        enrolled = await enrolment.enrol(
            connection, settings=settings, address=address, name=name, area_id=area_id, at=now
        )
        deed = Deed(login=None, action="gateway_add", subject=ids[1], detail=area_id)
        await audit.write(connection, deed, at=now)
        await enrolment.refresh_access_files(connection, settings)
    return GatewayCredentials(
        site_id=ids[0],
        gateway_id=ids[1],
        mqtt_password=enrolled.mqtt_password,
        token=enrolled.token,
        centre_public_key=signing.public_key_base64,
    )


async def list_gateways(settings: Settings) -> list[Gateway]:
    """Return every gateway, by id.

    Raises:
        NotInitialised: there is no database yet.
    """
    async with _open(settings) as store, store.read() as connection:
        return await register.find_all(connection)


async def backup(settings: Settings, clock: Clock, path: Path) -> Taken:
    """Write a backup.

    Raises:
        BackupRefused: see `ioc.backup.taking.take_backup`.
        NotInitialised: there is no database yet.
    """
    if not is_initialised(settings.data_dir, url=settings.database.read_url()):
        raise NotInitialised(f"{settings.data_dir} holds no centre: there is nothing to back up")
    return await take_backup(settings, path, clock=clock)


async def restore(settings: Settings, clock: Clock, path: Path) -> Restored:
    """Restore a backup into an empty place.

    Raises:
        BackupRefused: see `ioc.backup.restoring.restore_backup`.
    """
    return await restore_backup(settings, path, clock=clock)


@dataclass(frozen=True, kw_only=True)
class Quarantined:
    """A payload that could not be taken."""

    number: int
    received_at: datetime
    gateway_id: str | None
    topic_name: str
    reason: str
    payload: bytes
    """As it came; of a very large one the beginning."""


async def list_quarantine(settings: Settings) -> list[Quarantined]:
    """Return what gateways have sent that could not be taken, oldest first.

    Raises:
        NotInitialised: there is no database yet.
    """
    columns = [quarantine.c[each.name] for each in fields(Quarantined)]
    async with _open(settings) as store, store.read() as connection:
        rows = await connection.execute(select(*columns).order_by(quarantine.c.number))
        return [Quarantined(**row) for row in rows.mappings()]


@asynccontextmanager
async def _open(settings: Settings) -> AsyncIterator[Store]:
    url = settings.database.read_url()
    if not is_initialised(settings.data_dir, url=url):
        raise NotInitialised(f"{settings.data_dir} holds no centre yet: run `ioc init` first")
    async with open_store(settings.data_dir, url=url) as store:
        yield store
