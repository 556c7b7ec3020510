"""A pytest plugin: counts what was tried against Rollcall, for the line at the end of `tests/run`.

A test says what it has tried, in the words of `WHATS`, with `record_property("counted", {"inputs tried": 12})`.
"""

import os
from collections import Counter
from pathlib import Path

WHATS = ("inputs tried", "faults injected", "histories checked", "answers checked", "findings")


def pytest_terminal_summary(terminalreporter) -> None:
    counts = Counter()
    for reports in terminalreporter.stats.values():
        for report in reports:
            if getattr(report, "when", "") == "call":
                for name, counted in report.user_properties:
                    if name == "counted":
                        assert counted.keys() <= set(WHATS), f"{report.nodeid} counts {list(counted)}"
                        counts.update(counted)
    if not counts:
        return
    terminalreporter.write_line("trust: " + ", ".join(f"{counts[what]} {what}" for what in WHATS))
    if tally := os.environ.get("ROLLCALL_TEST_TALLY"):
        with Path(tally).open("a") as file:
            file.writelines(f"{counts[what]} {what}\n" for what in WHATS)
