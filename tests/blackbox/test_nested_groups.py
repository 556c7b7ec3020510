"""Groups within groups: the `groups` of a user and the `members` of a group, derived, filtered and projected."""

import pytest
from groups import (
    add,
    change,
    ids,
    member_ids,
    new_group,
    path_of,
    read,
    remove,
    with_groups,
)

from harness.scim import GROUP, USER, listing, no_content, ok, refused

pytestmark = pytest.mark.databases


@pytest.fixture
def directory(generic):
    return with_groups(generic)


@pytest.fixture
def users(scim, name) -> list[dict]:
    return [scim.create(f"{number}.{name}", displayName=f"User {number}") for number in range(3)]


def groups_of(scim, user: dict) -> dict[str, str]:
    """The groups of a user by name, and how the user is in them."""
    found = scim.read(user).get("groups", [])
    by_name = {group["display"]: group["type"] for group in found}
    assert len(by_name) == len(found), "a group stands there twice"
    return by_name


def group_names(scim, expression: str) -> list[str]:
    """The displayNames of the groups that a filter finds."""
    return sorted(group["displayName"] for group in listing(scim.get("/Groups", filter=expression))["Resources"])


# What a user is in


def test_a_user_is_in_a_group_directly_and_in_the_groups_around_it_indirectly(scim, users):
    inner = new_group(scim, "Inner", users[0])
    middle = new_group(scim, "Middle", inner, users[1])
    outer = new_group(scim, "Outer", middle)
    assert groups_of(scim, users[0]) == {"Inner": "direct", "Middle": "indirect", "Outer": "indirect"}
    assert groups_of(scim, users[1]) == {"Middle": "direct", "Outer": "indirect"}
    assert groups_of(scim, users[2]) == {}
    assert member_ids(read(scim, outer)) == ids(middle), "members are those of the group itself"
    seen = {group["display"]: group for group in scim.read(users[0])["groups"]}
    assert seen["Outer"]["value"] == outer["id"]
    assert seen["Outer"]["$ref"] == f"{scim.base_url}/Groups/{outer['id']}"


def test_who_is_in_a_group_both_ways_is_in_it_directly(scim, users):
    inner = new_group(scim, "Inner", users[0])
    new_group(scim, "Outer", inner, users[0])
    assert groups_of(scim, users[0]) == {"Inner": "direct", "Outer": "direct"}


def test_two_ways_into_a_group_count_once(scim, users):
    left, right = new_group(scim, "Left", users[0]), new_group(scim, "Right", users[0])
    new_group(scim, "Top", left, right)
    assert groups_of(scim, users[0]) == {"Left": "direct", "Right": "direct", "Top": "indirect"}


def test_groups_follow_every_change_at_once(scim, users):
    inner, outer = new_group(scim, "Inner", users[0]), new_group(scim, "Outer")
    assert groups_of(scim, users[0]) == {"Inner": "direct"}
    change(scim, outer, add(inner))
    assert groups_of(scim, users[0]) == {"Inner": "direct", "Outer": "indirect"}
    change(scim, inner, {"op": "replace", "path": "displayName", "value": "Renamed"})
    assert groups_of(scim, users[0]) == {"Renamed": "direct", "Outer": "indirect"}
    change(scim, outer, remove(inner), add(users[0]))
    assert groups_of(scim, users[0]) == {"Renamed": "direct", "Outer": "direct"}
    no_content(scim.delete(path_of(outer)))
    assert groups_of(scim, users[0]) == {"Renamed": "direct"}


def test_groups_that_contain_one_another_are_stored_and_do_no_harm(scim, users):
    first = new_group(scim, "First", users[0])
    second = new_group(scim, "Second", first, users[1])
    third = new_group(scim, "Third", second)
    change(scim, first, add(third))
    everywhere = {"First": "direct", "Second": "indirect", "Third": "indirect"}
    assert groups_of(scim, users[0]) == everywhere
    assert groups_of(scim, users[1]) == {"First": "indirect", "Second": "direct", "Third": "indirect"}
    assert member_ids(read(scim, first)) == ids(users[0], third)
    assert len(listing(scim.get("/Users", filter='groups.display eq "Third"'))["Resources"]) == 2
    assert len(listing(scim.get("/"))["Resources"]) == 6
    no_content(scim.delete(path_of(second)))
    assert groups_of(scim, users[0]) == {"First": "direct"}
    assert groups_of(scim, users[1]) == {}
    assert member_ids(read(scim, third)) == set()


def test_a_group_may_contain_itself(scim, users):
    group = new_group(scim, "Ops", users[0])
    seen = change(scim, group, add(group))
    assert member_ids(seen) == ids(users[0], group)
    assert groups_of(scim, users[0]) == {"Ops": "direct"}
    no_content(scim.delete(path_of(group)))
    assert groups_of(scim, users[0]) == {}


def test_a_group_that_contains_itself_is_deleted_by_one_event_of_its_version(generic):
    group = new_group(generic.scim, "Ops")
    version = change(generic.scim, group, add(group))["meta"]["version"]
    no_content(generic.scim.delete(path_of(group)))
    last = generic.events()[-1]
    assert (last["kind"], last["version"]) == ("group.deleted", int(version.strip('W/"')))
    assert len(generic.events(group["id"])) == 3


def test_a_deep_chain_of_groups_is_followed_to_its_end(scim, users):
    group = new_group(scim, "0", users[0])
    for number in range(1, 60):
        group = new_group(scim, str(number), group)
    assert len(groups_of(scim, users[0])) == 60


def test_groups_of_a_user_are_the_server_s_alone_to_write(scim, users):
    group = new_group(scim, "Ops")
    claim = [{"value": group["id"]}]
    body = {"schemas": [USER], "userName": users[0]["userName"], "displayName": "User 0", "groups": claim}
    assert scim.replace(users[0], body) == users[0]
    assert scim.change(users[0], {"op": "add", "value": {"groups": claim}}) == users[0]
    for op in ("add", "replace", "remove"):
        operation = {"op": op, "path": "groups", "value": claim}
        refused(scim.patch(f"/Users/{users[0]['id']}", operation), 400, "mutability", naming="groups")
    assert read(scim, group)["members"] == []


# Filters


def test_groups_are_found_by_their_members(scim, users):
    inner = new_group(scim, "Inner", users[0], users[1])
    new_group(scim, "Outer", inner, users[1])
    new_group(scim, "Empty")
    zero, one, two = (user["id"] for user in users)
    for expression, expected in {
        f'members.value eq "{zero}"': ["Inner"],
        f'members[value eq "{zero}"]': ["Inner"],
        f'members eq "{one}"': ["Inner", "Outer"],
        f'MEMBERS.Value Eq "{one}"': ["Inner", "Outer"],
        f'{GROUP}:members.value eq "{zero}"': ["Inner"],
        f'members.value eq "{two}"': [],
        'members.value eq "nobody"': [],
        'members.type eq "Group"': ["Outer"],
        'members.type eq "gROUP"': ["Outer"],
        'members[type eq "User"]': ["Inner", "Outer"],
        'members.display eq "user 0"': ["Inner"],
        'members.display sw "inn"': ["Outer"],
        f'members[value eq "{one}" and type eq "Group"]': [],
        f'members[value eq "{one}" and display co "1"]': ["Inner", "Outer"],
        f'members.value eq "{zero}" and members.value eq "{one}"': ["Inner"],
        f'members.value eq "{zero}" or displayName eq "Empty"': ["Empty", "Inner"],
        f'not (members.value eq "{zero}")': ["Empty", "Outer"],
        "members pr": ["Inner", "Outer"],
        "not (members pr)": ["Empty"],
        "members.value pr": ["Inner", "Outer"],
        f'displayName eq "Inner" and members.value eq "{one}"': ["Inner"],
    }.items():
        assert group_names(scim, expression) == expected, expression


def test_users_are_found_by_their_groups(scim, users, name):
    inner = new_group(scim, "Inner", users[0])
    outer = new_group(scim, "Outer", inner, users[1])
    zero, one, two = (user["userName"] for user in users)
    for expression, expected in {
        f'groups.value eq "{inner["id"]}"': [zero],
        f'groups[value eq "{inner["id"]}"]': [zero],
        f'groups eq "{outer["id"]}"': [zero, one],
        f'groups[value eq "{outer["id"]}" and type eq "direct"]': [one],
        f'groups[value eq "{outer["id"]}" and type eq "indirect"]': [zero],
        'groups.display eq "OUTER"': [zero, one],
        'groups.type eq "indirect"': [zero],
        f'groups.value eq "{users[0]["id"]}"': [],
        "groups pr": [zero, one],
        "not (groups pr)": [two],
        f'groups.value eq "{outer["id"]}" and userName sw "0"': [zero],
    }.items():
        assert scim.names(expression) == expected, expression


def test_groups_are_found_by_their_own_attributes(scim, name):
    new_group(scim, "Ops", externalId="77")
    new_group(scim, "Ops West")
    for expression, expected in {
        'displayName eq "ops"': ["Ops"],
        'DisplayName Eq "OPS WEST"': ["Ops West"],
        'displayName sw "ops"': ["Ops", "Ops West"],
        'externalId eq "77"': ["Ops"],
        "externalId pr": ["Ops"],
        'meta.resourceType eq "Group"': ["Ops", "Ops West"],
        'meta.created gt "2020-01-01T00:00:00Z"': ["Ops", "Ops West"],
        f'{GROUP}:displayName eq "Ops"': ["Ops"],
    }.items():
        assert group_names(scim, expression) == expected, expression
    for expression in ('userName eq "x"', 'members.shoe eq "1"', 'members.$ref eq "x"', 'displayName eq "x'):
        refused(scim.get("/Groups", filter=expression), 400, "invalidFilter")


# Projections


def shown(resource: dict) -> dict:
    return {name: value for name, value in resource.items() if name not in ("schemas", "id")}


def in_order(members: list[dict]) -> list[list]:
    """Members whatever the order in which they come, and in which their parts do."""
    return sorted(sorted(member.items()) for member in members)


@pytest.mark.parametrize("attributes", ["displayName", "DISPLAYNAME", f"{GROUP}:displayName"])
def test_members_are_left_out_where_they_are_not_asked_for(scim, users, attributes):
    group = new_group(scim, "Ops", *users)
    assert shown(read(scim, group, attributes=attributes)) == {"displayName": "Ops"}
    [listed] = listing(scim.get("/Groups", attributes=attributes))["Resources"]
    assert shown(listed) == {"displayName": "Ops"}


@pytest.mark.parametrize("excluded", ["members", "MEMBERS", f"{GROUP}:members", "members,meta"])
def test_members_are_left_out_where_they_are_excluded(scim, users, excluded):
    group = new_group(scim, "Ops", *users)
    kept = {name: group[name] for name in group if name not in ("members", *excluded.split(","))}
    assert read(scim, group, excludedAttributes=excluded) == kept
    assert listing(scim.get("/Groups", excludedAttributes=excluded))["Resources"] == [kept]
    found = listing(scim.get("/Groups", filter=f'members.value eq "{users[0]["id"]}"', excludedAttributes=excluded))
    assert found["Resources"] == [kept]


def test_the_parts_of_members_are_asked_for_one_by_one(scim, users):
    inner = new_group(scim, "Inner")
    group = new_group(scim, "Ops", users[0], inner)
    whole = {member["value"]: member for member in group["members"]}
    for attributes, parts in {
        "members": {"value", "$ref", "display", "type"},
        "members.value": {"value"},
        "members.display,members.type": {"display", "type"},
        "members.$ref": {"$ref"},
        f"{GROUP}:members.value": {"value"},
    }.items():
        expected = [{part: member[part] for part in parts} for member in whole.values()]
        for seen in (
            read(scim, group, attributes=attributes),
            listing(scim.get("/Groups", attributes=attributes, filter='displayName eq "Ops"'))["Resources"][0],
        ):
            assert set(shown(seen)) == {"members"}, attributes
            assert in_order(seen["members"]) == in_order(expected), attributes
    seen = read(scim, group, excludedAttributes="members.display,members.$ref")
    assert {frozenset(member) for member in seen["members"]} == {frozenset({"value", "type"})}


def test_the_groups_of_a_user_are_projected_like_any_attribute(scim, users):
    group = new_group(scim, "Ops", users[0])
    assert "groups" not in scim.read(users[0], excludedAttributes="groups")
    assert "groups" not in scim.read(users[0], attributes="userName")
    assert shown(scim.read(users[0], attributes="groups.value")) == {"groups": [{"value": group["id"]}]}
    [listed] = scim.find(f'userName eq "{users[0]["userName"]}"', attributes="groups.display")
    assert shown(listed) == {"groups": [{"display": "Ops"}]}


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH"])
def test_a_projection_counts_for_every_answer_about_a_group(scim, users, method):
    group = new_group(scim, "Ops", *users)
    body = {"schemas": [GROUP], "displayName": "Ops", "members": group["members"]}
    if method == "PATCH":
        answer = scim.patch(path_of(group), add(users[0]), attributes="displayName")
    elif method == "POST":
        answer = scim.post("/Groups?attributes=displayName", body)
        assert answer.status_code == 201
        assert shown(answer.json()) == {"displayName": "Ops"}
        return
    else:
        data = body if method == "PUT" else None
        answer = scim.request(method, path_of(group), data=data, attributes="displayName")
    assert shown(ok(answer)) == {"displayName": "Ops"}
    assert answer.headers["etag"] == group["meta"]["version"]


def test_two_lists_of_attributes_exclude_one_another(scim, users):
    group = new_group(scim, "Ops", *users)
    for path in (path_of(group), "/Groups"):
        refused(scim.get(path, attributes="displayName", excludedAttributes="members"), 400, "invalidValue")
