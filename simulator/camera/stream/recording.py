"""Reads a recording once, picture by picture or packet by packet; it never loops it."""

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.bitstream import BitStreamFilterContext
from av.container import InputContainer
from av.error import FFmpegError
from av.packet import Packet
from av.video.codeccontext import VideoCodecContext
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from simulator.camera.stream.h264 import AccessUnit
from simulator.camera.stream.pictures import Picture


class RecordingError(Exception):
    """The recording cannot be played: it is missing, empty, or holds no video that can be read."""


def open_recording(path: Path) -> tuple[InputContainer, VideoStream]:
    """Open a recording; the caller closes the container.

    Raises:
        RecordingError: the file is missing or holds no video.
    """
    try:
        container = av.open(str(path))
    except (FFmpegError, OSError) as error:
        raise RecordingError(f"{path} cannot be opened as a recording: {error}") from error
    if not container.streams.video:
        container.close()
        raise RecordingError(f"{path} holds no video")
    return container, container.streams.video[0]


class RecordedPictures:
    """The pictures of a recording with their own times; after the last one, that one for ever."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._container, self._stream = open_recording(path)
        self.rate = self._stream.average_rate or Fraction(15)
        self.width = self._stream.width // 2 * 2
        self.height = self._stream.height // 2 * 2
        self._frames = self._container.decode(self._stream)
        self._first_pts_s: float | None = None
        self._last: Picture | None = None
        self.ended = False

    def next_picture(self, not_before_s: float) -> Picture:
        """Return the next picture; nothing of a recording is skipped.

        Raises:
            RecordingError: not one picture of the recording can be decoded.
        """
        del not_before_s
        if not self.ended and (picture := self._decode()) is not None:
            self._last = picture
            return picture
        self.ended = True
        if self._last is None:
            raise RecordingError(f"{self._path} holds no picture that can be decoded")
        pts_s = self._last.pts_s + float(1 / self.rate)
        self._last = Picture(frame=self._last.frame, pts_s=pts_s)
        return self._last

    def _decode(self) -> Picture | None:
        try:
            frame = next(self._frames, None)
        except FFmpegError as error:
            raise RecordingError(f"{self._path} cannot be decoded: {error}") from error
        if frame is None:
            self._container.close()
            return None
        pts_s = self._pts_s(frame)
        return Picture(frame=frame.reformat(self.width, self.height, format="yuv420p"), pts_s=pts_s)

    def _pts_s(self, frame: VideoFrame) -> float:
        earliest_s = -1.0 if self._last is None else self._last.pts_s
        raw_s = earliest_s + float(1 / self.rate) if frame.pts is None else frame.time
        if self._first_pts_s is None:
            self._first_pts_s = raw_s
        # Times that stand still or go back would stop the encoder.
        return max(raw_s - self._first_pts_s, earliest_s + 0.001)


def decode_keyframe(unit: AccessUnit) -> VideoFrame:
    """Decode one keyframe that carries its parameter sets.

    Raises:
        RecordingError: it is not a picture on its own.
    """
    decoder = av.CodecContext.create("h264", "r")
    if not isinstance(decoder, VideoCodecContext):
        raise TypeError("h264 is not a video decoder")
    frames = [*decoder.decode(Packet(unit.body)), *decoder.decode(None)]
    if not frames:
        raise RecordingError("the keyframe cannot be decoded")
    return frames[0]


class RecordedPackets:
    """The H.264 access units of a recording as they are, with their own keyframes and times."""

    def __init__(self, path: Path) -> None:
        self._container, self._stream = open_recording(path)
        if self._stream.codec_context.name != "h264":
            name = self._stream.codec_context.name
            self._container.close()
            raise RecordingError(f"{path} is {name}; only H.264 can be streamed as it is")
        self.width, self.height = self._stream.width, self._stream.height
        self.rate = self._stream.average_rate or Fraction(15)

    def units(self) -> Iterator[tuple[float, AccessUnit]]:
        """Yield (send time in seconds, access unit); the times start at 0 and never go back."""
        annex_b = BitStreamFilterContext("h264_mp4toannexb", self._stream)
        first_s: float | None = None
        for packet in self._packets(annex_b):
            send_s, shown_s = self._times_s(packet)
            if first_s is None:
                first_s = send_s
            yield (
                send_s - first_s,
                AccessUnit(
                    body=bytes(packet), pts_s=shown_s - first_s, keyframe=packet.is_keyframe
                ),
            )
        self._container.close()

    def _packets(self, annex_b: BitStreamFilterContext) -> "Iterator[Packet[VideoStream]]":
        for packet in self._container.demux(self._stream):
            yield from annex_b.filter(packet if packet.size else None)

    def _times_s(self, packet: "Packet[VideoStream]") -> tuple[float, float]:
        base = float(packet.time_base)
        pts = packet.pts if packet.pts is not None else packet.dts or 0
        dts = packet.dts if packet.dts is not None else pts
        return dts * base, pts * base
