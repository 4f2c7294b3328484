"""What is offered and answered about the sound of a call (RFC 4566, RFC 3264). Pure."""

import ipaddress
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drivers.loudspeaker import SinkUnusable
from drivers.rtp_multicast.codecs import CODECS
from drivers.sip.settings import SipCodec

CONTENT_TYPE = "application/sdp"


@dataclass(frozen=True, kw_only=True)
class Media:
    """Where the loudspeaker wants its sound, and how."""

    address: str
    port: int
    codec: SipCodec


def describe(*, address: str, port: int, codecs: Sequence[SipCodec], version: int) -> bytes:
    """The description of our side.

    Args:
        address: IPv4 address that our packets come from.
        port: UDP port that our packets come from.
        codecs: The preferred one first.
        version: Grows with every description of one call.
    """
    numbers = [CODECS[codec].payload_type for codec in codecs]
    lines = [
        "v=0",
        f"o=- 1 {version} IN IP4 {address}",
        "s=-",
        f"c=IN IP4 {address}",
        "t=0 0",
        f"m=audio {port} RTP/AVP {' '.join(map(str, numbers))}",
        *(
            f"a=rtpmap:{number} {codec.upper()}/8000"
            for number, codec in zip(numbers, codecs, strict=True)
        ),
        "a=ptime:20",
        # Nobody listens to what comes back. Still not `sendonly`: telephones take that for a call
        # on hold and mute it.
        "a=sendrecv",
        "",
    ]
    return "\r\n".join(lines).encode()


def read_answer(body: bytes, *, offered: Sequence[SipCodec]) -> Media:
    """Find where the loudspeaker wants its sound.

    Raises:
        SinkUnusable: It wants none, or wants what was not offered.
    """
    general, audio = _sections(body)
    port, numbers = _media_line(audio)
    if not port:
        raise SinkUnusable("the loudspeaker answered the call and refused its sound")
    if {"a=sendonly", "a=inactive"} & {*audio} or (
        {"a=sendonly", "a=inactive"} & {*general} and "a=recvonly" not in audio
    ):
        raise SinkUnusable("the loudspeaker answered the call and does not want to listen")
    by_number: Mapping[str, SipCodec] = {str(CODECS[name].payload_type): name for name in offered}
    codec = next((by_number[number] for number in numbers if number in by_number), None)
    if codec is None:
        raise SinkUnusable(
            f"the loudspeaker answered with payload types {' '.join(numbers)[:60] or 'none'},"
            f" and was offered {' and '.join(offered)}"
        )
    return Media(address=_address([*audio, *general]), port=port, codec=codec)


def _sections(body: bytes) -> tuple[list[str], list[str]]:
    """The lines before any medium, and those of the first audio medium."""
    general: list[str] = []
    audio: list[str] = []
    current = general
    for line in body.decode("utf-8", "replace").splitlines():
        if line.startswith("m="):
            current = audio if line.startswith("m=audio ") and not audio else []
        current.append(line.strip())
    return general, audio


def _media_line(audio: Sequence[str]) -> tuple[int, list[str]]:
    words = audio[0].split() if audio else []
    port = words[1].partition("/")[0] if len(words) > 3 else ""
    if not (port.isascii() and port.isdigit() and len(port) < 6 and int(port) < 65536):
        raise SinkUnusable("the loudspeaker answered the call without saying where it listens")
    return int(port), words[3:]


def _address(lines: Sequence[str]) -> str:
    written = next((line for line in lines if line.startswith("c=IN IP4 ")), "").split(" ")[-1]
    try:
        address = ipaddress.IPv4Address(written.partition("/")[0])
    except ValueError as error:
        raise SinkUnusable("the loudspeaker named no IPv4 address for its sound") from error
    if address.is_unspecified:
        raise SinkUnusable("the loudspeaker put the call on hold")
    return str(address)
