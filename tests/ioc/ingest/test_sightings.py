"""Sightings, degraded cameras, clips and cameras' own remarks: what they do to alarms."""

from datetime import datetime, timedelta
from uuid import uuid4

import pytest
from structlog.testing import capture_logs

from contracts.events import (
    CameraClaim,
    CameraCondition,
    CameraDegraded,
    CameraRecovered,
    CameraReported,
    Clip,
    Corroboration,
    CrowdingEnded,
    CrowdingStarted,
    EvidenceClip,
    IntrusionEnded,
    IntrusionStarted,
    LitteringFixture,
    LoiteringEnded,
    LoiteringStarted,
    Picture,
)
from ioc.alarms import AlarmState, acknowledge, mark_false, undo_mark
from ioc.store.tables import alarm_transitions, alarms, events, evidence, journal
from tests.ioc.sender import littering

BOX = (0.1, 0.2, 0.1, 0.3)


def shown(clock) -> tuple[Picture, ...]:
    picture = Picture(
        role="shown",
        sha256="d" * 64,
        width_px=640,
        height_px=360,
        size_bytes=1_000,
        taken_at=clock.now(),
    )
    return (picture,)


def presence(kind: str, clock, *, zone: str = "trạm bơm"):
    """Return the beginning and the end of one stay."""
    named = {"object_id": str(uuid4()), "zone": zone}
    ended = {**named, "duration_s": 30.0}
    began = {**named, "pictures": shown(clock)}
    match kind:
        case "intrusion":
            return IntrusionStarted(**began, box=BOX, present_s=2.0), IntrusionEnded(**ended)
        case "loitering":
            return LoiteringStarted(**began, box=BOX, present_s=61.0), LoiteringEnded(**ended)
        case _:
            return CrowdingStarted(**began, share=0.4), CrowdingEnded(**ended)


def clip(object_id: str, clock, sha256: str = "e" * 64) -> EvidenceClip:
    announced = Clip(
        sha256=sha256,
        codec="h264",
        width_px=1280,
        height_px=720,
        size_bytes=5_000_000,
        begins_at=clock.now(),
        duration_s=20.0,
        encoded_again=False,
    )
    return EvidenceClip(object_id=object_id, clip=announced)


@pytest.mark.parametrize(
    ("kind", "priority"), [("intrusion", "high"), ("loitering", "medium"), ("crowding", "medium")]
)
async def test_presence_is_an_alarm_per_zone_until_it_ends(centre, sender, kind, priority):
    """Two stays in one zone are one alarm, which returns with the last of them."""
    first, first_end = presence(kind, centre.clock)
    second, second_end = presence(kind, centre.clock)
    elsewhere, _ = presence(kind, centre.clock, zone="sân trường " + "x" * 150)
    for began in (first, second, elsewhere):
        await centre.take(sender.batch(sender.event(began)))
    here, there = await centre.rows(alarms)
    assert {(a["kind"], a["priority"]) for a in (here, there)} == {(kind, priority)}
    assert (here["repeats"], there["repeats"]) == (2, 1)
    assert [row["role"] for row in await centre.rows(evidence)] == ["shown"] * 3
    for ended, state in ((first_end, "unacknowledged"), (second_end, "rtn_unacknowledged")):
        await centre.take(sender.batch(sender.event(ended)))
        states = {row["alarm_id"]: row["state"] for row in await centre.rows(alarms)}
        assert states[here["alarm_id"]] == state
        assert states[there["alarm_id"]] == "unacknowledged"


async def test_a_late_stay_that_is_over_leaves_no_open_alarm(centre, sender):
    """Its end came first, on the live lane."""
    began, ended = presence("intrusion", centre.clock)
    late = sender.event(began, late=True)
    centre.clock.advance(60)
    await centre.take(sender.batch(sender.event(ended)))
    await centre.take(sender.batch(late, backfill=True))
    assert (await centre.row(alarms))["state"] == "normal"


async def test_a_cameras_conditions_stack_in_one_alarm(centre, sender):
    """It returns with the last of them; one that begins again after an answer calls again."""

    async def tell(data) -> dict:
        await centre.take(sender.batch(sender.event(data)))
        return await centre.row(alarms)

    await tell(CameraDegraded(condition=CameraCondition.COVERED, pictures=shown(centre.clock)))
    alarm = await tell(CameraDegraded(condition=CameraCondition.BLURRED, detail="0.2 of usual"))
    assert (alarm["kind"], alarm["priority"], alarm["repeats"]) == ("camera_degraded", "medium", 2)
    assert alarm["facts"]["parts"] == {"covered": "present", "blurred": "present"}
    assert alarm["facts"]["detail_blurred"] == "0.2 of usual"
    async with centre.store.begin() as connection:
        await acknowledge(connection, alarm["alarm_id"], login="lan", at=centre.clock.now())
    alarm = await tell(CameraRecovered(condition=CameraCondition.COVERED, lasted_s=9.0))
    assert alarm["state"] == "acknowledged"
    alarm = await tell(CameraDegraded(condition=CameraCondition.COVERED))
    assert alarm["state"] == "unacknowledged"
    for condition in (CameraCondition.COVERED, CameraCondition.BLURRED):
        alarm = await tell(CameraRecovered(condition=condition, lasted_s=9.0))
    assert alarm["state"] == "rtn_unacknowledged"


async def test_a_fixture_ends_the_alarm_and_says_how(centre, sender):
    """The log tells it from an object that was cleared."""
    left = littering(centre.clock)
    await centre.take(sender.batch(sender.event(left)))
    fixture = LitteringFixture(object_id=left.object_id, zone=left.zone)
    await centre.take(sender.batch(sender.event(fixture)))
    alarm = await centre.row(alarms)
    assert alarm["state"] == "rtn_unacknowledged"
    assert alarm["facts"]["parts"] == {left.object_id: "fixture"}
    assert [row["note"] for row in await centre.rows(alarm_transitions)] == [None, "fixture"]


async def test_a_clip_joins_the_alarm_of_its_sighting_also_after_its_end(centre, sender):
    """It follows when its last second has been seen; the page learns of it."""
    began, ended = presence("loitering", centre.clock)
    await centre.take(sender.batch(sender.event(began)), sender.batch(sender.event(ended)))
    told = len(await centre.rows(journal))
    await centre.take(sender.batch(sender.event(clip(began.object_id, centre.clock))))
    (film,) = [row for row in await centre.rows(evidence) if row["role"] == "clip"]
    alarm = await centre.row(alarms)
    assert (film["alarm_id"], film["state"]) == (alarm["alarm_id"], "announced")
    assert (film["duration_s"], film["codec"], film["media_type"]) == (20.0, "h264", "video/mp4")
    assert len(await centre.rows(journal)) == told + 1


async def test_a_clip_before_its_sighting_waits_for_it(centre, sender):
    """Nothing is lost when a sighting comes late by the other lane; the log says so meanwhile."""
    left = littering(centre.clock)
    with capture_logs() as logs:
        await centre.take(sender.batch(sender.event(clip(left.object_id, centre.clock))))
    assert "evidence.clip_without_sighting" in [line["event"] for line in logs]
    assert len(await centre.rows(events)) == 1
    assert (await centre.row(evidence))["alarm_id"] is None
    await centre.take(sender.batch(sender.event(left, late=True), backfill=True))
    assert (await centre.row(evidence))["alarm_id"] == (await centre.row(alarms))["alarm_id"]


async def test_a_cameras_remark_is_shown_with_its_alarm_and_raises_none(centre, sender):
    """Alone it is only stored; with a sighting it stands there from when until when."""

    def remark(corroborates: str | None, *, active: bool = True) -> CameraReported:
        return CameraReported(
            claim=CameraClaim.OBJECT_LEFT,
            topic="RuleEngine/ObjectAbandoned",
            active=active,
            corroborates=corroborates,
        )

    await centre.take(sender.batch(sender.event(remark(None))))
    await centre.take(sender.batch(sender.event(remark(str(uuid4())))))
    assert await centre.rows(alarms) == []
    assert len(await centre.rows(events)) == 2
    left = littering(centre.clock)
    await centre.take(sender.batch(sender.event(left)))
    for active in (True, False, False):
        centre.clock.advance(10)
        await centre.take(sender.batch(sender.event(remark(left.object_id, active=active))))
    began, single = (await centre.row(alarms))["facts"]["corroborated_by"]
    assert began["until"] > began["since"]
    assert single["until"] == single["since"]
    lines = [r for r in await centre.rows(alarm_transitions) if r["cause"] == "corroborate"]
    assert [(r["from_state"], r["to_state"], r["note"]) for r in lines] == [
        ("unacknowledged", "unacknowledged", "object_left")
    ] * 3
    assert (await centre.row(alarms))["repeats"] == 1


async def test_what_a_sighting_brings_along_is_kept_beside_later_remarks(centre, sender):
    """A standing report after a reconnection says it again, and it stands there once."""
    since = centre.clock.now()
    brought = Corroboration(
        claim=CameraClaim.OBJECT_LEFT, topic="RuleEngine/ObjectAbandoned", since=since
    )
    left = littering(centre.clock).model_copy(update={"corroborated_by": (brought,)})
    await centre.take(sender.batch(sender.event(left)))
    over = CameraReported(
        claim=brought.claim, topic=brought.topic, active=False, corroborates=left.object_id
    )
    centre.clock.advance(5)
    await centre.take(sender.batch(sender.event(over)))
    await centre.take(sender.batch(sender.event(left, standing=True)))
    (remark,) = (await centre.row(alarms))["facts"]["corroborated_by"]
    assert "until" in remark


async def test_a_claim_that_two_sightings_bring_along_is_one_and_ends(centre, sender):
    """Each works out since when the camera says it, a little differently."""
    since = centre.clock.now()
    for apart in (timedelta(), timedelta(microseconds=40)):
        brought = Corroboration(
            claim=CameraClaim.OBJECT_LEFT, topic="RuleEngine/ObjectAbandoned", since=since + apart
        )
        left = littering(centre.clock).model_copy(update={"corroborated_by": (brought,)})
        await centre.take(sender.batch(sender.event(left)))
    centre.clock.advance(5)
    over = CameraReported(
        claim=brought.claim, topic=brought.topic, active=False, corroborates=left.object_id
    )
    await centre.take(sender.batch(sender.event(over)))
    (remark,) = (await centre.row(alarms))["facts"]["corroborated_by"]
    assert datetime.fromisoformat(remark["until"]) == centre.clock.now()


class TestFalseAlarm:
    """An operator says that nothing had happened."""

    @pytest.fixture
    async def left(self, centre, sender):
        left = littering(centre.clock)
        await centre.take(sender.batch(sender.event(left)))
        return left

    async def mark(self, centre) -> dict:
        alarm = (await centre.rows(alarms))[0]
        async with centre.store.begin() as connection:
            await mark_false(
                connection,
                alarm["alarm_id"],
                reason="shadow",
                login="lan",
                at=centre.clock.now(),
            )
        return (await centre.rows(alarms))[0]

    async def undo(self, centre) -> AlarmState:
        alarm = (await centre.rows(alarms))[0]
        async with centre.store.begin() as connection:
            return await undo_mark(
                connection, alarm["alarm_id"], login="lan", at=centre.clock.now()
            )

    async def test_it_ends_the_alarm_and_its_standing_report_calls_nobody(
        self, centre, sender, left
    ):
        """The gateway reconnects and says that the object still lies there."""
        alarm = await self.mark(centre)
        assert (alarm["state"], alarm["acknowledged_by"]) == ("normal", "lan")
        await centre.take(sender.batch(sender.event(left, standing=True)))
        assert (await centre.row(alarms))["state"] == "normal"
        line = (await centre.rows(alarm_transitions))[-1]
        assert (line["cause"], line["note"]) == ("repeat", "dismissed")

    async def test_another_object_calls_as_ever(self, centre, sender, left):
        """Only what was judged is silenced."""
        await self.mark(centre)
        await centre.take(sender.batch(sender.event(littering(centre.clock))))
        states = {row["state"] for row in await centre.rows(alarms)}
        assert states == {"normal", "unacknowledged"}

    async def test_it_can_be_taken_back(self, centre, sender, left):
        """The alarm stands as before and ends with its object."""
        await self.mark(centre)
        assert await self.undo(centre) is AlarmState.UNACKNOWLEDGED
        alarm = await centre.row(alarms)
        assert (alarm["acknowledged_by"], alarm["returned_at"]) == (None, None)
        fixture = LitteringFixture(object_id=left.object_id, zone=left.zone)
        await centre.take(sender.batch(sender.event(fixture)))
        assert (await centre.row(alarms))["state"] == "rtn_unacknowledged"

    async def test_an_object_that_went_meanwhile_does_not_come_back(self, centre, sender, left):
        """Else nothing would ever end the alarm."""
        await self.mark(centre)
        fixture = LitteringFixture(object_id=left.object_id, zone=left.zone)
        await centre.take(sender.batch(sender.event(fixture)))
        assert await self.undo(centre) is AlarmState.RTN_UNACKNOWLEDGED
