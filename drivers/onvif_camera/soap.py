"""Speaks SOAP with one camera through onvif-zeep-async; zeep's objects and errors stay in here."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
from typing_extensions import override
from zeep.exceptions import Error as ZeepError
from zeep.exceptions import Fault, TransportError

from drivers.camera import (
    CameraAuthFailed,
    CameraCredentials,
    CameraError,
    CameraUnreachable,
    CameraUnsupported,
)
from drivers.onvif_camera.media_profiles import MediaProfile

_handlers = list(logging.root.handlers)
# The library calls logging.basicConfig when imported; logging is for the program to configure.
import onvif  # noqa: E402
from onvif.client import ONVIFService  # noqa: E402
from onvif.definition import SERVICES  # noqa: E402
from onvif.util import is_auth_error  # noqa: E402

logging.root.handlers[:] = _handlers

WSDL_FOLDER = Path(onvif.__file__).with_name("wsdl")
FOREIGN_ERRORS = (
    *(ZeepError, aiohttp.ClientError, OSError, TimeoutError),
    # What zeep stumbles over when an answer is not the XML it expects.
    *(AttributeError, LookupError, TypeError, ValueError),
)
DENIED = frozenset({401, 403})
LARGEST_BYTES = 4_000_000
"""The media profiles of a recorder with many channels are a tenth of it."""
MEDIA_NAMESPACE = SERVICES["media"]["ns"]


class SoapCamera:
    """One camera's services; made by `open_soap`."""

    def __init__(
        self,
        xaddr: str,
        credentials: CameraCredentials | None,
        stack: AsyncExitStack,
        timeout_s: float,
    ) -> None:
        self._xaddr = xaddr
        self._credentials = credentials
        self._stack = stack
        self._timeout_s = timeout_s
        self._signing_time: Callable[[], datetime] | None = None
        self._services: dict[tuple[str, bool], Any] = {}

    async def system_date_and_time(self) -> datetime | None:
        """Ask, without an account, what time the camera believes it is, to the second, UTC.

        Returns None where the camera keeps its time to itself.
        """
        device = await self._service("devicemgmt", self._xaddr, account=False)
        try:
            answer = await _ask(device.authless_GetSystemDateAndTime())
        except (CameraAuthFailed, CameraUnsupported):
            return None
        return _utc(answer)

    def sign_with(self, camera_now: Callable[[], datetime]) -> None:
        """Sign what follows with the camera's time (aware UTC); it refuses tokens that look old."""
        self._signing_time = camera_now

    async def device_information(self) -> tuple[str | None, str | None, str | None]:
        """Return (manufacturer, model, firmware version)."""
        device = await self._service("devicemgmt", self._xaddr)
        answer = await self._call(device, "GetDeviceInformation")
        firmware_version = _text(answer, "FirmwareVersion")
        return _text(answer, "Manufacturer"), _text(answer, "Model"), firmware_version

    async def media_xaddr(self) -> str:
        """Return the address of the media service, as the camera reports it."""
        device = await self._service("devicemgmt", self._xaddr)
        try:
            for service in (
                await self._call(device, "GetServices", {"IncludeCapability": False}) or []
            ):
                if service.Namespace == MEDIA_NAMESPACE and service.XAddr:
                    return str(service.XAddr)
        except CameraUnsupported:
            # Devices older than ONVIF 2.1 know GetCapabilities only.
            pass
        answer = await self._call(device, "GetCapabilities", {"Category": "Media"})
        xaddr = _text(getattr(answer, "Media", None), "XAddr")
        if xaddr is None:
            raise CameraUnsupported("the camera has no ONVIF media service")
        return xaddr

    async def media_profiles(self, media_xaddr: str) -> list[MediaProfile]:
        """Return the media profiles that carry video."""
        media = await self._service("media", media_xaddr)
        answer = await self._call(media, "GetProfiles") or []
        profiles = [_media_profile(item) for item in answer]
        return [profile for profile in profiles if profile is not None]

    async def stream_uri(self, media_xaddr: str, token: str) -> str:
        """Return the RTSP address of a media profile, as the camera reports it."""
        media = await self._service("media", media_xaddr)
        setup = {"Stream": "RTP-Unicast", "Transport": {"Protocol": "RTSP"}}
        answer = await self._call(
            media, "GetStreamUri", {"StreamSetup": setup, "ProfileToken": token}
        )
        uri = _text(answer, "Uri")
        if uri is None:
            raise CameraUnsupported("the camera gives no RTSP address for its stream")
        return uri

    async def snapshot_uri(self, media_xaddr: str, token: str) -> str | None:
        """Return the snapshot address of a media profile, or None where it has none."""
        media = await self._service("media", media_xaddr)
        try:
            return _text(await self._call(media, "GetSnapshotUri", {"ProfileToken": token}), "Uri")
        except CameraUnsupported:
            return None

    async def _call(self, service: Any, operation: str, parameters: object = None) -> Any:  # noqa: ANN401
        account = "" if self._credentials else "authless_"
        if self._signing_time is not None:
            service.zeep_client.wsse.created = self._signing_time()
        return await _ask(getattr(service, account + operation)(parameters))

    async def _service(self, name: str, xaddr: str, *, account: bool = True) -> Any:  # noqa: ANN401  zeep has no types
        if (name, account) not in self._services:
            credentials = self._credentials if account else None
            self._services[name, account] = await self._open(name, xaddr, credentials)
        return self._services[name, account]

    async def _open(self, name: str, xaddr: str, credentials: CameraCredentials | None) -> Any:  # noqa: ANN401
        definition = SERVICES[name]
        service = ONVIFService(
            xaddr,
            credentials.username if credentials else None,
            credentials.password if credentials else None,
            str(WSDL_FOLDER / definition["wsdl"]),
            no_cache=True,
            binding_name=f"{{{definition['ns']}}}{definition['binding']}",
        )
        self._stack.push_async_callback(service.close)
        service.transport.session = await self._stack.enter_async_context(
            _http(credentials, self._timeout_s)
        )
        await service.setup()
        return service


@asynccontextmanager
async def open_soap(
    xaddr: str, credentials: CameraCredentials | None, *, timeout_s: float
) -> AsyncIterator[SoapCamera]:
    """Prepare a conversation; nothing is sent before the first question.

    Args:
        xaddr: Address of the device service.
        credentials: Sent as WS-UsernameToken, and as HTTP Digest where the camera asks for it.
        timeout_s: Longest wait for any one answer.
    """
    async with AsyncExitStack() as stack:
        yield SoapCamera(xaddr, credentials, stack, timeout_s)


class _BoundedResponse(aiohttp.ClientResponse):
    """An answer that is not read beyond its bound: zeep takes it whole into memory."""

    @override
    async def read(self) -> bytes:
        if self._body is None:
            body = bytearray()
            async for chunk in self.content.iter_any():
                body += chunk
                if len(body) > LARGEST_BYTES:
                    self.close()
                    raise ValueError("the answer has no end")
            self._body = bytes(body)
        return self._body


def _http(credentials: CameraCredentials | None, timeout_s: float) -> aiohttp.ClientSession:
    account = (
        (aiohttp.DigestAuthMiddleware(credentials.username, credentials.password),)
        if credentials
        else ()
    )
    return aiohttp.ClientSession(
        # Cameras sign their own certificates; there is nothing to check them against.
        connector=aiohttp.TCPConnector(ssl=False),
        middlewares=account,
        response_class=_BoundedResponse,
        timeout=aiohttp.ClientTimeout(total=timeout_s),
    )


async def _ask(question: Any) -> Any:  # noqa: ANN401  zeep has no types
    """Await an answer and translate what zeep and aiohttp raise into the drivers' errors."""
    try:
        return await question
    except FOREIGN_ERRORS as error:
        raise _translated(error) from error


def _translated(error: Exception) -> CameraError:
    match error:
        case Fault():
            denied, reason = (
                is_auth_error(error),
                f"the camera refuses the request: {error.message}",
            )
        case TransportError():
            denied = error.status_code in DENIED
            reason = f"the camera answers HTTP {error.status_code} to an ONVIF request"
        case TimeoutError():
            return CameraUnreachable("the camera does not answer in time")
        case aiohttp.ClientError() | OSError() if not isinstance(error, ValueError):
            return CameraUnreachable(f"the camera cannot be reached: {error}")
        case _:
            denied, reason = False, f"what answers at the camera's address is not ONVIF: {error}"
    if denied:
        return CameraAuthFailed("the camera refuses the user name or password")
    return CameraUnsupported(reason)


def _utc(answer: Any) -> datetime | None:  # noqa: ANN401
    instant: Any = getattr(answer, "UTCDateTime", None)
    try:
        date, time = instant.Date, instant.Time
        second = min(time.Second, 59)
        return datetime(date.Year, date.Month, date.Day, time.Hour, time.Minute, second, tzinfo=UTC)
    except (AttributeError, TypeError, ValueError):
        return None


def _media_profile(item: Any) -> MediaProfile | None:  # noqa: ANN401
    encoder = getattr(item, "VideoEncoderConfiguration", None)
    resolution = getattr(encoder, "Resolution", None)
    if encoder is None or resolution is None:
        return None
    source = getattr(item, "VideoSourceConfiguration", None)
    return MediaProfile(
        token=str(item.token),
        encoding=str(encoder.Encoding).upper().replace(".", ""),
        width=int(resolution.Width),
        height=int(resolution.Height),
        source=_text(source, "SourceToken") or "",
        bounds=_bounds(source),
    )


def _bounds(source: Any) -> tuple[int, int, int, int] | None:  # noqa: ANN401
    bounds: Any = getattr(source, "Bounds", None)
    try:
        return int(bounds.x), int(bounds.y), int(bounds.width), int(bounds.height)
    except (AttributeError, TypeError, ValueError):
        return None


def _text(answer: Any, name: str) -> str | None:  # noqa: ANN401
    value = getattr(answer, name, None)
    return str(value).strip() or None if value is not None else None
