"""Which ports the commune's processes use: remembered, and changed only when somebody took one."""

import json
import socket
from collections.abc import Iterable, Mapping
from pathlib import Path

PREFERRED = {"web": 8080}


def choose_ports(
    memory: Path, *, tcp: Iterable[str], udp: Iterable[str], host: str = "127.0.0.1"
) -> dict[str, int]:
    """Return a free port for every name, the one of last time where it is still free.

    Ports that the system hands out are never repeated within one call. The choice is written
    to `memory` (JSON) for the next start.
    """
    remembered = _read(memory)
    wanted = dict.fromkeys(tcp, socket.SOCK_STREAM) | dict.fromkeys(udp, socket.SOCK_DGRAM)
    chosen: dict[str, int] = {}
    for name, kind in wanted.items():
        candidates = (remembered.get(name), PREFERRED.get(name))
        chosen[name] = _first_free(candidates, kind=kind, host=host, taken=chosen)
    memory.write_text(json.dumps(remembered | chosen, indent=2) + "\n", encoding="utf-8")
    return chosen


def _first_free(
    candidates: Iterable[int | None],
    *,
    kind: socket.SocketKind,
    host: str,
    taken: Mapping[str, int],
) -> int:
    for port in candidates:
        if port is not None and port not in taken.values() and is_free(port, kind=kind, host=host):
            return port
    while True:
        with socket.socket(socket.AF_INET, kind) as probe:
            probe.bind((host, 0))
            port = int(probe.getsockname()[1])
        if port not in taken.values():
            return port


def is_free(port: int, *, kind: socket.SocketKind, host: str) -> bool:
    """Tell whether a process could bind the port now."""
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # As servers do: connections of the last run that linger must not count as taken.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _read(memory: Path) -> dict[str, int]:
    try:
        ports = json.loads(memory.read_text(encoding="utf-8"))
    except (FileNotFoundError, ValueError):
        return {}
    return {name: port for name, port in ports.items() if isinstance(port, int)}
