"""Everything between gateway and centre that is not MQTT: audio down, evidence up.

The only module that imports httpx; keeps nothing.
"""

import asyncio
import hashlib
import os
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from enum import StrEnum
from pathlib import Path
from typing import BinaryIO

import httpx

_CHUNK_BYTES = 16_384
_TIMEOUT_S = 20.0
_LATER = frozenset({401, 403, 404, 408, 409, 425, 429})
"""401 and 403 too: a wrong token is mended at the gateway or the centre, the file stays."""


Pace = Callable[[int], Awaitable[None]]
"""Called after so many bytes were handed to the connection; returns when the next may follow."""


class CentreUnreachable(Exception):
    """The centre does not answer now; it is tried again."""


class AudioRefused(Exception):
    """The centre gives no such audio, or other audio than was ordered."""

    def __init__(self, text: str, *, status_code: int = 200) -> None:
        self.status_code = status_code
        super().__init__(text)


class Delivery(StrEnum):
    """What became of an upload."""

    DELIVERED = "delivered"
    LATER = "later"
    REFUSED = "refused"


class CentreHttp:
    """The gateway's way to the centre's files; made by `open_centre_http`."""

    def __init__(self, connection: httpx.AsyncClient) -> None:
        self._connection = connection

    async def fetch_audio(self, sha256: str, *, size_bytes: int) -> bytes:
        """Return the audio with this hash and size.

        Raises:
            CentreUnreachable: try again.
            AudioRefused: the answer is not that audio.
        """
        body = bytearray()
        try:
            async with self._connection.stream("GET", f"/gateway/audio/{sha256}") as answer:
                if answer.status_code >= 500:
                    raise CentreUnreachable(f"the centre answered {answer.status_code}")
                if answer.status_code != 200:
                    raise AudioRefused(
                        f"the centre answered {answer.status_code}",
                        status_code=answer.status_code,
                    )
                async for chunk in answer.aiter_bytes(_CHUNK_BYTES):
                    body += chunk
                    if len(body) > size_bytes:
                        raise AudioRefused(f"larger than the {size_bytes} bytes announced")
        except httpx.HTTPError as error:
            raise CentreUnreachable(f"{type(error).__name__}: {error}") from error
        if hashlib.sha256(body).hexdigest() != sha256:
            raise AudioRefused("the audio has another hash than was ordered")
        return bytes(body)

    async def put_evidence(self, file: Path, *, media_type: str, pace: Pace) -> Delivery:
        """Upload a picture or clip, whose name is its SHA-256, piece by piece.

        Raises:
            CentreUnreachable: try again.
            OSError: the file cannot be read.
        """
        with await asyncio.to_thread(file.open, "rb") as body:
            size_bytes = os.fstat(body.fileno()).st_size
            try:
                answer = await self._connection.put(
                    f"/gateway/evidence/{file.stem}",
                    content=_pieces(body, pace),
                    headers={"content-type": media_type, "content-length": str(size_bytes)},
                )
            except httpx.HTTPError as error:
                raise CentreUnreachable(f"{type(error).__name__}: {error}") from error
        if answer.is_success:
            return Delivery.DELIVERED
        if answer.status_code in _LATER or not answer.is_client_error:
            return Delivery.LATER
        return Delivery.REFUSED


async def _pieces(body: BinaryIO, pace: Pace) -> AsyncIterator[bytes]:
    while piece := await asyncio.to_thread(body.read, _CHUNK_BYTES):
        yield piece
        await pace(len(piece))


@asynccontextmanager
async def open_centre_http(
    url: str, *, token: str, ca_file: Path | None
) -> AsyncIterator[CentreHttp]:
    """Open connections to the centre as needed; closed at the end."""
    async with httpx.AsyncClient(
        base_url=url,
        headers={"authorization": f"Bearer {token}"},
        verify=ssl.create_default_context(cafile=ca_file),
        timeout=_TIMEOUT_S,
        # A proxy from the environment would see the token and the pictures.
        trust_env=False,
    ) as connection:
        yield CentreHttp(connection)
