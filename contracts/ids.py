"""Identifiers of the wire: what they may look like and how event ids are made; pure."""

import re
from typing import NewType
from uuid import UUID

from contracts.errors import ContractError

SiteId = NewType("SiteId", str)
GatewayId = NewType("GatewayId", str)
DeviceId = NewType("DeviceId", str)
EventId = NewType("EventId", str)

ID_PATTERN = r"^[a-z0-9][a-z0-9-]{0,62}$"
_ID = re.compile(ID_PATTERN)
RESERVED_SITE_IDS = frozenset({"centre"})


def parse_id(text: str) -> str:
    """Return `text` if it may name a site, gateway or device.

    Raises:
        ContractError: it has other characters than a-z, 0-9 and -, or over 63 of them.
    """
    if not _ID.fullmatch(text):
        raise ContractError(f"{text!r} is not an id: 1 to 63 of a-z, 0-9 and -, no leading -")
    return text


def uuid7(unix_ms: int, random: bytes) -> EventId:
    """Return a version 7 UUID (RFC 9562 §5.7) from milliseconds and at least ten random bytes."""
    noise = int.from_bytes(random[:10], "big")
    value = (unix_ms & (1 << 48) - 1) << 80 | noise
    value = value & ~(0xF << 76) | 0x7 << 76
    return EventId(str(UUID(int=value & ~(0x3 << 62) | 0x2 << 62)))
