"""Chooses what a simulated camera shows: a drawn scene, a recording, or a recording's own packets."""

from collections.abc import Callable
from datetime import datetime

from simulator.camera.scenes.scene import ScenePictures
from simulator.camera.scenes.story import Timetable
from simulator.camera.settings import CameraSettings
from simulator.camera.stream.player import PacketPlayer, PicturePlayer, Player
from simulator.camera.stream.recording import RecordedPackets, RecordedPictures, RecordingError


def open_player(settings: CameraSettings, camera_now: Callable[[], datetime]) -> Player:
    """Open what the settings name; the caller closes the player.

    Raises:
        RecordingError: the recording cannot be opened.
    """
    if settings.scene is not None:
        timetable = Timetable(
            first_dumping_s=settings.first_dumping_s, dumping_every_s=settings.dumping_every_s
        )
        return PicturePlayer(
            ScenePictures(settings.scene, timetable, seed=settings.seed, camera_now=camera_now)
        )
    if settings.video is None:
        raise RecordingError("there is neither a scene nor a recording to show")
    if settings.keep_gop:
        return PacketPlayer(RecordedPackets(settings.video))
    return PicturePlayer(RecordedPictures(settings.video))
