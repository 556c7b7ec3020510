"""A Patroni cluster of one test's own: three PostgreSQL servers of which one leads, and their etcd."""

import json
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import psycopg

from harness.cluster import kill_all_in, postgres_user, send
from harness.scim import TRUSTS_NOBODY

# What Patroni does by default, but that what is answered is on two servers. Seconds.
SETTINGS = {"ttl": 30, "loop_wait": 10, "retry_timeout": 10, "synchronous_mode": True}
# How long Patroni may take for anything on a busy machine, in seconds.
PATIENCE = 300
TAKES_CHANGES = "target_session_attrs=read-write"


class Program:
    """A program in a folder of its own. All that it starts works in that folder too, and ends with it."""

    def __init__(self, folder: Path, user: str | None, *command: str | Path):
        self.folder, self.user, self.command = folder, user, command
        self.log = folder / "log"
        self.process: subprocess.Popen | None = None
        folder.mkdir()
        if user:
            shutil.chown(folder, user)

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                user=self.user,
                cwd=self.folder,
                # Patroni is a package of the system's Python, which is to see none of the tests' packages.
                env={"PATH": os.environ["PATH"], "HOME": str(self.folder), "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def kill(self) -> None:
        """Kills it and all that it has started, as a machine does that loses power."""
        kill_all_in(self.folder)
        if self.process:
            self.process.wait(timeout=60)


class Node(Program):
    """One PostgreSQL server with its Patroni."""

    def __init__(self, name: str, work: Path, user: str | None, etcd: str, ports: Iterator[int]):
        self.name, self.port = name, next(ports)
        self.address = f"127.0.0.1:{next(ports)}"
        super().__init__(work / name, user, "patroni", "patroni.json")
        self.data = self.folder / "data"
        # JSON is YAML.
        (self.folder / "patroni.json").write_text(json.dumps(self.settings(etcd)))

    def settings(self, etcd: str) -> dict:
        return {
            "scope": "rollcall",
            "name": self.name,
            "restapi": {"listen": self.address, "connect_address": self.address},
            "etcd3": {"hosts": etcd},
            "bootstrap": {
                "dcs": SETTINGS | {"postgresql": {"use_pg_rewind": True}},
                "initdb": ["no-sync", {"encoding": "UTF8"}, {"locale": "C"}],
            },
            "postgresql": {
                "listen": f"127.0.0.1:{self.port}",
                "connect_address": f"127.0.0.1:{self.port}",
                "bin_dir": os.environ["ROLLCALL_TEST_POSTGRES_PROGRAMS"],
                "data_dir": str(self.data),
                "pgpass": str(self.folder / "pgpass"),
                "pg_hba": ["host all all 127.0.0.1/32 trust", "host replication all 127.0.0.1/32 trust"],
                "authentication": {"superuser": {"username": "postgres"}, "replication": {"username": "replicator"}},
                "parameters": {"unix_socket_directories": ""},
                "basebackup": ["no-sync", {"checkpoint": "fast"}],
            },
        }

    def kill(self) -> None:
        super().kill()
        # The number of a process that nobody has waited for is taken: the next server would think that it runs.
        (self.data / "postmaster.pid").unlink(missing_ok=True)

    def stop_sending(self) -> None:
        """Has its standbys get nothing more: what is on it alone from now on is lost with it."""
        with psycopg.connect(f"postgres://postgres@127.0.0.1:{self.port}/postgres") as connection:
            senders = [pid for (pid,) in connection.execute("SELECT pid FROM pg_stat_replication")]
        send(signal.SIGSTOP, senders)

    def asked(self, path: str) -> httpx.Response | None:
        """What its Patroni answers; None, where nobody does."""
        try:
            return httpx.get(f"http://{self.address}{path}", verify=TRUSTS_NOBODY, timeout=10)
        except httpx.TransportError:
            return None

    def leads(self) -> bool:
        """Whether it holds the lock of the leader and its server takes changes."""
        answer = self.asked("/primary")
        return answer is not None and answer.status_code == 200


class Patroni:
    """The cluster. What it has answered is on the leader and on one more server."""

    def __init__(self):
        self.work = Path(tempfile.mkdtemp(prefix="rollcall-patroni-"))
        # PostgreSQL refuses to run as root.
        user = postgres_user() if os.geteuid() == 0 else None
        if user:
            shutil.chown(self.work, user)
        ports = steady_ports()
        store, peers = (f"127.0.0.1:{next(ports)}" for _ in range(2))
        etcd = (
            f"--data-dir=data --listen-client-urls=http://{store} --advertise-client-urls=http://{store} "
            f"--listen-peer-urls=http://{peers} --initial-advertise-peer-urls=http://{peers} "
            f"--initial-cluster=default=http://{peers}"
        )
        self.etcd = Program(self.work / "etcd", user, "etcd", *etcd.split())
        self.nodes = [Node(name, self.work, user, store, ports) for name in ("one", "two", "three")]

    def start(self) -> "Patroni":
        """Starts it, and waits until all of its servers are there, and a database `rollcall` of a role `rollcall`."""
        self.etcd.start()
        for node in self.nodes:
            node.start()
        self.wait_until_whole()
        with psycopg.connect(f"{self.servers('postgres')}/postgres?{TAKES_CHANGES}", autocommit=True) as connection:
            connection.execute("CREATE ROLE rollcall LOGIN")
            connection.execute("CREATE DATABASE rollcall OWNER rollcall")
        return self

    @property
    def url(self) -> str:
        """The database, wherever the leader is."""
        return f"{self.servers('rollcall')}/rollcall?{TAKES_CHANGES}"

    def servers(self, role: str) -> str:
        return f"postgres://{role}@" + ",".join(f"127.0.0.1:{node.port}" for node in self.nodes)

    def leader(self) -> Node | None:
        return next((node for node in self.nodes if node.leads()), None)

    def is_whole(self) -> bool:
        """Whether all servers run, and one of them would lose nothing as the leader."""
        leader = self.leader()
        answer = leader.asked("/cluster") if leader else None
        members = answer.json()["members"] if answer is not None and answer.status_code == 200 else []
        running = [member["role"] for member in members if member["state"] in ("running", "streaming")]
        return sorted(running) == ["leader", "replica", "sync_standby"]

    def wait_until_whole(self) -> None:
        self.wait(self.is_whole, "all three servers run")

    def wait(self, wanted: Callable, what: str):
        """Waits for what is true, and returns it."""
        end = time.monotonic() + PATIENCE
        while not (found := wanted()):
            if time.monotonic() > end:
                logs = [f"{each.folder.name}:\n{each.log.read_text()[-2000:]}" for each in [self.etcd, *self.nodes]]
                raise AssertionError("\n".join([f"after {PATIENCE} s it has not come to pass that {what}", *logs]))
            time.sleep(0.2)
        return found

    def switch_over(self) -> None:
        """Has another server lead, as an operator asks for it."""
        old = self.wait(self.leader, "a server leads")
        where = f"http://{old.address}/switchover"
        answer = httpx.post(where, json={"leader": old.name}, verify=TRUSTS_NOBODY, timeout=PATIENCE)
        self.wait_for_another_leader(old, f" ({answer.status_code} {answer.text})")

    def lose_leader(self) -> Node:
        """Kills the leader with its Patroni, and waits until another server leads. Returns the one that is gone.

        Its standbys are a second behind by then: whoever answers what is not on two servers is found out.
        """
        old = self.wait(self.leader, "a server leads")
        old.stop_sending()
        time.sleep(1)
        old.kill()
        self.wait_for_another_leader(old)
        return old

    def wait_for_another_leader(self, old: Node, told: str = "") -> None:
        self.wait(lambda: self.leader() not in (None, old), f"another server than {old.name} leads{told}")

    def close(self) -> None:
        for each in [*self.nodes, self.etcd]:
            each.kill()
        shutil.rmtree(self.work)


def steady_ports() -> Iterator[int]:
    """Free ports that are nobody's while their server is away: they are below those from which connections are made."""
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    for port in random.sample(range(10000, max(lowest, 20000)), 1000):
        with socket.socket() as taken:
            is_free = taken.connect_ex(("127.0.0.1", port)) != 0
        if is_free:
            yield port
