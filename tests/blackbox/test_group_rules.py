"""What differs for groups: by profile, by whether a directory has groups at all, and between directories."""

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
    remove_by_filter,
    rename,
    replace_members,
    with_groups,
)

from harness.scim import GROUP, UNKNOWN_ID, created, listing, no_content, ok, patch_op, refused

STRANGERS = [UNKNOWN_ID, "string id 1", "00u1abcd", ""]
PROVISIONERS = pytest.mark.parametrize("profile", ["okta", "entra"])


@pytest.fixture
def provisioner(house, profile):
    return with_groups(house.new_directory(profile))


# By profile: an unknown member


@pytest.mark.parametrize("stranger", STRANGERS)
def test_an_unknown_member_is_refused_by_name_and_nothing_is_written(generic, name, stranger):
    scim = generic.scim
    user = scim.create(name)
    group = new_group(scim, "Ops")
    events = len(generic.events())
    path, naming = path_of(group), stranger or "members[1]"
    for answer in (
        scim.post("/Groups", a_group("Other", user, stranger)),
        scim.put(path, a_group("Ops", user, stranger)),
        scim.patch(path, add(user, stranger)),
        scim.patch(path, replace_members(user, stranger)),
        scim.patch(path, {"op": "replace", "value": {"members": [{"value": user["id"]}, {"value": stranger}]}}),
    ):
        refused(answer, 400, "invalidValue", naming=naming)
    assert read(scim, group) == group
    assert listing(scim.get("/Groups"))["totalResults"] == 1
    assert len(generic.events()) == events


@PROVISIONERS
@pytest.mark.parametrize("stranger", STRANGERS[:-1])
def test_an_unknown_member_is_passed_over_where_one_would_stop_the_whole_push(provisioner, name, stranger):
    scim = provisioner.scim
    user, other = scim.create(name), scim.create(f"other.{name}")
    group = new_group(scim, "Ops", user, stranger)
    assert member_ids(group) == ids(user)
    assert member_ids(change(scim, group, add(stranger, other))) == ids(user, other)
    assert member_ids(change(scim, group, replace_members(stranger, user))) == ids(user)
    assert member_ids(put(scim, group, a_group("Ops", stranger, other))) == ids(other)
    assert change(scim, group, add(stranger)) == read(scim, group)


def test_removing_an_unknown_member_is_no_error_anywhere(directory, name):
    scim = with_groups(directory).scim
    group = new_group(scim, "Ops", scim.create(name))
    for stranger in STRANGERS[:-1]:
        operations = [remove_by_filter(stranger), {"op": "remove", "path": "members", "value": [{"value": stranger}]}]
        assert change(scim, group, *operations) == group


# By profile: names, and a PUT that says nothing of members


def test_two_groups_may_have_one_name_by_the_rfc_s_letter(generic):
    scim = generic.scim
    first, second = new_group(scim, "Ops"), new_group(scim, "ops")
    assert first["id"] != second["id"]
    found = listing(scim.get("/Groups", filter='displayName eq "OPS"'))["Resources"]
    assert ids(*found) == ids(first, second)


@PROVISIONERS
def test_the_name_of_a_group_is_its_own_whatever_its_case(provisioner):
    scim = provisioner.scim
    group, other = new_group(scim, "Größe Ops"), new_group(scim, "Other")
    user = scim.create("ana@example.com")
    for answer in (
        scim.post("/Groups", a_group("GRÖSSE OPS")),
        scim.post("/Groups", a_group("Größe Ops")),
        scim.put(path_of(other), a_group("größe ops")),
        scim.patch(path_of(other), rename("GRÖẞE OPS")),
        scim.patch(path_of(other), add(user), rename("größe ops")),
        scim.patch(path_of(other), {"op": "replace", "value": {"id": other["id"], "displayName": "größe ops"}}),
    ):
        refused(answer, 409, "uniqueness", naming="displayName")
    assert read(scim, other) == other
    assert change(scim, group, rename("GRÖSSE OPS"))["displayName"] == "GRÖSSE OPS"
    no_content(scim.delete(path_of(group)))
    assert change(scim, other, rename("größe ops"))["displayName"] == "größe ops"


def test_a_group_may_be_called_what_a_user_is_called(directory, name):
    scim = with_groups(directory).scim
    scim.create(name, displayName=name)
    assert new_group(scim, name)["displayName"] == name


@pytest.mark.parametrize("said", [{}, {"members": None}])
def test_a_put_without_members_clears_them_by_the_rfc_s_letter(generic, name, said):
    scim = generic.scim
    group = new_group(scim, "Ops", scim.create(name))
    assert put(scim, group, a_group("Ops 2", **said))["members"] == []


@PROVISIONERS
@pytest.mark.parametrize("said", [{}, {"members": None}])
def test_a_put_without_members_keeps_them_where_the_client_may_not_know_them(provisioner, name, said):
    scim = provisioner.scim
    user = scim.create(name)
    group = new_group(scim, "Ops", user)
    assert member_ids(put(scim, group, a_group("Ops 2", **said))) == ids(user)
    assert put(scim, group, a_group("Ops 2", members=[]))["members"] == []


# Without groups


@pytest.fixture
def without(house, name):
    """A directory whose groups were switched off again after it had one, and that group and its member."""
    directory = house.new_directory("generic")
    user = directory.scim.create(name)
    group = new_group(directory.scim, "Ops", user)
    done = house.command_json("directory", "update", directory.name, "--groups", "off")
    assert done["groups"] is False
    return directory, group, user


def test_where_groups_are_off_writing_them_is_forbidden(without):
    directory, group, user = without
    scim, path = directory.scim, path_of(group)
    events = len(directory.events())
    for answer in (
        scim.post("/Groups", a_group("Other", user)),
        scim.put(path, a_group("Ops")),
        scim.patch(path, add(user)),
        scim.delete(path),
        scim.delete(f"/Groups/{UNKNOWN_ID}"),
    ):
        refused(answer, 403, naming="groups are switched off")
    assert len(directory.events()) == events


def test_where_groups_are_off_reading_finds_none(without):
    directory, group, user = without
    scim = directory.scim
    for parameters in ({}, {"filter": 'displayName eq "Ops"'}, {"excludedAttributes": "members"}, {"cursor": ""}):
        page = listing(scim.get("/Groups", **parameters))
        assert (page["totalResults"], page["Resources"]) == (0, [])
    refused(scim.get(path_of(group)), 404, naming=group["id"])
    assert "groups" not in scim.read(user)
    for expression in (f'groups.value eq "{group["id"]}"', 'groups[display eq "Ops"]', "groups pr"):
        assert scim.find(expression) == [], expression
    assert scim.find(f'not (groups pr) and groups.value ne "{group["id"]}"') == [scim.read(user)]
    assert [found["id"] for found in listing(scim.get("/"))["Resources"]] == [user["id"]]
    search = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:SearchRequest"]}
    assert listing(scim.post("/Groups/.search", search))["Resources"] == []
    assert ids(*listing(scim.post("/.search", search))["Resources"]) == ids(user)


def test_where_groups_are_off_discovery_does_not_speak_of_them(without):
    scim = without[0].scim
    assert [kind["name"] for kind in listing(scim.get("/ResourceTypes"))["Resources"]] == ["User"]
    assert GROUP not in [schema["id"] for schema in listing(scim.get("/Schemas"))["Resources"]]
    refused(scim.get("/ResourceTypes/Group"), 404)
    refused(scim.get(f"/Schemas/{GROUP}"), 404)


def test_where_groups_are_off_users_live_as_ever(without):
    directory, _, user = without
    scim = directory.scim
    assert scim.change(user, {"op": "replace", "path": "title", "value": "Boss"})["title"] == "Boss"
    no_content(scim.delete(f"/Users/{user['id']}"))
    assert scim.total() == 0


def test_groups_that_are_switched_on_again_are_as_they_were(without):
    directory, group, user = without
    directory.house.command_json("directory", "update", directory.name, "--groups", "on")
    scim = directory.scim
    assert read(scim, group) == group
    assert [found["value"] for found in scim.read(user)["groups"]] == [group["id"]]
    kinds = {kind["name"]: kind for kind in listing(scim.get("/ResourceTypes"))["Resources"]}
    assert (kinds["Group"]["endpoint"], kinds["Group"]["schema"]) == ("/Groups", GROUP)
    schema = ok(scim.get(f"/Schemas/{GROUP}"))
    assert {attribute["name"] for attribute in schema["attributes"]} >= {"displayName", "members"}


# Between directories


def test_a_directory_sees_no_group_of_another_and_cannot_change_one(house, name):
    mine, theirs = house.new_directory("generic"), house.new_directory("generic")
    user = theirs.scim.create(name)
    group = new_group(theirs.scim, "Ops", user)
    never = mine.scim.get(f"/Groups/{UNKNOWN_ID}").text
    for answer in (
        mine.scim.get(path_of(group)),
        mine.scim.put(path_of(group), a_group("Mine")),
        mine.scim.patch(path_of(group), rename("Mine")),
        mine.scim.delete(path_of(group)),
    ):
        refused(answer, 404)
        assert answer.text.replace(group["id"], UNKNOWN_ID) == never
    assert listing(mine.scim.get("/Groups"))["totalResults"] == 0
    assert listing(mine.scim.get("/"))["totalResults"] == 0
    assert listing(mine.scim.get("/Groups", filter=f'members.value eq "{user["id"]}"'))["Resources"] == []
    assert read(theirs.scim, group) == group
    assert len(theirs.events(group["id"])) >= 1
    assert mine.events(group["id"]) == []


def test_a_member_of_another_directory_is_unknown(house, name):
    mine, theirs = house.new_directory("generic"), house.new_directory("generic")
    tolerant = with_groups(house.new_directory("entra"))
    user, inner = theirs.scim.create(name), new_group(theirs.scim, "Inner")
    group = new_group(mine.scim, "Ops")
    for stranger in (user, inner):
        unknown = refused(mine.scim.patch(path_of(group), add(UNKNOWN_ID)), 400, "invalidValue")
        told = refused(mine.scim.patch(path_of(group), add(stranger)), 400, "invalidValue", naming=stranger["id"])
        assert told["detail"].replace(stranger["id"], UNKNOWN_ID) == unknown["detail"]
        refused(mine.scim.post("/Groups", a_group("Other", stranger)), 400, "invalidValue")
        assert new_group(tolerant.scim, f"For {stranger['id']}", stranger)["members"] == []
    assert read(mine.scim, group) == group
    assert "groups" not in theirs.scim.read(user)


def test_directories_have_groups_of_one_name_and_users_of_one_name(house, name):
    first, second = (with_groups(house.new_directory("okta")) for _ in range(2))
    made = []
    for directory in (first, second):
        user = directory.scim.create(name)
        made.append((directory, user, new_group(directory.scim, "Ops", user)))
    no_content(first.scim.delete(path_of(made[0][2])))
    no_content(first.scim.delete(f"/Users/{made[0][1]['id']}"))
    directory, user, group = made[1]
    assert read(directory.scim, group) == group
    assert [found["value"] for found in directory.scim.read(user)["groups"]] == [group["id"]]


def test_groups_need_the_scope_that_users_need(house):
    directory = house.new_directory("generic")
    group = new_group(directory.scim, "Ops")
    unknown = type(directory.scim)(house.base_url, "wrong")
    for answer in (
        unknown.get("/Groups"),
        unknown.get(path_of(group)),
        unknown.post("/Groups", {"nonsense": 1}),
        unknown.request("PATCH", path_of(group), data=patch_op()),
        unknown.delete(path_of(group)),
        unknown.post("/Groups/.search", {}),
    ):
        refused(answer, 401)
    assert created(directory.scim.post("/Groups", a_group("Ops 2")))["displayName"] == "Ops 2"
