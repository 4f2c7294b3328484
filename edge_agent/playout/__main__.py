"""Run the player child: orders as JSON lines on stdin, reports on stdout, until stdin ends."""

import contextlib
import gc
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator
from functools import partial
from types import FrameType

import structlog
from pydantic import ValidationError

from edge_agent.playout.decoding.decoder import Decoder
from edge_agent.playout.material.relays import Relays
from edge_agent.playout.messages import ORDER, Report
from edge_agent.playout.pacing.pacer import Pacer
from edge_agent.playout.player import Input, Player

# The interpreter passes from thread to thread so often; its default of 5 ms is all the pacer has.
_SWITCH_INTERVAL_S = 0.0005
_EXIT_BROKEN = 70
_AT_ONCE = 1_000
"""Inputs taken before anything is done about them: the orders for one broadcast come in a row."""

log = structlog.get_logger("edge_agent.playout")


def main() -> int:
    """Play until stdin ends or SIGTERM; then stop everything and leave."""
    sys.setswitchinterval(_SWITCH_INTERVAL_S)
    _log_to_stderr()
    threading.excepthook = _end_process
    inbox: queue.SimpleQueue[Input | None] = queue.SimpleQueue()

    def stop(_signal: int, _frame: FrameType | None) -> None:
        inbox.put(None)

    signal.signal(signal.SIGTERM, stop)
    # Ctrl-C reaches the whole terminal; the agent decides, by closing stdin.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    gc.freeze()
    pacer, decoder, relays = Pacer(inbox.put), Decoder(inbox.put), Relays(inbox.put)
    player = Player(pacer=pacer, decoder=decoder, relays=relays, report=_report)
    pacer.run()
    threading.Thread(target=partial(_read_orders, inbox), name="orders", daemon=True).start()
    try:
        _run(player, inbox)
        player.stop(now_s=time.monotonic())
    except BrokenPipeError:
        log.warning("agent_gone", detail="nobody reads the reports any more")
    finally:
        pacer.close()
        player.close()
        relays.close()
        decoder.close()
    return 0


def _run(player: Player, inbox: "queue.SimpleQueue[Input | None]") -> None:
    while True:
        now_s = time.monotonic()
        instant_s = player.next_instant_s(now_s=now_s)
        wait_s = None if instant_s is None else max(0.0, instant_s - now_s)
        for item in _take(inbox, wait_s):
            if item is None:
                return
            player.take(item, now_s=time.monotonic())
        player.advance(now_s=time.monotonic())


def _take(inbox: "queue.SimpleQueue[Input | None]", wait_s: float | None) -> Iterator[Input | None]:
    """Wait for an input, then give all that are there."""
    with contextlib.suppress(queue.Empty):
        yield inbox.get(timeout=wait_s)
        for _ in range(_AT_ONCE):
            yield inbox.get_nowait()


def _read_orders(inbox: "queue.SimpleQueue[Input | None]") -> None:
    for line in _lines(sys.stdin.fileno()):
        try:
            inbox.put(ORDER.validate_json(line))
        except ValidationError as error:
            reasons = [f"{detail['loc']}: {detail['msg']}" for detail in error.errors()]
            log.error("order_unreadable", reasons=reasons)  # noqa: TRY400 - the trace says no more
    inbox.put(None)


def _lines(descriptor: int) -> Iterator[bytes]:
    # Not sys.stdin: its lock, held by this thread for ever, would break the interpreter's exit.
    rest = b""
    while chunk := os.read(descriptor, 65536):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def _report(report: Report) -> None:
    sys.stdout.write(report.model_dump_json() + "\n")
    sys.stdout.flush()


def _end_process(failure: threading.ExceptHookArgs) -> None:
    """A thread that died would leave loudspeakers silent: die as a whole, the agent restarts us."""
    log.critical("thread_died", thread=str(failure.thread), error=repr(failure.exc_value))
    sys.__excepthook__(failure.exc_type, failure.exc_value or failure.exc_type(), None)
    os._exit(_EXIT_BROKEN)


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso"),
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
