"""Where a device listens, read from the address a technician wrote; pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from drivers.loudspeaker import SinkUnusable

HTTP_PORTS: Mapping[str, int] = {"http": 80, "https": 443}
RTSP_PORTS: Mapping[str, int] = {"rtsp": 554}


@dataclass(frozen=True, kw_only=True)
class Address:
    """One device's address; it never holds an account."""

    scheme: str
    host: str
    port: int
    path: str
    """Path and query; it may be empty."""

    @property
    def authority(self) -> str:
        """Host and port, as they stand in a Host header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{host}:{self.port}"

    @property
    def url(self) -> str:
        """The whole address."""
        return f"{self.scheme}://{self.authority}{self.path}"


def parse_address(url: str, *, ports: Mapping[str, int]) -> Address:
    """Read an address whose scheme is one of `ports`, which gives each its usual port.

    Raises:
        SinkUnusable: It is no such address, or somebody wrote the account into it.
    """
    wanted = " or ".join(f"{scheme}://" for scheme in ports)
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise SinkUnusable(f"the loudspeaker's address cannot be read: {error}") from error
    if parts.scheme not in ports or not host or any(sign.isspace() for sign in url):
        raise SinkUnusable(f"the loudspeaker's address must begin with {wanted} and a host")
    if "@" in parts.netloc:
        raise SinkUnusable("the account belongs in username and password, not in the address")
    query = f"?{parts.query}" if parts.query else ""
    return Address(
        scheme=parts.scheme,
        host=host,
        port=port or ports[parts.scheme],
        path=parts.path.rstrip("/") + query,
    )
