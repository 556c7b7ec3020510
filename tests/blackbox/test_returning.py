"""Users who leave and return: deleted softly, restored by a POST with the same id, and forgotten in the end."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from activity import recorded
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


def rule(directory, name: str, setting: str) -> None:
    directory.house.command_json("directory", "update", directory.name, f"--rule={name}={setting}")


def is_stable(directory) -> bool:
    shown = directory.house.command_json("directory", "show", directory.name)
    return shown["rules"]["stable-external-ids"]["on"]


def work(address: str) -> list[dict]:
    return [{"value": address, "type": "work", "primary": True}]


def test_whoever_returns_while_being_deleted_is_who_they_were(database_house):
    directory = database_house.new_directory("okta")
    person = a_user("ana@example.com", externalId=EXTERNAL)
    user = created(directory.scim.post("/Users", person))
    other = Directory(database_house, directory.name, directory.token)
    with ThreadPoolExecutor(2) as pool:
        for _ in range(40):
            leaving = pool.submit(directory.scim.delete, f"/Users/{user['id']}")
            returning = pool.submit(other.scim.post, "/Users", person)
            no_content(leaving.result())
            if returning.result().status_code == 409:
                returning = pool.submit(other.scim.post, "/Users", person)
            assert created(returning.result())["id"] == user["id"]


def noted(directory, answer, beginning: str, user: dict) -> list[str]:
    """The notes of a request, which name this user."""
    notes = list(recorded(directory, answer).notes)
    assert notes, "nothing was noted"
    assert all(beginning in note for note in notes), notes
    assert any(user["id"] in note for note in notes), notes
    return notes


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
    back = created(scim.post("/Users", a_user(name.upper(), externalId=EXTERNAL, title="Chief")))
    assert back["id"] == user["id"]
    assert (back["userName"], back["title"], back["active"]) == (name.upper(), "Chief", True)
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


def test_where_one_has_no_external_id_the_user_name_says_which_inactive_user_returns(restoring, name):
    scim = restoring.scim
    without = scim.create(name)
    deactivate(restoring, without)
    back = scim.post("/Users", a_user(name.upper(), externalId="e1"))
    assert created(back)["id"] == without["id"]
    assert noted(restoring, back, "restored", without) == [
        f"restored the inactive user {without['id']}: the userName is the same, and one of the two has no externalId"
    ]
    deactivate(restoring, without)
    assert created(scim.post("/Users", a_user(name)))["id"] == without["id"]


@pytest.mark.parametrize("theirs", [{}, {"externalId": "e1"}])
@pytest.mark.parametrize("ours", [{}, {"externalId": "e2"}])
def test_a_user_name_alone_hands_on_no_id_of_a_deleted_user(restoring, name, theirs, ours):
    scim = restoring.scim
    gone = scim.create(name, **theirs)
    delete(restoring, gone)
    answer = scim.post("/Users", a_user(name, **ours))
    assert created(answer)["id"] != gone["id"]
    [note] = noted(restoring, answer, "a new user, not", gone)
    assert "userName is the same, and no externalId is" in note


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


def test_an_external_id_that_repeats_hands_nobody_s_id_to_somebody_else(directory, name):
    # Entra fills externalId from mailNickname, of which there may be two.
    scim = directory.scim
    rule(directory, "restore-returning-users", "on")
    rule(directory, "stable-external-ids", "off")
    gone = scim.create(f"john.{name}", externalId="jsmith", emails=work(f"john.{name}"))
    delete(directory, gone)
    answer = scim.post("/Users", a_user(f"jane.{name}", externalId="jsmith", emails=work(f"jane.{name}")))
    jane = created(answer)
    assert jane["id"] != gone["id"]
    [note] = noted(directory, answer, "a new user, not", gone)
    assert "neither userName nor primary work address" in note
    delete(directory, jane)
    for person, user in (("jane", jane), ("john", gone)):
        back = scim.post("/Users", a_user(f"{person}.{name}", externalId="jsmith"))
        assert created(back)["id"] == user["id"]
        assert noted(directory, back, "restored the deleted user", user) == [
            f"restored the deleted user {user['id']}: externalId and userName are the same"
        ]


def test_two_users_of_one_external_id_are_in_nobody_s_way(restoring, name):
    scim = restoring.scim
    first, second = (scim.create(f"{word}.{name}", externalId="e1") for word in ("first", "second"))
    deactivate(restoring, first)
    third = created(scim.post("/Users", a_user(f"third.{name}", externalId="e1")))
    assert third["id"] not in (first["id"], second["id"])
    assert created(scim.post("/Users", a_user(f"first.{name}", externalId="e1")))["id"] == first["id"]
    delete(restoring, first)
    delete(restoring, second)
    answer = scim.post("/Users", a_user(f"fourth.{name}", externalId="e1"))
    assert created(answer)["id"] not in (first["id"], second["id"], third["id"])
    notes = noted(restoring, answer, "a new user", first)
    if is_stable(restoring):
        assert notes == [note for note in notes if "several" in note]
    assert created(scim.post("/Users", a_user(f"second.{name}", externalId="e1")))["id"] == second["id"]


def test_two_deleted_users_with_the_same_keys_make_a_third_one(restoring, name):
    scim = restoring.scim
    rule(restoring, "restore-returning-users", "off")
    twins = []
    for _ in range(2):
        twins.append(scim.create(name, externalId="e1"))
        delete(restoring, twins[-1])
    rule(restoring, "restore-returning-users", "on")
    answer = scim.post("/Users", a_user(name, externalId="e1"))
    assert created(answer)["id"] not in [twin["id"] for twin in twins]
    [note] = noted(restoring, answer, "several", twins[0])
    assert twins[1]["id"] in note


def test_a_stable_external_id_alone_says_who_returns_and_each_directory_chooses(okta, entra, name):
    for directory, stable in ((okta, True), (entra, False), (entra, True), (okta, False)):
        rule(directory, "stable-external-ids", "on" if stable else "off")
        user = directory.scim.create(name, externalId=f"e{stable}")
        delete(directory, user)
        answer = directory.scim.post("/Users", a_user(f"new.{stable}.{name}", externalId=f"e{stable}"))
        assert (created(answer)["id"] == user["id"]) == stable
        [note] = noted(directory, answer, "restored" if stable else "a new user, not", user)
        assert ("stable-external-ids" in note) == stable


def test_a_primary_work_address_is_a_second_key(restoring, name):
    scim = restoring.scim
    rule(restoring, "stable-external-ids", "off")
    user = scim.create(name, externalId="e1", emails=work(f"ana.{name}"))
    delete(restoring, user)
    home = [{"value": f"ana.{name}", "type": "home", "primary": True}]
    assert created(scim.post("/Users", a_user(f"2.{name}", externalId="e1", emails=home)))["id"] != user["id"]
    answer = scim.post("/Users", a_user(f"3.{name}", externalId="e1", emails=work(f"ANA.{name}")))
    assert created(answer)["id"] == user["id"]
    [note] = noted(restoring, answer, "restored", user)
    assert "primary work address" in note


def test_keys_of_two_users_leave_both_alone(okta, name):
    scim = okta.scim
    first = scim.create(f"first.{name}", externalId="e1")
    second = scim.create(f"second.{name}")
    delete(okta, first)
    deactivate(okta, second)
    refused(scim.post("/Users", a_user(f"second.{name}", externalId="e1")), 409, "uniqueness", naming=second["id"])
    refused(scim.get(f"/Users/{first['id']}"), 404)
    assert scim.read(second)["active"] is False


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
    other = created(scim.post("/Users", a_user(f"new.{name}", externalId="e1")))
    assert (other["id"] == gone["id"]) == (is_stable(restoring))


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
