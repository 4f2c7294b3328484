"""Carries out the order that an object belongs where it stands, and answers when that is certain."""

from collections.abc import Awaitable, Callable
from functools import partial

import structlog

from contracts.commands import Command, MarkFixture
from contracts.events import CommandOutcome
from edge_agent.cameras.fixtures import CannotMark
from edge_agent.orders import ledger
from edge_agent.outbox import Outbox

log = structlog.get_logger(__name__)

Mark = Callable[[str, str], Awaitable[None]]
"""Marks an object, by camera and id; raises CannotMark."""


class Markings:
    """Objects being marked.

    Nothing is stored before it is done: marking twice is marking once, and what a crash interrupts
    the centre orders again.
    """

    def __init__(self, mark: Mark, outbox: Outbox) -> None:
        self._mark = mark
        self._outbox = outbox
        self._under_way: set[int] = set()

    async def carry_out(self, command: Command, order: MarkFixture) -> None:
        """Mark and answer; the same command sent again meanwhile is left to the first."""
        if command.command_number in self._under_way:
            return
        self._under_way.add(command.command_number)
        try:
            outcome, reason = await self._try(order)
            answer = partial(ledger.answer, command=command, outcome=outcome, reason=reason)
            await self._outbox.write(answer)
        finally:
            self._under_way.discard(command.command_number)

    async def _try(self, order: MarkFixture) -> tuple[CommandOutcome, str]:
        try:
            await self._mark(order.camera_id, order.object_id)
        except CannotMark as error:
            log.warning("object not marked", camera_id=order.camera_id, reason=str(error))
            return CommandOutcome.FAILED, str(error)
        log.info("object belongs there", camera_id=order.camera_id, object_id=order.object_id)
        return CommandOutcome.DONE, ""
