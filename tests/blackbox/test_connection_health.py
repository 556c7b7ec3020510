"""How the connection to an identity provider is: judged by what it last sent, and by its rhythm."""

import uuid

import pytest
from activity import eventually, of_request, request_id

from harness.rpc import api
from harness.scim import ok

pytestmark = pytest.mark.every_mode

HOURS = 3600 * 1_000_000


def health(directory):
    return directory.house.admin.call("ActivityService/GetConnectionHealth", directory=directory.name).health


def state(directory) -> str:
    name = api()["activity"].ConnectionState.Name(health(directory).state)
    return name.removeprefix("CONNECTION_STATE_").lower()


def becomes(directory, wanted: str) -> None:
    eventually(lambda: state(directory), lambda seen: seen == wanted)


def let_pass(directory, micros: int) -> None:
    directory.house.database.execute(
        "UPDATE connections SET last_seen = last_seen - ?, last_success = last_success - ? WHERE directory_id = ?",
        micros,
        micros,
        directory.house.database_id(directory.id),
    )


def test_a_connection_is_as_its_last_request_was(directory):
    assert state(directory) == "never_seen"
    assert not health(directory).HasField("last_seen")
    ok(directory.scim.get("/Users"))
    becomes(directory, "healthy")
    missing = directory.scim.get(f"/Users/{uuid.uuid4()}")
    of_request(directory, request_id(missing))
    assert state(directory) == "healthy", "to look for what is not there is no failure of the connection"
    failed = directory.scim.post("/Users", {"schemas": []})
    becomes(directory, "failing")
    seen = health(directory)
    assert (seen.last_error.status, seen.last_error.detail) == (400, failed.json()["detail"])
    assert seen.last_error.activity_id == of_request(directory, request_id(failed)).id
    assert seen.last_seen == seen.last_error.time
    ok(directory.scim.get("/Users"))
    becomes(directory, "healthy")
    assert health(directory).last_error.status == 400, "it stays known"


def test_a_token_that_has_ended_makes_the_connection_fail(generic):
    ok(generic.scim.get("/Users"))
    becomes(generic, "healthy")
    tokens = generic.house.admin.call("TokenService/ListTokens", directory=generic.name).tokens
    generic.house.admin.call("TokenService/RevokeToken", directory=generic.name, token=tokens[0].prefix)
    assert generic.scim.get("/Users").status_code == 401
    becomes(generic, "failing")
    assert health(generic).last_error.status == 401


def test_only_entra_has_a_rhythm_in_which_silence_is_a_sign(database_house):
    entra, okta, generic = (database_house.new_directory(profile) for profile in ("entra", "okta", "generic"))
    for directory in (entra, okta, generic):
        ok(directory.scim.get("/Users"))
        becomes(directory, "healthy")
        let_pass(directory, 1 * HOURS)
        assert state(directory) == "healthy"
        let_pass(directory, 2 * HOURS)
    assert (state(entra), state(okta), state(generic)) == ("quiet", "healthy", "healthy")
    assert health(entra).quiet_after.seconds == 7200
    assert not health(okta).HasField("quiet_after")
    ok(entra.scim.get("/Users"))
    becomes(entra, "healthy")


def test_the_health_is_known_also_where_no_activity_is_kept(generic):
    off = api()["directory"].ActivityRecording.Value("ACTIVITY_RECORDING_OFF")
    generic.house.admin.call("DirectoryService/UpdateDirectory", name=generic.name, activity={"recording": off})
    generic.scim.post("/Users", {"schemas": []})
    becomes(generic, "failing")
    assert health(generic).last_error.activity_id == ""


def test_the_command_shows_the_connection_with_the_directory(database_house):
    directory = database_house.new_directory("entra")
    shown = database_house.command_json("directory", "show", directory.name)
    assert shown["connection"]["state"] == "never_seen"
    ok(directory.scim.get("/Users"))
    becomes(directory, "healthy")
    shown = database_house.command_json("directory", "show", directory.name)["connection"]
    assert (shown["state"], shown["lastError"], shown["quietAfterSeconds"]) == ("healthy", None, 7200)
    assert shown["lastSeen"] == shown["lastSuccess"]
    database_house.command("directory", "update", directory.name, "--scim", "off")
    table = database_house.command("directory", "show", directory.name)
    assert "CONNECTION" in table.stdout
    assert " off" in "\n" + table.stdout
    updated = database_house.command_json(
        "directory", "update", directory.name, "--activity", "failures-and-writes", "--redact-personal-data", "on"
    )
    assert updated["activity"] == {
        "recording": "failures-and-writes",
        "days": 30,
        "entries": 100000,
        "redact_personal_data": True,
    }
