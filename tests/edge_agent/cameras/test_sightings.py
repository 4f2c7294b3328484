"""What began on a camera ends, once, however the watch ends."""

import asyncio
import tempfile
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from structlog.testing import capture_logs

from contracts.events import (
    CameraCondition,
    CameraDegraded,
    CameraRecovered,
    CrowdingEnded,
    CrowdingStarted,
    EvidenceClip,
    IntrusionEnded,
    IntrusionStarted,
    LitteringConfirmed,
    LitteringFixture,
    LoiteringEnded,
    LoiteringStarted,
    PathPoint,
)
from edge_agent.cameras import conditions
from edge_agent.cameras.claims.corroboration import Corroboration
from edge_agent.cameras.conditions import end_left_behind
from edge_agent.cameras.sightings import Sightings
from edge_agent.outbox import Draft, Entry, Lane, open_outbox
from edge_agent.outbox.importance import Bounds
from edge_agent.vision import findings as vision
from tests.edge_agent.outbox.gateway import (
    ADDRESS,
    OTHER_BOOT_ID,
    events_in,
    make_clock,
    make_timekeeper,
    open_store,
    sent,
)

OBJECT = "00000000-0000-4000-8000-000000000001"
FIXTURE = "00000000-0000-4000-8000-000000000002"
PICTURE = vision.Picture(
    role="shown", sha256="a" * 64, width_px=64, height_px=36, size_bytes=9, taken_at_s=1_000
)


def started(purpose: str = "intrusion", at_s: float = 1_000, **changes) -> vision.PresenceStarted:
    fields = {
        "camera_id": "cam1",
        "at_s": at_s,
        "purpose": purpose,
        "object_id": OBJECT,
        "zone": "sân",
        "box": (0.1, 0.1, 0.2, 0.4),
        "present_s": 1.5,
        "share": 0.4,
        "pictures": (PICTURE,),
    }
    return vision.PresenceStarted(**{**fields, **changes})


def ended(purpose: str = "intrusion", at_s: float = 1_030) -> vision.PresenceEnded:
    return vision.PresenceEnded(
        camera_id="cam1", at_s=at_s, purpose=purpose, object_id=OBJECT, zone="sân", duration_s=30
    )


def degraded(condition: str = "covered", at_s: float = 1_000) -> vision.Degraded:
    return vision.Degraded(
        camera_id="cam1", at_s=at_s, condition=condition, detail="edges 3 %", pictures=(PICTURE,)
    )


def confirmed(**changes) -> vision.LitteringConfirmed:
    fields = {
        "camera_id": "cam1",
        "at_s": 1_000,
        "object_id": OBJECT,
        "zone": "bãi",
        "box": (0.1, 0.1, 0.1, 0.1),
        "deposited_at_s": 990,
        "left_at_s": 992,
        "unattended_s": 8,
        "score": 0.9,
        "reasons": ("static_10s",),
        "pictures": (),
    }
    return vision.LitteringConfirmed(**{**fields, **changes})


class Case:
    """One camera's sightings and the outbox they go to."""

    def __init__(self, clock, outbox) -> None:
        self.clock = clock
        self.outbox = outbox
        self.sightings = Sightings("cam1", outbox, Corroboration())

    async def record(self, *findings) -> None:
        for finding in findings:
            await self.sightings.record(finding)

    async def told(self) -> list:
        batch = await self.outbox.next_batch(Lane.LIVE, after=0)
        return [] if batch is None else [event.data for event in events_in(batch.payload)]


@pytest.fixture
def case(clock, tmp_path):
    @asynccontextmanager
    async def make(*, boot_id: str = OTHER_BOOT_ID):
        timekeeper = make_timekeeper(clock, boot_id)
        async with open_outbox(
            tmp_path / "o.db",
            address=ADDRESS,
            timekeeper=timekeeper,
            bounds=Bounds(max_bytes=10**6),
        ) as outbox:
            yield Case(clock, outbox)

    return make


@pytest.mark.parametrize(
    ("purpose", "begun", "over"),
    [
        ("intrusion", IntrusionStarted, IntrusionEnded),
        ("loitering", LoiteringStarted, LoiteringEnded),
        ("crowding", CrowdingStarted, CrowdingEnded),
    ],
)
async def test_a_presence_stands_until_it_is_over(case, purpose, begun, over):
    """Each purpose has events of its own; the end is told once."""
    async with case() as one:
        await one.record(started(purpose))
        assert len(await one.outbox.conditions()) == 1
        await one.record(ended(purpose), ended(purpose))
        assert not await one.outbox.conditions()
        first, second = await one.told()
        waiting = await one.outbox.read(
            lambda entry: entry.connection.execute("SELECT sha256 FROM upload").fetchall()
        )
    assert isinstance(first, begun)
    assert first.pictures[0].role == "shown"
    assert isinstance(second, over)
    assert second.duration_s == 30
    assert waiting == [("a" * 64,)]


async def test_a_camera_condition_stands_until_it_is_over(case):
    """What is told twice is recorded once; another condition of the camera is its own."""
    recovered = vision.Recovered(camera_id="cam1", at_s=1_060, condition="covered", lasted_s=60)
    async with case() as one:
        await one.record(degraded(), degraded(), degraded("blurred"), recovered)
        (still,) = await one.outbox.conditions()
        told = await one.told()
    assert still.draft.data.condition is CameraCondition.BLURRED
    assert [type(data) for data in told] == [CameraDegraded, CameraDegraded, CameraRecovered]
    assert told[2].lasted_s == 60


async def test_what_is_not_watched_is_not_said_to_be_there(case):
    """The watch ended: presences and conditions end now, what was left still lies there."""
    async with case() as one:
        await one.record(started(), degraded(), confirmed())
        one.clock.advance(25)
        await one.sightings.end_unseen()
        await one.sightings.end_unseen()
        (still,) = await one.outbox.conditions()
        *_, over, recovered = await one.told()
    assert isinstance(still.draft.data, LitteringConfirmed)
    assert over == IntrusionEnded(object_id=OBJECT, zone="sân", duration_s=25)
    assert recovered == CameraRecovered(condition=CameraCondition.COVERED, lasted_s=25)


async def test_another_camera_keeps_what_it_sees(case):
    """A lost camera ends nothing of its neighbour."""
    async with case() as one:
        other = Sightings("cam2", one.outbox, Corroboration())
        await other.record(started(camera_id="cam2"))
        await one.record(degraded())
        await one.sightings.end_unseen()
        (still,) = await one.outbox.conditions()
    assert still.draft.device_id == "cam2"


@pytest.mark.parametrize("same_boot", [True, False])
async def test_a_killed_gateway_ends_later_what_it_saw(case, same_boot):
    """Killed or cut off from power, it says how long it is known to have lasted, and not longer."""
    async with case() as one:
        await one.record(started(), degraded(), confirmed())
        one.clock.advance(40)
        await one.outbox.write(Entry.note_alive)
        one.clock.advance(7)
        # Left as kill -9 leaves it: nothing is ended.
    one.clock.advance(3_600)
    boot_id = OTHER_BOOT_ID if same_boot else "00000000-0000-4000-8000-000000000009"
    async with case(boot_id=boot_id) as two:
        await two.outbox.write(end_left_behind)
        await two.outbox.write(end_left_behind)
        (still,) = await two.outbox.conditions()
        batch = await two.outbox.next_batch(Lane.LIVE, after=0, keep_live_from=1)
        *_, over, recovered = events_in(batch.payload)
    assert isinstance(still.draft.data, LitteringConfirmed)
    assert over.data == IntrusionEnded(object_id=OBJECT, zone="sân", duration_s=40)
    assert recovered.data.lasted_s == 40
    assert (over.occurred_at - still.draft.moment.occurred_at).total_seconds() == 40
    assert (over.observed_at - over.occurred_at).total_seconds() == 3_607


async def test_a_cancelled_watch_ends_what_it_was_about_to_begin(case):
    """Stopped in the midst of writing, nothing is left to stand for ever."""
    async with case() as one:
        async with asyncio.TaskGroup() as tasks:
            writing = tasks.create_task(one.sightings.record(started()))
            await asyncio.sleep(0)
            writing.cancel()
        await one.sightings.end_unseen()
        assert not await one.outbox.conditions()
        told = await one.told()
    assert len(told) in {0, 2}, "begun and ended, or neither"


async def test_a_fixture_ends_the_alarm(case):
    """An operator's “this belongs here” is the object's one end."""
    end = partial(vision.LitteringEnded, camera_id="cam1", object_id=OBJECT, zone="bãi")
    async with case() as one:
        await one.record(confirmed(), end(at_s=1_010, ending="fixture"))
        await one.record(end(at_s=1_011, ending="cleared"))
        assert not await one.outbox.conditions()
        _, second = await one.told()
    assert second == LitteringFixture(object_id=OBJECT, zone="bãi")


async def test_what_is_taken_for_a_fixture_is_told_and_logged(case):
    """It was never reported, yet its one event says which fixture it was taken for."""
    end = vision.LitteringEnded(
        camera_id="cam1",
        at_s=1_010,
        object_id=OBJECT,
        zone="bãi",
        ending="fixture",
        fixture_id=FIXTURE,
    )
    async with case() as one:
        with capture_logs() as logs:
            await one.record(end)
        (told,) = await one.told()
    assert told == LitteringFixture(object_id=OBJECT, zone="bãi", fixture_id=FIXTURE)
    (line,) = logs
    assert (line["event"], line["fixture_id"]) == ("object taken for a fixture", FIXTURE)


async def test_who_put_it_down_and_the_clip_are_told(case):
    """The back-trace goes into the event; the clip follows with its own and is uploaded."""
    clip = vision.Clip(
        sha256="c" * 64,
        codec="hevc",
        width_px=1_920,
        height_px=1_080,
        size_bytes=4_000_000,
        begins_at_s=982,
        duration_s=22.5,
        encoded_again=True,
    )
    traced = confirmed(
        figure_box=(0.2, 0.1, 0.1, 0.4),
        path=tuple(vision.PathPoint(at_s=980 + n / 10, x=0.5, y=0.5) for n in range(150)),
        came_from="left",
        went_to="bottom",
    )
    ready = vision.ClipReady(camera_id="cam1", at_s=1_005, object_id=OBJECT, clip=clip)
    async with case() as one:
        at = one.clock.now()
        await one.record(traced, ready)
        event, filmed = await one.told()
        waiting = await one.outbox.read(
            lambda entry: entry.connection.execute("SELECT sha256 FROM upload").fetchall()
        )
    assert (event.came_from, event.went_to) == ("left", "bottom")
    assert event.figure_box == (0.2, 0.1, 0.1, 0.4)
    assert len(event.path) == 120, "as many as the wire takes"
    assert isinstance(event.path[0], PathPoint)
    assert (at - event.path[0].at).total_seconds() == pytest.approx(20)
    assert isinstance(filmed, EvidenceClip)
    assert filmed.clip.encoded_again
    assert (at - filmed.clip.begins_at).total_seconds() == pytest.approx(18)
    assert waiting == [("c" * 64,)]


async def test_evidence_that_will_not_come_is_logged(case):
    """With camera, object and reason; the centre has no event for it."""
    missed = vision.EvidenceMissed(
        camera_id="cam1", at_s=1_005, object_id=OBJECT, what="clip", why="the disk has no room"
    )
    async with case() as one:
        with capture_logs() as logs:
            await one.record(missed)
        assert not await one.told()
    (line,) = logs
    told = {"camera_id": "cam1", "object_id": OBJECT, "what": "clip", "why": missed.why}
    assert line == told | {"event": "evidence missed", "log_level": "error"}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["begin", "end", "watch ends", "killed", "time passes"]),
        st.integers(min_value=0, max_value=2),
    ),
    max_size=25,
)


@settings(max_examples=15, deadline=None)
@given(steps=STEPS)
def test_every_presence_ends_exactly_once(steps):
    """In whatever order presences begin and end, watches end and the gateway is killed."""
    with tempfile.TemporaryDirectory() as folder:
        clock = make_clock()
        store = open_store(Path(folder), clock)
        for step, number in [*steps, ("killed", 0)]:
            if step == "killed":
                store.close()
                store = open_store(Path(folder), clock)
                store.write(end_left_behind)
            else:
                store.write(partial(carry_out, step=step, number=number, clock=clock))
        standing = store.read(lambda entry: tuple(entry.conditions()))
        events = sent(store)
        store.close()
    assert not standing
    is_there: set[str] = set()
    for event in events:
        if isinstance(event.data, IntrusionStarted):
            assert event.data.object_id not in is_there
            is_there.add(event.data.object_id)
        else:
            assert isinstance(event.data, IntrusionEnded)
            is_there.remove(event.data.object_id)
    assert not is_there


def carry_out(entry: Entry, *, step: str, number: int, clock) -> None:
    """One step of what a camera and its gateway may go through."""
    moment = entry.timekeeper.moment()
    object_id = f"00000000-0000-4000-8000-{number:012}"
    key = conditions.presence_key("cam1", object_id)
    match step:
        case "begin":
            data = IntrusionStarted(object_id=object_id, zone="z", box=(0, 0, 1, 1), present_s=1)
            draft = Draft(data=data, moment=moment, device_id="cam1")
            conditions.begin(entry, key=key, draft=draft)
        case "end":
            data = IntrusionEnded(object_id=object_id, zone="z", duration_s=1)
            draft = Draft(data=data, moment=moment, device_id="cam1")
            conditions.end(entry, key=key, draft=draft)
        case "watch ends":
            conditions.end_unseen(entry, camera_id="cam1", until=moment)
        case "time passes":
            clock.advance(number + 1.0)
