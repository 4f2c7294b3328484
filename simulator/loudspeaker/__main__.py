"""Run one simulated loudspeaker until its stdin pipe ends or SIGTERM; JSON lines on stdout."""

import argparse
import json
import os
import selectors
import signal
import socket
import ssl
import stat
import sys
import time
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType

from simulator.loudspeaker.g711 import PCMA, PCMU
from simulator.loudspeaker.loudspeaker import Event, Loudspeaker, open_receiver
from simulator.loudspeaker.web.device import WebSettings
from simulator.loudspeaker.web.running import run as run_web

_PAYLOAD_TYPES = {
    None: frozenset({PCMU, PCMA}),
    "pcmu": frozenset({PCMU}),
    "pcma": frozenset({PCMA}),
}
_TICK_S = 0.05


def main() -> int:
    """Parse the command line and play until told to stop."""
    options = _parse_arguments()
    options.record.mkdir(parents=True, exist_ok=True)
    if options.kind != "rtp":
        return _run_web(options)
    try:
        receiver = open_receiver(options.listen, options.port, interface=options.interface)
    except (OSError, ValueError) as error:
        sys.stderr.write(
            f"loudspeaker: cannot listen on {options.listen}:{options.port}: {error};"
            " choose another port or a numeric IPv4 address of this machine\n"
        )
        return 1
    loudspeaker = Loudspeaker(
        record=options.record, payload_types=_PAYLOAD_TYPES[options.codec], now=_utc_now
    )
    with receiver:
        _tell(
            [
                {
                    "event": "ready",
                    "address": options.listen,
                    "port": receiver.getsockname()[1],
                    "record": str(options.record),
                }
            ]
        )
        _listen(receiver, loudspeaker)
    _tell(loudspeaker.finish())
    return 0


def _run_web(options: argparse.Namespace) -> int:
    password = os.environ.get("LOUDSPEAKER_PASSWORD", "")
    if not password:
        sys.stderr.write("loudspeaker: give its account's password as LOUDSPEAKER_PASSWORD\n")
        return 2
    tls = None
    if options.tls_cert:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(options.tls_cert, options.tls_key)
    settings = WebSettings(
        kind=options.kind,
        host=options.listen,
        port=options.port,
        record=options.record,
        username=options.username,
        password=password,
        codec=options.codec or "pcmu",
        tls=tls,
    )
    return run_web(settings, tell=lambda event: _tell([event]), now=_utc_now)


def _parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m simulator.loudspeaker", description=__doc__)
    parser.add_argument("--kind", choices=("rtp", "axis", "hikvision"), default="rtp")
    parser.add_argument("--listen", required=True, help="multicast group or own IPv4 address")
    parser.add_argument("--port", type=int, required=True, help="UDP or TCP port; 0: any free one")
    parser.add_argument("--interface", default="127.0.0.1", help="where to join the group")
    parser.add_argument("--record", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--codec", choices=("pcmu", "pcma"), help="the only codec to play")
    parser.add_argument("--username", default="loa", help="account of an axis or hikvision one")
    parser.add_argument("--tls-cert", type=Path, help="certificate (PEM): serve HTTPS")
    parser.add_argument("--tls-key", type=Path, help="its key")
    return parser.parse_args()


def _listen(receiver: socket.socket, loudspeaker: Loudspeaker) -> None:
    stopping = False

    def stop(_signal: int, _frame: FrameType | None) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    with selectors.SelectSelector() as selector:
        selector.register(receiver, selectors.EVENT_READ)
        if _stdin_is_pipe():
            selector.register(sys.stdin, selectors.EVENT_READ)
        while not stopping:
            for key, _ in selector.select(_TICK_S):
                if key.fileobj is receiver:
                    _tell(loudspeaker.hear(receiver.recv(65535), now_s=time.monotonic()))
                elif not os.read(sys.stdin.fileno(), 4096):
                    stopping = True
            _tell(loudspeaker.tick(now_s=time.monotonic()))


def _stdin_is_pipe() -> bool:
    """A terminal or a null device says nothing about whether the parent still lives."""
    mode = os.fstat(sys.stdin.fileno()).st_mode
    return stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)


def _tell(events: Iterable[Event]) -> None:
    for event in events:
        sys.stdout.write(json.dumps(event) + "\n")
        sys.stdout.flush()


def _utc_now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - the entry point owns the clock


if __name__ == "__main__":
    sys.exit(main())
