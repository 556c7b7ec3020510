"""Users over gRPC, as the application's own services read and write them."""

import grpc
import pytest

from harness.rpc import api, refuses

pytestmark = pytest.mark.hops


@pytest.fixture
def service(generic):
    """A service that may read and write one directory."""
    return generic.house.rpc(generic.house.new_service_key("DIRECTORY_READ", "DIRECTORY_WRITE", directory=generic.name))


def test_a_user_that_scim_made_is_read_with_typed_fields(generic, service, name):
    user = generic.scim.create(
        name, name={"familyName": "Ruiz"}, emails=[{"value": name, "primary": True}], title="Boss"
    )
    seen = service.call("UserService/GetUser", id=user["id"]).user
    assert (seen.user_name, seen.title, seen.active) == (name, "Boss", True)
    assert seen.name.family_name == "Ruiz"
    assert not seen.name.HasField("given_name")
    assert [(email.value, email.primary) for email in seen.emails] == [(name, True)]
    assert not seen.HasField("nick_name")
    assert seen.meta.version == user["meta"]["version"]
    assert seen.meta.location == f"/Users/{user['id']}"


def test_a_user_that_a_service_made_is_read_over_scim(generic, service, name):
    made = service.call("UserService/CreateUser", user={"user_name": name, "enterprise": {"department": "Ops"}}).user
    seen = generic.scim.read({"id": made.id})
    assert seen["userName"] == name
    assert seen["active"] is True
    assert seen["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] == {"department": "Ops"}


def test_a_service_changes_and_deletes(generic, service, name):
    made = service.call("UserService/CreateUser", user={"user_name": name, "title": "Boss"}).user
    replace = api()["resource"].PatchOperation.KIND_REPLACE
    operations = [{"kind": replace, "path": "active", "value": {"bool_value": False}}]
    patched = service.call("UserService/PatchUser", id=made.id, operations=operations).user
    assert (patched.active, patched.title) == (False, "Boss")
    replaced = service.call("UserService/ReplaceUser", id=made.id, user={"user_name": name}).user
    assert replaced.active is False
    assert not replaced.HasField("title")
    service.call("UserService/DeleteUser", id=made.id)
    with refuses("NOT_FOUND", naming=made.id):
        service.call("UserService/GetUser", id=made.id)


def test_absent_null_empty_and_none_at_all_are_four_things_in_a_patch(service, name):
    made = service.call("UserService/CreateUser", user={"user_name": name, "title": "Boss", "nick_name": "A"}).user
    add, replace, remove = (
        api()["resource"].PatchOperation.Kind.Value(f"KIND_{kind}") for kind in ("ADD", "REPLACE", "REMOVE")
    )

    def patch(**operation):
        return service.call("UserService/PatchUser", id=made.id, operations=[operation]).user

    assert not patch(kind=replace, path="title", value={"null_value": {}}).HasField("title")
    assert patch(kind=add, path="title", value={"string_value": "Chief"}).title == "Chief"
    emails = {
        "list_value": {"values": [{"map_value": {"entries": [{"name": "value", "value": {"string_value": name}}]}}]}
    }
    assert len(patch(kind=replace, path="emails", value=emails).emails) == 1
    assert len(patch(kind=remove, path="emails", value={"list_value": {}}).emails) == 1
    assert len(patch(kind=remove, path="emails").emails) == 0
    with refuses("INVALID_PATH"):
        patch(kind=replace, path="nothing", value={"string_value": "x"})
    with refuses("INVALID_SYNTAX"):
        patch(path="title", value={"string_value": "x"})


def test_users_are_listed_by_filter_sort_and_both_kinds_of_paging(service, name):
    for number in range(5):
        service.call("UserService/CreateUser", user={"user_name": f"{number}.{name}", "display_name": str(9 - number)})
    page = service.call(
        "UserService/ListUsers", filter=f'userName ew "{name}"', sort_by="displayName", start_index=2, page_size=2
    )
    assert (page.total_results, page.start_index, page.next_page_token) == (5, 2, "")
    assert [user.display_name for user in page.users] == ["6", "7"]
    seen, token = [], ""
    while True:
        page = service.call("UserService/ListUsers", sort_by="displayName", page_size=2, page_token=token)
        seen += [user.display_name for user in page.users]
        token = page.next_page_token
        if not token:
            break
    assert seen == ["5", "6", "7", "8", "9"]


def test_an_admin_names_the_directory_it_means(generic, name):
    user = generic.scim.create(name)
    admin = generic.house.admin
    assert admin.call("UserService/GetUser", directory=generic.name, id=user["id"]).user.user_name == name
    with refuses("INVALID_VALUE", naming="directory"):
        admin.call("UserService/GetUser", id=user["id"])
    with refuses("NOT_FOUND", naming="nowhere"):
        admin.call("UserService/GetUser", directory="nowhere", id=user["id"])


@pytest.mark.parametrize(
    ("call", "fields", "reason"),
    [
        ("CreateUser", {}, "INVALID_VALUE"),
        ("CreateUser", {"user": {}}, "INVALID_VALUE"),
        ("CreateUser", {"user": {"user_name": ""}}, "INVALID_VALUE"),
        ("CreateUser", {"user": {"user_name": "a\0b"}}, "INVALID_VALUE"),
        (
            "CreateUser",
            {"user": {"user_name": "x", "emails": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]}},
            "INVALID_VALUE",
        ),
        (
            "CreateUser",
            {"user": {"user_name": "x"}, "projection": {"attributes": ["id"], "excluded_attributes": ["id"]}},
            "INVALID_VALUE",
        ),
        ("GetUser", {"id": ""}, "NOT_FOUND"),
        ("GetUser", {"id": "a\0b"}, "NOT_FOUND"),
        ("GetUser", {"id": "x" * 100_000}, "NOT_FOUND"),
        ("ReplaceUser", {"id": "nobody", "user": {"user_name": "x"}}, "NOT_FOUND"),
        ("DeleteUser", {"id": "nobody"}, "NOT_FOUND"),
        ("ListUsers", {"filter": "("}, "INVALID_FILTER"),
        ("ListUsers", {"filter": "(" * 10_000}, "INVALID_FILTER"),
        ("ListUsers", {"filter": 'userName eq "a\0b"'}, "INVALID_VALUE"),
        ("ListUsers", {"filter": 'userName eq "a\\u0000b"'}, "INVALID_VALUE"),
        ("ListUsers", {"sort_by": "nothing"}, "INVALID_PATH"),
        ("ListUsers", {"sort_by": "userName", "sort_order": 99}, "INVALID_VALUE"),
        ("ListUsers", {"page_token": "nonsense"}, "INVALID_CURSOR"),
        ("ListUsers", {"page_token": "AAAA", "start_index": 1}, "INVALID_VALUE"),
    ],
)
def test_a_bad_request_is_told_what_is_wrong_and_writes_nothing(generic, service, call, fields, reason):
    with refuses(reason):
        service.call(f"UserService/{call}", **fields)
    assert generic.scim.total() == 0


def test_two_services_with_an_old_version_do_not_overwrite_each_other(service, name):
    made = service.call("UserService/CreateUser", user={"user_name": name}).user
    fields = {"id": made.id, "user": {"user_name": name, "title": "Boss"}, "if_match": [made.meta.version]}
    service.call("UserService/ReplaceUser", **fields)
    with refuses("VERSION_MISMATCH", naming='W/"2"'):
        service.call("UserService/ReplaceUser", **fields)
    with refuses("VERSION_MISMATCH"):
        service.call("UserService/DeleteUser", id=made.id, if_match=[made.meta.version])


@pytest.mark.parametrize("name", ["GetUser", "ListUsers", "PatchUser", "ReplaceUser"])
def test_a_long_message_of_a_stranger_is_not_looked_at(generic, service, name):
    garbage = b"\xff" * 200_000

    def sent(caller, message):
        call = caller.channel.unary_unary(f"/rollcall.v1.UserService/{name}")
        call(message, metadata=caller.metadata, timeout=60)

    stranger = generic.house.rpc("no-credential-of-ours")
    with refuses("CREDENTIAL_INVALID"):
        sent(stranger, garbage)
    with pytest.raises(grpc.RpcError) as refused:
        sent(service, garbage)
    assert "decode" in refused.value.details()
