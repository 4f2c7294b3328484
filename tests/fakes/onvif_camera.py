"""The simulated camera's HTTP side in this process: no pictures, so that it starts at once."""

import re
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from simulator.camera.camera import CameraClock
from simulator.camera.onvif.credentials import Credentials
from simulator.camera.onvif.device import (
    DEVICE_PATH,
    DeviceDescription,
    DeviceParts,
    OnvifDevice,
)
from simulator.camera.onvif.event_answers import ONLY_LENS
from simulator.camera.onvif.event_service import EventService
from simulator.camera.onvif.http_server import Request, Response, serve_http
from tests.fakes.simulated_camera import PASSWORD


def real_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251


class OnvifCamera:
    """A camera that only talks; `said` counts what its process would write, `asked` what it was asked."""

    def __init__(
        self, *, longest_s: float = 3_600.0, now: Callable[[], datetime] = real_now
    ) -> None:
        self.said: Counter[str] = Counter()
        self.asked: Counter[str] = Counter()
        self.clock = CameraClock(now, 0.0)
        self.credentials = Credentials(username="admin", password=PASSWORD)
        self.events = EventService(self.clock.now, self.say, longest_s=longest_s)
        self.xaddr = ""
        self.is_starting = False
        """Its web server answers already, its ONVIF service does not."""
        self.tells_time = True
        """Whether each answer with events says what time the camera believes it is."""

    def say(self, name: str, **_: object) -> None:
        self.said[name] += 1

    def emit(
        self,
        topic: str,
        *,
        active: bool | None = None,
        source: str = "rule",
        lens: str = ONLY_LENS,
    ) -> None:
        self.events.emit(topic, source, active=active, lens=lens)

    def order(self, do: str, **values: object) -> None:
        self.events.obey({"do": do, **values})

    def prolong_subscriptions(self, by_s: float) -> None:
        """As some cameras do by themselves."""
        for subscription in self.events._subscriptions.values():
            subscription.end += timedelta(seconds=by_s)


async def _no_snapshot() -> bytes:
    return b""


@asynccontextmanager
async def open_onvif_camera(
    *,
    soap_auth: str = "both",
    advertised_host: str | None = None,
    has_events: bool = True,
    longest_s: float = 3_600.0,
    now: Callable[[], datetime] = real_now,
) -> AsyncIterator[OnvifCamera]:
    """Serve a camera on a free port of 127.0.0.1.

    `now` is the true time, from which its own clock may be away: the gateway's clock that stands still.
    """
    camera = OnvifCamera(longest_s=longest_s, now=now)
    device = OnvifDevice(
        DeviceDescription(
            name="lane",
            serial_number="1",
            media_profiles=(),
            rtsp_port=1,
            advertised_host=advertised_host,
            soap_auth=soap_auth,
        ),
        camera.credentials,
        DeviceParts(
            camera_now=camera.clock.now,
            snapshot=_no_snapshot,
            refused=lambda service: camera.say("auth_failed"),
            events=camera.events if has_events else None,
        ),
    )

    async def answer(request: Request) -> Response:
        for operation in re.findall(rb"Body><\w+:(\w+)", request.body):
            camera.asked[operation.decode()] += 1
        if camera.is_starting:
            return Response(status=404)
        response = await device.answer(request)
        if camera.tells_time:
            return response
        body = re.sub(rb"<tev:CurrentTime>.*?</tev:CurrentTime>", b"", response.body)
        return replace(response, body=body)

    server = await serve_http(answer, host="127.0.0.1", port=0)
    camera.xaddr = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}{DEVICE_PATH}"
    try:
        yield camera
    finally:
        # A poll that still waits ends now: nobody will answer it.
        camera.order("forget_subscriptions")
        server.close()
        await server.wait_closed()
