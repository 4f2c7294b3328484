"""Looks at one RTSP stream by OPTIONS and DESCRIBE; it tries the account once and plays nothing."""

import asyncio
import re
import secrets
from dataclasses import dataclass
from typing import Self
from urllib.parse import urlsplit

from drivers.camera import (
    CameraAuthFailed,
    CameraCredentials,
    CameraUnreachable,
    CameraUnsupported,
    without_credentials,
)
from drivers.rtsp_camera.authorization import RtspRequest, answer_challenge

DEFAULT_PORT = 554
LARGEST_BODY_BYTES = 100_000
MOST_HEADERS = 100
DENIED = frozenset({401, 403})
ENCODING = re.compile(r"^a=rtpmap:\d+ ([\w.+-]+)/", re.MULTILINE)


@dataclass(frozen=True, kw_only=True)
class _Response:
    status: int
    challenges: tuple[str, ...]
    body: str


class _Connection:
    """One RTSP conversation, request by request."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self._sequence = 0

    async def ask(self, request: RtspRequest, authorization: str | None = None) -> _Response:
        self._sequence += 1
        lines = [
            f"{request.method} {request.uri} RTSP/1.0",
            f"CSeq: {self._sequence}",
            "User-Agent: commune-ioc",
            "Accept: application/sdp",
        ]
        if authorization is not None:
            lines.append(f"Authorization: {authorization}")
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n")
        await self._writer.drain()
        return await self._read()

    async def _read(self) -> _Response:
        version, _, rest = (await self._line()).partition(" ")
        status = rest.partition(" ")[0]
        if not version.startswith("RTSP/") or not status.isdecimal():
            raise CameraUnsupported("what answers at the camera's address does not speak RTSP")
        length, challenges = 0, []
        for _ in range(MOST_HEADERS):
            if not (line := await self._line()):
                break
            name, _, value = line.partition(":")
            match name.strip().lower():
                case "content-length" if value.strip().isdecimal():
                    length = min(int(value), LARGEST_BODY_BYTES)
                case "www-authenticate":
                    challenges.append(value.strip())
                case _:
                    pass
        body = await self._reader.readexactly(length)
        return _Response(
            status=int(status), challenges=tuple(challenges), body=body.decode("utf-8", "replace")
        )

    async def _line(self) -> str:
        line = await self._reader.readline()
        if not line:
            raise CameraUnreachable("the camera closed the connection")
        return line.decode("utf-8", "replace").strip()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()


async def probe(uri: str, credentials: CameraCredentials | None, *, timeout_s: float = 10.0) -> str:
    """Return the encoding of a stream's video (`H264`, `H265`), or say why it cannot be opened.

    Raises:
        CameraUnreachable: no answer within `timeout_s`, or the camera is busy.
        CameraAuthFailed: the account is refused, or one is needed; it was tried once at most.
        CameraUnsupported: no such stream, no RTSP, or no H.264 or H.265 in it.
    """
    target = urlsplit(uri)
    if target.scheme != "rtsp" or target.hostname is None:
        raise CameraUnsupported("the address of a camera's stream begins with rtsp:// and a host")
    try:
        async with asyncio.timeout(timeout_s):
            reader, writer = await asyncio.open_connection(
                target.hostname, target.port or DEFAULT_PORT
            )
            async with _Connection(reader, writer) as connection:
                response = await _describe(connection, without_credentials(uri), credentials)
    except TimeoutError as error:
        raise CameraUnreachable(f"the camera does not answer within {timeout_s:g} s") from error
    except (OSError, asyncio.IncompleteReadError, ValueError) as error:
        raise CameraUnreachable(f"the camera cannot be reached: {error}") from error
    return _video_encoding(response)


async def _describe(
    connection: _Connection, uri: str, credentials: CameraCredentials | None
) -> _Response:
    await connection.ask(RtspRequest(method="OPTIONS", uri=uri))
    request = RtspRequest(method="DESCRIBE", uri=uri)
    response = await connection.ask(request)
    if response.status not in DENIED or credentials is None:
        return response
    authorization = answer_challenge(
        response.challenges, credentials, request, cnonce=secrets.token_hex(8)
    )
    if authorization is None:
        raise CameraUnsupported("the camera asks for a way to log in that is not known here")
    return await connection.ask(request, authorization)


def _video_encoding(response: _Response) -> str:
    match response.status:
        case 200:
            pass
        case 401 | 403:
            raise CameraAuthFailed("the camera refuses the user name or password for its stream")
        case 404 | 454 | 461:
            raise CameraUnsupported("the camera has no stream at this address")
        case status:
            raise CameraUnreachable(f"the camera answers RTSP {status}; it may be busy")
    video = response.body.partition("m=video")[2].partition("\nm=")[0]
    encoding = ENCODING.search(video)
    name = encoding.group(1).upper() if encoding else ""
    if name not in {"H264", "H265"}:
        raise CameraUnsupported(f"the stream carries {name or 'no video'}, not H.264 or H.265")
    return name
