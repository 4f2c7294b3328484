"""What the event service answers, as values: addresses, times, notifications. Pure: no I/O."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import cast, get_args
from xml.etree import ElementTree

from drivers.onvif_camera.events.camera_event import CameraEvent, Items, PropertyOperation
from drivers.onvif_camera.events.envelopes import ADDRESSING, EVENTS, child, local_name, texts

_LONGEST_TEXT = 200
_MOST_ITEMS = 32
_MOST_REFERENCE_BYTES = 4_000
_OPERATIONS = frozenset(get_args(PropertyOperation))
_BOOLEANS = {"true": True, "false": False, "1": True, "0": False}
# Where a state is written as 1 or 0, which is also how counters and tokens look.
_STATE_NAMES = frozenset(
    {"state", "active", "value", "ismotion", "istamper", "isinside", "isloitering", "motion"}
)


@dataclass(frozen=True, kw_only=True)
class Subscription:
    """A subscription that a camera has granted."""

    address: str
    reference: str
    granted_s: float | None
    """How long it lasts from the answer on; None: the camera does not tell in a usable way."""


def read_clock(answer: ElementTree.Element) -> datetime | None:
    """Return the UTC time of a GetSystemDateAndTime answer, to the second; None: it has none."""
    utc = next((one for one in answer.iter() if local_name(one) == "UTCDateTime"), None)
    if utc is None:
        return None
    names = ("Year", "Month", "Day", "Hour", "Minute", "Second")
    try:
        year, month, day, hour, minute, second = (int(next(texts(utc, name), "")) for name in names)
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
    except ValueError:
        return None


def read_event_xaddr(answer: ElementTree.Element) -> str | None:
    """Return the event service's address from a GetServices or GetCapabilities answer."""
    for entry in answer.iter():
        name = local_name(entry)
        is_service = name == "Service" and EVENTS in texts(entry, "Namespace")
        if is_service or name == "Events":
            address = next(texts(entry, "XAddr"), "")
            if address.startswith(("http://", "https://")):
                return address
    return None


def read_subscription(answer: ElementTree.Element) -> Subscription | None:
    """Return what CreatePullPointSubscription granted; None: there is no address in it."""
    reference = child(answer, "SubscriptionReference")
    address = child(reference, "Address")
    text = (address.text or "").strip() if address is not None else ""
    if not text.startswith(("http://", "https://")):
        return None
    return Subscription(
        address=text,
        reference=_read_reference(child(reference, "ReferenceParameters")),
        granted_s=read_remaining_s(answer),
    )


def read_remaining_s(answer: ElementTree.Element) -> float | None:
    """Return how long a subscription lasts yet, both ends by the camera's clock, right or wrong."""
    begin = read_instant(next(texts(answer, "CurrentTime"), ""))
    end = read_instant(next(texts(answer, "TerminationTime"), ""))
    if begin is None or end is None or end <= begin:
        return None
    return (end - begin).total_seconds()


def read_notifications(answer: ElementTree.Element, offset: timedelta) -> Iterator[CameraEvent]:
    """Yield the events of a PullMessages answer; `offset` is the camera's clock minus ours."""
    current = child(answer, "CurrentTime")
    answered_at = None if current is None else read_instant(current.text or "")
    for notification in answer.iter():
        if local_name(notification) == "NotificationMessage":
            event = _read_notification(notification, answered_at, offset)
            if event is not None:
                yield event


def read_instant(text: str) -> datetime | None:
    """Return an instant as cameras write it, aware; None: it is none."""
    try:
        instant = datetime.fromisoformat(text.strip())
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def _read_notification(
    notification: ElementTree.Element, answered_at: datetime | None, offset: timedelta
) -> CameraEvent | None:
    topic = child(notification, "Topic")
    inner = child(child(notification, "Message"), "Message")
    onvif_topic = _without_prefixes((topic.text or "") if topic is not None else "")
    if inner is None or not onvif_topic:
        return None
    operation = inner.get("PropertyOperation", "")
    data_items = _read_items(child(inner, "Data"))
    said_at = read_instant(inner.get("UtcTime", ""))
    return CameraEvent(
        onvif_topic=onvif_topic,
        property_operation=(
            cast("PropertyOperation", operation) if operation in _OPERATIONS else None
        ),
        source_items=_read_items(child(inner, "Source")),
        key_items=_read_items(child(inner, "Key")),
        data_items=data_items,
        occurred_at=_set_right(said_at, offset),
        age_s=_between_s(said_at, answered_at),
        active=_read_state(data_items),
    )


def _without_prefixes(text: str) -> str:
    segments = (segment.rpartition(":")[2].strip() for segment in text.split("/"))
    return "/".join(segment for segment in segments if segment not in {"", "."})[:_LONGEST_TEXT]


def _read_items(group: ElementTree.Element | None) -> Items:
    if group is None:
        return ()
    found = (one for one in group if local_name(one) == "SimpleItem")
    items = [
        (one.get("Name", "")[:_LONGEST_TEXT], one.get("Value", "")[:_LONGEST_TEXT]) for one in found
    ]
    return tuple(items[:_MOST_ITEMS])


def _read_state(data_items: Items) -> bool | None:
    for name, value in data_items:
        word = value.strip().lower()
        if word in _BOOLEANS and (word.isalpha() or name.lower() in _STATE_NAMES):
            return _BOOLEANS[word]
    return None


def _set_right(instant: datetime | None, offset: timedelta) -> datetime | None:
    try:
        return None if instant is None else instant - offset
    except OverflowError:
        return None


def _between_s(since: datetime | None, until: datetime | None) -> float | None:
    return None if since is None or until is None else (until - since).total_seconds()


def _read_reference(parameters: ElementTree.Element | None) -> str:
    if parameters is None:
        return ""
    for parameter in parameters:
        parameter.set(f"{{{ADDRESSING}}}IsReferenceParameter", "true")
        parameter.tail = None
    written = "".join(ElementTree.tostring(one, encoding="unicode") for one in parameters)
    return written if len(written) <= _MOST_REFERENCE_BYTES else ""
