"""Every MQTT topic name and filter of the product, spelled once; pure."""

from dataclasses import dataclass
from enum import StrEnum

from contracts.errors import ContractError
from contracts.ids import RESERVED_SITE_IDS, GatewayId, SiteId, parse_id

ROOT = "ioc/v1"
CENTRE_STATE = f"{ROOT}/centre/state"


class Channel(StrEnum):
    """What a gateway's topic carries; the value is the tail of the topic name."""

    STATE = "up/state"
    EVENTS_LIVE = "up/events/live"
    EVENTS_BACKFILL = "up/events/backfill"
    TELEMETRY = "up/telemetry"
    ACK = "down/ack"
    COMMANDS = "down/commands"


@dataclass(frozen=True, kw_only=True)
class Address:
    """One gateway of one site."""

    site_id: SiteId
    gateway_id: GatewayId

    @classmethod
    def of(cls, site_id: str, gateway_id: str) -> "Address":
        """Return the address of checked ids.

        Raises:
            ContractError: an id is malformed, or the site's is reserved.
        """
        if site_id in RESERVED_SITE_IDS:
            raise ContractError(f"{site_id!r} is reserved and cannot name a site")
        return cls(site_id=SiteId(parse_id(site_id)), gateway_id=GatewayId(parse_id(gateway_id)))

    def topic_name(self, channel: Channel) -> str:
        """Return the topic name of a channel that has no tail of its own."""
        return f"{ROOT}/{self.site_id}/{self.gateway_id}/{channel}"

    def command_topic_name(self, command_id: str) -> str:
        """Return the topic name of one command."""
        return f"{self.topic_name(Channel.COMMANDS)}/{command_id}"

    def command_topic_filter(self) -> str:
        """Return the filter that matches every command for this gateway."""
        return f"{self.topic_name(Channel.COMMANDS)}/+"

    def up_topic_filter(self) -> str:
        """Return the filter that matches all this gateway sends."""
        return f"{ROOT}/{self.site_id}/{self.gateway_id}/up/#"

    def down_topic_filter(self) -> str:
        """Return the filter that matches all this gateway receives."""
        return f"{ROOT}/{self.site_id}/{self.gateway_id}/down/#"


EVERY_GATEWAY_UP = f"{ROOT}/+/+/up/#"
EVERY_GATEWAY_DOWN = f"{ROOT}/+/+/down/#"


def parse_topic_name(topic_name: str) -> tuple[Address, Channel, str]:
    """Return address, channel and tail (the command id, else empty) of a gateway's topic name.

    Raises:
        ContractError: it is no topic of this contract.
    """
    parts = topic_name.split("/")
    if len(parts) < 6 or "/".join(parts[:2]) != ROOT:
        raise ContractError(f"{topic_name!r} is no topic of a gateway")
    address, rest = Address.of(parts[2], parts[3]), "/".join(parts[4:])
    for channel in Channel:
        if rest == channel and channel is not Channel.COMMANDS:
            return address, channel, ""
        tail = rest.removeprefix(f"{channel}/")
        if channel is Channel.COMMANDS and tail != rest and tail and "/" not in tail:
            return address, channel, tail
    raise ContractError(f"{topic_name!r} is no topic of a gateway")
