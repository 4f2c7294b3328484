"""The register of gateways: their rows as values; makes no secrets and writes no files."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.topics import Address
from ioc.store.tables import gateways


@dataclass(frozen=True, kw_only=True)
class Gateway:
    """A gateway that was added, and what its current connection said."""

    gateway_id: str
    site_id: str
    name: str
    area_id: str
    token_sha256: str = field(repr=False)
    mqtt_password_hash: str = field(repr=False)
    added_at: datetime
    epoch: str | None = None
    connection_number: int | None = None
    """None: it has never been seen."""
    boot_id: str | None = None
    agent_version: str | None = None
    clock_synced: bool | None = None
    clock_offset_s: float | None = None
    """Centre minus gateway, where its clock is unsynchronised."""
    online: bool = False
    online_since: datetime | None = None
    """Or offline since."""
    last_heard_at: datetime | None = None

    @property
    def address(self) -> Address:
        """How the wire names it."""
        return Address.of(self.site_id, self.gateway_id)


async def find(connection: AsyncConnection, gateway_id: str) -> Gateway | None:
    """Return a gateway by id."""
    query = select(gateways).where(gateways.c.gateway_id == gateway_id)
    row = (await connection.execute(query)).mappings().first()
    return None if row is None else _gateway(row)


async def find_some(
    connection: AsyncConnection, gateway_ids: Collection[str]
) -> dict[str, Gateway]:
    """Return those of some gateways that were added, by id; at most a few hundred at once."""
    query = select(gateways).where(gateways.c.gateway_id.in_(gateway_ids))
    rows = (await connection.execute(query)).mappings()
    return {row["gateway_id"]: _gateway(row) for row in rows}


async def find_all(connection: AsyncConnection) -> list[Gateway]:
    """Return every gateway, by id."""
    rows = await connection.execute(select(gateways).order_by(gateways.c.gateway_id))
    return [_gateway(row) for row in rows.mappings()]


async def add(connection: AsyncConnection, gateway: Gateway) -> None:
    """Enter a gateway that nobody has seen yet."""
    await connection.execute(
        insert(gateways).values(
            gateway_id=gateway.gateway_id,
            site_id=gateway.site_id,
            name=gateway.name,
            area_id=gateway.area_id,
            token_sha256=gateway.token_sha256,
            mqtt_password_hash=gateway.mqtt_password_hash,
            added_at=gateway.added_at,
        )
    )


async def change(connection: AsyncConnection, gateway_id: str, changes: dict[str, Any]) -> None:
    """Change what is known of a gateway."""
    await connection.execute(
        update(gateways).where(gateways.c.gateway_id == gateway_id).values(changes)
    )


async def note_heard(
    connection: AsyncConnection, gateway_ids: Sequence[str], *, at: datetime
) -> None:
    """Note when gateways have said something."""
    if gateway_ids:
        await connection.execute(
            update(gateways).where(gateways.c.gateway_id.in_(gateway_ids)).values(last_heard_at=at)
        )


def _gateway(row: RowMapping) -> Gateway:
    known = {name: value for name, value in row.items() if name != "last_command_number"}
    return Gateway(**known)
