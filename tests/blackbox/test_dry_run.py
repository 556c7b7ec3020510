"""Dry run: reads are answered, and of every write what would have happened, which does not happen."""

import pytest
from groups import a_group, new_group, path_of, with_groups

from harness.rpc import refuses
from harness.scim import MESSAGES, a_user, ok, refused

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
    before = (ok(scim.get(user)), ok(scim.get(group)), len(dry.events()))
    for answer, naming in (
        (scim.post("/Users", a_user(f"new.{name}")), f"new.{name}"),
        (scim.patch(user, TITLE), "changed"),
        (scim.put(user, a_user(name, title="Boss")), "changed"),
        (scim.delete(user), "deleted"),
        (scim.post("/Groups", a_group("New")), "created"),
        (scim.patch(group, {"op": "remove", "path": "members"}), "changed"),
        (scim.put(group, a_group("Ops 2")), "changed"),
        (scim.delete(group), "deleted"),
    ):
        refused(answer, 403, naming="dry run")
        assert f"would have been {naming}" in answer.json()["detail"] or naming in answer.json()["detail"]
    assert (ok(scim.get(user)), ok(scim.get(group)), len(dry.events())) == before
    assert scim.total() == 1


def test_what_is_wrong_is_refused_as_ever(dry, name):
    refused(dry.scim.post("/Users", a_user(name)), 409, "uniqueness")
    refused(dry.scim.post("/Users", {"schemas": a_user(name)["schemas"]}), 400, "invalidValue", naming="userName")
    nonsense = {"op": "replace", "path": "nonsense", "value": 1}
    refused(dry.scim.patch(f"/Users/{dry.user['id']}", nonsense), 400, "invalidPath")
    refused(dry.scim.delete("/Users/01890000-0000-7000-8000-000000000000"), 404)


def test_a_bulk_request_says_what_would_have_become_of_its_operations(dry, name):
    body = {
        "schemas": [MESSAGES + "BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "u", "data": a_user(f"new.{name}")},
            {"method": "POST", "path": "/Groups", "bulkId": "g", "data": a_group("New", "bulkId:u")},
            {"method": "POST", "path": "/Users", "bulkId": "v", "data": a_user(name)},
            {"method": "DELETE", "path": f"/Users/{dry.user['id']}"},
        ],
    }
    answer = dry.scim.post("/Bulk", body)
    refused(answer, 403, naming="dry run")
    detail = answer.json()["detail"]
    assert "would have been done: 3" in detail
    assert "would have failed: 1" in detail
    assert "Operations[2]: userName" in detail
    assert dry.scim.total() == 1


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
