"""One RTSP conversation with a backchannel (ONVIF Streaming §5.3, RFC 2326): dialled, kept, ended."""

import contextlib
import re
import secrets
import socket
import struct
import time

from drivers.line import Account, Address, Exchange, Request, Response
from drivers.loudspeaker import (
    DeviceBusy,
    LoudspeakerError,
    Samples,
    SinkUnusable,
    Unreachable,
    WrongPassword,
)
from drivers.onvif_backchannel.description import Backchannel, find_backchannel
from drivers.rtp_multicast.g711 import encode_alaw, encode_ulaw
from drivers.rtp_multicast.rtp import RtpStream

REQUIRE = "www.onvif.org/ver20/backchannel"
DIAL_S = 5.0
_BUSY = frozenset({453, 503})
_MISSING = frozenset({404, 454, 459, 461, 551})
_DEFAULT_TIMEOUT_S = 60.0  # RFC 2326 §12.37
_FRAME_TICKS = 160
_LARGEST_HEARD_BYTES = 100_000
_STATUS = re.compile(rb"RTSP/1\.0 (\d{3})")


class Conversation:
    """An open backchannel; a `drivers.line.Talk`."""

    def __init__(self, opened: socket.socket, ask: "_Asking", track: Backchannel) -> None:
        """`opened` is playing already; `ask` writes what is to be asked further."""
        self._socket = opened
        self._ask = ask
        self._encode = encode_ulaw if track.codec == "pcmu" else encode_alaw
        self._rtp = RtpStream(
            payload_type=track.payload_type,
            ssrc=secrets.randbits(32),
            sequence_number=secrets.randbits(16),
            rtp_timestamp=secrets.randbits(32),
        )
        self._keep_at_s = time.monotonic() + ask.keep_every_s
        self._heard = b""

    @property
    def socket(self) -> socket.socket:
        """The open connection."""
        return self._socket

    @property
    def beat_s(self) -> float:
        """Pauses need no filling: RTP's timestamps tell of them."""
        return min(1.0, self._ask.keep_every_s)

    def begin(self, *, silent_s: float) -> None:
        """Mark the next packet as the first after silence (RFC 3551 §4.1)."""
        self._rtp.begin_talkspurt(silent_ticks=round(silent_s * 8000))

    def frame(self, frame: Samples) -> bytes:
        """One RTP packet, interleaved (RFC 2326 §10.12)."""
        packet = self._rtp.next_packet(self._encode(frame), ticks=_FRAME_TICKS)
        return struct.pack("!cBH", b"$", self._ask.channel, len(packet)) + packet

    def upkeep(self, *, now_s: float, silent_s: float) -> bytes:  # noqa: ARG002 - silence needs nothing
        """A GET_PARAMETER before the device forgets us (RFC 2326 §10.8)."""
        if now_s < self._keep_at_s:
            return b""
        self._keep_at_s = now_s + self._ask.keep_every_s
        return self._ask.write("GET_PARAMETER")

    def hear(self, octets: bytes) -> None:
        """Read answers to what keeps the line open, and skip the device's own packets."""
        self._heard += octets
        while self._heard:
            if self._heard.startswith(b"$"):
                end = 4 + int.from_bytes(self._heard[2:4])
                if len(self._heard) < max(4, end):
                    break
                self._heard = self._heard[end:]
            elif not self._read_message():
                break
        if len(self._heard) > _LARGEST_HEARD_BYTES:
            raise Unreachable("the device talks without end")

    def hang_up(self) -> None:
        """TEARDOWN, as far as the connection takes it, and close."""
        with contextlib.suppress(OSError):
            self._socket.send(self._ask.write("TEARDOWN"))
        self._socket.close()

    def _read_message(self) -> bool:
        head, end, rest = self._heard.partition(b"\r\n\r\n")
        if not end:
            return False
        length = re.search(rb"(?im)^content-length:\s*(\d{1,6})\s*$", head)
        size = int(length[1]) if length else 0
        if len(rest) < size:
            return False
        self._heard = rest[size:]
        status = _STATUS.match(head.lstrip())
        # RFC 2326 §11.3.7: 454, the device has forgotten this conversation.
        if (status and status[1] == b"454") or head.lstrip().startswith(b"TEARDOWN"):
            raise Unreachable("the device ended the conversation")
        return True


class _Asking:
    """Writes the requests of a conversation that has begun."""

    def __init__(self, url: str, account: Account, setup: Response) -> None:
        self._url = url
        self._account = account
        self._sequence = 100  # beyond those that were waited for
        token, _, rest = setup.header("session").partition(";")
        self._token = token.strip()
        timeout = re.search(r"timeout=(\d{1,6})", rest)
        timeout_s = float(timeout[1]) if timeout else _DEFAULT_TIMEOUT_S
        self.keep_every_s = max(1.0, timeout_s / 2)
        channel = re.search(r"interleaved=(\d{1,3})", setup.header("transport"))
        self.channel = min(255, int(channel[1])) if channel else 0

    def headers(self) -> dict[str, str]:
        """What every further request carries."""
        self._sequence += 1
        token = {"Session": self._token} if self._token else {}
        return {"CSeq": str(self._sequence), "Require": REQUIRE} | token

    def write(self, method: str) -> bytes:
        """One request as octets."""
        headers = self.headers()
        if authorization := self._account.authorization(method, self._url):
            headers["Authorization"] = authorization
        lines = [f"{method} {self._url} RTSP/1.0"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n"


def dial(address: Address, account: Account) -> Conversation:
    """Open the backchannel and start it.

    Raises:
        LoudspeakerError: By who must act.
    """
    exchange = Exchange(address, account, timeout_s=DIAL_S)
    try:
        track = describe(exchange, address)
        wanted = {"Transport": "RTP/AVP/TCP;unicast;interleaved=0-1"}
        setup = _ask(exchange, "SETUP", track.control_url, _headers(2) | wanted)
        asking = _Asking(address.url, account, setup)
        _ask(exchange, "PLAY", address.url, asking.headers())
        opened, _ = exchange.hand_over()
    except LoudspeakerError:
        exchange.close()
        raise
    return Conversation(opened, asking, track)


def describe(exchange: Exchange, address: Address) -> Backchannel:
    """Ask for the description and find the backchannel in it.

    Raises:
        LoudspeakerError: By who must act.
    """
    headers = _headers(1) | {"Accept": "application/sdp"}
    response = _ask(exchange, "DESCRIBE", address.url, headers)
    base_url = response.header("content-base") or address.url
    return find_backchannel(response.body.decode("utf-8", "replace"), base_url=base_url)


def _headers(sequence: int) -> dict[str, str]:
    return {"CSeq": str(sequence), "Require": REQUIRE}


def _ask(exchange: Exchange, method: str, uri: str, headers: dict[str, str]) -> Response:
    request = Request(method=method, uri=uri, headers=headers, protocol="RTSP/1.0")
    response = exchange.ask(request)
    match response.status:
        case 200:
            return response
        case 403:
            raise WrongPassword("the account may not speak through this device")
        case status if status in _BUSY:
            raise DeviceBusy(f"the device answers RTSP {status}: somebody else speaks through it")
        case 551:
            raise SinkUnusable("the device knows no ONVIF backchannel (RTSP 551)")
        case status if status in _MISSING:
            raise SinkUnusable(f"the device has no such stream (RTSP {status} to {method})")
        case status:
            raise Unreachable(f"the device answers RTSP {status} to {method}")
