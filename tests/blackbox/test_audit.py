"""The audit log: every change that an administrator makes is recorded, and the record stays."""

import json
import uuid

import pytest

from harness.house import House
from harness.rpc import api, refuses
from harness.sso import Door

pytestmark = pytest.mark.databases


def records(house: House, **asked) -> list:
    """The records of the audit log, newest first."""
    return list(house.admin.call("AuditService/ListAuditRecords", **asked).records)


def kinds(house: House, directory: str) -> list[str]:
    return [record.kind for record in records(house, directory=directory)]


def test_a_change_of_settings_is_recorded_with_who_what_before_and_after(house):
    directory = house.new_directory("okta")
    house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, scim_enabled=False)
    updated = records(house, directory=directory.name)[0]
    assert updated.kind == "directory.updated"
    assert (updated.directory, updated.directory_id, updated.subject) == (directory.name, directory.id, directory.id)
    assert updated.HasField("time")
    assert updated.request_id
    assert updated.actor.kind == api()["identity"].CredentialKind.Value("CREDENTIAL_KIND_ADMIN_KEY")
    assert updated.actor.credential_id
    assert house.admin_key.startswith(updated.actor.prefix)
    assert len(updated.actor.prefix) >= 4
    changes = {change.name: (change.before.bool_value, change.after.bool_value) for change in updated.changes}
    assert changes["scim"] == (True, False)


def test_tokens_are_recorded_from_their_making_to_their_end_and_their_secrets_never(house):
    directory = house.new_directory()
    made = house.admin.call("TokenService/CreateToken", directory=directory.name, description="entra")
    rotated = house.admin.call("TokenService/RotateToken", directory=directory.name, token=made.token.prefix)
    house.admin.call("TokenService/RevokeToken", directory=directory.name, token=rotated.token.prefix)
    told = kinds(house, directory.name)
    assert told[0] == "credential.ended"
    assert told.count("credential.created") == 3, told
    whole = str(records(house, directory=directory.name))
    assert made.token.prefix in whole
    for secret in (made.secret, rotated.secret, directory.token, house.admin_key):
        assert secret not in whole


def test_what_the_identity_provider_does_is_no_business_of_the_audit_log(directory, name):
    before = kinds(directory.house, directory.name)
    directory.scim.create(name)
    assert kinds(directory.house, directory.name) == before


def test_what_an_administrator_does_to_users_and_groups_is_recorded_without_what_is_known_of_them(generic, name):
    house, directory = generic.house, generic.name
    user = house.admin.call("UserService/CreateUser", directory=directory, user={"user_name": name}).user
    replace = api()["resource"].PatchOperation.KIND_REPLACE
    deactivate = [{"kind": replace, "path": "active", "value": {"bool_value": False}}]
    house.admin.call("UserService/PatchUser", directory=directory, id=user.id, operations=deactivate)
    group = house.admin.call("GroupService/CreateGroup", directory=directory, group={"display_name": name}).group
    house.admin.call("UserService/DeleteUser", directory=directory, id=user.id)
    house.admin.call("GroupService/DeleteGroup", directory=directory, id=group.id)
    told = [record for record in records(house, directory=directory) if record.subject in (user.id, group.id)]
    assert [(record.kind, record.subject) for record in reversed(told)] == [
        ("user.created", user.id),
        ("user.updated", user.id),
        ("group.created", group.id),
        ("user.deleted", user.id),
        ("group.deleted", group.id),
    ]
    assert all(house.admin_key.startswith(record.actor.prefix) for record in told)
    updated = {change.name: (change.before.bool_value, change.after.bool_value) for change in told[3].changes}
    assert updated == {"active": (True, False)}
    made = {change.name: change.after for change in told[4].changes}
    assert [value.string_value for value in made["attributes"].list_value.values] == ["userName"]
    assert name not in str(told), "the audit log is kept for good, and is no place for what is known of people"


def test_who_comes_in_by_a_sign_in_is_no_business_of_the_audit_log(generic, name):
    admin, person = generic.house.admin, Door(generic).message(subject=name, email=name)
    admin.call("DirectoryService/UpdateDirectory", name=generic.name, scim_enabled=False)
    before = kinds(generic.house, generic.name)
    made = admin.call("SsoService/SignIn", directory=generic.name, **person)
    assert admin.call("UserService/GetUser", directory=generic.name, id=made.user_id).user.user_name == name
    assert kinds(generic.house, generic.name) == before


def test_what_services_do_to_users_is_no_business_of_the_audit_log(generic, name):
    service = generic.house.rpc(generic.house.new_service_key("DIRECTORY_WRITE", directory=generic.name))
    before = kinds(generic.house, generic.name)
    service.call("UserService/CreateUser", user={"user_name": name})
    assert kinds(generic.house, generic.name) == before


def test_a_change_that_was_refused_or_changed_nothing_is_not_recorded(house):
    directory = house.new_directory()
    before = kinds(house, directory.name)
    house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, scim_enabled=True)
    with refuses("UNIQUENESS"):
        house.admin.call(
            "DirectoryService/CreateDirectory",
            name=directory.name,
            profile=api()["directory"].Profile.Value("PROFILE_GENERIC"),
        )
    assert kinds(house, directory.name) == before


def test_a_key_of_one_directory_sees_the_records_of_that_directory_alone(house):
    mine, other = house.new_directory(), house.new_directory()
    key = house.rpc(house.new_service_key("ADMIN", directory=mine.name))
    seen = key.call("AuditService/ListAuditRecords", page_size=1000).records
    assert {record.directory for record in seen} == {mine.name}
    with refuses("NOT_FOUND"):
        key.call("AuditService/ListAuditRecords", directory=other.name)
    reader = house.rpc(house.new_service_key("DIRECTORY_READ"))
    with refuses("SCOPE_MISSING"):
        reader.call("AuditService/ListAuditRecords")
    with refuses("SCOPE_MISSING"):
        house.rpc(mine.token).call("AuditService/ListAuditRecords", directory=mine.name)


def test_the_log_is_walked_page_by_page_and_a_token_fits_its_own_list_alone(house):
    directory = house.new_directory()
    for _ in range(3):
        house.new_token(directory.name)
    whole = [record.id for record in records(house, directory=directory.name)]
    assert whole == sorted(whole, reverse=True)
    assert len(whole) == 5
    walked, token = [], ""
    while True:
        page = house.admin.call(
            "AuditService/ListAuditRecords", directory=directory.name, page_size=2, page_token=token
        )
        walked += [record.id for record in page.records]
        token = page.next_page_token
        if not token:
            break
        last = token
    assert walked == whole
    with refuses("INVALID_CURSOR"):
        records(house, directory=house.new_directory().name, page_size=2, page_token=last)
    with refuses("INVALID_COUNT"):
        records(house, directory=directory.name, page_size=3, page_token=last)
    with refuses("INVALID_VALUE", naming="page_size"):
        records(house, page_size=-1)


def test_records_are_found_by_actor_and_time(house):
    directory = house.new_directory()
    key = house.new_service_key("ADMIN")
    house.rpc(key).call("DirectoryService/UpdateDirectory", name=directory.name, groups_enabled=False)
    [by_key] = records(house, actor=key[: len("rc_svc_") + 6])
    assert (by_key.kind, by_key.directory, by_key.actor.name) == ("directory.updated", directory.name, "a service")
    assert [record.id for record in records(house, actor=by_key.actor.credential_id)] == [by_key.id]
    assert by_key.id in [record.id for record in records(house, directory=directory.name, **{"from": by_key.time})]
    earlier = records(house, directory=directory.name, until=by_key.time)
    assert by_key.id not in [record.id for record in earlier]
    assert earlier


def test_a_name_that_no_directory_ever_had_is_not_found(house):
    with refuses("NOT_FOUND", naming="no-such-directory"):
        records(house, directory="no-such-directory")


def test_the_records_outlive_what_they_are_about(database_house):
    """Whatever becomes of a directory and of the credential that made a change: who it was stays known."""
    house = database_house
    directory = house.new_directory()
    before = str(records(house, directory=directory.name))
    id = house.database_id(directory.id)
    house.database.execute("DELETE FROM credentials WHERE directory_id = ?", id)
    house.database.execute("DELETE FROM directories WHERE id = ?", id)
    assert str(records(house, directory=directory.name)) == before


def test_the_command_shows_the_log_to_people_and_machines(database_house):
    house = database_house
    directory = house.new_directory()
    key = house.command_json("service-key", "create", f"key {uuid.uuid4()}", "--scope", "admin")
    done = house.command("directory", "update", directory.name, "--scim", "off", ROLLCALL_ADMIN_KEY=key["key"])
    assert done.returncode == 0, done.stderr
    [record] = house.command_json("audit", "list", "--actor", key["prefix"])["records"]
    assert record["kind"] == "directory.updated"
    assert record["directory"] == directory.name
    assert record["actor"] == {
        "id": key["id"],
        "kind": "service-key",
        "prefix": key["prefix"],
        "name": key["name"],
        "person": None,
    }
    assert record["changes"] == {"scim": {"before": True, "after": False}}
    table = house.command("audit", "list", "--directory", directory.name, "--since", "1h")
    assert "directory.updated" in table.stdout
    assert "scim=false" in table.stdout, table.stdout
    assert house.command_json("audit", "list", "--directory", directory.name, "--until", "1h") == {"records": []}
    wrong = house.command("audit", "list", "--since", "yesterday")
    assert wrong.returncode == 2
    assert "24h" in wrong.stderr
    assert key["key"] not in json.dumps(house.command_json("audit", "list"))


@pytest.mark.parametrize("file", ["store/src/sql", "core/src"])
def test_no_code_changes_or_deletes_a_record(file):
    from harness.rpc import PROTOS

    sources = list((PROTOS.parent / "crates" / file).rglob("*.rs"))
    assert sources
    for source in sources:
        text = " ".join(source.read_text().split())
        for statement in ("UPDATE audit_records", "DELETE FROM audit_records", "REPLACE INTO audit_records"):
            assert statement not in text, source
