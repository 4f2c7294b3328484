"""The panel that answers an alarm over loudspeakers, and how loudspeakers are offered."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import HTMLResponse

from ioc.broadcasts import Loudspeaker
from ioc.web.errors import Refused
from ioc.web.identity import Reader, TheCentre
from ioc.web.reading.alarms import AlarmView, find_alarm
from ioc.web.reading.devices import list_devices
from ioc.web.reading.places import read_places
from ioc.web.rendering import Page, ThePage

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class NearLoudspeaker:
    """A loudspeaker in the panel."""

    gateway_id: str
    device_id: str
    name: str
    near: bool
    trouble: str


@router.get("/manh/nhac-qua-loa/{alarm_id}")
async def show_speak(
    centre: TheCentre, access: Reader, page: ThePage, alarm_id: Annotated[str, Path(max_length=36)]
) -> HTMLResponse:
    """The panel that answers an alarm over loudspeakers."""
    async with centre.store.read() as connection:
        alarm = await find_alarm(connection, access, alarm_id)
        if alarm is None:
            raise Refused("not_found", status_code=404)
        places = await read_places(connection, centre.settings)
        devices = await list_devices(connection, access)
    nearest = next(
        (
            device.loudspeaker_ids
            for device in devices
            if (device.gateway_id, device.device_id) == (alarm.gateway_id, alarm.device_id)
        ),
        (),
    )
    usable = await centre.voice.loudspeakers(access)
    return page.answer(
        "speak.html",
        alarm=alarm,
        where=places.where(alarm.gateway_id, alarm.device_id, alarm.area_id),
        loudspeakers=_by_nearness(page, usable, alarm, nearest),
    )


def _by_nearness(
    page: Page, usable: Sequence[Loudspeaker], alarm: AlarmView, nearest: Sequence[str]
) -> list[NearLoudspeaker]:
    """Return the camera's loudspeakers, nearest first, then the others of the same area."""
    chosen = []
    for speaker in usable:
        near = speaker.gateway_id == alarm.gateway_id and speaker.device_id in nearest
        if near or speaker.area_id == alarm.area_id:
            rank = nearest.index(speaker.device_id) if near else len(nearest)
            chosen.append((rank, speaker.name, describe_loudspeaker(page, speaker, near=near)))
    return [loudspeaker for _, _, loudspeaker in sorted(chosen, key=lambda item: item[:2])]


def describe_loudspeaker(page: Page, speaker: Loudspeaker, *, near: bool) -> NearLoudspeaker:
    """Return a loudspeaker with what keeps it from sounding, if anything does."""
    silent = not speaker.gateway_online or speaker.state == "offline"
    return NearLoudspeaker(
        gateway_id=speaker.gateway_id,
        device_id=speaker.device_id,
        name=speaker.name,
        near=near,
        trouble=page.wording.words("phone.no_signal") if silent else "",
    )
