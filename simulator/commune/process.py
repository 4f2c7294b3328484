"""One process of the commune: started, watched, started again, ended without leaving anything."""

import asyncio
import ctypes
import os
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

FIRST_PAUSE_S = 1.0
LONGEST_PAUSE_S = 30.0
STEADY_S = 60.0
"""After running this long, a process that ends is started again without a long pause."""
END_PATIENCE_S = 10.0
_PR_SET_PDEATHSIG = 1
_TCP_LISTEN = "0A"
_LIBC = ctypes.CDLL(None, use_errno=True)

Say = Callable[[str], None]


class NotReady(Exception):
    """A process ended or did not answer in time; the text holds the end of its log."""


@dataclass(frozen=True, kw_only=True)
class Program:
    """What to run: no shell, no secrets among the arguments."""

    name: str
    arguments: Sequence[str | Path]
    log: Path
    environment: Mapping[str, str]


class Process:
    """Keeps one program running from `run` until `stop`.

    The child gets its own process group (Ctrl-C reaches only us), an open stdin (its end tells
    simulated devices to go) and SIGTERM from the kernel should we be killed.
    """

    def __init__(self, program: Program, say: Say) -> None:
        self.program = program
        self.deaths = 0
        self._say = say
        self._stopping = asyncio.Event()
        self._child: asyncio.subprocess.Process | None = None

    @property
    def pid(self) -> int | None:
        """Process id while it runs."""
        return self._child.pid if self._child else None

    async def run(self) -> None:
        """Start the program, and again whenever it ends, until `stop`."""
        pause_s = FIRST_PAUSE_S
        try:
            while not self._stopping.is_set():
                started_s = time.monotonic()
                code = await self._run_once()
                if self._stopping.is_set():
                    return
                self.deaths += 1
                if time.monotonic() - started_s > STEADY_S:
                    pause_s = FIRST_PAUSE_S
                self._say(
                    f"{self.program.name} ended ({describe_exit(code)}), starting it again in "
                    f"{pause_s:.0f} s; its log: {self.program.log}"
                )
                await self._pause(pause_s)
                pause_s = min(2 * pause_s, LONGEST_PAUSE_S)
        finally:
            self._kill_group()

    async def stop(self) -> None:
        """End the program: SIGTERM, ten seconds of patience, SIGKILL for what is left."""
        self._stopping.set()
        child = self._child
        if child is None or child.returncode is not None:
            return
        child.terminate()
        try:
            async with asyncio.timeout(END_PATIENCE_S):
                await child.wait()
        except TimeoutError:
            self._say(f"{self.program.name} does not end by itself and is killed")
        self._kill_group()
        await child.wait()

    def kill(self) -> None:
        """End the program at once."""
        self._stopping.set()
        self._kill_group()

    def reload(self) -> None:
        """Send SIGHUP, which makes mosquitto read its access files again."""
        if self._child and self._child.returncode is None:
            self._child.send_signal(signal.SIGHUP)

    async def wait_for_port(self, port: int, *, timeout_s: float) -> None:
        """Return once the program itself, not somebody else's, listens on TCP `port`.

        Raises:
            NotReady: it ended or did not listen in time.
        """
        deadline_s = time.monotonic() + timeout_s
        while not _listens(self.pid, port):
            if self.deaths or time.monotonic() > deadline_s:
                what = "ended" if self.deaths else f"did not answer within {timeout_s:.0f} s"
                raise NotReady(
                    f"{self.program.name} {what}. The end of {self.program.log}:\n"
                    + read_end(self.program.log)
                )
            await asyncio.sleep(0.05)

    async def _run_once(self) -> int:
        with self.program.log.open("ab") as log:
            self._child = await asyncio.create_subprocess_exec(
                *self.program.arguments,
                stdin=asyncio.subprocess.PIPE,
                stdout=log,
                stderr=log,
                env=dict(self.program.environment),
                start_new_session=True,
                preexec_fn=_end_with_parent,
            )
        if self._stopping.is_set():  # told to stop before we knew the child
            self._kill_group()
        return await self._child.wait()

    async def _pause(self, duration_s: float) -> None:
        try:
            async with asyncio.timeout(duration_s):
                await self._stopping.wait()
        except TimeoutError:
            return

    def _kill_group(self) -> None:
        if self._child is None:
            return
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def describe_exit(code: int) -> str:
    """Say how a process ended, as a person would."""
    if code >= 0:
        return f"exit code {code}"
    return f"killed by {signal.Signals(-code).name}"


def read_end(log: Path, *, lines: int = 12) -> str:
    """Return the last lines of a log."""
    text = log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""
    return "\n".join(f"    {line}" for line in text.splitlines()[-lines:])


def _end_with_parent() -> None:
    # Runs between fork and exec. The kernel forgets this wish when a child changes its user;
    # none of ours does.
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _listens(pid: int | None, port: int) -> bool:
    """Tell whether the process holds a listening socket: two communes may want the same port."""
    if pid is None:
        return False
    sockets = _listening_sockets(port)
    try:
        return any(str(file.readlink()) in sockets for file in Path(f"/proc/{pid}/fd").iterdir())
    except OSError:  # it ended, or closed a file, while we looked
        return False


def _listening_sockets(port: int) -> set[str]:
    """Return `socket:[inode]` of every socket that listens on the port (proc_net_tcp(5))."""
    found = set()
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        if not table.exists():  # a machine without IPv6
            continue
        for line in table.read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            local, state, inode = fields[1], fields[3], fields[9]
            if state == _TCP_LISTEN and int(local.rpartition(":")[2], 16) == port:
                found.add(f"socket:[{inode}]")
    return found
