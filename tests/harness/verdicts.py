"""What the suites that are no pytest have in common: lists of what waits, and the closing line."""

from collections import Counter
from pathlib import Path


def read_waiting(path: Path) -> set[str]:
    """The names in a file, one a line; what follows a `#` is a remark."""
    lines = (line.split("#")[0].strip() for line in path.read_text().splitlines())
    return {line for line in lines if line}


def closing(counts: Counter) -> str:
    """The line by which the counts are read."""
    return f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped"
