"""Searches, and walks through what they find."""

import string

from groups import new_group

from harness.scim import MESSAGES, Scim, listing

SEARCH_REQUEST = MESSAGES + "SearchRequest"
ROOT, USERS, GROUPS = "/.search", "/Users/.search", "/Groups/.search"
CURSOR_LETTERS = set(string.ascii_letters + string.digits + "-._~")


def a_company(scim: Scim, name: str) -> list[dict]:
    """Three users and two groups, in the order of their creation."""
    made = [
        scim.create(f"{number}.{name}", displayName=label, externalId=str(number))
        for number, label in enumerate(("Mike", "alpha", "Zulu"))
    ]
    made.append(new_group(scim, "Bravo", made[0], externalId="0"))
    made.append(new_group(scim, "yankee", made[1], made[3]))
    return made


def search(scim: Scim, path: str = ROOT, **members):
    return scim.post(path, {"schemas": [SEARCH_REQUEST], **members})


def found(scim: Scim, path: str = ROOT, **members) -> list[dict]:
    return listing(search(scim, path, **members))["Resources"]


def labels(resources: list[dict]) -> list[str]:
    return [resource.get("displayName", resource.get("userName")) for resource in resources]


def walk(scim: Scim, path: str, **members) -> list[dict]:
    """All pages by cursor."""
    cursor, seen = "", []
    while True:
        page = listing(search(scim, path, cursor=cursor, **members))
        assert "startIndex" not in page
        seen += page["Resources"]
        if "nextCursor" not in page:
            return seen
        cursor = page["nextCursor"]
        assert cursor
        assert set(cursor) <= CURSOR_LETTERS
