"""Exports of directories that nobody has had."""

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

BEGAN = 1_764_000_000_000_000
MEMBERS_PER_LINE = 1_000
PROVENANCE = {"*": ["01900000-0000-7000-8000-000000000007", BEGAN]}
HEADER = {
    "format": 1,
    "version": "0.1.0",
    "passwords": False,
    "directory": "many",
    "profile": "generic",
    "scim": True,
    "groups": True,
    "settings": {},
    "created": BEGAN,
    "modified": BEGAN,
}


def identifier(number: int) -> str:
    return f"01900000-0000-7000-8000-{number:012x}"


def record(number: int, attributes: dict) -> dict:
    return {
        "id": identifier(number),
        "version": 1,
        "created": BEGAN + number,
        "modified": BEGAN + number,
        "attributes": attributes,
        "provenance": PROVENANCE,
    }


def user(number: int) -> dict:
    attributes = {
        "externalId": f"e-{number}",
        "userName": f"user{number}@example.com",
        "name": {"familyName": f"Family {number}", "givenName": "Given"},
        "displayName": f"Given Family {number}",
        "title": "Engineer",
        "active": True,
        "emails": [{"value": f"user{number}@example.com", "type": "work", "primary": True}],
        "phoneNumbers": [{"value": "+15550100", "type": "work"}],
    }
    return {"record": record(number, attributes), "origin": "scim", "administrator": False, "scimManaged": True}


def written(users: int, groups: int, groups_of_each: int) -> Iterator[dict]:
    """The lines but for the last one."""
    yield {"export": HEADER}
    for number in range(1, users + 1):
        yield {"user": user(number)}
    first = users + 1
    for place in range(groups):
        group = record(first + place, {"displayName": f"Group {place}"})
        yield {"group": {"record": group, "unique": False, "scimManaged": True}}
    for place in range(groups):
        chosen = {(place - turn) % groups for turn in range(groups_of_each)}
        members = [identifier(number) for number in range(1, users + 1) if number % groups in chosen]
        for begin in range(0, len(members), MEMBERS_PER_LINE):
            part = members[begin : begin + MEMBERS_PER_LINE]
            yield {"members": {"group": identifier(first + place), "users": part}}


def write_export(file: Path, users: int, groups: int, groups_of_each: int = 1) -> None:
    """Writes an export of a directory with many users, each in so many of its groups."""
    digest = hashlib.sha256()
    with file.open("wb") as out:

        def write(line: dict) -> None:
            text = json.dumps(line, separators=(",", ":"), ensure_ascii=False).encode() + b"\n"
            digest.update(text)
            out.write(text)

        for line in written(users, groups, groups_of_each):
            write(line)
        counts = {"users": users}
        if groups:
            counts = {"groups": groups, "members": users * groups_of_each, **counts}
        write({"end": {"counts": counts, "sha256": digest.hexdigest()}})
