"""The switch between a player and the RTSP server: who watches, what is held back, what was shown."""

import asyncio
import contextlib

from simulator.camera.stream.h264 import AccessUnit
from simulator.camera.stream.rtsp_server import STREAMS, RtspServer

MAIN_GRACE_S = 1.0
"""A recorder opens the main stream just after the sub-stream; both shall see the first picture."""
SUB_GRACE_S = 10.0
"""Who has opened the main stream only, and nothing after this, wants nothing else."""


class StreamOutput:
    """Sends access units to the server unless the camera is told to stall."""

    def __init__(self, server: RtspServer) -> None:
        self._server = server
        self._playing = {name: asyncio.Event() for name in STREAMS}
        self._watched = asyncio.Event()
        self._keyframe_wanted = False
        self.stalled = False

    def on_server_event(self, event: dict[str, object]) -> None:
        """Take note of what the server says about its viewers."""
        stream = str(event.get("stream", ""))
        if event["event"] == "prepared":
            self._keyframe_wanted = True
        elif event["event"] == "playing" and stream in self._playing:
            self._playing[stream].set()
            self._watched.set()

    async def wait_for_viewer(self) -> None:
        """Return when both streams are watched, or the one that is has waited for the other."""
        await self._watched.wait()
        missing = "main" if self._playing["sub"].is_set() else "sub"
        grace_s = MAIN_GRACE_S if missing == "main" else SUB_GRACE_S
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(grace_s):
                await self._playing[missing].wait()

    def resume(self) -> None:
        """End a stall; the next picture will be a keyframe where the player can make one."""
        self.stalled = False
        self._keyframe_wanted = True

    def take_keyframe_wish(self) -> bool:
        """Return whether a viewer waits for a keyframe, and forget it."""
        wanted, self._keyframe_wanted = self._keyframe_wanted, False
        return wanted

    def send(self, stream: int, unit: AccessUnit) -> None:
        """Send one access unit of a stream (0 main, 1 sub)."""
        if not self.stalled:
            self._server.send(stream, unit)

    def hear(self, samples: bytes) -> None:
        """Send what the microphone heard: 16-bit samples, 8 kHz, mono."""
        if not self.stalled:
            self._server.sound(samples)

    def end(self) -> None:
        """Say that no more pictures will come; viewers are closed and the addresses vanish."""
        self._server.order(do="end")
