"""Many alarms answered at once, each by itself: chosen, weighed one by one, logged one by one.

What a person must see with their own eyes is never answered like this. Whether the person may answer
is asked for each alarm; all of it runs in the caller's transaction.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import KIND_OF, IntrusionStarted
from ioc.alarms import rows
from ioc.alarms.answers import answer, return_latched
from ioc.alarms.rules import AlarmKind, Priority
from ioc.alarms.states import (
    AlarmState,
    Cause,
    TransitionRefused,
    decide_acknowledge,
    decide_close,
)
from ioc.store import ledger
from ioc.store.tables import alarm_parts, alarm_transitions, events

MOST = 500
"""Alarms at once: what one gateway may have open, and a fraction of a second for everybody else."""
LONGEST_REASON = 300
_MARK = "together:"
_AWAITING = (AlarmState.UNACKNOWLEDGED, AlarmState.RTN_UNACKNOWLEDGED)
_CALLS_ANEW = (Cause.RAISE, Cause.ANNUNCIATE)

Deed = Literal["acknowledge", "close"]


class Left(StrEnum):
    """Why an alarm was left as it is."""

    NOT_FOUND = "not_found"
    """It does not exist for this person."""
    FORBIDDEN = "forbidden"
    PRESSING = "pressing"
    """An emergency or an intrusion: a person looks at each."""
    CHANGED = "changed"
    """It has called anew since the person saw the list."""
    DONE = "done"
    """It has been answered already, or is over."""
    LASTS = "lasts"
    """To be closed, but its condition lasts: it ends by itself."""


@dataclass(frozen=True, kw_only=True)
class Wish:
    """What a person wants of which alarms."""

    alarm_ids: tuple[str, ...]
    """Each once."""
    deed: Deed
    reason: str = ""
    as_of: int
    """The newest line of any alarm's log when the person saw the list: see `newest_line`."""
    login: str
    at: datetime


@dataclass(frozen=True, kw_only=True)
class Weighed:
    """Which alarms of a wish may be answered like this, and why not the others."""

    chosen: tuple[RowMapping, ...]
    left: dict[str, Left]


@dataclass(frozen=True, kw_only=True)
class Rights:
    """What a person may do with alarms of an area."""

    may_see: Callable[[str], bool]
    """Whether they exist for the person."""
    may: Callable[[str], bool]
    """Whether the person may answer them."""


@dataclass(frozen=True, kw_only=True)
class Together:
    """What has become of a wish."""

    answered: tuple[str, ...]
    left: dict[str, Left]


def is_pressing(kind: str, priority: str) -> bool:
    """Tell whether people answer alarms of this kind and priority one by one only."""
    return kind == AlarmKind.INTRUSION or priority == Priority.CRITICAL


def note_of(others: int, reason: str = "") -> str:
    """Return the note in the log of an alarm that was answered together with others."""
    return f"{_MARK}{others} {reason}".rstrip()


def read_note(cause: str, note: str | None) -> tuple[int | None, str | None]:
    """Return with how many others an alarm was answered, None: alone; and what was written."""
    if cause not in (Cause.ACKNOWLEDGE, Cause.CLOSE) or not (note or "").startswith(_MARK):
        return None, note
    others, _, reason = (note or "").removeprefix(_MARK).partition(" ")
    return int(others), reason or None


async def newest_line(connection: AsyncConnection) -> int:
    """Return the number of the newest line of any alarm's log."""
    return int(await connection.scalar(select(func.max(alarm_transitions.c.number))) or 0)


async def answer_together(connection: AsyncConnection, wish: Wish, rights: Rights) -> Together:
    """Answer those of some alarms that may be answered like this; the rest stays as it is.

    Again with the same wish it changes nothing more. To close means: what a person may end is over
    then, with an acknowledgement before it where nobody has given one.
    """
    weighed = await weigh(connection, wish, rights)
    note = note_of(len(weighed.chosen) - 1, wish.reason)
    for alarm in weighed.chosen:
        await _do(connection, alarm, wish, note)
    answered = tuple(alarm["alarm_id"] for alarm in weighed.chosen)
    return Together(answered=answered, left=weighed.left)


async def weigh(connection: AsyncConnection, wish: Wish, rights: Rights) -> Weighed:
    """Return what `answer_together` would do now; changes nothing."""
    found = {row["alarm_id"]: row for row in await rows.find_all(connection, wish.alarm_ids)}
    rules = [alarm_id for alarm_id, row in found.items() if row["kind"] == AlarmKind.RULE]
    pressing = await of_intrusions(connection, rules) if rules else set()
    anew = await _called_anew(connection, wish)
    left: dict[str, Left] = {}
    chosen: list[RowMapping] = []
    for alarm_id in wish.alarm_ids:
        alarm = found.get(alarm_id)
        if alarm is None or not rights.may_see(alarm["area_id"]):
            left[alarm_id] = Left.NOT_FOUND
        elif not rights.may(alarm["area_id"]):
            left[alarm_id] = Left.FORBIDDEN
        elif alarm_id in pressing or is_pressing(alarm["kind"], alarm["priority"]):
            left[alarm_id] = Left.PRESSING
        elif alarm_id in anew:
            left[alarm_id] = Left.CHANGED
        elif why := _hinders(alarm, wish.deed):
            left[alarm_id] = why
        else:
            chosen.append(alarm)
    return Weighed(chosen=tuple(chosen), left=left)


def _hinders(alarm: RowMapping, deed: Deed) -> Left | None:
    """Return why the deed cannot be done, as the decisions about one alarm say."""
    state, latched = AlarmState(alarm["state"]), bool(alarm["latched"])
    if state is AlarmState.NORMAL:
        return Left.DONE
    try:
        if deed == "acknowledge":
            decide_acknowledge(state)
            return None
        after = decide_acknowledge(state) if state in _AWAITING else state
        if after is not AlarmState.NORMAL:
            decide_close(after, latched=latched)
    except TransitionRefused:
        return Left.DONE if deed == "acknowledge" else Left.LASTS
    return None


async def _do(connection: AsyncConnection, alarm: RowMapping, wish: Wish, note: str) -> None:
    login, at, state = wish.login, wish.at, AlarmState(alarm["state"])
    if state in _AWAITING:
        state = await answer(connection, alarm, login=login, at=at, note=note)
    if wish.deed == "close" and state is not AlarmState.NORMAL:
        await return_latched(connection, alarm["alarm_id"], login=login, at=at, note=note)


async def _called_anew(connection: AsyncConnection, wish: Wish) -> set[str]:
    await ledger.settle(connection, alarm_transitions)
    query = (
        select(alarm_transitions.c.alarm_id)
        .where(alarm_transitions.c.number > wish.as_of)
        .where(alarm_transitions.c.alarm_id.in_(wish.alarm_ids))
        .where(alarm_transitions.c.cause.in_(_CALLS_ANEW))
    )
    return set(await connection.scalars(query))


async def of_intrusions(connection: AsyncConnection, alarm_ids: Sequence[str]) -> set[str]:
    """Return those alarms, as a rule's, in whose log or behind which an intrusion stands."""
    found: set[str] = set()
    for alarm_id, event_id in (
        (alarm_transitions.c.alarm_id, alarm_transitions.c.event_id),
        (alarm_parts.c.alarm_id, alarm_parts.c.part_id),
    ):
        query = (
            select(alarm_id)
            .join(events, events.c.event_id == event_id)
            .where(alarm_id.in_(alarm_ids), events.c.kind == KIND_OF[IntrusionStarted])
        )
        found |= set(await connection.scalars(query))
    return found
