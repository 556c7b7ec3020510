"""Administrators and services bring deleted users back as they were, but without what hung on them."""

import json

import pytest
from groups import member_ids, new_group, read

from harness.house import Directory
from harness.rpc import judge, refuses
from harness.scim import ENTERPRISE, USER, created, no_content, ok, refused
from harness.sso import Door, decision

pytestmark = pytest.mark.databases

NOWHERE = "01890000-0000-7000-8000-000000000000"
BADGE = "urn:example:acme:2.0:Badge"
DAY = 24 * 60 * 60 * 1_000_000


def delete(directory: Directory, user: dict) -> None:
    no_content(directory.scim.delete(f"/Users/{user['id']}"))


def deleted(directory: Directory, **asked):
    return directory.house.admin.call("UserService/ListDeletedUsers", directory=directory.name, **asked)


def restore(directory: Directory, user_id: str):
    return directory.house.admin.call("UserService/RestoreUser", directory=directory.name, id=user_id).user


def records(directory: Directory) -> list:
    return list(directory.house.admin.call("AuditService/ListAuditRecords", directory=directory.name).records)


def register(directory: Directory, **number) -> None:
    """Lets users of a directory have badges with a number."""
    file = directory.house.work / f"{directory.name}.json"
    file.write_text(json.dumps({"id": BADGE, "name": "Badge", "attributes": [{"name": "number", **number}]}))
    directory.house.command_json("schema", "register", str(file), "--directory", directory.name)


def badge(name: str, number: str) -> dict:
    """A user with a badge."""
    return {"schemas": [USER, BADGE], "userName": name, BADGE: {"number": number}}


def test_a_deleted_user_comes_back_as_it_was_with_the_same_id(directory, name):
    scim = directory.scim
    directory.house.command_json("directory", "update", directory.name, "--groups", "on")
    user = scim.create(name, externalId="e1", title="Boss", active=False, **{ENTERPRISE: {"department": "Sales"}})
    group = new_group(scim, "Ops", user)
    delete(directory, user)
    back = restore(directory, user["id"])
    assert (back.id, back.user_name, back.title) == (user["id"], name, "Boss")
    assert not back.administrator
    now = scim.read(user)
    derived = ("meta", "groups")
    assert {k: v for k, v in now.items() if k not in derived} == {k: v for k, v in user.items() if k not in derived}
    assert now["meta"]["created"] == user["meta"]["created"]
    assert now["meta"]["version"] not in (user["meta"]["version"], None)
    assert "groups" not in now
    assert member_ids(read(scim, group)) == set()
    assert scim.names(f'userName eq "{name}"') == [name]
    assert scim.total() == 1
    assert not deleted(directory).users


def test_password_link_and_mark_of_an_administrator_do_not_come_back(okta, name):
    house = okta.house
    house.command_json("directory", "update", okta.name, "--password", "store")
    user = okta.scim.create(name, password="Secret-4711", emails=[{"value": name, "type": "work", "primary": True}])
    door = Door(okta)
    assert decision(door.sign_in(email=name, subject="s1")) == "existing"
    assert decision(door.sign_in(email=name, subject="s2")) != "existing", "the account is claimed"
    for who in (user, okta.scim.create(f"other.{name}")):
        house.command_json("user", "update", who["id"], "--directory", okta.name, "--administrator", "on")
    delete(okta, user)
    assert not restore(okta, user["id"]).administrator
    service = house.rpc(house.new_service_key("PASSWORD_VERIFY", directory=okta.name))
    assert not service.call("UserService/VerifyPassword", id=user["id"], password="Secret-4711").verified
    # The subject is a stranger again: its next sign-in is a first one, and finds the user by the address.
    signed_in = door.sign_in(email=name, subject="s2")
    assert (decision(signed_in), signed_in.user_id) == ("existing", user["id"])


def test_it_is_an_event_and_a_record_of_the_audit_log(generic, name):
    user = generic.scim.create(name, title="Boss")
    delete(generic, user)
    back = restore(generic, user["id"])
    listed = generic.house.command_json("event", "list", "--directory", generic.name, "--subject", user["id"])
    assert [event["type"] for event in listed["events"]] == ["user.created", "user.deleted", "user.restored"]
    event = listed["events"][-1]
    assert event["changes"]["title"] == {"before": None, "after": "Boss"}
    assert back.meta.version == f'W/"{event["version"]}"'
    assert event["actor"]["kind"] == "admin-key"
    record = records(generic)[0]
    assert (record.kind, record.subject, record.request_id) == ("user.restored", user["id"], event["requestId"])
    assert generic.house.admin_key.startswith(record.actor.prefix)
    assert [change.name for change in record.changes] == ["deleted"]
    assert name not in str(record), "the audit log is kept for good, and is no place for what is known of people"


def test_a_restore_by_the_identity_provider_is_no_business_of_the_audit_log(okta, name):
    user = okta.scim.create(name, externalId="e1")
    delete(okta, user)
    before = len(records(okta))
    assert okta.scim.create(name, externalId="e1")["id"] == user["id"]
    assert len(records(okta)) == before


def test_deleted_users_are_listed_with_when_until_when_and_by_whom(generic, name):
    scim, house = generic.scim, generic.house
    users = [scim.create(f"{number}.{name}", displayName=f"Number {number}") for number in range(5)]
    for user in users[:3]:
        delete(generic, user)
    house.admin.call("UserService/DeleteUser", directory=generic.name, id=users[3]["id"])
    everybody = deleted(generic)
    assert everybody.total_results == 4
    assert [one.user.id for one in everybody.users] == [user["id"] for user in reversed(users[:4])]
    first, last = everybody.users[0], everybody.users[-1]
    assert last.user.display_name == "Number 0"
    assert generic.token.startswith(last.deleted_by.prefix)
    assert house.admin_key.startswith(first.deleted_by.prefix)
    assert last.purge_time.seconds - last.deleted_time.seconds == 30 * 24 * 60 * 60
    seen, token = [], ""
    for _ in range(4):
        page = deleted(generic, page_size=1, page_token=token)
        assert page.total_results == 4
        seen += [one.user.id for one in page.users]
        token = page.next_page_token
    assert not token
    assert seen == [one.user.id for one in everybody.users]
    found = deleted(generic, user_name_prefix=f"2.{name[:4].upper()}")
    assert [one.user.id for one in found.users] == [users[2]["id"]]
    assert found.total_results == 1
    with refuses("INVALID_CURSOR"):
        deleted(generic, page_token="x")
    with refuses("INVALID_VALUE", naming="page_size"):
        deleted(generic, page_size=-1)
    with refuses("INVALID_VALUE", naming="user_name_prefix"):
        deleted(generic, user_name_prefix="a\0b")


def test_a_user_name_that_somebody_has_by_now_names_the_holder_and_changes_nothing(generic, name):
    scim = generic.scim
    gone = scim.create(name, externalId="e1")
    delete(generic, gone)
    holder = scim.create(name.upper(), externalId="e2")
    with refuses("UNIQUENESS", naming=holder["id"]):
        restore(generic, gone["id"])
    refused(scim.get(f"/Users/{gone['id']}"), 404)
    assert [one.user.id for one in deleted(generic).users] == [gone["id"]], "the user is kept"
    assert [event["kind"] for event in generic.events(gone["id"])][-1] == "user.deleted"
    scim.change(holder, {"op": "replace", "path": "userName", "value": f"other.{name}"})
    assert restore(generic, gone["id"]).id == gone["id"]


def test_who_was_never_deleted_or_never_was_is_not_restored(generic, name):
    user = generic.scim.create(name)
    for unknown in (NOWHERE, "nobody", ""):
        with refuses("NOT_FOUND"):
            restore(generic, unknown)
    with refuses("UNIQUENESS", naming="not deleted"):
        restore(generic, user["id"])
    other = generic.house.new_directory()
    delete(generic, user)
    with refuses("NOT_FOUND"):
        restore(other, user["id"])
    assert not deleted(other).users
    restore(generic, user["id"])


def test_a_directory_that_keeps_nobody_restores_nobody(generic, name):
    kept = generic.scim.create(f"kept.{name}")
    delete(generic, kept)
    generic.house.command_json("directory", "update", generic.name, "--retention", "0")
    user = generic.scim.create(name)
    delete(generic, user)
    for each in (kept, user):
        with refuses("FORBIDDEN", naming="retention is 0 days"):
            restore(generic, each["id"])
    assert deleted(generic).total_results == 0


def test_who_was_kept_until_the_time_was_over_is_gone_before_the_job_comes(database_house, name):
    directory = database_house.new_directory("okta")
    user = directory.scim.create(name)
    delete(directory, user)
    database_house.database.execute(
        "UPDATE departed_users SET deleted = deleted - ? WHERE id = ?", 31 * DAY, database_house.database_id(user["id"])
    )
    assert not deleted(directory).users
    with refuses("NOT_FOUND", naming="its time was over"):
        restore(directory, user["id"])


def test_scopes_say_who_may_and_an_identity_provider_may_not(generic, name):
    house = generic.house
    user = generic.scim.create(name)
    delete(generic, user)
    for rpc, fields in (("UserService/ListDeletedUsers", {}), ("UserService/RestoreUser", {"id": user["id"]})):
        with refuses("FORBIDDEN", naming="identity provider"):
            house.rpc(generic.token).call(rpc, **fields)
    reader = house.rpc(house.new_service_key("DIRECTORY_READ", directory=generic.name))
    assert [one.user.id for one in reader.call("UserService/ListDeletedUsers").users] == [user["id"]]
    with refuses("SCOPE_MISSING"):
        reader.call("UserService/RestoreUser", id=user["id"])
    writer = house.rpc(house.new_service_key("DIRECTORY_WRITE", directory=generic.name))
    assert writer.call("UserService/RestoreUser", id=user["id"]).user.user_name == name


def test_a_value_that_is_unique_and_taken_by_now_is_refused(generic, name):
    register(generic, uniqueness="server")
    gone = created(generic.scim.post("/Users", badge(name, "7")))
    delete(generic, gone)
    other = created(generic.scim.post("/Users", badge(f"other.{name}", "7")))
    with refuses("UNIQUENESS", naming="number"):
        restore(generic, gone["id"])
    delete(generic, other)
    assert restore(generic, gone["id"]).id == gone["id"]
    assert ok(generic.scim.get(f"/Users/{gone['id']}"))[BADGE] == {"number": "7"}


def test_values_of_a_schema_that_is_gone_stay_away(generic, name):
    register(generic)
    gone = created(generic.scim.post("/Users", badge(name, "7")))
    delete(generic, gone)
    generic.house.command_json("schema", "delete", BADGE, "--directory", generic.name)
    assert restore(generic, gone["id"]).user_name == name
    assert BADGE not in ok(generic.scim.get(f"/Users/{gone['id']}"))


def test_two_at_once_restore_one(database_house, name):
    directory = database_house.new_directory()
    user = directory.scim.create(name)
    delete(directory, user)
    calls = [
        database_house.admin.begin("UserService/RestoreUser", {"directory": directory.name, "id": user["id"]})
        for _ in range(4)
    ]
    assert sorted(judge(call.result) for call in calls) == ["OK"] + ["UNIQUENESS"] * 3
    assert [event["kind"] for event in directory.events(user["id"])].count("user.restored") == 1


@pytest.mark.parametrize("by", ["id", "name"])
def test_the_command_lists_and_restores(database_house, name, by):
    directory = database_house.new_directory()
    user = directory.scim.create(name, displayName="Ana")
    delete(directory, user)
    at = ("--directory", directory.name)
    listed = database_house.command_json("user", "list", *at, "--deleted")
    assert listed["totalResults"] == 1
    one = listed["users"][0]
    assert (one["id"], one["userName"], one["deletedBy"]["kind"]) == (user["id"], name, "scim-token")
    assert one["deleted"] < one["keptUntil"]
    table = database_house.command("user", "list", *at, "--deleted").stdout.splitlines()
    assert table[0].split() == ["USERNAME", "DISPLAY", "NAME", "DELETED", "BY", "KEPT", "UNTIL", "ID"]
    assert name in table[1]
    back = database_house.command_json("user", "restore", user["id"] if by == "id" else name.upper(), *at)
    assert (back["id"], back["userName"]) == (user["id"], name)
    again = database_house.command("user", "restore", name, *at)
    assert (again.returncode, again.stderr.count("\n")) == (1, 1)
    assert "keeps no deleted user" in again.stderr
    both = database_house.command("user", "list", *at, "--deleted", "--filter", "active eq true")
    assert both.returncode == 2


def test_a_name_that_several_deleted_users_had_is_asked_about(database_house, name):
    directory = database_house.new_directory()
    users = []
    for number in range(2):
        users.append(directory.scim.create(name, externalId=f"e{number}"))
        delete(directory, users[-1])
    done = database_house.command("user", "restore", name, "--directory", directory.name)
    assert done.returncode == 1
    for user in users:
        assert user["id"] in done.stderr
