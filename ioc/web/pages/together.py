"""The page on which many alarms are answered at once; plain forms that need no script."""

from collections import Counter
from typing import Annotated, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import RedirectResponse, Response

from ioc.alarms.handling.together import LONGEST_REASON, MOST, Left, Weighed, Wish, weigh
from ioc.centre import Centre
from ioc.people import Access
from ioc.web.api.shapes import Text
from ioc.web.api.together import answer_for, rights_of, wish_of
from ioc.web.errors import Refused
from ioc.web.identity import Reader, TheCentre, TheSession, check_csrf
from ioc.web.pages.grounds import kind_name
from ioc.web.pages.login import home_of
from ioc.web.pages.saying import Speech
from ioc.web.reading.alarms import AlarmView, Tab, find_alarms
from ioc.web.reading.head import read_head
from ioc.web.reading.places import read_places
from ioc.web.reading.together import Narrowing, Source, read_answerable
from ioc.web.rendering import ThePage

router = APIRouter(include_in_schema=False)

TABS: dict[str, Tab] = {
    "can-xu-ly": "attention",
    "dang-xu-ly": "in_progress",
    "tam-an": "shelved",
    "tat-ca": "all",
}
_GROUPS_SHOWN = 12
_LEFT_SHOWN = 12
_LEFT_ORDER = (
    Left.CHANGED,
    Left.PRESSING,
    Left.LASTS,
    Left.DONE,
    Left.FORBIDDEN,
    Left.NOT_FOUND,
)
"""What a person should look at first, first."""
_Id = Annotated[Text, Field(max_length=80)]


class Asked(BaseModel):
    """What the address narrows the list to."""

    model_config = ConfigDict(frozen=True)

    muc: _Id = "can-xu-ly"
    loai: _Id = ""
    tu: _Id = ""
    thiet_bi: Annotated[Text, Field(max_length=80, alias="thiet-bi")] = ""
    nhom: Annotated[Text, Field(max_length=36)] = ""
    tim: Annotated[Text, Field(max_length=100)] = ""

    @property
    def narrowing(self) -> Narrowing:
        """The same as the store is asked."""
        return Narrowing(
            tab=TABS.get(self.muc, "attention"),
            kind=self.loai,
            gateway_id=self.tu,
            device_id=self.thiet_bi,
            head_id=self.nhom,
            words=self.tim,
        )

    @property
    def query(self) -> str:
        """The same as an address says it."""
        said = self.model_dump(by_alias=True, exclude_defaults=True)
        return urlencode({name: value for name, value in said.items() if value})


class Chosen(BaseModel):
    """What the form sends: which alarms, what to do, and from which list."""

    model_config = ConfigDict(frozen=True)

    csrf: Annotated[Text, Field(max_length=200)] = ""
    viec: Literal["acknowledge", "close"] = "acknowledge"
    chon: Annotated[list[Annotated[Text, Field(max_length=36)]], Field(max_length=2 * MOST)] = (
        Field(default_factory=list)
    )
    ly_do: Annotated[Text, Field(max_length=LONGEST_REASON)] = ""
    den: Annotated[int, Field(ge=0, le=2**63 - 1)] = 0
    ve: Annotated[Text, Field(max_length=6_000)] = ""
    """The list's own query, for the way back; an accented letter takes nine characters there."""

    def wish(self, centre: Centre, access: Access) -> Wish:
        """Return what this person wants."""
        return wish_of(
            centre,
            access,
            deed=self.viec,
            alarm_ids=self.chon,
            as_of=self.den,
            reason=self.ly_do,
        )


@router.get("/tra-loi-nhieu")
async def show_answerable(
    centre: TheCentre, access: Reader, page: ThePage, asked: Annotated[Asked, Query()]
) -> Response:
    """The open alarms as narrowed down, all of them chosen."""
    if not access.may_open_console:
        return RedirectResponse(home_of(access), status_code=303)
    narrowing = asked.narrowing
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
        speech = Speech(wording=page.wording, places=await read_places(connection, centre.settings))
        found = await read_answerable(connection, access, narrowing, heading=speech.what)
    return page.answer(
        "together.html",
        tab="together",
        head=head,
        asked=asked,
        narrowing=narrowing,
        tabs=TABS,
        found=found,
        groups=_groups(found.sources),
        heads=found.heads,
        kinds=sorted({each.kind for each in found.sources} | {narrowing.kind} - {""}),
        gateways=sorted(
            {each.gateway_id for each in found.sources} | {narrowing.gateway_id} - {""}
        ),
        heading=speech.heading,
        group_name=speech.source,
        places=speech.places,
        kind_name=lambda kind: kind_name(kind, page.wording),
        back=asked.query,
        may=any(access.may_acknowledge(area_id) for area_id in access.area_ids),
        most=MOST,
        longest=LONGEST_REASON,
    )


@router.post("/tra-loi-nhieu/hoi")
async def ask_before(
    centre: TheCentre, session: TheSession, page: ThePage, chosen: Annotated[Chosen, Form()]
) -> Response:
    """What is about to happen, with its number; changes nothing."""
    check_csrf(chosen.csrf, session)
    access = session.access
    wish = chosen.wish(centre, access)
    problem = _problem(wish)
    weighed = Weighed(chosen=(), left={})
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
        speech = Speech(wording=page.wording, places=await read_places(connection, centre.settings))
        if not problem:
            weighed = await weigh(connection, wish, rights_of(access))
    counted = Counter((alarm["kind"], alarm["gateway_id"]) for alarm in weighed.chosen)
    lines = [
        Source(kind=kind, gateway_id=gateway_id, device_id=None, number=number)
        for (kind, gateway_id), number in counted.most_common(_GROUPS_SHOWN)
    ]
    return page.answer(
        "together_ask.html",
        tab="together",
        head=head,
        chosen=chosen,
        wish=wish,
        alarm_ids=[alarm["alarm_id"] for alarm in weighed.chosen],
        lines=[speech.source(line) for line in lines],
        lines_more=len(counted) - len(lines),
        left=_left(weighed.left),
        problem=problem,
        most=MOST,
        longest=LONGEST_REASON,
    )


@router.post("/tra-loi-nhieu")
async def answer_chosen(
    centre: TheCentre, session: TheSession, page: ThePage, chosen: Annotated[Chosen, Form()]
) -> Response:
    """Answer them, and say what has become of each."""
    check_csrf(chosen.csrf, session)
    access = session.access
    wish = chosen.wish(centre, access)
    if not 0 < len(wish.alarm_ids) <= MOST:
        raise Refused("bad_request", status_code=422)
    outcome = await answer_for(centre, access, wish)
    async with centre.store.read() as connection:
        head = await read_head(connection, access, centre)
        speech = Speech(wording=page.wording, places=await read_places(connection, centre.settings))
        in_order = sorted(outcome.left, key=lambda each: _LEFT_ORDER.index(outcome.left[each]))
        alarms = await find_alarms(connection, access, in_order[:_LEFT_SHOWN])
    return page.answer(
        "together_done.html",
        tab="together",
        head=head,
        chosen=chosen,
        alarms=alarms,
        heading=speech.heading,
        answered=len(outcome.answered),
        left=_left(outcome.left),
        named=_named(outcome.left, in_order, alarms),
    )


def _left(left: dict[str, Left]) -> list[tuple[Left, int]]:
    counted = Counter(left.values())
    return [(why, counted[why]) for why in _LEFT_ORDER if counted[why]]


def _named(
    left: dict[str, Left], in_order: list[str], alarms: dict[str, AlarmView]
) -> dict[Left, list[AlarmView]]:
    """Return those of some alarms that are shown by name, by why they were left."""
    named: dict[Left, list[AlarmView]] = {}
    for alarm_id in in_order:
        if alarm_id in alarms:
            named.setdefault(left[alarm_id], []).append(alarms[alarm_id])
    return named


def _problem(wish: Wish) -> str:
    if not wish.alarm_ids:
        return "none_chosen"
    if len(wish.alarm_ids) > MOST:
        return "too_many"
    return "no_reason" if wish.deed == "close" and not wish.reason else ""


def _groups(sources: tuple[Source, ...]) -> list[Source]:
    """Return the sources worth a link of their own: gateways with all their devices, then devices."""
    of_gateways: Counter[tuple[str, str]] = Counter()
    for each in sources:
        of_gateways[each.kind, each.gateway_id] += each.number
    whole = [
        Source(kind=kind, gateway_id=gateway_id, device_id=None, number=number)
        for (kind, gateway_id), number in of_gateways.items()
    ]
    single = [
        each
        for each in sources
        if each.device_id is not None and each.number < of_gateways[each.kind, each.gateway_id]
    ]
    worth = [each for each in (*whole, *single) if each.number > 1]
    return sorted(worth, key=lambda each: -each.number)[:_GROUPS_SHOWN]
