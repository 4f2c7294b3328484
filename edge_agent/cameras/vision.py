"""The vision child's counterpart: who watches which camera, and which finding is whose.

Understands no finding.
"""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

import structlog
from pydantic import ValidationError

from edge_agent.children import Child
from edge_agent.vision.findings import FINDING, AnyFinding
from edge_agent.vision.orders import Afterthought, Forget, Watch

log = structlog.get_logger(__name__)

_WAITING_FINDINGS = 1_000

Inbox = asyncio.Queue[AnyFinding | None]
"""What was found on one camera; None: the child is gone and the watch with it."""
TakeLate = Callable[[AnyFinding], Awaitable[None]]
"""Takes what is said about a camera after its watch has ended."""


class Vision:
    """The one child that watches all cameras."""

    def __init__(self, spool: Path) -> None:
        argv = (sys.executable, "-m", "edge_agent.vision", "--spool", str(spool))
        self.child = Child("vision", argv, self)
        self._runs = asyncio.Event()
        self._inboxes: dict[str, Inbox] = {}
        self._late: dict[str, TakeLate] = {}

    @contextmanager
    def keeping(self, camera_id: str, take_late: TakeLate) -> Iterator[None]:
        """Have somebody hear of a camera also while it is not watched: clips may come after it."""
        self._late[camera_id] = take_late
        try:
            yield
        finally:
            del self._late[camera_id]

    @asynccontextmanager
    async def watching(self, watch: Watch) -> AsyncIterator[Inbox]:
        """Have a camera watched once the child runs; forgotten at the end."""
        await self._runs.wait()
        inbox: Inbox = asyncio.Queue(_WAITING_FINDINGS)
        self._inboxes[watch.camera_id] = inbox
        self.child.send(watch.model_dump_json())
        try:
            yield inbox
        finally:
            del self._inboxes[watch.camera_id]
            self.child.send(Forget(camera_id=watch.camera_id).model_dump_json())
            # Whoever waits to put something into a full inbox must not wait for ever.
            left = [inbox.get_nowait() for _ in range(inbox.qsize())]
            for finding in left:
                if finding is not None:
                    await self._hand_over_late(finding)

    def tell(self, order: Afterthought) -> bool:
        """Pass an order about a watched camera on; return whether the camera is watched."""
        if order.camera_id not in self._inboxes:
            return False
        self.child.send(order.model_dump_json())
        return True

    async def started(self) -> None:
        """Let the cameras be watched."""
        self._runs.set()

    async def take(self, line: bytes) -> None:
        """Hand a finding to whoever keeps its camera."""
        try:
            finding = FINDING.validate_json(line)
        except ValidationError as error:
            log.warning("vision said what cannot be read", error=str(error))
            return
        inbox = self._inboxes.get(finding.camera_id)
        if inbox is not None:
            await inbox.put(finding)
        # While it waited for room, the watch may have ended.
        if inbox is None or self._inboxes.get(finding.camera_id) is not inbox:
            await self._hand_over_late(finding)

    async def _hand_over_late(self, finding: AnyFinding) -> None:
        take_late = self._late.get(finding.camera_id)
        if take_late is not None:
            await take_late(finding)

    async def ended(self) -> None:
        """Tell every keeper that its watch is over."""
        self._runs.clear()
        for inbox in self._inboxes.values():
            await inbox.put(None)
