"""All rules compiled: which may concern an event is one look-up by its kind; pure."""

from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from zoneinfo import ZoneInfo

from contracts.events import KIND_OF
from ioc.rules.evaluation import saying
from ioc.rules.evaluation.happenings import Ending, Firing, Happening, Why
from ioc.rules.evaluation.matching import Predicate, compile_event
from ioc.rules.evaluation.schedule import compile_schedule
from ioc.rules.evaluation.windows import Counter, Instant, Steps
from ioc.rules.language.circles import in_order
from ioc.rules.language.document import Document, EventTest, RuleShape, Same
from ioc.rules.language.fields import kinds_of

Outcome = Firing | Ending
PICTURED = frozenset(kind for model, kind in KIND_OF.items() if "pictures" in model.model_fields)
"""Kinds of events that may come with pictures."""
_MOST_BEHIND = 12
_MOST_OF_STEPS = 5 * _MOST_BEHIND
_React = Callable[[Happening], Outcome | None]
_Follow = Callable[[Firing], Outcome | None]
_Step = Callable[[tuple[str, ...], Happening], Firing | None]


@dataclass(frozen=True, kw_only=True)
class Scope:
    """Where and when a rule is in force."""

    area_ids: frozenset[str] | None
    holds_at: Callable[[datetime], bool]

    def covers(self, area_id: str, at: datetime) -> bool:
        """Tell whether the rule is in force there and then."""
        return self.reaches(area_id) and self.holds_at(at)

    def reaches(self, area_id: str) -> bool:
        """Tell whether the rule is meant for an area."""
        return self.area_ids is None or area_id in self.area_ids


class RuleBook:
    """The enabled rules of one document; remembers what its windows need."""

    def __init__(
        self, document: Document, *, zone: ZoneInfo, areas: Mapping[str, str | None]
    ) -> None:
        """Compile a checked document; `areas`: each area's parent."""
        self.rules = tuple(rule for rule in in_order(document) if rule.enabled)
        self.scopes = {rule.rule_id: _scope(rule, zone, areas) for rule in self.rules}
        self.series_rules = tuple(rule for rule in self.rules if rule.series is not None)
        self._by_kind: dict[str, list[tuple[Predicate, _React]]] = defaultdict(list)
        self._by_rule: dict[str, list[_Follow]] = defaultdict(list)
        for rule in self.rules:
            self._compile(rule)
        self._by_kind.default_factory = None

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of events that any rule looks at."""
        return frozenset(self._by_kind)

    @property
    def remembered_kinds(self) -> frozenset[str]:
        """The kinds of events that windows are made of."""
        tests = [rule.event for rule in self.rules if rule.times > 1]
        for rule in self.rules:
            if rule.sequence:
                tests += [step.event or self._event_of(step.rule) for step in rule.sequence.steps]
        return frozenset(kind for test in tests if test is not None for kind in kinds_of(test.kind))

    @property
    def remembered(self) -> timedelta:
        """How long the longest window is."""
        spans = [rule.within_s or 0.0 for rule in self.rules]
        spans += [rule.sequence.within_s for rule in self.rules if rule.sequence]
        return timedelta(seconds=sum(sorted(spans)[-2:]))

    def concerns(self, kind: str) -> bool:
        """Tell whether any rule looks at events of this kind."""
        return kind in self._by_kind

    def evaluate(self, happening: Happening) -> list[Outcome]:
        """Return what an event makes of the rules, in the order in which they build on another."""
        outcomes: list[Outcome] = []
        for matches, react in self._by_kind.get(happening.kind, ()):
            if matches(happening) and (outcome := react(happening)) is not None:
                outcomes.append(outcome)
        return self._with_following(outcomes)

    def follow(self, firing: Firing) -> list[Outcome]:
        """Return what a series rule's firing makes of the rules that build on it."""
        return self._with_following([firing])[1:]

    def _with_following(self, outcomes: list[Outcome]) -> list[Outcome]:
        pending = deque(outcomes)
        while pending:
            outcome = pending.popleft()
            if not isinstance(outcome, Firing):
                continue
            for react in self._by_rule.get(outcome.rule.rule_id, ()):
                following = react(outcome)
                if following is not None:
                    outcomes.append(following)
                    pending.append(following)
        return outcomes

    def _event_of(self, rule_id: str | None) -> EventTest | None:
        return next((rule.event for rule in self.rules if rule.rule_id == rule_id), None)

    def _compile(self, rule: RuleShape) -> None:
        if rule.event is not None:
            self._on(rule.event, self._counting(rule))
        if rule.sequence is not None:
            self._compile_sequence(rule)
        if rule.ends is not None:
            same = _same(rule)
            self._on(rule.ends, lambda happening: _ending(rule, same, happening))

    def _on(self, test: EventTest, react: _React) -> None:
        for kind in kinds_of(test.kind):
            self._by_kind[kind].append((compile_event(test), react))

    def _counting(self, rule: RuleShape) -> _React:
        scope = self.scopes[rule.rule_id]
        counter = Counter(times=rule.times, within_s=rule.within_s or 0.0)
        pictured = _may_show(rule.event)

        def react(happening: Happening) -> Firing | None:
            place = happening.place
            if not scope.covers(place.area_id, happening.occurred_at):
                return None
            subject, instant = place.subject(rule.same), (happening.occurred_at, happening.event_id)
            window = counter.note(subject, instant) if rule.times > 1 else [instant]
            if not window:
                return None
            firing = _firing(rule, subject, happening, saying.of_event(rule, happening))
            return replace(firing, behind=_behind(window)) if pictured else firing

        return react

    def _compile_sequence(self, rule: RuleShape) -> None:
        sequence = rule.sequence
        if sequence is None:
            return
        windows = Steps(count=len(sequence.steps), within_s=sequence.within_s)
        for number, step in enumerate(sequence.steps):
            react = self._stepping(rule, windows, number)
            if step.event is not None:
                self._on(step.event, partial(react, ()))
            elif step.rule is not None:
                self._by_rule[step.rule].append(partial(_follow, react))

    def _stepping(self, rule: RuleShape, windows: Steps, number: int) -> _Step:
        scope, same = self.scopes[rule.rule_id], _same(rule)
        steps = rule.sequence.steps if rule.sequence else ()
        pictured = any(step.rule is not None or _may_show(step.event) for step in steps)

        def react(brought: tuple[str, ...], happening: Happening) -> Firing | None:
            place = happening.place
            if not scope.reaches(place.area_id):
                return None
            subject = place.subject(same)
            instant = (happening.occurred_at, happening.event_id)
            chain = windows.note(subject, number, instant, brought=brought)
            if chain is None or not scope.holds_at(chain[-1][0]):
                return None
            firing = _firing(rule, subject, happening, saying.of_sequence(rule, chain))
            if not pictured:
                return firing
            whole = [each for step in chain for each in (*windows.brought(step), step[1])]
            return replace(firing, behind=_newest(whole, _MOST_OF_STEPS))

        return react


def _follow(react: _Step, firing: Firing) -> Outcome | None:
    """Take a rule's firing for a step, with what stands behind it."""
    return react(firing.behind, firing.happening)


def _same(rule: RuleShape) -> Same:
    return rule.same if rule.sequence is None else rule.sequence.same


def _firing(rule: RuleShape, subject: str, happening: Happening, why: Why) -> Firing:
    return Firing(rule=rule, subject=subject, happening=happening, why=why)


def _may_show(test: EventTest | None) -> bool:
    return test is not None and not PICTURED.isdisjoint(kinds_of(test.kind))


def _behind(window: Sequence[Instant]) -> tuple[str, ...]:
    """Return the newest events of what made a rule fire."""
    return _newest([event_id for _, event_id in window], _MOST_BEHIND)


def _newest(event_ids: Sequence[str], most: int) -> tuple[str, ...]:
    """Return the newest of some events, each once; a measured value is none."""
    return tuple(dict.fromkeys(filter(None, event_ids)))[-most:]


def _ending(rule: RuleShape, same: Same, happening: Happening) -> Ending:
    return Ending(rule=rule, subject=happening.place.subject(same), happening=happening)


def _scope(rule: RuleShape, zone: ZoneInfo, areas: Mapping[str, str | None]) -> Scope:
    return Scope(
        area_ids=_below(frozenset(rule.areas), areas) if rule.areas else None,
        holds_at=compile_schedule(rule, zone),
    )


def _below(chosen: frozenset[str], areas: Mapping[str, str | None]) -> frozenset[str]:
    """Return the areas with all that lie in them."""
    reached: frozenset[str] = frozenset()
    grown = chosen
    while grown != reached:
        reached = grown
        grown = reached | {area for area, parent in areas.items() if parent in reached}
    return reached
