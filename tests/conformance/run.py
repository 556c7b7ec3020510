"""Runs the replayed cases against the real binary: each profile in a directory of its own, on both databases.

run.py PATH/idp_replay.sh
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from harness.house import Builder, House
from harness.verdicts import closing

# The profile of the cases, and the profile of the directory that they run in.
PROFILES = {"rfc": "generic", "okta": "okta", "entra": "entra"}
VERDICTS = {"PASS": "passed", "FAIL": "failed", "SKIP": "skipped"}


def replay(script: str, house: House, profile: str) -> list[dict]:
    """The result of each case of a profile, in a new directory."""
    house.command_json("directory", "create", profile, "--profile", PROFILES[profile], "--groups", "on")
    token = house.command_json("token", "create", "--directory", profile)["token"]
    environment = os.environ | {"SCIM_HARNESS_VENV": str(Path(os.environ["CACHE"]) / "conformance-venv")}
    results = house.work / f"{profile}.json"
    command = ["bash", script, house.base_url, token, "--profile", profile, "--big-size", "500", "--json", results]
    done = subprocess.run(command, env=environment, text=True, capture_output=True, check=False)
    assert results.exists(), done.stdout + done.stderr
    return json.loads(results.read_text())["cases"]


def check(script: str, house: House) -> Counter:
    """What the cases find; everything but what passed is printed."""
    counts: Counter = Counter()
    for profile in PROFILES:
        for case in replay(script, house, profile):
            verdict = VERDICTS[case["result"]]
            counts[verdict] += 1
            if verdict != "passed":
                print(f"{verdict}: {house.mode} {case['name']}: {case['reason']}", flush=True)
    return counts


def main(script: str) -> int:
    total: Counter = Counter()
    with tempfile.TemporaryDirectory(prefix="rollcall-conformance-") as work:
        builder = Builder(Path(work), os.environ["ROLLCALL_TEST_POSTGRES_URL"])
        try:
            for mode in ("serve-sqlite", "serve-postgres"):
                total += check(script, builder.start(mode))
        finally:
            builder.close()
    print(closing(total))
    return 0 if total["failed"] == 0 and total["passed"] > 0 else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
