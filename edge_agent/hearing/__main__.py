"""Entry point of the hearing child: `python -m edge_agent.hearing`; it owns the process's clock."""

import logging
import os
import queue
import signal
import sys
import threading
import time
from collections.abc import Iterator

import structlog
from pydantic import ValidationError

from edge_agent.hearing.child import HearingChild
from edge_agent.hearing.messages import ORDER, AnyOrder, Compared

log = structlog.get_logger("edge_agent.hearing")

Inbox = queue.SimpleQueue[AnyOrder | None]
_POLITENESS = 10


def main() -> int:
    """Listen and compare until stdin ends; nothing is saved then."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # Loudspeakers and cameras first: a comparison can wait.
    os.nice(_POLITENESS)
    _log_to_stderr()
    inbox: Inbox = queue.SimpleQueue()
    threading.Thread(target=_read_orders, args=(inbox,), name="orders", daemon=True).start()
    try:
        _run(HearingChild(_answer), inbox)
    except BrokenPipeError:
        log.warning("agent_gone", detail="nobody reads the answers any more")
    # Microphones may hang in a socket; nobody waits for them.
    os._exit(0)


def _run(child: HearingChild, inbox: Inbox) -> None:
    while True:
        instant_s = child.next_instant_s()
        wait_s = None if instant_s is None else max(0.0, instant_s - time.monotonic())
        try:
            order = inbox.get(timeout=wait_s)
            if order is None:
                return
            child.obey(order, now_s=time.monotonic())
        except queue.Empty:
            pass
        child.advance(now_s=time.monotonic())


def _read_orders(inbox: Inbox) -> None:
    for line in _lines(sys.stdin.fileno()):
        try:
            inbox.put(ORDER.validate_json(line))
        except ValidationError as error:
            # Never the input: addresses hold passwords.
            reasons = [f"{detail['loc']}: {detail['msg']}" for detail in error.errors()]
            log.error("order_unreadable", reasons=reasons)  # noqa: TRY400 - the trace says no more
    inbox.put(None)


def _lines(descriptor: int) -> Iterator[bytes]:
    # Not sys.stdin: its lock, held by this thread for ever, would break the interpreter's exit.
    rest = b""
    while chunk := os.read(descriptor, 65536):
        *lines, rest = (rest + chunk).split(b"\n")
        yield from lines


def _answer(compared: Compared) -> None:
    sys.stdout.write(compared.model_dump_json() + "\n")
    sys.stdout.flush()


def _log_to_stderr() -> None:
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.JSONRenderer(),
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )


if __name__ == "__main__":
    sys.exit(main())
