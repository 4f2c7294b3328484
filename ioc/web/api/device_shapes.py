"""Devices, measurements and people as the JSON interface answers them."""

from datetime import datetime
from typing import Self

from ioc.web.api.shapes import Shape
from ioc.web.reading.devices import DeviceView, GatewayView


class GatewayShape(Shape):
    """A gateway; `backlog` in events, null: unknown."""

    gateway_id: str
    name: str
    area_id: str
    state: str
    since: datetime | None
    last_heard_at: datetime | None
    clock_synced: bool | None
    agent_version: str | None
    backlog: int | None

    @classmethod
    def of(cls, gateway: GatewayView) -> Self:
        """Return the gateway as answered."""
        return cls.model_validate(gateway)


class DeviceShape(Shape):
    """A camera or loudspeaker."""

    gateway_id: str
    device_id: str
    device_kind: str
    name: str
    area_id: str
    state: str
    reason: str | None
    since: datetime | None
    gateway_away_since: datetime | None
    present: bool
    loudspeaker_ids: list[str]
    conditions: list[str]
    degraded_since: datetime | None
    maker: str
    model: str
    firmware: str

    @classmethod
    def of(cls, device: DeviceView) -> Self:
        """Return the device as answered."""
        return cls.model_validate(device)


class DeviceList(Shape):
    """Everything that is installed in the person's areas."""

    gateways: list[GatewayShape]
    devices: list[DeviceShape]


class SeriesShape(Shape):
    """One series; instants in seconds since 1970, null: no measurement in that step."""

    gateway_id: str
    device_id: str
    metric: str
    step_s: int
    instants: list[int]
    values: list[float | None]


class SeriesStoreShape(Shape):
    """The store of measurements; what waits is on the centre's disk and not lost."""

    store: str
    """`sqlite`, `influxdb` or `victoriametrics`."""
    waiting: int
    waiting_since: datetime | None
    refused: int
    """Points that the store would not have, ever."""
    fault: str
    """Why it cannot be written just now, in English, for the technician; empty: it can."""


class Me(Shape):
    """The person who asks; unsafe requests carry `csrf_token` as the header X-CSRF-Token."""

    login: str
    name: str
    role: str
    area_ids: list[str]
    csrf_token: str
