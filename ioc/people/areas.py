"""The tree of areas: which areas lie below which; pure."""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class AreaTree:
    """Areas by id with the id of the area above; None above the commune itself."""

    parents: Mapping[str, str | None]

    def subtree(self, area_id: str) -> frozenset[str]:
        """Return the area and all below it; nothing for an unknown area."""
        return frozenset(known for known in self.parents if area_id in self.path(known))

    def path(self, area_id: str) -> tuple[str, ...]:
        """Return the area and those above it, from the bottom up; a circle is walked once."""
        steps: list[str] = []
        step: str | None = area_id if area_id in self.parents else None
        while step is not None and step not in steps:
            steps.append(step)
            step = self.parents.get(step)
        return tuple(steps)

    def has_children(self, area_id: str) -> bool:
        """Tell whether other areas lie below this one."""
        return len(self.subtree(area_id)) > 1
