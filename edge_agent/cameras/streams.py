"""From a camera's settings to its streams; each driver's errors become faults here."""

from dataclasses import dataclass, field

from contracts.events import DownReason
from drivers import onvif_camera, rtsp_camera
from drivers.camera import (
    CameraAuthFailed,
    CameraCredentials,
    CameraError,
    CameraStreams,
    CameraUnsupported,
    with_credentials,
)
from edge_agent.cameras.faults import make_fault
from edge_agent.clock import Clock
from edge_agent.config import CameraSettings
from edge_agent.secret_files import read_secret
from edge_agent.strict_yaml import ConfigurationError


@dataclass(frozen=True, kw_only=True)
class WatchedUris:
    """Addresses with credentials: they go over the pipe only, never into argv or a log."""

    analysis: str = field(repr=False)
    evidence: str | None = field(repr=False)
    """None: the analysis stream serves."""


async def find_watched_uris(camera: CameraSettings, clock: Clock) -> WatchedUris:
    """Ask the camera for its streams and return where they are watched.

    Raises:
        CameraFault: it cannot be used now.
    """
    try:
        credentials = credentials_of(camera)
        streams = await find_streams(camera, credentials, clock)
    except (CameraError, ConfigurationError) as error:
        raise make_fault(_reason(error), str(error), at_s=clock.monotonic_s()) from error
    return WatchedUris(
        analysis=with_credentials(streams.analysis_uri, credentials),
        evidence=_evidence_uri(streams, credentials),
    )


async def find_streams(
    camera: CameraSettings, credentials: CameraCredentials | None, clock: Clock
) -> CameraStreams:
    """Return the camera's streams as its driver finds them.

    Raises:
        CameraError: it cannot be used now.
    """
    match camera.driver:
        case "onvif":
            return await onvif_camera.open_camera(camera.xaddr or "", credentials, now=clock.now)
        case "rtsp":
            return await rtsp_camera.open_camera(
                camera.analysis_uri or "", camera.evidence_uri, credentials
            )


def credentials_of(camera: CameraSettings) -> CameraCredentials | None:
    """Return the camera's account.

    Raises:
        ConfigurationError: its password cannot be read.
    """
    if camera.username is None or camera.password_file is None:
        return None
    return CameraCredentials(username=camera.username, password=read_secret(camera.password_file))


def _evidence_uri(streams: CameraStreams, credentials: CameraCredentials | None) -> str | None:
    if streams.evidence_uri == streams.analysis_uri:
        return None
    return with_credentials(streams.evidence_uri, credentials)


def _reason(error: Exception) -> DownReason:
    match error:
        case CameraAuthFailed():
            return DownReason.AUTH_FAILED
        case CameraUnsupported() | ConfigurationError():
            return DownReason.CONFIGURATION
        case _:
            return DownReason.UNREACHABLE
