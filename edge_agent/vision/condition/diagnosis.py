"""Which conditions of a camera are told: each debounced, and one for one cause; pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from edge_agent.vision.condition.debounce import Debounce
from edge_agent.vision.findings import Condition

DELAYS_S: Mapping[Condition, tuple[float, float]] = {
    # An infra-red filter switches within 3 s, and may do so several times at dusk.
    "black": (30.0, 10.0),
    # These three are counted over some time already.
    "decode_errors": (0.0, 60.0),
    "low_frame_rate": (20.0, 20.0),
    "clock_drift": (0.0, 60.0),
    # It is tried again after 5 to 60 s; some cameras serve few connections at once.
    "main_stream": (60.0, 30.0),
    # Somebody walks past right before the lens.
    "covered": (10.0, 10.0),
    # Headlights; a camera that adapts to a lamp.
    "exposure": (60.0, 30.0),
    "moved": (4.0, 10.0),
    "frozen": (10.0, 5.0),
    # A focus motor that searches.
    "blurred": (30.0, 30.0),
}
"""How long each lasts before it is told, and how long it must be over; causes before effects."""

PATIENCE_S: Mapping[Condition, float] = {
    # It cannot be told while somebody walks past or the wind shakes the camera.
    "blurred": 10.0,
}
"""How long it may not be told meanwhile."""

EXPLAINED_BY: Mapping[Condition, tuple[Condition, ...]] = {
    "frozen": ("black",),
    "covered": ("black",),
    "moved": ("black", "covered"),
    "blurred": ("black", "covered", "exposure"),
    "exposure": ("black", "covered"),
    "low_frame_rate": ("decode_errors",),
}
"""While one of these is seen, the other is no cause of its own."""


@dataclass(frozen=True, kw_only=True, slots=True)
class ConditionChanged:
    """A condition began at `since_s`, or is over since `until_s`."""

    condition: Condition
    since_s: float
    until_s: float | None = None


class Diagnosis:
    """The conditions of one camera."""

    def __init__(self) -> None:
        self._debounces = {
            condition: Debounce(
                on_delay_s=on_s, off_delay_s=off_s, patience_s=PATIENCE_S.get(condition, 0.0)
            )
            for condition, (on_s, off_s) in DELAYS_S.items()
        }

    @property
    def active(self) -> frozenset[Condition]:
        """What has begun and not ended."""
        return frozenset(c for c, debounce in self._debounces.items() if debounce.active)

    @property
    def pending(self) -> bool:
        """Whether something is seen that may soon be told."""
        return any(debounce.pending for debounce in self._debounces.values())

    def suspects(self, condition: Condition) -> bool:
        """Whether this has begun or may soon begin."""
        debounce = self._debounces[condition]
        return debounce.active or debounce.pending

    def begin(self, condition: Condition, t_s: float) -> Iterable[ConditionChanged]:
        """Let a condition begin at once; yield that, unless it has begun."""
        if not self._debounces[condition].active:
            self._debounces[condition].begin(t_s)
            yield ConditionChanged(condition=condition, since_s=t_s)

    def step(self, t_s: float, seen: Mapping[Condition, bool | None]) -> Iterable[ConditionChanged]:
        """Take what is seen now of some conditions; yield what begins or ends.

        None says that a condition cannot be told now. Feed in time order.
        """
        for condition in DELAYS_S:
            if condition in seen and (change := self._step(t_s, condition, seen[condition])):
                yield change

    def _step(
        self,
        t_s: float,
        condition: Condition,
        present: bool | None,  # noqa: FBT001
    ) -> ConditionChanged | None:
        debounce = self._debounces[condition]
        causes = EXPLAINED_BY.get(condition, ())
        explained = any(self._debounces[c].active or self._debounces[c].pending for c in causes)
        since_s = debounce.since_s
        if explained:
            debounce.interrupt()
        turned_s = debounce.step(t_s, None if explained else present)
        if turned_s is None:
            return None
        if since_s is None:
            return ConditionChanged(condition=condition, since_s=turned_s)
        return ConditionChanged(condition=condition, since_s=since_s, until_s=turned_s)
