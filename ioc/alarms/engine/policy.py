"""How each kind of alarm behaves in time, and how soon people must answer; pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, timedelta, tzinfo
from types import MappingProxyType

from ioc.alarms.engine.causes import Causes
from ioc.alarms.engine.schedules import Schedule
from ioc.alarms.rules import AlarmKind, Priority

NOT_AT_ALL = timedelta(0)
LEADER, EVERYBODY = 2, 3
"""Escalation goes from who is on duty (0) to the deputy (1), the leader and everybody who may answer."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How one kind of alarm behaves in time."""

    on_delay: timedelta = NOT_AT_ALL
    """The condition must last so long before it calls."""
    off_delay: timedelta = NOT_AT_ALL
    """The condition must be gone so long before it counts as over."""
    chatters: bool = False
    """Its condition may come and go: watched for chattering."""
    grouped: bool = False
    """A fault of equipment: in a flood the like of it becomes one row and one sound."""
    realarms_after: timedelta | None = None
    """Answered and chattering, it calls anew for what comes after so long a quiet; None: never."""
    priority: Priority | None = None
    """Instead of the product's."""


@dataclass(frozen=True, kw_only=True)
class ServiceLevel:
    """How soon people must answer alarms of one priority; None: whenever they can."""

    acknowledge_within: timedelta | None = None
    resolve_within: timedelta | None = None
    escalate_every: timedelta = timedelta(minutes=10)
    """From the deputy on to the next."""
    last_step: int = LEADER


@dataclass(frozen=True, kw_only=True)
class Limits:
    """When alarms are too many, after ISA-18.2 and EEMUA 191."""

    chattering_toggles: int = 3
    chattering_within: timedelta = timedelta(minutes=1)
    calm_after: timedelta = timedelta(minutes=5)
    """Without a change: chattering is over."""
    flood_calls: int = 10
    flood_within: timedelta = timedelta(minutes=10)
    stale_after: timedelta = timedelta(hours=24)
    grace: timedelta = timedelta(seconds=30)
    """For what an ended cause has explained: time to come back by itself."""
    open_per_gateway: int = 500
    """From so many open alarms of one gateway on no more are opened: see `engine.ceiling`.

    The largest gateway has 64 cameras: eight of each camera at once are no evening, but a fault.
    """


REALARMS_AFTER = timedelta(minutes=2)
"""Whoever stays at the edge of a zone comes and goes within the minute that ISA-18.2 calls chattering;
twice that is somebody else, or somebody who came back. After `calm_after` it is a new alarm anyhow."""
_WATCHED = Behaviour(chatters=True)
_EQUIPMENT = Behaviour(chatters=True, grouped=True)

UNDELAYED: Mapping[AlarmKind, Behaviour] = MappingProxyType(
    {
        AlarmKind.INTRUSION: Behaviour(chatters=True, realarms_after=REALARMS_AFTER),
        AlarmKind.LOITERING: _WATCHED,
        AlarmKind.CROWDING: _WATCHED,
        AlarmKind.RULE: _WATCHED,
        AlarmKind.CAMERA_DEGRADED: _EQUIPMENT,
        AlarmKind.DEVICE_DOWN: _EQUIPMENT,
        AlarmKind.GATEWAY_DOWN: _EQUIPMENT,
    }
)
"""Without the delays, which are an installation's to decide."""

SERVICE_LEVELS: Mapping[Priority, ServiceLevel] = MappingProxyType(
    {
        Priority.CRITICAL: ServiceLevel(
            acknowledge_within=timedelta(minutes=2),
            resolve_within=timedelta(minutes=30),
            escalate_every=timedelta(minutes=3),
            last_step=EVERYBODY,
        ),
        Priority.HIGH: ServiceLevel(
            acknowledge_within=timedelta(minutes=10), resolve_within=timedelta(hours=2)
        ),
        Priority.MEDIUM: ServiceLevel(
            acknowledge_within=timedelta(hours=1), resolve_within=timedelta(hours=24)
        ),
        Priority.LOW: ServiceLevel(),
    }
)


@dataclass(frozen=True, kw_only=True)
class Policies:
    """Everything an installation decides about its alarms."""

    behaviours: Mapping[AlarmKind, Behaviour] = field(default_factory=lambda: UNDELAYED)
    service_levels: Mapping[Priority, ServiceLevel] = field(default_factory=lambda: SERVICE_LEVELS)
    limits: Limits = Limits()
    causes: Causes = field(default_factory=Causes)
    schedules: tuple[Schedule, ...] = ()
    zone: tzinfo = UTC
    """In which the schedules' hours are meant."""

    def of(self, kind: AlarmKind) -> Behaviour:
        """Return how a kind behaves."""
        return self.behaviours.get(kind, _PLAIN)


_PLAIN = Behaviour()
UNDELAYED_POLICIES = Policies()
