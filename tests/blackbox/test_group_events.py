"""Every change of a group and of its members has its events, in the transaction of the change."""

import json

import pytest
from groups import a_group, add, change, ids, new_group, path_of, put, remove, rename, replace_members, with_groups

from harness.scim import UNKNOWN_ID, no_content, refused

pytestmark = pytest.mark.databases


@pytest.fixture
def directory(generic):
    return with_groups(generic)


@pytest.fixture
def users(scim, name) -> list[dict]:
    return [scim.create(f"{number}.{name}") for number in range(3)]


class Moves:
    """What the events of a group tell since the last look."""

    def __init__(self, directory, group: dict):
        self.directory, self.group, self.seen = directory, group, 0

    def new(self) -> list[tuple[str, int, dict]]:
        events = self.directory.events(self.group["id"])[self.seen :]
        self.seen += len(events)
        return [(event["kind"], event["version"], json.loads(event["changes"])) for event in events]


def members(changes: dict) -> dict[str, set[str]]:
    """Who came and who went."""
    assert set(changes) == {"members"}
    assert set(changes["members"]) <= {"added", "removed"}
    return {way: set(who) for way, who in changes["members"].items()}


def test_a_group_s_life_is_a_row_of_events(directory, scim, users):
    group = new_group(scim, "Ops", *users[:2], externalId="77")
    moves = Moves(directory, group)
    created, joined = moves.new()
    assert created == (
        "group.created",
        1,
        {"displayName": {"before": None, "after": "Ops"}, "externalId": {"before": None, "after": "77"}},
    )
    assert (joined[:2], members(joined[2])) == (("group.updated", 1), {"added": ids(*users[:2])})
    change(scim, group, rename("Ops 2"))
    assert moves.new() == [("group.updated", 2, {"displayName": {"before": "Ops", "after": "Ops 2"}})]
    change(scim, group, add(*users))
    [(kind, version, changes)] = moves.new()
    assert (kind, version, members(changes)) == ("group.updated", 3, {"added": ids(users[2])})
    change(scim, group, remove(users[0]), add(users[0], users[1]))
    assert moves.new() == []
    change(scim, group, replace_members(users[0]))
    [(kind, version, changes)] = moves.new()
    assert (version, members(changes)) == (4, {"removed": ids(*users[1:])})
    put(scim, group, a_group("Ops 3", users[1], externalId="77"))
    renamed, *moved = moves.new()
    assert renamed == ("group.updated", 5, {"displayName": {"before": "Ops 2", "after": "Ops 3"}})
    assert {event[:2] for event in moved} == {("group.updated", 5)}
    who = {way: who for event in moved for way, who in members(event[2]).items()}
    assert who == {"added": ids(users[1]), "removed": ids(users[0])}
    no_content(scim.delete(path_of(group)))
    [(kind, version, changes)] = moves.new()
    assert (kind, version) == ("group.deleted", 5)
    assert changes["displayName"] == {"before": "Ops 3", "after": None}


def test_who_is_deleted_leaves_with_an_event_of_each_group(directory, scim, users):
    inner = new_group(scim, "Inner", users[0])
    outer = new_group(scim, "Outer", inner, users[0])
    inner_moves, outer_moves = Moves(directory, inner), Moves(directory, outer)
    for moves in (inner_moves, outer_moves):
        assert len(moves.new()) == 2
    no_content(scim.delete(f"/Users/{users[0]['id']}"))
    for moves in (inner_moves, outer_moves):
        [(kind, version, changes)] = moves.new()
        assert (kind, version, members(changes)) == ("group.updated", 2, {"removed": ids(users[0])})
    no_content(scim.delete(path_of(inner)))
    [(kind, version, changes)] = outer_moves.new()
    assert (version, members(changes)) == (3, {"removed": ids(inner)})


def test_what_is_refused_has_no_event(directory, scim, users):
    group = new_group(scim, "Ops", users[0])
    before = directory.events()
    refused(scim.post("/Groups", a_group("Other", users[0], UNKNOWN_ID)), 400, "invalidValue")
    refused(scim.patch(path_of(group), add(users[1]), add(UNKNOWN_ID)), 400, "invalidValue")
    refused(scim.patch(path_of(group), add(users[1]), headers={"If-Match": 'W/"99"'}), 412)
    refused(scim.put(path_of(group), a_group("Ops", UNKNOWN_ID)), 400, "invalidValue")
    refused(scim.delete(f"/Groups/{UNKNOWN_ID}"), 404)
    assert directory.events() == before


def test_many_who_come_are_told_in_events_that_each_name_some(directory, scim, name):
    users = [scim.create(f"{number}.many.{name}") for number in range(1200)]
    group = new_group(scim, "Ops")
    no_content(scim.patch(path_of(group), add(*users)))
    told = [members(changes)["added"] for kind, version, changes in Moves(directory, group).new()[1:]]
    assert len(told) > 1
    assert sum(len(some) for some in told) == 1200
    assert set().union(*told) == ids(*users)
