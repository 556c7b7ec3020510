"""Hundreds of malformed requests: each gets its status, its scimType and a detail that points at the place, and none
leaves a trace in the data."""

from collections import Counter

import pytest
from groups import new_group
from malformed import Malformed
from malformed_bodies import BODIES
from malformed_bulk import BULKS
from malformed_queries import QUERIES

from harness.house import Directory
from harness.scim import ERROR, MESSAGES, ok, refused, told

ALL = [*QUERIES, *BODIES, *BULKS]


class Ground:
    """A directory with a user, a group that it is in, and a group within that."""

    def __init__(self, directory: Directory):
        self.directory = directory
        scim = directory.scim
        user = scim.create("ana@example.com", displayName="Ana", emails=[{"value": "ana@example.com", "type": "work"}])
        inner = new_group(scim, "Inner")
        self.ids = {"{user}": user["id"], "{inner}": inner["id"]}
        self.ids["{group}"] = new_group(scim, "Ops", user, inner)["id"]

    def written(self, text: str) -> str:
        """A text in which ids stand for their names."""
        for name, id in self.ids.items():
            text = text.replace(name, id)
        return text

    def traces(self) -> dict[str, list[dict]]:
        """All that a request could leave behind, straight from the database."""
        directory = self.directory
        rows, id = directory.house.database.rows, directory.house.database_id(directory.id)
        order = "ORDER BY id"
        return {
            "resources": rows(f"SELECT * FROM resources WHERE directory_id = ? {order}", id),
            "members": rows("SELECT * FROM members WHERE directory_id = ? ORDER BY group_id, member_id", id),
            "totals": rows("SELECT type, SUM(total) AS total FROM totals WHERE directory_id = ? GROUP BY type", id),
            "events": directory.house.database.events("directory_id = ?", id),
        }


def refused_in_bulk(answer, status: int, scim_type: str | None, *, naming: str) -> None:
    """A bulk response whose one operation was refused."""
    body = ok(answer)
    assert body["schemas"] == [MESSAGES + "BulkResponse"], told(answer)
    [result] = body["Operations"]
    error = result["response"]
    assert result["status"] == error["status"] == str(status), told(answer)
    assert error["schemas"] == [ERROR], told(answer)
    assert error.get("scimType") == scim_type, told(answer)
    assert naming.lower() in error["detail"].lower(), f"the detail does not name {naming!r}: {told(answer)}"


@pytest.fixture(scope="module", params=["serve-sqlite", "apart-postgres"])
def ground(request, houses) -> Ground:
    return Ground(houses[request.param].new_directory("generic"))


@pytest.mark.parametrize("malformed", ALL, ids=[f"{number} {one.name}" for number, one in enumerate(ALL)])
def test_a_malformed_request_is_told_what_is_wrong_and_where_and_leaves_no_trace(ground, malformed: Malformed):
    before = ground.traces()
    content = malformed.content
    if content is not None and b"{" in content:
        content = ground.written(content.decode(errors="surrogateescape")).encode(errors="surrogateescape")
    answer = ground.directory.scim.request(
        malformed.method,
        ground.written(malformed.path),
        content=content,
        headers=malformed.headers or None,
        **malformed.query,
    )
    judge = refused_in_bulk if malformed.in_bulk else refused
    judge(answer, malformed.status, malformed.scim_type, naming=ground.written(malformed.naming))
    assert ground.traces() == before


def test_the_list_is_long_and_names_no_request_twice():
    assert len(ALL) >= 200
    asked = Counter((one.method, one.path, str(one.query), str(one.headers), one.content) for one in ALL)
    assert [request for request, times in asked.items() if times > 1] == []
    unnamed = [one.name for one in ALL if one.status == 400 and not one.naming]
    assert unnamed == [], "a 400 must point at its place"
