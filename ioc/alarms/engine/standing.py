"""Where one alarm stands: its ISA-18.2 state, whether it may call, and its timers; pure."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from ioc.alarms.states import AlarmState, Cause


class Suppression(StrEnum):
    """Why an alarm may not call, beside its state (ISA-18.2); empty: it may."""

    NONE = ""
    SHELVED = "shelved"
    """A person has put it aside, with a reason, until an instant."""
    BY_DESIGN = "suppressed_by_design"
    """Another alarm explains it, a schedule expects it, or a flood has gathered it."""
    OUT_OF_SERVICE = "out_of_service"
    """Its device is being worked on."""


class Reason(StrEnum):
    """Why people are called."""

    RAISE = "raise"
    ESCALATE = "escalate"
    """Nobody has answered in time: the next person."""
    REMIND = "remind"
    """It should have been resolved by now, and nobody has answered it."""
    OVERDUE = "overdue"
    """It should have been resolved by now by whoever has it."""
    SHELF_EXPIRED = "shelf_expired"
    """It was put aside, the time is over, and it still lasts."""


AWAITING = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.RTN_UNACKNOWLEDGED})
ACTIVE = frozenset({AlarmState.UNACKNOWLEDGED, AlarmState.ACKNOWLEDGED})


@dataclass(frozen=True, kw_only=True)
class Standing:
    """One alarm as the engine sees it; instants are the centre's clock, None: not running."""

    state: AlarmState = AlarmState.NORMAL
    latched: bool = False
    annunciate: bool = False
    """It has called somebody; false while delayed, suppressed or recorded late."""
    late: bool = False
    suppression: Suppression = Suppression.NONE
    suppressed_until: datetime | None = None
    cause_id: str | None = None
    """The alarm that explains it."""
    annunciates_at: datetime | None = None
    returns_at: datetime | None = None
    calms_at: datetime | None = None
    acknowledge_by: datetime | None = None
    resolve_by: datetime | None = None
    escalates_at: datetime | None = None
    reminds_at: datetime | None = None
    stales_at: datetime | None = None
    paused_at: datetime | None = None
    """Since when its gateway cannot be reached: acknowledging and resolving are not counted."""
    escalation_step: int = 0
    chattering: bool = False
    stale: bool = False
    toggles: tuple[datetime, ...] = field(default=())
    """The newest changes between there and gone, oldest first."""

    @property
    def active(self) -> bool:
        """Whether its condition lasts, as far as is known."""
        return self.state in ACTIVE

    @property
    def next_due_at(self) -> datetime | None:
        """The earliest instant at which time alone changes something."""
        return min((due for due, _ in running(self)), default=None)


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What has become of an alarm."""

    standing: Standing
    cause: Cause | None
    """Of the line in the log; None: nothing worth a line."""
    calls: Reason | None = None
    """It would call people, if nothing else speaks against it: see `machine.call`."""
    annunciation: Reason | None = None
    """People must be called, in the same transaction."""


class Timer(StrEnum):
    """What may fall due, in the order in which it is looked at."""

    RETURN = "return"
    ANNUNCIATE = "annunciate"
    SHELF = "shelf"
    CALM = "calm"
    ESCALATE = "escalate"
    REMIND = "remind"
    STALE = "stale"


def running(standing: Standing) -> list[tuple[datetime, Timer]]:
    """Return the timers that run, soonest first; of an alarm that is over only its shelf's."""
    shelf = (standing.suppressed_until, Timer.SHELF)
    if standing.state is AlarmState.NORMAL:
        timers = [shelf]
    else:
        served = standing.paused_at is None
        timers = [
            (standing.returns_at, Timer.RETURN),
            (standing.annunciates_at, Timer.ANNUNCIATE),
            shelf,
            (standing.calms_at, Timer.CALM),
            (standing.escalates_at if served else None, Timer.ESCALATE),
            (standing.reminds_at if served else None, Timer.REMIND),
            (standing.stales_at, Timer.STALE),
        ]
    return sorted(((due, name) for due, name in timers if due is not None), key=lambda t: t[0])
