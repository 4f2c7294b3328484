"""How far a camera's clock is from the caller's; asked without an account, so nothing is locked."""

from collections.abc import Callable
from datetime import datetime, timedelta

from drivers.camera import CameraAuthFailed
from drivers.onvif_camera.events import answers
from drivers.onvif_camera.events.asking import EventService, open_event_service
from drivers.onvif_camera.events.envelopes import DEVICE, Question, SoapFault

_TIMEOUT_S = 10.0
HALF_A_SECOND = timedelta(seconds=0.5)
"""GetSystemDateAndTime cuts the fraction off; on average half a second is lost."""


async def ask_clock_offset(xaddr: str, *, now: Callable[[], datetime]) -> timedelta | None:
    """Return the camera's clock minus the caller's, to about a second; None: it does not tell.

    Args:
        xaddr: Address of the device service.
        now: The caller's clock, aware UTC.

    Raises:
        CameraUnreachable: no answer; worth trying again.
        CameraUnsupported: what answers does not speak SOAP.
    """
    async with open_event_service(None, now) as service:
        return await measure_clock_offset(service, xaddr, now)


async def measure_clock_offset(
    service: EventService, xaddr: str, now: Callable[[], datetime]
) -> timedelta | None:
    """The same, within a conversation that has begun."""
    question = Question(action=f"{DEVICE}/GetSystemDateAndTime", body="<tds:GetSystemDateAndTime/>")
    asked_at = now()
    try:
        answer = await service.ask(question, xaddr, timeout_s=_TIMEOUT_S, account=False)
    except (SoapFault, CameraAuthFailed):
        return None
    camera_now = answers.read_clock(answer)
    if camera_now is None:
        return None
    return camera_now + HALF_A_SECOND - (asked_at + (now() - asked_at) / 2)
