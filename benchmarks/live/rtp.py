"""Packs an H.264 file into RTP over RTSP's TCP connection (RFC 2326 §10.12, RFC 6184). Pure."""

import base64
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import av

PAYLOAD_TYPE, TICKS_PER_S = 96, 90_000
MOST_BYTES = 1400
"""Payload of one RTP packet, as cameras send it for Ethernet's sake."""
SPS, PPS, IDR, DELIMITER = 7, 8, 5, 9


@dataclass(frozen=True, kw_only=True, slots=True)
class Unit:
    """One picture, ready to be written to the socket."""

    wire: bytes
    keyframe: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Media:
    """A stream ready to be served."""

    sdp: bytes
    units: tuple[Unit, ...]
    fps: int


def pack(video: Path, *, fps: int, loops: int) -> Media:
    """Return the file repeated `loops` times with sequence numbers and times that run on."""
    pictures = [_nal_units(picture) for picture in _pictures(video)]
    sets = {nal[0] & 0x1F: nal for nal in pictures[0]}
    packer = _Packer()
    units = [
        Unit(
            wire=packer.pack(nals, number * TICKS_PER_S // fps),
            keyframe=any(nal[0] & 0x1F == IDR for nal in nals),
        )
        for number, nals in enumerate(pictures * loops)
    ]
    return Media(sdp=_sdp(sets[SPS], sets[PPS]), units=tuple(units), fps=fps)


def _pictures(video: Path) -> Iterator[bytes]:
    with av.open(str(video)) as container:
        for packet in container.demux(container.streams.video[0]):
            if packet.size:
                yield bytes(packet)


def _nal_units(picture: bytes) -> list[bytes]:
    parts = picture.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")
    return [part for part in parts if part and part[0] & 0x1F != DELIMITER]


def _sdp(sps: bytes, pps: bytes) -> bytes:
    sets = "sprop-parameter-sets="
    sets += ",".join(base64.b64encode(nal).decode() for nal in (sps, pps))
    lines = (
        "v=0",
        "o=- 0 0 IN IP4 127.0.0.1",
        "s=drawn",
        "t=0 0",
        "a=control:*",
        f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
        f"a=rtpmap:{PAYLOAD_TYPE} H264/{TICKS_PER_S}",
        f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;profile-level-id={sps[1:4].hex()};{sets}",
        "a=control:track1",
        "",
    )
    return "\r\n".join(lines).encode()


class _Packer:
    """Counts the packets of one stream."""

    def __init__(self) -> None:
        self._sequence = 0

    def pack(self, nals: list[bytes], ticks: int) -> bytes:
        """Return the interleaved packets of one picture."""
        payloads = [payload for nal in nals for payload in _payloads(nal)]
        wire = bytearray()
        for number, payload in enumerate(payloads):
            marker = 0x80 if number == len(payloads) - 1 else 0
            wire += struct.pack(">cBH", b"$", 0, 12 + len(payload))
            wire += struct.pack(
                ">BBHII",
                0x80,
                marker | PAYLOAD_TYPE,
                self._sequence & 0xFFFF,
                ticks & 0xFFFFFFFF,
                0x1CA3E2A5,
            )
            wire += payload
            self._sequence += 1
        return bytes(wire)


def _payloads(nal: bytes) -> Iterator[bytes]:
    if len(nal) <= MOST_BYTES:
        yield nal
        return
    indicator, kind = nal[0] & 0xE0 | 28, nal[0] & 0x1F  # FU-A
    parts = range(1, len(nal), MOST_BYTES - 2)
    for begin in parts:
        edge = 0x80 if begin == 1 else 0x40 if begin == parts[-1] else 0
        yield bytes((indicator, edge | kind)) + nal[begin : begin + MOST_BYTES - 2]
