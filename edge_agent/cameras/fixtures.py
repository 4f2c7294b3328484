"""Teaches one camera what belongs where it stands, and remembers it over restarts."""

import asyncio
from contextlib import suppress
from functools import partial

import structlog

from contracts.events import LitteringConfirmed, LitteringFixture
from edge_agent.cameras import conditions
from edge_agent.cameras.fixture_files import FixtureFile
from edge_agent.cameras.vision import Vision
from edge_agent.outbox import Draft, Entry, Outbox
from edge_agent.vision.findings import FixtureLearned
from edge_agent.vision.orders import Fixture, ForgetFixture, MarkFixture, Watch

log = structlog.get_logger(__name__)

ANSWER_WITHIN_S = 10.0


class CannotMark(Exception):
    """An object cannot be marked, or a fixture not forgotten; the text is for the operator."""


class Fixtures:
    """The fixtures of one camera."""

    def __init__(
        self, camera_id: str, *, file: FixtureFile, vision: Vision, outbox: Outbox
    ) -> None:
        self._camera_id = camera_id
        self._file = file
        self._vision = vision
        self._outbox = outbox
        self._awaited: dict[str, asyncio.Event] = {}

    @property
    def known(self) -> tuple[Fixture, ...]:
        """What the next watch is told."""
        return self._file.fixtures

    async def learn(self, finding: FixtureLearned) -> None:
        """Keep what the analysis learned; who waits for what cannot be kept waits in vain."""
        with suppress(CannotMark):
            await self._keep(finding.fixture)
        awaited = self._awaited.get(finding.object_id)
        if awaited is not None and self._file.has(finding.object_id):
            awaited.set()

    async def mark(self, object_id: str) -> None:
        """Have an object belong there from now on; marked once more it stays so.

        The analysis knows how the object looks. After a restart only the outbox still knows the
        object, and its place is all there is to teach.

        Raises:
            CannotMark: nobody knows the object.
        """
        if self._file.has(object_id) or await self._ask_analysis(object_id):
            return
        if not await self._teach_place(object_id):
            raise CannotMark(f"camera {self._camera_id} knows no such object: it may be gone")

    async def forget(self, fixture_id: str) -> None:
        """Have the like of a fixture reported again; forgotten once more it stays so.

        Raises:
            CannotMark: the disk takes nothing; then it stays a fixture.
        """
        try:
            await asyncio.to_thread(self._file.remove, fixture_id)
        except OSError as error:
            raise self._disk_fault(error) from error
        # Also what is not on the disk: the analysis may have learned what could not be kept.
        self._vision.tell(ForgetFixture(camera_id=self._camera_id, fixture_id=fixture_id))

    def catch_up(self, watch: Watch) -> None:
        """Tell a watch that has just begun what was forgotten since its order was written."""
        for fixture in watch.fixtures:
            if not self._file.has(fixture.fixture_id):
                order = ForgetFixture(camera_id=self._camera_id, fixture_id=fixture.fixture_id)
                self._vision.tell(order)

    async def _ask_analysis(self, object_id: str) -> bool:
        order = MarkFixture(camera_id=self._camera_id, object_id=object_id)
        learned = self._awaited.setdefault(object_id, asyncio.Event())
        try:
            if not self._vision.tell(order):
                return False
            async with asyncio.timeout(ANSWER_WITHIN_S):
                await learned.wait()
        except TimeoutError:
            return self._file.has(object_id)
        finally:
            self._awaited.pop(object_id, None)
        return True

    async def _teach_place(self, object_id: str) -> bool:
        key = conditions.littering_key(self._camera_id, object_id)
        lying = await self._outbox.read(partial(Entry.condition, key=key))
        if lying is None or not isinstance(lying.draft.data, LitteringConfirmed):
            return False
        zone, box = lying.draft.data.zone, lying.draft.data.box
        fixture = Fixture(fixture_id=object_id, zone=zone, box=box)
        await self._keep(fixture)
        ended = Draft(
            data=LitteringFixture(object_id=object_id, zone=zone),
            moment=self._outbox.timekeeper.moment(),
            device_id=self._camera_id,
        )
        await self._outbox.write(partial(conditions.end, key=key, draft=ended))
        return True

    async def _keep(self, fixture: Fixture) -> None:
        try:
            await asyncio.to_thread(self._file.add, fixture)
        except OSError as error:
            raise self._disk_fault(error) from error

    def _disk_fault(self, error: OSError) -> CannotMark:
        log.error("fixtures not written", camera_id=self._camera_id, reason=str(error))
        return CannotMark("the gateway's disk takes nothing")
