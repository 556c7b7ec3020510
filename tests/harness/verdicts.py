"""The closing line of the suites that are no pytest."""

from collections import Counter


def closing(counts: Counter) -> str:
    """The line by which the counts are read."""
    return f"{counts['passed']} passed, {counts['failed']} failed, {counts['skipped']} skipped"
