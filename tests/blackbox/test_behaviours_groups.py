"""The rows of IDP.md §6 that concern groups; each test carries the number of its row.

They hold in every profile, unless the test takes one. The rows of users and of discovery are in test_behaviours.py.
"""

import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from groups import (
    ADSCIM_GROUP,
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
    replace_members,
    with_groups,
)

from harness.scim import GROUP, LIST, UNKNOWN_ID, Scim, created, listing, no_content, ok, refused

CLIENTS = 32


@pytest.fixture
def directory(directory):
    return with_groups(directory)


@pytest.fixture
def users(scim, name) -> list[dict]:
    return [scim.create(f"{number}.{name}") for number in range(3)]


def test_b01_a_probe_for_a_group_that_is_not_there_is_an_empty_list(scim):
    page = listing(scim.get("/Groups", filter=f'displayName eq "{uuid.uuid4()}"', startIndex=1, count=100))
    assert page == {"schemas": [LIST], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": []}


def test_b02_the_name_of_a_group_is_looked_up_whatever_its_case(scim):
    group = new_group(scim, "Ops West")
    for filter in ('displayName eq "ops west"', 'DisplayName Eq "OPS WEST"', f'{GROUP}:displayname EQ "Ops West"'):
        assert listing(scim.get("/Groups", filter=filter))["Resources"] == [group], filter


def test_b03_a_group_is_looked_up_by_its_external_id_and_its_members(scim, users):
    group = new_group(scim, "Ops", users[0], externalId="9b1e")
    new_group(scim, "Other", users[1])
    for filter in (
        'externalId eq "9b1e"',
        f'id eq "{group["id"]}" and members eq "{users[0]["id"]}"',
        f'members[value eq "{users[0]["id"]}"]',
    ):
        found = listing(scim.get("/Groups", filter=filter, attributes="id"))["Resources"]
        assert [one["id"] for one in found] == [group["id"]], filter
    refused(scim.get("/Groups", filter='nothing eq "x"'), 400, "invalidFilter", naming="nothing")


def test_b07_a_group_without_a_name_and_broken_json_are_refused(scim):
    refused(scim.post("/Groups", {"schemas": [GROUP], "externalId": "x"}), 400, "invalidValue", naming="displayName")
    refused(scim.request("POST", "/Groups", content=b'{"schemas": ["urn'), 400, "invalidSyntax")
    assert listing(scim.get("/Groups"))["totalResults"] == 0


def test_b15_a_client_cannot_put_a_user_into_groups_through_the_user(scim, users):
    group = new_group(scim, "Ops", users[0])
    body = {**scim.read(users[1]), "groups": [{"value": group["id"], "display": "Ops"}], "title": "Boss"}
    seen = scim.replace(users[1], body)
    assert "groups" not in seen
    assert member_ids(read(scim, group)) == ids(users[0])
    body = {name: value for name, value in scim.read(users[0]).items() if name != "groups"}
    assert [found["value"] for found in scim.replace(users[0], body)["groups"]] == [group["id"]]


def test_b16_a_deleted_user_leaves_every_group(scim, users):
    group = new_group(scim, "Ops", *users)
    no_content(scim.delete(f"/Users/{users[0]['id']}"))
    assert member_ids(read(scim, group)) == ids(*users[1:])
    assert listing(scim.get("/Groups", filter=f'members.value eq "{users[0]["id"]}"'))["Resources"] == []


def test_b17_a_reactivated_user_is_in_the_groups_it_was_in(scim, users):
    group = new_group(scim, "Ops", *users)
    scim.change(users[0], {"op": "Replace", "path": "active", "value": "False"})
    assert member_ids(read(scim, group)) == ids(*users)
    seen = scim.change(users[0], {"op": "replace", "value": {"active": True}})
    assert [found["value"] for found in seen["groups"]] == [group["id"]]
    assert read(scim, group) == group


def test_b18_groups_are_listed_and_read_without_their_members(scim, users):
    group = new_group(scim, "Ops", *users)
    without = {name: value for name, value in group.items() if name != "members"}
    page = listing(scim.get("/Groups?excludedAttributes=members", filter='displayName eq "Ops"'))
    assert page["Resources"] == [without]
    assert ok(scim.get(f"{path_of(group)}?excludedAttributes=members")) == without


def test_b19_a_group_is_created_with_a_schema_that_nobody_knows_and_without_members(scim):
    group = created(scim.post("/Groups", {"schemas": [GROUP, ADSCIM_GROUP], "displayName": "Ops", "externalId": "77"}))
    assert (group["displayName"], group["externalId"], group["members"]) == ("Ops", "77", [])
    assert group["schemas"] == [GROUP]
    assert read(scim, group) == group


@pytest.mark.parametrize("profile", ["okta", "entra"])
def test_b19_the_name_of_a_group_is_given_once(house, profile):
    scim = with_groups(house.new_directory(profile)).scim
    new_group(scim, "Ops")
    refused(scim.post("/Groups", a_group("OPS")), 409, "uniqueness", naming="displayName")
    assert listing(scim.get("/Groups"))["totalResults"] == 1


def test_b20_a_group_is_renamed_by_a_value_that_names_its_id(scim, users):
    group = new_group(scim, "Ops", *users)
    operation = {"op": "replace", "value": {"id": group["id"], "displayName": "Ops 2"}}
    seen = change(scim, group, operation)
    assert seen["displayName"] == "Ops 2"
    assert member_ids(seen) == ids(*users)
    assert change(scim, group, operation) == seen
    other = {"op": "replace", "value": {"id": UNKNOWN_ID, "displayName": "Ops 3"}}
    refused(scim.patch(path_of(group), other), 400, "mutability", naming="id")
    assert read(scim, group) == seen


def test_b21_many_members_are_added_at_once_and_again_without_an_error(scim, name):
    users = [scim.create(f"{number}.many.{name}") for number in range(40)]
    group = new_group(scim, "Ops", *users[:3])
    value = [{"$ref": None, "value": user["id"], "display": "x"} for user in users]
    operation = {"op": "Add", "path": "members", "value": value}
    seen = change(scim, group, operation)
    assert member_ids(seen) == ids(*users)
    assert change(scim, group, operation) == seen


@pytest.mark.parametrize("count", [256, 1001])
def test_b21_as_many_members_as_okta_sends_are_added_in_one_operation(okta, count):
    scim = okta.scim
    users = [scim.create(f"{number}@example.com") for number in range(2)]
    strangers = [f"00u{number:017}" for number in range(count - 2)]
    group = new_group(scim, "Ops")
    assert member_ids(change(scim, group, add(users[0], *strangers, users[1]))) == ids(*users)


def test_b22_a_member_is_removed_by_a_filter_and_others_are_added_in_one_request(scim, users):
    group = new_group(scim, "Ops", *users[:2])
    operations = [remove_by_filter(users[0]), add(users[2])]
    seen = change(scim, group, *operations)
    assert member_ids(seen) == ids(*users[1:])
    assert change(scim, group, *operations) == seen


def test_b23_removing_by_a_list_removes_whom_it_names_and_nobody_else(scim, users):
    group = new_group(scim, "Ops", *users)
    operation = {"op": "Remove", "path": "members", "value": [{"$ref": None, "value": users[0]["id"]}]}
    seen = change(scim, group, operation)
    assert member_ids(seen) == ids(*users[1:])
    assert change(scim, group, operation) == seen
    assert change(scim, group, {**operation, "value": []}) == seen


@pytest.mark.parametrize(
    "form",
    [
        lambda user: [user],
        lambda user: {"value": user},
        lambda user: user,
        lambda user: {"members": [{"value": user}]},
        lambda user: {"members": [user]},
    ],
)
def test_b23_a_member_is_removed_in_each_form_that_clients_write(scim, users, form):
    group = new_group(scim, "Ops", *users)
    seen = change(scim, group, {"op": "remove", "path": "members", "value": form(users[0]["id"])})
    assert member_ids(seen) == ids(*users[1:])


@pytest.mark.parametrize("value", [{}, {"value": None}])
def test_b24_removing_without_a_value_removes_all(scim, users, value):
    group = new_group(scim, "Ops", *users)
    assert change(scim, group, {"op": "remove", "path": "members", **value})["members"] == []


def test_b25_members_are_replaced_with_a_path_and_without_one_and_an_empty_list_clears(scim, users):
    group = new_group(scim, "Ops", users[0])
    assert member_ids(change(scim, group, replace_members(*users[1:]))) == ids(*users[1:])
    pathless = {"op": "replace", "value": {"members": [{"value": users[0]["id"]}]}}
    assert member_ids(change(scim, group, pathless)) == ids(users[0])
    assert change(scim, group, {"op": "replace", "value": {"members": []}})["members"] == []


def test_b25_a_patch_that_names_no_members_never_touches_them(scim, users):
    group = new_group(scim, "Ops", *users)
    seen = change(scim, group, {"op": "replace", "value": {"displayName": "Ops 2", "externalId": "7"}})
    assert member_ids(seen) == ids(*users)


def test_b26_a_put_has_the_whole_list_and_an_empty_one_removes_the_last_member(scim, users):
    group = new_group(scim, "Ops", *users)
    assert member_ids(put(scim, group, a_group("Ops", users[2], id=group["id"]))) == ids(users[2])
    assert put(scim, group, a_group("Ops", id=group["id"], members=[]))["members"] == []


def test_b27_an_unknown_member_is_named_by_the_rfc_s_letter(generic, name):
    scim = generic.scim
    user = scim.create(name)
    group = new_group(scim, "Ops")
    refused(scim.patch(path_of(group), add(user, UNKNOWN_ID)), 400, "invalidValue", naming=UNKNOWN_ID)
    assert read(scim, group) == group


@pytest.mark.parametrize("profile", ["okta", "entra"])
def test_b27_an_unknown_member_does_not_stop_a_push(house, profile, name):
    scim = with_groups(house.new_directory(profile)).scim
    user = scim.create(name)
    group = new_group(scim, "Ops")
    # The bare string is what Microsoft's collection sends.
    operation = {"op": "add", "path": "members", "value": [{"value": UNKNOWN_ID}, user["id"], "string id 1"]}
    assert member_ids(change(scim, group, operation)) == ids(user)
    operation = {"op": "Add", "path": "members", "value": "string id 1"}
    assert member_ids(change(scim, group, operation, operation)) == ids(user)


def test_b28_groups_are_paged_as_users_are(scim):
    groups = [new_group(scim, f"Ops {number}") for number in range(5)]
    page = listing(scim.get("/Groups", startIndex=101, count=100))
    assert page == {"schemas": [LIST], "totalResults": 5, "startIndex": 101, "itemsPerPage": 0, "Resources": []}
    for start in (0, -7):
        assert listing(scim.get("/Groups", startIndex=start, count=1))["startIndex"] == 1
    for count in (0, -1):
        page = listing(scim.get("/Groups", count=count))
        assert (page["totalResults"], page["itemsPerPage"], page["Resources"]) == (5, 0, [])
    seen = []
    for start in (1, 3, 5):
        page = listing(scim.get("/Groups", startIndex=start, count=2))
        assert (page["startIndex"], page["totalResults"]) == (start, 5)
        seen += page["Resources"]
    assert seen == groups


def test_b29_discovery_tells_of_groups(scim):
    kind = ok(scim.get("/ResourceTypes/Group"))
    assert (kind["endpoint"], kind["schema"], kind["name"]) == ("/Groups", GROUP, "Group")
    schema = ok(scim.get(f"/Schemas/{GROUP}"))
    attributes = {attribute["name"]: attribute for attribute in schema["attributes"]}
    assert attributes["displayName"]["required"] is True
    assert attributes["members"]["multiValued"] is True
    parts = {part["name"]: part for part in attributes["members"]["subAttributes"]}
    assert set(parts) == {"value", "$ref", "display", "type"}
    assert parts["value"]["mutability"] == "immutable"


def test_b30_groups_are_taken_and_answered_as_json_under_each_of_its_names(scim):
    for number, kind in enumerate(("application/json", "application/scim+json", "application/json; charset=utf-8")):
        headers = {"Content-Type": kind, "Accept": "application/json"}
        answer = scim.post("/Groups", a_group(f"Ops {number}"), headers=headers)
        assert answer.status_code == 201
        assert answer.headers["content-type"].split(";")[0] == "application/json"


def test_b32_members_that_are_added_at_once_are_all_added(directory):
    scim = directory.scim
    users = [scim.create(f"{number}@example.com") for number in range(CLIENTS)]
    group = new_group(scim, "Ops", users[0])
    clients = [Scim(scim.base_url, scim.token) for _ in users]
    with ThreadPoolExecutor(CLIENTS) as pool:
        for answer in pool.map(
            lambda pair: pair[0].patch(path_of(group), add(pair[1])), zip(clients, users, strict=True)
        ):
            no_content(answer)
    assert member_ids(read(scim, group)) == ids(*users)


def test_b33_the_url_of_a_group_is_the_same_with_more_slashes_and_unknown_keys(scim, users):
    group = created(scim.post("//Groups/?aadOptscim062020", a_group("Ops", users[0])))
    for path in (f"//Groups/{group['id']}", f"/Groups//{group['id']}/", f"{path_of(group)}?unknown=1&another"):
        assert ok(scim.get(path)) == group, path
    assert listing(scim.get("//Groups//?unknown"))["Resources"] == [group]
    no_content(scim.patch(f"//Groups/{group['id']}/?aadOptscim062020", remove(users[0])))
    no_content(scim.delete(f"//Groups//{group['id']}/"))


def test_b35_a_group_is_changed_with_the_old_token_and_the_new_one(directory, name):
    old, new = directory.scim, Scim(directory.scim.base_url, directory.house.new_token(directory.name))
    first, second = old.create(f"1.{name}"), new.create(f"2.{name}")
    group = new_group(old, "Ops")
    assert member_ids(change(new, group, add(first))) == ids(first)
    assert member_ids(change(old, group, add(second))) == ids(first, second)
