"""Alarms: what needs a person's answer, in the four states of ISA-18.2."""

from ioc.alarms.answers import (
    AlarmUnknown,
    FalseReason,
    acknowledge,
    mark_false,
    note_fixture_order,
    note_forgetting,
    return_latched,
    undo_mark,
)
from ioc.alarms.corroboration import corroborate
from ioc.alarms.desk import Occurrence, raise_alarm, return_alarm
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
from ioc.alarms.talk_downs import TALK_DOWN, note_talk_down

__all__ = [
    "RULES",
    "TALK_DOWN",
    "AlarmKind",
    "AlarmState",
    "AlarmUnknown",
    "Cause",
    "FalseReason",
    "Occurrence",
    "Priority",
    "Raise",
    "Return",
    "Rule",
    "TransitionRefused",
    "acknowledge",
    "broadcast_failed",
    "broadcast_object_id",
    "corroborate",
    "mark_false",
    "note_fixture_order",
    "note_forgetting",
    "note_talk_down",
    "raise_alarm",
    "return_alarm",
    "return_latched",
    "undo_mark",
]
