"""Which loudspeakers of one broadcast wait for one another, and no longer than they should; pure."""

from dataclasses import dataclass, field

from edge_agent.playout.arbiter import Priority

GATHER_S = 0.03
"""The orders for the loudspeakers of one broadcast arrive one after the other."""
_WAIT_S = {
    Priority.TEST: 0.0,
    Priority.ROUTINE: 1.0,
    Priority.PRIORITY: 0.5,
    Priority.EMERGENCY: 0.1,
}
"""So long the ready ones wait for the others."""

Group = tuple[str, float | None]
"""Broadcast id and its instant of start, None: at once. Those with another start are no company."""


@dataclass(kw_only=True)
class _Company:
    priority: Priority
    absent: set[str] = field(default_factory=set)
    present: set[str] = field(default_factory=set)
    last_order_s: float
    first_present_s: float | None = None
    has_begun: bool = False


class Muster:
    """Remembers who is expected and who is ready."""

    def __init__(self) -> None:
        self._companies: dict[Group, _Company] = {}

    def expect(
        self, group: Group, loudspeaker_id: str, *, priority: Priority, now_s: float
    ) -> None:
        """A loudspeaker has the broadcast in hand."""
        company = self._companies.setdefault(group, _Company(priority=priority, last_order_s=now_s))
        company.absent.add(loudspeaker_id)
        company.last_order_s = now_s

    def report(self, group: Group, loudspeaker_id: str, *, now_s: float) -> None:
        """A loudspeaker could begin."""
        company = self._companies.get(group)
        if company is None or loudspeaker_id not in company.absent:
            return
        company.absent.discard(loudspeaker_id)
        company.present.add(loudspeaker_id)
        if company.first_present_s is None:
            company.first_present_s = now_s

    def leave(self, group: Group, loudspeaker_id: str) -> None:
        """A loudspeaker has begun, or will not."""
        company = self._companies.get(group)
        if company is None:
            return
        company.absent.discard(loudspeaker_id)
        company.present.discard(loudspeaker_id)
        if not company.absent and not company.present:
            del self._companies[group]

    def may_start(self, group: Group, *, now_s: float) -> bool:
        """Whether the ready ones wait no longer for the others."""
        company = self._companies.get(group)
        if company is None:
            return True
        if not company.has_begun:
            start_s = _start_s(group, company)
            company.has_begun = start_s is not None and start_s <= now_s
        return company.has_begun

    def next_instant_s(self, *, now_s: float) -> float | None:
        """When the next company stops waiting."""
        instants = (
            _start_s(group, company)
            for group, company in self._companies.items()
            if not company.has_begun
        )
        later = (instant for instant in instants if instant is not None and instant > now_s)
        return min(later, default=None)


def _start_s(group: Group, company: _Company) -> float | None:
    """None: nobody is ready yet."""
    _, planned_s = group
    if company.first_present_s is None:
        return None
    if planned_s is not None:
        # Loudspeakers of other gateways begin at this instant, so nobody is waited for.
        return planned_s
    gathered_s = company.last_order_s + GATHER_S
    if not company.absent:
        return gathered_s
    return max(gathered_s, company.first_present_s + _WAIT_S[company.priority])
