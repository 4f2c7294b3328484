"""Batches of telemetry become points of the time series; they never wait for, or hold up, alarms."""

from collections import defaultdict
from collections.abc import Sequence

from contracts.ranges import Ranges, of_sequences
from contracts.telemetry import Metric, Sample
from ioc.gateways.register import Gateway
from ioc.ingest import clocks, committed
from ioc.ingest.reading import TelemetryBatch
from ioc.ingest.transaction import Transaction
from ioc.timeseries import Point, SeriesKey

Batches = Sequence[tuple[Gateway, TelemetryBatch]]


def points_of(batches: Batches) -> list[Point]:
    """Return the samples as points, dated by the centre's clock where the gateway's is wrong."""
    return [
        _point(gateway, sample)
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
    whole: dict[tuple[str, str], Ranges] = defaultdict(tuple)
    for gateway, batch in batches:
        whole[gateway.gateway_id, batch.epoch] += of_sequences(r.sequence for r in batch.rows)
        transaction.acknowledge(gateway.address, batch.epoch)
        await _note_working_cameras(transaction, gateway, batch)
    for (gateway_id, epoch), ranges in whole.items():
        await committed.add(
            transaction.connection,
            gateway_id=gateway_id,
            epoch=epoch,
            lane="telemetry",
            ranges=ranges,
        )


async def _note_working_cameras(
    transaction: Transaction, gateway: Gateway, batch: TelemetryBatch
) -> None:
    """Call a camera online that delivers pictures, if no event has told its state yet."""
    delivering = {
        sample.device_id: sample.sampled_at
        for row in batch.rows
        if row.samples is not None
        for sample in row.samples.samples
        if sample.metric is Metric.CAMERA_FPS and sample.value > 0 and sample.device_id
    }
    for device_id, sampled_at in delivering.items():
        device = await transaction.device(gateway.gateway_id, device_id)
        if device is not None and device["state"] == "unknown":
            await transaction.change_device(device, state="online", state_since=sampled_at)


def _point(gateway: Gateway, sample: Sample) -> Point:
    offset_s = gateway.clock_offset_s if gateway.clock_synced is False else None
    return Point(
        key=SeriesKey(
            gateway_id=gateway.gateway_id,
            device_id=sample.device_id or "",
            metric=sample.metric,
        ),
        sampled_at=clocks.shift(sample.sampled_at, offset_s or 0.0),
        value=sample.value,
    )
