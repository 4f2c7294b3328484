"""Answers WS-Discovery probes on one named interface; it never announces itself unasked."""

import asyncio
import socket
import uuid
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import quote
from xml.etree import ElementTree

from typing_extensions import override

GROUP = "239.255.255.250"
PORT = 3702
ADDRESSING = "http://schemas.xmlsoap.org/ws/2004/08/addressing"
DISCOVERY = "http://schemas.xmlsoap.org/ws/2005/04/discovery"
SOAP = "http://www.w3.org/2003/05/soap-envelope"
NETWORK = "http://www.onvif.org/ver10/network/wsdl"


@dataclass(frozen=True, kw_only=True)
class DiscoverableDevice:
    """What a probe match tells of the camera."""

    name: str
    serial_number: str
    xaddr: str

    @property
    def endpoint(self) -> str:
        """A device keeps its endpoint reference for life (WS-Discovery §2.6)."""
        return f"urn:uuid:{uuid.uuid5(uuid.NAMESPACE_URL, self.serial_number)}"


class ProbeResponder(asyncio.DatagramProtocol):
    """Answers each probe for a network video transmitter once, straight to who asked."""

    def __init__(self, device: DiscoverableDevice, answering: socket.socket) -> None:
        self._device = device
        self._answering = answering

    @override
    def datagram_received(self, data: bytes, addr: tuple[str | int, int]) -> None:
        probe = parse_probe(data)
        if probe is not None:
            # UDP may lose an answer; who asks repeats the probe.
            with suppress(OSError):
                self._answering.sendto(probe_match(self._device, probe), addr)

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._answering.close()


def parse_probe(datagram: bytes) -> str | None:
    """Return the id of a probe that asks for cameras, or None for anything else."""
    try:
        root = ElementTree.fromstring(datagram)  # noqa: S314  expat refuses entity bombs
    except (ElementTree.ParseError, LookupError, ValueError):
        return None
    probe = root.find(f".//{{{DISCOVERY}}}Probe")
    probe_id = root.findtext(f".//{{{ADDRESSING}}}MessageID", "").strip()
    if probe is None or not probe_id:
        return None
    wanted = probe.findtext(f"{{{DISCOVERY}}}Types", "").strip()
    return probe_id if not wanted or "NetworkVideoTransmitter" in wanted else None


def probe_match(device: DiscoverableDevice, probe_id: str) -> bytes:
    """Build the answer to one probe."""
    scopes = " ".join(
        f"onvif://www.onvif.org/{key}/{quote(value)}"
        for key, value in (
            ("type", "video_encoder"),
            ("Profile", "Streaming"),
            ("name", device.name),
            ("hardware", "Simulated camera"),
        )
    )
    return (
        f'<?xml version="1.0" encoding="UTF-8"?><s:Envelope xmlns:s="{SOAP}" '
        f'xmlns:a="{ADDRESSING}" xmlns:d="{DISCOVERY}" xmlns:dn="{NETWORK}"><s:Header>'
        f"<a:MessageID>urn:uuid:{uuid.uuid4()}</a:MessageID><a:RelatesTo>{probe_id}</a:RelatesTo>"
        f"<a:To>{ADDRESSING}/role/anonymous</a:To>"
        f"<a:Action>{DISCOVERY}/ProbeMatches</a:Action></s:Header><s:Body><d:ProbeMatches>"
        "<d:ProbeMatch><a:EndpointReference>"
        f"<a:Address>{device.endpoint}</a:Address></a:EndpointReference>"
        f"<d:Types>dn:NetworkVideoTransmitter</d:Types><d:Scopes>{scopes}</d:Scopes>"
        f"<d:XAddrs>{device.xaddr}</d:XAddrs><d:MetadataVersion>1</d:MetadataVersion>"
        "</d:ProbeMatch></d:ProbeMatches></s:Body></s:Envelope>"
    ).encode()


async def answer_probes(device: DiscoverableDevice, interface: str) -> asyncio.DatagramTransport:
    """Join the discovery group on the interface with this address; the caller closes it."""
    group = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    # Several cameras of one commune share the port on one machine.
    group.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    group.bind((GROUP, PORT))
    membership = socket.inet_aton(GROUP) + socket.inet_aton(interface)
    group.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    group.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(interface))
    # An answer sent from the group's own address reaches nobody.
    answering = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    answering.bind((interface, 0))
    answering.setblocking(False)  # noqa: FBT003  the socket module's own signature
    transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        lambda: ProbeResponder(device, answering), sock=group
    )
    return transport
