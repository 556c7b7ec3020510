"""Runs the replayed cases against the real binary: each profile in a directory of its own, on both databases.

    run.py PATH/idp_replay.sh

Cases that wait for what is not built yet stand in `waiting.txt`. One of them that passes is a failure too: it waits
no longer, and its line must go.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from harness.house import Builder, House
from harness.verdicts import closing, read_waiting

# The profile of the cases, and the profile of the directory that they run in.
PROFILES = {"rfc": "generic", "okta": "okta", "entra": "entra"}
WAITING = read_waiting(Path(__file__).with_name("waiting.txt"))


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


def judge(case: dict) -> tuple[str, str]:
    """Whether a case counts as passed, failed or skipped, and why."""
    passes = case["result"] == "PASS"
    if case["name"] in WAITING:
        return ("failed", "it passes: take it out of waiting.txt") if passes else ("skipped", "it waits")
    if case["result"] == "SKIP":
        return "skipped", case["reason"]
    return "passed" if passes else "failed", case["reason"]


def check(script: str, house: House) -> Counter:
    """What the cases find; everything but what passed is printed."""
    counts: Counter = Counter()
    for profile in PROFILES:
        for case in replay(script, house, profile):
            verdict, why = judge(case)
            counts[verdict] += 1
            if verdict != "passed":
                print(f"{verdict}: {house.mode} {case['name']}: {why}", flush=True)
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
