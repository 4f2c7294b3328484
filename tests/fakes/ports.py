"""Free ports on the loopback interface."""

import os
import random
import socket
import time
from contextlib import suppress
from pathlib import Path

# Below what the kernel gives to connections, and in another order in every process that tests: else one
# may listen where another is about to.
_PORTS = random.Random(os.getpid()).sample(range(10_000, 32_000), 22_000)


def find_free_port() -> int:
    """Return a TCP port on 127.0.0.1 that nobody listens on, another with every call."""
    while True:
        port = _PORTS.pop()
        with socket.socket() as listener, suppress(OSError):
            listener.bind(("127.0.0.1", port))
            return port


def wait_until_listening(port: int, *, timeout_s: float = 10.0) -> None:
    """Block until something accepts connections on 127.0.0.1:`port`.

    Raises:
        TimeoutError: nobody listened in time.
    """
    deadline_s = time.monotonic() + timeout_s
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"nothing listens on 127.0.0.1:{port}") from None
            time.sleep(0.02)
        else:
            return


def find_free_udp_port() -> int:
    """Return an even port on 127.0.0.1 that nobody has, by UDP or TCP (RTP ports are even, SIP uses both)."""
    while True:
        port = find_free_port()
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            if port % 2 == 0:
                return port


def wait_until_bound(port: int, *, timeout_s: float = 15.0) -> None:
    """Block until somebody listens on UDP `port`.

    Raises:
        TimeoutError: nobody did in time.
    """
    deadline_s = time.monotonic() + timeout_s
    tables = [Path("/proc/net/udp"), Path("/proc/net/udp6")]
    while not any(f":{port:04X} " in table.read_text() for table in tables if table.exists()):
        if time.monotonic() > deadline_s:
            raise TimeoutError(f"nobody listens on UDP port {port}")
        time.sleep(0.02)
