"""The vision child's counterpart: who watches which camera, and which finding is whose.

Understands no finding.
"""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
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


class Vision:
    """The one child that watches all cameras."""

    def __init__(self, spool: Path) -> None:
        argv = (sys.executable, "-m", "edge_agent.vision", "--spool", str(spool))
        self.child = Child("vision", argv, self)
        self._runs = asyncio.Event()
        self._inboxes: dict[str, Inbox] = {}

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
            # Whoever waits to put something into a full inbox must not wait for ever.
            while not inbox.empty():
                inbox.get_nowait()
            self.child.send(Forget(camera_id=watch.camera_id).model_dump_json())

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

    async def ended(self) -> None:
        """Tell every keeper that its watch is over."""
        self._runs.clear()
        for inbox in self._inboxes.values():
            await inbox.put(None)
