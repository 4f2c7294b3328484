"""What cameras record is heard of at once, once, and only when it is new."""

from dataclasses import replace

import pytest

from contracts.events import Answer
from edge_agent.cameras.sightings import Sightings
from edge_agent.loudspeakers.talk_downs.decision import Incident
from edge_agent.loudspeakers.talk_downs.incidents import Ending, read_draft
from edge_agent.outbox import Draft
from edge_agent.vision.findings import LitteringEnded
from tests.edge_agent.cameras.test_sightings import OBJECT, confirmed, degraded, ended, started
from tests.edge_agent.outbox.gateway import littering, make_timekeeper


class Witness:
    """Writes down what it hears."""

    def __init__(self) -> None:
        self.heard = []

    def see(self, draft: Draft) -> None:
        self.heard.append(read_draft(draft))

    def lose_sight(self, camera_id: str) -> None:
        self.heard.append(camera_id)


async def test_a_sighting_is_heard_of_once(clock, open_told):
    """Told twice it is recorded once; the end counts, and that the camera sees nothing more."""
    witness = Witness()
    async with open_told(clock) as (outbox, _):
        sightings = Sightings("cam1", outbox, witness=witness)
        for finding in (started(), started(), degraded(), confirmed(), ended(), ended()):
            await sightings.record(finding)
        await sightings.end_unseen()
    intruder, nothing, thing, left, lost = witness.heard
    assert (intruder.cause, intruder.zone, intruder.is_in_sight) == ("intrusion", "sân", True)
    assert nothing is None, "a covered camera is no incident"
    assert (thing.cause, thing.is_in_sight) == ("littering", False)
    assert (left.object_id, left.answer) == (OBJECT, Answer.LEFT)
    assert lost == "cam1"


@pytest.mark.parametrize("ending", ["reclaimed", "cleared", "fixture"])
async def test_an_object_that_is_gone_was_taken_back(clock, open_told, ending):
    """By whom ever; one that belongs there tells nothing of anybody."""
    witness = Witness()
    async with open_told(clock) as (outbox, _):
        sightings = Sightings("cam1", outbox, witness=witness)
        await sightings.record(confirmed())
        await sightings.record(litter_ended(ending))
    told = witness.heard[-1]
    assert isinstance(told, Ending)
    assert told.answer is (Answer.UNKNOWN if ending == "fixture" else Answer.TAKEN_BACK)


def litter_ended(ending: str):
    return LitteringEnded(
        camera_id="cam1", at_s=1_020, object_id=OBJECT, zone="bãi", ending=ending, pictures=()
    )


def test_what_still_holds_is_no_new_incident(clock):
    """After a broken connection everything that stands is told again; nobody is spoken to."""
    moment = make_timekeeper(clock).moment()
    fresh = Draft(data=littering(), moment=moment, device_id="cam1")
    assert isinstance(read_draft(fresh), Incident)
    assert read_draft(replace(fresh, standing=True)) is None
