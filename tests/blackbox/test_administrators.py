"""Administrators of the application: users who are marked so, and whom no identity provider makes or unmakes."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.rpc import api, refuses
from harness.scim import MESSAGES, a_user, no_content, ok, patch_op, refused

pytestmark = pytest.mark.databases

OFF = {"op": "replace", "path": "active", "value": False}


def mark(directory, user: str, on: bool) -> dict:
    """Marks a user, named by id or userName, by the command line."""
    switch = "on" if on else "off"
    flags = ["--directory", directory.name, "--administrator", switch]
    return directory.house.command_json("user", "update", user, *flags)


def test_an_administrator_is_marked_by_the_command_line_and_shown_there_and_nowhere_in_scim(directory, name):
    house = directory.house
    user = directory.scim.create(name, roles=[{"value": "admin", "primary": True}])
    shown = house.command_json("user", "show", name, "--directory", directory.name)
    assert (shown["administrator"], shown["origin"]) == (False, "scim")
    marked = mark(directory, user["id"], True)
    assert (marked["id"], marked["administrator"]) == (user["id"], True)
    listed = house.command_json("user", "list", "--directory", directory.name)
    assert [(user["id"], user["administrator"]) for user in listed["users"]] == [(user["id"], True)]
    assert ok(directory.scim.get(f"/Users/{user['id']}")) == user
    assert mark(directory, name, False)["administrator"] is False
    table = house.command("user", "list", "--directory", directory.name)
    assert table.stdout.split()[:5] == ["USERNAME", "DISPLAY", "NAME", "ACTIVE", "ADMIN"]


def test_the_mark_stays_through_what_an_identity_provider_sends(directory, name):
    user = directory.scim.create(name)
    mark(directory, name, True)
    directory.scim.replace(user, a_user(name, title="Boss", administrator=False))
    directory.scim.change(user, {"op": "replace", "path": "title", "value": "None"})
    assert directory.house.command_json("user", "show", name, "--directory", directory.name)["administrator"] is True


def test_a_change_of_the_mark_is_an_event_and_no_change_none(generic, name):
    user = generic.scim.create(name)
    for on in (True, True, False):
        mark(generic, name, on)
    told = [(event["kind"], event["changes"]) for event in generic.events(user["id"])]
    told = [json.loads(changes) for kind, changes in told if kind == "user.administrator_changed"]
    assert told == [
        {"administrator": {"before": False, "after": True}},
        {"administrator": {"before": True, "after": False}},
    ]
    assert ok(generic.scim.get(f"/Users/{user['id']}"))["meta"] == user["meta"]


def test_an_origin_says_who_made_the_user(generic, name):
    origin = api()["user"].UserOrigin
    service = generic.house.rpc(generic.house.new_service_key("DIRECTORY_WRITE", directory=generic.name))
    made = service.call("UserService/CreateUser", user={"user_name": f"service.{name}"}).user
    assert made.origin == origin.USER_ORIGIN_ADMIN
    by_scim = generic.house.rpc(generic.token).call("UserService/CreateUser", user={"user_name": name}).user
    assert by_scim.origin == origin.USER_ORIGIN_SCIM
    shown = generic.house.command_json("user", "show", f"service.{name}", "--directory", generic.name)
    assert shown["origin"] == "admin"


def test_who_is_not_there_cannot_be_marked_and_a_token_marks_nobody(generic, name):
    house = generic.house
    done = house.command("user", "update", "nobody", "--directory", generic.name, "--administrator", "on")
    assert done.returncode == 1
    assert "nobody" in done.stderr
    user = generic.scim.create(name)
    with refuses("SCOPE_MISSING"):
        house.rpc(generic.token).call("UserService/SetAdministrator", id=user["id"], administrator=True)
    other = house.new_directory()
    with refuses("NOT_FOUND"):
        house.admin.call("UserService/SetAdministrator", directory=other.name, id=user["id"], administrator=True)


def leave(directory, user: dict, by: str):
    """Makes a user leave by SCIM, whatever the method."""
    scim, path = directory.scim, f"/Users/{user['id']}"
    if by == "patch":
        return scim.patch(path, OFF)
    if by == "put":
        return scim.put(path, a_user(user["userName"], active=False))
    if by == "remove":
        return scim.patch(path, {"op": "remove", "path": "active"})
    return scim.delete(path)


@pytest.mark.parametrize("by", ["patch", "put", "remove", "delete"])
def test_b34_the_last_active_administrator_can_be_neither_deactivated_nor_deleted(directory, name, by):
    user, other = directory.scim.create(name), directory.scim.create(f"other.{name}")
    mark(directory, user["id"], True)
    refused(leave(directory, user, by), 409, naming="last active administrator")
    assert directory.scim.read(user) == user
    mark(directory, other["id"], True)
    assert leave(directory, user, by).status_code in (200, 204)
    refused(leave(directory, other, by), 409, naming=other["id"])


def test_b34_an_operation_of_a_bulk_request_cannot_do_it_either(directory, name):
    user = directory.scim.create(name)
    mark(directory, user["id"], True)
    body = {
        "schemas": [MESSAGES + "BulkRequest"],
        "Operations": [
            {"method": "DELETE", "path": f"/Users/{user['id']}"},
            {"method": "PATCH", "path": f"/Users/{user['id']}", "data": patch_op(OFF)},
        ],
    }
    done = ok(directory.scim.post("/Bulk", body))["Operations"]
    assert [operation["status"] for operation in done] == ["409", "409"]
    assert "last active administrator" in done[0]["response"]["detail"]
    assert directory.scim.read(user) == user


def test_b34_an_inactive_administrator_is_none_that_counts(directory, name):
    user, inactive = directory.scim.create(name), directory.scim.create(f"other.{name}", active=False)
    mark(directory, user["id"], True)
    mark(directory, inactive["id"], True)
    refused(leave(directory, user, "delete"), 409, naming="last active administrator")
    no_content(leave(directory, inactive, "delete"))
    assert directory.scim.change(user, {"op": "replace", "path": "title", "value": "Boss"})["title"] == "Boss"


def test_b34_of_the_last_two_one_stays_when_both_are_deactivated_at_once(generic, name):
    for number in range(5):
        users = [generic.scim.create(f"{number}.{index}.{name}") for index in range(2)]
        for user in users:
            mark(generic, user["id"], True)
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda user: leave(generic, user, "patch"), users))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        for user in users:
            mark(generic, user["id"], False)


def test_b34_whoever_is_no_identity_provider_knows_what_they_do(generic, name):
    user = generic.scim.create(name)
    mark(generic, user["id"], True)
    generic.house.admin.call("UserService/DeleteUser", directory=generic.name, id=user["id"])
    refused(generic.scim.get(f"/Users/{user['id']}"), 404)


ADMIN = [{"value": "App Admin", "primary": True}, {"value": "Reader"}]
READER = [{"value": "Reader"}]


def name_role(directory, role: str) -> dict:
    flags = ["--administrator-role", role]
    return directory.house.command_json("directory", "update", directory.name, *flags)


def shown(directory, user: dict) -> tuple[bool, bool]:
    """Whether a user is an administrator, and whether by a role."""
    told = directory.house.command_json("user", "show", user["id"], "--directory", directory.name)
    return told["administrator"], told["administrator_by_role"]


def administrator_events(directory, user: dict) -> list[tuple[bool, bool]]:
    told = [event for event in directory.events(user["id"]) if event["kind"] == "user.administrator_changed"]
    changes = [json.loads(event["changes"])["administrator"] for event in told]
    return [(change["before"], change["after"]) for change in changes]


def test_a_role_makes_administrators_where_the_directory_names_it(directory, name):
    user = directory.scim.create(name, roles=ADMIN)
    other = directory.scim.create(f"other.{name}", roles=READER)
    assert shown(directory, user) == (False, False)
    assert name_role(directory, "app admin")["administrator_role"] == "app admin"
    assert (shown(directory, user), shown(directory, other)) == ((True, True), (False, False))
    listed = directory.house.command_json("user", "list", "--directory", directory.name)["users"]
    assert sorted(user["administrator"] for user in listed) == [False, True]
    later = directory.scim.create(f"later.{name}", roles=[{"value": '{"id":"7","value":"App Admin"}'}])
    assert shown(directory, later) == (True, True)
    assert administrator_events(directory, later) == [(False, True)]
    assert name_role(directory, "off")["administrator_role"] is None
    assert shown(directory, user) == (False, False)
    assert ok(directory.scim.get(f"/Users/{user['id']}")) == user


def test_losing_the_role_ends_it_unless_the_user_is_marked(directory, name):
    name_role(directory, "App Admin")
    user, other = (directory.scim.create(f"{who}.{name}", roles=ADMIN) for who in ("a", "b"))
    mark(directory, other["id"], True)
    directory.scim.change(user, {"op": "remove", "path": 'roles[value eq "App Admin"]'})
    directory.scim.replace(other, a_user(f"b.{name}", roles=READER))
    assert (shown(directory, user), shown(directory, other)) == ((False, False), (True, False))
    assert administrator_events(directory, user) == [(False, True), (True, False)]
    directory.scim.change(user, {"op": "add", "path": "roles", "value": ADMIN[:1]})
    assert mark(directory, user["id"], False)["administrator"] is True, "a role is not taken away by hand"


@pytest.mark.parametrize("by", ["patch", "put", "delete", "role by patch", "role by put", "role by bulk"])
def test_b34_the_last_administrator_by_a_role_stays_by_whatever_method(directory, name, by):
    name_role(directory, "App Admin")
    user = directory.scim.create(name, roles=ADMIN)
    other = directory.scim.create(f"other.{name}", roles=ADMIN, active=False)
    path, drop = f"/Users/{user['id']}", {"op": "replace", "path": "roles", "value": READER}
    seen = directory.scim.read(user)

    def lose():
        match by:
            case "role by patch":
                return directory.scim.patch(path, drop)
            case "role by put":
                return directory.scim.put(path, a_user(name))
            case "role by bulk":
                operation = {"method": "PATCH", "path": path, "data": patch_op(drop)}
                body = {"schemas": [MESSAGES + "BulkRequest"], "Operations": [operation]}
                [done] = ok(directory.scim.post("/Bulk", body))["Operations"]
                return done
        return leave(directory, user, by)

    refusal = lose()
    if by == "role by bulk":
        assert refusal["status"] == "409"
        assert "last active administrator" in refusal["response"]["detail"]
    else:
        refused(refusal, 409, naming="last active administrator")
    assert directory.scim.read(user) == seen
    directory.scim.change(other, {"op": "replace", "path": "active", "value": True})
    done = lose()
    assert (done["status"] if by == "role by bulk" else str(done.status_code)) in ("200", "204")


def test_b34_of_the_last_two_one_stays_when_both_lose_the_role_at_once(generic, name):
    name_role(generic, "App Admin")
    drop = {"op": "remove", "path": "roles"}
    for number in range(5):
        users = [generic.scim.create(f"{number}.{index}.{name}", roles=ADMIN) for index in range(2)]
        with ThreadPoolExecutor(2) as pool:
            answers = list(pool.map(lambda user: generic.scim.patch(f"/Users/{user['id']}", drop), users))
        assert sorted(answer.status_code for answer in answers) == [200, 409]
        for user in users:
            generic.house.admin.call("UserService/DeleteUser", directory=generic.name, id=user["id"])


def test_an_administrator_by_a_role_gets_the_notices(generic, name):
    name_role(generic, "App Admin")
    emails = [{"value": name, "type": "work", "primary": True}]
    generic.scim.create(f"u.{name}", roles=ADMIN, emails=emails)
    generic.scim.create(f"v.{name}", roles=READER, emails=[{"value": f"v.{name}", "type": "work", "primary": True}])
    house = generic.house
    house.admin.call("TokenService/RotateToken", directory=generic.name)
    mails = house.database.rows("SELECT recipient FROM mails WHERE directory_id = ?", house.database_id(generic.id))
    assert [mail["recipient"] for mail in mails] == [name]


def test_a_role_that_is_none_is_refused(generic):
    for wrong in (" admin", "x" * 201):
        done = generic.house.command("directory", "update", generic.name, "--administrator-role", wrong)
        assert done.returncode == 1
        assert "administrator_role" in done.stderr
