"""SIP requests and responses as text (RFC 3261 §7, §25). Pure; what it cannot read it refuses."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_MAX_LINES = 200
_COMPACT = {
    "c": "content-type",
    "e": "content-encoding",
    "f": "from",
    "i": "call-id",
    "k": "supported",
    "l": "content-length",
    "m": "contact",
    "o": "event",
    "s": "subject",
    "t": "to",
    "v": "via",
}
_REQUEST = re.compile(r"([A-Z]{1,20}) (\S{1,500}) SIP/2\.0", re.ASCII)
_RESPONSE = re.compile(r"SIP/2\.0 ([1-6][0-9]{2})(?: (.*))?", re.ASCII)
_URI = re.compile(
    r"sips?:(?:[^@\s<>]*@)?(?P<host>[A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?",
    re.ASCII | re.IGNORECASE,
)
_TAG = re.compile(r";\s*tag\s*=\s*([^;\s,>]+)", re.IGNORECASE)
_CSEQ = re.compile(r"([0-9]{1,10})\s+([A-Z]+)", re.ASCII)

Header = tuple[str, str]


class SipSyntaxError(ValueError):
    """What came is not SIP, or not whole."""


@dataclass(frozen=True, kw_only=True)
class _Headed:
    headers: tuple[Header, ...]
    body: bytes = b""

    def all(self, name: str) -> tuple[str, ...]:
        """Every value of a header, in order, several on one line taken apart."""
        return tuple(
            part
            for given, value in self.headers
            if given.lower() == name
            for part in split_list(value)
        )

    def whole(self, name: str) -> tuple[str, ...]:
        """Every line of a header as it stands."""
        return tuple(value for given, value in self.headers if given.lower() == name)

    def first(self, name: str) -> str:
        """The first line of a header; empty where there is none."""
        return next(iter(self.whole(name)), "")

    @property
    def cseq(self) -> tuple[int, str]:
        """Number and method; `(-1, "")` where it cannot be read."""
        found = _CSEQ.fullmatch(self.first("cseq").strip())
        return (int(found[1]), found[2]) if found else (-1, "")

    def tag(self, name: str) -> str:
        """The tag of `from` or `to`; empty where there is none."""
        value = self.first(name)
        found = _TAG.search(value[value.rfind(">") + 1 :])
        return found[1] if found else ""


@dataclass(frozen=True, kw_only=True)
class Request(_Headed):
    """What one side asks."""

    method: str
    uri: str

    def encode(self) -> bytes:
        """The datagram."""
        return _encode(f"{self.method} {self.uri} SIP/2.0", self.headers, self.body)


@dataclass(frozen=True, kw_only=True)
class Response(_Headed):
    """What the other side answers."""

    status: int
    """100 to 699."""
    reason: str = ""

    def encode(self) -> bytes:
        """The datagram."""
        return _encode(f"SIP/2.0 {self.status} {self.reason}", self.headers, self.body)


def parse_datagram(datagram: bytes) -> Request | Response:
    """Read one datagram.

    Raises:
        SipSyntaxError: It is not one whole SIP request or response.
    """
    head, end, rest = datagram.lstrip(b"\r\n").partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    if not end or len(lines) > _MAX_LINES:
        raise SipSyntaxError(f"no end of the headers within {_MAX_LINES} lines")
    headers = tuple(_read_headers(lines))
    body = _cut_body(rest, headers)
    if found := _RESPONSE.fullmatch(first):
        return Response(status=int(found[1]), reason=found[2] or "", headers=headers, body=body)
    if found := _REQUEST.fullmatch(first):
        return Request(method=found[1], uri=found[2], headers=headers, body=body)
    raise SipSyntaxError("the first line is neither a request nor a response")


def split_list(value: str) -> list[str]:
    """Take a comma-separated header value apart; commas in quotes or angle brackets stay."""
    parts, start, quoted, bracketed = [], 0, False, False
    for place, letter in enumerate(value):
        if letter == '"' and value[place - 1 : place] != "\\":
            quoted = not quoted
        elif not quoted and letter in "<>":
            bracketed = letter == "<"
        elif letter == "," and not quoted and not bracketed:
            parts.append(value[start:place].strip())
            start = place + 1
    parts.append(value[start:].strip())
    return [part for part in parts if part]


def uri_in(value: str) -> str:
    """The URI of a Contact, To or Route value; empty where there is none."""
    _, bracket, rest = value.partition("<")
    return rest.partition(">")[0].strip() if bracket else value.partition(";")[0].strip()


def host_and_port(uri: str) -> tuple[str, int] | None:
    """Where a SIP URI leads (5060 where it names no port); None when it is not one."""
    found = _URI.match(uri)
    if found is None or not 0 < (port := int(found["port"] or 5060)) < 65536:
        return None
    return found["host"], port


def _read_headers(lines: Iterable[str]) -> list[Header]:
    headers: list[Header] = []
    for line in lines:
        if line[:1] in {" ", "\t"} and headers:  # folded (§7.3.1)
            name, value = headers[-1]
            headers[-1] = (name, f"{value} {line.strip()}")
            continue
        name, colon, value = line.partition(":")
        name = name.strip().lower()
        if not colon or not name:
            raise SipSyntaxError("a header line has no name")
        headers.append((_COMPACT.get(name, name), value.strip()))
    return headers


def _cut_body(rest: bytes, headers: tuple[Header, ...]) -> bytes:
    length = next((value for name, value in headers if name == "content-length"), None)
    if length is None:
        return rest
    if not re.fullmatch(r"[0-9]{1,7}", length, re.ASCII):
        raise SipSyntaxError("Content-Length is no number")
    if int(length) > len(rest):
        raise SipSyntaxError("the datagram is shorter than its Content-Length")
    return rest[: int(length)]


def _encode(first: str, headers: Iterable[Header], body: bytes) -> bytes:
    lines = [first, *(f"{name}: {value}" for name, value in headers)]
    lines += [f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body
