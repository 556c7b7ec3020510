"""What a database holds on disk for each user, membership, change and request.

    PYTHONPATH=tests python3 -B tests/load/sizing.py --binary target/release/rollcall [--postgres postgres://…/empty]

Asks `rollcall serve` for each of these as an identity provider does, and looks after each kind how much larger the
database has become, once its log has been folded (SQLite) or it has been vacuumed (PostgreSQL). Speed is of no account
here, so any build will do.
"""

import argparse
import http.client
import json
import os
import secrets
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from harness.exports import write_export
from harness.ports import free_port

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
# Members of each group.
MEMBERS = 100


class SQLite:
    """A database in a folder."""

    name = "SQLite"

    def __init__(self, folder: Path) -> None:
        self.settings = {"ROLLCALL_DATA_DIR": str(folder)}
        self.flags = ["--data-dir", str(folder)]
        self.folder = folder

    def size(self) -> int:
        """What it takes on disk: `serve` folds its log when it ends."""
        return sum(file.stat().st_size for file in self.folder.glob("rollcall.db*"))


class PostgreSQL:
    """A database of a server."""

    name = "PostgreSQL"

    def __init__(self, url: str) -> None:
        self.settings = {"ROLLCALL_DATABASE_URL": url}
        self.flags = ["--database-url", url]
        self.url = url

    def size(self) -> int:
        """What it takes on disk once it has been vacuumed, as it is within minutes of real life."""
        command = ["psql", "--no-psqlrc", "--tuples-only", "--no-align", self.url]
        command += ["--command=VACUUM", "--command=SELECT pg_database_size(current_database())"]
        return int(subprocess.run(command, check=True, text=True, stdout=subprocess.PIPE).stdout.split()[-1])


class Client:
    """An identity provider with one connection."""

    def __init__(self, port: int, token: str) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/scim+json"}

    def ask(self, method: str, path: str, body: dict | None = None) -> dict:
        self.connection.request(method, f"/scim/v2{path}", body and json.dumps(body), self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 400:
            raise SystemExit(f"{method} {path}: {answer.status} {text.decode()}")
        return json.loads(text) if text else {}

    def wait(self) -> None:
        for _ in range(600):
            try:
                self.ask("GET", "/ServiceProviderConfig")
                return
            except OSError:
                self.connection.close()
                time.sleep(0.05)
        raise SystemExit("the server did not become ready")


@contextmanager
def served(binary: str, database: SQLite | PostgreSQL, token: str) -> Iterator[Client]:
    """Runs a server until the block ends."""
    port = free_port()
    settings = database.settings | {
        "ROLLCALL_HTTP_ADDR": f"127.0.0.1:{port}",
        "ROLLCALL_GRPC_ADDR": f"127.0.0.1:{free_port()}",
        "ROLLCALL_BOOTSTRAP_SCIM_TOKEN": token,
        "ROLLCALL_MAX_REQUESTS_PER_SECOND": "0",
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    server = subprocess.Popen([binary, "serve"], env=os.environ | settings, **quiet)
    try:
        client = Client(port, token)
        client.wait()
        yield client
    finally:
        server.terminate()
        server.wait(60)


def user(number: int) -> dict:
    """A user as Microsoft Entra ID sends one."""
    given, family = f"Grace{number}", f"Petrov{number}"
    address = f"{given}.{family}@example.com".lower()
    return {
        "schemas": [USER, ENTERPRISE],
        "externalId": f"00000000-0000-4000-8000-{number:012}",
        "userName": address,
        "active": True,
        "displayName": f"{given} {family}",
        "emails": [{"primary": True, "type": "work", "value": address}],
        "name": {"formatted": f"{given} {family}", "givenName": given, "familyName": family},
        "title": "Software Engineer",
        "phoneNumbers": [{"type": "work", "value": f"+1 555 {number:07}"}],
        ENTERPRISE: {"employeeNumber": str(number), "department": "Engineering", "costCenter": "4130"},
    }


class Directory:
    """What is asked of one server after another."""

    def __init__(self, users: int) -> None:
        self.users = users
        self.ids: list[str] = []

    def create(self, client: Client) -> int:
        self.ids = [client.ask("POST", "/Users", user(number))["id"] for number in range(self.users)]
        return self.users

    def change(self, client: Client) -> int:
        for one in self.ids:
            operation = {"op": "replace", "path": "title", "value": "Senior Software Engineer"}
            client.ask("PATCH", f"/Users/{one}", {"schemas": [PATCH], "Operations": [operation]})
        return self.users

    def join(self, client: Client) -> int:
        for number in range(0, self.users, MEMBERS):
            members = [{"value": one} for one in self.ids[number : number + MEMBERS]]
            client.ask("POST", "/Groups", {"schemas": [GROUP], "displayName": f"Team {number}", "members": members})
        return self.users

    def look(self, client: Client) -> int:
        for one in self.ids:
            client.ask("GET", f"/Users/{one}")
        return self.users


def measure(binary: str, database: SQLite | PostgreSQL, users: int) -> None:
    token, directory = secrets.token_urlsafe(32), Directory(users)
    with served(binary, database, token):
        pass
    size = database.size()
    print(f"{database.name}: empty, {size / 1e6:.1f} MB")
    with tempfile.NamedTemporaryFile(suffix=".ndjson") as file:
        write_export(Path(file.name), users, 0, 0)
        command = [binary, "import", file.name, "--directory", "many", *database.flags]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    before, size = size, database.size()
    show("user imported, without a history", before, size, users)
    steps: dict[str, Callable[[Client], int]] = {
        "user created": directory.create,
        "user changed": directory.change,
        "user put into a group (100 each)": directory.join,
        "request that reads": directory.look,
    }
    for what, step in steps.items():
        with served(binary, database, token) as client:
            count = step(client)
            # Events get their numbers, and requests come into the activity log, within a second.
            time.sleep(3)
        before, size = size, database.size()
        show(what, before, size, count)


def show(what: str, before: int, size: int, count: int) -> None:
    print(f"  {what:<34} {(size - before) / count:7.0f} bytes", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--postgres", help="URL of an empty database")
    parser.add_argument("--users", type=int, default=10_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="rollcall-sizing.") as folder:
        measure(asked.binary, SQLite(Path(folder) / "data"), asked.users)
    if asked.postgres:
        measure(asked.binary, PostgreSQL(asked.postgres), asked.users)


if __name__ == "__main__":
    main()
