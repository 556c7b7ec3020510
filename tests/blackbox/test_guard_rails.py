"""Guard rails: what an identity provider may not do at once is held until an administrator decides.

Users count who were there before the window began, so the tests make them older in the database than they are."""

import re
import shlex
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.rpc import api, refuses
from harness.scim import MESSAGES, a_user, created, no_content, ok, patch_op, refused, told

pytestmark = pytest.mark.databases

DAY = 24 * 60 * 60 * 1_000_000
OFF = {"op": "replace", "path": "active", "value": False}
BY = ["patch", "put", "delete", "bulk patch", "bulk delete", "grpc"]


def age(directory) -> None:
    """Makes everybody in a directory a day older."""
    database = directory.house.database
    database.execute(
        "UPDATE resources SET created = created - ? WHERE directory_id = ?",
        DAY,
        directory.house.database_id(directory.id),
    )


def old_users(directory, count: int, prefix: str = "u") -> list[dict]:
    names = [f"{prefix}{number}" for number in range(count)]
    users = [directory.scim.create(f"{name}@{directory.name}", externalId=name) for name in names]
    age(directory)
    return users


def set_rail(directory, text: str) -> dict:
    return directory.house.command_json("directory", "update", directory.name, "--guard-rail", text)


def holds(directory) -> list[dict]:
    return directory.house.command_json("hold", "list", "--directory", directory.name)["holds"]


def hold(directory, action: str, hold_id: str, *arguments: str):
    return directory.house.command_json("hold", action, hold_id, "--directory", directory.name, *arguments)


def is_active(directory, user: dict) -> bool:
    return ok(directory.scim.get(f"/Users/{user['id']}"))["active"]


def bulk(*operations: dict) -> dict:
    return {"schemas": [MESSAGES + "BulkRequest"], "Operations": list(operations)}


def deactivate(directory, user: dict):
    return directory.scim.patch(f"/Users/{user['id']}", OFF)


def held(answer, user: dict | None = None) -> str:
    """That a request was held; returns the detail."""
    refused(answer, 429, naming="guard rail")
    assert int(answer.headers["retry-after"]) >= 1, told(answer)
    if user is not None:
        assert user["id"] in answer.json()["detail"]
    return answer.json()["detail"]


def leave(directory, user: dict, by: str):
    """Makes a user leave; returns the answer to look at, or raises the error of gRPC."""
    scim, path = directory.scim, f"/Users/{user['id']}"
    patch = patch_op(OFF)
    match by:
        case "patch":
            return scim.patch(path, {"op": "Replace", "value": {"active": "False"}})
        case "put":
            return scim.put(path, a_user(user["userName"], externalId=user["externalId"], active=False))
        case "delete":
            return scim.delete(path)
        case "bulk patch":
            return scim.post("/Bulk", bulk({"method": "PATCH", "path": path, "data": patch}))
        case "bulk delete":
            return scim.post("/Bulk", bulk({"method": "DELETE", "path": path}))
    raise AssertionError(by)


def test_a_new_directory_has_a_guard_rail_and_it_is_changed_by_command(generic):
    assert generic.house.command_json("directory", "show", generic.name)["guard_rail"] == "10,20%,1h"
    assert set_rail(generic, "off")["guard_rail"] == "off"
    assert set_rail(generic, "3,50%,30m")["guard_rail"] == "3,50%,30m"
    assert generic.house.command_json("directory", "update", generic.name, "--scim", "on")["guard_rail"] == "3,50%,30m"
    for wrong in ("3", "3,50%", "3,50,1h", "x,50%,1h", "3,101%,1h", "3,50%,0s", "3,50%,31d", "-1,50%,1h"):
        done = generic.house.command("directory", "update", generic.name, f"--guard-rail={wrong}")
        assert done.returncode != 0, wrong
        assert "1h" in done.stderr or "guard_rail" in done.stderr, done.stderr


def test_the_default_holds_the_eleventh_of_thirty(okta):
    users = old_users(okta, 30)
    for user in users[:10]:
        ok(deactivate(okta, user))
    held(deactivate(okta, users[10]), users[10])
    assert is_active(okta, users[10])


def test_both_limits_must_be_passed(generic):
    set_rail(generic, "1,50%,1h")
    users = old_users(generic, 6)
    for user in users[:3]:
        ok(deactivate(generic, user))
    held(deactivate(generic, users[3]))


@pytest.mark.parametrize("by", BY[:-1])
def test_whatever_makes_a_user_leave_past_the_limit_is_held_and_not_done(generic, by):
    set_rail(generic, "1,10%,1h")
    users = old_users(generic, 4)
    ok(deactivate(generic, users[0]))
    held(leave(generic, users[1], by))
    assert is_active(generic, users[1])
    [only] = holds(generic)
    assert (only["state"], only["held"], only["waiting"], only["guard_rail"]) == ("pending", 1, 1, "1,10%,1h")
    shown = hold(generic, "show", only["id"])
    [change] = shown["changes"]
    assert (change["user"], change["user_name"], change["outcome"]) == (users[1]["id"], users[1]["userName"], "pending")
    assert change["change"] == ("deletion" if "delete" in by else "deactivation")
    assert generic.token.startswith(change["token"])
    if "delete" not in by:
        assert change["attributes"]["active"] == {"before": True, "after": False}


def test_a_token_over_grpc_is_held_too_and_an_administrator_is_not(generic):
    set_rail(generic, "0,0%,1h")
    [user, other] = old_users(generic, 2)
    with refuses("HELD"):
        generic.house.rpc(generic.token).call("UserService/DeleteUser", id=user["id"])
    assert is_active(generic, user)
    generic.house.admin.call("UserService/DeleteUser", directory=generic.name, id=user["id"])
    key = generic.house.new_service_key("DIRECTORY_WRITE", directory=generic.name)
    generic.house.rpc(key).call("UserService/DeleteUser", id=other["id"])
    assert generic.scim.total() == 0


def test_a_repeat_finds_the_same_record_and_there_is_one_event_and_one_hold(generic):
    set_rail(generic, "1,10%,1h")
    users = old_users(generic, 4)
    ok(deactivate(generic, users[0]))
    first = held(deactivate(generic, users[1]))
    assert held(deactivate(generic, users[1])) == first
    held(generic.scim.delete(f"/Users/{users[2]['id']}"))
    [only] = holds(generic)
    changes = {change["user"]: change for change in hold(generic, "show", only["id"])["changes"]}
    assert {user: change["times_asked"] for user, change in changes.items()} == {users[1]["id"]: 2, users[2]["id"]: 1}
    assert [event["kind"] for event in generic.events(only["id"])] == ["hold.created"]


def test_users_made_and_deleted_within_the_window_never_trip_it(generic, name):
    set_rail(generic, "1,1%,1h")
    old_users(generic, 5)
    for number in range(5):
        made = generic.scim.create(f"{number}.{name}")
        no_content(generic.scim.delete(f"/Users/{made['id']}"))
    assert holds(generic) == []


def test_an_inactive_user_leaves_no_more(generic):
    set_rail(generic, "1,10%,1h")
    users = old_users(generic, 5)
    ok(deactivate(generic, users[0]))
    no_content(generic.scim.delete(f"/Users/{users[0]['id']}"))
    held(deactivate(generic, users[1]))


def test_other_changes_pass_while_something_is_held(generic):
    set_rail(generic, "0,0%,1h")
    [user] = old_users(generic, 1)
    held(generic.scim.patch(f"/Users/{user['id']}", OFF, {"op": "replace", "path": "title", "value": "Gone"}))
    assert "title" not in generic.scim.read(user), "nothing half"
    assert generic.scim.change(user, {"op": "replace", "path": "title", "value": "Boss"})["title"] == "Boss"


def test_a_bulk_request_past_the_limit_is_held_as_a_whole(generic, name):
    set_rail(generic, "1,10%,1h")
    users = old_users(generic, 5)
    body = bulk(
        {"method": "POST", "path": "/Users", "bulkId": "new", "data": a_user(name)},
        {"method": "DELETE", "path": f"/Users/{users[0]['id']}"},
        {"method": "PATCH", "path": f"/Users/{users[1]['id']}", "data": patch_op(OFF)},
    )
    held(generic.scim.post("/Bulk", body))
    assert generic.scim.total() == 5
    assert all(is_active(generic, user) for user in users)
    [only] = holds(generic)
    assert only["held"] == 2
    hold(generic, "approve", only["id"])
    assert generic.scim.total() == 4
    assert not is_active(generic, users[1])


def test_a_bulk_request_within_the_limit_is_done(generic):
    set_rail(generic, "2,10%,1h")
    users = old_users(generic, 5)
    body = bulk(*({"method": "DELETE", "path": f"/Users/{user['id']}"} for user in users[:2]))
    assert [done["status"] for done in ok(generic.scim.post("/Bulk", body))["Operations"]] == ["204", "204"]
    held(deactivate(generic, users[2]))


def test_an_approval_makes_the_changes_itself_and_lets_further_ones_pass(okta):
    set_rail(okta, "1,10%,1h")
    users = old_users(okta, 6)
    ok(deactivate(okta, users[0]))
    held(okta.scim.patch(f"/Users/{users[1]['id']}", OFF, {"op": "replace", "path": "title", "value": "Gone"}))
    held(okta.scim.delete(f"/Users/{users[2]['id']}"))
    [only] = holds(okta)
    approved = hold(okta, "approve", only["id"])
    assert (approved["state"], approved["waiting"]) == ("approved", 0)
    assert {change["outcome"] for change in approved["changes"]} == {"applied"}
    gone = okta.scim.read(users[1])
    assert (gone["active"], gone["title"]) == (False, "Gone")
    refused(okta.scim.get(f"/Users/{users[2]['id']}"), 404)
    ok(deactivate(okta, users[3]))
    no_content(okta.scim.delete(f"/Users/{users[4]['id']}"))
    assert hold(okta, "approve", only["id"])["state"] == "approved", "again is no mistake"
    assert [event["kind"] for event in okta.events(only["id"])] == ["hold.created", "hold.approved"]
    done = okta.house.command("hold", "reject", only["id"], "--directory", okta.name)
    assert (done.returncode, "approved" in done.stderr) == (1, True)
    back = created(okta.scim.post("/Users", a_user(users[2]["userName"], externalId=users[2]["externalId"])))
    assert back["id"] == users[2]["id"], "it was deleted as softly as any other"


def test_one_held_change_is_applied_alone(generic):
    set_rail(generic, "0,0%,1h")
    users = old_users(generic, 2)
    for user in users:
        held(deactivate(generic, user))
    [only] = holds(generic)
    change = hold(generic, "apply", only["id"], "--user", users[0]["userName"])
    assert (change["user"], change["outcome"]) == (users[0]["id"], "applied")
    assert [is_active(generic, user) for user in users] == [False, True]
    held(deactivate(generic, users[1]))
    assert (holds(generic)[0]["state"], holds(generic)[0]["waiting"]) == ("pending", 1)


def test_a_rejection_drops_the_changes_and_refuses_their_repeats(generic):
    set_rail(generic, "0,0%,1h")
    users = old_users(generic, 2)
    held(deactivate(generic, users[0]))
    [only] = holds(generic)
    rejected = hold(generic, "reject", only["id"])
    assert (rejected["state"], [change["outcome"] for change in rejected["changes"]]) == ("rejected", ["rejected"])
    for by in BY[:-1]:
        refused(leave(generic, users[0], by), 403, naming="rejected")
    assert is_active(generic, users[0])
    held(deactivate(generic, users[1]))
    assert [event["kind"] for event in generic.events(only["id"])] == ["hold.created", "hold.rejected"]
    with refuses("HOLD_DECIDED"):
        generic.house.admin.call("HoldService/ApproveHold", directory=generic.name, id=only["id"])
    with refuses("HOLD_DECIDED"):
        generic.house.admin.call(
            "HoldService/ApplyHeldChange", directory=generic.name, id=only["id"], user=users[0]["id"]
        )


def test_a_window_ends(generic):
    set_rail(generic, "1,0%,1h")
    users = old_users(generic, 4)
    ok(deactivate(generic, users[0]))
    held(deactivate(generic, users[1]))
    hold(generic, "reject", holds(generic)[0]["id"])
    refused(deactivate(generic, users[1]), 403, naming="rejected")
    database, directory = generic.house.database, generic.house.database_id(generic.id)
    an_hour = DAY // 24
    database.execute("UPDATE departures SET time = time - ? WHERE directory_id = ?", an_hour, directory)
    refused(deactivate(generic, users[1]), 403, naming="rejected")
    ok(deactivate(generic, users[2]))
    database.execute("UPDATE departures SET time = time - ? WHERE directory_id = ?", an_hour, directory)
    database.execute("UPDATE holds SET ends = ends - ? WHERE directory_id = ?", an_hour, directory)
    ok(deactivate(generic, users[1]))
    held(deactivate(generic, users[3]))


def test_parallel_requests_are_counted_right(generic):
    set_rail(generic, "3,0%,1h")
    users = old_users(generic, 12)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda user: deactivate(generic, user), users))
    assert sorted(answer.status_code for answer in answers) == [200] * 3 + [429] * 9
    [only] = holds(generic)
    assert only["held"] == 9
    assert sum(is_active(generic, user) for user in users) == 9


def test_the_administrators_are_told_once(generic):
    house = generic.house
    house.command_json("directory", "update", generic.name, "--admin-email", "it@example.com")
    set_rail(generic, "0,0%,1h")
    users = old_users(generic, 3)
    for user in users:
        held(deactivate(generic, user))
    mails = house.database.rows(
        "SELECT recipient, text FROM mails WHERE directory_id = ?", house.database_id(generic.id)
    )
    assert [mail["recipient"] for mail in mails] == ["it@example.com"]
    assert holds(generic)[0]["id"] in mails[0]["text"]


def test_the_email_says_who_left_and_who_is_held_and_its_commands_decide(generic):
    house = generic.house
    house.command_json("directory", "update", generic.name, "--admin-email", "it@example.com")
    set_rail(generic, "2,10%,1h")
    users = old_users(generic, 4)
    for user in users[:2]:
        ok(deactivate(generic, user))
    held(deactivate(generic, users[2]))
    [mail] = house.database.rows("SELECT text FROM mails WHERE directory_id = ?", house.database_id(generic.id))
    lines = [line.strip() for line in mail["text"].splitlines()]
    facts = dict(re.split(" {2,}", line, maxsplit=1) for line in lines if "  " in line)
    assert (facts["Held"], facts["Left before"]) == ("1 user", "2 users")
    assert "at most 2 users or 10 % of the active users (0 of 4)" in facts["Limit"]
    assert facts["Limit"].endswith("whichever is more, within 1 hour")
    show, approve, reject = [shlex.split(line)[1:] for line in lines if line.startswith("rollcall hold ")]
    assert house.command_json(*show)["waiting"] == 1
    assert house.command_json(*approve)["state"] == "approved"
    assert not is_active(generic, users[2])
    done = house.command(*reject)
    assert (done.returncode, "decided" in done.stderr or "approved" in done.stderr) == (1, True), done.stderr


def test_a_change_that_cannot_be_made_any_more_has_failed_and_says_why(generic):
    set_rail(generic, "0,0%,1h")
    users = old_users(generic, 2)
    for user in users:
        held(generic.scim.delete(f"/Users/{user['id']}"))
    generic.house.admin.call("UserService/DeleteUser", directory=generic.name, id=users[0]["id"])
    changes = hold(generic, "approve", holds(generic)[0]["id"])["changes"]
    assert {change["user"]: change["outcome"] for change in changes} == {
        users[0]["id"]: "failed",
        users[1]["id"]: "applied",
    }
    assert users[0]["id"] in next(change["reason"] for change in changes if change["outcome"] == "failed")


def test_a_hold_belongs_to_its_directory(house):
    first, second = house.new_directory(), house.new_directory()
    set_rail(first, "0,0%,1h")
    [user] = old_users(first, 1)
    held(deactivate(first, user))
    [only] = holds(first)
    assert holds(second) == []
    for call in ("GetHold", "ApproveHold", "RejectHold"):
        with refuses("NOT_FOUND"):
            house.admin.call(f"HoldService/{call}", directory=second.name, id=only["id"])
    with refuses("NOT_FOUND"):
        house.admin.call("HoldService/GetHold", directory=first.name, id="nonsense")
    still = house.admin.call("HoldService/GetHold", directory=first.name, id=only["id"]).hold
    assert api()["hold"].HoldState.Name(still.state) == "HOLD_STATE_PENDING"
    told = first.house.command_json("event", "list", "--directory", first.name, "--type", "hold.created")["events"]
    assert {name: change["after"] for name, change in told[0]["changes"].items()} == {
        "guard_rail": "0,0%,1h",
        "active_users": only["active_users"],
        "left": 0,
    }
