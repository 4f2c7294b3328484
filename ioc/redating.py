"""Events of a gateway by the centre's clock: where one instant is corrected, all are; pure."""

from datetime import datetime, timedelta

from contracts.codec import Wire
from contracts.envelope import Event


def redated(event: Event, occurred_at: datetime) -> Event:
    """Return an event as of `occurred_at`, every instant in its data moved as far."""
    offset_s = (occurred_at - event.occurred_at).total_seconds()
    if not offset_s:
        return event
    data = _shifted(event.data, offset_s)
    return event.model_copy(update={"occurred_at": occurred_at, "data": data})


def shift(instant: datetime, offset_s: float) -> datetime:
    """Return `instant` moved by `offset_s`, or as it is where the calendar ends."""
    try:
        return instant + timedelta(seconds=offset_s)
    except OverflowError:
        return instant


def _shifted(value: object, offset_s: float) -> object:
    match value:
        case datetime():
            return shift(value, offset_s)
        case tuple():
            return tuple(_shifted(each, offset_s) for each in value)
        case Wire():
            moved = {name: _shifted(each, offset_s) for name, each in value}
            return value.model_copy(update=moved)
        case _:
            return value
