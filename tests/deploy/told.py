"""What the binary and the documents tell of settings."""

import functools
import re
import subprocess
from pathlib import Path

from harness.process import binary

ROOT = Path(__file__).resolve().parents[2]
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400}


@functools.cache
def settings(command: str) -> frozenset[str]:
    """The environment variables that a command reads."""
    help = subprocess.run([binary(), command, "--help"], text=True, capture_output=True, timeout=60, check=True).stdout
    return frozenset(re.findall(r"\bROLLCALL_[A-Z0-9_]+", help))


@functools.cache
def default(variable: str) -> str:
    """The default of a setting, which docs/configuration.md says."""
    rows = (ROOT / "docs" / "configuration.md").read_text()
    [value] = set(re.findall(rf"^\| `[^|]*` \| `{variable}` \| `[^|]*` \| `([^|]*)` \|", rows, flags=re.MULTILINE))
    return value


def seconds(duration: str) -> float:
    """A duration as settings have it."""
    number, unit = re.fullmatch(r"(\d+)(ms|s|m|h|d)", duration).groups()
    return int(number) * UNITS[unit]
