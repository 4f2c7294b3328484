"""Puts one simulated camera together and obeys its faults; it draws and answers nothing itself."""

import asyncio
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from typing import Any

from simulator.camera.onvif.answers import MediaProfile
from simulator.camera.onvif.credentials import Credentials
from simulator.camera.onvif.device import (
    DEVICE_PATH,
    SNAPSHOT_PATH,
    DeviceDescription,
    DeviceParts,
    OnvifDevice,
)
from simulator.camera.onvif.discovery import DiscoverableDevice, answer_probes
from simulator.camera.onvif.event_service import EventService
from simulator.camera.onvif.http_server import serve_http
from simulator.camera.settings import CameraSettings
from simulator.camera.stream.microphone import Microphone
from simulator.camera.stream.output import StreamOutput
from simulator.camera.stream.player import Player
from simulator.camera.stream.rtsp_server import (
    RtspAddress,
    RtspServer,
    RtspServerError,
    start_rtsp_server,
)

Say = Callable[..., None]
"""Writes one event line: `say("ready", xaddr=…)`."""


class OrderError(Exception):
    """A control line is not one of the orders in simulator/README.md."""


class SimulatedCamera:
    """A running camera."""

    def __init__(
        self,
        settings: CameraSettings,
        player: Player,
        rtsp: RtspServer,
        *,
        clock: "CameraClock",
        events: EventService,
    ) -> None:
        self.settings = settings
        self.player = player
        self.rtsp = rtsp
        self.clock = clock
        self.events = events
        self.output = StreamOutput(rtsp)
        self.credentials = Credentials(username=settings.username, password=settings.password)

    def obey(self, order: object) -> None:
        """Carry out one fault order.

        Raises:
            OrderError: there is no such order, or a value is missing.
        """
        try:
            if not isinstance(order, dict):
                raise OrderError("an order is a JSON object")
            self._obey(order)
        except (KeyError, TypeError, ValueError) as error:
            raise OrderError(f"the order {order!r} lacks a usable value: {error}") from error

    def _obey(self, order: dict[str, Any]) -> None:
        match order["do"]:
            case "stall":
                self.output.stalled = True
            case "freeze":
                self.output.stalled = True
                self.rtsp.freeze()
            case "resume":
                self.rtsp.thaw()
                self.output.resume()
            case "drop":
                self.rtsp.order(do="drop")
            case "password":
                self.credentials.password = str(order["value"])
                self.rtsp.order(do="password", value=str(order["value"]))
            case "clock":
                self.clock.offset_s = float(order["offset_s"])
            case "event" | "events" | "forget_subscriptions":
                self.events.obey(order)
            case unknown:
                raise OrderError(f"there is no order {unknown!r}")

    async def run(self, say: Say) -> None:
        """Play, and listen to the RTSP server, until cancelled or until that server dies."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self.player.run(self.output, say), name="player")
            tasks.create_task(self._listen(), name="rtsp events")
            if self.settings.microphone is not None:
                microphone = Microphone(self.settings.microphone, seed=self.settings.seed)
                tasks.create_task(microphone.run(self.output.hear), name="microphone")

    async def _listen(self) -> None:
        async for event in self.rtsp.events():
            self.output.on_server_event(event)
        raise RtspServerError("the RTSP server process ended")


class CameraClock:
    """The camera's own clock: true time and an error that may change while it runs."""

    def __init__(self, true_now: Callable[[], datetime], offset_s: float) -> None:
        self._true_now = true_now
        self.offset_s = offset_s

    def now(self) -> datetime:
        """Return what the camera believes the UTC time to be."""
        return self._true_now() + timedelta(seconds=self.offset_s)


@asynccontextmanager
async def open_camera(
    settings: CameraSettings, player: Player, clock: CameraClock, say: Say
) -> AsyncIterator[SimulatedCamera]:
    """Start every server of one camera, say `ready`, and close them in the end."""
    async with AsyncExitStack() as stack:
        stack.callback(player.close)
        address = RtspAddress(
            host=settings.host,
            port=settings.rtsp_port,
            username=settings.username,
            password=settings.password,
            has_sound=settings.microphone is not None,
        )
        rtsp = await start_rtsp_server(address, interpreter=settings.gst_python)
        stack.push_async_callback(rtsp.close)
        events = EventService(clock.now, say, longest_s=settings.events_longest_s)
        camera = SimulatedCamera(settings, player, rtsp, clock=clock, events=events)
        http_port = await _serve_onvif(stack, camera, say)
        base = f"http://{settings.host}:{http_port}"
        if settings.discovery_interface is not None:
            device = DiscoverableDevice(
                name=settings.name, serial_number=_serial(settings), xaddr=base + DEVICE_PATH
            )
            transport = await answer_probes(device, settings.discovery_interface)
            stack.callback(transport.close)
        streams = [f"rtsp://{settings.host}:{rtsp.port}/{path}" for path in ("main", "sub")]
        say(
            "ready",
            name=settings.name,
            xaddr=base + DEVICE_PATH,
            rtsp=streams,
            snapshot=base + SNAPSHOT_PATH,
        )
        yield camera


async def _serve_onvif(stack: AsyncExitStack, camera: SimulatedCamera, say: Say) -> int:
    settings = camera.settings
    description = DeviceDescription(
        name=settings.name,
        serial_number=_serial(settings),
        media_profiles=_media_profiles(camera.player),
        rtsp_port=camera.rtsp.port,
        advertised_host=settings.advertised_host,
        soap_auth=settings.soap_auth,
    )
    parts = DeviceParts(
        camera_now=camera.clock.now,
        snapshot=camera.player.snapshot,
        refused=lambda service: say("auth_failed", service=service),
        events=camera.events if settings.events else None,
    )
    device = OnvifDevice(description, camera.credentials, parts)
    server = await serve_http(device.answer, host=settings.host, port=settings.http_port)
    stack.callback(server.close)
    return int(server.sockets[0].getsockname()[1])


def _media_profiles(player: Player) -> tuple[MediaProfile, ...]:
    return tuple(
        MediaProfile(
            token=f"profile_{path}",
            name=path,
            width=size.width,
            height=size.height,
            frame_rate=max(1, round(size.frame_rate)),
            path=path,
        )
        for path, size in (("main", player.main), ("sub", player.sub))
    )


def _serial(settings: CameraSettings) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, settings.name))
