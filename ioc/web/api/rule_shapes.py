"""Rules as the JSON interface takes and answers them."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field

from ioc.rules.desk import Rulebook, RuleView
from ioc.rules.language import Fault
from ioc.rules.replay import Episode
from ioc.rules.trial import Trial
from ioc.web.api.shapes import Shape, Switch, Text, not_text
from ioc.web.reading.places import Places

Yaml = Annotated[Text, Field(max_length=40_000)]


class TextShape(Shape):
    """Rules as YAML."""

    text: Yaml


class ChangeShape(TextShape):
    """Rules to put in force; `number` is that of the text they were made from, 0 for none."""

    number: Annotated[int, Field(ge=0, le=2**53 - 1), not_text]


class SwitchShape(Shape):
    """Whether a rule is to be in force."""

    enabled: Switch


class FaultShape(Shape):
    """What is wrong with one line; a warning does not keep the text from being taken."""

    line: int
    severity: str
    vi: str
    en: str

    @classmethod
    def all_of(cls, faults: tuple[Fault, ...]) -> list[Self]:
        """Return faults as answered."""
        return [
            cls(line=each.line, severity=str(each.severity), vi=each.vi, en=each.en)
            for each in faults
        ]


class RuleShape(Shape):
    """One rule, and where it stands in one's areas."""

    rule_id: str
    name: str
    advice: str
    enabled: bool
    priority: str
    form: str
    active: int
    """At how many places its condition is there now."""
    fired_at: datetime | None

    @classmethod
    def of(cls, view: RuleView) -> Self:
        """Return a rule as answered."""
        return cls(
            rule_id=view.rule.rule_id,
            name=view.rule.name,
            advice=view.rule.advice,
            enabled=view.rule.enabled,
            priority=str(view.rule.priority),
            form=view.form,
            active=view.active,
            fired_at=view.fired_at,
        )


class RulebookShape(Shape):
    """All rules; the text is empty for who may not change it."""

    number: int
    at: datetime | None
    login: str | None
    text: str
    may_change: bool
    rules: list[RuleShape]
    faults: list[FaultShape]

    @classmethod
    def of(cls, book: Rulebook) -> Self:
        """Return the rules as answered."""
        return cls(
            number=book.number,
            at=book.at,
            login=book.login,
            text=book.text,
            may_change=book.may_change,
            rules=[RuleShape.of(view) for view in book.rules],
            faults=FaultShape.all_of(book.faults),
        )


class EpisodeShape(Shape):
    """One alarm that a rule would have raised."""

    rule_id: str
    name: str
    priority: str
    subject: str
    """The ids of a device, of a gateway or of an area; empty: the commune."""
    where: str
    began_at: datetime
    ended_at: datetime | None
    times: int
    late: bool
    """Only recorded: what arrives late calls nobody."""
    why_vi: str
    why_en: str

    @classmethod
    def of(cls, episode: Episode, places: Places) -> Self:
        """Return an episode as answered, its place by name."""
        return cls(
            rule_id=episode.rule_id,
            name=episode.name,
            priority=episode.priority,
            subject=episode.subject,
            where=_where(episode.subject, places),
            began_at=episode.began_at,
            ended_at=episode.ended_at,
            times=episode.times,
            late=episode.late,
            why_vi=episode.why.vi,
            why_en=episode.why.en,
        )


class TrialShape(Shape):
    """What would have called during the last day."""

    since: datetime
    until: datetime
    events: int
    series: int
    cut: bool
    """There was more: only the newest events and the first series were tried."""
    episodes: list[EpisodeShape]

    @classmethod
    def of(cls, trial: Trial, places: Places) -> Self:
        """Return a trial as answered, places by name."""
        return cls(
            since=trial.since,
            until=trial.until,
            events=trial.events,
            series=trial.series,
            cut=trial.cut,
            episodes=[EpisodeShape.of(each, places) for each in trial.episodes],
        )


def _where(subject: str, places: Places) -> str:
    gateway_id, slash, device_id = subject.partition("/")
    if slash:
        return places.device(gateway_id, device_id or None)
    return places.gateways.get(subject) or places.areas.get(subject, subject)
