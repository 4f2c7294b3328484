"""The loudspeaker itself: one socket, one source at a time, talk spurts told apart."""

import ipaddress
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from simulator.loudspeaker.g711 import decode
from simulator.loudspeaker.recording import Recording
from simulator.loudspeaker.rtp import ReorderBuffer, RtpPacket, parse_rtp

Event = dict[str, str | int | float]
SPURT_END_S = 1.0
"""A source that is silent for so long has finished."""


def open_receiver(address: str, port: int, *, interface: str) -> socket.socket:
    """A non-blocking UDP socket for RTP; a multicast `address` is joined on `interface`.

    Several loudspeakers of one group may share address and port, as real ones do. The caller
    closes it.

    Raises:
        OSError: The port is in use by something else, or the interface does not exist.
    """
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        receiver.settimeout(0)  # never wait
        if ipaddress.IPv4Address(address).is_multicast:
            if port:  # a port that the system chooses must be ours alone
                receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            membership = socket.inet_aton(address) + socket.inet_aton(interface)
            receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
        receiver.bind((address, port))
    except OSError:
        receiver.close()
        raise
    return receiver


@dataclass(kw_only=True)
class _Spurt:
    recording: Recording
    ssrc: int
    lost_before: int


class Loudspeaker:
    """Turns datagrams into recordings; every method yields what happened as JSON-ready events."""

    def __init__(
        self, *, record: Path, payload_types: frozenset[int], now: Callable[[], datetime]
    ) -> None:
        """Args: folder of the recordings, RTP payload types it plays, and the wall clock (UTC)."""
        self._record = record
        self._payload_types = payload_types
        self._now = now
        self._buffer = ReorderBuffer()
        self._spurt: _Spurt | None = None
        self._ssrc: int | None = None
        self._heard_s = 0.0
        self._recordings = 0
        self._complained_of: int | None = None

    def hear(self, datagram: bytes, *, now_s: float) -> Iterator[Event]:
        """Take one datagram at the monotonic instant `now_s`."""
        packet = parse_rtp(datagram)
        if packet is None or packet.payload_type not in self._payload_types:
            yield from self._complain(-1 if packet is None else packet.payload_type)
            return
        if packet.ssrc != self._ssrc:
            yield from self.finish()
            self._ssrc, self._buffer = packet.ssrc, ReorderBuffer()
        self._heard_s = now_s
        for ordered in self._buffer.push(packet, now_s=now_s):
            yield from self._play(ordered)

    def tick(self, *, now_s: float) -> Iterator[Event]:
        """Give up missing packets and end a spurt that fell silent; call it every 50 ms or so."""
        for ordered in self._buffer.give_up(now_s=now_s):
            yield from self._play(ordered)
        if self._spurt and now_s - self._heard_s >= SPURT_END_S:
            yield from self.finish()

    def finish(self) -> Iterator[Event]:
        """End the running recording, if there is one."""
        if self._spurt is None:
            return
        spurt, self._spurt = self._spurt, None
        spurt.recording.finish()
        yield {
            "event": "played",
            "file": str(spurt.recording.path),
            "seconds": round(spurt.recording.seconds, 3),
            "lost_packets": self._buffer.lost_packets - spurt.lost_before,
            "ssrc": spurt.ssrc,
        }

    def _play(self, packet: RtpPacket) -> Iterator[Event]:
        # RFC 3551 §4.1: the marker bit opens a talk spurt.
        if packet.marker:
            yield from self.finish()
        if self._spurt is None:
            self._spurt = _Spurt(
                recording=Recording(self._next_path()),
                ssrc=packet.ssrc,
                lost_before=self._buffer.lost_packets,
            )
            path = str(self._spurt.recording.path)
            yield {"event": "playing", "file": path, "ssrc": packet.ssrc}
        samples = decode(packet.payload, payload_type=packet.payload_type)
        self._spurt.recording.write(samples, rtp_timestamp=packet.rtp_timestamp)

    def _next_path(self) -> Path:
        self._recordings += 1
        started = self._now().strftime("%Y%m%dT%H%M%S.%fZ")
        return self._record / f"{started}-{self._recordings:04d}.wav"

    def _complain(self, payload_type: int) -> Iterator[Event]:
        """Say once per kind that something came which this loudspeaker does not play."""
        if self._complained_of != payload_type:
            self._complained_of = payload_type
            reason = "not RTP" if payload_type < 0 else "this codec is not configured"
            yield {"event": "ignored", "payload_type": payload_type, "reason": reason}
