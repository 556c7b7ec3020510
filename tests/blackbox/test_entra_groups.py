"""The groups that Microsoft Entra ID provisions (IDP.md §3)."""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from groups import ADSCIM_GROUP, change, ids, member_ids, new_group, path_of, put, read, with_groups
from people import entra_user

from harness.scim import GROUP, Scim, a_user, created, listing, no_content, ok, refused

FLAG = "?aadOptscim062020"


@pytest.fixture
def directory(entra):
    return with_groups(entra)


@pytest.fixture
def users(scim, name) -> list[dict]:
    return [created(scim.post("/Users", entra_user(f"{number}.{name}"))) for number in range(4)]


def provision(scim: Scim, name: str, **changed) -> dict:
    """What Entra sends to create a group: the schema of its own, and no members."""
    body = {
        "schemas": [GROUP, ADSCIM_GROUP],
        "externalId": f"8aa1a0c0-{name}",
        "displayName": name,
        "meta": {"resourceType": "Group"},
        **changed,
    }
    return created(scim.post("/Groups", body))


def joined(*users: dict) -> dict:
    return {"op": "Add", "path": "members", "value": [{"$ref": None, "value": user["id"]} for user in users]}


def left(*users: dict) -> dict:
    return {**joined(*users), "op": "Remove"}


def glance(scim: Scim, group: dict) -> dict:
    """A group as Entra reads it."""
    return ok(scim.get(f"{path_of(group)}?excludedAttributes=members"))


def test_before_groups_are_switched_on_users_alone_are_provisioned(house, name):
    scim = house.new_directory("entra").scim
    created(scim.post("/Users", entra_user(name)))
    refused(scim.post("/Groups", {"schemas": [GROUP, ADSCIM_GROUP], "displayName": "Ops"}), 403, naming="groups")
    page = listing(scim.get("/Groups?excludedAttributes=members", filter='displayName eq "Ops"'))
    assert page["totalResults"] == 0


def test_a_group_is_looked_up_without_its_members_and_created(scim):
    filter = f'displayName eq "{uuid.uuid4()}"'
    assert listing(scim.get("/Groups?excludedAttributes=members", filter=filter))["totalResults"] == 0
    group = provision(scim, "Ops")
    assert (group["externalId"], group["schemas"]) == ("8aa1a0c0-Ops", [GROUP])
    for filter in ('displayName eq "OPS"', 'externalId eq "8aa1a0c0-Ops"', "externalId eq 8aa1a0c0-Ops"):
        [found] = listing(scim.get("/Groups?excludedAttributes=members", filter=filter))["Resources"]
        assert found["id"] == group["id"]
        assert "members" not in found
    assert "members" not in glance(scim, group)


def test_a_second_group_of_one_name_is_a_conflict(scim):
    provision(scim, "Ops")
    body = {"schemas": [GROUP, ADSCIM_GROUP], "displayName": "ops", "externalId": "other"}
    refused(scim.post("/Groups", body), 409, "uniqueness", naming="displayName")


def test_members_come_and_go_one_request_each(scim, users):
    group = provision(scim, "Ops")
    for user in users:
        no_content(scim.patch(path_of(group), joined(user)))
    assert member_ids(read(scim, group)) == ids(*users)
    assert member_ids(change(scim, group, left(users[0]))) == ids(*users[1:])
    assert member_ids(change(scim, group, left(users[0]))) == ids(*users[1:])
    assert member_ids(change(scim, group, left(*users[1:3]))) == ids(users[3])


def test_members_that_come_and_go_in_parallel_are_all_minded(scim, name):
    users = [scim.create(f"{number}.parallel.{name}") for number in range(24)]
    group = new_group(scim, "Ops", *users[:8])
    operations = [left(user) for user in users[:8]] + [joined(user) for user in users[8:]]
    clients = [Scim(scim.base_url, scim.token) for _ in operations]
    with ThreadPoolExecutor(len(operations)) as pool:
        for answer in pool.map(
            lambda pair: pair[0].patch(path_of(group), pair[1]), zip(clients, operations, strict=True)
        ):
            no_content(answer)
    assert member_ids(read(scim, group)) == ids(*users[8:])


def test_with_the_flag_operations_are_in_lower_case_and_members_leave_by_filter(scim, users):
    group = provision(scim, "Ops")
    path = path_of(group) + FLAG
    no_content(scim.patch(path, {**joined(*users), "op": "add"}))
    no_content(scim.patch(path, {"op": "remove", "path": f'members[value eq "{users[0]["id"]}"]'}))
    no_content(scim.patch(path, {"op": "replace", "value": {"displayName": "Ops 2", "externalId": "9"}}))
    seen = read(scim, group)
    assert (seen["displayName"], seen["externalId"], member_ids(seen)) == ("Ops 2", "9", ids(*users[1:]))


def test_a_group_is_renamed_and_keeps_its_members(scim, users):
    group = new_group(scim, "Ops", *users)
    seen = change(scim, group, {"op": "Replace", "path": "displayName", "value": "Ops 2"})
    assert (seen["displayName"], member_ids(seen)) == ("Ops 2", ids(*users))
    assert glance(scim, group)["displayName"] == "Ops 2"


def test_a_disabled_user_who_is_restored_is_in_its_groups_although_entra_does_not_say_so_again(scim, users):
    group = new_group(scim, "Ops", *users)
    scim.change(users[0], {"op": "Replace", "path": "active", "value": "False"})
    scim.change(users[0], {"op": "Replace", "path": "active", "value": "True"})
    assert member_ids(read(scim, group)) == ids(*users)


def test_a_user_who_is_purged_leaves_its_groups(scim, users):
    group = new_group(scim, "Ops", *users)
    no_content(scim.delete(f"/Users/{users[0]['id']}"))
    assert member_ids(read(scim, group)) == ids(*users[1:])
    assert member_ids(change(scim, group, left(users[0]), joined(users[0]))) == ids(*users[1:])


def test_a_group_is_deleted_and_created_anew(scim, users):
    """Tests 10 and 14 of Microsoft's validation."""
    group = provision(scim, "Ops")
    no_content(scim.delete(path_of(group)))
    refused(scim.get(f"{path_of(group)}?excludedAttributes=members"), 404)
    assert listing(scim.get("/Groups", filter='displayName eq "Ops"'))["totalResults"] == 0
    assert provision(scim, "Ops")["id"] != group["id"]


def test_groups_within_groups_are_members_like_any(scim, users):
    inner, outer = provision(scim, "Inner"), provision(scim, "Outer")
    assert member_ids(change(scim, outer, joined(inner, users[0]))) == ids(inner, users[0])
    assert member_ids(change(scim, outer, left(inner))) == ids(users[0])


def test_pages_of_groups_tell_the_start_index_that_was_asked_for(scim):
    """Test 24 of Microsoft's validation."""
    for number in range(11):
        provision(scim, f"{number:02}")
    seen = []
    for start in (1, 6, 11):
        page = listing(scim.get("/Groups?excludedAttributes=members", startIndex=start, count=5))
        assert (page["startIndex"], page["totalResults"]) == (start, 11)
        seen += [group["displayName"] for group in page["Resources"]]
    assert seen == [f"{number:02}" for number in range(11)]


def test_every_mapped_attribute_of_groups_can_be_discovered(scim):
    """Test 15 of Microsoft's validation; without the schema the tests of groups fail."""
    schemas = {schema["id"]: schema for schema in listing(scim.get("/Schemas"))["Resources"]}
    names = {attribute["name"] for attribute in schemas[GROUP]["attributes"]}
    assert {"displayName", "members"} <= names


class TestPostmanCollection:
    """The cases for groups of Microsoft's reference collection (IDP.md §3.3)."""

    def test_the_life_of_a_group(self, scim, name):
        empty = created(scim.post("/Groups", {"schemas": [GROUP, ADSCIM_GROUP], "displayName": "Group1"}))
        assert empty["members"] == []
        first, second = (created(scim.post("/Users", a_user(f"{number}.{name}"))) for number in range(2))
        members = [{"value": user["id"], "$ref": None, "display": None} for user in (first, second)]
        filled = created(scim.post("/Groups", {"schemas": [GROUP], "displayName": "Group2", "members": members}))
        assert member_ids(filled) == ids(first, second)
        third = created(scim.post("/Groups", {"schemas": [GROUP], "displayName": "Group3"}))
        seen = put(scim, third, {"schemas": [GROUP], "displayName": "putName", "members": members})
        assert (seen["displayName"], member_ids(seen)) == ("putName", ids(first, second))
        value = {"value": first["id"], "displayName": "new User"}
        operation = {"name": "addMember", "op": "add", "path": "members", "value": value}
        assert member_ids(change(scim, empty, operation)) == ids(first)
        by_filter = {"op": "remove", "path": f'members[value eq "{first["id"]}"]'}
        assert member_ids(change(scim, empty, by_filter)) == set()
        assert member_ids(change(scim, empty, operation)) == ids(first)
        assert member_ids(change(scim, empty, {"op": "remove", "path": "members"})) == set()
        for resource in (first, second):
            no_content(scim.delete(f"/Users/{resource['id']}"))
        for resource in (empty, filled, third):
            no_content(scim.delete(path_of(resource)))
        assert listing(scim.get("/Groups"))["Resources"] == []

    def test_garbage(self, scim):
        group = created(scim.post("/Groups", {"schemas": [GROUP], "displayName": "Group1"}))
        for _ in range(2):
            no_content(scim.patch(path_of(group), {"op": "add", "path": "members", "value": "string id 1"}))
        assert read(scim, group) == group
        assert "members" not in glance(scim, group)
        assert put(scim, group, {"schemas": [GROUP], "displayName": "putName"})["displayName"] == "putName"
        no_content(scim.delete(path_of(group)))
        assert listing(scim.get("/Groups"))["Resources"] == []
