"""Which files are daily backups, when the next one is due, and which are too many; pure."""

import re
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

_NAME = re.compile(r"ioc-(\d{4}-\d{2}-\d{2}-\d{4})\.backup")
_LEFT = re.compile(r"\.ioc-\d{4}-\d{2}-\d{2}-\d{4}\.backup\..+")
_STAMP = "%Y-%m-%d-%H%M"
_WRONG_CLOCK = timedelta(hours=1)


def name_of(taken_at: datetime, zone: ZoneInfo) -> str:
    """Return the name of a backup that is begun now."""
    return f"ioc-{taken_at.astimezone(zone):{_STAMP}}.backup"


def taken_at(name: str, zone: ZoneInfo) -> datetime | None:
    """Return when a backup was begun, by its name; None: it is not one of ours."""
    found = _NAME.fullmatch(name)
    if found is None:
        return None
    try:
        return datetime.strptime(found[1], _STAMP).replace(tzinfo=zone)
    except ValueError:
        return None


def is_left(name: str) -> bool:
    """Tell whether this is what a backup that was killed has left behind."""
    return _LEFT.fullmatch(name) is not None


def newest(names: Iterable[str], zone: ZoneInfo, *, now: datetime) -> datetime | None:
    """Return when the newest backup was begun; one from the future proves nothing."""
    begun = [at for at in (taken_at(name, zone) for name in names) if at is not None]
    return max((at for at in begun if at <= now + _WRONG_CLOCK), default=None)


def is_due(last: datetime | None, *, now: datetime, at: str, zone: ZoneInfo) -> bool:
    """Tell whether a backup is due: none was begun since the hour last came."""
    local = now.astimezone(zone)
    slot = datetime.combine(local.date(), time.fromisoformat(at), tzinfo=zone)
    if slot > local:
        slot -= timedelta(days=1)
    return last is None or last < slot


def surplus(
    names: Iterable[str], zone: ZoneInfo, *, keep: int, made: str, now: datetime
) -> list[str]:
    """Return which backups go, the oldest first; never the one just made, which is known to be whole.

    Those from the future come before all others: the clock was wrong when they were made, and they
    would else be the newest for years.
    """
    begun = [(at, name) for name in names if (at := taken_at(name, zone)) and name != made]
    ours = [name for at, name in sorted(begun, key=lambda one: (one[0] <= now + _WRONG_CLOCK, one))]
    return ours[: max(0, len(ours) + 1 - keep)]
