"""Tells alarms that come and go all the time from those that mean something; pure."""

from datetime import datetime, timedelta

from ioc.alarms.engine.policy import Limits

Toggles = tuple[datetime, ...]


def note(toggles: Toggles, at: datetime, limits: Limits) -> Toggles:
    """Return the changes after one more: as many as chattering takes, oldest first."""
    return (*toggles, at)[-limits.chattering_toggles :]


def is_chattering(toggles: Toggles, limits: Limits) -> bool:
    """Tell whether the newest changes are chattering: three within a minute by ISA-18.2."""
    if len(toggles) < limits.chattering_toggles:
        return False
    lasted = toggles[-1] - toggles[0]
    # Less than nothing: the clock was set back in between.
    return timedelta(0) <= lasted <= limits.chattering_within
