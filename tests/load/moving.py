"""What it costs to move a directory: into SQLite, out of it, into PostgreSQL and out of that, equal byte for byte.

    PYTHONPATH=tests python3 -B tests/load/moving.py --postgres postgres://…/empty --binary target/release/rollcall

Prints for each step how long it took, and the peak of the process's memory (VmHWM).
"""

import argparse
import filecmp
import subprocess
import tempfile
import time
from pathlib import Path

from harness.exports import write_export

# How often the memory of a process is looked at.
LOOK = 0.02


def peak_kib(pid: int) -> int:
    """The most memory that a process has had, in KiB; 0, it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:")), 0)


def measured(step: str, command: list[str]) -> None:
    begin = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    peak = 0
    while process.poll() is None:
        peak = max(peak, peak_kib(process.pid))
        time.sleep(LOOK)
    if process.returncode != 0:
        raise SystemExit(f"{step}: exit status {process.returncode}")
    print(f"{step:<24} {time.monotonic() - begin:7.1f} s   VmHWM {peak / 1024:6.1f} MiB", flush=True)


def same(one: Path, other: Path) -> str:
    return "equal byte for byte" if filecmp.cmp(one, other, shallow=False) else "DIFFERENT"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", required=True)
    parser.add_argument("--postgres", required=True, help="URL of an empty database")
    parser.add_argument("--users", type=int, default=100_000)
    parser.add_argument("--groups", type=int, default=1_000)
    parser.add_argument("--groups-of-each", type=int, default=5)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory(dir="/var/tmp", prefix="rollcall-moving.") as folder:
        work = Path(folder)
        made, first, second = (work / f"{name}.ndjson" for name in ("made", "first", "second"))
        write_export(made, asked.users, asked.groups, asked.groups_of_each)
        size = made.stat().st_size / 1e6
        memberships = asked.users * asked.groups_of_each
        print(f"{asked.users} users, {asked.groups} groups, {memberships} memberships: {size:.0f} MB")
        sqlite, postgres = ["--data-dir", str(work / "data")], ["--database-url", asked.postgres]

        def run(step: str, command: str, file: Path, database: list[str]) -> None:
            measured(step, [asked.binary, command, str(file), "--directory", "many", *database])

        for database in (sqlite, postgres):
            subprocess.run([asked.binary, "migrate", *database], check=True, stdout=subprocess.DEVNULL)
        run("import into SQLite", "import", made, sqlite)
        run("export from SQLite", "export", first, sqlite)
        measured("backup of SQLite", [asked.binary, "backup", str(work / "backup.db"), *sqlite])
        run("import into PostgreSQL", "import", first, postgres)
        run("export from PostgreSQL", "export", second, postgres)
        print(f"made and from SQLite: {same(made, first)}; from SQLite and from PostgreSQL: {same(first, second)}")


if __name__ == "__main__":
    main()
