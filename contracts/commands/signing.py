"""Signed commands: the kinds there are, and how an order is proven; pure.

The signature (Ed25519, RFC 8032) covers the bytes of the CloudEvent, not its JSON meaning.
"""

import base64
import binascii
import hashlib
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from pydantic import ConfigDict, Field, SerializeAsAny, model_validator

from contracts.codec import (
    Instant,
    Name,
    Sequence,
    UuidText,
    Wire,
    decode,
    encode,
    parse_object,
    validate,
)
from contracts.commands.clock import Clock
from contracts.commands.command_data import CommandData
from contracts.commands.fixtures import ForgetFixture, MarkFixture
from contracts.commands.speaking import Relay, Speak, Stop, TestLoudspeakers
from contracts.commands.talk_downs import SetTalkDowns
from contracts.errors import ContractError
from contracts.topics import Address


class RefusalReason(StrEnum):
    """Why a gateway refuses a command."""

    MALFORMED = "malformed"
    UNKNOWN_KEY = "unknown_key"
    BAD_SIGNATURE = "bad_signature"
    NOT_ADDRESSED = "not_addressed"
    EXPIRED = "expired"
    REPLAYED = "replayed"
    CLOCK_UNKNOWN = "clock_unknown"


class CommandRefused(ContractError):
    """A command is not carried out; the centre's administrator must look into it."""

    def __init__(self, reason: RefusalReason, detail: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}" if detail else str(reason))


COMMAND_KINDS: dict[str, type[CommandData]] = {
    "speak.v1": Speak,
    "relay.v1": Relay,
    "stop.v1": Stop,
    "test_loudspeakers.v1": TestLoudspeakers,
    "set_talk_downs.v1": SetTalkDowns,
    "mark_fixture.v1": MarkFixture,
    "forget_fixture.v1": ForgetFixture,
    "clock.v1": Clock,
}
_KIND_OF = {model: kind for kind, model in COMMAND_KINDS.items()}


class Command(Wire):
    """One order to one gateway, as a CloudEvent."""

    model_config = ConfigDict(populate_by_name=True)

    specversion: Literal["1.0"] = "1.0"
    command_id: UuidText = Field(alias="id")
    source: Literal["/centre"] = "/centre"
    addressee: Name = Field(alias="subject")
    """`{site_id}/{gateway_id}`."""
    kind: str = Field(alias="type")
    datacontenttype: Literal["application/json"] = "application/json"
    issued_at: Instant = Field(alias="time")
    expires_at: Instant = Field(alias="expiresat")
    command_number: Sequence = Field(alias="commandnumber")
    """Only grows, per gateway."""
    data: SerializeAsAny[CommandData]

    @model_validator(mode="after")
    def _data_fits_kind(self) -> Self:
        if _KIND_OF.get(type(self.data)) != self.kind:
            raise ValueError("data is not of the command's type")
        return self


class SignedCommand(Wire):
    """What travels: base64 of the command's bytes and of their signature."""

    key_id: Name
    payload: Annotated[str, Field(max_length=200_000)]
    signature: Annotated[str, Field(max_length=200)]

    model_config = ConfigDict(str_max_length=200_000)


def addressee_of(address: Address) -> str:
    """Return how a command names its gateway."""
    return f"{address.site_id}/{address.gateway_id}"


def kind_of(data: CommandData) -> str:
    """Return the CloudEvents type of a command's data."""
    return _KIND_OF[type(data)]


def key_id_of(key: Ed25519PublicKey) -> str:
    """Return the name under which a public key signs: 16 hex digits of the SHA-256 of its bytes."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


def sign_command(command: Command, *, key_id: str, key: Ed25519PrivateKey) -> bytes:
    """Return the signed command, ready to publish."""
    body = encode(command)
    signed = SignedCommand(
        key_id=key_id,
        payload=base64.b64encode(body).decode(),
        signature=base64.b64encode(key.sign(body)).decode(),
    )
    return encode(signed)


def verify_command(
    payload: bytes, *, keys: dict[str, Ed25519PublicKey], address: Address
) -> Command:
    """Return the command in `payload` once its signature and addressee are proven.

    Expiry and repetition need a clock and a memory: the caller checks them.

    Raises:
        CommandRefused: with the reason; the only exception for any bytes.
    """
    body, key_id, signature = _parts(payload)
    key = keys.get(key_id)
    if key is None:
        raise CommandRefused(RefusalReason.UNKNOWN_KEY)
    try:
        key.verify(signature, body)
    except InvalidSignature as error:
        raise CommandRefused(RefusalReason.BAD_SIGNATURE) from error
    try:
        command = decode_command(body)
    except ContractError as error:
        raise CommandRefused(RefusalReason.MALFORMED, str(error)) from error
    if command.addressee != addressee_of(address):
        raise CommandRefused(RefusalReason.NOT_ADDRESSED)
    return command


def decode_command(body: bytes) -> Command:
    """Return the command in its CloudEvent bytes.

    Raises:
        ContractError: it is malformed, or of a kind this contract does not know.
    """
    fields = parse_object(body)
    fields["data"] = _data(fields)
    return validate(Command, fields)


def _data(fields: dict[str, Any]) -> CommandData:
    kind = fields.get("type")
    model = COMMAND_KINDS.get(kind) if isinstance(kind, str) else None
    if model is None:
        raise ContractError("unknown command type")
    return validate(model, fields.get("data"))


def _parts(payload: bytes) -> tuple[bytes, str, bytes]:
    try:
        signed = decode(SignedCommand, payload)
        body = base64.b64decode(signed.payload, validate=True)
        return body, signed.key_id, base64.b64decode(signed.signature, validate=True)
    except (ContractError, binascii.Error, ValueError) as error:
        raise CommandRefused(RefusalReason.MALFORMED, "no signed command") from error
