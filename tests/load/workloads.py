"""What is asked of a server, and how often it could answer."""

import json
import re
import signal
import subprocess
import time
import urllib.parse
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path

import machine
from servers import Server

SCRIPT = Path(__file__).parent / "wrk.lua"
TYPE = "application/scim+json"
# Requests for each user of a mixed sync.
STEPS = 4


@dataclass
class Measurement:
    """One line of the result."""

    group: str
    what: str
    connections: int
    per_s: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    # Of it the database's, where that is a server.
    database_us: float = 0
    others: float = 0
    ceiling: str = ""

    @property
    def disturbed(self) -> bool:
        return self.others > machine.QUIET

    @property
    def name(self) -> str:
        return f"{self.group} · {self.what} · {self.connections}"

    def as_json(self) -> dict:
        return {"name": self.name, **asdict(self)}


@dataclass
class Load:
    """Asks with wrk, on the core of the load."""

    work: Path
    core: int
    seconds: int
    runs: int = 0

    @property
    def users(self) -> Path:
        return self.work / "users"

    def seed(self, server: Server, count: int) -> None:
        """Creates users, and keeps their ids."""
        self.users.write_text("")
        end, kept = time.monotonic() + 900, 0
        command = self.command(server, "seed", 32, 900, number=count)
        with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as wrk:
            while kept < count and wrk.poll() is None and time.monotonic() < end:
                time.sleep(0.05)
                kept = self.users.read_bytes().count(b"\n")
            # wrk itself would sleep until its time is over.
            wrk.send_signal(signal.SIGINT)
        if kept < count:
            raise SystemExit(f"{kept} of {count} users could be created: {self.answer(server, 'create')}")

    def measure(self, server: Server, group: str, what: str, kind: str, connections: int, **more) -> Measurement:
        """Measures one kind of request."""
        number = more.pop("number", 1)
        self.probe(server, kind, number)
        self.wrk(server, kind, connections, 1, number)
        result, others = machine.least_disturbed(
            lambda: self.once(server, kind, connections, number),
            lambda: server.cpu_seconds() + machine.children_seconds(),
        )
        return Measurement(group, what, connections, **result, others=others, **more)

    def once(self, server: Server, kind: str, connections: int, number: int | str) -> dict:
        cpu, database = server.cpu_seconds(), server.database_seconds()
        result = self.wrk(server, kind, connections, self.seconds, number)
        cpu, database = server.cpu_seconds() - cpu, server.database_seconds() - database
        if result["refused"] or result["broken"] or not result["requests"]:
            raise SystemExit(f"{kind}: {result}: {self.answer(server, kind, number)}")
        if kind == "sync":
            result["requests"] -= result["requests"] % STEPS
        return {
            "per_s": result["requests"] / result["seconds"],
            "p50_ms": result["p50_ms"],
            "p99_ms": result["p99_ms"],
            "cpu_us": cpu / result["requests"] * 1e6,
            "database_us": database / result["requests"] * 1e6,
        }

    def command(self, server: Server, kind: str, connections: int, seconds: int, number: int | str) -> list[str]:
        self.runs += 1
        # Who goes from one step to the next has a thread of their own.
        threads = connections if kind == "sync" else 1
        command = [
            "taskset",
            "--cpu-list",
            str(self.core),
            "wrk",
            f"--threads={threads}",
            f"--connections={connections}",
        ]
        command += [f"--duration={seconds}s", "--timeout=30s", f"--script={SCRIPT}", server.url, "--"]
        return [*command, kind, server.token, str(self.users), str(self.runs), str(number)]

    def sync(self, server: Server, group: str, connections: int, ceiling: str) -> Measurement:
        """Measures users who are looked for, made, changed and put into a group."""
        into = self.new_group(server, f"Everybody {self.runs}", [])
        self.wrk(server, "sync", connections, 1, into)
        result, others = machine.least_disturbed(
            lambda: self.once(server, "sync", connections, into),
            lambda: server.cpu_seconds() + machine.children_seconds(),
        )
        result["per_s"] /= STEPS
        result["cpu_us"] *= STEPS
        result["database_us"] *= STEPS
        return Measurement(group, "mixed sync, users", connections, **result, others=others, ceiling=ceiling)

    def wrk(self, server: Server, kind: str, connections: int, seconds: int, number: int | str = 1) -> dict:
        done = subprocess.run(self.command(server, kind, connections, seconds, number), capture_output=True, text=True)
        found = re.search(r"^RESULT (.*)$", done.stdout, re.MULTILINE)
        if not found:
            raise SystemExit(f"wrk failed: {done.stdout}{done.stderr}")
        return json.loads(found[1])

    def probe(self, server: Server, kind: str, number: int) -> None:
        """Asks once and looks at the answer: a fast wrong answer must not count."""
        answer = self.answer(server, kind, number)
        right = {
            "get": lambda: answer["userName"] and answer["schemas"],
            "filter": lambda: answer["totalResults"] == 1,
            "patch": lambda: answer["title"] == "probe",
            "leave": lambda: answer["active"] is True,
            "create": lambda: answer["meta"]["version"] == 'W/"1"',
            "list": lambda: len(answer["Resources"]) == 100 and answer["startIndex"] == number,
        }
        if not right[kind]():
            raise SystemExit(f"{kind}: a wrong answer: {json.dumps(answer)[:500]}")

    def answer(self, server: Server, kind: str, number: int = 1) -> dict:
        self.runs += 1
        user, name = "1", ""
        if self.users.exists():
            user, name = self.users.read_text().partition("\n")[0].split("\t")
        by_name = urllib.parse.urlencode({"filter": f'userName eq "{name}"'})
        new = {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": f"probe-{self.runs}@example.com"}
        patch = {
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"],
            "Operations": [{"op": "replace", "path": "title", "value": "probe"}],
        }
        activate = patch | {"Operations": [{"op": "replace", "path": "active", "value": True}]}
        method, path, body = {
            "get": ("GET", f"/Users/{user}", None),
            "filter": ("GET", f"/Users?{by_name}", None),
            "patch": ("PATCH", f"/Users/{user}", patch),
            "leave": ("PATCH", f"/Users/{user}", activate),
            "create": ("POST", "/Users", new),
            "list": ("GET", f"/Users?count=100&startIndex={number}", None),
        }[kind]
        try:
            return self.ask(server, method, path, body)
        except urllib.error.HTTPError as error:
            raise SystemExit(f"{kind}: {error.code} {error.read().decode(errors='replace')}") from error

    def fill_groups(self, server: Server) -> None:
        """Puts every user into three groups: into two, and through one of these into a third."""
        users = [line.partition("\t")[0] for line in self.users.read_text().splitlines()]
        first = self.new_group(server, "First", users)
        self.new_group(server, "Second", users)
        self.new_group(server, "Outer", [first])

    def new_group(self, server: Server, name: str, members: list[str]) -> str:
        schemas = ["urn:ietf:params:scim:schemas:core:2.0:Group"]
        body = {"schemas": schemas, "displayName": name, "members": [{"value": member} for member in members]}
        return self.ask(server, "POST", "/Groups?excludedAttributes=members", body)["id"]

    def ask(self, server: Server, method: str, path: str, body: dict | None) -> dict:
        headers = {"Authorization": f"Bearer {server.token}", "Content-Type": TYPE}
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(server.url + path, data, headers, method=method)
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)
