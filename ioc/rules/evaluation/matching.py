"""Event conditions compiled to predicates, so that an event costs only what may concern it; pure."""

from collections.abc import Callable
from typing import TypeVar

from ioc.rules.evaluation.happenings import Happening
from ioc.rules.language.document import Comparison, EventTest, Operand

Predicate = Callable[[Happening], bool]
_Holds = Callable[[object], bool]
_NUMBERS = (int, float)
Asked = TypeVar("Asked")


def compile_event(test: EventTest) -> Predicate:
    """Return whether an event of the right kind is meant; a field it does not have never holds.

    Every rule of a kind is asked about every event of it, so none asks more than it must.
    """
    checks = tuple(_of_field(name, comparison) for name, comparison in test.where.items())
    content = _all(checks)
    gateways, devices = frozenset(test.gateways), frozenset(test.devices)
    if not gateways and not devices:
        return content

    def matches(happening: Happening) -> bool:
        place = happening.place
        if gateways and place.gateway_id not in gateways:
            return False
        if devices and place.device_id not in devices:
            return False
        return content(happening)

    return matches


def _of_field(name: str, comparison: Comparison) -> Predicate:
    holds = _compile(comparison)
    return lambda happening: holds(getattr(happening.fields, name, None))


def _compile(comparison: Comparison) -> _Holds:
    """Return a check of one field's value, which refuses None: the event has no such field."""
    checks: list[_Holds] = [*_of_values(comparison), *_of_numbers(comparison)]
    part = comparison.contains
    if part is not None:
        checks.append(lambda value: _contains(value, part.casefold()))
    return _all(tuple(checks or [lambda value: value is not None]))


def _all(checks: tuple[Callable[[Asked], bool], ...]) -> Callable[[Asked], bool]:
    """Return the checks as one; a single one stays as it is."""
    if len(checks) == 1:
        return checks[0]

    def hold(subject: Asked) -> bool:
        for check in checks:  # noqa: SIM110 - a generator would cost more than the checks
            if not check(subject):
                return False
        return True

    return hold


def _of_values(comparison: Comparison) -> list[_Holds]:
    checks: list[_Holds] = []
    equal, differs = comparison.equal, comparison.differs
    if equal is not None:
        checks.append(lambda value: value == equal)
    if differs is not None:
        checks.append(lambda value: value is not None and value != differs)
    among, others = comparison.among, comparison.not_among
    if among is not None:
        wanted: frozenset[Operand] = frozenset(among)
        checks.append(lambda value: value in wanted)
    if others is not None:
        unwanted: frozenset[Operand] = frozenset(others)
        checks.append(lambda value: value is not None and value not in unwanted)
    return checks


def _of_numbers(comparison: Comparison) -> list[_Holds]:
    checks: list[_Holds] = []
    above, below = comparison.above, comparison.below
    least, most = comparison.at_least, comparison.at_most
    if above is not None:
        checks.append(lambda value: isinstance(value, _NUMBERS) and value > above)
    if below is not None:
        checks.append(lambda value: isinstance(value, _NUMBERS) and value < below)
    if least is not None:
        checks.append(lambda value: isinstance(value, _NUMBERS) and value >= least)
    if most is not None:
        checks.append(lambda value: isinstance(value, _NUMBERS) and value <= most)
    return checks


def _contains(value: object, part: str) -> bool:
    if isinstance(value, str):
        return part in value.casefold()
    if isinstance(value, tuple | list):
        return any(str(item).casefold() == part for item in value)
    return False
