"""The desk of rules: reads, checks, changes, switches and tries them out, each for who may."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog

from ioc.alarms.engine.policy import UNDELAYED_POLICIES, Policies
from ioc.clock import Clock
from ioc.people.access import Access
from ioc.people.audit import Deed, write
from ioc.people.errors import not_allowed, not_found
from ioc.rules import records, refusals
from ioc.rules.evaluation.book import RuleBook
from ioc.rules.language import Fault, Known, RulesFaulty, RuleShape, Text, read_rules, switch
from ioc.rules.language.document import FORMS
from ioc.rules.records import KeptText
from ioc.rules.running import RunningRules
from ioc.rules.trial import MOST_EVENTS, Trial, try_book
from ioc.rules.watch import RuleWatch
from ioc.store.engine import Store
from ioc.timeseries.port import SeriesKey, SeriesRefused, SeriesStore, SeriesUnavailable

_Read = tuple[tuple[RuleShape, ...], tuple[Fault, ...]]
_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class RuleView:
    """One rule as the page lists it."""

    rule: RuleShape
    active: int
    """At how many places its condition is there now."""
    fired_at: datetime | None

    @property
    def form(self) -> str:
        """What it looks at: event, sequence or series."""
        return next(form for form in FORMS if getattr(self.rule, form) is not None)


@dataclass(frozen=True, kw_only=True)
class Rulebook:
    """All rules with their text."""

    text: str
    number: int
    """Of the text; 0: there is none yet. Whoever changes it names the number it was read with."""
    at: datetime | None
    login: str | None
    rules: tuple[RuleView, ...]
    may_change: bool
    faults: tuple[Fault, ...]
    """Warnings; errors where the places it names have gone since it was written."""


class RuleDesk:
    """The commune's rules; one text is in force, every earlier one is kept."""

    def __init__(
        self,
        *,
        store: Store,
        series: SeriesStore,
        clock: Clock,
        zone: ZoneInfo,
        policies: Policies = UNDELAYED_POLICIES,
    ) -> None:
        self.running = RunningRules(policies)
        """What ingest asks."""
        self.watch = RuleWatch(store=store, series=series, rules=self.running, clock=clock)
        self._store = store
        self._series = series
        self._clock = clock
        self._zone = zone
        self._trying = asyncio.Lock()
        self._changing = asyncio.Lock()
        self._last_read: tuple[str, Known, _Read] | None = None

    async def open(self, file: Path | None) -> None:
        """Put the kept text in force; one that no person has changed follows the settings' file.

        A text that has become wrong (an area is gone) stays in force as far as it can, and says so.
        """
        async with self._store.read() as connection:
            kept = await records.newest_text(connection)
            known = await records.read_known(connection, None)
        if file is not None:
            kept = await self._follow(file, kept, known)
        if kept is None:
            return
        for measure in (known, Known()):
            try:
                await self._enforce(kept.text, measure, areas=known.areas or {})
            except RulesFaulty as faulty:
                _log.error("rules.faulty", why=str(faulty), advice="mend them at /quy-tac")
            else:
                return

    async def read(self, access: Access) -> Rulebook:
        """Return the rules and their text; the text only for who may change it."""
        known = await self._known()
        async with self._store.read() as connection:
            kept = await records.newest_text(connection)
            standings = await records.standings(connection)
        if kept is None:
            return Rulebook(
                text="",
                number=0,
                at=None,
                login=None,
                rules=(),
                may_change=self.may_change(access, known),
                faults=(),
            )
        may_change = self.may_change(access, known)
        rules, faults = await self._read_leniently(kept.text, known)
        mine = [one for one in standings.values() if access.may_see(one.place.area_id)]
        return Rulebook(
            text=kept.text if may_change else "",
            number=kept.number,
            at=kept.at,
            login=kept.login,
            rules=tuple(
                RuleView(
                    rule=rule,
                    active=sum(s.active for s in mine if s.rule_id == rule.rule_id),
                    fired_at=max(
                        (s.fired_at for s in mine if s.rule_id == rule.rule_id and s.fired_at),
                        default=None,
                    ),
                )
                for rule in rules
            ),
            may_change=may_change,
            faults=faults,
        )

    def may_change(self, access: Access, known: Known) -> bool:
        """Tell whether a person may set rules, which hold for the whole commune."""
        return access.may_set_rules and all(access.may_see(area) for area in known.areas or ())

    async def check(self, access: Access, text: str) -> tuple[Fault, ...]:
        """Return what is wrong with a text.

        Raises:
            Refusal: it is not this person's to write.
        """
        known = await self._require(access)
        try:
            return (await _read(text, known)).warnings
        except RulesFaulty as faulty:
            return faulty.faults

    async def save(self, access: Access, text: str, *, number: int) -> tuple[Fault, ...]:
        """Put a text in force; return its warnings.

        Args:
            access: of who writes.
            text: YAML.
            number: of the text that it was made from.

        Raises:
            Refusal: not allowed, faulty, or somebody has changed the rules meanwhile.
        """
        known = await self._require(access)
        try:
            read = await _read(text, known)
        except RulesFaulty as faulty:
            raise refusals.faulty(faulty) from faulty
        deed = Deed(login=access.login, action="rules_set", subject="rules")
        await self._replace(text, deed, number=number, known=known)
        return read.warnings

    async def switch(self, access: Access, rule_id: str, *, enabled: bool) -> None:
        """Put one rule in or out of force.

        Raises:
            Refusal: not allowed, unknown, or the text has become faulty.
        """
        known = await self._require(access)
        async with self._store.read() as connection:
            kept = await records.newest_text(connection)
        text = None if kept is None else switch(kept.text, rule_id, enabled=enabled)
        if kept is None or text is None:
            raise not_found()
        try:
            await _read(text, known)
        except RulesFaulty as faulty:
            raise refusals.faulty(faulty) from faulty
        action = "rule_on" if enabled else "rule_off"
        deed = Deed(login=access.login, action=action, subject=rule_id)
        await self._replace(text, deed, number=kept.number, known=known)

    async def try_out(self, access: Access, text: str) -> Trial:
        """Return what a text would have made of the last day.

        Raises:
            Refusal: not allowed, faulty, another trial is running, or the series cannot be read.
        """
        known = await self._require(access)
        try:
            document = (await _read(text, known)).document
        except RulesFaulty as faulty:
            raise refusals.faulty(faulty) from faulty
        if self._trying.locked():
            raise refusals.trial_running()
        async with self._trying:
            book = RuleBook(document, zone=self._zone, areas=known.areas or {})
            try:
                return await try_book(
                    book, store=self._store, series=self._series, until=self._clock.now()
                )
            except (SeriesUnavailable, SeriesRefused) as error:
                raise refusals.series_unavailable() from error

    async def _follow(self, file: Path, kept: KeptText | None, known: Known) -> KeptText | None:
        try:
            text = await asyncio.to_thread(file.read_text, encoding="utf-8")
            await _read(text, known)
        except (OSError, UnicodeDecodeError, RulesFaulty) as error:
            _log.error("rules.file_unusable", file=str(file), why=str(error))
            return kept
        if kept is not None and (kept.login is not None or kept.text == text):
            return kept
        async with self._store.begin() as connection:
            await records.keep_text(connection, text, login=None, at=self._clock.now())
            return await records.newest_text(connection)

    async def _replace(self, text: str, deed: Deed, *, number: int, known: Known) -> None:
        now = self._clock.now()
        async with self._changing:  # else an older text could come into force last
            async with self._store.begin() as connection:
                kept = await records.newest_text(connection)
                if (kept.number if kept else 0) != number:
                    raise refusals.changed_meanwhile(kept.login if kept else None)
                await records.keep_text(connection, text, login=deed.login, at=now)
                await write(connection, deed, at=now)
            await self._enforce(text, known, areas=known.areas or {})

    async def _enforce(self, text: str, known: Known, *, areas: Mapping[str, str | None]) -> None:
        document = (await _read(text, known)).document
        book = RuleBook(document, zone=self._zone, areas=areas)
        # A writer's turn: no event is committed between the reading of windows and their use.
        async with self._store.begin() as connection:
            for happening in await records.stored_happenings(
                connection,
                since=self._clock.now() - book.remembered,
                kinds=book.remembered_kinds,
                most=MOST_EVENTS,
            ):
                book.evaluate(happening)  # for its windows; what has fired has done so already
            self.running.book = book
        _log.info("rules.in_force", rules=len(book.rules))

    async def _known(self) -> Known:
        keys: list[SeriesKey] | None = None
        try:
            keys = await self._series.keys()
        except (SeriesUnavailable, SeriesRefused) as error:
            _log.warning("rules.series_unknown", why=str(error))
        async with self._store.read() as connection:
            return await records.read_known(connection, keys)

    async def _read_leniently(self, text: str, known: Known) -> _Read:
        """Return the rules of a text that was right once, and what is wrong with it now."""
        if self._last_read is None or self._last_read[:2] != (text, known):
            try:
                read = await _read(text, known)
                result = read.document.rules, read.warnings
            except RulesFaulty as faulty:
                result = (await _read(text, Known())).document.rules, faulty.faults
            self._last_read = text, known, result
        return self._last_read[2]

    async def _require(self, access: Access) -> Known:
        known = await self._known()
        if not self.may_change(access, known):
            raise not_allowed()
        return known


async def _read(text: str, known: Known) -> Text:
    """Read a text beside the loop: a long one takes half a second."""
    return await asyncio.to_thread(read_rules, text, known)
