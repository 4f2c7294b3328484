"""Retained states: birth and will of a gateway, the centre's state, and its acknowledgements; pure."""

from typing import Annotated, Literal

from pydantic import Field

from contracts.codec import Id, Name, Sequence, UuidText, Wire, parse_object, validate
from contracts.errors import ContractError
from contracts.events import DeviceKind

ConnectionNumber = Sequence
CommittedRanges = Annotated[tuple[tuple[Sequence, Sequence], ...], Field(max_length=5_000)]


class Device(Wire):
    """A device of a gateway, as its configuration names it."""

    device_id: Id
    device_kind: DeviceKind
    name: Name
    area_id: Id
    loudspeaker_ids: Annotated[tuple[Id, ...], Field(max_length=50)] = ()
    """Of a camera: the loudspeakers that are heard there, nearest first."""


class Birth(Wire):
    """The gateway is connected; only a birth changes its current connection."""

    online: Literal[True] = True
    epoch: UuidText
    connection_number: ConnectionNumber
    boot_id: UuidText
    agent_version: Name
    clock_synced: bool
    nonce: UuidText
    """Echoed in the signed `clock` command that answers this birth."""
    devices: Annotated[tuple[Device, ...], Field(max_length=500)]


class Will(Wire):
    """The gateway is gone; counts only if it names the current connection."""

    online: Literal[False] = False
    epoch: UuidText
    connection_number: ConnectionNumber


class CentreState(Wire):
    """Whether ingest is there, and which store it writes to."""

    online: bool
    instance: UuidText
    store_id: UuidText


class TelemetryAck(Wire):
    """Telemetry rows the centre has committed."""

    epoch: UuidText
    committed: CommittedRanges


class Ack(Wire):
    """All ranges the centre has committed of one epoch; only on this the outbox deletes."""

    store_id: UuidText
    epoch: UuidText
    committed: CommittedRanges
    telemetry: TelemetryAck | None = None
    new_epoch: bool = False
    """The epoch forked (a cloned or restored gateway): number what is left anew."""


def decode_state(payload: bytes) -> Birth | Will:
    """Return the birth or will in `up/state`.

    Raises:
        ContractError: it is neither.
    """
    fields = parse_object(payload)
    online = fields.get("online")
    if not isinstance(online, bool):
        raise ContractError("a state says whether it is online")
    return validate(Birth, fields) if online else validate(Will, fields)
