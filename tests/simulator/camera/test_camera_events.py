"""The simulated camera keeps subscriptions as a real one does, and takes orders about events."""

from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree

import pytest

from simulator.camera.onvif.event_answers import EVENTS
from simulator.camera.onvif.event_service import SUBSCRIPTION_PATH, EventService

NAME = "VideoSource/MotionAlarm"


class Camera:
    """An event service and a clock that the test moves."""

    def __init__(self, *, longest_s: float = 600) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)
        self.said: list[str] = []
        self.events = EventService(lambda: self.now, self.said.append, longest_s=longest_s)

    async def ask(self, operation: str, number: int = 1, **values: str) -> str:
        inside = "".join(
            f'<e:{key} xmlns:e="{EVENTS}">{text}</e:{key}>' for key, text in values.items()
        )
        parameters = ElementTree.fromstring(f"<a>{inside}</a>")
        path = f"{SUBSCRIPTION_PATH}{number}"
        return (await self.events.answer(operation, "http://me", path, parameters)).body.decode()

    async def subscribe(self, end: str = "PT60S") -> str:
        return await self.ask("CreatePullPointSubscription", InitialTerminationTime=end)


@pytest.mark.parametrize("end", ["PT60S", "2026-11-22T00:01:00Z"])
async def test_a_subscription_ends_by_the_camera_s_clock(end: str) -> None:
    """Asked for as a duration or as an instant; afterwards nobody knows it."""
    camera = Camera()
    assert "<wsnt:TerminationTime>2026-11-22T00:01:00Z" in await camera.subscribe(end)
    camera.now += timedelta(seconds=59)
    assert "RenewResponse" in await camera.ask("Renew", TerminationTime="PT60S")
    camera.now += timedelta(seconds=61)
    assert "ResourceUnknown" in await camera.ask("PullMessages", Timeout="PT1S")


async def test_every_subscriber_hears_what_holds_and_what_happens() -> None:
    """Each at its own pace; what is a remark without state is not told again."""
    camera = Camera()
    camera.events.emit(NAME, "a", active=True)
    camera.events.emit("RuleEngine/ObjectAbandoned", "a", active=None)
    await camera.subscribe()
    await camera.subscribe()
    for number in (1, 2):
        told = await camera.ask("PullMessages", number, Timeout="PT1S", MessageLimit="10")
        assert told.count("NotificationMessage>") == 2
        assert 'PropertyOperation="Initialized"' in told
    assert camera.said == ["subscribed", "subscribed"]


async def test_a_camera_has_few_places() -> None:
    """Four, as many cameras; one that is given back can be taken."""
    camera = Camera()
    for _ in range(4):
        await camera.subscribe()
    assert "MaxSubscriptions" in await camera.subscribe()
    await camera.ask("Unsubscribe")
    assert "SubscriptionReference" in await camera.subscribe()


@pytest.mark.parametrize(
    "order",
    [
        {"do": "event"},
        {"do": "event", "topic": NAME, "active": "yes"},
        {"do": "events", "fault": "catch fire"},
        {"do": "events"},
    ],
)
def test_orders_that_mean_nothing_are_refused(order: dict[str, str]) -> None:
    """Who drills must learn that nothing happened."""
    with pytest.raises((KeyError, ValueError)):
        Camera().events.obey(order)
