"""What an operator said belongs there is remembered, and taught to every later watch."""

import asyncio
from contextlib import asynccontextmanager

import pytest

from contracts.events import LitteringConfirmed, LitteringFixture
from edge_agent.cameras import fixtures as fixtures_module
from edge_agent.cameras.conditions import littering_key
from edge_agent.cameras.fixture_files import MOST_FIXTURES, FixtureFile
from edge_agent.cameras.fixtures import CannotMark, Fixtures
from edge_agent.cameras.vision import Vision
from edge_agent.outbox import Draft, Lane, open_outbox
from edge_agent.outbox.importance import Bounds
from edge_agent.vision.findings import FixtureLearned
from edge_agent.vision.orders import Fixture, ForgetFixture, MarkFixture, Watch
from tests.edge_agent.outbox.gateway import ADDRESS, events_in, littering, make_timekeeper

OBJECT = "22222222-0000-4000-8000-000000000001"


def fixture(fixture_id: str = OBJECT, looks: str = "cGl4ZWxz") -> Fixture:
    return Fixture(fixture_id=fixture_id, zone="bai-rac", box=(0.1, 0.2, 0.1, 0.1), looks=looks)


class Analysis(Vision):
    """The agent's end of the pipe; what would go to the child is kept in `orders`."""

    def __init__(self, folder) -> None:
        super().__init__(folder)
        self.orders: list[str] = []
        self.child.send = self.orders.append

    def marks(self) -> list[str]:
        return [line for line in self.orders if '"mark_fixture"' in line]


class Case:
    """The fixtures of one camera, its analysis and the outbox."""

    def __init__(self, folder, outbox) -> None:
        self.folder = folder
        self.outbox = outbox
        self.analysis = Analysis(folder)
        self.file = FixtureFile(folder, "cam1")
        self.fixtures = Fixtures("cam1", file=self.file, vision=self.analysis, outbox=outbox)

    async def state_littering(self) -> None:
        draft = Draft(data=littering(), moment=self.outbox.timekeeper.moment(), device_id="cam1")
        key = littering_key("cam1", OBJECT)
        await self.outbox.write(lambda entry: entry.state_condition(key, draft))

    async def told(self) -> list:
        batch = await self.outbox.next_batch(Lane.LIVE, after=0)
        return [] if batch is None else [event.data for event in events_in(batch.payload)]

    @asynccontextmanager
    async def watched(self):
        await self.analysis.started()
        async with self.analysis.watching(Watch(camera_id="cam1", analysis_uri="rtsp://x")):
            yield


@pytest.fixture
async def case(clock, tmp_path):
    async with open_outbox(
        tmp_path / "o.db",
        address=ADDRESS,
        timekeeper=make_timekeeper(clock),
        bounds=Bounds(max_bytes=10**6),
    ) as outbox:
        yield Case(tmp_path / "fixtures", outbox)


async def test_what_the_analysis_learned_is_taught_after_a_restart(case):
    """How the object looks is kept on disk and given back with the next watch."""
    async with case.watched(), asyncio.TaskGroup() as tasks:
        marking = tasks.create_task(case.fixtures.mark(OBJECT))
        while not case.analysis.marks():
            await asyncio.sleep(0.01)
        assert not marking.done()
        learned = FixtureLearned(camera_id="cam1", at_s=5, object_id=OBJECT, fixture=fixture())
        await case.fixtures.learn(learned)
    (line,) = case.analysis.marks()
    assert MarkFixture.model_validate_json(line).object_id == OBJECT
    assert FixtureFile(case.folder, "cam1").fixtures == (fixture(),)
    assert case.fixtures.known == (fixture(),)


async def test_marked_once_more_it_stays(case):
    """An order that the centre repeats after a crash asks nobody and changes nothing."""
    await case.fixtures.learn(
        FixtureLearned(camera_id="cam1", at_s=5, object_id=OBJECT, fixture=fixture())
    )
    async with case.watched():
        await case.fixtures.mark(OBJECT)
    assert not case.analysis.marks()
    assert case.fixtures.known == (fixture(),)


async def test_after_a_restart_its_place_can_still_be_taught(case):
    """The analysis forgot the object, the outbox did not: its alarm ends, its place is a fixture."""
    await case.state_littering()
    await case.fixtures.mark(OBJECT)
    assert not await case.outbox.conditions()
    assert case.fixtures.known == (fixture(looks=""),)
    first, second = await case.told()
    assert isinstance(first, LitteringConfirmed)
    assert second == LitteringFixture(object_id=OBJECT, zone="bai-rac")


async def test_an_object_nobody_knows_cannot_be_marked(case, monkeypatch):
    """The operator is told so, in words: whether the camera is watched or not."""
    monkeypatch.setattr(fixtures_module, "ANSWER_WITHIN_S", 0.05)
    with pytest.raises(CannotMark, match="knows no such object"):
        await case.fixtures.mark(OBJECT)
    async with case.watched():
        with pytest.raises(CannotMark, match="knows no such object"):
            await case.fixtures.mark(OBJECT)
    assert len(case.analysis.marks()) == 1
    assert not await case.told()
    assert not case.fixtures.known


async def test_a_full_disk_is_told_and_changes_nothing(case, monkeypatch):
    """The alarm stays: it would be back after the next start."""
    await case.state_littering()
    case.folder.parent.joinpath("fixtures").write_text("where the folder should be")
    with pytest.raises(CannotMark, match="disk"):
        await case.fixtures.mark(OBJECT)
    assert await case.outbox.conditions()
    assert not case.fixtures.known


async def test_what_is_forgotten_is_off_the_disk_and_out_of_the_analysis(case):
    """Neither this watch nor a later one passes it over; the other fixture stays."""
    other = fixture("22222222-0000-4000-8000-000000000002")
    for one in (fixture(), other):
        await case.fixtures.learn(
            FixtureLearned(camera_id="cam1", at_s=5, object_id=one.fixture_id, fixture=one)
        )
    async with case.watched():
        await case.fixtures.forget(OBJECT)
        await case.fixtures.forget(OBJECT)
    told = [line for line in case.analysis.orders if '"forget_fixture"' in line]
    assert {ForgetFixture.model_validate_json(line).fixture_id for line in told} == {OBJECT}
    assert case.fixtures.known == (other,)
    assert FixtureFile(case.folder, "cam1").fixtures == (other,)


async def test_what_cannot_be_taken_off_the_disk_stays_a_fixture(case, monkeypatch):
    """It would be one again after the next start: the operator is told."""
    await case.fixtures.learn(
        FixtureLearned(camera_id="cam1", at_s=5, object_id=OBJECT, fixture=fixture())
    )
    case.folder.rename(case.folder.with_name("away"))
    case.folder.write_text("where the folder should be")
    async with case.watched():
        with pytest.raises(CannotMark, match="disk"):
            await case.fixtures.forget(OBJECT)
    assert case.fixtures.known == (fixture(),)
    assert not [line for line in case.analysis.orders if '"forget_fixture"' in line]


def test_the_oldest_fixtures_leave(tmp_path):
    """A camera keeps two hundred; marked again, a fixture is the newest."""
    file = FixtureFile(tmp_path, "cam1")
    for number in range(MOST_FIXTURES):
        file.fixtures = (*file.fixtures, fixture(str(number)))
    file.add(fixture("0"))
    file.add(fixture("new"))
    kept = [one.fixture_id for one in FixtureFile(tmp_path, "cam1").fixtures]
    assert len(kept) == MOST_FIXTURES
    assert (kept[0], kept[-2], kept[-1]) == ("2", "0", "new")


@pytest.mark.parametrize("content", [b"", b"{", b"[{}]", b"\x00\xff"])
def test_a_file_that_cannot_be_read_is_set_aside(tmp_path, content):
    """Fixtures are lost, the camera is not; what was there stays for whoever can read it."""
    (tmp_path / "cam1.json").write_bytes(content)
    file = FixtureFile(tmp_path, "cam1")
    assert file.fixtures == ()
    file.add(fixture())
    assert FixtureFile(tmp_path, "cam1").fixtures == (fixture(),)
    (aside,) = tmp_path.glob("cam1.json.unreadable-*")
    assert aside.read_bytes() == content
