"""What a killed gateway left open is ended by its next run, in the centre's eyes too."""

import pytest

from contracts.events import (
    CameraCondition,
    CameraDegraded,
    CameraRecovered,
    IntrusionEnded,
    IntrusionStarted,
)
from edge_agent.cameras.conditions import degraded_key, presence_key
from edge_agent.clock import SystemClock
from edge_agent.outbox import Draft, Entry, open_outbox
from edge_agent.outbox.importance import Bounds
from tests.edge_agent.outbox.gateway import ADDRESS, OTHER_BOOT_ID, make_timekeeper

pytestmark = pytest.mark.broker

OBJECT = "22222222-0000-4000-8000-000000000001"


async def test_a_killed_gateway_ends_what_it_saw_when_it_runs_again(centre, make_config, gateway):
    """Even of a camera that is no longer configured; nothing stands for ever."""
    config = make_config()
    timekeeper = make_timekeeper(SystemClock(), OTHER_BOOT_ID)
    intrusion = IntrusionStarted(object_id=OBJECT, zone="sân", box=(0, 0, 1, 1), present_s=1)
    covered = CameraDegraded(condition=CameraCondition.COVERED)
    drafts = {
        presence_key("cam1", OBJECT): Draft(
            data=intrusion, moment=timekeeper.moment(), device_id="cam1"
        ),
        degraded_key("cam1", "covered"): Draft(
            data=covered, moment=timekeeper.moment(), device_id="cam1"
        ),
    }

    def leave_open(entry: Entry) -> None:
        for key, draft in drafts.items():
            entry.state_condition(key, draft)

    async with open_outbox(
        config.data_dir / "outbox.db",
        address=ADDRESS,
        timekeeper=timekeeper,
        bounds=Bounds(max_bytes=10**6),
    ) as outbox:
        await outbox.write(leave_open)
    async with gateway(config) as outbox:
        # What began in an earlier run goes by the backfill lane, and may come after its end.
        kinds = (IntrusionStarted, IntrusionEnded, CameraRecovered)
        await centre.until(lambda: all(centre.data(kind) for kind in kinds))
        assert not await outbox.conditions()
    assert [event.object_id for event in centre.data(IntrusionEnded)] == [OBJECT]
    assert len(centre.data(IntrusionStarted)) == 1, "not stated again: it is over"
    assert centre.data(CameraRecovered)[0].condition is CameraCondition.COVERED
