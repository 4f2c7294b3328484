"""Where the cameras' microphones are, asked of the cameras by their own drivers."""

from collections.abc import Iterable, Mapping

from drivers.camera import CameraError, with_credentials
from edge_agent.camera_config import CameraSettings
from edge_agent.cameras.streams import credentials_of, find_streams
from edge_agent.clock import Clock
from edge_agent.hearing.listening import MicrophoneAddress, MicrophoneUnavailable
from edge_agent.strict_yaml import ConfigurationError

_REMEMBERED_S = 3_600.0
"""Asking a camera for its streams takes up to seconds, and a talk-down lasts no longer."""


class Microphones:
    """The sound of this gateway's cameras, of the stream that needs the least bandwidth."""

    def __init__(self, cameras: Iterable[CameraSettings], clock: Clock) -> None:
        self._cameras: Mapping[str, CameraSettings] = {camera.id: camera for camera in cameras}
        self._clock = clock
        self._known: dict[str, tuple[float, str]] = {}
        """When asked, and the address without account."""

    async def find(self, camera_id: str) -> MicrophoneAddress:
        """Return where a camera's sound is.

        Raises:
            MicrophoneUnavailable: there is no such camera, or it cannot be asked now.
        """
        camera = self._cameras.get(camera_id)
        if camera is None:
            raise MicrophoneUnavailable(f"there is no camera {camera_id} on this gateway")
        try:
            credentials = credentials_of(camera)
            asked_at_s, uri = self._known.get(camera_id, (0.0, ""))
            now_s = self._clock.monotonic_s()
            if not uri or now_s - asked_at_s > _REMEMBERED_S:
                streams = await find_streams(camera, credentials, self._clock)
                uri = streams.analysis_uri
                self._known[camera_id] = (now_s, uri)
        except (CameraError, ConfigurationError) as error:
            raise MicrophoneUnavailable(f"the camera cannot be used: {error}") from error
        return MicrophoneAddress(uri=with_credentials(uri, credentials))
