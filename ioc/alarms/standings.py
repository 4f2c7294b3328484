"""Alarm rows as the engine's values and back; holds no rule."""

from datetime import datetime
from typing import Any

from sqlalchemy import RowMapping

from ioc.alarms.engine.machine import Nature
from ioc.alarms.engine.standing import Standing, Suppression
from ioc.alarms.engine.suppressing import Subject
from ioc.alarms.rules import AlarmKind, Priority
from ioc.alarms.states import AlarmState

_SAME = (
    "latched",
    "annunciate",
    "late",
    "suppressed_until",
    "cause_id",
    "annunciates_at",
    "returns_at",
    "calms_at",
    "acknowledge_by",
    "resolve_by",
    "escalates_at",
    "reminds_at",
    "stales_at",
    "paused_at",
    "escalation_step",
    "chattering",
    "stale",
)


def standing_of(alarm: RowMapping) -> Standing:
    """Return where an alarm stands by its row."""
    return Standing(
        state=AlarmState(alarm["state"]),
        suppression=Suppression(alarm["suppression"]),
        toggles=tuple(datetime.fromisoformat(at) for at in alarm["toggles"]),
        **{name: alarm[name] for name in _SAME},
    )


def columns_of(standing: Standing) -> dict[str, Any]:
    """Return the columns that say where an alarm stands."""
    return {
        "state": standing.state,
        "suppression": standing.suppression,
        "toggles": [at.isoformat() for at in standing.toggles],
        "next_due_at": standing.next_due_at,
        **{name: getattr(standing, name) for name in _SAME},
    }


def nature_of(alarm: RowMapping) -> Nature:
    """Return what never changes about an alarm."""
    return Nature(
        kind=AlarmKind(alarm["kind"]),
        priority=Priority(alarm["priority"]),
        latched=alarm["latched"],
    )


def subject_of(alarm: RowMapping | dict[str, Any]) -> Subject:
    """Return which alarm it is that would call."""
    return Subject(
        alarm_id=alarm["alarm_id"],
        kind=AlarmKind(alarm["kind"]),
        priority=Priority(alarm["priority"]),
        gateway_id=alarm["gateway_id"],
        object_id=alarm["object_id"],
        device_id=alarm["device_id"],
        area_id=alarm["area_id"],
    )
