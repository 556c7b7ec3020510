"""Groups over gRPC, as the application's own services read and write them."""

import pytest
from groups import add, member_ids, new_group, path_of, read

from harness.rpc import api, refuses
from harness.scim import UNKNOWN_ID, no_content, ok

pytestmark = pytest.mark.hops


@pytest.fixture
def service(generic):
    """A service that may read and write one directory."""
    return generic.house.rpc(generic.house.new_service_key("DIRECTORY_READ", "DIRECTORY_WRITE", directory=generic.name))


@pytest.fixture
def users(generic, name) -> list[dict]:
    return [generic.scim.create(f"{number}.{name}", displayName=f"User {number}") for number in range(3)]


def members_of(service, group_id: str) -> list:
    """The members of a group in the order in which they are streamed."""
    return [
        member for message in service.call("GroupService/ListGroupMembers", id=group_id) for member in message.members
    ]


def operation(kind: str, path: str, *ids: str) -> dict:
    number = api()["resource"].PatchOperation.Kind.Value(f"KIND_{kind}")
    return {"kind": number, "path": path, "value": {"list_value": {"values": [{"string_value": id} for id in ids]}}}


def test_a_group_that_scim_made_is_read_without_its_members_and_they_are_streamed(generic, service, users):
    inner = new_group(generic.scim, "Inner")
    group = new_group(generic.scim, "Ops", *users, inner, externalId="77")
    seen = service.call("GroupService/GetGroup", id=group["id"]).group
    assert (seen.display_name, seen.external_id, seen.meta.version) == ("Ops", "77", 'W/"1"')
    assert seen.meta.location == f"/Groups/{group['id']}"
    members = members_of(service, group["id"])
    assert [member.value for member in members] == sorted(member_ids(group))
    by_id = {member.value: member for member in members}
    assert (by_id[inner["id"]].type, by_id[inner["id"]].display) == ("Group", "Inner")
    assert by_id[users[0]["id"]].ref == f"/Users/{users[0]['id']}"


def test_members_stream_in_and_out_in_as_many_messages_as_wanted(generic, service, users):
    ids = [user["id"] for user in users]
    messages = [{"group": {"display_name": "Ops"}, "members": ids[:1]}, {"members": ids[1:2]}, {}, {"members": ids[2:]}]
    made = service.stream("GroupService/CreateGroup", *messages).group
    assert member_ids(read(generic.scim, {"id": made.id})) == set(ids)
    messages = [{"id": made.id, "group": {"display_name": "Ops 2"}}, {"members": ids[:1]}, {"members": ids[:2]}]
    replaced = service.stream("GroupService/ReplaceGroup", *messages).group
    assert (replaced.display_name, replaced.meta.version) == ("Ops 2", 'W/"2"')
    assert {member.value for member in members_of(service, made.id)} == set(ids[:2])
    messages = [
        {"id": made.id, "operations": [operation("REPLACE", "members", ids[2])]},
        {"operations": [operation("ADD", "members", ids[0]), operation("REMOVE", "members", ids[2])]},
    ]
    patched = service.stream("GroupService/PatchGroup", *messages).group
    assert patched.meta.version == 'W/"3"'
    assert [member.value for member in members_of(service, made.id)] == [ids[0]]


def test_nobody_and_not_saying_who_are_two_things_in_a_replacement(house, name):
    directory = house.new_directory("okta")
    service = house.rpc(house.new_service_key("DIRECTORY_READ", "DIRECTORY_WRITE", directory=directory.name))
    user = directory.scim.create(name)
    group = new_group(directory.scim, "Ops", user)
    body = {"id": group["id"], "group": {"display_name": "Ops"}}
    service.call("GroupService/ReplaceGroup", **body)
    assert [member.value for member in members_of(service, group["id"])] == [user["id"]]
    service.call("GroupService/ReplaceGroup", **body, has_members=True)
    assert members_of(service, group["id"]) == []


def test_groups_are_listed_by_filter_sort_and_both_kinds_of_paging(generic, service, users):
    for number in range(5):
        new_group(generic.scim, f"Ops {number}", *users[: number % 2])
    page = service.call(
        "GroupService/ListGroups", filter="members pr", sort_by="displayName", start_index=2, page_size=1
    )
    assert (page.total_results, page.start_index, page.next_page_token) == (2, 2, "")
    assert [group.display_name for group in page.groups] == ["Ops 3"]
    names, token = [], ""
    while True:
        page = service.call("GroupService/ListGroups", page_size=2, page_token=token)
        names += [group.display_name for group in page.groups]
        token = page.next_page_token
        if not token:
            break
    assert names == [f"Ops {number}" for number in range(5)]
    with refuses("INVALID_CURSOR"):
        service.call("GroupService/ListGroups", page_size=2, page_token="nonsense")


def test_both_types_are_searched_at_once(generic, service, users):
    group = new_group(generic.scim, "Ops", users[0])
    found = service.call("SearchService/SearchResources", filter=f'id eq "{group["id"]}" or userName sw "0."')
    kinds = {resource.WhichOneof("resource"): resource for resource in found.resources}
    assert kinds["user"].user.id == users[0]["id"]
    assert kinds["group"].group.id == group["id"]


def test_a_change_over_one_way_is_seen_over_the_other_and_versions_count_in_both(generic, service, users):
    group = new_group(generic.scim, "Ops")
    tag = service.call("GroupService/GetGroup", id=group["id"]).group.meta.version
    no_content(generic.scim.patch(path_of(group), add(users[0]), headers={"If-Match": tag}))
    for call, fields in (
        ("DeleteGroup", {}),
        ("ReplaceGroup", {"group": {"display_name": "lost"}}),
        ("PatchGroup", {"operations": [operation("REMOVE", "members")]}),
    ):
        with refuses("VERSION_MISMATCH", naming='W/"2"'):
            service.call(f"GroupService/{call}", id=group["id"], if_match=[tag], **fields)
    service.call("GroupService/DeleteGroup", id=group["id"], if_match=['W/"2"'])
    assert ok(generic.scim.get("/Groups"))["totalResults"] == 0


def test_what_cannot_be_is_refused_by_its_reason_and_nothing_is_written(generic, service, users):
    group = new_group(generic.scim, "Ops", users[0])
    with refuses("INVALID_VALUE", naming="displayName"):
        service.call("GroupService/CreateGroup", group={})
    with refuses("INVALID_VALUE", naming=UNKNOWN_ID):
        service.stream("GroupService/CreateGroup", {"group": {"display_name": "x"}}, {"members": [UNKNOWN_ID]})
    with refuses("INVALID_VALUE", naming=UNKNOWN_ID):
        service.call("GroupService/PatchGroup", id=group["id"], operations=[operation("ADD", "members", UNKNOWN_ID)])
    with refuses("INVALID_PATH", naming="nothing"):
        service.call("GroupService/PatchGroup", id=group["id"], operations=[operation("ADD", "nothing")])
    for call in ("GetGroup", "ListGroupMembers", "DeleteGroup"):
        with refuses("NOT_FOUND", naming="nobody"):
            service.call(f"GroupService/{call}", id="nobody")
    assert read(generic.scim, group) == group


def test_where_groups_are_off_services_find_and_write_none(generic, service, users):
    group = new_group(generic.scim, "Ops", users[0])
    generic.house.admin.call("DirectoryService/UpdateDirectory", name=generic.name, groups_enabled=False)
    assert service.call("GroupService/ListGroups").total_results == 0
    for call in ("GetGroup", "ListGroupMembers"):
        with refuses("NOT_FOUND"):
            service.call(f"GroupService/{call}", id=group["id"])
    with refuses("FORBIDDEN", naming="groups"):
        service.call("GroupService/CreateGroup", group={"display_name": "x"})
    with refuses("FORBIDDEN", naming="groups"):
        service.call("GroupService/DeleteGroup", id=group["id"])


def test_a_service_of_another_directory_finds_nothing(house, generic, service, users):
    group = new_group(generic.scim, "Ops", users[0])
    other = house.new_directory("generic")
    stranger = house.rpc(house.new_service_key("DIRECTORY_READ", "DIRECTORY_WRITE", directory=other.name))
    assert stranger.call("GroupService/ListGroups").total_results == 0
    for call in ("GetGroup", "ListGroupMembers", "DeleteGroup"):
        with refuses("NOT_FOUND"):
            stranger.call(f"GroupService/{call}", id=group["id"])
    with refuses("INVALID_VALUE", naming=users[0]["id"]):
        stranger.call("GroupService/CreateGroup", group={"display_name": "x"}, members=[users[0]["id"]])
    assert read(generic.scim, group) == group
