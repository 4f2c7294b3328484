"""From an MQTT message to values, or to the reason why not; pure."""

from dataclasses import dataclass
from typing import Any

from contracts.batch import Batch, decode_batch
from contracts.codec import parse_object, validate
from contracts.envelope import Event, decode_event
from contracts.errors import ContractError
from contracts.events import CommandResult, EvidenceLost, OutboxGap
from contracts.state import Birth, Will, decode_state
from contracts.telemetry import Metric, TelemetryRow
from contracts.topics import Address, Channel, parse_topic_name
from ioc.ingest.received import Received

_OF_THE_GATEWAY = (CommandResult, EvidenceLost, OutboxGap)
"""Kinds of events that need no device."""


@dataclass(frozen=True, kw_only=True)
class Unreadable:
    """A whole message that cannot be used; kept for inspection, never acknowledged."""

    received: Received
    gateway_id: str | None
    reason: str


@dataclass(frozen=True, kw_only=True)
class StateReading:
    """A gateway's birth or will."""

    received: Received
    address: Address
    state: Birth | Will


@dataclass(frozen=True, kw_only=True)
class EventRow:
    """One row of an event batch: the event, or why there is none."""

    sequence: int
    line: bytes
    event: Event | None
    fault: str = ""


@dataclass(frozen=True, kw_only=True)
class EventBatch:
    """The rows of one batch of events."""

    received: Received
    address: Address
    epoch: str
    rows: tuple[EventRow, ...]


@dataclass(frozen=True, kw_only=True)
class SampleRow:
    """One row of a telemetry batch: its samples, or why there are none."""

    sequence: int
    line: bytes
    samples: TelemetryRow | None
    fault: str = ""
    unknown_metrics: tuple[str, ...] = ()
    """Names that a later release of the gateway may measure; their samples are not kept."""


@dataclass(frozen=True, kw_only=True)
class TelemetryBatch:
    """The rows of one batch of telemetry."""

    received: Received
    address: Address
    epoch: str
    rows: tuple[SampleRow, ...]


Reading = StateReading | EventBatch | TelemetryBatch | Unreadable


def read(received: Received) -> Reading:
    """Return what a message says; a row that cannot be read spoils no other."""
    gateway_id: str | None = None
    try:
        address, channel, _ = parse_topic_name(received.topic_name)
        gateway_id = address.gateway_id
        if channel is Channel.STATE:
            state = decode_state(received.payload)
            return StateReading(received=received, address=address, state=state)
        batch = decode_batch(received.payload)
    except ContractError as error:
        return Unreadable(received=received, gateway_id=gateway_id, reason=str(error))
    if channel is Channel.TELEMETRY:
        return _telemetry(received, address, batch)
    return _events(received, address, batch)


def is_telemetry(topic_name: str) -> bool:
    """Tell whether a message goes to the telemetry lane."""
    return topic_name.endswith(f"/{Channel.TELEMETRY}")


def _events(received: Received, address: Address, batch: Batch) -> EventBatch:
    rows = tuple(
        _event_row(address, batch.epoch, sequence, line)
        for sequence, line in zip(batch.sequences, batch.rows, strict=True)
    )
    return EventBatch(received=received, address=address, epoch=batch.epoch, rows=rows)


def _event_row(address: Address, epoch: str, sequence: int, line: bytes) -> EventRow:
    try:
        event = decode_event(line)
        _check_place(event, address, epoch, sequence)
    except ContractError as error:
        return EventRow(sequence=sequence, line=line, event=None, fault=str(error))
    return EventRow(sequence=sequence, line=line, event=event)


def _check_place(event: Event, address: Address, epoch: str, sequence: int) -> None:
    if event.address != address:
        raise ContractError(f"the event is of {event.source}, not of the gateway that sent it")
    if (event.epoch, event.sequence) != (epoch, sequence):
        raise ContractError(
            f"the event is {event.sequence} of {event.epoch}, its header says {sequence}"
        )
    if event.device_id is None and not isinstance(event.data, _OF_THE_GATEWAY):
        raise ContractError(f"{event.kind} names no device")


def _telemetry(received: Received, address: Address, batch: Batch) -> TelemetryBatch:
    rows = tuple(
        _sample_row(sequence, line)
        for sequence, line in zip(batch.sequences, batch.rows, strict=True)
    )
    return TelemetryBatch(received=received, address=address, epoch=batch.epoch, rows=rows)


def _sample_row(sequence: int, line: bytes) -> SampleRow:
    try:
        fields = parse_object(line)
        unknown = _unknown_metrics(fields)
        if unknown:
            known = [each for each in fields["samples"] if _metric_of(each) not in unknown]
            fields = {**fields, "samples": known}
        samples = validate(TelemetryRow, fields)
    except ContractError as error:
        return SampleRow(sequence=sequence, line=line, samples=None, fault=str(error))
    return SampleRow(
        sequence=sequence, line=line, samples=samples, unknown_metrics=tuple(sorted(unknown))
    )


def _unknown_metrics(fields: dict[str, Any]) -> set[str]:
    samples = fields.get("samples")
    if not isinstance(samples, list):
        return set()
    return {name for each in samples if (name := _metric_of(each))} - set(Metric)


def _metric_of(sample: object) -> str:
    name = sample.get("metric") if isinstance(sample, dict) else None
    return name if isinstance(name, str) else ""
