"""What explains what: camera ⊂ switch ⊂ gateway ⊂ power; pure.

A place is named `gateway/device`, `gateway`, or `supply:name` for a supply of electricity.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from ioc.alarms.rules import AlarmKind

POWER = "power"
"""Stands for the gateway in the alarms of supplies: they belong to none."""
CENTRE = "centre"
"""And in those of the centre itself."""
CAUSE_KINDS = frozenset({AlarmKind.DEVICE_DOWN, AlarmKind.GATEWAY_DOWN, AlarmKind.POWER_CUT})
INHIBITED_KINDS = frozenset(
    {AlarmKind.DEVICE_DOWN, AlarmKind.CAMERA_DEGRADED, AlarmKind.GATEWAY_DOWN}
)
_NOTHING: Mapping[str, str] = MappingProxyType({})


class CircularCause(ValueError):
    """Causes go round in a circle; whoever configures them must break it."""

    def __init__(self, cycle: tuple[str, ...]) -> None:
        self.cycle = cycle
        super().__init__(
            f"{' → '.join(cycle)} goes round in a circle: a fault would hide itself for ever; "
            "remove one of these lines"
        )


@dataclass(frozen=True, kw_only=True)
class Causes:
    """What each place depends on; every device depends on its gateway by itself.

    Raises:
        CircularCause: with the cycle.
    """

    depends_on: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    """From `gateway/device` or `gateway` to what it hangs on."""

    def __post_init__(self) -> None:
        for place in self.depends_on:
            seen = [place]
            for above in self._climb(place):
                if above in seen:
                    raise CircularCause((*seen[seen.index(above) :], above))
                seen.append(above)

    def above(self, place: str) -> tuple[str, ...]:
        """Return everything a place depends on, nearest first."""
        return tuple(self._climb(place))

    def below(self, place: str) -> tuple[str, ...]:
        """Return the devices and gateways that were said to depend on a place, sorted."""
        return tuple(sorted(each for each in self.depends_on if place in self._climb(each)))

    def explains(
        self, kind: AlarmKind, *, gateway_id: str, object_id: str, device_id: str | None
    ) -> tuple[str, ...]:
        """Return the places whose failure explains such an alarm, nearest first."""
        if kind not in INHIBITED_KINDS:
            return ()
        place = place_of(kind, gateway_id=gateway_id, object_id=object_id, device_id=device_id)
        own = () if kind in CAUSE_KINDS else (place,)
        return own + self.above(place)

    def supply_of(self, gateway_id: str) -> str | None:
        """Return the supply a gateway hangs on, without its prefix."""
        for place in self.above(gateway_id):
            if place.startswith(_SUPPLY):
                return place.removeprefix(_SUPPLY)
        return None

    def gateways_on(self, supply: str) -> tuple[str, ...]:
        """Return the gateways that hang on a supply, sorted."""
        return tuple(
            sorted(
                place
                for place in self.depends_on
                if "/" not in place
                and not place.startswith(_SUPPLY)
                and self.supply_of(place) == supply
            )
        )

    def _climb(self, place: str) -> Iterator[str]:
        above = self._next(place)
        while above is not None:
            yield above
            above = self._next(above)

    def _next(self, place: str) -> str | None:
        gateway, is_device, _ = place.partition("/")
        return self.depends_on.get(place, gateway if is_device else None)


_SUPPLY = "supply:"


def place_of(kind: AlarmKind, *, gateway_id: str, object_id: str, device_id: str | None) -> str:
    """Return which place an alarm says is at fault."""
    if kind is AlarmKind.POWER_CUT:
        return f"{_SUPPLY}{object_id}"
    if kind is AlarmKind.GATEWAY_DOWN:
        return gateway_id
    return f"{gateway_id}/{device_id or object_id}"


def power_is_cut(*, gateways: int, down: int) -> bool:
    """Tell whether so many gateways of one supply are down that it, not they, has failed."""
    return down >= max(2, (gateways + 1) // 2)
