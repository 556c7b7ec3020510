"""The groups that Okta pushes and imports (IDP.md §2.1)."""

import pytest
from groups import a_group, add, change, ids, member_ids, new_group, path_of, put, read, remove_by_filter
from people import okta_user

from harness.scim import GROUP, Scim, created, listing, no_content, ok, refused


@pytest.fixture
def scim(okta) -> Scim:
    return okta.scim


@pytest.fixture
def users(scim, name) -> list[dict]:
    return [created(scim.post("/Users", okta_user(f"{number}.{name}"))) for number in range(4)]


def push(scim: Scim, name: str) -> dict:
    """What Okta does when a group is pushed: look up, then create without members, or link."""
    page = listing(scim.get("/Groups", filter=f'displayName eq "{name}"', startIndex=1, count=100))
    if page["totalResults"] == 0:
        return created(scim.post("/Groups", {"schemas": [GROUP], "displayName": name, "members": []}))
    return page["Resources"][0]


def renamed(group: dict, name: str) -> dict:
    """The operation that Okta sends along with every change of a group."""
    return {"op": "replace", "value": {"id": group["id"], "displayName": name}}


def named(*users: dict) -> list[dict]:
    """Members as Okta writes them."""
    return [{"value": user["id"], "display": user["userName"]} for user in users]


def test_a_group_is_pushed_empty_and_filled(scim, users):
    group = push(scim, "Ops")
    assert group["members"] == []
    seen = change(scim, group, renamed(group, "Ops"), {"op": "add", "path": "members", "value": named(*users)})
    assert member_ids(seen) == ids(*users)
    assert push(scim, "Ops")["id"] == group["id"]


def test_a_group_that_is_there_is_linked_and_renamed(scim, users):
    existing = new_group(scim, "ops", *users)
    linked = push(scim, "Ops")
    assert linked["id"] == existing["id"]
    seen = change(scim, linked, renamed(linked, "Ops"))
    assert (seen["displayName"], member_ids(seen)) == ("Ops", ids(*users))


def test_members_leave_by_filter_and_come_by_list_in_one_request(scim, users):
    group = new_group(scim, "Ops", *users[:2])
    operations = [
        renamed(group, "Ops"),
        remove_by_filter(users[0]),
        {"op": "add", "path": "members", "value": named(*users[2:])},
    ]
    seen = change(scim, group, *operations)
    assert member_ids(seen) == ids(*users[1:])
    # A job that is repeated, since Okta did not see its answer.
    assert change(scim, group, *operations) == seen


def test_a_group_is_renamed_with_its_id_in_the_value(scim, users):
    group = new_group(scim, "Ops", *users)
    seen = change(scim, group, renamed(group, "Ops 2"))
    assert (seen["displayName"], member_ids(seen)) == ("Ops 2", ids(*users))
    assert listing(scim.get("/Groups", filter='displayName eq "Ops"'))["totalResults"] == 0


def test_a_name_that_another_group_has_cannot_be_given(scim):
    first, second = push(scim, "First"), push(scim, "Second")
    refused(scim.patch(path_of(second), renamed(second, "FIRST")), 409, "uniqueness", naming="displayName")
    assert read(scim, second) == second
    assert read(scim, first) == first


@pytest.mark.parametrize(
    "form",
    [
        lambda members: {"op": "replace", "path": "members", "value": members},
        lambda members: {"op": "replace", "value": {"members": members}},
    ],
)
def test_push_now_overwrites_all_members(scim, users, form):
    group = new_group(scim, "Ops", *users[:2])
    assert member_ids(change(scim, group, renamed(group, "Ops"), form(named(*users[1:])))) == ids(*users[1:])
    assert change(scim, group, form([]))["members"] == []


def test_a_custom_app_puts_the_whole_group_and_removes_its_last_member(scim, users):
    group = push(scim, "Ops")
    body = {"schemas": [GROUP], "id": group["id"], "displayName": "Ops"}
    assert member_ids(put(scim, group, {**body, "members": named(*users)})) == ids(*users)
    assert member_ids(put(scim, group, {**body, "members": named(users[0])})) == ids(users[0])
    assert put(scim, group, {**body, "members": []})["members"] == []
    renamed_group = put(scim, group, {**body, "displayName": "Ops 2", "members": []})
    assert renamed_group["displayName"] == "Ops 2"


def test_one_member_that_nobody_knows_does_not_lose_the_push(scim, users):
    group = push(scim, "Ops")
    strangers = [{"value": "00u1abcdEFGH2ijkl3x7", "display": "gone"}, {"value": users[0]["id"][:-1] + "x"}]
    seen = change(scim, group, {"op": "add", "path": "members", "value": [*strangers, *named(*users)]})
    assert member_ids(seen) == ids(*users)


def test_a_deactivated_user_leaves_a_group_when_okta_says_so_and_not_before(scim, users):
    group = new_group(scim, "Ops", *users)
    scim.change(users[0], {"op": "replace", "value": {"active": False}})
    assert member_ids(read(scim, group)) == ids(*users)
    assert member_ids(change(scim, group, remove_by_filter(users[0]))) == ids(*users[1:])


def test_a_group_that_is_unlinked_is_deleted_and_its_members_stay(scim, users):
    group = new_group(scim, "Ops", *users)
    no_content(scim.delete(path_of(group)))
    assert scim.total() == 4
    assert push(scim, "Ops")["id"] != group["id"]


def test_two_hundred_and_fifty_six_members_come_in_one_request(scim, name):
    users = [scim.create(f"{number}.{name}") for number in range(256)]
    group = push(scim, "Everybody")
    assert member_ids(change(scim, group, {"op": "add", "path": "members", "value": named(*users)})) == ids(*users)


def test_an_import_sees_every_group_once_with_its_members(scim, users):
    made = [new_group(scim, f"Ops {number}", *users[: number % 3]) for number in range(7)]
    seen, start = [], 1
    while True:
        page = listing(scim.get("/Groups", startIndex=start, count=3))
        assert (page["startIndex"], page["totalResults"]) == (start, 7)
        seen += page["Resources"]
        if len(seen) >= page["totalResults"]:
            break
        start += len(page["Resources"])
    assert seen == made


def test_the_groups_of_a_user_are_seen_and_not_written_through_the_user(scim, users):
    group = new_group(scim, "Ops", users[0])
    body = okta_user(users[0]["userName"], groups=[], title="Boss")
    seen = scim.replace(users[0], body)
    assert [found["value"] for found in seen["groups"]] == [group["id"]]
    assert member_ids(read(scim, group)) == ids(users[0])


def test_the_first_page_of_groups_of_an_empty_directory(scim):
    assert listing(scim.get("/Groups", count=100, startIndex=1))["Resources"] == []
    assert ok(scim.get("/Groups"))["totalResults"] == 0
    assert change(scim, push(scim, "Ops"), add())["members"] == []
    refused(scim.post("/Groups", a_group("ops")), 409, "uniqueness")
