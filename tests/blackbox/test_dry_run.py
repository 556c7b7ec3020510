"""Dry run: reads are answered, and of every write what would have happened, which does not happen."""

import pytest
from activity import recorded
from groups import a_group, add, new_group, path_of, with_groups

from harness.rpc import refuses
from harness.scim import ENTERPRISE, MESSAGES, a_user, no_content, ok, patch_op, refused

pytestmark = pytest.mark.every_mode

TITLE = {"op": "replace", "path": "title", "value": "Boss"}


@pytest.fixture
def dry(generic, name):
    """A directory in a dry run, with a user and a group in it."""
    generic.user = generic.scim.create(name)
    generic.group = new_group(with_groups(generic).scim, "Ops", generic.user)
    shown = generic.house.command_json("directory", "update", generic.name, "--dry-run", "on")
    assert shown["dry_run"] is True
    return generic


def test_reads_are_answered_as_ever(dry):
    assert ok(dry.scim.get(f"/Users/{dry.user['id']}"))["userName"] == dry.user["userName"]
    assert dry.scim.total() == 1
    assert ok(dry.scim.get(path_of(dry.group)))["members"][0]["value"] == dry.user["id"]


def test_every_write_says_what_would_have_happened_and_does_not_happen(dry, name):
    scim, user, group = dry.scim, f"/Users/{dry.user['id']}", path_of(dry.group)
    who, which = f"the user {dry.user['id']}", f"the group {dry.group['id']}"
    before = (ok(scim.get(user)), ok(scim.get(group)), len(dry.events()))
    department = {"op": "add", "path": f"{ENTERPRISE}:department", "value": "R&D"}
    for answer, naming in (
        (scim.post("/Users", a_user(f"new.{name}")), f'the user "new.{name}" would have been created'),
        (scim.patch(user, TITLE, department), f"{who} would have been changed: title, {ENTERPRISE}:department;"),
        (scim.put(user, a_user(name, title="Boss")), f"{who} would have been replaced: title;"),
        (scim.put(user, a_user(name)), f"nothing would have changed in {who};"),
        (scim.delete(user), f"{who} would have been deleted"),
        (scim.post("/Groups", a_group("New")), 'the group "New" would have been created'),
        (
            scim.patch(group, {"op": "remove", "path": "members"}),
            f"{which} would have been changed: members (0 added, 1 removed);",
        ),
        (
            scim.put(group, a_group("Ops 2")),
            f"{which} would have been replaced: displayName, members (0 added, 1 removed);",
        ),
        (scim.patch(group, add(dry.user)), f"nothing would have changed in {which};"),
        (scim.delete(group), f"{which} would have been deleted"),
    ):
        refused(answer, 403, naming="dry run")
        assert naming in answer.json()["detail"]
    assert (ok(scim.get(user)), ok(scim.get(group)), len(dry.events())) == before
    assert scim.total() == 1


def test_who_would_have_returned_is_named(okta, name):
    user = okta.scim.create(name, externalId="00u1", title="Boss")
    no_content(okta.scim.delete(f"/Users/{user['id']}"))
    okta.house.command_json("directory", "update", okta.name, "--dry-run", "on")
    answer = okta.scim.post("/Users", a_user(name, externalId="00u1", locale="en"))
    refused(answer, 403, naming=f"the user {user['id']} would have been restored: title, locale")
    assert okta.scim.total() == 0


def test_what_is_wrong_is_refused_as_ever(dry, name):
    refused(dry.scim.post("/Users", a_user(name)), 409, "uniqueness")
    refused(dry.scim.post("/Users", {"schemas": a_user(name)["schemas"]}), 400, "invalidValue", naming="userName")
    nonsense = {"op": "replace", "path": "nonsense", "value": 1}
    refused(dry.scim.patch(f"/Users/{dry.user['id']}", nonsense), 400, "invalidPath")
    refused(dry.scim.delete("/Users/01890000-0000-7000-8000-000000000000"), 404)


def bulk(*operations: dict, **members) -> dict:
    return {"schemas": [MESSAGES + "BulkRequest"], "Operations": list(operations), **members}


def post(bulk_id: str, path: str, data: dict) -> dict:
    return {"method": "POST", "path": path, "bulkId": bulk_id, "data": data}


def told(directory, body: dict, done: int, failed: int) -> str:
    """What a dry run says of a bulk request, of whose operations so many would have been done and have failed."""
    answer = directory.scim.post("/Bulk", body)
    refused(answer, 403, naming="dry run")
    detail = answer.json()["detail"]
    assert f"would have been done: {done}, that would have failed: {failed}" in detail, detail
    return detail


def test_a_bulk_request_says_what_would_have_become_of_its_operations(dry, name):
    events = len(dry.events())
    body = bulk(
        post("u", "/Users", a_user(f"new.{name}")),
        post("g", "/Groups", a_group("New", "bulkId:u")),
        post("v", "/Users", a_user(name)),
        {"method": "PATCH", "path": "/Groups/bulkId:g", "data": patch_op(add(dry.user))},
        {"method": "DELETE", "path": f"/Users/{dry.user['id']}"},
    )
    detail = told(dry, body, 4, 1)
    for naming in (
        "Operations[2]: userName",
        f'Operations[0]: the user "new.{name}" would have been created',
        'Operations[1]: the group "New" would have been created',
        "would have been changed: members (1 added, 0 removed)",
        f"Operations[4]: the user {dry.user['id']} would have been deleted",
    ):
        assert naming in detail
    assert detail.index("Operations[2]") < detail.index("Operations[0]"), "what would have failed comes first"
    assert dry.scim.total() == 1
    assert ok(dry.scim.get("/Groups"))["totalResults"] == 1
    assert len(dry.events()) == events


def test_what_an_operation_refers_to_is_there_and_every_rule_holds_for_it(dry, name):
    nobody = "01890000-0000-7000-8000-000000000000"
    wrong = {"op": "replace", "path": "nonsense", "value": 1}
    body = bulk(
        post("u", "/Users", a_user(f"new.{name}")),
        post("g", "/Groups", a_group("One", "bulkId:u", nobody)),
        post("h", "/Groups", a_group("Two", "bulkId:g")),
        post("w", "/Users", a_user(f"NEW.{name}")),
        post("a", "/Groups", a_group("A", "bulkId:b")),
        post("b", "/Groups", a_group("B", "bulkId:a", "bulkId:u")),
        {"method": "PATCH", "path": "/Users/bulkId:u", "data": patch_op(wrong)},
        {"method": "PATCH", "path": "/Users/bulkId:u", "data": patch_op(TITLE)},
        {"method": "DELETE", "path": "/Users/bulkId:u"},
        {"method": "DELETE", "path": "/Users/bulkId:u"},
    )
    detail = told(dry, body, 5, 5)
    for naming in (
        f'Operations[1]: members: there is no user or group with the id "{nobody}"',
        "Operations[2]: bulkId:g: the operation with this bulkId failed",
        "Operations[3]: userName: another user",
        "Operations[6]:",
        "Operations[7]: the user",
        "would have been changed: title",
        "Operations[9]: there is no User",
    ):
        assert naming in detail, detail
    assert dry.scim.total() == 1


def test_operations_without_a_bulk_id_find_what_those_before_them_did(dry, name):
    user = f"/Users/{dry.user['id']}"
    body = bulk(
        {"method": "DELETE", "path": user},
        {"method": "PATCH", "path": user, "data": patch_op(TITLE)},
        post("u", "/Users", a_user(name)),
        {"method": "PATCH", "path": path_of(dry.group), "data": patch_op(add(dry.user))},
        failOnErrors=2,
    )
    detail = told(dry, body, 2, 2)
    assert "Operations[1]: there is no User" in detail
    assert "Operations[3]: Operations[0]: members" in detail
    left = told(dry, {**body, "failOnErrors": 1}, 1, 1)
    assert "that would have been left undone: 2" in left


def test_the_last_administrator_stays_in_a_dry_run_too(dry, name):
    other = dry.house.admin.call("UserService/CreateUser", directory=dry.name, user={"user_name": f"o.{name}"}).user
    for user in (dry.user["id"], other.id):
        flags = ["--directory", dry.name, "--administrator", "on"]
        dry.house.command_json("user", "update", user, *flags)
    deletions = [{"method": "DELETE", "path": f"/Users/{user}"} for user in (dry.user["id"], other.id)]
    assert "last active administrator" in told(dry, bulk(*deletions), 1, 1)
    assert dry.scim.total() == 2


def test_a_bulk_request_is_noted_in_the_activity_log_operation_by_operation(dry, name):
    body = bulk(
        post("u", "/Users", a_user(f"new.{name}")),
        {"method": "DELETE", "path": f"/Users/{dry.user['id']}"},
    )
    answer = dry.scim.post("/Bulk", body)
    notes = list(recorded(dry, answer).notes)
    assert notes == [
        "dry run: nothing of it was done",
        f'Operations[0]: the user "new.{name}" would have been created',
        f"Operations[1]: the user {dry.user['id']} would have been deleted",
    ]


def test_whoever_would_have_left_in_a_bulk_request_is_not_counted(dry):
    house = dry.house
    house.command_json("directory", "update", dry.name, "--guard-rail", "1,0%,1h")
    second = house.admin.call("UserService/CreateUser", directory=dry.name, user={"user_name": "second"}).user
    house.database.execute(
        "UPDATE resources SET created = created - ? WHERE directory_id = ?",
        24 * 60 * 60 * 1_000_000,
        house.database_id(dry.id),
    )
    deletions = [{"method": "DELETE", "path": f"/Users/{user}"} for user in (dry.user["id"], second.id)]
    told(dry, bulk(deletions[0]), 1, 0)
    answer = dry.scim.post("/Bulk", bulk(*deletions))
    refused(answer, 403, naming="guard rail would have held")
    house.command_json("directory", "update", dry.name, "--dry-run", "off")
    no_content(dry.scim.delete(f"/Users/{second.id}"))


def test_a_token_over_grpc_runs_dry_too_and_an_administrator_does_not(dry):
    with refuses("DRY_RUN"):
        dry.house.rpc(dry.token).call("UserService/DeleteUser", id=dry.user["id"])
    dry.house.admin.call("UserService/DeleteUser", directory=dry.name, id=dry.user["id"])
    assert dry.scim.total() == 0


def test_a_dry_run_holds_nothing(dry):
    dry.house.command_json("directory", "update", dry.name, "--guard-rail", "0,0%,1h")
    dry.house.database.execute(
        "UPDATE resources SET created = created - ? WHERE directory_id = ?",
        24 * 60 * 60 * 1_000_000,
        dry.house.database_id(dry.id),
    )
    refused(dry.scim.delete(f"/Users/{dry.user['id']}"), 403, naming="guard rail would have held")
    assert dry.house.command_json("hold", "list", "--directory", dry.name)["holds"] == []


def test_it_ends_when_the_administrator_says_so(dry):
    dry.house.command_json("directory", "update", dry.name, "--dry-run", "off")
    assert dry.scim.change(dry.user, TITLE)["title"] == "Boss"
