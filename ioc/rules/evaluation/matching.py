"""Event conditions compiled to predicates, so that an event costs only what may concern it; pure."""

from collections.abc import Callable

from ioc.rules.evaluation.happenings import Happening
from ioc.rules.language.document import Comparison, EventTest, Operand

Predicate = Callable[[Happening], bool]
_Holds = Callable[[object], bool]


def compile_event(test: EventTest) -> Predicate:
    """Return whether an event of the right kind is meant; a field it does not have never holds."""
    gateways, devices = frozenset(test.gateways), frozenset(test.devices)
    fields = tuple((field, _compile(comparison)) for field, comparison in test.where.items())

    def matches(happening: Happening) -> bool:
        place = happening.place
        if gateways and place.gateway_id not in gateways:
            return False
        if devices and place.device_id not in devices:
            return False
        return all(holds(getattr(happening.fields, field, None)) for field, holds in fields)

    return matches


def _compile(comparison: Comparison) -> _Holds:
    checks: list[_Holds] = [*_of_values(comparison), *_of_numbers(comparison)]
    part = comparison.contains
    if part is not None:
        checks.append(lambda value: _contains(value, part.casefold()))

    def holds(value: object) -> bool:
        return value is not None and all(check(value) for check in checks)

    return holds


def _of_values(comparison: Comparison) -> list[_Holds]:
    checks: list[_Holds] = []
    equal, differs = comparison.equal, comparison.differs
    if equal is not None:
        checks.append(lambda value: value == equal)
    if differs is not None:
        checks.append(lambda value: value != differs)
    among, others = comparison.among, comparison.not_among
    if among is not None:
        wanted: frozenset[Operand] = frozenset(among)
        checks.append(lambda value: value in wanted)
    if others is not None:
        unwanted: frozenset[Operand] = frozenset(others)
        checks.append(lambda value: value not in unwanted)
    return checks


def _of_numbers(comparison: Comparison) -> list[_Holds]:
    checks: list[_Holds] = []
    above, below = comparison.above, comparison.below
    least, most = comparison.at_least, comparison.at_most
    if above is not None:
        checks.append(lambda value: isinstance(value, int | float) and value > above)
    if below is not None:
        checks.append(lambda value: isinstance(value, int | float) and value < below)
    if least is not None:
        checks.append(lambda value: isinstance(value, int | float) and value >= least)
    if most is not None:
        checks.append(lambda value: isinstance(value, int | float) and value <= most)
    return checks


def _contains(value: object, part: str) -> bool:
    if isinstance(value, str):
        return part in value.casefold()
    if isinstance(value, tuple | list):
        return any(str(item).casefold() == part for item in value)
    return False
