"""Calls people: turns what the alarm engine annunciates into notifications, person after person.

An emergency goes to all contacts of a person at once and to the next person if none has taken it in
time; anything else goes to the contact the person prefers, and to the next when that one fails.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog
from sqlalchemy import Row, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.clock import Clock
from ioc.clock_steps import ClockSteps
from ioc.notify.calling.bundling import Pace, bundle, has_held, held_until
from ioc.notify.calling.composing import (
    Annunciation,
    Composer,
    Describe,
    Description,
)
from ioc.notify.calling.rearming import rearm
from ioc.notify.calling.turns import (
    EVERYBODY,
    HOLDER,
    OnDuty,
    called_for,
    holders,
    turns_from,
)
from ioc.notify.calling.verdicts import Note, Verdict, decide
from ioc.notify.reach.contacts import Contact, contacts_of
from ioc.notify.reach.wishes import Wishes, wishes_of
from ioc.notify.sending import rows
from ioc.notify.settings import Notify, Webhook
from ioc.people.accounts import load_areas
from ioc.store import journal
from ioc.store.engine import Store
from ioc.store.tables import alarms, annunciations, calls, notifications

IDLE_S = 0.5
_AT_ONCE = 20

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, kw_only=True)
class Surroundings:
    """What the caller needs of the rest of the centre."""

    settings: Notify
    channels: frozenset[str]
    composer: Composer
    on_duty: OnDuty
    describe: Describe


class Caller:
    """Calls people; one at a time in the whole installation."""

    def __init__(self, around: Surroundings, *, store: Store, clock: Clock) -> None:
        self._around = around
        self._store = store
        self._clock = clock
        self._pace = Pace()
        self._steps = ClockSteps(clock, asker="notify")

    async def run(self) -> None:
        """Call for ever."""
        while True:
            if not await self.run_once():
                await self._clock.sleep(IDLE_S)

    async def run_once(self) -> bool:
        """Do what is due now; return whether there was anything."""
        now = await self._follow_clock()
        async with self._store.read() as connection:
            if not await self._is_due(connection, now):
                return False
        async with self._store.begin() as connection:
            await self._take_annunciations(connection, now)
            for call, verdict in await self._verdicts(connection, now):
                await self._follow(connection, call, verdict, now)
            await bundle(connection, self._around.composer, now=now)
        return True

    async def _follow_clock(self) -> datetime:
        """Move what waits along with a clock that was set, and return now by the clock it follows."""
        now = self._clock.now()
        while step := self._steps.pending():
            now = self._clock.now()
            async with self._store.begin() as connection:
                await rearm(connection, step, now=now)
            self._pace = Pace()
            self._steps.followed(step)
        return now

    async def _is_due(self, connection: AsyncConnection, now: datetime) -> bool:
        untaken = await connection.scalar(
            select(annunciations.c.number).where(annunciations.c.taken.is_(False)).limit(1)
        )
        return (
            untaken is not None
            or await has_held(connection, now=now)
            or bool(await self._verdicts(connection, now))
        )

    async def _take_annunciations(self, connection: AsyncConnection, now: datetime) -> None:
        untaken = await connection.execute(
            select(
                *[
                    *annunciations.c,
                    alarms.c.state.label("alarm_state"),
                    alarms.c.assigned_to,
                    alarms.c.acknowledged_by,
                ]
            )
            .join(alarms, alarms.c.alarm_id == annunciations.c.alarm_id, isouter=True)
            .where(annunciations.c.taken.is_(False))
            .order_by(annunciations.c.number)
            .limit(_AT_ONCE)
        )
        for row in untaken.all():
            await connection.execute(
                update(annunciations).where(annunciations.c.number == row.number).values(taken=True)
            )
            taken = _annunciation(row)
            await self._tell_webhooks(connection, taken, now)
            if taken.login is not None:
                if rows.is_in_hand(row, taken.login):
                    await self._call(connection, taken, taken.login, step=taken.step, now=now)
            elif row.alarm_state in rows.AWAITING:
                await self._call_from(connection, taken, taken.step, now)
            elif taken.is_overdue and row.alarm_state == rows.UNDER_WAY:
                having = (row.assigned_to, row.acknowledged_by)
                await self._call_holder(connection, taken, having, now)

    async def _tell_webhooks(
        self, connection: AsyncConnection, taken: Annunciation, now: datetime
    ) -> None:
        hooks = self._around.settings.webhooks
        if not hooks:
            return
        described = await self._describe(connection, taken, "vi", now)
        tree = await load_areas(connection)
        path = tree.path(taken.area_id)
        for hook in hooks:
            if _concerns(hook, taken, path):
                draft = self._around.composer.for_webhook(taken, described, hook.name, at=now)
                await rows.enqueue(connection, draft)

    async def _call_holder(
        self,
        connection: AsyncConnection,
        taken: Annunciation,
        having: Sequence[str | None],
        now: datetime,
    ) -> None:
        """Call who has an alarm in hand, else who answered it, else who is on duty."""
        for login in await holders(connection, having, area_id=taken.area_id):
            if await self._call(connection, taken, login, step=HOLDER, now=now):
                return
        await self._call_from(connection, taken, HOLDER + 1, now)

    async def _call_from(
        self, connection: AsyncConnection, taken: Annunciation, step: int, now: datetime
    ) -> None:
        """Call whoever is next from a step on; everybody who may answer if nobody can be called."""
        watch = await self._around.on_duty(connection, area_id=taken.area_id, at=now)
        called = await called_for(connection, taken.number)
        for number, logins in await turns_from(connection, watch, area_id=taken.area_id, step=step):
            is_called = False
            for login in logins:
                if login not in called:
                    called.add(login)
                    is_called |= await self._call(connection, taken, login, step=number, now=now)
            if is_called:
                return
        _log.warning("notify.nobody_to_call", alarm_id=taken.alarm_id, priority=taken.priority)
        await self._note_call(connection, taken, None, step=EVERYBODY, state="nobody", now=now)

    async def _call(
        self,
        connection: AsyncConnection,
        taken: Annunciation,
        login: str,
        *,
        step: int,
        now: datetime,
    ) -> bool:
        """Call one person; return whether somebody else need not be called at once."""
        wishes = await wishes_of(connection, login)
        is_asked = taken.is_emergency or taken.login is not None or step == HOLDER
        if not is_asked and not wishes.wants(taken.priority):
            await self._note_call(connection, taken, login, step=step, state="unwanted", now=now)
            return True
        usable = await self._usable(connection, login)
        state = "open" if usable else "no_contact"
        call_id = await self._note_call(connection, taken, login, step=step, state=state, now=now)
        for contact in usable if taken.is_emergency else usable[:1]:
            await self._notify(connection, taken, contact, call_id=call_id, now=now)
        return bool(usable)

    async def _usable(self, connection: AsyncConnection, login: str) -> tuple[Contact, ...]:
        return tuple(
            contact
            for contact in await contacts_of(connection, login)
            if contact.channel in self._around.channels and contact.broken_at is None
        )

    async def _notify(
        self,
        connection: AsyncConnection,
        taken: Annunciation,
        contact: Contact,
        *,
        call_id: str,
        now: datetime,
    ) -> None:
        wishes = await wishes_of(connection, contact.login)
        described = await self._describe(connection, taken, wishes.language, now)
        draft = self._around.composer.for_contact(
            taken, described, contact, wishes, call_id=call_id, at=now
        )
        if not (draft.is_held or taken.is_emergency or taken.login):
            later = self._pace.held_until(contact.contact_id, now)
            if later is not None:
                due = max(later, draft.next_attempt_at)
                draft = replace(draft, is_held=True, next_attempt_at=due)
        if draft.is_held:
            until = await held_until(connection, contact.contact_id)
            due = min(until or draft.next_attempt_at, draft.next_attempt_at)
            draft = replace(draft, next_attempt_at=due)
        await rows.enqueue(connection, draft)

    async def _describe(
        self, connection: AsyncConnection, taken: Annunciation, language: str, now: datetime
    ) -> Description:
        described = await self._around.describe(
            connection, taken.alarm_id, language=language, at=now
        )
        return described or Description(values={"what": taken.alarm_id})

    async def _note_call(
        self,
        connection: AsyncConnection,
        taken: Annunciation,
        login: str | None,
        *,
        step: int,
        state: str,
        now: datetime,
    ) -> str:
        call_id = str(uuid4())
        wait = timedelta(seconds=self._around.settings.next_person_after_s)
        await connection.execute(
            insert(calls).values(
                call_id=call_id,
                annunciation=taken.number,
                alarm_id=taken.alarm_id,
                login=login,
                step=step,
                at=now,
                passes_on_at=now + wait if taken.is_emergency and taken.login is None else None,
                state=state,
            )
        )
        await journal.write(
            connection, subject="alarm", subject_id=taken.alarm_id, area_id=taken.area_id, at=now
        )
        return call_id

    async def _verdicts(
        self, connection: AsyncConnection, now: datetime
    ) -> list[tuple[Row[Any], Verdict]]:
        """Return the open calls about which something is to be done."""
        open_calls = (
            await connection.execute(
                select(
                    *[
                        *calls.c,
                        alarms.c.state.label("alarm_state"),
                        alarms.c.assigned_to,
                        alarms.c.assigned_at,
                        annunciations.c.login.label("given_to"),
                        annunciations.c.reason,
                    ]
                )
                .join(annunciations, annunciations.c.number == calls.c.annunciation)
                .join(alarms, alarms.c.alarm_id == calls.c.alarm_id, isouter=True)
                .where(calls.c.state == "open")
            )
        ).all()
        notes = await _notes_of_open_calls(connection)
        found: list[tuple[Row[Any], Verdict]] = []
        for call in open_calls:
            verdict = await self._verdict(connection, call, notes[call.call_id], now)
            if verdict is not Verdict.WAIT:
                found.append((call, verdict))
        return found

    async def _verdict(
        self, connection: AsyncConnection, call: Row[Any], notes: list[Note], now: datetime
    ) -> Verdict:
        # By night hundreds of calls wait for somebody's morning: none may cost queries of its own.
        alone, together = (
            decide(
                notes,
                awaiting=_is_awaited(call),
                passes_on_at=call.passes_on_at,
                has_further_contact=has_further,
                now=now,
            )
            for has_further in (False, True)
        )
        if alone is together:
            return alone
        return together if await self._further(connection, call) else alone

    async def _further(self, connection: AsyncConnection, call: Row[Any]) -> tuple[Contact, ...]:
        """Return the person's contacts that a call has not used."""
        used = set(
            await connection.scalars(
                select(notifications.c.contact_id).where(notifications.c.call_id == call.call_id)
            )
        )
        usable = await self._usable(connection, call.login)
        return tuple(contact for contact in usable if contact.contact_id not in used)

    async def _follow(
        self, connection: AsyncConnection, call: Row[Any], verdict: Verdict, now: datetime
    ) -> None:
        taken = _annunciation(
            (
                await connection.execute(
                    select(annunciations).where(annunciations.c.number == call.annunciation)
                )
            ).one()
        )
        if verdict is Verdict.TRY_NEXT_CONTACT:
            following, *_ = await self._further(connection, call)
            await self._notify(connection, taken, following, call_id=call.call_id, now=now)
            return
        is_last = verdict is Verdict.TO_NEXT_PERSON and taken.login is not None
        state = "undelivered" if is_last else str(verdict)
        await connection.execute(
            update(calls).where(calls.c.call_id == call.call_id).values(state=state)
        )
        await journal.write(
            connection, subject="alarm", subject_id=taken.alarm_id, area_id=taken.area_id, at=now
        )
        if verdict is Verdict.TO_NEXT_PERSON and not is_last:
            _log.warning("notify.passed_on", alarm_id=taken.alarm_id, step=call.step)
            await self._call_from(connection, taken, call.step + 1, now)


async def _notes_of_open_calls(connection: AsyncConnection) -> dict[str, list[Note]]:
    """Return what has become of the notifications of each open call."""
    found = await connection.execute(
        select(notifications.c.call_id, notifications.c.state, notifications.c.attempts)
        .join(calls, calls.c.call_id == notifications.c.call_id)
        .where(calls.c.state == "open")
    )
    notes: dict[str, list[Note]] = defaultdict(list)
    for row in found:
        notes[row.call_id].append(Note(state=row.state, attempts=row.attempts))
    return notes


def _is_awaited(call: Row[Any]) -> bool:
    """Tell whether it still matters that the person learns of the alarm."""
    if call.given_to is not None:
        return rows.is_in_hand(call, call.given_to)
    if call.reason == "overdue" and call.alarm_state == rows.UNDER_WAY:
        return not rows.has_changed_hands(call, call.login, since=call.at)
    return call.alarm_state in rows.AWAITING


def _concerns(hook: Webhook, taken: Annunciation, path: Sequence[str]) -> bool:
    if hook.area_id is not None and hook.area_id not in path:
        return False
    return Wishes(least_priority=hook.least_priority).wants(taken.priority)


def _annunciation(row: Row[Any]) -> Annunciation:
    return Annunciation(
        number=row.number,
        alarm_id=row.alarm_id,
        step=row.step,
        reason=row.reason,
        priority=row.priority,
        area_id=row.area_id,
        login=row.login,
    )
