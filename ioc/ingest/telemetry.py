"""Batches of telemetry become points of the time series; they never wait for, or hold up, alarms."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from contracts.ranges import Ranges, of_sequences
from contracts.telemetry import Metric, Sample
from ioc.gateways.register import Gateway
from ioc.ingest import committed
from ioc.ingest.reading import TelemetryBatch
from ioc.ingest.transaction import Transaction
from ioc.redating import shift
from ioc.timeseries import Point, SeriesKey

Batches = Sequence[tuple[Gateway, TelemetryBatch]]

_log = structlog.get_logger(__name__)

_IMPOSSIBLE = timedelta(seconds=60)
"""A correction that leads further beyond the arrival is out of date: the clock has been set since."""


def points_of(batches: Batches) -> list[Point]:
    """Return the samples as points, dated by the centre's clock where the gateway's is wrong."""
    return [
        _point(gateway, sample, received_at=batch.received.received_at)
        for gateway, batch in batches
        for row in batch.rows
        if row.samples is not None
        for sample in row.samples.samples
    ]


async def take_telemetry(transaction: Transaction, batches: Batches) -> None:
    """Count batches as committed whose points the time series already holds."""
    faults = [
        {
            "topic_name": batch.received.topic_name,
            "gateway_id": batch.address.gateway_id,
            "epoch": batch.epoch,
            "sequence": row.sequence,
            "reason": row.fault,
            "payload": row.line,
        }
        for _, batch in batches
        for row in batch.rows
        if row.samples is None
    ]
    await transaction.quarantine(faults)
    _tell_unknown(batches)
    whole: dict[tuple[str, str], Ranges] = defaultdict(tuple)
    for gateway, batch in batches:
        whole[gateway.gateway_id, batch.epoch] += of_sequences(r.sequence for r in batch.rows)
        transaction.acknowledge(gateway.address, batch.epoch)
        await _note_working_cameras(transaction, gateway, batch)
    await committed.add_all(transaction.connection, whole, lane="telemetry")


def _tell_unknown(batches: Batches) -> None:
    for gateway, batch in batches:
        unknown = {name for row in batch.rows for name in row.unknown_metrics}
        if unknown:
            _log.info(
                "telemetry.unknown_metrics",
                gateway_id=gateway.gateway_id,
                metrics=sorted(unknown)[:10],
                advice="the gateway is newer than the centre: update the centre",
            )


async def _note_working_cameras(
    transaction: Transaction, gateway: Gateway, batch: TelemetryBatch
) -> None:
    """Call a camera online that delivers pictures, if no event has told its state yet."""
    delivering = {
        sample.device_id: _instant(gateway, sample, received_at=batch.received.received_at)
        for row in batch.rows
        if row.samples is not None
        for sample in row.samples.samples
        if sample.metric is Metric.CAMERA_FPS and sample.value > 0 and sample.device_id
    }
    for device_id, since in delivering.items():
        device = await transaction.device(gateway.gateway_id, device_id)
        if device is not None and device["state"] == "unknown":
            await transaction.change_device(device, state="online", state_since=since)


def _point(gateway: Gateway, sample: Sample, *, received_at: datetime) -> Point:
    return Point(
        key=SeriesKey(
            gateway_id=gateway.gateway_id,
            device_id=sample.device_id or "",
            metric=sample.metric,
        ),
        sampled_at=_instant(gateway, sample, received_at=received_at),
        value=sample.value,
    )


def _instant(gateway: Gateway, sample: Sample, *, received_at: datetime) -> datetime:
    """Return when a sample was taken, by the centre's clock."""
    if gateway.clock_synced is not False or gateway.clock_offset_s is None:
        return sample.sampled_at
    shifted = shift(sample.sampled_at, gateway.clock_offset_s)
    return shifted if shifted - received_at < _IMPOSSIBLE else sample.sampled_at
