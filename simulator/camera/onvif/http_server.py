"""A small HTTP/1.1 server for one camera: it parses requests and writes answers, nothing else."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

MAX_BODY_BYTES = 1_000_000
IDLE_S = 60.0


@dataclass(frozen=True, kw_only=True)
class Request:
    """One HTTP request; header names are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes
    local_host: str
    """The address at which the camera was asked, host:port."""


@dataclass(frozen=True, kw_only=True)
class Response:
    """One HTTP answer."""

    status: int = 200
    content_type: str = "text/plain"
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)


Answer = Callable[[Request], Awaitable[Response]]


async def serve_http(answer: Answer, *, host: str, port: int) -> asyncio.Server:
    """Listen and answer; the caller closes the server."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(IDLE_S):
                while await serve_one(reader, writer, answer):
                    pass
        except (TimeoutError, ConnectionError, asyncio.IncompleteReadError, ValueError):
            # The other side left or does not speak HTTP; a camera just hangs up.
            pass
        except asyncio.CancelledError:
            # The camera ends while somebody polls it. Passed on, CPython 3.11 would print a traceback.
            pass
        finally:
            writer.close()

    return await asyncio.start_server(serve, host, port)


async def serve_one(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, answer: Answer
) -> bool:
    """Serve one request; return whether the connection stays open."""
    request = await read_request(reader, writer)
    if request is None:
        return False
    response = await answer(request)
    keep = request.headers.get("connection", "").lower() != "close"
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        f"Content-Type: {response.content_type}",
        f"Content-Length: {len(response.body)}",
        f"Connection: {'keep-alive' if keep else 'close'}",
        *(f"{name}: {value}" for name, value in response.headers.items()),
    ]
    writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + response.body)
    await writer.drain()
    return keep


async def read_request(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> Request | None:
    """Read one request, or None when the other side has closed.

    Raises:
        ValueError: it is not HTTP, or larger than a camera would take.
    """
    line = await reader.readline()
    if not line:
        return None
    method, path, _version = line.decode("latin-1").split()
    headers: dict[str, str] = {}
    while (header := (await reader.readline()).strip()) != b"":
        name, _, value = header.decode("latin-1").partition(":")
        headers[name.strip().lower()] = value.strip()
    length = int(headers.get("content-length", "0"))
    if not 0 <= length <= MAX_BODY_BYTES:
        raise ValueError("the request is too large")
    address = writer.get_extra_info("sockname")
    return Request(
        method=method,
        path=path,
        headers=headers,
        body=await reader.readexactly(length),
        local_host=f"{address[0]}:{address[1]}",
    )
