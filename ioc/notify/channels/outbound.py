"""HTTP to the services: to public addresses only, never elsewhere by redirect, never without end.

An address is looked up once and then connected to, so that a name cannot point inside the network
between the check and the connection.
"""

import asyncio
import ipaddress
import json
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from typing import Any

import httpx

from ioc.clock import Clock

LONGEST_S = 20.0
LARGEST_ANSWER_BYTES = 65_536
_LONGEST_WAIT_S = 3_600.0

# IPv4 in the last four octets: NAT64 (RFC 6052), compatible and translated addresses (RFC 4291, 2765).
_WRAPPING = tuple(map(ipaddress.ip_network, ("64:ff9b::/96", "::/96", "::ffff:0:0:0/96")))
# Local by their standards (RFC 8215, 3879, 6890), but not by this release of Python.
_INSIDE = tuple(map(ipaddress.ip_network, ("64:ff9b:1::/48", "fec0::/10", "192.0.0.0/24")))


class Unreachable(Exception):
    """The service did not answer; worth another try."""


class Forbidden(Exception):
    """The address lies inside the network, or is not HTTPS; the administrator may allow its host."""


@dataclass(frozen=True, kw_only=True)
class Letter:
    """One request; its address and headers may hold secrets."""

    url: str = field(repr=False)
    method: str = "POST"
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    content: bytes = field(default=b"", repr=False)


@dataclass(frozen=True, kw_only=True)
class Answer:
    """What came back; at most 64 KiB of it."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(repr=False)
    retry_after_s: float | None = None
    """What `Retry-After` asks for (RFC 9110 §10.2.3), in seconds, at most an hour."""

    @property
    def fields(self) -> dict[str, Any]:
        """The JSON object in the answer; empty where there is none."""
        try:
            parsed = json.loads(self.content)
        except (ValueError, RecursionError):
            return {}
        return parsed if isinstance(parsed, dict) else {}


class Outbound:
    """The way out; one for all channels."""

    def __init__(self, *, private_hosts: tuple[str, ...], clock: Clock) -> None:
        self._private = frozenset(host.lower() for host in private_hosts)
        self._clock = clock
        self._http = httpx.AsyncClient(
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(10.0),
            limits=httpx.Limits(max_keepalive_connections=0),
        )

    async def close(self) -> None:
        """Close what is open; nothing can be sent afterwards."""
        await self._http.aclose()

    async def send(self, letter: Letter) -> Answer:
        """Return the service's answer, whatever its status.

        Raises:
            Forbidden: the address may not be spoken to.
            Unreachable: no answer within 20 s.
        """
        try:
            async with asyncio.timeout(LONGEST_S):
                return await self._send(letter)
        except TimeoutError as error:
            raise Unreachable("timeout") from error

    async def _send(self, letter: Letter) -> Answer:
        try:
            url = httpx.URL(letter.url)
        except httpx.InvalidURL as error:
            raise Forbidden("no_address") from error
        fault = Unreachable("no_address")
        for address in await self._addresses(url):
            try:
                return await self._exchange(letter, url, address)
            except (httpx.TransportError, ssl.SSLError, OSError) as error:
                fault = Unreachable(type(error).__name__)
        raise fault

    async def _addresses(self, url: httpx.URL) -> list[str]:
        """Return the addresses behind a name, IPv4 first, if all of them may be spoken to."""
        is_private = url.host.lower() in self._private
        if url.scheme != "https" and not (is_private and url.scheme == "http"):
            raise Forbidden("not_https")
        port = url.port or (443 if url.scheme == "https" else 80)
        try:
            loop = asyncio.get_running_loop()
            found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise Unreachable("unknown_host") from error
        found.sort(key=lambda each: each[0] != socket.AF_INET)
        addresses = [str(each[4][0]) for each in found]
        if not is_private and not all(is_public(address) for address in addresses):
            raise Forbidden("inside_the_network")
        return list(dict.fromkeys(addresses))

    async def _exchange(self, letter: Letter, url: httpx.URL, address: str) -> Answer:
        request = self._http.build_request(
            letter.method,
            url.copy_with(host=address),
            headers={**letter.headers, "host": url.netloc.decode("ascii")},
            content=letter.content,
            extensions={"sni_hostname": url.host},
        )
        answer = await self._http.send(request, stream=True)
        try:
            content = b""
            async for piece in answer.aiter_raw():
                content += piece
                if len(content) > LARGEST_ANSWER_BYTES:
                    break
        finally:
            await answer.aclose()
        return Answer(
            status=answer.status_code,
            headers=dict(answer.headers),
            content=content[:LARGEST_ANSWER_BYTES],
            retry_after_s=self._wait(answer.headers.get("retry-after", "")),
        )

    def _wait(self, text: str) -> float | None:
        if text.isdecimal() and len(text) < 9:
            return min(float(text), _LONGEST_WAIT_S)
        try:
            seconds = (parsedate_to_datetime(text) - self._clock.now()).total_seconds()
        except (ValueError, TypeError):
            return None
        return min(max(seconds, 0.0), _LONGEST_WAIT_S)


def is_public(address: str) -> bool:
    """Tell whether an IP address lies in the public internet, also where IPv6 wraps an IPv4 one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = parsed.ipv4_mapped or parsed.sixtofour
        if any(parsed in network for network in _WRAPPING):
            inner = ipaddress.IPv4Address(int(parsed) & 0xFFFFFFFF)
        if inner is not None:
            parsed = inner
    is_inside = any(parsed in network for network in _INSIDE)
    return parsed.is_global and not parsed.is_multicast and not is_inside
