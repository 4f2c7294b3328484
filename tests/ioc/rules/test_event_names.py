"""Sentences of rules call every event by a name."""

from contracts.events import EVENT_KINDS
from ioc.rules.evaluation.event_names import event_name


def test_every_kind_of_event_has_a_name_in_both_languages() -> None:
    """A code tells an operator nothing."""
    for kind in EVENT_KINDS:
        stem = kind.rpartition(".")[0]
        assert event_name(kind) == event_name(stem)
        assert stem not in event_name(kind)


def test_a_kind_without_a_name_is_called_by_itself() -> None:
    """As a later release may send it."""
    assert event_name("drone.seen.v1") == ("drone.seen", "drone.seen")
