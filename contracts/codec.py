"""JSON bytes to validated values and back; the only place that turns parser errors into ours; pure."""

from datetime import UTC, datetime
from typing import Annotated, Any, TypeVar

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json

from contracts.errors import ContractError
from contracts.ids import ID_PATTERN


class Wire(BaseModel):
    """A value on the wire: immutable, unknown keys refused, no NaN and no infinity."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", allow_inf_nan=False, str_max_length=4_000
    )


_EARLIEST = datetime(1900, 1, 1, tzinfo=UTC)
_LATEST = datetime(9000, 1, 1, tzinfo=UTC)
"""Beyond these no clock shows the present, and local time cannot be worked out for every zone."""


def _in_utc(instant: datetime) -> datetime:
    try:
        utc = instant.astimezone(UTC)
    except OverflowError as error:
        raise ValueError("the instant is out of range") from error
    if not _EARLIEST <= utc < _LATEST:
        raise ValueError("the instant is out of range")
    return utc


Instant = Annotated[AwareDatetime, AfterValidator(_in_utc)]
Id = Annotated[str, Field(pattern=ID_PATTERN)]
UuidText = Annotated[
    str, Field(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", max_length=36)
]
Sha256 = Annotated[str, Field(pattern=r"^[0-9a-f]{64}$")]
Sequence = Annotated[int, Field(ge=1, lt=2**63)]
Count = Annotated[int, Field(ge=0, lt=2**31)]
"""Bounded as the columns of every database are: a number that no table holds stops its batch."""
Seconds = Annotated[float, Field(ge=0, le=1e10)]
Share = Annotated[float, Field(ge=0.0, le=1.0)]
Name = Annotated[str, Field(max_length=200)]

Model = TypeVar("Model", bound=BaseModel)


def parse_object(payload: bytes | str) -> dict[str, Any]:
    """Return the JSON object in `payload`.

    Raises:
        ContractError: it is not UTF-8, not JSON, nested too deeply, or no object.
    """
    try:
        value = from_json(payload, allow_inf_nan=False)
    except ValueError as error:
        raise ContractError(f"not JSON: {error}") from error
    if not isinstance(value, dict):
        raise ContractError(f"not a JSON object but {type(value).__name__}")
    return value


def validate(model: type[Model], value: object) -> Model:
    """Return `value` as `model`.

    Raises:
        ContractError: it does not fit; the message names the fields, never their content.
    """
    try:
        return model.model_validate(value)
    except ValidationError as error:
        raise ContractError(f"not a valid {model.__name__}: {_places(error)}") from error


def decode(model: type[Model], payload: bytes | str) -> Model:
    """Return the value in a JSON payload.

    Raises:
        ContractError: the payload is no JSON object or does not fit.
    """
    return validate(model, parse_object(payload))


def encode(value: BaseModel) -> bytes:
    """Return `value` as compact JSON."""
    return value.model_dump_json(by_alias=True).encode()


def _places(error: ValidationError) -> str:
    faults = error.errors(include_url=False, include_context=False, include_input=False)
    return "; ".join(
        f"{'.'.join(str(part) for part in fault['loc']) or 'value'}: {fault['msg']}"
        for fault in faults[:5]
    )
