"""Opens an ONVIF camera: one pass of questions, no retry, the first refusal ends it."""

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta

from drivers.camera import (
    CameraCredentials,
    CameraStreams,
    CameraUnreachable,
    without_credentials,
)
from drivers.onvif_camera.events.clock import HALF_A_SECOND
from drivers.onvif_camera.media_profiles import choose_analysis, choose_evidence
from drivers.onvif_camera.quirks import usable_host
from drivers.onvif_camera.soap import SoapCamera, open_soap


async def open_camera(
    xaddr: str,
    credentials: CameraCredentials | None,
    *,
    now: Callable[[], datetime],
    timeout_s: float = 15.0,
) -> CameraStreams:
    """Ask a camera for its streams.

    The account is tried once by WS-UsernameToken, and once more by HTTP Digest if the camera asks
    for that; the driver never tries again by itself, so no account is locked by it.

    Args:
        xaddr: Address of the device service, `http://…/onvif/device_service`.
        credentials: The camera's account, None for a camera without one.
        now: The caller's clock, aware UTC.
        timeout_s: For the whole of it.

    Raises:
        CameraUnreachable: no answer; worth trying again.
        CameraAuthFailed: user name or password refused; the operator must act.
        CameraUnsupported: no stream this product can use; the technician must act.
    """
    try:
        async with (
            asyncio.timeout(timeout_s),
            open_soap(xaddr, credentials, timeout_s=timeout_s) as soap,
        ):
            return await _ask_all(soap, xaddr, now)
    except TimeoutError as error:
        raise CameraUnreachable(f"the camera does not answer within {timeout_s:g} s") from error


async def _ask_all(soap: SoapCamera, xaddr: str, now: Callable[[], datetime]) -> CameraStreams:
    offset = await _clock_offset(soap, now)
    soap.sign_with(lambda: now() + (offset or timedelta()))
    manufacturer, model, firmware_version = await soap.device_information()
    media_xaddr = usable_host(await soap.media_xaddr(), xaddr)
    profiles = await soap.media_profiles(media_xaddr)
    analysis, evidence = choose_analysis(profiles), choose_evidence(profiles)
    analysis_uri = await soap.stream_uri(media_xaddr, analysis.token)
    evidence_uri = await soap.stream_uri(media_xaddr, evidence.token)
    snapshot_uri = await soap.snapshot_uri(media_xaddr, evidence.token)
    return CameraStreams(
        analysis_uri=_clean(analysis_uri, xaddr),
        evidence_uri=_clean(evidence_uri, xaddr),
        snapshot_uri=None if snapshot_uri is None else _clean(snapshot_uri, xaddr),
        manufacturer=manufacturer,
        model=model,
        firmware_version=firmware_version,
        clock_offset_s=None if offset is None else offset.total_seconds(),
    )


async def _clock_offset(soap: SoapCamera, now: Callable[[], datetime]) -> timedelta | None:
    asked_at = now()
    camera_now = await soap.system_date_and_time()
    if camera_now is None:
        return None
    middle = asked_at + (now() - asked_at) / 2
    return camera_now + HALF_A_SECOND - middle


def _clean(uri: str, xaddr: str) -> str:
    return without_credentials(usable_host(uri, xaddr))
