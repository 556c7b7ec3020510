"""The machine: which core does what, and who used how much of it."""

import os
import re
import resource
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

T = TypeVar("T")
TICKS = os.sysconf("SC_CLK_TCK")
# Cores that others may use before a measurement counts as disturbed, and how often it is then made at most.
QUIET = 0.15
ATTEMPTS = 3


def cores() -> tuple[int, int, int]:
    """The core that the servers get, that of the load, and that of the database beneath Rollcall.

    The last is one of its own, or where there are two, that of the load.
    """
    allowed = sorted(os.sched_getaffinity(0))
    if len(allowed) < 2:
        raise SystemExit("tests/load/run: two cores are needed, one for the server and one for the load")
    return allowed[0], allowed[1], allowed[min(2, len(allowed) - 1)]


@dataclass
class Usage:
    """What some processes have used."""

    cpu_seconds: float = 0
    rss_mib: float = 0
    peak_mib: float = 0


def usage(roots: list[int]) -> Usage:
    """What the processes and all that they started have used."""
    total = Usage()
    for pid in descendants(roots):
        try:
            times = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            status = Path(f"/proc/{pid}/status").read_text()
        except OSError:
            continue
        # Its own, and that of its children that have ended.
        total.cpu_seconds += sum(map(int, times[11:15])) / TICKS
        total.rss_mib += kib(status, "VmRSS") / 1024
        total.peak_mib += kib(status, "VmHWM") / 1024
    return total


def forget_peaks(pids: list[int]) -> None:
    """Begins to count the peak of memory anew."""
    for pid in pids:
        Path(f"/proc/{pid}/clear_refs").write_text("5")


def bytes_read(pids: list[int]) -> int:
    """How much the processes have read so far, from files and sockets."""
    return sum(int(re.search(r"rchar: (\d+)", Path(f"/proc/{pid}/io").read_text())[1]) for pid in pids)


def least_disturbed(measure: Callable[[], T], own_seconds: Callable[[], float]) -> tuple[T, float]:
    """Measures; again, while others disturb it. Gives the least disturbed result, and the cores that others used.

    `own_seconds` is the CPU time of what is measured and of the load.
    """
    best = None
    for _ in range(ATTEMPTS):
        begin, busy, own = time.perf_counter(), busy_seconds(), own_seconds()
        result = measure()
        busy, own = busy_seconds() - busy, own_seconds() - own
        others = max(0.0, busy - own) / (time.perf_counter() - begin)
        if best is None or others < best[1]:
            best = result, others
        if others <= QUIET:
            break
    return best


def children_seconds() -> float:
    """The CPU time of the programs that this one has run to their end."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def busy_seconds() -> float:
    """The CPU time that the whole machine has used."""
    user, nice, system = Path("/proc/stat").read_text().split()[1:4]
    return (int(user) + int(nice) + int(system)) / TICKS


def kib(status: str, name: str) -> int:
    found = re.search(rf"{name}:\s+(\d+)", status)
    return int(found[1]) if found else 0


def descendants(roots: list[int]) -> list[int]:
    children: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parent = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
        children.setdefault(parent, []).append(int(stat.parent.name))
    found = list(roots)
    for pid in found:
        found += children.get(pid, [])
    return found
