"""A child process that takes orders and answers in JSON lines; knows nothing of their meaning."""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Protocol

import structlog

log = structlog.get_logger(__name__)

_LONGEST_LINE_BYTES = 4 * 1024 * 1024
_LEAVE_S = 2.0
_KILL_S = 1.0


class ChildEnded(Exception):
    """The child process ended by itself; it is started again."""


class Protege(Protocol):
    """Whose child it is."""

    async def started(self) -> None:
        """The child runs and can be sent to."""

    async def take(self, line: bytes) -> None:
        """The child said something."""

    async def ended(self) -> None:
        """The child is gone, whatever the reason."""


class Child:
    """Starts the process anew with each `run_once`."""

    def __init__(self, name: str, argv: Sequence[str], protege: Protege) -> None:
        self._name = name
        self._argv = argv
        self._protege = protege
        self._process: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it runs."""
        return self._process.pid if self._process is not None else None

    def send(self, line: str) -> None:
        """Hand a line to the child; one that is gone hears it not, see `Protege.started`."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(line.encode() + b"\n")

    async def run_once(self) -> None:
        """Run the process until it ends or this is cancelled, which ends it.

        Raises:
            ChildEnded: it ended by itself.
        """
        process = await asyncio.create_subprocess_exec(
            *self._argv,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            limit=_LONGEST_LINE_BYTES,
            # Ctrl-C in a terminal is the agent's to obey; the child ends with its input.
            start_new_session=True,
        )
        self._process = process
        log.info("child started", child=self._name, pid=process.pid)
        try:
            await self._protege.started()
            await self._listen(process)
        finally:
            self._process = None
            await _end(process)
            await self._protege.ended()
        raise ChildEnded(f"{self._name} ended with code {process.returncode}")

    async def _listen(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None  # noqa: S101 -- it was opened as a pipe
        async for line in process.stdout:
            await self._protege.take(line)


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask a child to leave, then make it."""
    if process.stdin is not None:
        process.stdin.close()
    for wait_s, insist in ((_LEAVE_S, process.terminate), (_KILL_S, process.kill)):
        if await _has_ended(process, wait_s):
            return
        _signal(insist)
    await process.wait()


async def _has_ended(process: asyncio.subprocess.Process, wait_s: float) -> bool:
    with suppress(TimeoutError):
        async with asyncio.timeout(wait_s):
            await process.wait()
            return True
    return False


def _signal(send: Callable[[], None]) -> None:
    with suppress(ProcessLookupError):
        send()
