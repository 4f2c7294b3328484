"""A small HTTP server that gives the same answer to everybody, behind HTTP Basic if told so."""

import asyncio
import base64
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


@asynccontextmanager
async def serve_answer(
    status: int, body: bytes, *, basic: tuple[str, str] | None = None
) -> AsyncIterator[str]:
    """Serve on a free port of 127.0.0.1 and yield the address."""
    account = base64.b64encode(":".join(basic).encode()) if basic else b""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if basic is None or account in head:
            line, content = f"HTTP/1.1 {status} Answer\r\n".encode(), body
        else:
            line, content = b'HTTP/1.1 401 No\r\nWWW-Authenticate: Basic realm="x"\r\n', b""
        writer.write(line + b"Connection: close\r\nContent-Type: application/soap+xml\r\n")
        writer.write(f"Content-Length: {len(content)}\r\n\r\n".encode() + content)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
