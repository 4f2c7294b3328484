"""Tells systemd how the program is: ready, alive, stopping; without systemd it says nothing."""

import os
import socket

import structlog

_log = structlog.get_logger(__name__)


def notify(state: str) -> None:
    """Send one line of sd_notify(3), such as `READY=1`, to whoever started the program."""
    address = os.environ.get("NOTIFY_SOCKET")
    if not address:
        return
    if address.startswith("@"):
        address = "\0" + address[1:]
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as speaker:
            speaker.connect(address)
            speaker.sendall(state.encode())
    except OSError as error:
        _log.warning("systemd.unreachable", state=state, error=str(error))


def watchdog_interval_s() -> float | None:
    """Return how often systemd wants to hear `WATCHDOG=1` (half its limit); None: never."""
    limit_us = os.environ.get("WATCHDOG_USEC", "")
    wanted_of = os.environ.get("WATCHDOG_PID", str(os.getpid()))
    if not limit_us.isdecimal() or wanted_of != str(os.getpid()):
        return None
    return int(limit_us) / 2_000_000
