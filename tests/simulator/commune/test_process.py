"""A process of the commune is kept running, and ends without leaving anything behind."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simulator.commune.process import NotReady, Process, Program

SLEEPER = "import time; print('here', flush=True); time.sleep(60)"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(1, flush=True); time.sleep(60)"
PARENT = (
    "import subprocess, sys, time;"
    "p = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print(p.pid, flush=True); time.sleep(60)"
)


def _program(tmp_path: Path, code: str) -> Program:
    return Program(
        name="worker",
        arguments=[sys.executable, "-c", code],
        log=tmp_path / "worker.log",
        environment=dict(os.environ),
    )


async def _until(condition, timeout_s: float = 10.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.02)


async def test_process_that_dies_is_started_again_and_that_is_said(tmp_path: Path) -> None:
    """A killed process comes back with another pid; one line tells how it ended."""
    said: list[str] = []
    process = Process(_program(tmp_path, SLEEPER), said.append)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(process.run(), name="run")
        await _until(lambda: "here" in _log(tmp_path))
        first = process.pid
        os.kill(first, signal.SIGKILL)
        await _until(lambda: process.pid not in {first, None})
        await process.stop()
    assert len(said) == 1
    assert "killed by SIGKILL" in said[0]
    assert str(tmp_path / "worker.log") in said[0]
    assert not _runs(process.pid)


async def test_what_a_process_started_ends_with_it(tmp_path: Path) -> None:
    """A grandchild does not outlive its parent's end."""
    process = Process(_program(tmp_path, PARENT), print)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(process.run(), name="run")
        await _until(lambda: _log(tmp_path).strip() != "")
        grandchild = int(_log(tmp_path))
        await process.stop()
    await _until(lambda: not _runs(grandchild))


async def test_a_stop_that_comes_while_it_is_being_started_counts(tmp_path: Path) -> None:
    """Nothing is left running, and nobody waits for it."""
    process = Process(_program(tmp_path, SLEEPER), print)
    async with asyncio.timeout(15), asyncio.TaskGroup() as tasks:
        tasks.create_task(process.run(), name="run")
        await asyncio.sleep(0)
        await process.stop()
    assert not _runs(process.pid)


async def test_process_that_will_not_end_is_killed(tmp_path: Path, monkeypatch) -> None:
    """Patience has an end: SIGTERM ignored, SIGKILL follows."""
    monkeypatch.setattr("simulator.commune.process.END_PATIENCE_S", 0.3)
    said: list[str] = []
    process = Process(_program(tmp_path, STUBBORN), said.append)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(process.run(), name="run")
        await _until(lambda: _log(tmp_path).strip() != "")
        await process.stop()
    assert not _runs(process.pid)
    assert said == ["worker does not end by itself and is killed"]


async def test_process_that_cannot_start_shows_the_end_of_its_log(tmp_path: Path) -> None:
    """Waiting for a program that ends at once fails at once, with its own words."""
    process = Process(_program(tmp_path, "raise SystemExit('no such setting: colour')"), str)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(process.run(), name="run")
        with pytest.raises(NotReady, match="no such setting: colour"):
            await process.wait_for_port(1, timeout_s=10)
        await process.stop()


async def test_port_of_another_program_is_not_taken_for_ours(tmp_path: Path) -> None:
    """Two communes started at once want the same port: the loser says so instead of greeting."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = Process(_program(tmp_path, "raise SystemExit('the port is in use')"), str)
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(process.run(), name="run")
            with pytest.raises(NotReady, match="the port is in use"):
                await process.wait_for_port(taken.getsockname()[1], timeout_s=10)
            await process.stop()


async def test_port_is_ready_when_the_program_listens(tmp_path: Path) -> None:
    """The wait ends with the program's own listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = probe.getsockname()[1]
    code = f"import socket, time; s = socket.create_server(('127.0.0.1', {port})); time.sleep(60)"
    process = Process(_program(tmp_path, code), str)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(process.run(), name="run")
        await process.wait_for_port(port, timeout_s=10)
        await process.stop()


@pytest.mark.timeout(30)
def test_no_orphans_when_the_runner_is_killed(tmp_path: Path) -> None:
    """kill -9 of the runner ends its processes: the kernel tells them."""
    runner = f"""
import asyncio, os, pathlib, sys
from simulator.commune.process import Process, Program
program = Program(name="worker", arguments=[sys.executable, "-c", {SLEEPER!r}],
                  log=pathlib.Path({str(tmp_path / "worker.log")!r}), environment=dict(os.environ))
async def main():
    process = Process(program, print)
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(process.run())
        while process.pid is None:
            await asyncio.sleep(0.01)
        print(process.pid, flush=True)
asyncio.run(main())
"""
    with subprocess.Popen([sys.executable, "-c", runner], stdout=subprocess.PIPE) as parent:
        child = int(parent.stdout.readline())
        while "here" not in _log(tmp_path):
            time.sleep(0.02)
        parent.kill()
    deadline = time.monotonic() + 10
    while _runs(child):
        assert time.monotonic() < deadline
        time.sleep(0.02)


def _log(tmp_path: Path) -> str:
    log = tmp_path / "worker.log"
    return log.read_text() if log.exists() else ""


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
