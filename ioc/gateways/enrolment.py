"""Adding a gateway: its secrets are made here, shown once, and kept only as hashes."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.errors import ContractError
from contracts.topics import Address
from ioc.gateways import register
from ioc.gateways.broker_access import hash_password, write_access_files
from ioc.gateways.register import Gateway
from ioc.settings import Settings
from ioc.store.tables import areas


class EnrolmentRefused(Exception):
    """A gateway cannot be added like this; whoever adds it must change what the sentence says."""


@dataclass(frozen=True, kw_only=True)
class Enrolled:
    """A gateway's secrets, readable this once."""

    address: Address
    mqtt_password: str = field(repr=False)
    token: str = field(repr=False)


def token_sha256(token: str) -> str:
    """Return what is kept of a bearer token."""
    return hashlib.sha256(token.encode()).hexdigest()


async def enrol(
    connection: AsyncConnection,
    *,
    settings: Settings,
    address: Address,
    name: str,
    area_id: str,
    at: datetime,
) -> Enrolled:
    """Add a gateway to the register.

    Raises:
        EnrolmentRefused: the id is taken or the centre's own, or the area is unknown.
    """
    if address.gateway_id == settings.broker.username:
        raise EnrolmentRefused(f"{address.gateway_id!r} is the centre's own name at the broker")
    if await register.find(connection, str(address.gateway_id)) is not None:
        raise EnrolmentRefused(f"a gateway {address.gateway_id!r} exists already")
    known = set((await connection.scalars(select(areas.c.area_id))).all())
    if area_id not in known:
        raise EnrolmentRefused(
            f"there is no area {area_id!r}; there are {', '.join(sorted(known))}"
        )
    password, token = secrets.token_urlsafe(24), secrets.token_urlsafe(32)
    gateway = Gateway(
        gateway_id=str(address.gateway_id),
        site_id=str(address.site_id),
        name=name,
        area_id=area_id,
        token_sha256=token_sha256(token),
        mqtt_password_hash=hash_password(password),
        added_at=at,
    )
    await register.add(connection, gateway)
    return Enrolled(address=address, mqtt_password=password, token=token)


async def refresh_access_files(connection: AsyncConnection, settings: Settings) -> None:
    """Write the broker's files from the register and the centre's own password."""
    password = read_centre_password(settings)
    gateways = await register.find_all(connection)
    write_access_files(
        settings.data_dir,
        centre=(settings.broker.username, hash_password(password)),
        gateways={gateway.address: gateway.mqtt_password_hash for gateway in gateways},
    )


def read_centre_password(settings: Settings) -> str:
    """Return the centre's own MQTT password.

    Raises:
        EnrolmentRefused: its file is missing, unreadable or empty.
    """
    path = settings.broker_password_file
    try:
        password = path.read_text().strip()
    except OSError as error:
        raise EnrolmentRefused(f"broker.password_file: {error}; run `ioc init`") from error
    if not password:
        raise EnrolmentRefused(f"broker.password_file {path} is empty")
    return password


def make_centre_password(settings: Settings) -> None:
    """Make the centre's own MQTT password, unless its file exists."""
    path = settings.broker_password_file
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.write_text(secrets.token_urlsafe(24) + "\n")


def parse_address(site_id: str, gateway_id: str) -> Address:
    """Return the address that ids from the command line name.

    Raises:
        EnrolmentRefused: an id has other characters than a-z, 0-9 and -.
    """
    try:
        return Address.of(site_id, gateway_id)
    except ContractError as error:
        raise EnrolmentRefused(str(error)) from error
