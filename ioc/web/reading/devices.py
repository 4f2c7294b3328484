"""Gateways and devices with their state and since when, within a person's areas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.telemetry import Metric
from ioc.alarms.parts import present
from ioc.alarms.rules import AlarmKind
from ioc.alarms.states import AlarmState
from ioc.people import Access
from ioc.store.tables import alarms, devices, events, gateways
from ioc.timeseries import SeriesKey, SeriesRefused, SeriesStore, SeriesUnavailable

_log = structlog.get_logger(__name__)

_UNDEGRADED: tuple[tuple[str, ...], datetime | None] = ((), None)
_BACKLOG_WINDOW = timedelta(minutes=10)
_CLOCKS_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True, kw_only=True)
class GatewayView:
    """A gateway as the technician needs it."""

    gateway_id: str
    name: str
    area_id: str
    state: str
    """`unknown` (never seen), `online` or `offline`."""
    since: datetime | None
    last_heard_at: datetime | None
    clock_synced: bool | None
    agent_version: str | None
    backlog: int | None
    """Events not yet sent, by its latest sample; None: nothing heard for ten minutes."""


@dataclass(frozen=True, kw_only=True)
class DeviceView:
    """A camera or loudspeaker."""

    gateway_id: str
    device_id: str
    device_kind: str
    name: str
    area_id: str
    state: str
    """`unknown`, `online` or `offline`; `unknown` too while its gateway is away."""
    reason: str | None
    since: datetime | None
    gateway_away_since: datetime | None
    """Set while the gateway is disconnected: what it last said is then not the state."""
    present: bool
    loudspeaker_ids: tuple[str, ...]
    conditions: tuple[str, ...]
    """Why a camera's pictures cannot be relied on now: contracts' CameraCondition."""
    degraded_since: datetime | None
    maker: str = ""
    model: str = ""
    firmware: str = ""


@dataclass(frozen=True, kw_only=True)
class Signal:
    """What the empty alarm list says instead of alarms."""

    cameras: int
    cameras_online: int
    last_event_at: datetime | None


async def list_gateways(
    connection: AsyncConnection, access: Access, *, series: SeriesStore, now: datetime
) -> tuple[GatewayView, ...]:
    """Return the gateways of the person's areas, by name."""
    rows = (
        await connection.execute(
            select(gateways)
            .where(gateways.c.area_id.in_(access.area_ids))
            .order_by(gateways.c.name, gateways.c.gateway_id)
        )
    ).all()
    backlogs = await _backlogs(series, [row.gateway_id for row in rows], now)
    return tuple(
        [
            GatewayView(
                gateway_id=row.gateway_id,
                name=row.name,
                area_id=row.area_id,
                state=_gateway_state(seen=row.epoch is not None, online=row.online),
                since=row.online_since,
                last_heard_at=row.last_heard_at,
                clock_synced=row.clock_synced,
                agent_version=row.agent_version,
                backlog=backlogs.get(row.gateway_id),
            )
            for row in rows
        ]
    )


async def list_devices(connection: AsyncConnection, access: Access) -> tuple[DeviceView, ...]:
    """Return the devices of the person's areas, cameras first, then by name."""
    rows = await connection.execute(
        select(devices, gateways.c.online, gateways.c.online_since)
        .join(gateways, gateways.c.gateway_id == devices.c.gateway_id)
        .where(devices.c.area_id.in_(access.area_ids))
        .order_by(devices.c.device_kind, devices.c.name, devices.c.device_id)
    )
    degraded = await _degraded(connection, access)
    return tuple(
        DeviceView(
            gateway_id=row.gateway_id,
            device_id=row.device_id,
            device_kind=row.device_kind,
            name=row.name,
            area_id=row.area_id,
            state=row.state if row.online else "unknown",
            reason=row.reason,
            since=row.state_since,
            gateway_away_since=None if row.online else row.online_since,
            present=row.present,
            loudspeaker_ids=tuple(row.loudspeaker_ids),
            conditions=degraded.get((row.gateway_id, row.device_id), _UNDEGRADED)[0],
            degraded_since=degraded.get((row.gateway_id, row.device_id), _UNDEGRADED)[1],
            maker=row.maker,
            model=row.model,
            firmware=row.firmware,
        )
        for row in rows
    )


async def read_signal(connection: AsyncConnection, access: Access) -> Signal:
    """Return how many cameras have a signal and when the latest event happened."""
    cameras = [
        device
        for device in await list_devices(connection, access)
        if device.device_kind == "camera" and device.present
    ]
    last_event_at = await connection.scalar(
        select(func.max(events.c.occurred_at)).where(
            events.c.gateway_id.in_(
                select(gateways.c.gateway_id).where(gateways.c.area_id.in_(access.area_ids))
            )
        )
    )
    return Signal(
        cameras=len(cameras),
        cameras_online=sum(camera.state == "online" for camera in cameras),
        last_event_at=last_event_at,
    )


async def _degraded(
    connection: AsyncConnection, access: Access
) -> dict[tuple[str, str], tuple[tuple[str, ...], datetime | None]]:
    """Return the conditions in force by camera, and since when; called false they count not."""
    rows = await connection.execute(
        select(alarms.c.gateway_id, alarms.c.device_id, alarms.c.facts, alarms.c.occurred_at)
        .where(alarms.c.kind == AlarmKind.CAMERA_DEGRADED, alarms.c.state != AlarmState.NORMAL)
        .where(alarms.c.area_id.in_(access.area_ids))
    )
    return {
        (row.gateway_id, row.device_id): (in_force, row.occurred_at)
        for row in rows
        if (in_force := present(row.facts))
    }


def _gateway_state(*, seen: bool, online: bool) -> str:
    if not seen:
        return "unknown"
    return "online" if online else "offline"


async def _backlogs(
    series: SeriesStore, gateway_ids: Sequence[str], now: datetime
) -> dict[str, int]:
    """Return what gateways have not sent yet; none while their series cannot be read."""
    found: dict[str, int] = {}
    if (await series.standing()).fault:  # the page is about more than this, and must not wait
        return found
    try:
        for gateway_id in gateway_ids:
            key = SeriesKey(gateway_id=gateway_id, metric=Metric.OUTBOX_DEPTH)
            samples = await series.read(key, now - _BACKLOG_WINDOW, now + _CLOCKS_DIFFER)
            if samples:
                found[gateway_id] = round(samples[-1].value)
    except (SeriesRefused, SeriesUnavailable) as error:
        _log.warning("devices.backlogs_unknown", why=str(error))
    return found
