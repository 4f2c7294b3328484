"""What is needed whatever its age: queries for alarms on hold or not over, and what belongs to them."""

from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, exists, or_, select

from ioc.alarms import AlarmState
from ioc.evidence.behind import shown_by
from ioc.keeping.holds import held
from ioc.store.tables import alarm_parts, alarm_transitions, alarms, events, evidence


def needed_alarms() -> Select[Any]:
    """Return the ids of alarms of which nothing may be deleted: on hold, or not over."""
    return select(alarms.c.alarm_id).where(
        or_(alarms.c.state != AlarmState.NORMAL, alarms.c.alarm_id.in_(held()))
    )


def shows_something() -> ColumnElement[bool]:
    """Tell of a row of `alarms` whether a picture or clip of it is stored."""
    return exists().where(evidence.c.alarm_id == alarms.c.alarm_id, evidence.c.state == "stored")


def needed_evidence(row: FromClause = evidence) -> ColumnElement[bool]:
    """Tell of a row of `evidence` whether such an alarm shows it, also a rule's from another's events."""
    return shown_by(needed_alarms(), row)


def is_needed_event() -> ColumnElement[bool]:
    """Tell of a row of `events` whether it made such an alarm what it is, or announced its pictures.

    Of a rule's alarm also the parts: what came before the event that completed it.
    """
    told = (
        select(alarm_transitions.c.event_id)
        .where(alarm_transitions.c.alarm_id.in_(needed_alarms()))
        .where(alarm_transitions.c.event_id.is_not(None))
    )
    shown = select(evidence.c.event_id).where(needed_evidence())
    behind = select(alarm_parts.c.part_id).where(alarm_parts.c.alarm_id.in_(needed_alarms()))
    needed = told.union(shown, behind).subquery()
    return exists().where(needed.c.event_id == events.c.event_id)


def is_needed_file() -> ColumnElement[bool]:
    """Tell of a row of `evidence` whether such an alarm shows its file, under whatever name."""
    same = evidence.alias("same")
    # PostgreSQL would look through all that is needed once per row, were this `sha256 IN`.
    return exists().where(same.c.sha256 == evidence.c.sha256, needed_evidence(same))
