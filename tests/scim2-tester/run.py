"""Runs the public scim2-tester against the real binary, in a new directory on each database.

Checks in which the tester is wrong stand in `exceptions.txt`. One of them that passes is a failure too: it is no
exception any more, and its line must go.
"""

import os
import sys
import tempfile
from collections import Counter
from pathlib import Path

from httpx2 import Client
from scim2_client.engines.httpx2 import SyncSCIMClient
from scim2_tester import CheckResult, Status, check_server

from harness.house import Builder, House
from harness.verdicts import closing

PASSED = {Status.SUCCESS, Status.COMPLIANT, Status.ACCEPTABLE}
EXCEPTIONS = {
    line
    for line in Path(__file__).with_name("exceptions.txt").read_text().splitlines()
    if line and not line.startswith("#")
}


def judge(result: CheckResult) -> tuple[str, str]:
    """Whether a check counts as passed, failed or skipped, and why."""
    passes = result.status in PASSED
    attribute = result.data.get("urn", "") if isinstance(result.data, dict) else ""
    if f"{result.resource_type} {result.title} {attribute}" in EXCEPTIONS:
        return ("failed", "it passes: take it out of exceptions.txt") if passes else ("skipped", "an exception")
    if result.status is Status.SKIPPED:
        return "skipped", result.reason or ""
    return "passed" if passes else "failed", result.reason or ""


def check(house: House) -> Counter:
    """What the tester finds in a new directory; everything but what passed is printed."""
    headers = {"Authorization": f"Bearer {house.new_directory('generic').token}"}
    counts: Counter = Counter()
    with Client(base_url=house.base_url, headers=headers, timeout=60) as http:
        for result in check_server(SyncSCIMClient(http)):
            verdict, why = judge(result)
            counts[verdict] += 1
            if verdict != "passed":
                print(f"{verdict}: {house.mode} {result.resource_type} {result.title}: {' '.join(why.split())}")
    return counts


def main() -> int:
    total: Counter = Counter()
    with tempfile.TemporaryDirectory(prefix="rollcall-scim2-tester-") as work:
        builder = Builder(Path(work), os.environ["ROLLCALL_TEST_POSTGRES_URL"])
        try:
            for mode in ("serve-sqlite", "serve-postgres"):
                total += check(builder.start(mode))
        finally:
            builder.close()
    print(closing(total))
    return 0 if total["failed"] == 0 and total["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main())
