"""Rules that build on other rules: each named rule is there once, and none waits for itself; pure."""

from collections.abc import Iterator

from ioc.rules.language.document import Document, RuleShape
from ioc.rules.language.faults import Found, Severity, unknown

_RULE = ("quy tắc", "rule")


def rules_named(rule: RuleShape) -> list[str]:
    """Return the rules whose firing is a step of this one."""
    steps = rule.sequence.steps if rule.sequence else ()
    return [step.rule for step in steps if step.rule is not None]


def in_order(document: Document) -> list[RuleShape]:
    """Return the rules so that each comes after those it builds on; there is no circle."""
    ordered: dict[str, RuleShape] = {}
    waiting = list(document.rules)
    while waiting:
        ready = [rule for rule in waiting if all(name in ordered for name in rules_named(rule))]
        ordered |= {rule.rule_id: rule for rule in ready}
        waiting = [rule for rule in waiting if rule.rule_id not in ordered]
    return list(ordered.values())


def check_references(document: Document) -> Iterator[Found]:
    """Find ids that stand twice, names of rules that are not there, and circles."""
    numbers: dict[str, int] = {}
    for number, rule in enumerate(document.rules):
        if rule.rule_id in numbers:
            yield Found(
                place=("rules", number, "id"),
                vi=f"Mã {rule.rule_id!r} đã dùng ở trên; đặt mã khác.",
                en=f"The id {rule.rule_id!r} is taken above; choose another.",
            )
        numbers.setdefault(rule.rule_id, number)
    named = {rule.rule_id: rules_named(rule) for rule in document.rules}
    off = {rule.rule_id for rule in document.rules if not rule.enabled}
    for number, rule in enumerate(document.rules):
        for step_number, step in enumerate(rule.sequence.steps if rule.sequence else ()):
            if step.rule is not None and step.rule not in named:
                at = ("rules", number, "sequence", "steps", step_number, "rule")
                yield unknown(at, step.rule, named, what=_RULE)
            elif rule.enabled and step.rule in off:
                yield _waits_for(("rules", number, "sequence", "steps", step_number), step.rule)
    for circle in _circles(named):
        way = " → ".join(circle)
        yield Found(
            place=("rules", numbers[circle[0]]),
            vi=f"Các quy tắc chờ nhau theo vòng tròn: {way}. Bỏ một bước 'rule'.",
            en=f"These rules wait for each other in a circle: {way}. Take out one step 'rule'.",
        )


def _waits_for(place: tuple[int | str, ...], rule_id: str) -> Found:
    return Found(
        place=place,
        vi=f"Quy tắc {rule_id!r} đang tắt, nên bước này không bao giờ xảy ra.",
        en=f"The rule {rule_id!r} is off, so this step never happens.",
        severity=Severity.WARNING,
    )


def _circles(named: dict[str, list[str]]) -> list[list[str]]:
    """Return each circle once, from its first rule back to it."""
    found: dict[frozenset[str], list[str]] = {}
    settled: set[str] = set()
    for start in named:
        way: list[str] = []
        pending = [iter((start,))]
        while pending:
            name = next(pending[-1], None)
            if name is None:
                pending.pop()
                if way:
                    settled.add(way.pop())
            elif name in way:
                circle = way[way.index(name) :]
                found.setdefault(frozenset(circle), [*circle, name])
            elif name in named and name not in settled:
                way.append(name)
                pending.append(iter(named[name]))
    return list(found.values())
