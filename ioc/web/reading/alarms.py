"""Alarms with their pictures and history, within a person's areas."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import ColumnElement, Row, Select, and_, case, func, select, true
from sqlalchemy.ext.asyncio import AsyncConnection

from contracts.events import KIND_OF, CameraDegraded, CameraRecovered
from ioc.alarms.handling.assigning import IS_TAKEN
from ioc.alarms.handling.together import read_note
from ioc.alarms.parts import PARTS, present
from ioc.alarms.rules import AlarmKind
from ioc.people import Access
from ioc.store.tables import alarm_transitions, alarms, broadcasts, events, users
from ioc.web.reading.conditions import condition_of
from ioc.web.reading.evidence import NOTHING_SHOWN, ROLES, Clip, Picture, Shown, read_shown

Tab = Literal["attention", "in_progress", "shelved", "all"]
PRIORITIES = ("critical", "high", "medium", "low")
AWAITING = frozenset({"unacknowledged", "rtn_unacknowledged"})
_LIST_LIMIT = 300
_handling = users.alias("handling")
_OF_CONDITIONS = (KIND_OF[CameraDegraded], KIND_OF[CameraRecovered])


@dataclass(frozen=True, kw_only=True)
class Transition:
    """One line of an alarm's history."""

    number: int
    at: datetime
    from_state: str | None
    to_state: str
    cause: str
    who: str | None
    note: str | None
    together: int | None = None
    """With how many others it was answered at once; None: by itself."""
    condition: str | None = None
    """Of a camera, where one began or ended."""


@dataclass(frozen=True, kw_only=True)
class AlarmView:
    """An alarm as lists show it."""

    alarm_id: str
    kind: str
    gateway_id: str
    device_id: str | None
    object_id: str
    area_id: str
    priority: str
    state: str
    annunciate: bool
    late: bool
    occurred_at: datetime
    last_occurred_at: datetime
    raised_at: datetime
    acknowledged_at: datetime | None
    acknowledged_by: str | None
    """The person's name."""
    returned_at: datetime | None
    repeats: int
    latched: bool
    suppression: str
    """Why it calls nobody: empty, shelved, suppressed_by_design or out_of_service."""
    suppressed_until: datetime | None
    cause_id: str | None
    explains: int
    """How many open alarms it explains."""
    chattering: bool
    stale: bool
    acknowledge_by: datetime | None
    resolve_by: datetime | None
    paused_at: datetime | None
    """Its gateway is away since: the times above are not counted on."""
    escalation_step: int
    assigned_to: str | None
    """Login of who has it in hand, or was given it."""
    assigned_name: str | None
    assigned_at: datetime | None
    taken: bool
    """Whether that person has said so."""
    facts: dict[str, Any]
    pictures: tuple[Picture, ...]
    """Of the latest sighting that still lasts, else of the latest; before, depositing, after."""
    clips: tuple[Clip, ...]
    """Of its sightings: first of the one that the pictures show, then the newest."""
    spoken: bool
    """Somebody has answered it over loudspeakers since it last happened."""

    @property
    def awaiting(self) -> bool:
        """Whether nobody has acknowledged it yet."""
        return self.state in AWAITING

    @property
    def shown_object(self) -> str | None:
        """The sighting that is shown: the pictures', else the latest that lasts, else the latest."""
        if self.pictures:
            return self.pictures[0].object_id
        known = present(self.facts) or tuple(self.facts.get(PARTS, {}))
        return known[-1] if known else None

    @property
    def film(self) -> Clip | None:
        """The clip of the sighting that is shown."""
        own = [clip for clip in self.clips if clip.object_id == self.shown_object]
        return min(own, key=lambda clip: clip.state != "stored", default=None)

    @property
    def thumbnail(self) -> Picture | None:
        """The picture that says most: where the object lies, else who left it."""
        stored = [picture for picture in self.pictures if picture.state == "stored"]
        candidates = stored or self.pictures
        return max(candidates, key=lambda picture: ROLES.index(picture.role), default=None)


async def list_alarms(
    connection: AsyncConnection, access: Access, *, tab: Tab
) -> tuple[AlarmView, ...]:
    """Return alarms, most severe first, then unacknowledged, then newest; at most 300."""
    query = visible(access).where(belongs_to(tab)).order_by(*in_order()).limit(_LIST_LIMIT)
    return await _views(connection, access, (await connection.execute(query)).all())


def in_order() -> tuple[ColumnElement[Any], ...]:
    """Return how lists are sorted: most severe first, then unacknowledged, then newest."""
    return (
        case({name: rank for rank, name in enumerate(PRIORITIES)}, value=alarms.c.priority),
        case(
            (alarms.c.state.not_in(AWAITING), 2),
            (alarms.c.annunciate.is_(False), 1),  # late: it calls nobody, so it waits its turn
            else_=0,
        ),
        alarms.c.last_occurred_at.desc(),
        alarms.c.alarm_id,
    )


def belongs_to(tab: Tab) -> ColumnElement[bool]:
    """Return which alarms a tab shows."""
    match tab:
        case "attention":
            return (alarms.c.state != "normal") & _stands_out()
        case "in_progress":
            return (alarms.c.state != "normal") & alarms.c.assigned_to.is_not(None)
        case "shelved":
            return _put_aside()
        case "all":
            return true()


async def find_alarm(
    connection: AsyncConnection, access: Access, alarm_id: str
) -> AlarmView | None:
    """Return one alarm if it exists for this person."""
    rows = (await connection.execute(visible(access).where(alarms.c.alarm_id == alarm_id))).all()
    views = await _views(connection, access, rows)
    return views[0] if views else None


async def find_alarms(
    connection: AsyncConnection, access: Access, alarm_ids: Sequence[str]
) -> dict[str, AlarmView]:
    """Return those of some alarms that exist for this person, by id."""
    rows = await connection.execute(visible(access).where(alarms.c.alarm_id.in_(alarm_ids)))
    return {view.alarm_id: view for view in await _views(connection, access, rows.all())}


async def count_alarms(connection: AsyncConnection, access: Access) -> dict[str, int]:
    """Return how many alarms are not back to normal, per priority."""
    rows = await connection.execute(
        select(alarms.c.priority, func.count().label("number"))
        .where(alarms.c.area_id.in_(access.area_ids), alarms.c.state != "normal", _stands_out())
        .group_by(alarms.c.priority)
    )
    counted = {row.priority: row.number for row in rows}
    return {priority: counted.get(priority, 0) for priority in PRIORITIES}


async def read_history(connection: AsyncConnection, alarm_id: str) -> tuple[Transition, ...]:
    """Return every transition, oldest first."""
    rows = await connection.execute(
        select(alarm_transitions, users.c.name.label("who"), events.c.body)
        .join(users, users.c.login == alarm_transitions.c.login, isouter=True)
        .join(
            events,
            and_(
                events.c.event_id == alarm_transitions.c.event_id, events.c.kind.in_(_OF_CONDITIONS)
            ),
            isouter=True,
        )
        .where(alarm_transitions.c.alarm_id == alarm_id)
        .order_by(alarm_transitions.c.number)
    )
    return tuple(_transition(row) for row in rows)


def _transition(row: Row[Any]) -> Transition:
    together, note = read_note(row.cause, row.note)
    return Transition(
        number=row.number,
        at=row.at,
        from_state=row.from_state,
        to_state=row.to_state,
        cause=row.cause,
        who=row.who or row.login,
        note=note,
        together=together,
        condition=condition_of(row.body) if row.body else None,
    )


async def clock_was_corrected(connection: AsyncConnection, alarm_id: str) -> bool:
    """Tell whether an event of this alarm came from a clock that was not synchronised."""
    corrected = await connection.scalar(
        select(events.c.event_id)
        .join(alarm_transitions, alarm_transitions.c.event_id == events.c.event_id)
        .where(alarm_transitions.c.alarm_id == alarm_id, events.c.occurred_at_corrected.is_(True))
        .limit(1)
    )
    return corrected is not None


def _stands_out() -> ColumnElement[bool]:
    """What is put aside, explained or only just begun (on-delay) is no work to do."""
    waiting = alarms.c.annunciates_at.is_not(None) & alarms.c.annunciate.is_(False)
    return (alarms.c.suppression == "") & ~waiting


def _put_aside() -> ColumnElement[bool]:
    """A shelf outlasts its alarm; what another alarm explains lasts as long as itself."""
    by_person = alarms.c.suppression.in_(("shelved", "out_of_service"))
    return by_person | ((alarms.c.suppression != "") & (alarms.c.state != "normal"))


def visible(access: Access) -> Select[Any]:
    """Return the query for alarms that exist for a person."""
    return (
        select(
            alarms,
            users.c.name.label("acknowledged_name"),
            _handling.c.name.label("assigned_name"),
            IS_TAKEN.label("is_taken"),
        )
        .join(users, users.c.login == alarms.c.acknowledged_by, isouter=True)
        .join(_handling, _handling.c.login == alarms.c.assigned_to, isouter=True)
        .where(alarms.c.area_id.in_(access.area_ids))
    )


async def _views(
    connection: AsyncConnection, access: Access, rows: Sequence[Row[Any]]
) -> tuple[AlarmView, ...]:
    alarm_ids = [row.alarm_id for row in rows]
    shown = await read_shown(
        connection,
        {row.alarm_id: present(row.facts or {}) for row in rows},
        of_rules=[row.alarm_id for row in rows if row.kind == AlarmKind.RULE],
        area_ids=access.area_ids,
    )
    spoken = set(
        await connection.scalars(
            select(broadcasts.c.alarm_id)
            .join(alarms, alarms.c.alarm_id == broadcasts.c.alarm_id)
            .where(
                broadcasts.c.alarm_id.in_(alarm_ids),
                broadcasts.c.created_at >= alarms.c.last_occurred_at,
            )
        )
    )
    explained = await _count_explained(connection, alarm_ids)
    return tuple(
        view_of(
            row,
            shown.get(row.alarm_id, NOTHING_SHOWN),
            spoken=row.alarm_id in spoken,
            explains=explained.get(row.alarm_id, 0),
        )
        for row in rows
    )


async def _count_explained(connection: AsyncConnection, alarm_ids: list[str]) -> dict[str, int]:
    found = await connection.execute(
        select(alarms.c.cause_id, func.count().label("number"))
        .where(alarms.c.cause_id.in_(alarm_ids), alarms.c.state != "normal")
        .group_by(alarms.c.cause_id)
    )
    return {row.cause_id: row.number for row in found}


def view_of(
    row: Row[Any], shown: Shown = NOTHING_SHOWN, *, spoken: bool = False, explains: int = 0
) -> AlarmView:
    """Return a row of `visible` as lists show it."""
    return AlarmView(
        alarm_id=row.alarm_id,
        kind=row.kind,
        gateway_id=row.gateway_id,
        device_id=row.device_id,
        object_id=row.object_id,
        area_id=row.area_id,
        priority=row.priority,
        state=row.state,
        annunciate=row.annunciate,
        late=row.late,
        occurred_at=row.occurred_at,
        last_occurred_at=row.last_occurred_at,
        raised_at=row.raised_at,
        acknowledged_at=row.acknowledged_at,
        acknowledged_by=row.acknowledged_name or row.acknowledged_by,
        returned_at=row.returned_at,
        repeats=row.repeats,
        latched=row.latched,
        suppression=row.suppression,
        suppressed_until=row.suppressed_until,
        cause_id=row.cause_id,
        explains=explains,
        chattering=row.chattering,
        stale=row.stale,
        acknowledge_by=row.acknowledge_by,
        resolve_by=row.resolve_by,
        paused_at=row.paused_at,
        escalation_step=row.escalation_step,
        assigned_to=row.assigned_to,
        assigned_name=row.assigned_name or row.assigned_to,
        assigned_at=row.assigned_at,
        taken=bool(row.is_taken),
        facts=dict(row.facts or {}),
        pictures=shown.pictures,
        clips=shown.clips,
        spoken=spoken,
    )
