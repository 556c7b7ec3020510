"""Disks that are full, read-only or slow, and files that are torn."""

import contextlib
import random
import shutil
import signal
import sqlite3
import subprocess
import time
from pathlib import Path

import httpx
import pytest

from harness.database import Database
from harness.modes import rotation
from harness.process import Process
from harness.scim import TRUSTS_NOBODY, a_user

IS_LONG = rotation() == "all"
TIMES = 4 if IS_LONG else 1
USERS = 60


@pytest.mark.parametrize("mode", ["serve-sqlite", "apart-sqlite"])
def test_a_full_disk_loses_nothing_and_is_forgotten_when_there_is_room(builder, working, small_disk, mode):
    house = builder.start(mode, database=Database(f"sqlite://{small_disk / 'rollcall.db'}"))
    ballast = small_disk / "ballast"
    with working(house) as work:
        for _ in range(TIMES):
            work.wait_for_answers(40)
            with work.fault():
                fill(ballast)
                work.wait_for_refusals(20)
                ballast.unlink()
    house.stop()


def fill(file: Path) -> None:
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as ballast:
        for size in (65536, 4096, 1):
            with contextlib.suppress(OSError):
                while True:
                    ballast.write(bytes(size))


def test_a_disk_that_is_read_only_is_refused_at_the_start_and_taken_when_it_is_not(builder, working, small_disk):
    house = builder.start("serve-sqlite", database=Database(f"sqlite://{small_disk / 'rollcall.db'}"))
    with working(house) as work:
        work.wait_for_answers(40)
        with work.fault():
            house.processes[0].stop(signal.SIGKILL)
            subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)
            refused = house.new_process("serve")
            assert refused.wait() in (1, 2), refused.output
            [line] = refused.stderr.splitlines()
            assert "rollcall.db" in line
            subprocess.run(["mount", "-o", "remount,rw", small_disk], check=True)
            house.restart_processes(0)
    house.stop()


@pytest.mark.parametrize("length", [2, 8] if IS_LONG else [2])
def test_a_slow_disk_is_waited_for(builder, working, length):
    """A file that somebody else writes to for a while stands for a disk that takes as long."""
    house = builder.start("serve-sqlite")
    with working(house) as work:
        work.wait_for_answers(40)
        with work.fault(), contextlib.closing(sqlite3.connect(house.database.path, isolation_level=None)) as other:
            other.execute("PRAGMA busy_timeout = 10000")
            other.execute("BEGIN IMMEDIATE")
            time.sleep(length)
            other.execute("ROLLBACK")
    house.stop()


@pytest.mark.parametrize("mode", ["serve-sqlite", "apart-postgres"])
def test_processes_that_stand_still_for_a_while_go_on(builder, working, mode):
    house = builder.start(mode)
    with working(house) as work:
        work.wait_for_answers(40)
        for process in house.processes:
            with work.fault():
                process.process.send_signal(signal.SIGSTOP)
                time.sleep(2)
                process.process.send_signal(signal.SIGCONT)
    house.stop()


class Torn:
    """An installation that was killed, and copies of its file that were torn apart afterwards."""

    def __init__(self, builder):
        self.house = builder.start("serve-sqlite")
        self.directory = self.house.new_directory()
        self.id = self.directory.id
        # In this order, so that whatever is left of them must be those who came first.
        self.names = [f"{number:03}@example.com" for number in range(USERS)]
        for name in self.names:
            self.directory.scim.create(name, title="x" * 500)
        self.house.processes[0].stop(signal.SIGKILL)
        self.files = sorted(self.house.database.path.parent.glob("rollcall.db*"))
        self.kept = self.house.work / "kept"
        self.kept.mkdir()
        for file in self.files:
            shutil.copy(file, self.kept)

    def restore(self) -> None:
        for file in self.house.database.path.parent.glob("rollcall.db*"):
            file.unlink()
        for file in self.kept.iterdir():
            shutil.copy(file, self.house.work)

    @property
    def database(self) -> Path:
        return self.house.database.path

    @property
    def log(self) -> Path:
        return self.database.with_name("rollcall.db-wal")

    def begin(self) -> Process | None:
        """Starts it; None where it refuses, in a line that says which file is wrong."""
        process = self.house.new_process("serve")
        for _ in range(600):
            if process.process.poll() is not None:
                assert process.process.returncode in (1, 2), process.output
                [line] = process.stderr.splitlines()
                assert "rollcall.db" in line
                return None
            if self.house.is_ready():
                return process
            time.sleep(0.05)
        raise AssertionError(f"it neither starts nor refuses:\n{process.output}")

    def end(self, process: Process) -> None:
        process.stop()
        assert "panicked at" not in process.output, process.output


@pytest.fixture(scope="module")
def torn(builder) -> Torn:
    return Torn(builder)


# How the log of changes is torn: it is cut, or a byte of it is another one.
@pytest.mark.parametrize("what", ["cut", "flipped", "gone"])
def test_of_a_torn_log_the_beginning_is_kept_and_it_goes_on_from_there(torn, record_property, what):
    chance = random.Random(what)
    times = {"gone": 1}.get(what, 6 if IS_LONG else 2)
    for _ in range(times):
        torn.restore()
        length = torn.log.stat().st_size
        assert length > 0
        with torn.log.open("r+b") as log:
            match what:
                case "cut":
                    log.truncate(chance.randrange(length))
                case "flipped":
                    flip(log, chance.randrange(length), chance)
        if what == "gone":
            torn.log.unlink()
        process = torn.begin()
        if process is None:
            # A log of which the beginning of everything is missing leaves a file that is none of ours.
            continue
        # The directory itself may be of what is missing.
        answer = httpx.get(
            f"{torn.house.base_url}/Users?count=1000",
            headers={"Authorization": f"Bearer {torn.directory.token}"},
            verify=TRUSTS_NOBODY,
        )
        if answer.status_code == 200:
            left = sorted(user["userName"] for user in answer.json()["Resources"])
            assert left == torn.names[: len(left)]
            numbers = torn.house.database.rows(
                "SELECT number FROM events WHERE directory_id = ? ORDER BY number", torn.house.database_id(torn.id)
            )
            assert [row["number"] for row in numbers] == list(range(1, len(numbers) + 1))
            torn.directory.scim.create("afterwards@example.com")
        else:
            assert answer.status_code == 401, answer.text
        torn.end(process)
        [verdict] = torn.house.database.rows("PRAGMA integrity_check")
        assert verdict["integrity_check"] == "ok"
    record_property("counted", {"faults injected": times})


@pytest.mark.parametrize("what", ["header", "half", "page"])
def test_a_torn_file_is_refused_or_answers_no_more_than_that_it_cannot(torn, record_property, what):
    chance = random.Random(what)
    times = {"header": 2, "half": 2, "page": 12 if IS_LONG else 4}[what]
    for _ in range(times):
        torn.restore()
        with contextlib.closing(sqlite3.connect(torn.database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        length = torn.database.stat().st_size
        with torn.database.open("r+b") as file:
            match what:
                case "header":
                    file.write(chance.randbytes(100))
                case "half":
                    file.truncate(length // 2)
                case "page":
                    file.seek(chance.randrange(1, length // 4096) * 4096)
                    file.write(chance.randbytes(4096))
        process = torn.begin()
        if what == "header":
            assert process is None, "a file without a header was taken"
        if process is None:
            continue
        headers = {"Authorization": f"Bearer {torn.directory.token}"}
        with httpx.Client(base_url=torn.house.base_url, headers=headers, verify=TRUSTS_NOBODY, timeout=60) as http:
            answers = [http.get("/Users?count=1000"), http.post("/Users", json=a_user("another@example.com"))]
            answers += [http.get("/Users", headers={"Authorization": "Bearer nobody"})]
        statuses = [answer.status_code for answer in answers]
        assert 500 not in statuses, [answer.text for answer in answers]
        assert statuses[2] in (401, 503), "a stranger was let in"
        torn.end(process)
    record_property("counted", {"faults injected": times})


def flip(file, place: int, chance: random.Random) -> None:
    file.seek(place)
    [byte] = file.read(1)
    file.seek(place)
    file.write(bytes([byte ^ chance.randrange(1, 256)]))
