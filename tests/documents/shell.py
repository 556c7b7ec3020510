"""The shell into which a reader types."""

import contextlib
import os
import re
import select
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# How long a block may take, and how long one that keeps running may take to print what is shown of it.
PATIENCE = 60
DONE = "done\n"
# A command that fails within a block is a failure, also where others follow it.
PREPARE = 'set -E -o pipefail; trap \'echo "exit status $? of: $BASH_COMMAND" >>"{failures}"\' ERR'


@dataclass
class Outcome:
    """What became of a block."""

    output: str
    failures: list[str]


class Shell:
    """One bash, with its variables and its folder, for as long as a document is followed."""

    def __init__(self, work: Path, folder: Path, environment: dict[str, str]):
        work.mkdir()
        self.work = work
        self.count = 0
        self.is_stuck = False
        self.started: list[int] = []
        self.failures = work / "failures"
        self.process = subprocess.Popen(
            ["bash", "--noprofile", "--norc"],
            cwd=folder,
            env=environment,
            text=True,
            bufsize=1,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            # What keeps running is in its group.
            start_new_session=True,
        )
        self.send(PREPARE.format(failures=self.failures))

    def send(self, line: str) -> None:
        self.process.stdin.write(f"{line}\n")
        self.process.stdin.flush()

    def file(self, text: str, suffix: str) -> tuple[Path, Path]:
        """A file with what is typed, and one for what it prints."""
        self.count += 1
        script = self.work / f"{self.count}{suffix}"
        script.write_text(text)
        return script, self.work / f"{self.count}.output"

    def run(self, text: str) -> Outcome:
        """Types it, and waits until the shell is ready for more."""
        if self.is_stuck:
            return Outcome("", ["a block before this one has not ended"])
        self.failures.write_text("")
        script, output = self.file(text, ".sh")
        self.send(f". '{script}' </dev/null >>'{output}' 2>&1; echo {DONE.strip()}")
        failures = []
        self.is_stuck = not self.is_done()
        if self.is_stuck:
            ended = self.process.poll() is not None
            failures.append("the shell has ended" if ended else f"it has not ended within {PATIENCE} s")
        # The script itself fails as its last command does.
        told = re.split(r"^(?=exit status)", self.failures.read_text(), flags=re.MULTILINE)
        failures += dict.fromkeys(one.strip() for one in told if one.strip() and f". '{script}'" not in one)
        return Outcome(output.read_text(errors="replace") if output.exists() else "", failures)

    def is_done(self) -> bool:
        ready, _, _ = select.select([self.process.stdout], [], [], PATIENCE)
        return bool(ready) and self.process.stdout.readline() == DONE

    def start(self, text: str, is_ready: Callable[[str], bool]) -> Outcome:
        """Types it in another terminal, and waits until it is ready by what it has printed, and runs."""
        script, output = self.file(text, ".sh")
        started = self.run(f"( . '{script}' ) </dev/null >>'{output}' 2>&1 & echo $!")
        if started.failures:
            return started
        process = int(started.output)
        self.started.append(process)
        for _ in range(PATIENCE * 10):
            printed = output.read_text(errors="replace") if output.exists() else ""
            time.sleep(0.1)
            if not lives(process):
                return Outcome(printed, ["it ended"])
            if is_ready(printed):
                return Outcome(printed, [])
        return Outcome(printed, [f"it has not printed what is shown within {PATIENCE} s"])

    def environment(self) -> dict[str, str]:
        """The variables that it exports."""
        exported = self.run("env -0").output
        return dict(one.split("=", 1) for one in re.split("\0", exported) if "=" in one)

    def folder(self) -> Path:
        return Path(self.run("pwd").output.strip())

    def end(self) -> None:
        """Asks it and everything that it has started to end."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)

    def close(self) -> None:
        """Waits until everything has ended; what has not by then is killed."""
        self.process.wait(timeout=60)
        for _ in range(100):
            if not any(lives(process) for process in self.started):
                return
            time.sleep(0.05)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)


def lives(process: int) -> bool:
    """Whether there is a process that has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
