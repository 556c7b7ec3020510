"""A process of the real binary."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path


def binary() -> Path:
    """The binary under test: what tests/run has built."""
    return Path(os.environ["ROLLCALL_TEST_BINARY"])


def clean_environment(**settings: str) -> dict[str, str]:
    """This process's environment without Rollcall's own settings, and with these."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("ROLLCALL_")}
    return inherited | settings


class Process:
    """A started `rollcall`. Its output goes to files, as a supervisor would have it.

    `under` is a command that sets limits, or a view of the files, and then becomes the process.
    """

    def __init__(self, arguments: list[str], directory: Path, *, under: Sequence[str] = (), **settings: str):
        self.name = arguments[0]
        directory.mkdir(parents=True, exist_ok=True)
        self.stdout_path = directory / f"{self.name}.stdout"
        self.stderr_path = directory / f"{self.name}.stderr"
        with self.stdout_path.open("wb") as stdout, self.stderr_path.open("wb") as stderr:
            self.process = subprocess.Popen(
                [*under, binary(), *arguments],
                cwd=directory,
                env=clean_environment(**settings),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
            )

    @property
    def stdout(self) -> str:
        return self.stdout_path.read_text()

    @property
    def stderr(self) -> str:
        return self.stderr_path.read_text()

    @property
    def output(self) -> str:
        return self.stdout + self.stderr

    def wait_for(self, ready: Callable[[], bool]) -> None:
        """Waits until something holds; a process that ends before fails at once, with its output."""
        for _ in range(600):
            if ready():
                return
            assert self.process.poll() is None, f"{self.name} ended with {self.process.returncode}:\n{self.output}"
            time.sleep(0.05)
        raise AssertionError(f"{self.name} did not become ready:\n{self.output}")

    def wait(self) -> int:
        return self.process.wait(timeout=60)

    def stop(self, with_signal: signal.Signals = signal.SIGTERM) -> int:
        """Asks the process to end, and returns its exit status."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.wait()
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
