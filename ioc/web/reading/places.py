"""Names of areas, gateways and devices, read together once per answer."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms.engine.causes import CENTRE, POWER
from ioc.settings import Settings
from ioc.store.tables import devices, gateways
from ioc.web.presentation import place_name, within


@dataclass(frozen=True, kw_only=True)
class Places:
    """How places and things are called on the screens."""

    areas: dict[str, str]
    """Area id to `xóm Bản Chương`."""
    plain_areas: dict[str, str]
    """Area id to `Bản Chương`."""
    gateways: dict[str, str]
    devices: dict[tuple[str, str], str]
    device_kinds: dict[tuple[str, str], str]

    def area(self, area_id: str) -> str:
        """Return how an area is called; its id where the settings no longer know it."""
        return self.areas.get(area_id, area_id)

    def gateway(self, gateway_id: str) -> str:
        """Return a gateway's name."""
        return self.gateways.get(gateway_id, gateway_id)

    def device(self, gateway_id: str, device_id: str | None) -> str:
        """Return a device's name, or its gateway's where no device is meant."""
        if device_id is None:
            return self.gateway(gateway_id)
        return self.devices.get((gateway_id, device_id), device_id)

    def where(self, gateway_id: str, device_id: str | None, area_id: str) -> str:
        """Return `Cổng làng, xóm Bản Chương`."""
        place = self.area(area_id)
        area_name = self.plain_areas.get(area_id, place)
        return within(self.device(gateway_id, device_id), place, area_name=area_name)


async def read_places(connection: AsyncConnection, settings: Settings) -> Places:
    """Return the names in the settings and in the gateways' inventories."""
    gateway_rows = await connection.execute(select(gateways.c.gateway_id, gateways.c.name))
    device_rows = (
        await connection.execute(
            select(devices.c.gateway_id, devices.c.device_id, devices.c.name, devices.c.device_kind)
        )
    ).all()
    return Places(
        areas=area_names(settings),
        plain_areas={area.area_id: area.name for area in settings.areas},
        gateways={CENTRE: "", POWER: ""} | {row.gateway_id: row.name for row in gateway_rows},
        devices={(row.gateway_id, row.device_id): row.name for row in device_rows},
        device_kinds={(row.gateway_id, row.device_id): row.device_kind for row in device_rows},
    )


def area_names(settings: Settings) -> dict[str, str]:
    """Return area ids with what the screens call them."""
    return {
        area.area_id: place_name(
            area.name,
            is_commune=area.parent_id is None,
            hamlet_word=settings.commune.hamlet_word,
        )
        for area in settings.areas
    }
