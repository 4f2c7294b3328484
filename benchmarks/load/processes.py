"""CPU time and memory of running programs, as the kernel counts them."""

import os
from dataclasses import dataclass
from pathlib import Path

_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Programs:
    """The programs of one installation, by name; `generator` is this very process."""

    pids: dict[str, int]

    def cpu_s(self) -> dict[str, float]:
        """Return the CPU seconds that each has used, with its own children."""
        return {
            # The programs are children of this very process, which counts for itself.
            name: sum(map(_cpu_s, [pid] if pid == os.getpid() else _family(pid)))
            for name, pid in self.pids.items()
        }

    def peak_mb(self, name: str) -> float:
        """Return the most memory that one has had, in MB."""
        for line in Path(f"/proc/{self.pids[name]}/status").read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) / 1_000
        raise LookupError(name)


def machine_busy_s() -> float:
    """Return the CPU seconds that every program of the machine has used since it started."""
    names = ("user", "nice", "system", "idle", "iowait", "irq", "softirq")
    ticks = Path("/proc/stat").read_text().splitlines()[0].split()[1:]
    used = dict(zip(names, map(int, ticks), strict=False))
    return (sum(used.values()) - used["idle"] - used["iowait"]) / _TICKS_PER_S


def _family(pid: int) -> list[int]:
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    except OSError:
        return [pid]
    return [pid, *(each for child in children for each in _family(int(child)))]


def _cpu_s(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return sum(map(int, fields[11:13])) / _TICKS_PER_S  # utime and stime
