"""Alarms: what needs a person's answer, in the four states of ISA-18.2."""

from ioc.alarms.desk import (
    AlarmUnknown,
    Occurrence,
    acknowledge,
    raise_alarm,
    return_alarm,
    return_latched,
)
from ioc.alarms.rules import (
    RULES,
    AlarmKind,
    Priority,
    Raise,
    Return,
    Rule,
    broadcast_failed,
    broadcast_object_id,
)
from ioc.alarms.states import AlarmState, Cause, TransitionRefused

__all__ = [
    "RULES",
    "AlarmKind",
    "AlarmState",
    "AlarmUnknown",
    "Cause",
    "Occurrence",
    "Priority",
    "Raise",
    "Return",
    "Rule",
    "TransitionRefused",
    "acknowledge",
    "broadcast_failed",
    "broadcast_object_id",
    "raise_alarm",
    "return_alarm",
    "return_latched",
]
