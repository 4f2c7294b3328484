"""Finds cameras by WS-Discovery on one named interface; it asks and listens, and keeps nothing."""

import asyncio
import socket
import uuid
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote
from xml.etree import ElementTree

from typing_extensions import override

from drivers.camera import CameraUnreachable

GROUP = "239.255.255.250"
PORT = 3702
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
NETWORK = "http://www.onvif.org/ver10/network/wsdl"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
SCOPE_ROOT = "onvif://www.onvif.org/"
REPEAT_S = 0.5
"""Multicast is not repeated by anyone; the second probe reaches whom the first one missed."""


@dataclass(frozen=True, kw_only=True)
class DiscoveredCamera:
    """One camera that answered."""

    endpoint: str
    """The device's own name for itself, the same for life."""
    xaddrs: tuple[str, ...]
    """Addresses of its device service, in the camera's order."""
    name: str | None
    hardware: str | None
    scopes: tuple[str, ...]


class _Answers(asyncio.DatagramProtocol):
    def __init__(self) -> None:
        self.found: asyncio.Queue[DiscoveredCamera] = asyncio.Queue(maxsize=1000)

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        for camera in parse_probe_matches(data):
            with suppress(asyncio.QueueFull):
                self.found.put_nowait(camera)


async def discover(
    interface: str, *, timeout_s: float = 3.0, target: str = GROUP
) -> AsyncIterator[DiscoveredCamera]:
    """Ask who is there and yield each camera once, as it answers.

    Args:
        interface: IPv4 address of this machine's interface towards the cameras.
        timeout_s: How long to listen.
        target: The discovery group, or the address of one camera in a routed network.

    Raises:
        CameraUnreachable: the interface does not exist or cannot send.
    """
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + timeout_s
    try:
        transport, answers = await loop.create_datagram_endpoint(
            _Answers, sock=_open_socket(interface)
        )
    except OSError as error:
        raise CameraUnreachable(f"cannot search from {interface}: {error}") from error
    seen: set[str] = set()
    try:
        probe = build_probe(str(uuid.uuid4()))
        transport.sendto(probe, (target, PORT))
        repeat = loop.call_later(REPEAT_S, transport.sendto, probe, (target, PORT))
        with suppress(TimeoutError):
            while True:
                async with asyncio.timeout_at(deadline_s):
                    camera = await answers.found.get()
                if camera.endpoint not in seen:
                    seen.add(camera.endpoint)
                    yield camera
        repeat.cancel()
    finally:
        transport.close()


def build_probe(message_id: str) -> bytes:
    """Return a probe for network video transmitters (ONVIF Core §7.3.2)."""
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" '
        f'xmlns:a="{ADDRESSING}" xmlns:d="{DISCOVERY}" xmlns:dn="{NETWORK}"><s:Header>'
        f"<a:MessageID>urn:uuid:{message_id}</a:MessageID>"
        "<a:To>urn:schemas-xmlsoap-org:ws:2005:04:discovery</a:To>"
        f"<a:Action>{DISCOVERY}/Probe</a:Action></s:Header><s:Body><d:Probe>"
        "<d:Types>dn:NetworkVideoTransmitter</d:Types></d:Probe></s:Body></s:Envelope>"
    ).encode()


def parse_probe_matches(datagram: bytes) -> list[DiscoveredCamera]:
    """Read a probe's answer; anything else, and anything malformed, is no camera."""
    if b"<!DOCTYPE" in datagram:
        return []
    try:
        root = ElementTree.fromstring(datagram)  # noqa: S314  no document type, so no entities
    except (ElementTree.ParseError, LookupError, ValueError):  # LookupError: an unknown encoding
        return []
    matches = (_parse_match(match) for match in root.iter(f"{{{DISCOVERY}}}ProbeMatch"))
    return [camera for camera in matches if camera is not None]


def _parse_match(match: ElementTree.Element) -> DiscoveredCamera | None:
    endpoint = match.findtext(f".//{{{ADDRESSING}}}Address", "").strip()
    xaddrs = tuple(match.findtext(f"{{{DISCOVERY}}}XAddrs", "").split())
    scopes = tuple(match.findtext(f"{{{DISCOVERY}}}Scopes", "").split())
    web = tuple(xaddr for xaddr in xaddrs if xaddr.startswith(("http://", "https://")))
    if not endpoint or not web:
        return None
    return DiscoveredCamera(
        endpoint=endpoint,
        xaddrs=web,
        name=_scope(scopes, "name/"),
        hardware=_scope(scopes, "hardware/"),
        scopes=scopes,
    )


def _scope(scopes: tuple[str, ...], key: str) -> str | None:
    prefix = SCOPE_ROOT + key
    values = (unquote(scope.removeprefix(prefix)) for scope in scopes if scope.startswith(prefix))
    return next(values, None)


def _open_socket(interface: str) -> socket.socket:
    probing = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        probing.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
        probing.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
        probing.bind((interface, 0))
        probing.setblocking(False)  # noqa: FBT003  the socket module's own signature
    except OSError:
        probing.close()
        raise
    return probing
