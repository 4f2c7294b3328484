"""What processes have used, from /proc: CPU seconds and memory."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
CORES = os.cpu_count() or 1
PROC = Path("/proc")


@dataclass(frozen=True, kw_only=True)
class Usage:
    """Of all processes of a system together."""

    cpu_s: float
    """User and system time so far."""
    memory_mb: float
    """Resident now; pages that several processes share count once."""


def family(root: int) -> list[int]:
    """Return the process and all its descendants."""
    parents: dict[int, list[int]] = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [root]
    for pid in found:
        found += parents.get(pid, [])
    return found


def _stat(pid: int) -> list[str]:
    """Return the fields of a process after its name, none if it is gone."""
    try:
        return (PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def usage(pids: Iterable[int]) -> Usage:
    """Return what the processes have used."""
    ticks, kib = 0, 0
    for pid in pids:
        if fields := _stat(pid):
            # utime and stime, fields 14 and 15 of proc(5); the first two are cut off.
            ticks += int(fields[11]) + int(fields[12])
            kib += _shared_once_kib(pid)
    return Usage(cpu_s=ticks / TICKS_PER_S, memory_mb=kib / 1024)


def _shared_once_kib(pid: int) -> int:
    try:
        lines = (PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))


def resident_mb(pid: int) -> float:
    """Return the resident memory of one process."""
    pages = int((PROC / str(pid) / "statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1024 / 1024


def idle_s() -> float:
    """Return the seconds that all cores together have been idle so far."""
    fields = (PROC / "stat").read_text().splitlines()[0].split()
    return (int(fields[4]) + int(fields[5])) / TICKS_PER_S
