"""An HTTP service that takes notifications: it keeps what it was sent and answers as told."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Request:
    """What somebody sent."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def fields(self):
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Reply:
    """What it answers; `hangs`: takes the request and never answers."""

    status: int = 200
    body: bytes = b"{}"
    headers: Mapping[str, str] = field(default_factory=dict)
    hangs: bool = False


def reply(status: int = 200, fields: object = None, **headers: str) -> Reply:
    """Return an answer in JSON."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Reply(status=status, body=json.dumps(fields or {}).encode(), headers=named)


@dataclass(kw_only=True)
class NoticeService:
    """Answers with the next of `replies`, the last one for ever."""

    url: str = ""
    replies: list[Reply] = field(default_factory=lambda: [Reply()])
    requests: list[Request] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            method, path, _ = head[0].split(" ")
            headers = {
                name.lower(): value.strip()
                for name, _, value in (line.partition(":") for line in head[1:] if line)
            }
            body = await reader.readexactly(int(headers.get("content-length", 0)))
            self.requests.append(Request(method=method, path=path, headers=headers, body=body))
            answer = self.replies.pop(0) if len(self.replies) > 1 else self.replies[0]
            if answer.hangs:
                await reader.read()
                return
            lines = [f"HTTP/1.1 {answer.status} Answer", "connection: close"]
            lines += [f"{name}: {value}" for name, value in answer.headers.items()]
            lines.append(f"content-length: {len(answer.body)}")
            writer.write(("\r\n".join(lines) + "\r\n\r\n").encode() + answer.body)
            await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()


@asynccontextmanager
async def open_service(*replies: Reply) -> AsyncIterator[NoticeService]:
    """Serve on a free port of 127.0.0.1."""
    service = NoticeService(replies=list(replies) or [Reply()])
    server = await asyncio.start_server(service.serve, "127.0.0.1", 0)
    service.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        yield service
