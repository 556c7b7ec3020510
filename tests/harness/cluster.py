"""A PostgreSQL server of one test's own, which may be restarted, killed and made to take no changes."""

import contextlib
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import psycopg

from harness.ports import free_port


class Cluster:
    """The server. What it has answered outlives it, and would not outlive the machine."""

    def __init__(self):
        self.work = Path(tempfile.mkdtemp(prefix="rollcall-cluster-"))
        self.data, self.log = self.work / "data", self.work / "log"
        self.port = free_port()
        self.programs = Path(os.environ["ROLLCALL_TEST_POSTGRES_PROGRAMS"])
        # It refuses to run as root.
        self.user = postgres_user() if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.work, self.user)
        options = "--username rollcall --auth trust --encoding UTF8 --locale C --no-sync"
        self.run("initdb", *options.split())

    @property
    def url(self) -> str:
        return f"postgres://rollcall@127.0.0.1:{self.port}/postgres"

    def run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self.programs / program, "--pgdata", self.data, *arguments],
            user=self.user,
            cwd=self.work,
            # What a server that goes on running holds open is no pipe that somebody reads to its end.
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            timeout=60,
        )
        log = self.log.read_text()[-2000:] if self.log.exists() else ""
        assert done.returncode == 0, f"{program} {arguments}: {done.returncode}\n{log}"

    def start(self) -> "Cluster":
        options = f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c fsync=off"
        self.run("pg_ctl", "--wait", "--log", str(self.log), "-o", options, "start")
        return self

    def stop(self, mode: str = "fast") -> None:
        self.run("pg_ctl", "--wait", "--mode", mode, "stop")

    def kill(self) -> None:
        """Kills the server and all of its processes, as a machine does that loses power."""
        kill_all_in(self.data)
        # The number of a process that nobody has waited for is taken: the next server would think that it runs.
        (self.data / "postmaster.pid").unlink()

    def take_changes(self, is_taken: bool) -> None:
        """Has it refuse changes, as a server does that has become a standby; or take them again."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("SET default_transaction_read_only = off")
            value = "off" if is_taken else "on"
            connection.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            connection.execute("SELECT pg_reload_conf()")

    def close(self) -> None:
        if (self.data / "postmaster.pid").exists():
            self.run("pg_ctl", "--wait", "--mode", "immediate", "stop")
        shutil.rmtree(self.work)


def kill_all_in(folder: Path) -> None:
    """Kills all processes that work in a folder, before one of them sees another one go."""
    send(signal.SIGSTOP, processes_in(folder))
    for _ in range(1000):
        running = processes_in(folder)
        if not running:
            return
        send(signal.SIGKILL, running)
        time.sleep(0.01)
    raise AssertionError(f"what works in {folder} does not end")


def send(with_signal: signal.Signals, processes: list[int]) -> None:
    for process in processes:
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, with_signal)


def processes_in(folder: Path) -> list[int]:
    folder, found = folder.resolve(), []
    for process in Path("/proc").glob("[0-9]*"):
        # Others end meanwhile, or are somebody else's.
        with contextlib.suppress(OSError):
            if (process / "cwd").readlink().is_relative_to(folder):
                found.append(int(process.name))
    return found


def postgres_user() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"
