"""Gateways, devices, their measurements and the person who asks, as JSON."""

from datetime import timedelta
from enum import StrEnum
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request

from contracts.telemetry import Metric
from ioc.centre import Centre
from ioc.timeseries import Bucket, SeriesKey
from ioc.web.api.device_shapes import (
    DeviceList,
    DeviceShape,
    GatewayShape,
    Me,
    SeriesShape,
    SeriesStoreShape,
)
from ioc.web.api.shapes import Text
from ioc.web.errors import Refused
from ioc.web.identity import Reader, TheCentre, TheSession
from ioc.web.reading.devices import list_devices, list_gateways

router = APIRouter(prefix="/api", tags=["devices"])


class Measure(StrEnum):
    """What a chart can show, with its unit."""

    CAMERA_FPS = "camera_fps"
    MOTION_MINUTES = "motion_minutes"
    DECODE_ERRORS = "decode_errors"
    DROPPED_FRAMES = "dropped_frames"
    DECODED_FPS = "decoded_fps"
    GATE_SEPARATION = "gate_separation"
    GATE_TOLD_SHARE = "gate_told_share"
    SHARPNESS = "sharpness"
    BRIGHTNESS = "brightness"
    CLOCK_DRIFT_S = "clock_drift_s"
    LOUDSPEAKER_VOLUME = "loudspeaker_volume"
    LOUDSPEAKER_TEMPERATURE_C = "loudspeaker_temperature_c"
    FRAMES_LATE_MS = "frames_late_ms"
    CPU_SHARE = "cpu_share"
    RSS_MB = "rss_mb"
    OUTBOX_DEPTH = "outbox_depth"


_METRIC = {
    Measure.CAMERA_FPS: Metric.CAMERA_FPS,
    Measure.MOTION_MINUTES: Metric.MOTION_S,
    Measure.DECODE_ERRORS: Metric.DECODE_ERRORS,
    Measure.DROPPED_FRAMES: Metric.DROPPED_FRAMES,
    Measure.DECODED_FPS: Metric.DECODED_FPS,
    Measure.GATE_SEPARATION: Metric.GATE_SEPARATION,
    Measure.GATE_TOLD_SHARE: Metric.GATE_TOLD_SHARE,
    Measure.SHARPNESS: Metric.SHARPNESS,
    Measure.BRIGHTNESS: Metric.BRIGHTNESS,
    Measure.CLOCK_DRIFT_S: Metric.CLOCK_DRIFT_S,
    Measure.LOUDSPEAKER_VOLUME: Metric.LOUDSPEAKER_VOLUME,
    Measure.LOUDSPEAKER_TEMPERATURE_C: Metric.LOUDSPEAKER_TEMPERATURE_C,
    Measure.FRAMES_LATE_MS: Metric.FRAMES_LATE_MS,
    Measure.CPU_SHARE: Metric.CPU_SHARE,
    Measure.RSS_MB: Metric.RSS_MB,
    Measure.OUTBOX_DEPTH: Metric.OUTBOX_DEPTH,
}
_OF_GATEWAY = frozenset({Measure.CPU_SHARE, Measure.RSS_MB, Measure.OUTBOX_DEPTH})
_SUMMED = frozenset({Measure.MOTION_MINUTES, Measure.DECODE_ERRORS, Measure.DROPPED_FRAMES})
_PERCENT = frozenset(
    {Measure.CPU_SHARE, Measure.SHARPNESS, Measure.BRIGHTNESS, Measure.LOUDSPEAKER_VOLUME}
)
_STEPS = 288


@router.get("/me")
async def read_me(session: TheSession) -> Me:
    """Who is signed in, with which rights."""
    access = session.access
    return Me(
        login=access.login,
        name=access.name,
        role=access.role,
        area_ids=sorted(access.area_ids),
        csrf_token=session.csrf_token,
    )


@router.get("/devices")
async def read_devices(centre: TheCentre, access: Reader) -> DeviceList:
    """Everything installed in the person's areas, with its state and since when."""
    async with centre.store.read() as connection:
        gateways = await list_gateways(
            connection, access, series=centre.series, now=centre.clock.now()
        )
        devices = await list_devices(connection, access)
    return DeviceList(
        gateways=[GatewayShape.of(gateway) for gateway in gateways],
        devices=[DeviceShape.of(device) for device in devices],
    )


@router.get("/series")
async def read_series(
    centre: TheCentre,
    access: Reader,
    measure: Measure,
    gateway_id: Annotated[Text, Query(max_length=63)],
    device_id: Annotated[Text, Query(max_length=63)] = "",
    hours: Annotated[int, Query(ge=1, le=168)] = 24,
) -> SeriesShape:
    """One measure over the last hours; a step without measurement is null, never zero."""
    await _authorise(centre, access, gateway_id, device_id)
    key = SeriesKey(
        gateway_id=gateway_id,
        device_id="" if measure in _OF_GATEWAY else device_id,
        metric=_METRIC[measure],
    )
    step_s = 3_600 if measure is Measure.MOTION_MINUTES else hours * 3_600 // _STEPS
    end = centre.clock.now()
    start = end - timedelta(hours=hours)
    buckets = await centre.series.buckets(key, start, end, step_s)
    first = int(start.timestamp()) // step_s * step_s
    by_instant = {int(bucket.start.timestamp()): _value(bucket, measure) for bucket in buckets}
    instants = list(range(first, int(end.timestamp()) + 1, step_s))
    return SeriesShape(
        gateway_id=gateway_id,
        device_id=key.device_id,
        metric=measure,
        step_s=step_s,
        instants=instants,
        values=[by_instant.get(instant) for instant in instants],
    )


@router.get("/series/store")
async def read_series_store(centre: TheCentre, access: Reader) -> SeriesStoreShape:
    """How the store of measurements is, for those who look after it."""
    if not access.may_read_interfaces:
        raise Refused("forbidden", status_code=403)
    standing = await centre.series.standing()
    return SeriesStoreShape(
        store=centre.settings.series.store,
        waiting=standing.waiting,
        waiting_since=standing.waiting_since,
        refused=standing.refused,
        fault=standing.fault,
    )


@router.get("/openapi.json")
async def read_openapi(request: Request, access: Reader) -> dict[str, Any]:
    """The description of this interface, for those who build on it."""
    if not access.may_read_interfaces:
        raise Refused("forbidden", status_code=403)
    description: dict[str, Any] = request.app.openapi()
    return description


async def _authorise(centre: Centre, access: Reader, gateway_id: str, device_id: str) -> None:
    async with centre.store.read() as connection:
        if device_id:
            devices = await list_devices(connection, access)
            known = {(device.gateway_id, device.device_id) for device in devices}
            allowed = (gateway_id, device_id) in known
        else:
            gateways = await list_gateways(
                connection, access, series=centre.series, now=centre.clock.now()
            )
            allowed = gateway_id in {gateway.gateway_id for gateway in gateways}
    if not allowed:
        raise Refused("not_found", status_code=404)


def _value(bucket: Bucket, measure: Measure) -> float:
    if measure is Measure.MOTION_MINUTES:
        return bucket.total / 60
    if measure in _PERCENT:
        return bucket.mean * 100
    return bucket.total if measure in _SUMMED else bucket.mean
