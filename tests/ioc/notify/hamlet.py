"""A commune whose people have contacts, its alarms, and everything that calls people."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from sqlalchemy import insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.notify.calling.composing import Description
from ioc.notify.calling.turns import OnDuty
from ioc.notify.opening import Notifier, Place, open_notifier
from ioc.notify.reach import contacts as contact_rows
from ioc.notify.reach.contacts import make_contact
from ioc.notify.reach.wishes import Wishes, keep_wishes
from ioc.notify.reading import Delivery, read_delivery
from ioc.notify.settings import Notify
from ioc.store.engine import Store
from ioc.store.tables import alarms, annunciations, notification_attempts, notifications, users
from tests.fakes.clock import FakeClock
from tests.ioc.commune import open_commune


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who is on duty in a test."""

    person: str | None = "lan"
    deputy: str | None = "hao"
    leader: str | None = "quan"


@dataclass(kw_only=True)
class Hamlet:
    """A store with people, and the notifier over it."""

    store: Store
    clock: FakeClock
    notifier: Notifier
    watch: Watch = field(default_factory=Watch)

    async def raise_alarm(self, *, priority: str = "critical", reason: str = "raise") -> str:
        """Have an alarm annunciated; return its id."""
        alarm_id, now = str(uuid4()), self.clock.now()
        async with self.store.begin() as connection:
            await connection.execute(
                insert(alarms).values(
                    alarm_id=alarm_id,
                    kind="intrusion",
                    gateway_id="tu-1",
                    object_id=alarm_id,
                    area_id="ban-chuong",
                    priority=priority,
                    state="unacknowledged",
                    annunciate=True,
                    late=False,
                    occurred_at=now,
                    last_occurred_at=now,
                    raised_at=now,
                )
            )
        await self.annunciate(alarm_id, priority=priority, reason=reason)
        return alarm_id

    async def annunciate(self, alarm_id: str, *, priority: str, reason: str, step: int = 0) -> None:
        async with self.store.begin() as connection:
            await connection.execute(
                insert(annunciations).values(
                    alarm_id=alarm_id,
                    at=self.clock.now(),
                    step=step,
                    reason=reason,
                    priority=priority,
                    area_id="ban-chuong",
                )
            )

    async def acknowledge(self, alarm_id: str) -> None:
        async with self.store.begin() as connection:
            await connection.execute(
                update(alarms).where(alarms.c.alarm_id == alarm_id).values(state="acknowledged")
            )

    async def add_contact(self, login: str, channel: Any, address: str) -> str:
        contact = make_contact(
            login=login, channel=channel, address=address, label="", at=self.clock.now()
        )
        async with self.store.begin() as connection:
            return await contact_rows.add_contact(connection, contact, at=self.clock.now())

    async def wish(self, login: str, **wishes: Any) -> None:
        async with self.store.begin() as connection:
            await keep_wishes(connection, login, Wishes(**wishes))

    async def turn(self) -> None:
        """Let everything do what is due now, until nothing is."""
        for _ in range(20):
            worked = await self.notifier.caller.run_once()
            for lane in self.notifier.lanes.values():
                worked |= await lane.run_once()
            if not worked:
                return
        raise AssertionError("it never comes to rest")

    async def pass_time(self, seconds: float, *, step_s: float = 5.0) -> None:
        """Let time pass in steps, everybody working in between."""
        for _ in range(round(seconds / step_s)):
            self.clock.advance(step_s)
            await self.turn()

    async def delivery(self, alarm_id: str) -> Delivery:
        async with self.store.read() as connection:
            return await read_delivery(connection, alarm_id)

    async def calls(self, alarm_id: str) -> list[tuple[str | None, int, str]]:
        return [(c.login, c.step, c.state) for c in (await self.delivery(alarm_id)).calls]

    async def notes(self) -> Sequence[Any]:
        async with self.store.read() as connection:
            found = await connection.execute(
                select(notifications).order_by(notifications.c.created_at)
            )
            return found.all()

    async def attempts(self) -> list[str | None]:
        async with self.store.read() as connection:
            found = await connection.scalars(
                select(notification_attempts.c.outcome).order_by(notification_attempts.c.number)
            )
            return list(found)


async def describe(
    connection: AsyncConnection, alarm_id: str, *, language: str, at: Any
) -> Description:
    """Say what happened without the words of the console."""
    values = {"what": f"Cảnh báo {alarm_id[:8]}", "priority": "Mức 1", "shape": "◆", "at": "07:00"}
    return Description(values=values, facts={"alarm_id": alarm_id})


@asynccontextmanager
async def open_hamlet(
    folder: Path,
    clock: FakeClock,
    settings: Notify,
    *,
    url: str | None = None,
    on_duty: OnDuty | None = None,
) -> AsyncIterator[Hamlet]:
    """Give a commune with an operator, a deputy, a leader and another operator.

    `on_duty` None: whom the hamlet's `watch` names.
    """
    async with open_commune(folder / "data", url=url) as store:
        async with store.begin() as connection:
            for login, role in [
                ("lan", "operator"),
                ("hao", "operator"),
                ("quan", "leader"),
                ("khac", "operator"),
                ("xem", "viewer"),
            ]:
                await connection.execute(
                    insert(users).values(
                        login=login,
                        name=login.title(),
                        role=role,
                        area_id="xa",
                        password_hash="-",
                        created_at=clock.now(),
                    )
                )
        watches: list[Hamlet] = []

        async def as_told(connection: AsyncConnection, *, area_id: str, at: Any) -> Watch:
            return watches[0].watch

        async with open_notifier(
            settings,
            Place(commune="Xã Thử", zone=ZoneInfo("Asia/Ho_Chi_Minh"), keys_dir=folder / "keys"),
            store=store,
            clock=clock,
            on_duty=on_duty or as_told,
            describe=describe,
        ) as notifier:
            hamlet = Hamlet(store=store, clock=clock, notifier=notifier)
            watches.append(hamlet)
            yield hamlet
