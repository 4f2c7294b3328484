"""Answers the camera's HTTP requests: the ONVIF operations and the snapshot, behind its account."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from xml.etree import ElementTree

from simulator.camera.onvif import answers
from simulator.camera.onvif.credentials import (
    WSSE,
    Credentials,
    HttpDigestCheck,
    UsernameTokenCheck,
)
from simulator.camera.onvif.event_service import (
    EVENT_PATH,
    OPERATIONS,
    SUBSCRIPTION_PATH,
    EventService,
)
from simulator.camera.onvif.http_server import Request, Response
from simulator.camera.settings import SoapAuth
from simulator.camera.stream.recording import RecordingError

DEVICE_PATH = "/onvif/device_service"
MEDIA_PATH = "/onvif/media_service"
SNAPSHOT_PATH = "/snapshot.jpg"
OPEN_OPERATIONS = frozenset({"GetSystemDateAndTime", "GetCapabilities", "GetServices"})
"""What anybody may ask (ONVIF Core §5.9.4.3, access class PRE_AUTH)."""
SOAP_TYPE = "application/soap+xml; charset=utf-8"


@dataclass(frozen=True, kw_only=True)
class DeviceDescription:
    """What the device says about itself."""

    name: str
    serial_number: str
    media_profiles: tuple[answers.MediaProfile, ...]
    rtsp_port: int
    advertised_host: str | None
    """Written into addresses instead of the host at which the device was asked."""
    soap_auth: SoapAuth


@dataclass(frozen=True, kw_only=True)
class DeviceParts:
    """What the device asks the rest of the camera for."""

    camera_now: Callable[[], datetime]
    snapshot: Callable[[], Awaitable[bytes]]
    refused: Callable[[str], None]
    """Called with the service whenever credentials were given and are wrong."""
    events: EventService | None
    """None: a camera without ONVIF events."""


class OnvifDevice:
    """The camera's HTTP side."""

    def __init__(
        self, description: DeviceDescription, credentials: Credentials, parts: DeviceParts
    ) -> None:
        self._description = description
        self._parts = parts
        self._token_check = UsernameTokenCheck(credentials)
        self._digest_check = HttpDigestCheck(credentials)

    async def answer(self, request: Request) -> Response:
        """Answer one HTTP request."""
        if request.path.split("?")[0] == SNAPSHOT_PATH and request.method == "GET":
            return await self._snapshot(request)
        if request.method == "POST" and self._is_service(request.path):
            return await self._soap(request)
        return Response(status=404)

    def _is_service(self, path: str) -> bool:
        if path in {DEVICE_PATH, MEDIA_PATH}:
            return True
        is_event_path = path == EVENT_PATH or path.startswith(SUBSCRIPTION_PATH)
        return is_event_path and self._parts.events is not None

    async def _snapshot(self, request: Request) -> Response:
        if not self._digest_accepted(request, "snapshot"):
            return self._challenge(b"")
        try:
            jpeg = await self._parts.snapshot()
        except RecordingError:
            return Response(status=503)
        return Response(content_type="image/jpeg", body=jpeg)

    async def _soap(self, request: Request) -> Response:
        try:
            # Expat refuses entity bombs, and the simulator listens on loopback.
            root = ElementTree.fromstring(request.body)  # noqa: S314
        except (ElementTree.ParseError, LookupError, ValueError):
            return _soap_fault("WellFormed", "the request is not well-formed XML")
        body = root.find(f"{{{answers.SOAP}}}Body")
        if body is None or len(body) == 0:
            return _soap_fault("TagMismatch", "the request has no body")
        operation = body[0].tag.rpartition("}")[2]
        if operation not in OPEN_OPERATIONS:
            refusal = self._refusal(request, root)
            if refusal is not None:
                return refusal
        if self._parts.events is not None and operation in OPERATIONS:
            base = self._http(request, "")
            return await self._parts.events.answer(operation, base, request.path, body[0])
        return self._operation(operation, request, body[0])

    def _refusal(self, request: Request, root: ElementTree.Element) -> Response | None:
        token = root.find(f".//{WSSE}UsernameToken")
        if token is not None and self._description.soap_auth != "digest":
            if self._token_check.accepts(token, self._parts.camera_now()):
                return None
            self._parts.refused("onvif")
            return _soap_fault("NotAuthorized", "the sender is not authorised")
        if self._description.soap_auth == "username_token":
            return _soap_fault("NotAuthorized", "the sender is not authorised")
        if self._digest_accepted(request, "onvif"):
            return None
        return self._challenge(answers.fault("NotAuthorized", "the sender is not authorised"))

    def _digest_accepted(self, request: Request, service: str) -> bool:
        authorization = request.headers.get("authorization")
        if authorization is None:
            return False
        if self._digest_check.accepts(authorization, request.method):
            return True
        self._parts.refused(service)
        return False

    def _challenge(self, body: bytes) -> Response:
        headers = {"WWW-Authenticate": self._digest_check.challenge()}
        return Response(status=401, content_type=SOAP_TYPE, body=body, headers=headers)

    def _operation(
        self, operation: str, request: Request, parameters: ElementTree.Element
    ) -> Response:
        device, media = (self._http(request, path) for path in (DEVICE_PATH, MEDIA_PATH))
        events = self._http(request, EVENT_PATH) if self._parts.events is not None else None
        description = self._description
        match operation:
            case "GetSystemDateAndTime":
                body = answers.system_date_and_time(self._parts.camera_now())
            case "GetDeviceInformation":
                body = answers.device_information(description.name, description.serial_number)
            case "GetServices":
                body = answers.services(device, media, events)
            case "GetCapabilities":
                body = answers.capabilities(device, media, events)
            case "GetProfiles":
                body = answers.profiles(description.media_profiles)
            case "GetStreamUri" | "GetSnapshotUri":
                return self._media_uri(operation, request, parameters)
            case _:
                return _soap_fault("ActionNotSupported", f"{operation} is not supported")
        return Response(content_type=SOAP_TYPE, body=answers.envelope(body))

    def _media_uri(
        self, operation: str, request: Request, parameters: ElementTree.Element
    ) -> Response:
        token = parameters.findtext(f"{{{answers.MEDIA}}}ProfileToken", "")
        profile = next(
            (item for item in self._description.media_profiles if item.token == token), None
        )
        if profile is None:
            return _soap_fault("InvalidArgVal", "there is no such media profile")
        if operation == "GetStreamUri":
            host = self._host(request).rpartition(":")[0]
            uri = f"rtsp://{host}:{self._description.rtsp_port}/{profile.path}"
        else:
            uri = self._http(request, SNAPSHOT_PATH)
        return Response(
            content_type=SOAP_TYPE, body=answers.envelope(answers.media_uri(operation, uri))
        )

    def _http(self, request: Request, path: str) -> str:
        return f"http://{self._host(request)}{path}"

    def _host(self, request: Request) -> str:
        port = request.local_host.rpartition(":")[2]
        advertised = self._description.advertised_host
        return f"{advertised}:{port}" if advertised else request.local_host


def _soap_fault(subcode: str, reason: str) -> Response:
    return Response(status=400, content_type=SOAP_TYPE, body=answers.fault(subcode, reason))
