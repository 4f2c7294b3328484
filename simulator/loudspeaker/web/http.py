"""HTTP requests read from a connection and answered; just enough for a device."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

_LARGEST_BODY_BYTES = 100_000


@dataclass(frozen=True, kw_only=True)
class Request:
    """One request; header names are in lower case, the body is left in the connection."""

    method: str
    target: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The target without its query."""
        return self.target.partition("?")[0]

    @property
    def length(self) -> int:
        """What Content-Length says; 0 without one."""
        text = self.headers.get("content-length", "0")
        return int(text) if text.isdecimal() else 0


@dataclass(frozen=True, kw_only=True)
class Answer:
    """One answer."""

    status: int = 200
    body: str = ""
    content_type: str = "text/plain"
    headers: Mapping[str, str] = field(default_factory=dict)

    def octets(self) -> bytes:
        """The answer as it goes over the wire."""
        body = self.body.encode()
        headers = {
            "Content-Type": self.content_type,
            "Content-Length": str(len(body)),
            **self.headers,
        }
        lines = [f"HTTP/1.1 {self.status} Answer"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def read_request(reader: asyncio.StreamReader) -> Request | None:
    """The next request; None when the other side has closed or speaks something else."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("utf-8", "replace")
    except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
        return None
    first, *lines = head.splitlines()
    words = first.split(" ")
    if len(words) != 3:
        return None
    pairs = (line.partition(":") for line in lines if ":" in line)
    headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
    return Request(method=words[0], target=words[1], headers=headers)


async def read_body(reader: asyncio.StreamReader, request: Request) -> bytes:
    """The body of a short request."""
    return await reader.readexactly(min(request.length, _LARGEST_BODY_BYTES))
