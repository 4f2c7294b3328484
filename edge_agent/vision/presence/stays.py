"""When a stay in one zone begins and ends: intrusion and loitering, and crowding. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass

END_S = 5.0
"""Nobody of a stay has been there for so long: it is over. Who is back sooner never left."""
STILL_S = 20.0
"""Nor has who has not stirred for so long been there: that is a thing."""
ENTERS, LEAVES = 0.5, 0.1
"""Share of a foot within the zone: hysteresis at its border."""
CALMS = 0.7
"""A crowd has dispersed below this share of what made it one."""
DIP_S = 2.0
"""A crowd that is not one for so long begins anew."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Presence:
    """Where one picture shows one figure."""

    track_id: int
    within: float
    """Share of its foot that is in the zone."""
    stirs: bool
    """It is somebody, and moves just now, if only a hand."""
    came_from: int | None = None
    """Whom it came apart from; their time becomes its own once it stirs."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Began:
    """Somebody has been there, or many have, since `since_s`."""

    since_s: float
    t_s: float
    track_id: int | None
    """Who has been there for longest; None: a crowd."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Ended:
    """Nobody of the stay that began at `since_s` has been there since `until_s`."""

    since_s: float
    until_s: float


@dataclass(kw_only=True, slots=True)
class _Entry:
    entered_s: float
    """When its time began, maybe as another's."""
    own_s: float
    """When it was there as itself for the first time."""
    within_s: float
    """When the foot was within last."""
    stirred_s: float | None
    """When it stirred there last; only what lies before is known to be somebody's time."""
    inherited: bool
    """Its time began as another's."""

    @property
    def stayed_s(self) -> float:
        return -1.0 if self.stirred_s is None else self.stirred_s - self.entered_s

    def over(self, t_s: float) -> bool:
        """Whether it has gone, or is a thing: also what came apart and never stirred by itself."""
        stirred_s = self.own_s if self.stirred_s is None else self.stirred_s
        return t_s - self.within_s > END_S or t_s - stirred_s > STILL_S


class Stay:
    """Turns the figures in one zone into a stay's beginning and end."""

    def __init__(self, present_s: float, *, armed: bool = True) -> None:
        """Prepare; somebody must be there for `present_s` while the zone is armed."""
        self._present_s = present_s
        self.armed = armed
        self._entries: dict[int, _Entry] = {}
        self._since_s: float | None = None
        self._until_s = 0.0

    @property
    def open(self) -> bool:
        """Whether a stay has begun and not ended."""
        return self._since_s is not None

    @property
    def members(self) -> frozenset[int]:
        """The tracks of those who have been there for long enough."""
        enough = self._present_s
        return frozenset(i for i, entry in self._entries.items() if entry.stayed_s >= enough)

    def knows(self, track_id: int) -> bool:
        """Whether it has been in the zone lately."""
        return track_id in self._entries

    def step(self, t_s: float, seen: Sequence[Presence]) -> Began | Ended | None:
        """Take everybody whom a picture shows, in the order of time."""
        if not self.armed:
            return None
        self._entries = {i: e for i, e in self._entries.items() if not e.over(t_s)}
        for one in seen:
            self._note(one, t_s)
        members = self.members
        if members:
            # A thing that somebody left in the zone is there after they have gone.
            entries = [self._entries[i] for i in members]
            self._until_s = max(min(e.within_s, (e.stirred_s or 0.0) + END_S) for e in entries)
        if self._since_s is not None:
            return None if members else self.stop()
        here = [one.track_id for one in seen if one.stirs and one.track_id in members]
        return self._begin(here, t_s) if here else None

    def _begin(self, here: Sequence[int], t_s: float) -> Began:
        first = min(here, key=lambda i: self._entries[i].entered_s)
        self._since_s = self._entries[first].entered_s
        return Began(since_s=self._since_s, t_s=t_s, track_id=first)

    def _note(self, one: Presence, t_s: float) -> None:
        entry = self._entries.get(one.track_id)
        if one.within < (ENTERS if entry is None else LEAVES):
            return
        if entry is None:
            entry = self._enter(one, t_s)
        if entry is None:
            return
        entry.within_s = t_s
        if one.stirs:
            entry.stirred_s = t_s

    def _enter(self, one: Presence, t_s: float) -> _Entry | None:
        parent = self._entries.get(one.came_from) if one.came_from is not None else None
        if parent is not None and parent.inherited:
            # In a dense flow everything comes apart from something; nobody stays.
            parent = None
        if parent is None and not one.stirs:
            return None
        entry = _Entry(
            entered_s=parent.entered_s if parent else t_s,
            own_s=t_s,
            within_s=t_s,
            stirred_s=None,
            inherited=parent is not None,
        )
        self._entries[one.track_id] = entry
        return entry

    def arm(self, *, armed: bool) -> Ended | None:
        """Watch from now on, or do not; disarming ends a stay that is open."""
        if armed == self.armed:
            return None
        self.armed = armed
        return self.stop()

    def stop(self) -> Ended | None:
        """End what is open and forget everybody, as at the end of the stream."""
        since_s, self._since_s = self._since_s, None
        self._entries = {}
        if since_s is None:
            return None
        return Ended(since_s=since_s, until_s=max(since_s, self._until_s))


class Crowd:
    """Turns the covered share of one zone into a crowd's beginning and end."""

    def __init__(self, crowd_share: float, present_s: float, *, armed: bool = True) -> None:
        """Prepare; so much of the zone must be covered for `present_s` while it is armed."""
        self._crowd_share = crowd_share
        self._present_s = present_s
        self.armed = armed
        self._since_s: float | None = None
        self._crowded_s = 0.0
        self._thin = False
        self._dense_s = 0.0
        self._began = False

    @property
    def open(self) -> bool:
        """Whether a crowd has gathered and not dispersed."""
        return self._began

    def step(self, t_s: float, share: float) -> Began | Ended | None:
        """Take the share of the zone that figures cover in a picture, in the order of time."""
        if not self.armed:
            return None
        if share >= CALMS * self._crowd_share:
            self._dense_s = t_s
        if self._began:
            return self.stop() if t_s - self._dense_s >= END_S else None
        return self._gather(t_s, share)

    def _gather(self, t_s: float, share: float) -> Began | None:
        # A dip lasts until the crowd is seen again; pictures that are far apart alone are none.
        was_thin, self._thin = self._thin, share < self._crowd_share
        if (was_thin or self._thin) and t_s - self._crowded_s > DIP_S:
            self._since_s = None
        if self._thin:
            return None
        self._crowded_s = t_s
        if self._since_s is None:
            self._since_s = t_s
        if t_s - self._since_s < self._present_s:
            return None
        self._began = True
        return Began(since_s=self._since_s, t_s=t_s, track_id=None)

    def arm(self, *, armed: bool) -> Ended | None:
        """Watch from now on, or do not; disarming ends a crowd that is open."""
        if armed == self.armed:
            return None
        self.armed = armed
        return self.stop()

    def stop(self) -> Ended | None:
        """End what is open and forget what was gathering."""
        since_s, began = self._since_s, self._began
        self._since_s, self._began = None, False
        if since_s is None or not began:
            return None
        return Ended(since_s=since_s, until_s=max(since_s, self._dense_s))
