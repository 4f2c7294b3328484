"""The page of notifications: one's own contacts and wishes; for administrators, the channels."""

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import APIRouter
from starlette.responses import HTMLResponse

from ioc.notify.reading import ChannelHealth, Delivery, NotificationView, read_health
from ioc.notify.settings import Notify
from ioc.web.identity import Reader, TheCentre
from ioc.web.presentation import Wording
from ioc.web.reading.head import read_head
from ioc.web.rendering import ThePage

router = APIRouter(include_in_schema=False)


@dataclass(frozen=True, kw_only=True)
class ChannelLine:
    """A channel as an administrator sees it: where it goes to, never its secret."""

    name: str
    where: str
    health: ChannelHealth


@router.get("/thong-bao")
async def show_notices(centre: TheCentre, access: Reader, page: ThePage) -> HTMLResponse:
    """One's own contacts and wishes."""
    desk = centre.notices
    settings = centre.settings.notify
    places = dict(_places(settings)) if access.may_administer else {}
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
        health = await read_health(connection, tuple(places))
    return page.answer(
        "notices.html",
        tab="notices",
        head=head,
        contacts=await desk.contacts(access),
        wishes=await desk.wishes(access),
        channels=desk.channels,
        push_key=desk.push_public_key,
        lines=[
            ChannelLine(name=each.channel, where=places[each.channel], health=each)
            for each in health
        ],
        webhooks=settings.webhooks if access.may_administer else (),
        may_administer=access.may_administer,
        next_person_after_s=settings.next_person_after_s,
    )


@router.get("/manh/thong-bao")
async def show_contacts(centre: TheCentre, access: Reader, page: ThePage) -> HTMLResponse:
    """The list of contacts, to be merged into the page."""
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
    return page.answer(
        "contact_list_and_counts.html", head=head, contacts=await centre.notices.contacts(access)
    )


def tell_delivery(delivery: Delivery, wording: Wording) -> list[tuple[str, list[str]]]:
    """Return each call of an alarm as a sentence with a line for each of its notifications."""
    words = wording.words
    told = [
        (
            words(f"call.{call.state}", who=call.name or "", at=wording.at(call.at)),
            [_line(note, wording) for note in call.notifications],
        )
        for call in delivery.calls
    ]
    if delivery.webhooks:
        lines = [_line(note, wording) for note in delivery.webhooks]
        told.append((words("call.webhooks"), lines))
    return told


def _line(note: NotificationView, wording: Wording) -> str:
    words = wording.words
    at = note.delivered_at or note.next_attempt_at
    named = words(f"channel.{note.channel}") + (f" ({note.label})" if note.label else "")
    said = words(f"notice.{note.state}", at=wording.at(at), attempts=note.attempts)
    parts = [f"{named}: {said}"]
    if note.maybe_twice:
        parts.append(words("notice.maybe_twice"))
    if note.code and note.state != "delivered":
        parts.append(words("delivery.technician", code=note.code))
    return " ".join(parts)


def _places(settings: Notify) -> Iterator[tuple[str, str]]:
    """Give each channel that is set up with the host it speaks to."""
    if settings.web_push is not None:
        yield "web_push", ", ".join(settings.web_push.services)
    if settings.email is not None:
        yield "email", f"{settings.email.host}:{settings.email.port}"
    for name, api_url in (
        ("telegram", settings.telegram and settings.telegram.api_url),
        ("sms", settings.sms and settings.sms.url),
        ("zalo_bot", settings.zalo_bot and settings.zalo_bot.api_url),
        ("zalo_oa", settings.zalo_oa and settings.zalo_oa.api_url),
        (
            "zalo_zns",
            settings.zalo_oa and settings.zalo_oa.template_id and settings.zalo_oa.template_url,
        ),
    ):
        if api_url:
            yield name, urlsplit(api_url).hostname or ""
    if settings.webhooks:
        yield "webhook", ", ".join(hook.name for hook in settings.webhooks)
