"""The plan of a run: what is measured, and against which ceiling. Started by tests/load/run."""

import argparse
import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import big
import databases
import machine
import report
from filling import PostgreSQL, SQLite
from servers import Fleet, Postgres, Server, free_port, postgres
from workloads import Load, Measurement

HTTP, MEMORY, TCP = "HTTP, constant answer", "HTTP + gRPC hop in memory", "HTTP + gRPC hop over TCP"


@dataclass
class Run:
    """One run, and what it has found."""

    fleet: Fleet
    load: Load
    seconds: int
    users: int
    measurements: list[Measurement] = field(default_factory=list)
    figures: list[report.Figure] = field(default_factory=list)

    def add(self, *measurements: Measurement) -> None:
        for measurement in measurements:
            self.measurements.append(measurement)
            report.progress(measurement)

    def ceilings(self) -> None:
        """What HTTP and the hop cost."""
        http, core = str(free_port()), str(free_port())
        for what, commands in {
            HTTP: [["http", http]],
            MEMORY: [["hop", "memory", http]],
            TCP: [["hop", "core", core], ["hop", "gateway", http, core]],
        }.items():
            with self.fleet.ceiling(*commands, port=int(http)) as server:
                self.load.users.write_text("1\tnobody@example.com\n")
                self.add(*(self.load.measure(server, "ceiling", what, "get", c) for c in (1, 32)))

    def rollcall(self, database: str, url: str, connections: int, server: Postgres | None = None) -> None:
        """Rollcall on one database, in both of its forms."""
        pids = [server.pid] if server else []
        with self.fleet.serve(url, pids) as rollcall:
            self.start(f"serve · {database}", "empty database", rollcall)
            self.load.seed(rollcall, self.users)
            if server:  # what autovacuum does within a minute or two
                server.sql("rollcall", "VACUUM ANALYZE;")
            self.serve(rollcall, f"serve · {database}", database, connections)
        with self.fleet.serve(url, pids) as rollcall:
            self.start(f"serve · {database}", f"{self.users} users and those created", rollcall)
        with self.fleet.apart(url, pids) as rollcall:
            self.apart(rollcall, f"apart · {database}", database, connections)
        with self.fleet.serve(url, pids) as rollcall:
            self.load.fill_groups(rollcall)
            if server:
                server.sql("rollcall", "VACUUM ANALYZE;")
            self.in_groups(rollcall, f"serve · {database} · users in three groups", database, connections)

    def big(self, arguments: argparse.Namespace) -> None:
        """What the size of a group and the depth of a page cost, on both databases."""
        file = arguments.results / "big.txt"
        arguments.results.mkdir(parents=True, exist_ok=True)
        with file.open("w") as out:
            report.figures("SQLite", big.big(self.fleet, SQLite(arguments.work / "big.db"), arguments.big), out)
            if arguments.postgres and not arguments.no_postgres:
                with postgres(Path(arguments.postgres), arguments.work, self.fleet.core) as server:
                    report.figures("PostgreSQL", big.big(self.fleet, PostgreSQL(server), arguments.big), out)
        print(f"\nwritten to {file}")

    def serve(self, rollcall: Server, group: str, database: str, many: int) -> None:
        read, hop = f"ceiling · {MEMORY}", 32
        if database == "PostgreSQL":
            read, hop = "PostgreSQL · read by id", many
        own_get = f"{group} · get by id · {many}"
        plan = [
            ("get by id", "get", 1, f"{read} · 1"),
            ("get by id", "get", many, f"{read} · {hop}"),
            ("filter by userName", "filter", many, own_get),
            ("create", "create", 1, f"{database} · create + event · 1"),
            ("create", "create", many, f"{database} · create + event · {self.writers(database, many)}"),
            ("patch", "patch", 1, f"{database} · patch + event · 1"),
            ("patch", "patch", many, f"{database} · patch + event · {self.writers(database, many)}"),
            ("deactivate", "leave", 1, f"{database} · patch + event · 1"),
            ("deactivate", "leave", many, f"{database} · patch + event · {self.writers(database, many)}"),
        ]
        for what, kind, connections, ceiling in plan:
            self.add(self.load.measure(rollcall, group, what, kind, connections, ceiling=ceiling))
        writers = f"{database} · create + event · {self.writers(database, 8)}"
        self.add(self.load.sync(rollcall, group, 8, writers))
        for what, number in (("page of 100, first", 1), ("page of 100, deep", self.users - 99)):
            self.add(self.load.measure(rollcall, group, what, "list", 1, number=number))
        peak = rollcall.usage().peak_mib
        self.figures.append(report.Figure(f"{group} · memory at its peak", peak, "MiB"))
        self.fleet.keep_activity(rollcall, "off")
        for what, kind in (("get by id", "get"), ("create", "create")):
            off = self.load.measure(rollcall, group, f"{what}, activity off", kind, many)
            on = next(line for line in self.measurements if line.name == f"{group} · {what} · {many}")
            self.add(off)
            self.figures.append(report.Figure(f"{on.name}: CPU ÷ with activity off", on.cpu_us / off.cpu_us, "×"))

    def observed(self, url: str) -> None:
        """What a read costs that somebody watches, against one that nobody does."""
        group, what = "observed · SQLite", "get by id"
        with self.fleet.collector() as collector:
            traces = {"OTEL_EXPORTER_OTLP_ENDPOINT": collector}
            few = {"OTEL_TRACES_SAMPLER": "traceidratio", "OTEL_TRACES_SAMPLER_ARG": "0.01"}
            lines = {}
            for way, settings in {
                "nothing on": {},
                "metrics": {"ROLLCALL_METRICS_ADDR": "127.0.0.1:0"},
                "traces": traces,
                "traces of 1 in 100": traces | few,
                "access log": {"ROLLCALL_ACCESS_LOG": "true"},
            }.items():
                with self.fleet.serve(url, further=settings) as rollcall:
                    lines[way] = self.load.measure(rollcall, group, f"{what}, {way}", "get", 32)
                self.add(lines[way])
        nothing = lines.pop("nothing on")
        for way, line in lines.items():
            what = f"{line.name}: CPU more than with {way} off"
            self.figures.append(report.Figure(what, line.cpu_us - nothing.cpu_us, "µs"))

    def prototype(self, database: Path) -> None:
        """Creates against those of a program that does just what is needed, on a copy of the same database."""
        port = free_port()
        copy = database.with_name("prototype.db")
        shutil.copy(database, copy)
        with self.fleet.ceiling(["create", str(port), str(copy)], port=port) as server:
            for connections in (1, 32):
                line = self.load.measure(server, "prototype · SQLite", "create", "create", connections)
                own = next(own for own in self.measurements if own.name == f"serve · SQLite · create · {connections}")
                self.add(line)
                share = own.per_s / line.per_s
                self.figures.append(report.Figure(f"{own.name}: rate ÷ the prototype's", share, "×"))

    def in_groups(self, rollcall: Server, group: str, database: str, many: int) -> None:
        """What it costs that users are in groups."""
        read = f"ceiling · {MEMORY} · 32" if database == "SQLite" else f"PostgreSQL · read by id · {many}"
        self.add(self.load.measure(rollcall, group, "get by id", "get", many, ceiling=read))
        for what, number in (("page of 100, first", 1), ("page of 100, deep", self.users - 99)):
            self.add(self.load.measure(rollcall, group, what, "list", 1, number=number))

    def apart(self, rollcall: Server, group: str, database: str, many: int) -> None:
        read = f"ceiling · {TCP} · 32" if database == "SQLite" else f"PostgreSQL · read by id · {many}"
        writers = self.writers(database, many)
        plan = [
            ("get by id", "get", read),
            ("filter by userName", "filter", f"{group} · get by id · {many}"),
            ("create", "create", f"{database} · create + event · {writers}"),
            ("patch", "patch", f"{database} · patch + event · {writers}"),
        ]
        for what, kind, ceiling in plan:
            self.add(self.load.measure(rollcall, group, what, kind, many, ceiling=ceiling))
        peak = rollcall.usage().peak_mib
        self.figures.append(report.Figure(f"{group} · memory at its peak, both processes", peak, "MiB"))

    @staticmethod
    def writers(database: str, many: int) -> int:
        """With how many connections the ceiling of a write was measured: SQLite has one writer."""
        return 1 if database == "SQLite" else many

    def start(self, group: str, what: str, rollcall: Server) -> None:
        self.figures.append(report.Figure(f"{group} · start to first answer, {what}", rollcall.start_ms, "ms"))
        self.figures.append(report.Figure(f"{group} · memory after start, {what}", rollcall.idle_mib, "MiB"))


def main() -> None:
    arguments = parse()
    server_core, load_core, database_core = machine.cores()
    os.sched_setaffinity(0, {load_core})
    work, seconds = arguments.work, arguments.seconds
    fleet = Fleet(arguments.binary, arguments.ceilings, work, server_core)
    run = Run(fleet, Load(work, load_core, seconds), seconds, arguments.users)

    if arguments.big:
        run.big(arguments)
        return
    run.ceilings()
    run.add(*databases.sqlite(arguments.ceilings / "sqlite", work, server_core, seconds))
    run.rollcall("SQLite", f"sqlite://{work / 'rollcall.db'}", 32)
    run.prototype(work / "rollcall.db")
    if arguments.observed:
        run.observed(f"sqlite://{work / 'rollcall.db'}")
    if arguments.postgres and not arguments.no_postgres:
        with postgres(Path(arguments.postgres), work, server_core) as server:
            run.add(*databases.postgres(server, work, load_core, seconds, (1, 8)))
            server.sql("postgres", "CREATE DATABASE rollcall;")
            server.move(database_core)
            run.rollcall("PostgreSQL", server.url("rollcall"), 8, server)
    elif not arguments.no_postgres:
        print("PostgreSQL is not installed: its part is left out", flush=True)

    latest = arguments.results / "latest.json"
    before = {}
    with suppress(OSError, ValueError):
        before = json.loads(latest.read_text())
    result = {
        "when": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
        "seconds": seconds,
        "users": arguments.users,
        "measurements": [measurement.as_json() for measurement in run.measurements],
        "figures": [figure.as_json() for figure in run.figures],
    }
    report.table(run.measurements, run.figures, before)
    arguments.results.mkdir(parents=True, exist_ok=True)
    for file in (latest, arguments.results / f"{result['when'].replace(':', '')}.json"):
        file.write_text(json.dumps(result, indent=1) + "\n")
    print(f"\nwritten to {latest}")


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="tests/load/run")
    parser.add_argument("--seconds", type=int, default=2)
    parser.add_argument("--users", type=int, default=10_000)
    parser.add_argument("--no-postgres", action="store_true")
    parser.add_argument("--observed", action="store_true")
    parser.add_argument("--big", type=int, nargs="?", const=200_000)
    for name in ("binary", "ceilings", "work", "results"):
        parser.add_argument(f"--{name}", type=Path, required=True)
    parser.add_argument("--postgres", required=True, help="where PostgreSQL's programs are; empty, nowhere")
    arguments = parser.parse_args()
    if arguments.seconds < 1 or arguments.users < 200:
        parser.error("at least 1 second and 200 users are needed")
    return arguments


if __name__ == "__main__":
    main()
