"""What one camera's own analysis says now, and which of its changes are worth telling; pure.

Seconds are of the monotonic clock.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from contracts.events import CameraClaim

OFF_DELAY_S = 10.0
"""A claim is over when it has been for so long: a detector that flickers is one claim, not hundreds."""
CONFIRM_S = 60.0
"""So long after subscribing again a camera may take to repeat what still holds."""
_MOST_RULES = 100
_MOST_OBJECTS = 64

RuleKey = tuple[str, str, str]
"""Topic, rule and source: by these a camera's rules are told apart."""


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One event of a camera, understood."""

    claim: CameraClaim
    onvif_topic: str
    rule: str
    """The camera's name of its rule or source."""
    source: str = ""
    """All that it names as the source: rules of two lenses may have the same name."""
    about: str = ""
    """Of several objects for which one rule holds, which; empty: the rule as such."""
    active: bool | None
    """None: a remark without state."""
    is_replay: bool = False
    """The camera repeats the present state to a new subscriber."""
    at_s: float

    @property
    def key(self) -> RuleKey:
        """Which of the camera's rules it is about."""
        return self.onvif_topic, self.rule, self.source


@dataclass(frozen=True, kw_only=True)
class Change:
    """Something to tell: a claim began, it ended, or (not active, `is_remark`) it was just made."""

    key: RuleKey
    claim: CameraClaim
    onvif_topic: str
    rule: str
    active: bool
    is_remark: bool = False
    began_unseen: bool = False
    """It began while nobody listened; since when it holds is not known."""
    at_s: float


@dataclass(frozen=True, kw_only=True)
class Spell:
    """A time through which a camera claimed something; `until_s` None: it still does."""

    key: RuleKey
    claim: CameraClaim
    onvif_topic: str
    rule: str
    since_s: float
    until_s: float | None
    is_end_due: bool
    """Its end is yet to be told, whether it has come or not; a single remark has none."""
    began_unseen: bool
    """It began while nobody listened; since when it holds is not known."""


@dataclass(kw_only=True)
class _Rule:
    key: RuleKey
    claim: CameraClaim
    onvif_topic: str
    rule: str
    objects: set[str] = field(default_factory=set)
    is_told: bool = False
    since_s: float = 0.0
    until_s: float | None = None
    """When it was last said to be over; None while it holds."""
    began_unseen: bool = False
    confirm_by_s: float | None = None
    """Until then the camera, heard again, may repeat it; it was last known at `last_known_s`."""
    last_known_s: float = 0.0
    remark_s: float | None = None
    heard_s: float = -math.inf
    """No later statement is older: a camera whose times go back and forth would tell without end."""

    def change(self, *, active: bool, at_s: float, is_remark: bool = False) -> Change:
        return Change(
            key=self.key,
            claim=self.claim,
            onvif_topic=self.onvif_topic,
            rule=self.rule,
            active=active,
            is_remark=is_remark,
            began_unseen=active and self.began_unseen,
            at_s=at_s,
        )


class Claims:
    """What one camera claims."""

    def __init__(self) -> None:
        self._rules: dict[RuleKey, _Rule] = {}
        self._lost_since_s: float | None = None
        self.is_full = False
        """More rules than any camera has: the rest was not listened to."""

    def hear(self, statement: Statement) -> tuple[Change, ...]:
        """Take a statement in; return what is to be told at once, ends that were due before it."""
        due = tuple(self.settle(statement.at_s))
        key = statement.key
        is_first = key not in self._rules
        if is_first and len(self._rules) >= _MOST_RULES:
            self.is_full = True
            return due
        rule = self._rules.setdefault(
            key,
            _Rule(
                key=key,
                claim=statement.claim,
                onvif_topic=statement.onvif_topic,
                rule=statement.rule,
            ),
        )
        rule.heard_s = max(rule.heard_s, statement.at_s)
        change = _apply(rule, replace(statement, at_s=rule.heard_s), is_first=is_first)
        return due if change is None else (*due, change)

    def lose(self, at_s: float) -> None:
        """The camera cannot be heard since `at_s`; what it claimed is not known to go on."""
        if self._lost_since_s is None:
            self._lost_since_s = at_s

    def regain(self, at_s: float) -> None:
        """The camera can be heard again, and will repeat what holds."""
        last_known_s = at_s if self._lost_since_s is None else self._lost_since_s
        self._lost_since_s = None
        for rule in self._rules.values():
            rule.objects.clear()
            if rule.is_told and rule.until_s is None:
                if rule.confirm_by_s is None:
                    rule.last_known_s = last_known_s
                # What is still unconfirmed from the last time has as long again, from now on.
                rule.confirm_by_s = at_s + CONFIRM_S

    def settle(self, now_s: float) -> Iterator[Change]:
        """Yield the ends that have lasted long enough to be told."""
        for rule in self._rules.values():
            is_waiting = rule.confirm_by_s is not None and self._lost_since_s is None
            if is_waiting and now_s >= (rule.confirm_by_s or 0.0):
                rule.until_s, rule.confirm_by_s = rule.last_known_s, None
            if rule.is_told and rule.until_s is not None and now_s >= rule.until_s + OFF_DELAY_S:
                rule.is_told, rule.heard_s = False, max(rule.heard_s, now_s)
                yield rule.change(active=False, at_s=rule.until_s)

    def spells(self) -> Iterator[Spell]:
        """Yield what each rule claims or last claimed, and each one's last remark."""
        for rule in self._rules.values():
            if rule.is_told or rule.until_s is not None:
                yield _spell(rule, rule.since_s, self._end_s(rule))
            if rule.remark_s is not None:
                yield _spell(rule, rule.remark_s, rule.remark_s, is_remark=True)

    def _end_s(self, rule: _Rule) -> float | None:
        last_known_s = None if rule.confirm_by_s is None else rule.last_known_s
        ends_s = (rule.until_s, last_known_s, self._lost_since_s)
        return min((end_s for end_s in ends_s if end_s is not None), default=None)


def _apply(rule: _Rule, statement: Statement, *, is_first: bool) -> Change | None:
    if statement.active is None:
        # Repeated to a new subscriber: when it was made nobody knows.
        return None if statement.is_replay else _remark(rule, statement.at_s)
    rule.confirm_by_s = None
    if not statement.active:
        _take_back(rule, statement)
        return None
    return _assert(rule, statement, is_first=is_first)


def _remark(rule: _Rule, at_s: float) -> Change | None:
    is_news = rule.remark_s is None or at_s >= rule.remark_s + OFF_DELAY_S
    rule.remark_s = at_s
    return rule.change(active=False, is_remark=True, at_s=at_s) if is_news else None


def _assert(rule: _Rule, statement: Statement, *, is_first: bool) -> Change | None:
    if len(rule.objects) < _MOST_OBJECTS:
        rule.objects.add(statement.about)
    if rule.is_told:
        rule.until_s = None
        return None
    rule.is_told, rule.since_s, rule.until_s = True, statement.at_s, None
    rule.began_unseen = statement.is_replay
    is_news = not (is_first and statement.is_replay)
    return rule.change(active=True, at_s=statement.at_s) if is_news else None


def _take_back(rule: _Rule, statement: Statement) -> None:
    rule.objects.discard(statement.about)
    if not statement.about:
        rule.objects.clear()
    if rule.is_told and not rule.objects and rule.until_s is None:
        rule.until_s = max(rule.since_s, statement.at_s)


def _spell(rule: _Rule, since_s: float, until_s: float | None, *, is_remark: bool = False) -> Spell:
    return Spell(
        key=rule.key,
        claim=rule.claim,
        onvif_topic=rule.onvif_topic,
        rule=rule.rule,
        since_s=since_s,
        until_s=until_s,
        is_end_due=rule.is_told and not is_remark,
        began_unseen=rule.began_unseen and not is_remark,
    )
