"""Puts questions to a camera's event service over HTTP and translates every foreign error."""

import os
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from xml.etree import ElementTree

import aiohttp

from drivers.camera import (
    CameraAuthFailed,
    CameraCredentials,
    CameraError,
    CameraUnreachable,
    CameraUnsupported,
)
from drivers.onvif_camera.events.envelopes import (
    Question,
    SoapFault,
    UnreadableAnswer,
    read_envelope,
    write_envelope,
    write_security,
)

LARGEST_BYTES = 1_000_000
"""A hundred notifications are 100 kB."""
_CONTENT_TYPE = "application/soap+xml; charset=utf-8; action="
_DENIED = frozenset({401, 403})
_ABSENT = frozenset({404, 405, 501})
_BUSY = frozenset({429, 500, 502, 503, 504})


class EventService:
    """Asks one camera; made by `open_event_service`."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        credentials: CameraCredentials | None,
        camera_now: Callable[[], datetime],
    ) -> None:
        self._http = http
        self._credentials = credentials
        self._camera_now = camera_now

    async def ask(
        self, question: Question, to: str, *, timeout_s: float, account: bool = True
    ) -> ElementTree.Element:
        """Return what the body of the answer holds.

        Raises:
            SoapFault: the camera understood and refuses, but not because of the account.
            CameraUnreachable: no answer, or no whole one.
            CameraAuthFailed: the account is refused; it was tried once.
            CameraUnsupported: what answers does not speak SOAP.
        """
        security = ""
        if account and self._credentials is not None:
            security = write_security(
                self._credentials, created=self._camera_now(), nonce=os.urandom(16)
            )
        envelope = write_envelope(question, to=to, message_id=str(uuid.uuid4()), security=security)
        status, answer = await self._post(to, question.action, envelope, timeout_s)
        if status in _DENIED:
            raise CameraAuthFailed("the camera refuses the user name or password for its events")
        try:
            return read_envelope(answer)
        except SoapFault as fault:
            if fault.is_denial:
                raise CameraAuthFailed(
                    "the camera refuses the user name or password for its events"
                ) from fault
            raise
        except UnreadableAnswer as error:
            raise _no_soap(status, error) from error

    async def _post(
        self, to: str, action: str, envelope: bytes, timeout_s: float
    ) -> tuple[int, bytes]:
        try:
            async with self._http.post(
                to,
                data=envelope,
                headers={"Content-Type": f'{_CONTENT_TYPE}"{action}"'},
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout_s),
            ) as response:
                return response.status, await _read_bounded(response)
        except TimeoutError as error:
            raise CameraUnreachable(
                "the camera does not answer about its events in time"
            ) from error
        except (aiohttp.InvalidURL, ValueError) as error:
            raise CameraUnsupported(f"the camera's event address is none: {error}") from error
        except (aiohttp.ClientError, OSError) as error:
            reason = str(error) or type(error).__name__
            raise CameraUnreachable(f"the camera cannot be asked for events: {reason}") from error


@asynccontextmanager
async def open_event_service(
    credentials: CameraCredentials | None, camera_now: Callable[[], datetime]
) -> AsyncIterator[EventService]:
    """Prepare a conversation; nothing is sent before the first question.

    Args:
        credentials: Sent as WS-UsernameToken, and as HTTP Digest where the camera asks for it.
        camera_now: The camera's own time, by which it judges tokens; aware UTC.
    """
    account = (
        (aiohttp.DigestAuthMiddleware(credentials.username, credentials.password),)
        if credentials
        else ()
    )
    async with aiohttp.ClientSession(
        # Cameras sign their own certificates; there is nothing to check them against. A connection
        # serves one question: long polls over kept ones are where small web servers hang up.
        connector=aiohttp.TCPConnector(ssl=False, force_close=True),
        middlewares=account,
        # Nothing packed: what is bounded is then what is read.
        headers={"Accept-Encoding": "identity"},
        auto_decompress=False,
    ) as http:
        yield EventService(http, credentials, camera_now)


async def _read_bounded(response: aiohttp.ClientResponse) -> bytes:
    answer = bytearray()
    async for chunk in response.content.iter_any():
        answer += chunk
        if len(answer) > LARGEST_BYTES:
            raise CameraUnsupported("the camera's answer about its events is too large for one")
    return bytes(answer)


def _no_soap(status: int, error: UnreadableAnswer) -> CameraError:
    if status in _ABSENT:
        return CameraUnsupported(f"the camera has no events there (HTTP {status})")
    if status in _BUSY:
        return CameraUnreachable(f"the camera answers HTTP {status} when asked for events")
    return CameraUnsupported(f"what the camera answers about its events is not ONVIF: {error}")
