"""A pytest plugin: in which modes a test runs.

What no mode can break runs in one of them: a different one for each test and, since the commit is part of the choice,
for each commit. What can be broken by the database, by the way between gateway and core, or by both together says so:

    @pytest.mark.databases      on both databases, the way between gateway and core rotates
    @pytest.mark.hops           in one process and apart, the database rotates
    @pytest.mark.every_mode     in every mode

`ROLLCALL_TEST_ROTATION` is what the choice is made with; `all` runs every test in every mode.
"""

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable

import pytest

from harness.house import MODES

MARKS = {
    "databases": "runs on both databases",
    "hops": "runs in one process and apart",
    "every_mode": "runs in every mode",
}


def rotation() -> str:
    return os.environ.get("ROLLCALL_TEST_ROTATION", "all")


def kept(modes: list[str], axis: str | None, test: str, seed: str) -> set[str]:
    """Which of the modes that a test has it runs in."""
    if seed == "all" or axis == "every_mode":
        return set(modes)
    # A mode is WAY-DATABASE: what is told apart is the part that the axis names.
    told_apart = {"hops": lambda mode: mode.split("-")[0], "databases": lambda mode: mode.split("-")[1]}
    groups = defaultdict(list)
    for mode in modes:
        groups[told_apart[axis](mode) if axis else ""].append(mode)
    digest = int.from_bytes(hashlib.sha256(f"{seed} {test}".encode()).digest()[:8])
    # The second group takes the next place, so that a pair is not always of one way or of one database.
    return {group[(digest + place) % len(group)] for place, group in enumerate(groups.values())}


def chosen(place: str, kinds: Iterable, most: int = 1) -> list:
    """Which of several that are alike are tried at a place: others for each commit, all of them in a full run."""
    kinds = list(kinds)
    if rotation() == "all":
        return kinds
    return sorted(kinds, key=lambda kind: hashlib.sha256(f"{rotation()} {place} {kind}".encode()).digest())[:most]


def mode_of(item: pytest.Item) -> str | None:
    callspec = getattr(item, "callspec", None)
    return next((value for value in callspec.params.values() if value in MODES), None) if callspec else None


def axis_of(item: pytest.Item) -> str | None:
    if "database_house" in item.fixturenames:
        return "databases"
    return next((mark for mark in MARKS if item.get_closest_marker(mark)), None)


def pytest_configure(config: pytest.Config) -> None:
    for mark, meaning in MARKS.items():
        config.addinivalue_line("markers", f"{mark}: {meaning}")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    modes: dict[str, list[str]] = defaultdict(list)
    names = {}
    for item in items:
        if (mode := mode_of(item)) is not None:
            names[item] = item.nodeid.replace(mode, "*")
            modes[names[item]].append(mode)
    dropped = {
        item
        for item, name in names.items()
        if mode_of(item) not in kept(sorted(modes[name]), axis_of(item), name, rotation())
    }
    config.hook.pytest_deselected(items=list(dropped))
    items[:] = [item for item in items if item not in dropped]


def pytest_terminal_summary(terminalreporter) -> None:
    """Says how many tests ran in which mode, what some measured, and how each that failed is repeated."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    ran = [report.nodeid for report in reports if getattr(report, "when", "") == "call"]
    counts = Counter(next((mode for mode in MODES if mode in nodeid), "no mode") for nodeid in ran)
    if counts:
        said = ", ".join(f"{mode} {count}" for mode, count in sorted(counts.items()))
        terminalreporter.write_line(f"modes: {said} (rotation {rotation()})")
    for report in reports:
        measured = [value for name, value in getattr(report, "user_properties", []) if name == "measured"]
        if measured and report.when == "call":
            terminalreporter.write_line(f"measured: {report.nodeid.split('::')[-1]}: {'; '.join(measured)}")
    broken = terminalreporter.stats.get("failed", []) + terminalreporter.stats.get("error", [])
    for nodeid in dict.fromkeys(report.nodeid for report in broken if hasattr(report, "nodeid")):
        suite = nodeid.split("/")[0]
        terminalreporter.write_line(f"repeat: tests/run --all {suite} -- 'tests/{nodeid}'")
