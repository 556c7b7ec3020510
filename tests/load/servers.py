"""The servers that are measured: the ceilings, Rollcall in its two forms, and PostgreSQL."""

import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import machine


@dataclass
class Server:
    """Running processes that answer SCIM at one URL."""

    url: str
    token: str
    processes: list[subprocess.Popen]
    grpc: str = ""
    database_pids: list[int] = field(default_factory=list)
    start_ms: float = 0
    idle_mib: float = 0

    def usage(self) -> machine.Usage:
        """What the server's own processes have used."""
        return machine.usage([process.pid for process in self.processes])

    def cpu_seconds(self) -> float:
        """The CPU time of the server and of the database behind it."""
        return self.usage().cpu_seconds + self.database_seconds()

    def database_seconds(self) -> float:
        """The CPU time of the database behind it, where that is a server."""
        return machine.usage(self.database_pids).cpu_seconds


@dataclass
class Fleet:
    """How servers are started on this machine."""

    binary: Path
    ceilings: Path
    work: Path
    core: int
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    admin_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    gateway_key: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    @contextmanager
    def ceiling(self, *commands: list[str], port: int) -> Iterator[Server]:
        """Starts programs of the ceilings; the one that answers HTTP listens on the port."""
        begin = time.perf_counter()
        with self.running([[str(self.ceilings / name), *arguments] for name, *arguments in commands]) as processes:
            yield self.wait(Server(f"http://127.0.0.1:{port}/scim/v2", self.token, processes), "/Users/1", begin)

    @contextmanager
    def serve(
        self, database: str, postgres: list[int] | None = None, further: dict[str, str] | None = None
    ) -> Iterator[Server]:
        """Starts `rollcall serve` on a database, with further settings."""
        http, grpc = free_port(), free_port()
        settings = self.core_settings(database, grpc) | {"ROLLCALL_HTTP_ADDR": f"127.0.0.1:{http}"} | (further or {})
        begin = time.perf_counter()
        with self.running([[str(self.binary), "serve"]], settings) as processes:
            core = f"http://127.0.0.1:{grpc}"
            server = Server(f"http://127.0.0.1:{http}/scim/v2", self.token, processes, core, postgres or [])
            yield self.wait(server, "/ServiceProviderConfig", begin)

    @contextmanager
    def collector(self) -> Iterator[str]:
        """Starts what takes traces, beside the load, and says where it is."""
        port = free_port()
        sink = subprocess.Popen([sys.executable, "-B", str(Path(__file__).with_name("sink.py")), str(port)])
        try:
            yield f"http://127.0.0.1:{port}"
        finally:
            sink.terminate()
            sink.wait(60)

    def keep_activity(self, server: Server, which: str) -> None:
        """Says which requests the activity log of the directory keeps."""
        command = [str(self.binary), "directory", "update", "default", "--activity", which]
        environment = os.environ | {"ROLLCALL_SERVER": server.grpc, "ROLLCALL_ADMIN_KEY": self.admin_key}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)

    @contextmanager
    def apart(self, database: str, postgres: list[int] | None = None) -> Iterator[Server]:
        """Starts `rollcall core` and `rollcall gateway` with TCP between them."""
        http, grpc = free_port(), free_port()
        settings = self.core_settings(database, grpc) | {
            "ROLLCALL_HTTP_ADDR": f"127.0.0.1:{http}",
            "ROLLCALL_CORE_URL": f"http://127.0.0.1:{grpc}",
            "ROLLCALL_GATEWAY_KEY": self.gateway_key,
        }
        begin = time.perf_counter()
        with self.running([[str(self.binary), "core"], [str(self.binary), "gateway"]], settings) as processes:
            core = f"http://127.0.0.1:{grpc}"
            server = Server(f"http://127.0.0.1:{http}/scim/v2", self.token, processes, core, postgres or [])
            yield self.wait(server, "/ServiceProviderConfig", begin)

    def core_settings(self, database: str, grpc: int) -> dict[str, str]:
        return {
            "ROLLCALL_DATABASE_URL": database,
            "ROLLCALL_GRPC_ADDR": f"127.0.0.1:{grpc}",
            "ROLLCALL_BOOTSTRAP_SCIM_TOKEN": self.token,
            "ROLLCALL_BOOTSTRAP_ADMIN_KEY": self.admin_key,
            "ROLLCALL_BOOTSTRAP_GATEWAY_KEY": self.gateway_key,
            # What a process reads and how much memory it takes stands where none but root would see it otherwise.
            "ROLLCALL_CORE_DUMPS": "true",
        }

    @contextmanager
    def running(
        self, commands: list[list[str]], settings: dict[str, str] | None = None
    ) -> Iterator[list[subprocess.Popen]]:
        """Runs programs on the servers' core, and ends them."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
        processes = []
        try:
            for command in commands:
                log = (self.work / f"{Path(command[0]).name}-{'-'.join(command[1:2])}.log").open("ab")
                with log:
                    processes.append(
                        subprocess.Popen(
                            ["taskset", "--cpu-list", str(self.core), *command],
                            cwd=self.work,
                            env=environment | (settings or {}),
                            stdin=subprocess.DEVNULL,
                            stdout=log,
                            stderr=log,
                        )
                    )
            yield processes
        finally:
            for process in reversed(processes):
                process.terminate()
            for process in processes:
                process.wait(60)

    def wait(self, server: Server, path: str, begin: float) -> Server:
        """Waits for the first answer, and notes when it came and what the server then held."""
        request = urllib.request.Request(server.url + path)
        while True:
            try:
                with urllib.request.urlopen(request, timeout=5):
                    break
            except urllib.error.HTTPError as error:
                if error.code < 500:
                    break
            except OSError:
                pass
            if any(process.poll() is not None for process in server.processes):
                raise SystemExit(f"a server ended instead of answering:\n{self.logs()}")
            if time.perf_counter() - begin > 60:
                raise SystemExit(f"a server did not answer within 60 s:\n{self.logs()}")
            time.sleep(0.001)
        server.start_ms = (time.perf_counter() - begin) * 1e3
        server.idle_mib = server.usage().rss_mib
        return server

    def logs(self) -> str:
        return "\n".join(log.read_text(errors="replace")[-2000:] for log in self.work.glob("*.log"))


@dataclass
class Postgres:
    """A PostgreSQL server of our own, durable as it comes."""

    programs: Path
    port: int
    pid: int

    def move(self, core: int) -> None:
        """Moves it to another core."""
        for pid in machine.descendants([self.pid]):
            with suppress(ProcessLookupError):  # of a client that has just left
                os.sched_setaffinity(pid, {core})

    def url(self, database: str) -> str:
        return f"postgres://rollcall@127.0.0.1:{self.port}/{database}"

    def sql(self, database: str, statements: str, **variables: str) -> None:
        """Runs statements, in which `:'name'` stands for the text of a variable."""
        self.ask(database, statements, **variables)

    def ask(self, database: str, statements: str, **variables: str) -> str:
        """The same, and what they answer: fields and nothing around them."""
        command = [self.programs / "psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1"]
        command += ["--tuples-only", "--no-align"]
        command += [f"--set={name}={text}" for name, text in variables.items()]
        command += ["--file=-", self.url(database)]
        return subprocess.run(command, input=statements, text=True, check=True, stdout=subprocess.PIPE).stdout


@contextmanager
def postgres(programs: Path, work: Path, core: int) -> Iterator[Postgres]:
    """Starts a PostgreSQL server on the servers' core, and ends it."""
    data, port = work / "postgres", free_port()
    data.mkdir()
    prefix = []
    if os.geteuid() == 0:  # PostgreSQL refuses to run as root
        prefix = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        subprocess.run(["chown", "postgres:postgres", data], check=True)
    initdb = [
        *prefix,
        programs / "initdb",
        "--pgdata",
        data,
        "--username=rollcall",
        "--auth=trust",
        "--encoding=UTF8",
        "--locale=C",
    ]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd="/")
    options = f"-c port={port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c shared_buffers=256MB"
    control = [*prefix, programs / "pg_ctl", "--pgdata", data, "--wait", "--silent"]
    start = ["taskset", "--cpu-list", str(core), *control, "--log", data / "log", "--options", options, "start"]
    subprocess.run(start, check=True, cwd="/")
    try:
        yield Postgres(programs, port, int((data / "postmaster.pid").read_text().splitlines()[0]))
    finally:
        subprocess.run([*control, "--mode=fast", "stop"], check=True, cwd="/")


def free_port() -> int:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]
