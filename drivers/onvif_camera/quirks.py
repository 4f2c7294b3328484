"""What cameras are known to write wrongly into addresses, and how it is read. Pure: no I/O."""

import ipaddress
from urllib.parse import urlsplit, urlunsplit

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def usable_host(uri: str, xaddr: str) -> str:
    """Return the address with the host at which the camera was reached, where its own cannot be right.

    Any vendor, behind address translation or with a forgotten network setting: the camera reports
    0.0.0.0, its loopback or link-local address, or a private address of another network than the
    one it was reached in. Ports stay as reported. No capture: reproduced with the simulator's
    `advertised_host`.
    """
    parts, reached = urlsplit(uri), urlsplit(xaddr).hostname
    if reached is None or not _is_unusable(parts.hostname, reached):
        return uri
    host = f"[{reached}]" if ":" in reached else reached
    account = parts.netloc.rpartition("@")[0]
    port = f":{parts.port}" if parts.port is not None else ""
    return urlunsplit(parts._replace(netloc=f"{account}@{host}{port}" if account else host + port))


def _is_unusable(reported: str | None, reached: str) -> bool:
    if not reported or reported == "localhost":
        return reached != "localhost"
    try:
        address = ipaddress.ip_address(reported)
    except ValueError:
        return False
    if address.is_unspecified:
        return True
    origin = _literal(reached)
    if address == origin:
        return False
    if address.is_loopback or address.is_link_local:
        return True
    return address.is_private and not _same_network(address, origin)


def _same_network(address: Address, origin: Address | None) -> bool:
    """Whether both may well be in one network: a recorder's other interface is left alone."""
    if origin is None or address.version != origin.version:
        return False
    bits = 16 if address.version == 4 else 64
    network = ipaddress.ip_network(f"{address}/{bits}", strict=False)
    return origin in network


def _literal(host: str) -> Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
