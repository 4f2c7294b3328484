"""Opens a camera that has no ONVIF: its addresses are given, and only looked at."""

from drivers.camera import (
    CameraCredentials,
    CameraStreams,
    CameraUnreachable,
    CameraUnsupported,
    without_credentials,
)
from drivers.rtsp_camera.probe import probe


async def open_camera(
    analysis_uri: str,
    evidence_uri: str | None,
    credentials: CameraCredentials | None,
    *,
    timeout_s: float = 10.0,
) -> CameraStreams:
    """Look at both streams, the second only when the first lets the account in.

    Args:
        analysis_uri: RTSP address of the sub-stream.
        evidence_uri: RTSP address of the main stream, None where there is only one.
        credentials: The camera's account, None for a camera without one.
        timeout_s: For each stream.

    Raises:
        CameraUnreachable: no answer about the sub-stream; worth trying again.
        CameraAuthFailed: user name or password refused; the operator must act.
        CameraUnsupported: no such sub-stream, or no video in it; the technician must act.
    """
    evidence_fault = ""
    analysis_uri = without_credentials(analysis_uri)
    await probe(analysis_uri, credentials, timeout_s=timeout_s)
    if evidence_uri is not None and without_credentials(evidence_uri) != analysis_uri:
        evidence_uri = without_credentials(evidence_uri)
        try:
            await probe(evidence_uri, credentials, timeout_s=timeout_s)
        except (CameraUnreachable, CameraUnsupported) as error:
            evidence_fault = str(error)
    return CameraStreams(
        analysis_uri=analysis_uri,
        evidence_uri=evidence_uri or analysis_uri,
        snapshot_uri=None,
        manufacturer=None,
        model=None,
        firmware_version=None,
        clock_offset_s=None,
        evidence_fault=evidence_fault,
    )
