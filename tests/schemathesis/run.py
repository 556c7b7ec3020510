"""Runs schemathesis against the real binary, from the document that it serves at /openapi.json, on both databases.

Every operation is tried with what the document says and with what it does not say, alone and one after the other.
Two checks are left out, since SCIM is more tolerant than a schema can say and stricter: it ignores attributes that
nothing is called, and refuses a filter that names none. `/Me` is left out: the token stands for
no user, and so its answer is 501 (RFC 7644 §3.11).
"""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from harness.house import Builder, House
from harness.verdicts import closing

OPTIONS = [
    "--checks=all",
    "--exclude-checks=negative_data_rejection,positive_data_acceptance",
    "--exclude-path=/Me",
    "--max-examples=25",
    "--seed=1",
    "--generation-deterministic",
    "--continue-on-failure",
    "--warnings=off",
    "--no-color",
    "--report=junit",
]


def check(house: House) -> Counter:
    """What schemathesis finds in a new directory; one test is one operation, or the sequences of them."""
    report = house.work / "schemathesis.xml"
    command = [Path(sys.executable).with_name("schemathesis"), "run", f"{house.base_url}/openapi.json", *OPTIONS]
    command += [f"--report-junit-path={report}", "--header", f"Authorization: Bearer {house.new_directory().token}"]
    done = subprocess.run(command, cwd=house.work, text=True, capture_output=True, check=False)
    assert report.exists(), done.stdout + done.stderr
    counts: Counter = Counter()
    for test in ElementTree.parse(report).iter("testcase"):
        problems = [problem.text for kind in ("failure", "error") for problem in test.iter(kind)]
        counts["failed" if problems else "passed"] += 1
        for problem in problems:
            print(f"failed: {house.mode} {test.get('name')}: {problem}", flush=True)
    return counts


def main() -> int:
    total: Counter = Counter()
    with tempfile.TemporaryDirectory(prefix="rollcall-schemathesis-") as work:
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
