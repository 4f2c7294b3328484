"""Whether a person may speak what they ask for, where they ask for it; reads, never writes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, select
from sqlalchemy.ext.asyncio import AsyncConnection

from ioc.broadcasts import records, refusals
from ioc.broadcasts.records import Target
from ioc.broadcasts.values import BroadcastOrder, Delivery, Heard, Level, LoudspeakerId
from ioc.people.access import Access
from ioc.people.errors import Refusal, not_allowed, not_found
from ioc.store.tables import alarms, areas

MAX_LOUDSPEAKERS = 200
_LEVELS: tuple[Level, ...] = ("hamlet", "commune", "province", "central")


def check_order(access: Access, order: BroadcastOrder) -> None:
    """Refuse what needs no look into the store.

    Raises:
        Refusal: nothing or too much is chosen, or the priority is not this person's.
    """
    if not order.loudspeakers:
        raise refusals.empty_selection()
    if len(order.loudspeakers) > MAX_LOUDSPEAKERS:
        raise refusals.too_many(MAX_LOUDSPEAKERS)
    if order.priority == "emergency" and not access.may_speak_emergencies:
        raise refusals.emergency_not_yours()


def check_heard(heard: Heard | None, order: BroadcastOrder) -> Heard:
    """Return what was heard, once it is what is to be sent.

    Raises:
        Refusal: another text, another framing, or nothing at all was heard.
    """
    if heard is None or heard.text != order.text or heard.status != order.status:
        raise refusals.not_previewed()
    if order.priority == "emergency" and heard.kind == "speech" and not heard.said_twice:
        raise refusals.say_it_twice()
    return heard


async def choose_level(connection: AsyncConnection, access: Access, wanted: Level | None) -> Level:
    """Return whose broadcast it is: hamlets speak for themselves, the commune also for those above.

    Raises:
        Refusal: the person does not speak for that authority.
    """
    root = await connection.scalar(select(areas.c.area_id).where(areas.c.parent_id.is_(None)))
    commune_wide = access.may_speak_emergencies and root is not None and access.may_see(root)
    highest: Level = "commune" if commune_wide else "hamlet"
    if wanted is None or wanted == highest:
        return highest
    if not commune_wide and _LEVELS.index(wanted) > _LEVELS.index(highest):
        raise refusals.level_not_yours()
    return wanted


async def check_alarm(connection: AsyncConnection, access: Access, alarm_id: str) -> None:
    """Refuse to answer an alarm that the person cannot see.

    Raises:
        Refusal: not found.
    """
    wanted = select(alarms.c.area_id).where(alarms.c.alarm_id == alarm_id)
    area_id = (await connection.execute(wanted)).scalar_one_or_none()
    if area_id is None or not access.may_see(area_id):
        raise not_found()


async def choose_targets(
    connection: AsyncConnection, access: Access, wanted: Sequence[LoudspeakerId]
) -> list[Target]:
    """Return the loudspeakers asked for, each once, all of them authorised.

    Raises:
        Refusal: one is unknown or outside the person's areas, or they may not speak there.
    """
    known = await records.targets(connection)
    chosen: list[Target] = []
    for loudspeaker_id in dict.fromkeys(wanted):
        target = known.get(loudspeaker_id)
        if target is None or not access.may_see(target.loudspeaker.area_id):
            raise not_found()
        if not access.may_speak(target.loudspeaker.area_id):
            raise not_allowed()
        chosen.append(target)
    return chosen


async def first_of(connection: AsyncConnection, broadcast_id: str) -> Row[Any]:
    """Return the row of a broadcast; of a repeat, that of the broadcast it repeats.

    Raises:
        Refusal: not found.
    """
    row = await records.first_of(connection, broadcast_id)
    if row is None:
        raise not_found()
    return row


def speakable(access: Access, known: Sequence[Delivery]) -> list[Delivery]:
    """Return the deliveries on loudspeakers that the person may use.

    Raises:
        Refusal: there is none.
    """
    mine = [each for each in known if access.may_speak(each.loudspeaker.area_id)]
    if mine:
        return mine
    raise _without_rights(access, known)


def _without_rights(access: Access, known: Sequence[Delivery]) -> Refusal:
    visible = any(access.may_see(each.loudspeaker.area_id) for each in known)
    return not_allowed() if visible else not_found()
