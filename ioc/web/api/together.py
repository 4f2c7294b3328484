"""Many alarms answered at once, as JSON; in one transaction with their line in the audit log."""

from fastapi import APIRouter

from ioc.alarms.handling.together import (
    Deed,
    Left,
    Rights,
    Together,
    Wish,
    answer_together,
)
from ioc.centre import Centre
from ioc.people import Access
from ioc.people.audit import Deed as Audited
from ioc.people.audit import write as write_audit
from ioc.web.api.alarm_shapes import AnsweredTogether, AnswerTogether
from ioc.web.errors import Refused
from ioc.web.identity import Actor, TheCentre

router = APIRouter(prefix="/api", tags=["alarms"])


@router.post("/alarms/answer-together")
async def answer_alarms_together(
    centre: TheCentre, access: Actor, wanted: AnswerTogether
) -> AnsweredTogether:
    """Acknowledge or close up to 500 alarms at once, each for itself; cannot be undone.

    Each alarm's log says with how many others it was answered. Emergencies and intrusions are left
    as they are, and so is what has called anew since the list was read. The same request again
    changes nothing more.
    """
    wish = wish_of(centre, access, **wanted.model_dump())
    return AnsweredTogether.of(await answer_for(centre, access, wish))


async def answer_for(centre: Centre, access: Access, wish: Wish) -> Together:
    """Answer those of some alarms that this person may answer at once.

    Raises:
        Refused: none of them exists for this person, or they may answer none, or give no reason.
    """
    if wish.deed == "close" and not wish.reason:
        raise Refused("close_needs_reason", status_code=409)
    async with centre.store.begin() as connection:
        outcome = await answer_together(connection, wish, rights_of(access))
        _refuse_strangers(outcome)
        if outcome.answered:
            line = Audited(
                login=access.login,
                action=f"alarms_{wish.deed}_together",
                subject=f"{len(outcome.answered)} alarms",
                detail=" ".join(outcome.answered),
            )
            await write_audit(connection, line, at=wish.at)
    return outcome


def wish_of(
    centre: Centre, access: Access, *, deed: Deed, alarm_ids: list[str], as_of: int, reason: str
) -> Wish:
    """Return what a person wants, each alarm once; a reason goes with closing only."""
    return Wish(
        alarm_ids=tuple(dict.fromkeys(alarm_ids)),
        deed=deed,
        reason=" ".join(reason.split()) if deed == "close" else "",
        as_of=as_of,
        login=access.login,
        at=centre.clock.now(),
    )


def rights_of(access: Access) -> Rights:
    """Return what a person may do with alarms of an area."""
    return Rights(may_see=access.may_see, may=access.may_acknowledge)


def _refuse_strangers(outcome: Together) -> None:
    if outcome.answered:
        return
    whys = set(outcome.left.values())
    if whys <= {Left.NOT_FOUND}:
        raise Refused("not_found", status_code=404)
    if whys <= {Left.NOT_FOUND, Left.FORBIDDEN}:
        raise Refused("forbidden", status_code=403)
