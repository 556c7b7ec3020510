"""The life of groups: create, read, change, replace, delete; their members, their versions, and who may see them."""

import pytest
from groups import (
    a_group,
    add,
    change,
    ids,
    member_ids,
    new_group,
    path_of,
    put,
    read,
    remove,
    remove_by_filter,
    rename,
    replace_members,
    with_groups,
)

from harness.scim import GROUP, UNKNOWN_ID, listing, no_content, ok, refused


@pytest.fixture
def directory(directory):
    return with_groups(directory)


@pytest.fixture
def users(scim, name) -> list[dict]:
    return [scim.create(f"{number}.{name}", displayName=f"User {number}") for number in range(4)]


def all_groups(scim, **parameters) -> list[dict]:
    return listing(scim.get("/Groups", **parameters))["Resources"]


# Create, read, list, delete


def test_a_group_is_created_read_and_listed(scim, users):
    group = new_group(scim, "Ops", *users[:2], externalId="77")
    assert (group["displayName"], group["externalId"], group["schemas"]) == ("Ops", "77", [GROUP])
    assert member_ids(group) == ids(*users[:2])
    assert group["meta"]["resourceType"] == "Group"
    assert group["meta"]["created"] == group["meta"]["lastModified"]
    assert read(scim, group) == group
    assert all_groups(scim) == [group]


def test_a_group_without_members_has_an_empty_list_of_them(scim):
    for number, sent in enumerate(({}, {"members": []}, {"members": None})):
        group = new_group(scim, f"Ops {number}", **sent)
        assert group["members"] == []
        assert read(scim, group) == group


def test_a_member_is_described_by_the_server_whatever_the_client_says_of_it(scim, users):
    inner = new_group(scim, "Inner")
    said = [
        {"value": users[0]["id"], "display": "Somebody else", "type": "Group", "$ref": "https://elsewhere.example"},
        {"value": inner["id"], "$ref": None, "type": "User", "primary": True},
    ]
    group = new_group(scim, "Outer", members=said)
    by_id = {member["value"]: member for member in read(scim, group)["members"]}
    assert by_id[users[0]["id"]] == {
        "value": users[0]["id"],
        "$ref": f"{scim.base_url}/Users/{users[0]['id']}",
        "display": "User 0",
        "type": "User",
    }
    assert by_id[inner["id"]] == {
        "value": inner["id"],
        "$ref": f"{scim.base_url}/Groups/{inner['id']}",
        "display": "Inner",
        "type": "Group",
    }


def test_members_named_twice_are_members_once(scim, users):
    group = new_group(scim, "Ops", users[0], users[1], users[0])
    assert member_ids(group) == ids(*users[:2])
    assert member_ids(read(scim, group)) == ids(*users[:2])


def test_junk_beside_a_new_group_is_tolerated(scim):
    junk = {
        "id": "theirs",
        "meta": {"resourceType": "User", "version": 7},
        "description": "Operations",
        "urn:example:unknown:2.0:Thing": {"a": 1},
    }
    group = new_group(scim, "Ops", **junk)
    assert group["id"] != "theirs"
    assert group["meta"]["resourceType"] == "Group"
    assert set(group) == {"schemas", "id", "displayName", "meta", "members"}


def test_a_deleted_group_is_gone_everywhere_and_its_members_stay(scim, users):
    group = new_group(scim, "Ops", *users)
    no_content(scim.delete(path_of(group)))
    for answer in (
        scim.get(path_of(group)),
        scim.put(path_of(group), a_group("Ops")),
        scim.patch(path_of(group), rename("Other")),
        scim.delete(path_of(group)),
    ):
        refused(answer, 404, naming=group["id"])
    assert all_groups(scim) == []
    assert scim.total() == 4
    assert "groups" not in scim.read(users[0])
    assert new_group(scim, "Ops")["id"] != group["id"]


def test_a_user_s_id_is_no_group_and_a_group_s_id_no_user(scim, users):
    group = new_group(scim, "Ops")
    refused(scim.get(f"/Groups/{users[0]['id']}"), 404)
    refused(scim.get(f"/Users/{group['id']}"), 404)
    refused(scim.delete(f"/Groups/{users[0]['id']}"), 404)
    refused(scim.delete(f"/Users/{group['id']}"), 404)
    assert read(scim, group) == group


# PATCH and PUT


def test_members_are_added_and_removed_by_list_and_by_filter(scim, users):
    group = new_group(scim, "Ops", users[0])
    assert member_ids(change(scim, group, add(*users[1:]))) == ids(*users)
    assert member_ids(change(scim, group, remove(users[0]))) == ids(*users[1:])
    assert member_ids(change(scim, group, remove_by_filter(users[1]))) == ids(*users[2:])
    either = f'members[value eq "{users[2]["id"]}" or value eq "{users[3]["id"]}"]'
    assert member_ids(change(scim, group, {"op": "remove", "path": either})) == set()


def test_members_are_removed_by_what_they_are(scim, users):
    inner = new_group(scim, "Inner")
    group = new_group(scim, "Outer", *users, inner)
    seen = change(scim, group, {"op": "remove", "path": 'members[type eq "Group"]'})
    assert member_ids(seen) == ids(*users)
    seen = change(scim, group, {"op": "remove", "path": 'members[display eq "USER 1"]'})
    assert member_ids(seen) == ids(users[0], *users[2:])


def test_replacing_the_members_makes_them_exactly_these(scim, users):
    group = new_group(scim, "Ops", *users[:2])
    assert member_ids(change(scim, group, replace_members(*users[1:3]))) == ids(*users[1:3])
    pathless = {"op": "replace", "value": {"members": [{"value": users[3]["id"]}]}}
    assert member_ids(change(scim, group, pathless)) == ids(users[3])
    assert member_ids(change(scim, group, replace_members())) == set()


@pytest.mark.parametrize(
    "operation",
    [
        remove(),
        {**remove(), "value": None},
        {"op": "replace", "path": "members", "value": []},
        {"op": "replace", "path": "members", "value": None},
        {"op": "replace", "value": {"members": []}},
        {"op": "replace", "value": {"members": None}},
    ],
)
def test_members_are_cleared_in_each_of_these_ways(scim, users, operation):
    group = new_group(scim, "Ops", *users)
    assert change(scim, group, operation)["members"] == []


@pytest.mark.parametrize("operation", [{**remove(), "value": []}, {**add(), "value": []}, {**add(), "value": None}])
def test_naming_nobody_changes_nobody(scim, users, operation):
    group = new_group(scim, "Ops", *users)
    assert change(scim, group, operation) == group


def test_a_patch_that_names_no_members_does_not_touch_them(scim, users):
    group = new_group(scim, "Ops", *users)
    seen = change(scim, group, rename("Ops 2"), {"op": "add", "value": {"externalId": "77"}})
    assert (seen["displayName"], seen["externalId"]) == ("Ops 2", "77")
    assert member_ids(seen) == ids(*users)
    seen = change(scim, group, {"op": "remove", "path": "externalId"})
    assert "externalId" not in seen
    assert member_ids(seen) == ids(*users)


def test_the_operations_of_a_patch_count_in_their_order(scim, users):
    group = new_group(scim, "Ops", users[0])
    operations = [remove(), add(users[1]), rename("first"), remove_by_filter(users[1]), add(users[2]), rename("last")]
    seen = change(scim, group, *operations)
    assert (seen["displayName"], member_ids(seen)) == ("last", ids(users[2]))


@pytest.mark.parametrize(
    ("wrong", "scim_type"),
    [
        ({"op": "replace", "path": "displayName", "value": 7}, "invalidValue"),
        ({"op": "add", "path": "members", "value": [{"value": 7}]}, "invalidValue"),
        ({"op": "remove", "path": "members[nothing eq 1]"}, "invalidFilter"),
        ({"op": "replace", "path": "id", "value": "another"}, "mutability"),
    ],
)
def test_a_patch_of_a_group_is_made_whole_or_not_at_all(scim, users, wrong, scim_type):
    group = new_group(scim, "Ops", users[0])
    operations = [add(users[1]), rename("changed"), wrong, remove(users[0])]
    refused(scim.patch(path_of(group), *operations), 400, scim_type, naming="Operations[2]")
    assert read(scim, group) == group


def test_a_patch_answers_nothing_or_what_it_is_asked_for(scim, users):
    group = new_group(scim, "Ops", users[0])
    no_content(scim.patch(path_of(group), add(users[1])))
    answer = ok(scim.patch(path_of(group), add(users[2]), attributes="displayName"))
    assert answer == {"schemas": [GROUP], "id": group["id"], "displayName": "Ops"}
    answer = ok(scim.patch(path_of(group), add(users[3]), excludedAttributes="members"))
    assert "members" not in answer
    seen = read(scim, group)
    assert answer["meta"] == seen["meta"]
    answer = ok(scim.patch(path_of(group), rename("Ops 2"), excludedAttributes="meta"))
    assert member_ids(answer) == ids(*users)
    assert answer["displayName"] == "Ops 2"


def test_put_replaces_the_name_and_the_members(scim, users):
    group = new_group(scim, "Ops", *users[:2], externalId="77")
    seen = put(scim, group, a_group("Ops 2", *users[1:3]))
    assert seen["displayName"] == "Ops 2"
    assert "externalId" not in seen
    assert member_ids(seen) == ids(*users[1:3])
    assert seen["meta"]["created"] == group["meta"]["created"]
    assert put(scim, group, a_group("Ops 2", members=[]))["members"] == []


def test_put_of_what_was_read_changes_nothing(scim, users):
    group = new_group(scim, "Ops", *users, externalId="77")
    assert put(scim, group, group) == group
    assert put(scim, group, a_group("Ops", *users, *users, externalId="77")) == group


def test_put_never_creates(scim):
    refused(scim.put(f"/Groups/{UNKNOWN_ID}", a_group("Ops")), 404)
    assert all_groups(scim) == []


# Who leaves


def test_a_deleted_user_leaves_all_groups_and_moves_their_versions(scim, users):
    first, second = new_group(scim, "First", *users), new_group(scim, "Second", users[0])
    other = new_group(scim, "Other", users[1])
    no_content(scim.delete(f"/Users/{users[0]['id']}"))
    seen = read(scim, first)
    assert member_ids(seen) == ids(*users[1:])
    assert seen["meta"]["version"] != first["meta"]["version"]
    assert seen["meta"]["lastModified"] > first["meta"]["lastModified"]
    assert read(scim, second)["members"] == []
    assert read(scim, other) == other


def test_a_deleted_group_leaves_the_groups_that_it_was_in(scim, users):
    inner = new_group(scim, "Inner", *users)
    outer = new_group(scim, "Outer", inner, users[0])
    no_content(scim.delete(path_of(inner)))
    seen = read(scim, outer)
    assert member_ids(seen) == ids(users[0])
    assert seen["meta"]["version"] != outer["meta"]["version"]
    assert "groups" not in scim.read(users[1])


def test_an_inactive_user_stays_a_member(scim, users):
    group = new_group(scim, "Ops", *users)
    scim.change(users[0], {"op": "replace", "path": "active", "value": False})
    assert read(scim, group) == group
    assert [found["value"] for found in scim.read(users[0])["groups"]] == [group["id"]]
    late = new_group(scim, "Late", users[0])
    assert member_ids(late) == ids(users[0])
    scim.change(users[0], {"op": "replace", "path": "active", "value": True})
    assert read(scim, group) == group


# Versions


def test_each_change_of_a_group_moves_its_version_and_its_time(scim, users):
    seen = [new_group(scim, "Ops", users[0])]
    for operation in (
        add(users[1]),
        remove(users[0]),
        remove_by_filter(users[1]),
        replace_members(*users),
        rename("x"),
    ):
        seen.append(change(scim, seen[0], operation))
    assert [group["meta"]["version"] for group in seen] == [f'W/"{number}"' for number in range(1, 7)]
    times = [group["meta"]["lastModified"] for group in seen]
    assert times == sorted(set(times))
    assert {group["meta"]["created"] for group in seen} == {seen[0]["meta"]["created"]}


def test_what_changes_nothing_in_a_group_moves_neither_version_nor_time_and_writes_no_event(directory, scim, users):
    group = new_group(scim, "Ops", *users[:2], externalId="77")
    events = len(directory.events())
    for operations in (
        [add(users[0])],
        [remove(users[2])],
        [remove_by_filter(users[3])],
        [replace_members(*reversed(users[:2]))],
        [rename("Ops")],
        [{"op": "replace", "value": {"id": group["id"], "displayName": "Ops"}}],
        [add(users[2]), remove(users[2])],
        [],
    ):
        assert change(scim, group, *operations) == group
    assert put(scim, group, group) == group
    assert len(directory.events()) == events


def test_a_change_of_a_member_s_name_shows_and_moves_no_version(scim, users):
    group = new_group(scim, "Ops", users[0])
    scim.change(users[0], {"op": "replace", "path": "displayName", "value": "Ana"})
    seen = read(scim, group)
    assert seen["members"][0]["display"] == "Ana"
    assert seen["meta"] == group["meta"]


def test_joining_a_group_moves_no_version_of_the_user(scim, users):
    group = new_group(scim, "Ops", users[0])
    seen = scim.read(users[0])
    assert seen["meta"] == users[0]["meta"]
    assert seen["groups"] == [
        {
            "value": group["id"],
            "$ref": f"{scim.base_url}/Groups/{group['id']}",
            "display": "Ops",
            "type": "direct",
        }
    ]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
def test_a_change_of_another_version_of_a_group_is_refused(scim, users, method):
    group = new_group(scim, "Ops", users[0])
    sent = {
        "PUT": a_group("lost", users[1]),
        "PATCH": {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [add(users[1])]},
        "DELETE": None,
    }[method]
    for tag in ('W/"99"', '"99"', "wrong", 'W/"98", W/"99"'):
        answer = scim.request(method, path_of(group), data=sent, headers={"If-Match": tag})
        refused(answer, 412, naming=group["meta"]["version"])
    assert read(scim, group) == group


@pytest.mark.parametrize("form", ["{tag}", "{strong}", "*", 'W/"99", {tag}'])
def test_a_change_of_the_version_of_a_group_that_was_read_is_made(scim, users, form):
    group = new_group(scim, "Ops", users[0])

    def matching(seen: dict) -> dict:
        tag = seen["meta"]["version"]
        return {"If-Match": form.format(tag=tag, strong=tag.removeprefix("W/"))}

    seen = change(scim, group, add(users[1]), headers=matching(group))
    seen = put(scim, group, a_group("Ops 2", *users), headers=matching(seen))
    no_content(scim.delete(path_of(group), headers=matching(seen)))


def test_a_reader_who_has_the_version_of_a_group_is_told_so(scim, users):
    group = new_group(scim, "Ops", users[0])
    tag = group["meta"]["version"]
    for sent in (tag, tag.removeprefix("W/"), "*"):
        answer = scim.get(path_of(group), headers={"If-None-Match": sent})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    no_content(scim.patch(path_of(group), add(users[1])))
    assert member_ids(ok(scim.get(path_of(group), headers={"If-None-Match": tag}))) == ids(*users[:2])


def test_a_head_of_a_group_is_a_get_without_its_body(scim, users):
    group = new_group(scim, "Ops", *users)
    head = scim.request("HEAD", path_of(group))
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["etag"] == group["meta"]["version"]
