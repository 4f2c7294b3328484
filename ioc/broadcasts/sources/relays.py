"""Which streams may be relayed, by whom, for how long; pure: nothing is ever opened here."""

import ipaddress
from urllib.parse import urlsplit

from contracts.commands import LONGEST_RELAY_S
from ioc.broadcasts import refusals
from ioc.broadcasts.sources.settings import Station
from ioc.broadcasts.values import RelayedStream
from ioc.people.access import Access

_LONGEST_ADDRESS = 500
_SELF = ("localhost", "localhost.localdomain", "ip6-localhost")


def check_relay(access: Access, relay: RelayedStream, stations: tuple[Station, ...]) -> None:
    """Refuse a stream that this person may not order, or that no gateway should open.

    Raises:
        Refusal: the length, the address, or a station that is not in the commune's list.
    """
    if not 1.0 <= relay.duration_s <= LONGEST_RELAY_S:
        raise refusals.bad_relay_length(round(LONGEST_RELAY_S / 3_600))
    if not _is_address_of_a_station(relay.stream_url):
        raise refusals.bad_stream_address()
    known = {station.stream_url for station in stations}
    if relay.stream_url not in known and not access.may_administer:
        raise refusals.station_not_yours()


def _is_address_of_a_station(stream_url: str) -> bool:
    if len(stream_url) > _LONGEST_ADDRESS or any(c.isspace() or c < " " for c in stream_url):
        return False
    try:
        parts = urlsplit(stream_url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        return False
    if parts.scheme not in ("http", "https") or not host or "@" in parts.netloc:
        return False
    return not _is_the_gateway_itself(host)


def _is_the_gateway_itself(host: str) -> bool:
    """Tell whether it points back: services of the gateway, or a cloud's metadata beside it."""
    if host.rstrip(".").lower() in _SELF:
        return True
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        # "127.1", "0x7f000001", "2130706433": resolvers take them for numbers, a name has letters.
        last = host.rstrip(".").rpartition(".")[2]
        return last.isdigit() or last.lower().startswith("0x")
    mapped = getattr(address, "ipv4_mapped", None) or address
    return bool(
        mapped.is_loopback or mapped.is_link_local or mapped.is_unspecified or mapped.is_multicast
    )
