"""Users who leave and return: deleted softly, restored by a POST with the same id, and forgotten in the end."""

import json

import pytest
from groups import member_ids, new_group, read

from harness.house import Directory
from harness.scim import ENTERPRISE, GROUP, MESSAGES, a_user, created, listing, no_content, ok, refused

pytestmark = pytest.mark.databases

EXTERNAL = "00u-9b1e"


@pytest.fixture(params=["okta", "entra"])
def restoring(request, house):
    """A new directory whose profile restores users who return, with groups."""
    directory = house.new_directory(request.param)
    house.command_json("directory", "update", directory.name, "--groups", "on")
    return directory


def delete(directory, user: dict) -> None:
    no_content(directory.scim.delete(f"/Users/{user['id']}"))


def deactivate(directory, user: dict) -> dict:
    return directory.scim.change(user, {"op": "replace", "path": "active", "value": False})


def kinds(directory, user: dict) -> list[str]:
    return [event["kind"] for event in directory.events(user["id"])]


def test_a_deleted_user_is_in_no_list_filter_count_group_or_name(directory, name):
    scim = directory.scim
    user = scim.create(name, externalId=EXTERNAL)
    scim.create(f"other.{name}")
    delete(directory, user)
    refused(scim.get(f"/Users/{user['id']}"), 404)
    refused(scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": True}), 404)
    refused(scim.put(f"/Users/{user['id']}", a_user(name)), 404)
    refused(scim.delete(f"/Users/{user['id']}"), 404)
    for filter in (f'userName eq "{name}"', f'externalId eq "{EXTERNAL}"', f'id eq "{user["id"]}"', "active eq true"):
        assert user["id"] not in [found["id"] for found in scim.find(filter)]
    assert scim.total() == 1
    listed = directory.house.command_json("user", "list", "--directory", directory.name)
    assert listed["totalResults"] == 1
    renamed = scim.create(f"third.{name}")
    assert scim.change(renamed, {"op": "replace", "path": "userName", "value": name})["userName"] == name


def test_a_post_restores_a_deleted_user_with_the_same_id_and_what_the_post_says(restoring, name):
    scim = restoring.scim
    user = scim.create(name, externalId=EXTERNAL, title="Boss", nickName="A")
    group = new_group(scim, "Ops", user)
    delete(restoring, user)
    assert member_ids(read(scim, group)) == set()
    back = created(scim.post("/Users", a_user(f"new.{name}", externalId=EXTERNAL, title="Chief")))
    assert back["id"] == user["id"]
    assert (back["userName"], back["title"], back["active"]) == (f"new.{name}", "Chief", True)
    assert "nickName" not in back
    assert "groups" not in back
    assert back["meta"]["created"] == user["meta"]["created"]
    assert back["meta"]["version"] != user["meta"]["version"]
    assert ok(scim.get(f"/Users/{user['id']}")) == back
    assert member_ids(read(scim, group)) == set()
    assert scim.total() == 1
    assert kinds(restoring, user) == ["user.created", "user.deleted", "user.restored"]
    restored = json.loads(restoring.events(user["id"])[-1]["changes"])
    assert restored["title"] == {"before": "Boss", "after": "Chief"}
    assert restored["nickName"] == {"before": "A", "after": None}


def test_a_post_restores_an_inactive_user_who_is_still_a_member(restoring, name):
    scim = restoring.scim
    user = scim.create(name, externalId=EXTERNAL, title="Boss")
    group = new_group(scim, "Ops", user)
    deactivate(restoring, user)
    back = created(scim.post("/Users", a_user(name, externalId=EXTERNAL)))
    assert (back["id"], back["active"]) == (user["id"], True)
    assert "title" not in back
    assert [entry["value"] for entry in back["groups"]] == [group["id"]]
    assert member_ids(read(scim, group)) == {user["id"]}
    assert kinds(restoring, user)[-1] == "user.restored"


@pytest.mark.parametrize("leave", [delete, deactivate])
def test_where_one_has_no_external_id_the_user_name_says_who_returns(restoring, name, leave):
    scim = restoring.scim
    without = scim.create(name)
    leave(restoring, without)
    assert created(scim.post("/Users", a_user(name.upper(), externalId="e1")))["id"] == without["id"]
    leave(restoring, without)
    assert created(scim.post("/Users", a_user(name)))["id"] == without["id"]


@pytest.mark.parametrize("leave", [delete, deactivate])
def test_who_returns_is_active_as_the_post_says(restoring, name, leave):
    user = restoring.scim.create(name, externalId=EXTERNAL)
    leave(restoring, user)
    back = created(restoring.scim.post("/Users", a_user(name, externalId=EXTERNAL, active=False)))
    assert (back["id"], back["active"]) == (user["id"], False)


def test_another_external_id_is_another_person(restoring, name):
    scim = restoring.scim
    gone = scim.create(name, externalId="e1")
    delete(restoring, gone)
    other = created(scim.post("/Users", a_user(name, externalId="e2")))
    assert other["id"] != gone["id"]
    deactivate(restoring, other)
    refused(scim.post("/Users", a_user(name, externalId="e3")), 409, "uniqueness", naming=other["id"])


def test_keys_of_two_users_are_refused(restoring, name):
    scim = restoring.scim
    first = scim.create(f"first.{name}", externalId="e1")
    second = scim.create(f"second.{name}")
    delete(restoring, first)
    deactivate(restoring, second)
    answer = scim.post("/Users", a_user(f"second.{name}", externalId="e1"))
    refused(answer, 409, "uniqueness", naming=first["id"])
    assert second["id"] in answer.json()["detail"]
    refused(scim.get(f"/Users/{first['id']}"), 404)


def test_a_post_of_an_active_user_is_refused(restoring, name):
    user = restoring.scim.create(name, externalId=EXTERNAL)
    refused(restoring.scim.post("/Users", a_user(name, externalId=EXTERNAL)), 409, "uniqueness", naming="userName")
    assert kinds(restoring, user) == ["user.created"]


def test_a_name_that_somebody_else_has_by_now_keeps_a_deleted_user_away(restoring, name):
    scim = restoring.scim
    gone = scim.create(name, externalId="e1")
    delete(restoring, gone)
    scim.create(name, externalId="e2")
    refused(scim.post("/Users", a_user(name, externalId="e1")), 409, "uniqueness", naming="userName")
    assert created(scim.post("/Users", a_user(f"new.{name}", externalId="e1")))["id"] == gone["id"]


def test_the_rfc_s_letter_restores_nobody_and_each_directory_chooses(generic, okta, name):
    for directory, on in ((generic, "off"), (okta, "on"), (okta, "off"), (generic, "on")):
        directory.house.command_json("directory", "update", directory.name, "--rule", f"restore-returning-users={on}")
        user = directory.scim.create(name, externalId=EXTERNAL)
        delete(directory, user)
        back = created(directory.scim.post("/Users", a_user(name, externalId=EXTERNAL)))
        assert (back["id"] == user["id"]) == (on == "on")
        deactivate(directory, back)
        again = directory.scim.post("/Users", a_user(name, externalId=EXTERNAL))
        if on == "on":
            assert created(again)["id"] == user["id"]
        else:
            refused(again, 409, "uniqueness")
        directory.scim.change(back, {"op": "replace", "path": "userName", "value": f"{on}.{back['id']}"})
        directory.scim.change(back, {"op": "replace", "path": "externalId", "value": back["id"]})


def test_no_password_returns_with_a_deleted_user_and_no_administrator(restoring, name):
    house = restoring.house
    house.command_json("directory", "update", restoring.name, "--password", "store")
    service = house.rpc(house.new_service_key("PASSWORD_VERIFY", directory=restoring.name))

    def verified() -> bool:
        return service.call("UserService/VerifyPassword", id=user["id"], password="Secret-4711").verified

    user = restoring.scim.create(name, externalId=EXTERNAL, password="Secret-4711")
    house.command_json("user", "update", name, "--directory", restoring.name, "--administrator", "on")
    other = restoring.scim.create(f"other.{name}")
    house.command_json("user", "update", other["id"], "--directory", restoring.name, "--administrator", "on")
    deactivate(restoring, user)
    created(restoring.scim.post("/Users", a_user(name, externalId=EXTERNAL)))
    assert verified()
    delete(restoring, user)
    created(restoring.scim.post("/Users", a_user(name, externalId=EXTERNAL)))
    assert not verified()
    shown = house.command_json("user", "show", name, "--directory", restoring.name)
    assert shown["administrator"] is False


def test_a_restored_user_is_referred_to_by_its_bulk_id(restoring, name):
    scim = restoring.scim
    user = scim.create(name, externalId=EXTERNAL)
    boss = scim.create(f"boss.{name}", externalId="boss")
    delete(restoring, user)
    delete(restoring, boss)
    body = {
        "schemas": [MESSAGES + "BulkRequest"],
        "Operations": [
            {"method": "POST", "path": "/Users", "bulkId": "u", "data": a_user(name, externalId=EXTERNAL)},
            {
                "method": "POST",
                "path": "/Groups",
                "bulkId": "g",
                "data": {"schemas": [GROUP], "displayName": "Ops", "members": [{"value": "bulkId:u"}]},
            },
            {
                "method": "POST",
                "path": "/Users",
                "bulkId": "b",
                "data": a_user(f"boss.{name}", externalId="boss", **{ENTERPRISE: {"manager": {"value": "bulkId:b"}}}),
            },
        ],
    }
    done = ok(scim.post("/Bulk", body))["Operations"]
    assert [operation["status"] for operation in done] == ["201", "201", "201"]
    assert done[0]["location"].endswith(user["id"])
    assert member_ids(ok(scim.get(done[1]["location"]))) == {user["id"]}
    assert done[2]["location"].endswith(boss["id"])
    assert ok(scim.get(f"/Users/{boss['id']}"))[ENTERPRISE]["manager"]["value"] == boss["id"]


def test_groups_are_not_restored(restoring, name):
    scim = restoring.scim
    group = new_group(scim, "Ops", externalId="g1")
    no_content(scim.delete(f"/Groups/{group['id']}"))
    assert new_group(scim, "Ops", externalId="g1")["id"] != group["id"]


def test_a_user_does_not_return_to_another_directory(house, name):
    first, second = house.new_directory("okta"), house.new_directory("okta")
    user = first.scim.create(name, externalId=EXTERNAL)
    delete(first, user)
    assert created(second.scim.post("/Users", a_user(name, externalId=EXTERNAL)))["id"] != user["id"]
    assert listing(first.scim.get("/Users"))["totalResults"] == 0


def test_a_deleted_user_is_kept_for_as_long_as_the_directory_wants_and_then_purged(new_house, name):
    house = new_house.start()
    long, short, none = (house.new_directory("okta") for _ in range(3))
    shown = house.command_json("directory", "show", long.name)
    assert shown["retention_days"] == 30
    assert house.command_json("directory", "update", short.name, "--retention", "7")["retention_days"] == 7
    assert house.command_json("directory", "update", none.name, "--retention", "0d")["retention_days"] == 0
    users = {}
    for directory in (long, short, none):
        users[directory.name] = directory.scim.create(name, externalId=EXTERNAL)
        delete(directory, users[directory.name])
    again = created(none.scim.post("/Users", a_user(name, externalId=EXTERNAL)))
    assert again["id"] != users[none.name]["id"]
    ten_days = 10 * 24 * 60 * 60 * 1_000_000
    house.database.execute("UPDATE departed_users SET deleted = deleted - ?", ten_days)
    house.restart()
    long, short = (Directory(house, directory.name, directory.token) for directory in (long, short))
    gone = users[short.name]
    house.processes[-1].wait_for(lambda: kinds(short, gone)[-1] == "user.purged")
    assert kinds(short, gone) == ["user.created", "user.deleted", "user.purged"]
    assert created(short.scim.post("/Users", a_user(name, externalId=EXTERNAL)))["id"] != users[short.name]["id"]
    assert created(long.scim.post("/Users", a_user(name, externalId=EXTERNAL)))["id"] == users[long.name]["id"]


def test_a_retention_that_is_none_is_refused(generic):
    for value, naming in (("-1", "30d"), ("soon", "30d"), ("4000", "3650")):
        done = generic.house.command("directory", "update", generic.name, f"--retention={value}")
        assert done.returncode != 0
        assert naming in done.stderr
