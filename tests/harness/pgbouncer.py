"""PgBouncer, before the PostgreSQL server of the tests."""

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import psycopg

from harness.cluster import postgres_user
from harness.database import Database
from harness.ports import free_port

# Far fewer than Rollcall opens to it.
SERVER_CONNECTIONS = 3


class PgBouncer:
    """A pooler in transaction mode."""

    def __init__(self, server_url: str):
        server = urlsplit(server_url)
        self.port = free_port()
        self.work = Path(tempfile.mkdtemp(prefix="rollcall-pgbouncer-"))
        user = server.username or "postgres"
        password = f" password='{unquote(server.password)}'" if server.password else ""
        settings = {
            "listen_addr": "127.0.0.1",
            "listen_port": self.port,
            "unix_socket_dir": "",
            "pool_mode": "transaction",
            "auth_type": "any",
            "default_pool_size": SERVER_CONNECTIONS,
            "max_client_conn": 200,
            "logfile": self.work / "log",
        }
        self.configuration = self.work / "pgbouncer.ini"
        self.configuration.write_text(
            f"[databases]\n* = host={server.hostname} port={server.port or 5432} user={user}{password}\n[pgbouncer]\n"
            + "".join(f"{name} = {value}\n" for name, value in settings.items())
        )
        # It refuses to run as root.
        self.user = postgres_user() if os.geteuid() == 0 else None
        if self.user:
            shutil.chown(self.work, self.user)
        self.process: subprocess.Popen | None = None

    def start(self) -> "PgBouncer":
        program = shutil.which("pgbouncer", path=f"{os.environ['PATH']}:/usr/sbin")
        assert program, "there is no pgbouncer; tests/run installs it"
        output = subprocess.DEVNULL
        command = [program, "--quiet", str(self.configuration)]
        self.process = subprocess.Popen(command, user=self.user, cwd=self.work, stdout=output, stderr=output)
        deadline = time.monotonic() + 30
        while not self.answers():
            is_starting = self.process.poll() is None and time.monotonic() < deadline
            assert is_starting, (self.work / "log").read_text()
            time.sleep(0.05)
        return self

    def answers(self) -> bool:
        try:
            psycopg.connect(f"postgres://anybody@127.0.0.1:{self.port}/postgres", connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    def before(self, database: Database) -> Database:
        """The same database by way of the pooler."""
        return database.by_port(self.port)

    def kill(self) -> None:
        """Ends it as a crash does."""
        if self.process:
            self.process.kill()
            self.process.wait(timeout=30)

    def close(self) -> None:
        self.kill()
        shutil.rmtree(self.work, ignore_errors=True)
