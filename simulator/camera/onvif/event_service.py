"""The camera's events and who subscribed to them; it sees nothing itself, it is told what happens."""

import asyncio
import re
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Literal, get_args
from xml.etree.ElementTree import Element

from simulator.camera.onvif import event_answers
from simulator.camera.onvif.answers import envelope, fault
from simulator.camera.onvif.event_answers import NOTIFICATION, Notification
from simulator.camera.onvif.http_server import Response

EVENT_PATH = "/onvif/event_service"
SUBSCRIPTION_PATH = "/onvif/subscription/"
OPERATIONS = frozenset({"CreatePullPointSubscription", "PullMessages", "Renew", "Unsubscribe"})
SOAP_TYPE = "application/soap+xml; charset=utf-8"
LONGEST_POLL_S = 60.0
MOST_SUBSCRIPTIONS = 4
MOST_WAITING = 1_000
"""A camera drops the oldest events of who never pulls."""

EventFault = Literal["none", "refuse_renew", "refuse_durations", "close", "garbage", "bomb"]
"""What goes wrong from now on; `close` hangs up in the middle of every poll."""


@dataclass(kw_only=True)
class _Subscription:
    end: datetime
    waiting: deque[Notification] = field(default_factory=lambda: deque(maxlen=MOST_WAITING))
    news: asyncio.Event = field(default_factory=asyncio.Event)

    def put(self, notification: Notification) -> None:
        self.waiting.append(notification)
        self.news.set()


class EventService:
    """Answers the operations of ONVIF's pull point."""

    def __init__(
        self, camera_now: Callable[[], datetime], say: Callable[..., None], *, longest_s: float
    ) -> None:
        """Args: `longest_s` is what a subscription lasts at most, `say` tells the simulator."""
        self.fault: EventFault = "none"
        self._camera_now = camera_now
        self._say = say
        self._longest = timedelta(seconds=longest_s)
        self._states: dict[tuple[str, str, str], Notification] = {}
        self._subscriptions: dict[str, _Subscription] = {}
        self._number = 0

    def emit(
        self, topic: str, source: str, *, active: bool | None, lens: str = event_answers.ONLY_LENS
    ) -> None:
        """Tell every subscriber that something is so now, or (None) has just been noticed."""
        notification = Notification(
            topic=topic,
            source=source,
            lens=lens,
            active=active,
            operation=None if active is None else "Changed",
            at=self._camera_now(),
        )
        if active is not None:
            self._states[topic, source, lens] = notification
        self._tell(notification)

    def delete(self, topic: str, source: str) -> None:
        """Tell every subscriber that a rule is no more, and no word of its state."""
        self._states.pop((topic, source, event_answers.ONLY_LENS), None)
        now = self._camera_now()
        self._tell(
            Notification(topic=topic, source=source, active=None, operation="Deleted", at=now)
        )

    def obey(self, order: dict[str, Any]) -> None:
        """Carry out one order about events.

        Raises:
            KeyError: a value is missing.
            ValueError: a value is of no use.
        """
        if order["do"] == "event":
            active = order.get("active")
            if active is not None and not isinstance(active, bool):
                raise ValueError("`active` is true, false or null")
            self.emit(str(order["topic"]), str(order.get("source", "rule")), active=active)
        elif order["do"] == "events":
            if order["fault"] not in get_args(EventFault):
                raise ValueError(f"there is no event fault {order['fault']!r}")
            self.fault = order["fault"]
        else:
            for subscription in self._subscriptions.values():
                subscription.news.set()
            self._subscriptions.clear()

    async def answer(self, operation: str, base: str, path: str, parameters: Element) -> Response:
        """Answer one operation; `base` is the address at which the camera wants to be asked."""
        if operation == "CreatePullPointSubscription":
            return self._subscribe(base, parameters)
        number = path.removeprefix(SUBSCRIPTION_PATH)
        subscription = self._subscriptions.get(number)
        if subscription is None or subscription.end <= self._camera_now():
            self._subscriptions.pop(number, None)
            return _refusal("ResourceUnknown", "there is no such subscription")
        match operation:
            case "Renew":
                return self._renew(subscription, parameters)
            case "Unsubscribe":
                del self._subscriptions[number]
                self._say("unsubscribed")
                return _answer(event_answers.unsubscribed())
            case _:
                return await self._pull(number, subscription, parameters)

    def _subscribe(self, base: str, parameters: Element) -> Response:
        now = self._camera_now()
        for number in [one for one, held in self._subscriptions.items() if held.end <= now]:
            del self._subscriptions[number]
        if len(self._subscriptions) >= MOST_SUBSCRIPTIONS:
            return _refusal("MaxSubscriptions", "no more subscriptions")
        end = self._end(parameters, "InitialTerminationTime")
        if end is None:
            return _refusal("UnacceptableInitialTerminationTimeFault", "what time is that?")
        self._number += 1
        subscription = self._subscriptions[str(self._number)] = _Subscription(end=end)
        for state in self._states.values():
            subscription.put(replace(state, operation="Initialized"))
        self._say("subscribed")
        address = f"{base}{SUBSCRIPTION_PATH}{self._number}"
        return _answer(event_answers.subscription(address, now=now, end=end))

    def _renew(self, subscription: _Subscription, parameters: Element) -> Response:
        end = self._end(parameters, "TerminationTime")
        if self.fault == "refuse_renew" or end is None:
            return _refusal("UnacceptableTerminationTimeFault", "not renewed")
        subscription.end = end
        self._say("renewed")
        return _answer(event_answers.renewed(now=self._camera_now(), end=end))

    async def _pull(
        self, number: str, subscription: _Subscription, parameters: Element
    ) -> Response:
        wait_s = _duration_s(parameters.findtext(f"{{{event_answers.EVENTS}}}Timeout", "")) or 1.0
        limit = int(parameters.findtext(f"{{{event_answers.EVENTS}}}MessageLimit", "10"))
        if self.fault == "close":
            await asyncio.sleep(min(wait_s, 0.1))
            raise ConnectionError("hangs up in the middle of a poll")
        if self.fault in {"garbage", "bomb"}:
            return Response(content_type=SOAP_TYPE, body=_nonsense(bomb=self.fault == "bomb"))
        if not subscription.waiting:
            subscription.news.clear()
            try:
                async with asyncio.timeout(min(wait_s, LONGEST_POLL_S)):
                    await subscription.news.wait()
            except TimeoutError:
                pass
        if number not in self._subscriptions:
            return _refusal("ResourceUnknown", "there is no such subscription")
        waiting = subscription.waiting
        told = [waiting.popleft() for _ in range(min(limit, len(waiting)))]
        now = self._camera_now()
        return _answer(event_answers.messages(told, now=now, end=subscription.end))

    def _tell(self, notification: Notification) -> None:
        for subscription in self._subscriptions.values():
            subscription.put(notification)

    def _end(self, parameters: Element, name: str) -> datetime | None:
        """Return when a subscription shall end: asked for as a duration or by the camera's clock."""
        now = self._camera_now()
        text = next((one.text or "" for one in parameters if one.tag.endswith("}" + name)), "PT60S")
        asked_s = _duration_s(text)
        if asked_s is not None:
            if self.fault == "refuse_durations":
                return None
            return now + min(timedelta(seconds=asked_s), self._longest)
        try:
            end = datetime.fromisoformat(text)
        except ValueError:
            return None
        return min(end, now + self._longest) if now < end else None


def _duration_s(text: str) -> float | None:
    found = re.fullmatch(r"PT(\d+(?:\.\d+)?)S", text)
    return float(found.group(1)) if found else None


def _nonsense(*, bomb: bool) -> bytes:
    if not bomb:
        return b"<s:Envelope><tev:PullMessagesResponse"
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 10))
    return (
        f'<?xml version="1.0"?><!DOCTYPE bomb [<!ENTITY e0 "ha">{entities}]>'
        f'<s:Envelope xmlns:s="{NOTIFICATION}"><s:Body>&e9;</s:Body></s:Envelope>'
    ).encode()


def _answer(body: str) -> Response:
    return Response(content_type=SOAP_TYPE, body=envelope(body))


def _refusal(subcode: str, reason: str) -> Response:
    return Response(status=400, content_type=SOAP_TYPE, body=fault(subcode, reason))
