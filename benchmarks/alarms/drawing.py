"""Draws a day at a commune: what gateways report, and what of it really happened; from a seed."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

from contracts.events import (
    CameraCondition,
    CameraDegraded,
    CameraRecovered,
    CrowdingEnded,
    CrowdingStarted,
    DeviceDown,
    DeviceKind,
    DeviceUp,
    DownReason,
    EventData,
    IntrusionEnded,
    IntrusionStarted,
    LitteringCleared,
    LitteringConfirmed,
    MotionStarted,
)

MIDNIGHT = datetime(2026, 1, 5, tzinfo=UTC)
AREAS = ("ban-chuong", "na-lang", "xa")
GATEWAYS = tuple(f"tu-{number}" for number in range(1, 13))
CAMERAS = tuple(f"cam-{number}" for number in range(1, 9))
SUPPLIES = {gateway: f"supply:dien-{number // 4}" for number, gateway in enumerate(GATEWAYS)}
DARK = GATEWAYS[:4]
"""On the supply that fails."""
CUT_OFF = GATEWAYS[5]
"""Whose line is broken for two hours."""
STORM_MINUTES = 20
ZONE = "bãi cấm"
BOX = (0.4, 0.4, 0.2, 0.2)


def area_of(gateway_id: str) -> str:
    """Return where a gateway stands."""
    return AREAS[GATEWAYS.index(gateway_id) % len(AREAS)]


@dataclass(frozen=True, kw_only=True)
class Report:
    """Something that reaches the centre; without `said` a gateway comes or goes."""

    at: datetime
    gateway_id: str
    device_id: str = ""
    said: EventData | None = None
    late: bool = False
    there: bool = True


@dataclass(frozen=True, kw_only=True)
class Incident:
    """Something that really happened: people must be called for one of these alarms in time."""

    name: str
    kind: str
    gateway_ids: tuple[str, ...]
    device_ids: tuple[str, ...]
    """Empty: the gateway's own, or its supply's, alarm."""
    since: datetime
    within: timedelta


@dataclass(kw_only=True)
class Day:
    """What is drawn, in any order."""

    random: Random
    reports: list[Report] = field(default_factory=list)
    incidents: list[Incident] = field(default_factory=list)

    def at(self, begin_h: float, end_h: float) -> datetime:
        """Return a drawn instant between two hours, to the second."""
        seconds = int(self.random.uniform(begin_h, end_h) * 3_600)
        return MIDNIGHT + timedelta(seconds=seconds)

    def camera(self) -> tuple[str, str]:
        """Return a drawn camera; those of the broken line and of the dark supply see no incident."""
        known = [g for g in GATEWAYS if g not in DARK and g != CUT_OFF]
        return self.random.choice(known), self.random.choice(CAMERAS)

    def uuid(self) -> str:
        """Return a drawn UUID."""
        return str(UUID(int=self.random.getrandbits(128), version=4))


def draw_day(seed: int, *, events: int) -> Day:
    """Return a day of exactly so many reports: at 40,000 what a bad day brings, else in proportion."""
    day, share = Day(random=Random(seed)), events / 40_000  # noqa: S311 - drawn, not guarded
    for _ in range(max(2, round(24 * share))):
        _litter(day)
    for _ in range(max(2, round(12 * share))):
        _intrude(day)
    for number in range(max(1, round(6 * share))):
        _fail(day, number)
    for number in range(max(1, round(4 * share))):
        _degrade(day, number)
        _flap(day, number, pairs=max(20, round(600 * share)))
    for _ in range(round(1_500 * share)):
        _blink(day)
    for _ in range(round(300 * share)):
        _market(day)
    _storm(day, cameras=max(16, round(64 * share)))
    _cut_power(day)
    _break_line(day, backlog=round(3_000 * share))
    while len(day.reports) < events:
        _move(day, day.at(0, 24), *_any_camera(day))
    day.reports = sorted(day.reports[:events], key=lambda report: report.at)
    return day


def _litter(day: Day) -> None:
    gateway_id, device_id = day.camera()
    at = day.at(5, 23)
    day.incidents.append(_incident("littering", gateway_id, device_id, at, minutes=1))
    for bag in range(day.random.randint(1, 3)):
        left_at = at + timedelta(seconds=20 * bag)
        said = _bag(day, left_at)
        day.reports.append(
            Report(at=left_at, gateway_id=gateway_id, device_id=device_id, said=said)
        )
        gone = LitteringCleared(object_id=said.object_id, zone=ZONE)
        over_at = left_at + timedelta(minutes=day.random.randint(20, 90))
        day.reports.append(
            Report(at=over_at, gateway_id=gateway_id, device_id=device_id, said=gone)
        )


def _bag(day: Day, left_at: datetime) -> LitteringConfirmed:
    return LitteringConfirmed(
        object_id=day.uuid(),
        zone=ZONE,
        box=BOX,
        deposited_at=left_at,
        left_at=None,
        unattended_s=14.0,
        score=0.9,
        reasons=(),
        pictures=(),
    )


def _intrude(day: Day) -> None:
    gateway_id, device_id = day.camera()
    at = day.at(0, 23)
    day.incidents.append(_incident("intrusion", gateway_id, device_id, at, minutes=1))
    began = IntrusionStarted(object_id=day.uuid(), zone=ZONE, box=BOX, present_s=3.0)
    ended = IntrusionEnded(object_id=began.object_id, zone=ZONE, duration_s=60.0)
    over_at = at + timedelta(minutes=day.random.randint(1, 8))
    day.reports += [
        Report(at=at, gateway_id=gateway_id, device_id=device_id, said=began),
        Report(at=over_at, gateway_id=gateway_id, device_id=device_id, said=ended),
    ]


def _fail(day: Day, number: int) -> None:
    gateway_id, at = GATEWAYS[6 + number % 6], day.at(1, 14)
    device_id = f"ngoai-{number}"
    day.incidents.append(_incident("device_down", gateway_id, device_id, at, minutes=5))
    day.reports += _absence(gateway_id, device_id, at, timedelta(hours=day.random.randint(1, 8)))


def _degrade(day: Day, number: int) -> None:
    gateway_id, at = GATEWAYS[8 + number % 4], day.at(2, 20)
    device_id = f"mo-{number}"
    day.incidents.append(_incident("camera_degraded", gateway_id, device_id, at, minutes=1))
    worse = CameraDegraded(condition=CameraCondition.COVERED, detail="")
    well = CameraRecovered(condition=CameraCondition.COVERED, lasted_s=7_200.0)
    over_at = at + timedelta(hours=2)
    day.reports += [
        Report(at=at, gateway_id=gateway_id, device_id=device_id, said=worse),
        Report(at=over_at, gateway_id=gateway_id, device_id=device_id, said=well),
    ]


def _flap(day: Day, number: int, *, pairs: int) -> None:
    """A loose plug: it comes and goes every few seconds, for hours."""
    gateway_id, at = GATEWAYS[7 + number % 5], day.at(3, 16)
    device_id = f"chap-chon-{number}"
    day.incidents.append(_incident("device_down", gateway_id, device_id, at, minutes=5))
    for _ in range(pairs):
        lasting = timedelta(seconds=day.random.randint(4, 12))
        day.reports += _absence(gateway_id, device_id, at, lasting)
        at += lasting + timedelta(seconds=day.random.randint(4, 12))


def _blink(day: Day) -> None:
    """A weak radio link: away for some seconds."""
    gateway_id, device_id = _any_camera(day)
    lasting = timedelta(seconds=day.random.randint(2, 24))
    day.reports += _absence(gateway_id, device_id, day.at(0, 24), lasting)


def _market(day: Day) -> None:
    at, gateway_id = day.at(5, 8.5), GATEWAYS[9]
    began = CrowdingStarted(object_id=day.uuid(), zone="chợ", share=0.5)
    ended = CrowdingEnded(object_id=began.object_id, zone="chợ", duration_s=60.0)
    over_at = at + timedelta(minutes=day.random.randint(1, 20))
    day.reports += [
        Report(at=at, gateway_id=gateway_id, device_id="cam-1", said=began),
        Report(at=over_at, gateway_id=gateway_id, device_id="cam-1", said=ended),
    ]


def _storm(day: Day, *, cameras: int) -> None:
    """Masts sway: cameras of many gateways are away for minutes at a time."""
    since = MIDNIGHT + timedelta(hours=15)
    known = [(g, c) for g in GATEWAYS[6:] for c in CAMERAS]
    struck = day.random.sample(known, min(cameras, len(known)))
    for gateway_id, device_id in struck:
        at = since + timedelta(seconds=day.random.randint(0, STORM_MINUTES * 60))
        lasting = timedelta(minutes=day.random.randint(2, 6))
        day.reports += _absence(gateway_id, device_id, at, lasting)
    gateways = tuple(sorted({gateway_id for gateway_id, _ in struck}))
    day.incidents.append(
        Incident(
            name="storm",
            kind="device_down",
            gateway_ids=gateways,
            device_ids=CAMERAS,
            since=since,
            within=timedelta(minutes=STORM_MINUTES),
        )
    )


def _cut_power(day: Day) -> None:
    since = MIDNIGHT + timedelta(hours=18, minutes=10)
    day.incidents.append(
        Incident(
            name="power cut",
            kind="power_cut",
            gateway_ids=("power",),
            device_ids=(),
            since=since,
            within=timedelta(minutes=3),
        )
    )
    for number, gateway_id in enumerate(DARK):
        gone_at = since + timedelta(seconds=7 * number)
        back_at = since + timedelta(minutes=40, seconds=20 * number)
        day.reports += [
            Report(at=gone_at, gateway_id=gateway_id, there=False),
            Report(at=back_at, gateway_id=gateway_id, there=True),
        ]
        for device_id in CAMERAS:
            # The gateway starts sooner than its cameras.
            lasting = timedelta(seconds=day.random.randint(5, 25))
            day.reports += _absence(gateway_id, device_id, back_at, lasting)


def _break_line(day: Day, *, backlog: int) -> None:
    since, back_at = MIDNIGHT + timedelta(hours=9), MIDNIGHT + timedelta(hours=11)
    day.incidents.append(_incident("gateway_down", CUT_OFF, "", since, minutes=5))
    day.reports += [
        Report(at=since, gateway_id=CUT_OFF, there=False),
        Report(at=back_at, gateway_id=CUT_OFF, there=True),
    ]
    for number in range(backlog):
        at = back_at + timedelta(seconds=1 + number // 20)
        device_id = day.random.choice(CAMERAS)
        if number % 10:
            _move(day, at, CUT_OFF, device_id, late=True)
        elif number % 20:
            day.reports += [
                Report(at=at, gateway_id=CUT_OFF, device_id=device_id, said=said, late=True)
                for said in _away(1.0)
            ]
        else:
            said = _bag(day, at)
            day.reports.append(
                Report(at=at, gateway_id=CUT_OFF, device_id=device_id, said=said, late=True)
            )


def _move(day: Day, at: datetime, gateway_id: str, device_id: str, *, late: bool = False) -> None:
    said = MotionStarted(zone=ZONE, share=0.5)
    day.reports.append(
        Report(at=at, gateway_id=gateway_id, device_id=device_id, said=said, late=late)
    )


def _absence(gateway_id: str, device_id: str, at: datetime, lasting: timedelta) -> list[Report]:
    gone, back = _away(lasting.total_seconds())
    return [
        Report(at=at, gateway_id=gateway_id, device_id=device_id, said=gone),
        Report(at=at + lasting, gateway_id=gateway_id, device_id=device_id, said=back),
    ]


def _away(lasting_s: float) -> Iterator[EventData]:
    yield DeviceDown(device_kind=DeviceKind.CAMERA, reason=DownReason.UNREACHABLE)
    yield DeviceUp(device_kind=DeviceKind.CAMERA, down_s=lasting_s)


def _any_camera(day: Day) -> tuple[str, str]:
    return day.random.choice(GATEWAYS), day.random.choice(CAMERAS)


def _incident(
    kind: str, gateway_id: str, device_id: str, at: datetime, *, minutes: float
) -> Incident:
    return Incident(
        name=f"{kind} at {gateway_id} {device_id}".strip(),
        kind=kind,
        gateway_ids=(gateway_id,),
        device_ids=(device_id,) if device_id else (),
        since=at,
        within=timedelta(minutes=minutes),
    )
