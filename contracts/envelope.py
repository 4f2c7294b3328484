"""The CloudEvents 1.0 envelope of every event and command, JSON format; pure."""

from functools import lru_cache
from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Field, SerializeAsAny, model_validator

from contracts.codec import (
    Id,
    Instant,
    Seconds,
    Sequence,
    UuidText,
    Wire,
    encode,
    parse_object,
    validate,
)
from contracts.errors import ContractError
from contracts.events import EVENT_KINDS, KIND_OF, EventData
from contracts.topics import Address


class Event(Wire):
    """One event of one gateway; attribute names are CloudEvents', extensions without separators."""

    model_config = ConfigDict(populate_by_name=True)

    specversion: Literal["1.0"] = "1.0"
    event_id: UuidText = Field(alias="id")
    source: Annotated[str, Field(pattern=r"^/[a-z0-9-]{1,63}/[a-z0-9-]{1,63}$")]
    """`/{site_id}/{gateway_id}`."""
    device_id: Id | None = Field(default=None, alias="subject")
    kind: str = Field(alias="type")
    datacontenttype: Literal["application/json"] = "application/json"
    occurred_at: Instant = Field(alias="time")
    """When it happened, by the gateway's wall clock."""
    observed_at: Instant = Field(alias="observedat")
    """When the gateway recorded it, by its wall clock."""
    boot_id: UuidText = Field(alias="bootid")
    monotonic_s: Seconds = Field(alias="monotonics")
    """`occurred_at` on the gateway's monotonic clock of this boot."""
    clock_synced: bool = Field(alias="clocksynced")
    standing: bool = False
    """A condition reported again after a birth; `occurred_at` is its true beginning."""
    late: bool = False
    """It waited longer than `late_after_s` in the outbox: stored and shown, never annunciated."""
    epoch: UuidText
    sequence: Sequence
    data: SerializeAsAny[EventData]

    @model_validator(mode="after")
    def _data_fits_kind(self) -> Self:
        if KIND_OF.get(type(self.data)) != self.kind:
            raise ValueError("data is not of the event's type")
        return self

    @property
    def address(self) -> Address:
        """The gateway that sent it."""
        return _address_of(self.source)


@lru_cache(maxsize=4_096)
def _address_of(source: str) -> Address:
    """Return the checked address in a source; there are few of them, and each has many events."""
    _, site_id, gateway_id = source.split("/")
    return Address.of(site_id, gateway_id)


def source_of(address: Address) -> str:
    """Return the CloudEvents source of a gateway."""
    return f"/{address.site_id}/{address.gateway_id}"


def encode_event(event: Event) -> bytes:
    """Return the event as one line of JSON."""
    return encode(event)


def decode_event(payload: bytes | str) -> Event:
    """Return the event in a JSON payload.

    Raises:
        ContractError: it is malformed, or of a kind this contract does not know.
    """
    fields = parse_object(payload)
    fields["data"] = _data(fields)
    event = validate(Event, fields)
    _ = event.address
    return event


def _data(fields: dict[str, Any]) -> EventData:
    kind = fields.get("type")
    model = EVENT_KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise ContractError("unknown event type")
    return validate(model, fields.get("data"))
