"""The rules in force: what ingest asks them, and what their outcomes do to the alarms."""

from dataclasses import replace
from datetime import datetime

import structlog
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.envelope import Event
from ioc.alarms import Occurrence, Raise, raise_alarm, return_alarm, rows
from ioc.alarms.engine.policy import UNDELAYED_POLICIES, Policies
from ioc.alarms.rules import AlarmKind, Return
from ioc.rules import records
from ioc.rules.evaluation.book import Outcome, RuleBook
from ioc.rules.evaluation.happenings import Ending, Firing, Happening, Place, object_id
from ioc.rules.records import KeptStanding

_log = structlog.get_logger(__name__)


class RunningRules:
    """One book of rules in force; `None` until the centre has read one."""

    def __init__(self, policies: Policies = UNDELAYED_POLICIES) -> None:
        """Start with no rules; `policies` go with every alarm."""
        self.book: RuleBook | None = None
        self._policies = policies

    async def take(self, connection: AsyncConnection, event: Event, occurrence: Occurrence) -> None:
        """Do to the alarms what a stored event makes of the rules, in its transaction."""
        outcomes = self.evaluate(event, occurrence)
        if outcomes:
            await self.apply(connection, outcomes, at=occurrence.at, standing=event.standing)

    def evaluate(self, event: Event, occurrence: Occurrence) -> list[Outcome]:
        """Return what a stored event makes of the rules; almost free where none looks at its kind."""
        book = self.book
        if book is None or not book.concerns(event.kind):
            return []
        place = Place(
            gateway_id=occurrence.gateway_id,
            device_id=event.device_id or "",
            area_id=occurrence.area_id,
        )
        happening = Happening(
            event_id=event.event_id,
            kind=event.kind,
            occurred_at=occurrence.occurred_at,
            place=place,
            fields=event.data,
            late=event.late,
        )
        return book.evaluate(happening)

    async def apply(
        self,
        connection: AsyncConnection,
        outcomes: list[Outcome],
        *,
        at: datetime,
        standing: bool = False,
    ) -> None:
        """Raise and return the alarms of rules in the caller's transaction.

        Args:
            connection: of a writing transaction.
            outcomes: in the order in which they came about.
            at: now, by the centre's clock.
            standing: a gateway has reported a lasting condition again.
        """
        for outcome in outcomes:
            if isinstance(outcome, Firing):
                await self._fire(connection, outcome, at=at, standing=standing)
            else:
                await self._end(connection, outcome, at=at)

    async def end_standing(
        self, connection: AsyncConnection, kept: KeptStanding, *, at: datetime, outcome: str
    ) -> None:
        """End a rule's condition by the clock: it was quiet, or its rule or its device is gone."""
        over = Return(
            kind=AlarmKind.RULE, object_id=object_id(kept.rule_id, kept.subject), outcome=outcome
        )
        await return_alarm(connection, over, self._occurrence(kept.place, occurred_at=at, at=at))
        await records.keep_standing(connection, replace(kept, active=False, turning_since=None))

    async def _fire(
        self, connection: AsyncConnection, firing: Firing, *, at: datetime, standing: bool
    ) -> None:
        rule, happening = firing.rule, firing.happening
        kept = await records.find_standing(connection, rule.rule_id, firing.subject)
        # Several gateways may share an area: as long as the alarm lasts it stays where it began.
        place = kept.place if kept is not None and kept.active else happening.place
        effect = Raise(
            kind=AlarmKind.RULE,
            object_id=object_id(rule.rule_id, firing.subject),
            device_id=place.device_id or None,
            facts={
                "rule_id": rule.rule_id,
                "name": rule.name,
                "advice": rule.advice,
                "why_vi": firing.why.vi,
                "why_en": firing.why.en,
            },
            priority=rule.priority,
        )
        occurrence = replace(
            self._occurrence(place, occurred_at=happening.occurred_at, at=at),
            event_id=happening.event_id or None,
            late=happening.late,
            standing=standing,
        )
        alarm_id = await raise_alarm(connection, effect, occurrence)
        if alarm_id is None:
            return  # held back: it fires again, until there is an alarm for somebody to see
        for event_id in firing.behind:
            await rows.enter_part(connection, alarm_id, event_id)
        fired_at = max(happening.occurred_at, (kept and kept.fired_at) or happening.occurred_at)
        await records.keep_standing(
            connection,
            KeptStanding(
                rule_id=rule.rule_id,
                subject=firing.subject,
                place=place,
                active=True,
                fired_at=fired_at,
            ),
        )
        if kept is None or not kept.active:
            _log.info(
                "rules.fired", rule_id=rule.rule_id, subject=firing.subject, alarm_id=alarm_id
            )

    async def _end(self, connection: AsyncConnection, ending: Ending, *, at: datetime) -> None:
        happening = ending.happening
        kept = await records.find_standing(connection, ending.rule.rule_id, ending.subject)
        if kept is None or not kept.active:
            return
        if happening.late and kept.fired_at is not None and happening.occurred_at < kept.fired_at:
            return
        over = Return(
            kind=AlarmKind.RULE,
            object_id=object_id(ending.rule.rule_id, ending.subject),
            outcome="ended",
        )
        occurrence = replace(
            self._occurrence(kept.place, occurred_at=happening.occurred_at, at=at),
            event_id=happening.event_id or None,
            late=happening.late,
        )
        await return_alarm(connection, over, occurrence)
        await records.keep_standing(connection, replace(kept, active=False, turning_since=None))

    def _occurrence(self, place: Place, *, occurred_at: datetime, at: datetime) -> Occurrence:
        return Occurrence(
            gateway_id=place.gateway_id,
            area_id=place.area_id,
            occurred_at=occurred_at,
            at=at,
            policies=self._policies,
        )
