"""The examples do what they are for: they follow every change, and miss none though they are killed."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from harness.process import clean_environment
from harness.scim import ok

PYTHON = Path(__file__).resolve().parents[2] / "examples" / "follower-python" / "follower.py"


class Example:
    """One of the followers, with its file."""

    def __init__(self, language: str, directory, work: Path):
        house = directory.house
        key = house.new_service_key("EVENTS_READ", directory=directory.name)
        self.output = work / f"{language}.out"
        self.environment = clean_environment(ROLLCALL_SERVICE_KEY=key, PYTHONDONTWRITEBYTECODE="1")
        if language == "python":
            self.command = [sys.executable, str(PYTHON), "--server", house.grpc_address]
        else:
            self.command = [os.environ["ROLLCALL_TEST_FOLLOWER"], "--server", f"http://{house.grpc_address}"]
        self.position = work / f"{language}.position"
        self.command += ["--position-file", str(self.position)]
        self.process = None

    def start(self) -> None:
        with self.output.open("ab") as output:
            self.process = subprocess.Popen(
                self.command, env=self.environment, stdout=output, stderr=subprocess.DEVNULL
            )

    def kill(self) -> None:
        """Ends it as a crash does."""
        self.process.kill()
        self.process.wait(timeout=60)

    def events(self) -> list[dict]:
        lines = self.output.read_text().splitlines(keepends=True) if self.output.exists() else []
        return [json.loads(line) for line in lines if line.endswith("\n")]

    def wait_for(self, user_name: str) -> None:
        """Waits until it has told of a user."""
        for _ in range(600):
            if user_name in {name_in(event) for event in self.events()}:
                return
            assert self.process.poll() is None, f"it ended with {self.process.returncode}"
            time.sleep(0.1)
        raise AssertionError(f"it does not tell of {user_name}: {self.events()}")


def name_in(event: dict) -> str | None:
    return event["changes"].get("userName", {}).get("after")


@pytest.mark.parametrize("language", ["python", "rust"])
def test_an_example_follows_misses_nothing_though_it_is_killed(database_house, name, language, tmp_path):
    directory = database_house.new_directory()
    example = Example(language, directory, tmp_path)
    for round_number in range(3):
        example.start()
        for number in range(5):
            directory.scim.create(f"{round_number}.{number}.{name}")
        example.wait_for(f"{round_number}.4.{name}")
        example.kill()
        user = directory.scim.create(f"{round_number}.away.{name}")
        title = {"op": "replace", "path": "title", "value": str(round_number)}
        ok(directory.scim.patch(f"/Users/{user['id']}", title))
    example.start()
    example.wait_for(f"2.away.{name}")
    example.kill()
    # What was worked off before its number was kept comes again; nothing is left out, nor out of order.
    seen = {event["number"]: event for event in example.events()}
    assert sorted(seen) == list(range(1, len(seen) + 1))
    names = [name_in(event) for _, event in sorted(seen.items()) if name_in(event)]
    rounds = [[f"{r}.{n}.{name}" for n in range(5)] + [f"{r}.away.{name}"] for r in range(3)]
    assert names == [user_name for names in rounds for user_name in names]
    assert int(example.position.read_text()) <= max(seen)


@pytest.mark.parametrize("language", ["python", "rust"])
def test_an_example_outlives_a_core_that_is_away(builder, name, language, tmp_path):
    house = builder.start("apart-sqlite")
    example = Example(language, house.default, tmp_path)
    house.default.scim.create(f"1.{name}")
    example.start()
    example.wait_for(f"1.{name}")
    assert house.processes[0].stop(signal.SIGTERM) == 0
    house.restart_core()
    house.default.scim.create(f"2.{name}")
    example.wait_for(f"2.{name}")
    assert example.process.poll() is None
    example.kill()
    numbers = [event["number"] for event in example.events()]
    assert numbers == sorted(set(numbers))
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.parametrize("language", ["python", "rust"])
def test_an_example_that_missed_events_says_what_to_do(database_house, language, tmp_path):
    directory = database_house.new_directory()
    example = Example(language, directory, tmp_path)
    example.position.write_text("4711")
    done = subprocess.run(example.command, env=example.environment, capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "4711 is past the newest event" in done.stderr
    assert "Read the users and groups" in done.stderr
