"""Processes that may open few files, or have little memory."""

import contextlib
import os
import resource
import socket
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from harness.modes import rotation
from harness.scim import TRUSTS_NOBODY

IS_LONG = rotation() == "all"
TIMES = 3 if IS_LONG else 1
MIB = 1024 * 1024
# What deploy/kubernetes gives them.
MEMORY = {"core": 512 * MIB, "gateway": 256 * MIB, "serve": 512 * MIB}
CALLERS = 24
BODY = 30 * MIB


@contextlib.contextmanager
def idle(ports: list[int], count: int):
    """So many connections to each port on which nothing is said."""
    with contextlib.ExitStack() as stack:
        for _ in range(count):
            for port in ports:
                # Nobody may be there to take it, once there are too many.
                with contextlib.suppress(OSError):
                    stack.enter_context(socket.create_connection(("127.0.0.1", port), timeout=1))
        yield


@pytest.mark.parametrize("mode", ["serve-sqlite", "serve-postgres", "apart-sqlite", "apart-postgres"])
def test_few_descriptors_are_taken_by_idle_connections_for_no_longer_than_they_last(builder, working, mode):
    house = builder.start(mode, under=["prlimit", "--nofile=128:128"])
    with working(house) as work:
        for _ in range(TIMES):
            with work.fault(), idle([house.http_port, house.grpc_port], 150):
                # Whoever is connected is served.
                work.wait_for_answers(40)
    house.stop()


@pytest.mark.parametrize("mode", ["serve-sqlite", "serve-postgres", "apart-sqlite", "apart-postgres"])
def test_descriptors_that_run_out_are_missed_for_no_longer_than_they_do(builder, working, mode):
    # None but root would see the descriptors otherwise.
    house = builder.start(mode, settings={"ROLLCALL_CORE_DUMPS": "true"})
    with working(house) as work:
        for _ in range(TIMES):
            for process in house.processes:
                pid = process.process.pid
                before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
                used = len(os.listdir(f"/proc/{pid}/fd"))
                with work.fault():
                    resource.prlimit(pid, resource.RLIMIT_NOFILE, (used + 2, before[1]))
                    with idle([house.http_port, house.grpc_port], 20):
                        work.wait_for_answers(40)
                    resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
    house.stop()


class Memory:
    """Groups of processes with little memory: of cgroups, or where there is none, by a limit of each process."""

    def __init__(self):
        self.groups: list[Path] = []
        name = f"rollcall-faults-{os.getpid()}"
        for root, limit in (("/sys/fs/cgroup", "memory.max"), ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")):
            with contextlib.suppress(OSError):
                for process, most in MEMORY.items():
                    group = Path(root) / f"{name}-{process}"
                    group.mkdir()
                    self.groups.append(group)
                    # Of what is no cgroup the file would be made, and mean nothing.
                    with (group / limit).open("r+") as file:
                        file.write(str(most))
                self.kind = f"cgroup, {limit}"
                script = f'echo $$ > {root}/{name}-"$2"/cgroup.procs && exec "$@"'
                self.under = ["sh", "-c", script, "sh"]
                return
            self.close()
        self.kind = "RLIMIT_AS"
        # Of addresses much more is reserved than is used.
        self.under = ["prlimit", f"--as={4096 * MIB}"]

    def close(self) -> None:
        for group in self.groups:
            with contextlib.suppress(OSError):
                group.rmdir()
        self.groups.clear()


@pytest.fixture
def memory():
    memory = Memory()
    yield memory
    memory.close()


@pytest.mark.parametrize("mode", ["serve-sqlite", "serve-postgres", "apart-sqlite", "apart-postgres"])
def test_many_large_bodies_end_nothing(builder, working, memory, record_property, mode):
    house = builder.start(mode, under=memory.under)
    body = b'{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"' + b"a" * BODY + b'"}'

    def send(work, token: str, path: str) -> None:
        headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}
        with contextlib.suppress(httpx.TransportError):
            answer = httpx.post(house.base_url + path, content=body, headers=headers, verify=TRUSTS_NOBODY, timeout=60)
            work.counts["inputs tried"] += 1
            if answer.status_code < 400 or answer.status_code == 500:
                work.found(f"{path} with a body of {BODY} bytes: {answer.status_code} {answer.text[:300]}")

    with working(house) as work:
        for token in (work.directory.token, "nobody"):
            with work.fault():
                with ThreadPoolExecutor(CALLERS) as pool:
                    paths = ["/Groups", "/Bulk", "/Users"]
                    sent = [pool.submit(send, work, token, paths[number % 3]) for number in range(CALLERS * TIMES)]
                    for done in sent:
                        done.result()
                gone = [place for place, each in enumerate(house.processes) if each.process.poll() is not None]
                if gone:
                    work.found(f"{len(gone)} of {len(house.processes)} processes were ended by bodies of {BODY} bytes")
                    # What a supervisor does.
                    house.restart_processes(*gone)
    record_property("measured", memory.kind)
    house.stop()
