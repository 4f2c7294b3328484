"""A small commune in a real store: areas, gateways and loudspeakers for the tests of people and voice."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

from sqlalchemy import insert, update

from ioc.people import Access, Role
from ioc.people.accounts import load_areas
from ioc.settings import Area
from ioc.store.engine import Store, open_store
from ioc.store.migrate import initialise
from ioc.store.tables import devices, gateways

AREAS = (
    Area.model_validate({"id": "xa", "name": "Xã Thử", "parent": None}),
    Area.model_validate({"id": "ban-chuong", "name": "Bản Chương", "parent": "xa"}),
    Area.model_validate({"id": "na-lang", "name": "Nà Lang", "parent": "xa"}),
)
ADDED_AT = datetime(2026, 1, 1, tzinfo=UTC)


@asynccontextmanager
async def open_commune(folder: Path, url: str | None = None) -> AsyncIterator[Store]:
    """Give a store with the commune's areas; `url`: of a database that has them already."""
    if url is None:
        initialise(folder, AREAS)
    async with open_store(folder, url=url) as store:
        yield store


def token_of(gateway_id: str) -> str:
    """Return the bearer token of a gateway added here."""
    return f"token-of-{gateway_id}"


async def add_gateway(store: Store, gateway_id: str, *, area_id: str, online: bool = True) -> None:
    """Add a gateway with two loudspeakers, `<gateway>-loa-1` and `-2`, in its area."""
    async with store.begin() as connection:
        await connection.execute(
            insert(gateways).values(
                gateway_id=gateway_id,
                site_id="thu",
                name=f"Tủ {gateway_id}",
                area_id=area_id,
                token_sha256=sha256(token_of(gateway_id).encode()).hexdigest(),
                mqtt_password_hash="-",
                added_at=ADDED_AT,
                online=online,
            )
        )
        for number in (1, 2):
            await connection.execute(
                insert(devices).values(
                    gateway_id=gateway_id,
                    device_id=f"{gateway_id}-loa-{number}",
                    device_kind="loudspeaker",
                    name=f"Loa {number}",
                    area_id=area_id,
                )
            )


async def set_online(store: Store, gateway_id: str, *, online: bool) -> None:
    """Let a gateway come or go."""
    async with store.begin() as connection:
        await connection.execute(
            update(gateways).where(gateways.c.gateway_id == gateway_id).values(online=online)
        )


@dataclass(frozen=True, kw_only=True)
class Person:
    """Who somebody is in a test."""

    login: str
    role: Role
    area_id: str


async def access_of(store: Store, person: Person) -> Access:
    """Return what somebody may do in this commune."""
    async with store.read() as connection:
        tree = await load_areas(connection)
    return Access(
        login=person.login,
        name=person.login,
        role=person.role,
        area_ids=tree.subtree(person.area_id),
    )
