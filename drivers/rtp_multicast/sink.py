"""The socket of one RTP loudspeaker: 20 ms frames in, datagrams out; it never paces and never waits."""

import ipaddress
import secrets
import socket
from dataclasses import dataclass
from typing import Self

from drivers.loudspeaker import LoudspeakerStatus, Samples, SendFailed, SinkUnusable
from drivers.rtp_multicast.codecs import CODECS, Codec
from drivers.rtp_multicast.rtp import RtpStream

# DSCP EF: switches that honour it send speech first (RFC 4594 §4.1).
_EXPEDITED_FORWARDING = 46 << 2


@dataclass(frozen=True, kw_only=True)
class RtpMulticastConfig:
    """Where one loudspeaker, or a group of them, listens."""

    address: str
    """IPv4 multicast group or unicast address."""
    port: int
    codec: Codec = "pcmu"
    interface: str | None = None
    """IPv4 address of the local interface to send from; None: the routing table chooses."""
    ttl: int = 1
    """Multicast hops: 1 stays in this network; unicast is not limited by it."""

    @property
    def sample_rate_hz(self) -> int:
        """What a sink of these settings takes, known before it is open."""
        return CODECS[self.codec].sample_rate_hz


class RtpMulticastSink:
    """One open loudspeaker; feed it a frame every 20 ms. Use from one thread at a time."""

    def __init__(self, config: RtpMulticastConfig) -> None:
        """Open the socket; `close` it, or use the sink as a context manager.

        Raises:
            SinkUnusable: The address or the interface does not exist or cannot be used here.
        """
        self._codec = CODECS[config.codec]
        self._name = f"{config.address}:{config.port}"
        self._socket = _open_socket(config)
        self._encode = self._codec.open_encoder()
        self._stream = RtpStream(
            payload_type=self._codec.payload_type,
            ssrc=secrets.randbits(32),
            sequence_number=secrets.randbits(16),
            rtp_timestamp=secrets.randbits(32),
        )

    @property
    def sample_rate_hz(self) -> int:
        """8000 (G.711), 16000 (G.722) or 48000 (Opus)."""
        return self._codec.sample_rate_hz

    @property
    def frame_samples(self) -> int:
        """Samples in one frame of 20 ms, the packet time every loudspeaker understands."""
        return self._codec.frame_samples

    def prepare(self) -> None:
        """Nothing needs preparing: these loudspeakers listen always."""

    @property
    def is_ready(self) -> bool:
        """Always."""
        return True

    def begin(self, *, silent_s: float = 0.0) -> None:
        """Announce that the next frame starts something new, `silent_s` after the last frame.

        The source (SSRC) stays the same: many loudspeakers listen to one source until it has been
        silent for a while, and would not hear an emergency that came from another.
        """
        self._stream.begin_talkspurt(silent_ticks=round(silent_s * self._codec.clock_rate_hz))

    def send(self, frame: Samples) -> None:
        """Hand one frame, `(frame_samples,) int16`, to the network without waiting.

        Raises:
            SendFailed: The network refused it; the frame is lost, the stream goes on counting.
        """
        packet = self._stream.next_packet(self._encode(frame), ticks=self._codec.frame_ticks)
        try:
            self._socket.send(packet)
        except OSError as error:
            raise SendFailed(f"cannot send audio to {self._name}: {error.strerror}") from error

    def finish(self) -> None:
        """Nothing ends: the loudspeaker falls silent when packets stop."""

    def close(self) -> None:
        """Release the socket; closing twice does no harm."""
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


async def read_status(config: RtpMulticastConfig) -> LoudspeakerStatus:
    """Nothing is known of a loudspeaker that only listens: RTP has no way back.

    Raises:
        SinkUnusable: The settings cannot work here.
    """
    _open_socket(config).close()
    return LoudspeakerStatus(is_proven=False)


def _open_socket(config: RtpMulticastConfig) -> socket.socket:
    try:
        address = ipaddress.IPv4Address(config.address)
        interface = ipaddress.IPv4Address(config.interface) if config.interface else None
    except ValueError as error:
        raise SinkUnusable(f"{error}; RTP loudspeakers need IPv4 addresses in figures") from error
    sender = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sender.settimeout(0)  # never wait
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, _EXPEDITED_FORWARDING)
        if interface:
            sender.bind((str(interface), 0))
        if address.is_multicast:
            _send_as_multicast(sender, interface=interface, ttl=config.ttl)
        sender.connect((str(address), config.port))
    except OSError as error:
        sender.close()
        raise SinkUnusable(
            f"cannot send to {config.address}:{config.port} from"
            f" {config.interface or 'any interface'}: {error.strerror}"
        ) from error
    return sender


def _send_as_multicast(
    sender: socket.socket, *, interface: ipaddress.IPv4Address | None, ttl: int
) -> None:
    sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, ttl)
    if interface:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface.packed)
