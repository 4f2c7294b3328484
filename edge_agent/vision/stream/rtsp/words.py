"""What RTSP says in words: requests, answers, authentication, stream descriptions. Pure."""

import base64
import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit, urlunsplit

from edge_agent.vision.stream.rtsp.assembly import Codec

DEFAULT_PORT = 554
_CODECS: dict[str, Codec] = {"H264": "h264", "H265": "hevc"}
_START = b"\0\0\0\1"
_CLOCK_HZ = range(1_000, 10_000_001)
"""A camera that announces another clock means the usual one, which is all that RFC 6184 allows."""
_MOST_FPS = 1_000.0


class NotOurs(Exception):
    """The stream needs something of RTSP that is not spoken here; libav may know it."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Address:
    """Where a stream is, its credentials apart."""

    host: str
    port: int
    uri: str
    """Without credentials, as it is asked for."""
    username: str | None
    password: str

    @classmethod
    def parse(cls, uri: str) -> "Address":
        """Take an address apart.

        Raises:
            NotOurs: it is not plain RTSP.
        """
        parts = urlsplit(uri)
        if parts.scheme != "rtsp" or not parts.hostname:
            raise NotOurs("not plain RTSP")
        place = parts.netloc.rpartition("@")[2]
        return cls(
            host=parts.hostname,
            port=parts.port or DEFAULT_PORT,
            uri=urlunsplit(("rtsp", place, parts.path, parts.query, "")),
            username=None if parts.username is None else unquote(parts.username),
            password=unquote(parts.password or ""),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a server replied."""

    status: int
    fields: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: bytes = b""

    def field(self, name: str) -> str:
        """Return the first field of this name, empty if there is none."""
        return next((value for key, value in self.fields if key == name), "")

    def all(self, name: str) -> list[str]:
        """Return all fields of this name."""
        return [value for key, value in self.fields if key == name]


def parse_head(head: bytes) -> Answer:
    """Read the head of an answer; a server's own request has status 0."""
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    words = first.split(" ", 2)
    status = whole_number(words[1]) if words[0].startswith("RTSP/") and len(words) > 1 else None
    fields = [line.partition(":") for line in lines]
    return Answer(
        status=status or 0,
        fields=tuple((key.strip().lower(), value.strip()) for key, _, value in fields),
    )


def length_of(answer: Answer) -> int:
    """Return how many bytes of body follow the head."""
    return whole_number(answer.field("content-length")) or 0


def whole_number(text: str) -> int | None:
    """Return a number as a server may write it; None: it is none, or one beyond every use."""
    return int(text) if re.fullmatch(r"[0-9]{1,12}", text) else None


def authorization(challenges: Sequence[str], address: Address, method: str, uri: str) -> str:
    """Return the answer to a challenge, empty if there is none that can be given."""
    if address.username is None:
        return ""
    for challenge in challenges:
        scheme, _, rest = challenge.partition(" ")
        if scheme.lower() == "digest":
            return _digest(rest, address, method, uri)
    if any(challenge.lower().startswith("basic") for challenge in challenges):
        pair = f"{address.username}:{address.password}".encode()
        return "Basic " + base64.b64encode(pair).decode()
    return ""


def _digest(challenge: str, address: Address, method: str, uri: str) -> str:
    # RFC 7616. A nonce is used once per method and address, so the count is always one.
    given = {
        key.lower(): quoted or bare
        for key, quoted, bare in re.findall(r'\b(\w+)=(?:"([^"]*)"|([^\s,]+))', challenge)
    }
    algorithm = given.get("algorithm", "MD5").upper()
    hashed = hashlib.sha256 if algorithm == "SHA-256" else hashlib.md5

    def h(text: str) -> str:
        return hashed(text.encode()).hexdigest()

    realm, nonce = given.get("realm", ""), given.get("nonce", "")
    secret = h(f"{address.username}:{realm}:{address.password}")
    asked = h(f"{method}:{uri}")
    said = {"username": address.username or "", "realm": realm, "nonce": nonce, "uri": uri}
    tail = ""
    if "auth" in given.get("qop", "").split(","):
        count, own = "00000001", h(nonce + method + uri)[:16]
        said["response"] = h(f"{secret}:{nonce}:{count}:{own}:auth:{asked}")
        tail = f', qop=auth, nc={count}, cnonce="{own}"'
    else:
        said["response"] = h(f"{secret}:{nonce}:{asked}")
    if "opaque" in given:
        said["opaque"] = given["opaque"]
    if "algorithm" in given:
        tail += f", algorithm={given['algorithm']}"
    return "Digest " + ", ".join(f'{key}="{value}"' for key, value in said.items()) + tail


@dataclass(frozen=True, kw_only=True, slots=True)
class Description:
    """The first video of a stream description (SDP, RFC 8866)."""

    codec: Codec
    control: str
    clock_hz: int
    parameter_sets: bytes
    """With start codes; empty if the pictures bring their own."""
    fps: float
    """As announced, 0 if not."""


def parse_description(text: str) -> Description:
    """Read a stream description.

    Raises:
        NotOurs: its video is neither H.264 nor H.265, or comes interleaved in decoding order.
        LookupError: it holds no video.
    """
    medium = _first_video(text)
    names: dict[str, str] = dict(re.findall(r"a=rtpmap:\d+ (\w+)/(\d+)", medium))
    codec = next((name for name in names if name.upper() in _CODECS), None)
    if codec is None or re.search(r"sprop-max-don-diff=[1-9]|packetization-mode=2", medium):
        raise NotOurs("the video is neither H.264 nor H.265, or is interleaved")
    control = re.search(r"a=control:(\S+)", medium)
    rate = re.search(r"a=framerate:\s*([\d.]+)", medium)
    clock_hz = whole_number(names[codec]) or 0
    return Description(
        codec=_CODECS[codec.upper()],
        control=control[1] if control else "",
        clock_hz=clock_hz if clock_hz in _CLOCK_HZ else 90_000,
        parameter_sets=_sprops(medium),
        fps=_read_rate(rate[1]) if rate else 0.0,
    )


def _read_rate(text: str) -> float:
    try:
        rate = float(text)
    except ValueError:
        return 0.0
    return rate if rate <= _MOST_FPS else 0.0


def _first_video(text: str) -> str:
    for part in re.split(r"(?m)^(?=m=)", text.replace("\r\n", "\n")):
        if part.startswith("m=video"):
            return part
    raise LookupError("there is no video in the stream")


def _sprops(medium: str) -> bytes:
    sets = b""
    for name in ("sprop-vps", "sprop-sps", "sprop-pps", "sprop-parameter-sets"):
        if found := re.search(rf"{name}=([\w+/=,]+)", medium):
            for text in found[1].split(","):
                try:
                    sets += _START + base64.b64decode(text)
                except ValueError:
                    return b""
    return sets


def control_uri(base: str, control: str) -> str:
    """Return the address of one medium of a stream."""
    if control in ("", "*"):
        return base
    if control.lower().startswith("rtsp://"):
        return control
    return base + ("" if base.endswith("/") else "/") + control
