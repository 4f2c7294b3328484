"""Holds back new alarms of a gateway that has too many open ones, and counts what was held back.

The events are stored all the same; how many opened no alarm stands in the one alarm that says so. Its
facts: `limit`, `resumes_below`, `held_back`, `held_kinds` (kind to number), `since`, and `held_pressing`
once an emergency or an intrusion was among them, with `held_pressing_at`, when people were last called
for one.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import RowMapping, bindparam, exists, func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.alarms import rows
from ioc.alarms.engine import ceiling
from ioc.alarms.engine.ceiling import Place
from ioc.alarms.engine.policy import Policies
from ioc.alarms.engine.standing import ACTIVE
from ioc.alarms.rules import AlarmKind, Priority, Raise
from ioc.alarms.states import AlarmState
from ioc.store import journal
from ioc.store.tables import alarms, devices, gateways

HELD_BACK, HELD_KINDS, PRESSING = "held_back", "held_kinds", "held_pressing"
_PRESSING_AT = "held_pressing_at"
_KNOWN_FOR = timedelta(minutes=30)
_TELLS_EVERY = 100
"""Held back events to one line of the journal, after the first few."""

_AT_MOST = "open_alarms_at_most"
"""Where the one connection that writes remembers how many alarms gateways have at most: what is opened
is added, what ends is not taken off, and counted again before it matters."""

# Built once: the first is asked for every new alarm.
_OPEN_STATES = [state for state in AlarmState if state is not AlarmState.NORMAL]
_OPEN = select(func.count()).where(
    alarms.c.gateway_id == bindparam("of_gateway"),
    alarms.c.state.in_(_OPEN_STATES),
    alarms.c.kind.not_in(ceiling.FREE),
)
_OF_DEVICE = _OPEN.where(alarms.c.device_id == bindparam("of_device"))
_IN_INVENTORY = select(
    exists().where(
        devices.c.gateway_id == bindparam("of_gateway"),
        devices.c.device_id == bindparam("of_device"),
        devices.c.present.is_(True),
    )
)
_ANSWERED = select(
    exists().where(
        alarms.c.kind == bindparam("of_kind"),
        alarms.c.gateway_id == bindparam("of_gateway"),
        alarms.c.object_id == bindparam("of_object"),
        alarms.c.acknowledged_by.is_not(None),
    )
)
_FLOODING = select(alarms.c.gateway_id).where(
    alarms.c.kind == AlarmKind.GATEWAY_FLOODING, alarms.c.state.in_(ACTIVE)
)


async def admits(
    connection: AsyncConnection,
    effect: Raise,
    priority: Priority,
    *,
    gateway_id: str,
    policies: Policies,
) -> bool:
    """Tell whether a new alarm may be opened; almost always without a query."""
    limit = policies.limits.open_per_gateway
    if ceiling.is_free(effect.kind):
        return True
    at_most: dict[str, int] = connection.info.setdefault(_AT_MOST, {})
    if gateway_id not in at_most or at_most[gateway_id] >= ceiling.resumes_below(limit):
        at_most[gateway_id] = await _count_open(connection, gateway_id)
    open_alarms = at_most[gateway_id]
    at_most[gateway_id] += 1
    if open_alarms < ceiling.resumes_below(limit):
        return True
    was_full = await find_flooding(connection, gateway_id) is not None
    if not ceiling.is_full(open_alarms, limit=limit, was_full=was_full):
        return True
    place = await _place(connection, effect, gateway_id, open_alarms)
    return ceiling.opens_all_the_same(effect.kind, priority, place, limit=limit)


async def find_flooding(connection: AsyncConnection, gateway_id: str) -> RowMapping | None:
    """Return the alarm that says that a gateway opens no more, while it holds."""
    alarm = await rows.find_open(
        connection, kind=AlarmKind.GATEWAY_FLOODING, gateway_id=gateway_id, object_id=gateway_id
    )
    return alarm if alarm is not None and alarm["state"] in ACTIVE else None


async def flooding_of(
    connection: AsyncConnection, effect: Raise, *, gateway_id: str, at: datetime, policies: Policies
) -> tuple[Raise, str | None]:
    """Return the alarm for the first event that is held back, and the gateway's area."""
    limit = policies.limits.open_per_gateway
    facts = {
        "limit": limit,
        "resumes_below": ceiling.resumes_below(limit),
        "since": at.isoformat(),
        PRESSING: False,
        **_counted({}, effect),
    }
    raised = Raise(
        kind=AlarmKind.GATEWAY_FLOODING, object_id=gateway_id, device_id=None, facts=facts
    )
    named = select(gateways.c.area_id).where(gateways.c.gateway_id == gateway_id)
    return raised, await connection.scalar(named)


async def count(
    connection: AsyncConnection, flooding: RowMapping, effect: Raise, *, at: datetime
) -> None:
    """Count one more event that has opened no alarm; a line in the log for each would be a flood."""
    facts = {**flooding["facts"], **_counted(flooding["facts"], effect)}
    await rows.set_columns(connection, flooding["alarm_id"], {"facts": facts})
    held = facts[HELD_BACK]
    if held < _TELLS_EVERY // 10 or held % _TELLS_EVERY == 0:
        journal.note(
            connection,
            subject="alarm",
            subject_id=flooding["alarm_id"],
            area_id=flooding["area_id"],
            at=at,
        )


def goes_on(flooding: RowMapping) -> Raise:
    """Return what says that a gateway which seemed to be relieved is not."""
    return Raise(kind=AlarmKind.GATEWAY_FLOODING, object_id=flooding["object_id"], device_id=None)


def pressing_of(flooding: RowMapping, *, at: datetime) -> Raise | None:
    """Return what calls people anew because something pressing was held back; None: they know.

    Whoever has answered knows for half an hour: what comes then may be somebody else.
    """
    facts, again = flooding["facts"], False
    if facts.get(PRESSING):
        told = datetime.fromisoformat(facts[_PRESSING_AT])
        again = flooding["state"] == AlarmState.ACKNOWLEDGED and abs(at - told) >= _KNOWN_FOR
        if not again:
            return None
    return Raise(
        kind=AlarmKind.GATEWAY_FLOODING,
        object_id=flooding["object_id"],
        device_id=None,
        part_id=f"{PRESSING}-{facts[HELD_BACK]}" if again else PRESSING,
        facts={PRESSING: True, _PRESSING_AT: at.isoformat()},
    )


async def relieved(connection: AsyncConnection, policies: Policies) -> list[str]:
    """Return the gateways that were full and may open alarms again."""
    limit = policies.limits.open_per_gateway
    free = []
    for gateway_id in (await connection.scalars(_FLOODING)).all():
        open_alarms = await _count_open(connection, gateway_id)
        if not ceiling.is_full(open_alarms, limit=limit, was_full=True):
            free.append(gateway_id)
    return free


async def _count_open(connection: AsyncConnection, gateway_id: str) -> int:
    return int(await connection.scalar(_OPEN, {"of_gateway": gateway_id}) or 0)


async def _place(
    connection: AsyncConnection, effect: Raise, gateway_id: str, open_alarms: int
) -> Place:
    this = {"of_gateway": gateway_id, "of_device": effect.device_id}
    of_no_device = effect.device_id is None
    answered = {
        "of_kind": effect.kind,
        "of_gateway": gateway_id,
        "of_object": effect.object_id,
    }
    return Place(
        open_alarms=open_alarms,
        of_device=0 if of_no_device else int(await connection.scalar(_OF_DEVICE, this) or 0),
        in_inventory=of_no_device or bool(await connection.scalar(_IN_INVENTORY, this)),
        answered_before=bool(await connection.scalar(_ANSWERED, answered)),
    )


def _counted(known: Mapping[str, Any], effect: Raise) -> dict[str, Any]:
    kinds = dict(known.get(HELD_KINDS, {}))
    kinds[str(effect.kind)] = kinds.get(str(effect.kind), 0) + 1
    return {HELD_BACK: known.get(HELD_BACK, 0) + 1, HELD_KINDS: kinds}
