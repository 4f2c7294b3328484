"""Plays pictures or recorded packets in real time into an output; it starts with the first viewer."""

import asyncio
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Protocol, TypeVar

from av.video.frame import VideoFrame

from simulator.camera.stream.h264 import AccessUnit, H264Encoder
from simulator.camera.stream.output import StreamOutput
from simulator.camera.stream.pictures import (
    Picture,
    Pictures,
    resized,
    sub_stream_size,
    to_jpeg,
)
from simulator.camera.stream.recording import RecordedPackets, RecordingError, decode_keyframe

MAX_LAG_S = 0.5
"""A scene that falls further behind skips pictures; a camera under load does the same."""
FIRST_PICTURE_S = 5.0
"""So long a snapshot waits for the first picture after the start."""
Report = Callable[[str], None]
Result = TypeVar("Result")


@dataclass(frozen=True, kw_only=True)
class StreamSize:
    """Size and rate of one media profile, as ONVIF reports it."""

    width: int
    height: int
    frame_rate: float


class Player(Protocol):
    """Something that fills the two streams of one camera."""

    main: StreamSize
    sub: StreamSize

    async def run(self, output: StreamOutput, report: Report) -> None:
        """Play until cancelled; `report` is called with `started` and `ended`."""

    async def snapshot(self) -> bytes:
        """Return what the camera sees now as a JPEG picture.

        Raises:
            RecordingError: there has been no picture yet.
        """

    def close(self) -> None:
        """Let go of threads and files."""


@dataclass(frozen=True, kw_only=True)
class EncodedPicture:
    """One picture as both streams carry it."""

    frame: VideoFrame
    due_s: float
    """When it is due, in seconds on the streams' own clock."""
    units: tuple[AccessUnit, AccessUnit]


class PicturePlayer:
    """Encodes one source of pictures as main and sub-stream, in real time."""

    def __init__(self, pictures: Pictures, *, gop_s: float = 2.0) -> None:
        self._pictures = pictures
        rate, fps = pictures.rate, float(pictures.rate)
        width, height = pictures.width, pictures.height
        self.main = StreamSize(width=width, height=height, frame_rate=fps)
        sub = sub_stream_size(width, height)
        self.sub = StreamSize(width=sub[0], height=sub[1], frame_rate=fps)
        self._main_encoder = H264Encoder(width=width, height=height, rate=rate, gop_s=gop_s)
        self._sub_encoder = (
            None
            if sub == (width, height)
            else H264Encoder(width=sub[0], height=sub[1], rate=rate, gop_s=gop_s)
        )
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="encoder")
        self._shown: VideoFrame | None = None
        self._has_shown = asyncio.Event()

    async def run(self, output: StreamOutput, report: Report) -> None:
        """Play until cancelled; the first picture waits for the first viewer."""
        first = await self._off_loop(lambda: self._pictures.next_picture(0.0))
        opening = await self._off_loop(lambda: self._encode(first, 0.0, force=True))
        self._show(output, opening)
        await output.wait_for_viewer()
        report("started")
        await self._play(output, report, first)

    async def _play(self, output: StreamOutput, report: Report, first: Picture) -> None:
        # The first picture was sent once at 0 for viewers to open on; it starts the show again.
        offset_s = 1 / self.main.frame_rate
        start_s = time.monotonic()
        shown = await self._off_loop(lambda: self._encode(first, offset_s, force=True))
        ended = False
        while True:
            await asyncio.sleep(start_s + shown.due_s - offset_s - time.monotonic())
            self._show(output, shown)
            if self._pictures.ended and not ended:
                ended = True
                report("ended")
            not_before_s = time.monotonic() - start_s - MAX_LAG_S
            force = output.take_keyframe_wish()
            shown = await self._off_loop(partial(self._next, not_before_s, offset_s, force=force))

    def _show(self, output: StreamOutput, shown: EncodedPicture) -> None:
        self._shown = shown.frame
        self._has_shown.set()
        for stream, unit in enumerate(shown.units):
            output.send(stream, unit)

    def _next(self, not_before_s: float, offset_s: float, *, force: bool) -> EncodedPicture:
        picture = self._pictures.next_picture(not_before_s)
        return self._encode(picture, picture.pts_s + offset_s, force=force)

    def _encode(self, picture: Picture, pts_s: float, *, force: bool) -> EncodedPicture:
        frame = picture.frame
        main = self._main_encoder.encode(frame, pts_s, force_keyframe=force)
        if self._sub_encoder is None:
            return EncodedPicture(frame=frame, due_s=pts_s, units=(main, main))
        small = resized(frame, self.sub.width, self.sub.height)
        sub = self._sub_encoder.encode(small, pts_s, force_keyframe=force)
        return EncodedPicture(frame=frame, due_s=pts_s, units=(main, sub))

    async def snapshot(self) -> bytes:
        """Return the picture shown last as JPEG, waiting for the first one a while."""
        await _within_patience(self._has_shown)
        shown = self._shown
        if shown is None:
            raise RecordingError("no picture has been shown yet")
        return await asyncio.to_thread(to_jpeg, shown)

    async def _off_loop(self, work: Callable[[], Result]) -> Result:
        return await asyncio.get_running_loop().run_in_executor(self._pool, work)

    def close(self) -> None:
        """Let the encoder's thread go."""
        self._pool.shutdown(cancel_futures=True)


class PacketPlayer:
    """Sends a recording's own packets on both streams, and ends with it."""

    def __init__(self, packets: RecordedPackets) -> None:
        self._packets = packets
        size = StreamSize(
            width=packets.width, height=packets.height, frame_rate=float(packets.rate)
        )
        self.main, self.sub = size, size
        self._keyframe: AccessUnit | None = None
        self._has_shown = asyncio.Event()

    async def run(self, output: StreamOutput, report: Report) -> None:
        """Play the recording once; afterwards the camera's streams are gone."""
        units = self._packets.units()
        first = next(units, None)
        if first is None:
            raise RecordingError("the recording holds no packet")
        self._send(output, first[1])
        await output.wait_for_viewer()
        report("started")
        start_s = time.monotonic()
        self._send(output, first[1])
        for send_s, unit in units:
            await asyncio.sleep(start_s + send_s - time.monotonic())
            self._send(output, unit)
        output.end()
        report("ended")

    def _send(self, output: StreamOutput, unit: AccessUnit) -> None:
        if unit.keyframe:
            self._keyframe = unit
            self._has_shown.set()
        for stream in range(2):
            output.send(stream, unit)

    async def snapshot(self) -> bytes:
        """Return the newest keyframe as JPEG, waiting for the first one a while."""
        await _within_patience(self._has_shown)
        keyframe = self._keyframe
        if keyframe is None:
            raise RecordingError("no picture has been shown yet")
        return await asyncio.to_thread(lambda: to_jpeg(decode_keyframe(keyframe)))

    def close(self) -> None:
        """Nothing to let go: the recording closes itself at its end."""


async def _within_patience(shown: asyncio.Event) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(FIRST_PICTURE_S):
            await shown.wait()
