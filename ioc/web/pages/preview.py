"""One alarm in full: what was seen, why it is an alarm, what may be done, what was done."""

import asyncio
from dataclasses import replace
from datetime import datetime, timedelta

from markupsafe import Markup

from ioc.alarms import TALK_DOWN
from ioc.alarms.handling.assigning import candidates
from ioc.alarms.parts import present
from ioc.alarms.rules import RULES, AlarmKind
from ioc.centre import Centre
from ioc.fixture_orders import newest_order
from ioc.gateways import register
from ioc.notify.reading import read_delivery
from ioc.people import Access, Refusal
from ioc.web.errors import Refused
from ioc.web.pages.grounds import grounds_of
from ioc.web.pages.notices import tell_delivery
from ioc.web.pages.overlay import overlay_of
from ioc.web.pages.proofs import render_proofs
from ioc.web.pages.saying import Speech
from ioc.web.pages.station_sayings import describe_talk_down
from ioc.web.reading.alarms import AlarmView, clock_was_corrected, find_alarm, read_history
from ioc.web.reading.broadcasts import broadcasts_answering
from ioc.web.reading.evidence import clips_found, pictures_found, read_sighting
from ioc.web.reading.places import read_places
from ioc.web.rendering import Page

_SPEAK_AT_ONCE = frozenset({"littering", "intrusion", "loitering", "crowding"})
"""Somebody may hear it; at a camera's fault other things come first."""
_SPEAK_LATER = frozenset({"camera_degraded", "broadcast_failed"})
_EQUIPMENT = frozenset({"camera_degraded", "device_down", "gateway_down"})
"""Somebody may work on it: it can be taken out of service."""
_FILMED = _SPEAK_AT_ONCE
_CLIP_WITHIN = timedelta(minutes=10)
"""Its last second is seen, and it is announced, much sooner."""


async def render_preview(centre: Centre, access: Access, page: Page, alarm_id: str) -> Markup:
    """Return an alarm with its pictures, clip, grounds and history.

    Raises:
        Refused: it does not exist for this person.
    """
    async with centre.store.read() as connection:
        alarm = await find_alarm(connection, access, alarm_id)
        if alarm is None:
            raise Refused("not_found", status_code=404)
        history = await read_history(connection, alarm_id)
        corrected = await clock_was_corrected(connection, alarm_id)
        places = await read_places(connection, centre.settings)
        answering = await broadcasts_answering(connection, alarm_id)
        sighting = await read_sighting(connection, alarm.pictures)
        markable = _markable(alarm)
        order = await newest_order(connection, alarm_id, markable) if markable else None
        gateway = await register.find(connection, alarm.gateway_id)
        delivery = await read_delivery(connection, alarm_id)
        assignable = await candidates(connection, alarm.area_id)
    alarm = await asyncio.to_thread(_as_on_disk, centre, alarm)
    speech = Speech(wording=page.wording, places=places)
    can_speak = access.may_speak(alarm.area_id) and alarm.device_id is not None
    return page.fragment(
        "preview.html",
        alarm=alarm,
        what=speech.what,
        heading=speech.heading,
        grounds=grounds_of(alarm, sighting, page.wording),
        handling=[
            *_spoken(alarm, page),
            *speech.handling(alarm, history),
            *speech.marks(alarm),
        ],
        equipment=alarm.kind in _EQUIPMENT,
        overlays={
            picture.role: overlay_of(picture, sighting, page.wording) for picture in alarm.pictures
        },
        clip=speech.clip,
        clip_file=speech.clip_file,
        markable=markable,
        fixture=speech.fixture(order, gateway_online=gateway is not None and gateway.online),
        fixture_pending=order is not None and order.state == "pending",
        may_be_false=alarm.state != "normal" and _is_mistakable(alarm),
        timeline=tuple(speech.timeline(history)),
        film=alarm.film,
        film_expected=_is_film_expected(alarm, page.wording.now),
        other_clips=[clip for clip in alarm.clips if clip != alarm.film],
        corrected=corrected,
        notified=tell_delivery(delivery, page.wording),
        answers=[await _answer(centre, access, page, each) for each in answering],
        may_acknowledge=access.may_acknowledge(alarm.area_id),
        may_hold=access.may_hold,
        may_handle=access.may_handle(alarm.area_id),
        assignable=assignable,
        me=access.login,
        speak_at_once=can_speak and alarm.kind in _SPEAK_AT_ONCE,
        speak_later=can_speak and alarm.kind in _SPEAK_LATER,
    )


def _spoken(alarm: AlarmView, page: Page) -> list[str]:
    said = describe_talk_down(alarm.facts.get(TALK_DOWN) or {}, page.wording)
    return [said] if said else []


def _as_on_disk(centre: Centre, alarm: AlarmView) -> AlarmView:
    return replace(
        alarm,
        pictures=pictures_found(alarm.pictures, centre.evidence.holds),
        clips=clips_found(alarm.clips, centre.evidence.holds),
    )


def _is_film_expected(alarm: AlarmView, now: datetime) -> bool:
    """Tell whether the clip of what is shown has not been announced, but may well be."""
    since = max(alarm.last_occurred_at, alarm.raised_at)
    return alarm.kind in _FILMED and alarm.film is None and now - since < _CLIP_WITHIN


def _markable(alarm: AlarmView) -> str:
    """Return the object that can be called a fixture: the one shown, if it still lies there."""
    lying = present(alarm.facts) if alarm.kind == AlarmKind.LITTERING else ()
    shown = alarm.pictures[0].object_id if alarm.pictures else None
    if shown in lying:
        return str(shown)
    return lying[-1] if lying and shown is None else ""


def _is_mistakable(alarm: AlarmView) -> bool:
    try:
        return RULES[AlarmKind(alarm.kind)].mistakable
    except ValueError:  # of a later release, before the database was restored
        return False


async def _answer(centre: Centre, access: Access, page: Page, broadcast_id: str) -> Markup:
    try:
        return await render_proofs(centre, access, page, broadcast_id)
    except Refusal:  # it sounded outside this person's areas: they learn nothing of it
        return Markup("")
