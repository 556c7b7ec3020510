"""What the databases do by themselves: the ceilings of everything that is stored."""

import json
import re
import subprocess
from pathlib import Path

import machine
from servers import Postgres
from workloads import Measurement

USERS = 10_000
DOCUMENT = Path(__file__).parent / "ceilings" / "src" / "user.json"

SCHEMA = f"""
CREATE TABLE "user" (id uuid PRIMARY KEY, name text COLLATE "C" NOT NULL UNIQUE, version bigint NOT NULL,
                     document jsonb NOT NULL);
CREATE TABLE event (number bigserial PRIMARY KEY, subject uuid NOT NULL, changes jsonb NOT NULL);
INSERT INTO "user" SELECT md5(n::text)::uuid, 'load-' || n, 1, :'document' FROM generate_series(0, {USERS - 1}) n;
VACUUM ANALYZE "user";
"""
EVENT = "INSERT INTO event (subject, changes) VALUES (md5((:n)::text)::uuid, :document);"
SCRIPTS = {
    "read by id": """SELECT document FROM "user" WHERE id = md5((:n)::text)::uuid;""",
    "read by userName": """SELECT document FROM "user" WHERE name = 'load-' || :n;""",
    "create + event": f"""BEGIN;
        INSERT INTO "user" VALUES (gen_random_uuid(), gen_random_uuid()::text, 1, :document);
        {EVENT}
        COMMIT;""",
    "patch + event": f"""BEGIN;
        SELECT document FROM "user" WHERE id = md5((:n)::text)::uuid FOR UPDATE;
        UPDATE "user" SET version = version + 1, document = :document WHERE id = md5((:n)::text)::uuid;
        {EVENT}
        COMMIT;""",
}


def sqlite(program: Path, work: Path, core: int, seconds: int) -> list[Measurement]:
    """SQLite on one thread, a sync for each commit."""
    file = work / "ceiling.db"
    command = ["taskset", "--cpu-list", str(core), program, file, str(seconds)]

    def measure() -> list[dict]:
        for left in work.glob("ceiling.db*"):
            left.unlink()
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
        return [json.loads(line) for line in done.stdout.splitlines()]

    results, others = machine.least_disturbed(measure, machine.children_seconds)
    return [Measurement("SQLite", connections=1, others=others, **result) for result in results]


def postgres(server: Postgres, work: Path, core: int, seconds: int, connections: tuple[int, ...]) -> list[Measurement]:
    """PostgreSQL under pgbench, with prepared statements, as durable as it comes."""
    server.sql("postgres", "CREATE DATABASE ceiling;")
    server.sql("ceiling", SCHEMA, document=DOCUMENT.read_text())
    measurements = []
    for what, script in SCRIPTS.items():
        for clients in connections:
            result, others = machine.least_disturbed(
                lambda script=script, clients=clients: pgbench(server, work, core, seconds, script, clients),
                lambda: machine.usage([server.pid]).cpu_seconds + machine.children_seconds(),
            )
            measurements.append(Measurement("PostgreSQL", what, clients, **result, others=others))
    return measurements


def pgbench(server: Postgres, work: Path, core: int, seconds: int, script: str, clients: int) -> dict:
    file = work / "pgbench.sql"
    file.write_text(f"\\set n random(0, {USERS - 1})\n{script}\n")
    command = ["taskset", "--cpu-list", str(core), server.programs / "pgbench", "--no-vacuum", "--protocol=prepared"]
    command += [f"--client={clients}", "--jobs=1", f"--time={seconds}", "--log", f"--log-prefix={work / 'pgbench'}"]
    command += [f"--define=document={DOCUMENT.read_text()}", f"--file={file}", server.url("ceiling")]
    cpu = machine.usage([server.pid]).cpu_seconds
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    cpu = machine.usage([server.pid]).cpu_seconds - cpu
    latencies = []
    for log in work.glob("pgbench.*[0-9]"):
        latencies += [int(line.split()[2]) for line in log.read_text().splitlines()]
        log.unlink()
    latencies.sort()
    return {
        "per_s": float(re.search(r"tps = ([\d.]+)", done.stdout)[1]),
        "p50_ms": latencies[len(latencies) // 2] / 1e3,
        "p99_ms": latencies[len(latencies) * 99 // 100] / 1e3,
        "cpu_us": cpu / len(latencies) * 1e6,
        "database_us": cpu / len(latencies) * 1e6,
    }
