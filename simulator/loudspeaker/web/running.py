"""Runs one HTTP loudspeaker as a process: orders on standard input, events on standard output."""

import asyncio
import json
import os
import signal
import stat
import sys
from collections.abc import Callable
from datetime import datetime

from simulator.loudspeaker.web.device import WebSettings, run_web
from simulator.loudspeaker.web.playing import FAULTS, Condition, Event


def run(
    settings: WebSettings, *, tell: Callable[[Event], None], now: Callable[[], datetime]
) -> int:
    """Serve until the stdin pipe ends or SIGTERM; return the exit code."""
    try:
        asyncio.run(_run(settings, tell, now))
    except OSError as error:
        sys.stderr.write(
            f"loudspeaker: cannot listen on {settings.host}:{settings.port}: {error};"
            " choose another port or an address of this machine\n"
        )
        return 1
    return 0


async def _run(
    settings: WebSettings, tell: Callable[[Event], None], now: Callable[[], datetime]
) -> None:
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with run_web(settings, tell=tell, now=now) as loudspeaker:
        tell(
            {
                "event": "ready",
                "address": settings.host,
                "port": loudspeaker.port,
                "record": str(settings.record),
            }
        )
        if _is_pipe(sys.stdin.fileno()):
            rest = b""

            def read() -> None:
                nonlocal rest
                if not (chunk := os.read(sys.stdin.fileno(), 4096)):
                    loop.remove_reader(sys.stdin.fileno())
                    stopping.set()
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    tell(_obey(loudspeaker.condition, line))

            loop.add_reader(sys.stdin.fileno(), read)
        await stopping.wait()


def _is_pipe(descriptor: int) -> bool:
    """A terminal or a null device says nothing about whether the parent still lives."""
    mode = os.fstat(descriptor).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _obey(condition: Condition, line: bytes) -> Event:
    """Do what one order says: `fault`, `volume` or `temperature` with a `value`."""
    try:
        order = json.loads(line)
        match order:
            case {"do": "fault", "value": value} if value in FAULTS:
                condition.fault = value
            case {"do": "volume", "value": int() | float() as value} if 0 <= value <= 1:
                condition.volume = float(value)
            case {"do": "temperature", "value": int() | float() as value}:
                condition.temperature_c = float(value)
            case _:
                return {"event": "refused", "reason": "there is no such order or value"}
    except ValueError:
        return {"event": "refused", "reason": "an order is a line of JSON"}
    return {"event": "done", "order": str(order["do"])}
