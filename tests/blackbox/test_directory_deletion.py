"""Directories that are deleted: only on purpose, with all that is theirs, and at once."""

import pytest
from activity import recorded

from harness.rpc import api, judge, refuses
from harness.scim import GROUP, Scim, created, ok, refused

pytestmark = pytest.mark.databases


def delete(directory, **fields):
    return directory.house.admin.call("DirectoryService/DeleteDirectory", name=directory.name, **fields)


def rows_of(directory, directory_id: str) -> dict[str, int]:
    """How many rows each table has of a directory."""
    database = directory.house.database
    if database.kind == "sqlite":
        tables = database.rows(
            "SELECT t.name FROM sqlite_master t, pragma_table_info(t.name) c"
            " WHERE t.type = 'table' AND c.name = 'directory_id'"
        )
    else:
        tables = database.rows(
            "SELECT table_name AS name FROM information_schema.columns WHERE table_schema = 'public'"
            " AND column_name = 'directory_id'"
        )
    key = directory.house.database_id(directory_id)
    counts = {
        table["name"]: database.rows(f"SELECT COUNT(*) AS n FROM {table['name']} WHERE directory_id = ?", key)[0]["n"]
        for table in tables
    }
    return {table: count for table, count in counts.items() if count}


@pytest.fixture
def full(generic, name):
    """A directory with a row in every table that there is."""
    house, scim = generic.house, generic.scim
    house.admin.call("DirectoryService/UpdateDirectory", name=generic.name, password_handling=2)
    user = scim.create(name, password="a long password", emails=[{"value": name}])
    answer = scim.post("/Groups", {"schemas": [GROUP], "displayName": "g", "members": [{"value": user["id"]}]})
    created(answer)
    # The log is written behind the requests.
    recorded(generic, answer)
    house.new_service_key("DIRECTORY_READ", directory=generic.name)
    return generic


def test_an_empty_directory_is_deleted_with_its_tokens(generic, name):
    key = generic.house.new_service_key("DIRECTORY_READ", directory=generic.name)
    answer = delete(generic)
    assert (answer.users, answer.groups) == (0, 0)
    assert refused(generic.scim.get("/Users"), 401) == refused(Scim(generic.scim.base_url, "x").get("/Users"), 401)
    assert judge(lambda: generic.house.rpc(key).call("IdentityService/WhoAmI")) == "CREDENTIAL_INVALID"
    with refuses("NOT_FOUND", naming=generic.name):
        generic.house.admin.call("DirectoryService/GetDirectory", name=generic.name)
    with refuses("NOT_FOUND", naming=generic.name):
        delete(generic)


def test_one_with_something_in_it_is_kept_until_its_name_is_confirmed(full):
    before = rows_of(full, full.id)
    with refuses("NOT_EMPTY", naming="1 user and 1 group"):
        delete(full)
    for other in ("default", full.name.upper(), full.name + "x"):
        with refuses("INVALID_VALUE", naming="confirm_name"):
            delete(full, confirm_name=other)
    after = rows_of(full, full.id)
    # What is logged and numbered behind the requests comes when it comes.
    kept = ("resources", "members", "emails", "passwords", "credentials", "totals")
    assert [after[table] for table in kept] == [before[table] for table in kept]
    assert full.scim.total() == 1
    answer = delete(full, confirm_name=full.name)
    assert (answer.users, answer.groups) == (1, 1)


def test_nothing_of_it_stays_but_its_events(full):
    directory_id, before = full.id, full.events()
    delete(full, confirm_name=full.name)
    assert set(rows_of(full, directory_id)) <= {"events", "pending_events", "event_streams", "audit_records"}
    key = full.house.database_id(directory_id)
    after = full.house.database.events("directory_id = ?", key)
    assert [event["id"] for event in after[:-1]] == [event["id"] for event in before]
    assert after[-1]["kind"] == "directory.deleted"
    records = full.house.admin.call("AuditService/ListAuditRecords", directory=full.name).records
    assert records[0].kind == "directory.deleted"


def test_its_name_is_free_again_and_brings_nothing_back(full):
    old = full.id
    delete(full, confirm_name=full.name)
    again = full.house.new_directory("generic", name=full.name)
    assert again.id != old
    assert again.scim.total() == 0
    refused(full.scim.get("/Users"), 401)


def test_others_do_not_notice(full, house, name):
    other = house.new_directory()
    user = other.scim.create(name)
    delete(full, confirm_name=full.name)
    assert other.scim.read(user) == user
    assert other.scim.total() == 1


def test_whoever_is_bound_to_one_directory_deletes_none(full, house):
    key = house.rpc(house.new_service_key("ADMIN", directory=full.name))
    for target in (full.name, "default"):
        with refuses("FORBIDDEN"):
            key.call("DirectoryService/DeleteDirectory", name=target, confirm_name=target)
    with refuses("INVALID_VALUE", naming="name"):
        house.admin.call("DirectoryService/DeleteDirectory")
    assert full.scim.total() == 1


def test_every_replica_refuses_its_token_from_the_next_request_on(builder, name):
    first = builder.start("apart-postgres")
    second = builder.start(
        "apart-postgres", database=first.database, admin_key=first.admin_key, scim_token=first.scim_token
    )
    directory = first.new_directory()
    beside = Scim(second.base_url, directory.token)
    assert ok(beside.get("/Users"))["totalResults"] == 0
    delete(directory)
    refused(beside.get("/Users"), 401)
    second.stop()
    first.stop()


def test_the_command_says_what_would_go_and_how(full):
    house = full.house
    refusal = house.command("directory", "delete", full.name)
    assert refusal.returncode == 1
    assert "1 user and 1 group" in refusal.stderr
    assert f"--confirm {full.name}" in refusal.stderr
    assert house.command("directory", "delete", full.name, "--confirm", "default").returncode == 1
    assert full.scim.total() == 1
    gone = house.command_json("directory", "delete", full.name, "--confirm", full.name)
    assert gone == {"name": full.name, "users": 1, "groups": 1}
    assert house.command("directory", "show", full.name).returncode == 1
    empty = house.new_directory()
    done = house.command("directory", "delete", empty.name)
    assert (done.returncode, empty.name in done.stdout) == (0, True)


def test_what_a_directory_is_made_of_is_all_there_in_these_tests(full):
    """The tables that this file fills are those of users, groups and credentials; their own tests fill the others."""
    assert {"resources", "emails", "members", "passwords", "totals", "credentials"} <= set(rows_of(full, full.id))
    assert full.events()
    assert api()["directory"].DeleteDirectoryRequest.DESCRIPTOR.fields_by_name["confirm_name"]
