"""Carries out the orders about what belongs where it stands, and answers when that is certain."""

from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from contracts.commands import Command, ForgetFixture, MarkFixture
from contracts.events import CommandOutcome
from edge_agent.cameras.fixtures import CannotMark
from edge_agent.orders import ledger
from edge_agent.outbox import Outbox

log = structlog.get_logger(__name__)

Deed = Callable[[str, str], Awaitable[None]]
"""Done to an object or a fixture, by camera and id; raises CannotMark."""


class Markings:
    """Objects being marked, and fixtures being forgotten.

    Nothing is stored before it is done: doing it twice is doing it once, and what a crash
    interrupts the centre orders again.
    """

    def __init__(self, *, mark: Deed, forget: Deed, outbox: Outbox) -> None:
        self._mark = mark
        self._forget = forget
        self._outbox = outbox
        self._under_way: set[int] = set()

    async def carry_out(self, command: Command, order: MarkFixture | ForgetFixture) -> None:
        """Do it and answer; the same command sent again meanwhile is left to the first."""
        if command.command_number in self._under_way:
            return
        self._under_way.add(command.command_number)
        try:
            outcome, reason = await self._try(order)
            answer = partial(ledger.answer, command=command, outcome=outcome, reason=reason)
            await self._outbox.write(answer)
        finally:
            self._under_way.discard(command.command_number)

    async def _try(self, order: MarkFixture | ForgetFixture) -> tuple[CommandOutcome, str]:
        camera_id = order.camera_id
        try:
            if isinstance(order, ForgetFixture):
                await self._forget(camera_id, order.fixture_id)
                log.info("fixture forgotten", camera_id=camera_id, fixture_id=order.fixture_id)
            else:
                await self._mark(camera_id, order.object_id)
                log.info("object belongs there", camera_id=camera_id, object_id=order.object_id)
        except CannotMark as error:
            log.warning("fixtures left as they are", camera_id=camera_id, reason=str(error))
            return CommandOutcome.FAILED, str(error)
        return CommandOutcome.DONE, ""
