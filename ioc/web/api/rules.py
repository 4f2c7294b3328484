"""The commune's own rules as JSON: read, check, change, switch, try on the last day."""

from typing import Annotated

from fastapi import APIRouter, Path

from ioc.web.api.rule_shapes import (
    ChangeShape,
    FaultShape,
    RulebookShape,
    SwitchShape,
    TextShape,
    TrialShape,
)
from ioc.web.api.shapes import Text
from ioc.web.identity import Actor, Reader, TheCentre
from ioc.web.reading.places import read_places

router = APIRouter(prefix="/api", tags=["rules"])

RuleId = Annotated[Text, Path(max_length=40)]


@router.get("/rules")
async def read_rules(centre: TheCentre, access: Reader) -> RulebookShape:
    """The rules in force and those that are off."""
    return RulebookShape.of(await centre.rules.read(access))


@router.post("/rules")
async def change_rules(centre: TheCentre, access: Actor, body: ChangeShape) -> RulebookShape:
    """Put a text in force; one with errors is refused and the former stays."""
    await centre.rules.save(access, body.text, number=body.number)
    return RulebookShape.of(await centre.rules.read(access))


@router.post("/rules/check")
async def check_rules(centre: TheCentre, access: Actor, body: TextShape) -> list[FaultShape]:
    """What is wrong with a text, by line; changes nothing."""
    return FaultShape.all_of(await centre.rules.check(access, body.text))


@router.post("/rules/trial")
async def try_rules(centre: TheCentre, access: Actor, body: TextShape) -> TrialShape:
    """What a text would have made of the last day; changes nothing."""
    trial = await centre.rules.try_out(access, body.text)
    async with centre.store.read() as connection:
        places = await read_places(connection, centre.settings)
    return TrialShape.of(trial, places)


@router.post("/rules/{rule_id}/switch")
async def switch_rule(
    centre: TheCentre, access: Actor, rule_id: RuleId, body: SwitchShape
) -> RulebookShape:
    """Put one rule in or out of force; the rest of the text stays as it is."""
    await centre.rules.switch(access, rule_id, enabled=body.enabled)
    return RulebookShape.of(await centre.rules.read(access))
