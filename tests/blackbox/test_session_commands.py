"""Who is signed in to the console, as the administrator of the installation sees it on the command line."""

import uuid

import pytest

from harness.rpc import refuses

pytestmark = pytest.mark.hops

ADMIN = 7


@pytest.fixture
def key(database_house):
    name = f"operator-{uuid.uuid4().hex[:8]}"
    return database_house.admin.call("ServiceKeyService/CreateServiceKey", name=name, scopes=[ADMIN])


def begin(house, key, name: str = ""):
    made = house.rpc(key.secret).call("SessionService/CreateSession", name=name)
    return made.session.id, house.rpc(made.secret)


def listed(house, *arguments: str) -> list[dict]:
    return house.command_json("session", "list", *arguments)["sessions"]


def test_the_sessions_of_every_key_are_listed_by_key_and_by_name(database_house, key):
    first, _ = begin(database_house, key, "ana@example.com")
    second, _ = begin(database_house, key)
    prefix, name = key.service_key.prefix, key.service_key.name
    of_key = listed(database_house, "--key", prefix)
    assert [(one["id"], one["name"]) for one in of_key] == [(second, name), (first, "ana@example.com")]
    assert {(one["keyPrefix"], one["keyName"]) for one in of_key} == {(prefix, name)}
    assert all(one["created"] <= one["lastUsed"] < one["idleExpires"] < one["expires"] for one in of_key)
    assert [one["id"] for one in listed(database_house, "--key", prefix, "--name", "ana@example.com")] == [first]
    assert {first, second} <= {one["id"] for one in listed(database_house)}
    shown = database_house.command("session", "list", "--key", prefix)
    assert first in shown.stdout


def test_a_session_of_another_key_is_ended_at_once(database_house, key):
    id, session = begin(database_house, key)
    assert database_house.command_json("session", "end", id) == {"ended": 1}
    with refuses("CREDENTIAL_INVALID"):
        session.call("SessionService/GetSession")
    again = database_house.command("session", "end", id)
    assert again.returncode != 0
    assert id in again.stderr
    records = database_house.admin.call("AuditService/ListAuditRecords").records
    assert "session.ended" in [record.kind for record in records]


def test_all_of_somebody_and_all_at_once_are_ended(database_house, key):
    ana = f"{key.service_key.name}@example.com"
    begun = [begin(database_house, key, ana), begin(database_house, key, ana), begin(database_house, key)]
    assert database_house.command_json("session", "end", "--all", "--name", ana) == {"ended": 2}
    others = listed(database_house, "--key", key.service_key.prefix)
    assert [one["id"] for one in others] == [begun[2][0]]
    done = database_house.command("session", "end", "--all")
    assert done.returncode == 0, done.stderr
    assert listed(database_house) == []
    for _, session in begun:
        with refuses("CREDENTIAL_INVALID"):
            session.call("SessionService/GetSession")


def test_sessions_of_a_key_that_was_revoked_are_not_listed(database_house, key):
    begin(database_house, key)
    database_house.admin.call("ServiceKeyService/RevokeServiceKey", service_key=key.service_key.id)
    assert listed(database_house, "--key", key.service_key.prefix) == []


def test_only_a_key_for_all_directories_reaches_the_sessions_of_others(database_house, key):
    id, session = begin(database_house, key)
    directory = database_house.new_directory()
    bound = database_house.rpc(database_house.new_service_key("ADMIN", directory=directory.name))
    for caller in (session, bound):
        for call, fields in (
            ("ListSessions", {"all_keys": True}),
            ("EndSession", {"id": id, "any_key": True}),
            ("EndAllSessions", {"all_keys": True}),
        ):
            with refuses("FORBIDDEN"):
                caller.call(f"SessionService/{call}", **fields)
    assert session.call("SessionService/GetSession").session.id == id


def test_which_session_is_to_end_has_to_be_said(database_house):
    for arguments in ([], ["01890000-0000-7000-8000-000000000000", "--all"]):
        assert database_house.command("session", "end", *arguments).returncode == 2
