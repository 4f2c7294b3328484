"""What of talk-downs outlasts a restart; runs in an `Entry`."""

from datetime import date

from pydantic import BaseModel, ConfigDict, TypeAdapter

from contracts.codec import decode, encode
from contracts.commands import SetTalkDowns
from edge_agent.loudspeakers.talk_downs.decision import History
from edge_agent.outbox import Entry
from edge_agent.timekeeping import Moment

_SETTINGS = "talk_downs"
_SETTINGS_NUMBER = "talk_downs_command"
_HISTORIES = "talk_down_histories"
_UNANSWERED = "talk_downs_unanswered"


class Unanswered(BaseModel):
    """A talk-down that was spoken, and of which nobody knows yet what came of it."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    broadcast_id: str
    object_id: str
    camera_id: str


class _StoredHistory(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    last: Moment | None
    day: date | None
    count: int


_STORED_HISTORIES = TypeAdapter(dict[str, _StoredHistory])
_STORED_UNANSWERED = TypeAdapter(tuple[Unanswered, ...])


def store_settings(entry: Entry, settings: SetTalkDowns, *, command_number: int) -> bool:
    """Keep what was ordered, unless a later order is kept already; return whether it is."""
    if command_number < int(entry.meta(_SETTINGS_NUMBER) or 0):
        return False
    entry.set_meta(_SETTINGS, encode(settings).decode())
    entry.set_meta(_SETTINGS_NUMBER, str(command_number))
    kept = {one.talk_down_id for one in settings.talk_downs}
    store_histories(entry, {key: one for key, one in histories(entry).items() if key in kept})
    return True


def settings(entry: Entry) -> SetTalkDowns:
    """Return what was ordered last.

    Raises:
        ContractError: what is stored cannot be read.
    """
    stored = entry.meta(_SETTINGS)
    return SetTalkDowns(talk_downs=()) if stored is None else decode(SetTalkDowns, stored)


def store_histories(entry: Entry, told: dict[str, History]) -> None:
    """Keep what each talk-down has said, by its id."""
    stored = {
        key: _StoredHistory(last=one.last, day=one.day, count=one.count)
        for key, one in told.items()
    }
    entry.set_meta(_HISTORIES, _STORED_HISTORIES.dump_json(stored).decode())


def histories(entry: Entry) -> dict[str, History]:
    """Return what each talk-down has said, by its id."""
    stored = _STORED_HISTORIES.validate_json(entry.meta(_HISTORIES) or "{}")
    return {
        key: History(last=one.last, day=one.day, count=one.count) for key, one in stored.items()
    }


def await_answer(entry: Entry, unanswered: Unanswered) -> None:
    """Remember that an answer is owed."""
    _store_unanswered(entry, (*all_unanswered(entry), unanswered))


def answered(entry: Entry, broadcast_id: str) -> bool:
    """Forget that an answer is owed; return whether it was."""
    owed = all_unanswered(entry)
    left = tuple(one for one in owed if one.broadcast_id != broadcast_id)
    _store_unanswered(entry, left)
    return len(left) < len(owed)


def all_unanswered(entry: Entry) -> tuple[Unanswered, ...]:
    """Return every talk-down of which an answer is owed."""
    return _STORED_UNANSWERED.validate_json(entry.meta(_UNANSWERED) or "[]")


def _store_unanswered(entry: Entry, owed: tuple[Unanswered, ...]) -> None:
    entry.set_meta(_UNANSWERED, _STORED_UNANSWERED.dump_json(owed).decode())
