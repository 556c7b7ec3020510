"""Ports that nobody else takes before their process does.

A port that the system hands out may be handed out again, to a test beside this one or to a client's connection, before
the process that it is meant for listens on it. So these lie below those that the system hands out, and each process of
the tests has a slice of them to itself for as long as it lives.
"""

import fcntl
import itertools
import os
import random
import socket
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TextIO

FIRST = 10_000
SLICE = 200
# Where the system's own begin: net.ipv4.ip_local_port_range.
SYSTEMS_OWN = Path("/proc/sys/net/ipv4/ip_local_port_range")

_held: list[TextIO] = []


def free_port() -> int:
    """A port of 127.0.0.1 that is free, and stays so but for who is told of it."""
    return next(port for port in _own_ports() if _is_free(port))


@cache
def _own_ports() -> Iterator[int]:
    """The ports of a slice that no other process has, again and again."""
    locks = Path(tempfile.gettempdir()) / f"rollcall-test-ports-{os.getuid()}"
    locks.mkdir(exist_ok=True)
    end = int(SYSTEMS_OWN.read_text().split()[0])
    slices = list(range(FIRST, end - SLICE, SLICE))
    for begin in random.sample(slices, len(slices)):
        lock = (locks / str(begin)).open("a")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.close()
            continue
        _held.append(lock)
        return itertools.cycle(range(begin, begin + SLICE))
    raise AssertionError(f"each of the {len(slices)} slices of ports is another test's: see {locks}")


def _is_free(port: int) -> bool:
    with socket.socket() as asked:
        # As the binary asks: a connection that has ended keeps nobody from the port.
        asked.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            asked.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
