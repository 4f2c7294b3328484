"""Holds one subscription of a camera's events: made, renewed, pulled from, ended. It never retries.

PullPointEnded is a CameraUnreachable: subscribe again at once, the camera is there.
"""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from xml.etree import ElementTree

from drivers.camera import (
    CameraAuthFailed,
    CameraCredentials,
    CameraError,
    CameraUnreachable,
    CameraUnsupported,
)
from drivers.onvif_camera.events import answers
from drivers.onvif_camera.events.asking import EventService, open_event_service
from drivers.onvif_camera.events.camera_event import CameraEvent
from drivers.onvif_camera.events.clock import measure_clock_offset
from drivers.onvif_camera.events.envelopes import (
    DEVICE,
    EVENTS,
    NOTIFICATION,
    Question,
    SoapFault,
    format_instant,
)
from drivers.onvif_camera.quirks import usable_host

LIFETIME_S = 600.0
"""Long enough to renew seldom; a gateway that vanished blocks one of the camera's few places so long."""
POLL_S = 20.0
_SHORT_POLL_S = 5
_SHORTEST_POLL_S = 1
"""Cameras count in whole seconds."""
_LEAST_BETWEEN_S = 0.2
"""A camera that answers at once instead of waiting is not asked without a pause."""
_TIMEOUT_S = 10.0
_FAREWELL_S = 2.0
_RENEW_SHARE = 0.8
_SHORTEST_RENEW_S = 1.0
_PROLONGED_S = 2.0
"""An end that is later by so much was moved; less is what whole seconds and the network make of it."""
_MOST_GRANTED_S = 86_400.0
_MOST_EVENTS = 100


class PullPointEnded(CameraUnreachable):
    """The camera gave up a subscription that worked; it is worth subscribing again at once."""


@dataclass(frozen=True, kw_only=True)
class Pace:
    """How long a subscription is asked for, and how long one question for events may wait."""

    lifetime_s: float = LIFETIME_S
    poll_s: float = POLL_S


class PullPoint:
    """A subscription that works; made by `open_pull_point`."""

    def __init__(
        self,
        service: EventService,
        subscription: answers.Subscription,
        *,
        offset: timedelta,
        pace: Pace,
        write_end: Callable[[float], str],
    ) -> None:
        self._service = service
        self._subscription = subscription
        self._offset = offset
        self._lifetime_s = pace.lifetime_s
        self._poll_s = pace.poll_s
        self._write_end = write_end
        self._has_pulled = False
        self._end_s = 0.0
        self._renew_at_s = 0.0
        self._asked_at_s = -math.inf
        self._count_on(subscription.granted_s or pace.lifetime_s)

    async def pull(self) -> tuple[CameraEvent, ...]:
        """Wait for events, at most about 20 s, and return them in the camera's order.

        Empty: nothing happened, and the subscription lives.

        Raises:
            PullPointEnded: the subscription is over; open another at once.
            CameraUnreachable: no answer; worth trying again.
            CameraAuthFailed: the account may subscribe, but not pull; the operator must act.
            CameraUnsupported: the camera does not let events be pulled.
        """
        if _monotonic_s() + _SHORTEST_POLL_S >= self._renew_at_s:
            await self._renew()
        await asyncio.sleep(self._asked_at_s + _LEAST_BETWEEN_S - _monotonic_s())
        self._asked_at_s = _monotonic_s()
        try:
            answer = await self._pull_once()
        except (SoapFault, CameraAuthFailed, CameraUnsupported) as error:
            if self._has_pulled:
                # It worked a moment ago: the camera started again, or its clock was set.
                raise PullPointEnded(f"the camera ended the subscription: {error}") from error
            if isinstance(error, SoapFault):
                kind = CameraUnsupported if error.is_absence else CameraUnreachable
                raise kind(f"no events can be pulled: {error}") from error
            raise
        self._has_pulled = True
        self._note_end(answers.read_remaining_s(answer))
        return tuple(answers.read_notifications(answer, self._offset))

    async def unsubscribe(self) -> None:
        """Give the camera its place back, if it answers soon; never raises."""
        with suppress(CameraError, SoapFault):
            await self._ask("SubscriptionManager/Unsubscribe", "<wsnt:Unsubscribe/>", _FAREWELL_S)

    async def _pull_once(self) -> ElementTree.Element:
        until_renewal_s = self._renew_at_s - _monotonic_s()
        wait_s = max(_SHORTEST_POLL_S, math.floor(min(self._poll_s, until_renewal_s)))
        try:
            return await self._ask_for_events(wait_s)
        except SoapFault:
            # PullMessagesFaultResponse: the camera allows only shorter waits (ONVIF Core §9.1.2).
            if self._has_pulled or wait_s <= _SHORT_POLL_S:
                raise
            self._poll_s = _SHORT_POLL_S
            return await self._ask_for_events(_SHORT_POLL_S)

    async def _ask_for_events(self, wait_s: int) -> ElementTree.Element:
        body = (
            f"<tev:PullMessages><tev:Timeout>PT{wait_s}S</tev:Timeout>"
            f"<tev:MessageLimit>{_MOST_EVENTS}</tev:MessageLimit></tev:PullMessages>"
        )
        action = f"{EVENTS}/PullPointSubscription/PullMessagesRequest"
        question = Question(action=action, body=body, reference=self._subscription.reference)
        return await self._service.ask(
            question, self._subscription.address, timeout_s=wait_s + _TIMEOUT_S
        )

    async def _renew(self) -> None:
        end = self._write_end(self._lifetime_s)
        body = f"<wsnt:Renew><wsnt:TerminationTime>{end}</wsnt:TerminationTime></wsnt:Renew>"
        try:
            answer = await self._ask("SubscriptionManager/RenewRequest", body, _TIMEOUT_S)
        except (SoapFault, CameraAuthFailed, CameraUnsupported) as error:
            raise PullPointEnded(f"the camera does not renew the subscription: {error}") from error
        self._count_on(answers.read_remaining_s(answer) or self._lifetime_s)

    async def _ask(self, action: str, body: str, timeout_s: float) -> ElementTree.Element:
        question = Question(
            action=f"{NOTIFICATION.replace('/b-2', '/bw-2')}/{action}",
            body=body,
            reference=self._subscription.reference,
        )
        return await self._service.ask(question, self._subscription.address, timeout_s=timeout_s)

    def _count_on(self, granted_s: float) -> None:
        """Renew in good time before the end."""
        now_s = _monotonic_s()
        self._end_s = now_s + granted_s
        share_s = min(granted_s, _MOST_GRANTED_S) * _RENEW_SHARE
        self._renew_at_s = now_s + max(_SHORTEST_RENEW_S, share_s)

    def _note_end(self, remaining_s: float | None) -> None:
        """Some cameras prolong a subscription whenever it is pulled from; none makes it shorter."""
        if remaining_s is not None and _monotonic_s() + remaining_s > self._end_s + _PROLONGED_S:
            self._count_on(remaining_s)


@asynccontextmanager
async def open_pull_point(
    xaddr: str,
    credentials: CameraCredentials | None,
    *,
    now: Callable[[], datetime],
    pace: Pace | None = None,
) -> AsyncIterator[PullPoint]:
    """Subscribe to everything the camera tells; unsubscribed at the end.

    What holds at that moment arrives as events of the property operation `Initialized`.

    Args:
        xaddr: Address of the device service.
        credentials: The camera's account, None for a camera without one.
        now: The caller's clock, aware UTC.
        pace: For tests and odd cameras.

    Raises:
        CameraUnreachable: no answer, or no place for another subscription; worth trying again.
        CameraAuthFailed: user name or password refused, in one attempt; the operator must act.
        CameraUnsupported: the camera has no events to pull.
    """
    opening = _Opening(xaddr, now, pace or Pace())
    async with AsyncExitStack() as stack:
        service = await stack.enter_async_context(
            open_event_service(credentials, opening.camera_now)
        )
        pull_point = await opening.subscribe(service)
        stack.push_async_callback(pull_point.unsubscribe)
        yield pull_point


class _Opening:
    """The questions up to a subscription."""

    def __init__(self, xaddr: str, now: Callable[[], datetime], pace: Pace) -> None:
        self._xaddr = xaddr
        self._now = now
        self._pace = pace
        self._offset = timedelta()

    def camera_now(self) -> datetime:
        return self._now() + self._offset

    async def subscribe(self, service: EventService) -> PullPoint:
        offset = await measure_clock_offset(service, self._xaddr, self._now)
        self._offset = offset or timedelta()
        event_xaddr = usable_host(await self._find_event_xaddr(service), self._xaddr)
        subscription, write_end = await self._create(service, event_xaddr)
        return PullPoint(
            service,
            subscription,
            offset=self._offset,
            pace=self._pace,
            write_end=write_end,
        )

    async def _find_event_xaddr(self, service: EventService) -> str:
        questions = {
            "GetServices": "<tds:IncludeCapability>false</tds:IncludeCapability>",
            # Devices older than ONVIF 2.1 know only this one.
            "GetCapabilities": "<tds:Category>Events</tds:Category>",
        }
        for operation, parameters in questions.items():
            question = Question(
                action=f"{DEVICE}/{operation}",
                body=f"<tds:{operation}>{parameters}</tds:{operation}>",
            )
            with suppress(SoapFault):
                answer = await service.ask(question, self._xaddr, timeout_s=_TIMEOUT_S)
                found = answers.read_event_xaddr(answer)
                if found is not None:
                    return found
        raise CameraUnsupported("the camera has no ONVIF event service")

    async def _create(
        self, service: EventService, event_xaddr: str
    ) -> tuple[answers.Subscription, Callable[[float], str]]:
        """Ask for a subscription, its end written as one of the ways that cameras understand."""
        fault: SoapFault | None = None
        for write_end in (_as_duration, self._as_instant):
            try:
                answer = await self._ask_subscription(service, event_xaddr, write_end)
            except SoapFault as refusal:
                if refusal.is_absence:
                    raise CameraUnsupported(f"no events can be pulled: {refusal}") from refusal
                fault = refusal
                continue
            granted = answers.read_subscription(answer)
            if granted is None:
                raise CameraUnsupported("the camera names no address for its subscription")
            address = usable_host(granted.address, event_xaddr)
            return replace(granted, address=address), write_end
        raise CameraUnreachable(f"the camera refuses a subscription: {fault}") from fault

    async def _ask_subscription(
        self, service: EventService, event_xaddr: str, write_end: Callable[[float], str]
    ) -> ElementTree.Element:
        end = write_end(self._pace.lifetime_s)
        question = Question(
            action=f"{EVENTS}/EventPortType/CreatePullPointSubscriptionRequest",
            body=(
                "<tev:CreatePullPointSubscription><tev:InitialTerminationTime>"
                f"{end}</tev:InitialTerminationTime></tev:CreatePullPointSubscription>"
            ),
        )
        return await service.ask(question, event_xaddr, timeout_s=_TIMEOUT_S)

    def _as_instant(self, lifetime_s: float) -> str:
        return format_instant(self.camera_now() + timedelta(seconds=lifetime_s))


def _as_duration(lifetime_s: float) -> str:
    return f"PT{lifetime_s:.0f}S"


def _monotonic_s() -> float:
    return asyncio.get_running_loop().time()
