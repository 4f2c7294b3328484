"""One picture of a camera or a recording, to draw zones on."""

import asyncio
import time
from pathlib import Path

import numpy as np

from drivers.camera import CameraError, with_credentials
from edge_agent.cameras.streams import credentials_of, find_streams
from edge_agent.clock import Clock
from edge_agent.config import CameraSettings
from edge_agent.tuning.overlay import Image
from edge_agent.vision.stream.codec import picture_at
from edge_agent.vision.stream.lost import SourceLost
from edge_agent.vision.stream.source import open_source

_LOOK_AT_PACKETS = 300


_TRIES = 3


class NoStill(Exception):
    """No picture could be had; the text says why and what to do."""

    def __init__(self, text: str, *, may_pass: bool = False) -> None:
        self.may_pass = may_pass
        super().__init__(text)


def still_of_camera(camera: CameraSettings, clock: Clock) -> Image:
    """Return what the camera shows now, of the stream that evidence is taken from.

    Raises:
        NoStill: it does not answer, refuses the account, or sends no picture.
        ConfigurationError: its password cannot be read.
    """
    credentials = credentials_of(camera)
    try:
        streams = asyncio.run(find_streams(camera, credentials, clock))
    except CameraError as error:
        raise NoStill(f"camera {camera.id}: {error}") from error
    shown = streams.analysis_uri if streams.evidence_fault else streams.evidence_uri
    uri = with_credentials(shown, credentials)
    for _ in range(_TRIES - 1):
        try:
            return _first_picture(uri, camera.id)
        except NoStill as trouble:
            # A camera that nobody was watching may need longer than one patience to begin.
            if not trouble.may_pass:
                raise
    return _first_picture(uri, camera.id)


def still_of_recording(video: Path) -> Image:
    """Return a recording's first picture.

    Raises:
        NoStill: it is missing, or holds no picture that can be decoded.
    """
    if not video.is_file():
        raise NoStill(f"there is no recording {video}; choose one that plays in a video player")
    return _first_picture(str(video), str(video))


def _first_picture(uri: str, name: str) -> Image:
    try:
        with open_source(uri, 0.0) as source:
            for number, packet in enumerate(source.packets(time.monotonic)):
                if packet.keyframe:
                    frame = picture_at(source.form, (packet,), packet.t_s).frame
                    return np.ascontiguousarray(frame.to_ndarray(format="bgr24"))
                if number > _LOOK_AT_PACKETS:
                    break
    except SourceLost as lost:
        raise NoStill(
            f"{name} gives no picture: {lost.detail}", may_pass=lost.reason == "stalled"
        ) from lost
    except LookupError as error:
        raise NoStill(f"{name} gives no picture: {error}") from error
    raise NoStill(f"{name} gives no picture: no keyframe came")
