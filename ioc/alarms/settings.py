"""What the settings file says of alarms, checked, as the engine's policies."""

from datetime import time, timedelta
from typing import Annotated, Literal, Self
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field, model_validator

from ioc.alarms.engine.causes import Causes
from ioc.alarms.engine.policy import (
    SERVICE_LEVELS,
    UNDELAYED,
    Behaviour,
    Limits,
    Policies,
    ServiceLevel,
)
from ioc.alarms.engine.schedules import EVERY_DAY, Schedule
from ioc.alarms.rules import AlarmKind, Priority

Seconds = Annotated[float, Field(ge=0, le=86_400)]
Minutes = Annotated[float, Field(gt=0, le=43_200)]
Place = Annotated[str, Field(pattern=r"^(supply:)?[a-z0-9-]{1,63}(/[a-z0-9-]{1,63})?$")]
Hour = Annotated[str, Field(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_DAYS: tuple[Day, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Kind(_Strict):
    """How one kind of alarm behaves; None: as the product has it."""

    on_delay_s: Seconds | None = None
    """The condition must last so long before it calls."""
    off_delay_s: Seconds | None = None
    """The condition must be gone so long before it counts as over."""
    realarm_after_s: Seconds | None = None
    """Answered and chattering, it calls anew for what comes after so long a quiet; 0: never."""
    priority: Priority | None = None


class Service(_Strict):
    """How soon people must answer alarms of one priority; None: whenever they can."""

    acknowledge_within_min: Minutes | None = None
    resolve_within_min: Minutes | None = None
    escalate_every_min: Minutes = 10


class Expected(_Strict):
    """Hours in which alarms of some kinds are expected and call nobody."""

    name: Annotated[str, Field(min_length=1, max_length=100)]
    kinds: Annotated[tuple[AlarmKind, ...], Field(min_length=1)]
    begins: Hour = Field(alias="from")
    """In quotes: YAML takes a bare 05:00 for a number."""
    ends: Hour = Field(alias="to")
    """Not after `from`: on the next day."""
    days: tuple[Day, ...] = _DAYS
    areas: tuple[str, ...] | None = None
    devices: tuple[str, ...] | None = None


_DELAYS = {
    AlarmKind.GATEWAY_DOWN: Kind(on_delay_s=60, off_delay_s=30),
    AlarmKind.DEVICE_DOWN: Kind(on_delay_s=30, off_delay_s=15),
}


class AlarmSettings(_Strict):
    """What an installation decides about its alarms."""

    kinds: dict[AlarmKind, Kind] = Field(default_factory=dict)
    service: dict[Priority, Service] = Field(default_factory=dict)
    depends_on: dict[Place, Place] = Field(default_factory=dict)
    """From `gateway/device` or `gateway` to what it hangs on: a device, or `supply:name`."""
    expected: Annotated[tuple[Expected, ...], Field(max_length=100)] = ()
    shift_ends: Annotated[tuple[Hour, ...], Field(min_length=1, max_length=24)] = (
        "07:00",
        "13:00",
        "19:00",
    )
    """For what is put aside to the end of the shift."""
    stale_after_h: Annotated[float, Field(gt=0, le=720)] = 24
    open_per_gateway: Annotated[int, Field(ge=50, le=5_000)] = 500
    """A gateway with so many open alarms opens no more but those that must never be held back."""

    @model_validator(mode="after")
    def _no_circle(self) -> Self:
        Causes(depends_on=self.depends_on)
        return self


def policies_of(settings: AlarmSettings, zone: ZoneInfo) -> Policies:
    """Return what the settings mean; what they do not name is as the product has it."""
    return Policies(
        behaviours={kind: _behaviour(kind, settings) for kind in AlarmKind},
        service_levels={
            **SERVICE_LEVELS,
            **{priority: _level(priority, one) for priority, one in settings.service.items()},
        },
        limits=Limits(
            stale_after=timedelta(hours=settings.stale_after_h),
            open_per_gateway=settings.open_per_gateway,
        ),
        causes=Causes(depends_on=settings.depends_on),
        schedules=tuple(_schedule(each) for each in settings.expected),
        zone=zone,
    )


def _behaviour(kind: AlarmKind, settings: AlarmSettings) -> Behaviour:
    known = UNDELAYED.get(kind, Behaviour())
    product, wanted = _DELAYS.get(kind, Kind()), settings.kinds.get(kind, Kind())
    on_s = product.on_delay_s if wanted.on_delay_s is None else wanted.on_delay_s
    off_s = product.off_delay_s if wanted.off_delay_s is None else wanted.off_delay_s
    quiet = known.realarms_after
    if wanted.realarm_after_s is not None:
        quiet = timedelta(seconds=wanted.realarm_after_s) or None
    return Behaviour(
        on_delay=timedelta(seconds=on_s or 0),
        off_delay=timedelta(seconds=off_s or 0),
        chatters=known.chatters,
        grouped=known.grouped,
        realarms_after=quiet,
        priority=wanted.priority,
    )


def _level(priority: Priority, service: Service) -> ServiceLevel:
    return ServiceLevel(
        acknowledge_within=_minutes(service.acknowledge_within_min),
        resolve_within=_minutes(service.resolve_within_min),
        escalate_every=timedelta(minutes=service.escalate_every_min),
        last_step=SERVICE_LEVELS[priority].last_step,
    )


def _schedule(expected: Expected) -> Schedule:
    days = frozenset(_DAYS.index(day) for day in expected.days)
    return Schedule(
        name=expected.name,
        kinds=frozenset(expected.kinds),
        begins=time.fromisoformat(expected.begins),
        ends=time.fromisoformat(expected.ends),
        days=days or EVERY_DAY,
        area_ids=None if expected.areas is None else frozenset(expected.areas),
        device_ids=None if expected.devices is None else frozenset(expected.devices),
    )


def _minutes(duration_min: float | None) -> timedelta | None:
    return None if duration_min is None else timedelta(minutes=duration_min)
