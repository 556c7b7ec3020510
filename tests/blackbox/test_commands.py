"""The administrator's commands: what they print for people and for machines, and how they end."""

import json
import re
import subprocess

import pytest
from groups import new_group

from harness.scim import Scim, ok


def succeeds(done) -> str:
    assert done.returncode == 0, done.stderr
    return done.stdout


def fails(done, status: int, *naming: str) -> None:
    """It fails with this status, nothing for machines, and one sentence for people."""
    assert done.returncode == status, done
    assert done.stdout == ""
    for word in naming:
        assert word in done.stderr, done.stderr
    assert "panicked" not in done.stderr
    if status == 1:
        assert done.stderr.startswith("rollcall: ")
        assert done.stderr.count("\n") == 1


def test_a_directory_is_made_shown_listed_and_changed(house, name):
    label = name.split("@")[0].replace(".", "-")
    made = house.command_json("directory", "create", label, "--profile", "entra")
    assert (made["name"], made["profile"], made["scim"], made["groups"]) == (label, "entra", True, False)
    shown = house.command_json("directory", "show", label)
    assert {**made, "connection": shown["connection"]} == shown
    (listed,) = house.command_json("directory", "list", "--name", label)["directories"]
    assert made.items() <= listed.items()
    assert (listed["connection"]["state"], listed["users"], listed["attention"]) == ("never_seen", 0, [])
    changed = house.command_json("directory", "update", label, "--scim", "off", "--groups", "on", "--profile", "okta")
    assert (changed["scim"], changed["groups"], changed["profile"]) == (False, True, "okta")
    assert changed["id"] == made["id"]
    table = succeeds(house.command("directory", "list"))
    assert re.search(rf"^{label} +okta +off +- +0 +0 +0 +0 +-", table, re.MULTILINE)
    assert table.splitlines()[0].split()[:3] == ["NAME", "PROFILE", "CONNECTION"]


@pytest.mark.parametrize(("profile", "groups"), [("generic", True), ("okta", True), ("entra", False)])
def test_groups_are_on_at_first_as_the_profile_has_it(database_house, name, profile, groups):
    label = f"{profile}-{name.split('@')[0].split('.')[1]}"
    made = database_house.command_json("directory", "create", label, "--profile", profile, "--scim", "off")
    assert (made["groups"], made["scim"]) == (groups, False)


def test_a_token_is_made_for_machines_as_an_object_with_the_field_token(generic):
    house = generic.house
    made = house.command_json(
        "token", "create", "--directory", generic.name, "--description", "Okta", "--expires", "90d"
    )
    assert ok(Scim(house.base_url, made["token"]).get("/Users"))["totalResults"] == 0
    assert (made["directory"], made["description"], made["state"]) == (generic.name, "Okta", "live")
    assert made["expires"] > made["created"]
    assert made["token"].startswith(made["prefix"])


def test_a_token_is_made_for_people_alone_on_standard_output(generic):
    done = generic.house.command("token", "create", "--directory", generic.name)
    token = succeeds(done).removesuffix("\n")
    assert re.fullmatch(r"rc_scim_[a-z2-7]+", token)
    assert ok(Scim(generic.house.base_url, token).get("/Users"))["totalResults"] == 0
    assert token not in done.stderr
    assert generic.name in done.stderr


def test_tokens_are_listed_rotated_and_revoked(generic):
    house, directory = generic.house, ["--directory", generic.name]
    [listed] = house.command_json("token", "list", *directory)["tokens"]
    assert "token" not in listed
    rotated = house.command_json("token", "rotate", *directory, "--overlap", "1h")
    assert rotated["previous"]["id"] == listed["id"]
    assert rotated["previous"]["state"] == "live"
    ended = house.command_json("token", "rotate", *directory, "--token", listed["prefix"], "--overlap", "0s")
    assert ended["previous"]["state"] == "revoked"
    revoked = house.command_json("token", "revoke", rotated["prefix"], *directory)
    assert (revoked["id"], revoked["state"]) == (rotated["id"], "revoked")
    table = succeeds(house.command("token", "list", *directory))
    assert [line.split()[1] for line in table.splitlines()[1:]] == ["live", "revoked", "revoked"]
    for secret in (rotated["token"], generic.token):
        assert secret not in table
    assert ok(Scim(house.base_url, ended["token"]).get("/Users"))["totalResults"] == 0


def test_service_keys_are_made_listed_rotated_and_revoked(generic):
    house = generic.house
    made = house.command_json(
        "service-key", "create", "billing", "--scope", "directory.read,events.read", "--directory", generic.name
    )
    assert made["scopes"] == ["directory.read", "events.read"]
    # Before it is used, which is noted by and by.
    [listed] = house.command_json("service-key", "list", "--directory", generic.name)["serviceKeys"]
    assert listed == {field: made[field] for field in made if field != "key"}
    assert house.rpc(made["key"]).call("IdentityService/WhoAmI").directory == generic.name
    rotated = house.command_json("service-key", "rotate", made["id"], "--overlap", "0s")
    assert rotated["previous"]["state"] == "revoked"
    assert house.command_json("service-key", "revoke", rotated["prefix"])["state"] == "revoked"
    key = succeeds(house.command("service-key", "create", "x", "--scope", "admin")).strip()
    assert re.fullmatch(r"rc_svc_[a-z2-7]+", key)


def test_users_are_listed_and_shown(generic, name):
    house, directory = generic.house, ["--directory", generic.name]
    user = generic.scim.create(name, displayName="Ana Ruiz", emails=[{"value": name, "type": "work"}])
    generic.scim.create(f"inactive.{name}", active=False)
    listed = house.command_json("user", "list", *directory, "--filter", "active eq true")
    assert listed["totalResults"] == 1
    assert listed["users"][0]["userName"] == name
    for named in (user["id"], name, name.upper()):
        shown = house.command_json("user", "show", named, *directory)
        assert shown["id"] == user["id"]
        assert shown["emails"] == user["emails"]
    table = succeeds(house.command("user", "list", *directory))
    assert name in table
    assert "Ana Ruiz" in table
    assert "Ana Ruiz" in succeeds(house.command("user", "show", name, *directory))
    part = house.command("user", "list", *directory, "--count", "1")
    assert "1 of 2" in part.stderr
    assert len(house.command_json("user", "list", *directory, "--all")["users"]) == 2


def test_a_user_is_deactivated_let_in_again_and_deleted(generic):
    house, scim, of = generic.house, generic.scim, ("--directory", generic.name)
    ana = scim.create("ana")
    done = house.command("user", "deactivate", "ANA", *of)
    succeeds(done)
    assert "cannot sign in any more" in done.stderr
    assert ok(scim.get(f"/Users/{ana['id']}"))["active"] is False
    assert house.command_json("user", "reactivate", ana["id"], *of)["active"] is True
    assert ok(scim.get(f"/Users/{ana['id']}"))["active"] is True
    assert house.command_json("user", "delete", "ana", *of) == {"id": ana["id"], "userName": "ana"}
    assert scim.get(f"/Users/{ana['id']}").status_code == 404
    fails(house.command("user", "delete", "ana", *of), 1, "no user with the id or userName")
    succeeds(house.command("user", "restore", "ana", *of))
    kinds = [event["kind"] for event in generic.events(ana["id"])]
    assert kinds == ["user.created", "user.updated", "user.updated", "user.deleted", "user.restored"]


def test_those_whom_the_identity_provider_sent_away_are_brought_back_together(generic):
    house, scim, of = generic.house, generic.scim, ("--directory", generic.name)
    users = {name: scim.create(name)["id"] for name in ("ana", "ben", "cy", "dan", "eve")}
    off = {"op": "replace", "path": "active", "value": False}
    for name in ("ana", "ben", "eve"):
        assert scim.patch(f"/Users/{users[name]}", off).status_code == 200
    assert scim.delete(f"/Users/{users['cy']}").status_code == 204
    house.command_json("user", "deactivate", "dan", *of)
    house.command_json("user", "reactivate", "eve", *of)
    assert house.command_json("user", "reactivate", "--since", "0s", *of)["users"] == []
    told = house.command_json("user", "reactivate", "--since", "1h", "--dry-run", *of)["users"]
    left = {"ana": "deactivated", "ben": "deactivated", "cy": "deleted"}
    assert {user["userName"]: user["left"] for user in told} == left
    assert not any(user["back"] for user in told)
    assert scim.names("active eq true") == ["eve"]
    table = succeeds(house.command("user", "reactivate", "--since", "1h", *of))
    assert "Brought back: 3 of 3." in table
    assert sorted(scim.names("active eq true")) == ["ana", "ben", "cy", "eve"]
    assert house.command_json("user", "reactivate", "--since", "1h", *of)["users"] == [], "they are back"
    fails(house.command("user", "reactivate", *of), 2, "--since")


def test_groups_and_their_members_are_listed_and_shown(generic):
    house, scim, of = generic.house, generic.scim, ("--directory", generic.name)
    users = [scim.create(f"user.{number}") for number in range(5)]
    team = new_group(scim, "Team", *users)
    new_group(scim, "Everybody", team)
    twins = [new_group(scim, "Twins"), new_group(scim, "Twins")]
    listed = house.command_json("group", "list", *of)
    assert listed["totalResults"] == 4
    assert {group["displayName"] for group in listed["groups"]} == {"Team", "Everybody", "Twins"}
    assert (
        house.command_json("group", "list", *of, "--filter", 'displayName eq "team"')["groups"][0]["id"] == team["id"]
    )
    done = house.command("group", "list", *of, "--count", "3")
    assert "3 of 4 groups; --all lists every one" in done.stderr
    shown = house.command_json("group", "show", "team", *of)
    assert (shown["id"], shown["memberCount"], "members" in shown) == (team["id"], 5, False)
    assert "displayName" in house.command("group", "show", team["id"], *of).stdout
    fails(house.command("group", "show", "twins", *of), 1, twins[0]["id"], twins[1]["id"], "give the id of one")
    fails(house.command("group", "show", "nobody", *of), 1, "no group")
    members = house.command_json("group", "members", "Team", *of, "--all")
    assert members["totalResults"] == 5
    assert {member["userName"] for member in members["members"]} == {user["userName"] for user in users}
    assert {member["type"] for member in members["members"]} == {"User"}
    [one] = house.command_json("group", "members", "Team", *of, "--begins-with", "USER.3")["members"]
    assert one["value"] == users[3]["id"]
    [nested] = house.command_json("group", "members", "Everybody", *of)["members"]
    assert (nested["display"], nested["type"], nested["userName"]) == ("Team", "Group", None)


def test_a_user_s_text_cannot_steer_the_terminal(database_house, name):
    directory = database_house.new_directory()
    directory.scim.create(name, displayName="\x1b[31mred\x07\u202e")
    for command in (["user", "list"], ["user", "show", name]):
        shown = succeeds(database_house.command(*command, "--directory", directory.name))
        assert "\x1b" not in shown
        assert "\x07" not in shown


def test_errors_are_one_sentence_and_say_what_to_do(database_house):
    house = database_house
    fails(house.command("directory", "show", "nowhere"), 1, "nowhere")
    fails(house.command("token", "create", "--directory", "nowhere"), 1, "nowhere")
    fails(house.command("token", "revoke", "rc_scim_nobody", "--directory", "default"), 1, "rc_scim_nobody")
    fails(house.command("user", "show", "nobody", "--directory", "default"), 1, "nobody")
    fails(house.command("user", "list", "--directory", "default", "--filter", "("), 1, "filter")
    fails(house.command("directory", "create", "default", "--profile", "okta"), 1, "name")
    fails(house.command("directory", "create", "Not A Label", "--profile", "okta"), 1, "a-z")
    fails(house.command("directory", "list", ROLLCALL_ADMIN_KEY="rc_admin_wrong"), 1, "ROLLCALL_ADMIN_KEY")
    fails(house.command("directory", "list", ROLLCALL_ADMIN_KEY=house.scim_token), 1, "admin key")
    fails(
        house.command("directory", "list", ROLLCALL_SERVER="http://127.0.0.1:1"),
        1,
        "http://127.0.0.1:1",
        "rollcall serve",
    )
    fails(house.command("directory", "list", ROLLCALL_SERVER=house.url), 1, "gRPC")


def test_a_command_that_makes_no_sense_is_explained(database_house):
    house = database_house
    fails(house.command("directory", "list", ROLLCALL_ADMIN_KEY=""), 2, "ROLLCALL_ADMIN_KEY")
    fails(house.command("directory", "create", "x"), 2, "--profile")
    fails(house.command("directory", "create", "x", "--profile", "onelogin"), 2, "okta", "entra", "generic")
    fails(house.command("directory", "update", "default"), 2, "--scim")
    fails(house.command("service-key", "create", "x"), 2, "--scope")
    fails(house.command("service-key", "create", "x", "--scope", "everything"), 2, "directory.read")
    fails(house.command("token", "rotate", "--directory", "default", "--overlap", "soon"), 2, "24h")
    fails(house.command("token", "create", "--directory", "default", "--expires", "yesterday"), 2, "90d")
    fails(house.command("token", "revoke", "--directory", "default"), 2, "PREFIX")


def test_what_ends_too_soon_or_too_late_is_refused(database_house):
    expired = database_house.command("token", "create", "--directory", "default", "--expires", "2001-01-01T00:00:00Z")
    fails(expired, 1, "expires")
    fails(database_house.command("token", "rotate", "--directory", "default", "--overlap", "31d"), 1, "overlap")


def test_help_and_version_are_there_for_every_command(database_house):
    for command in (
        [],
        ["directory"],
        ["token"],
        ["service-key"],
        ["user"],
        ["serve"],
        ["core"],
        ["gateway"],
        ["migrate"],
    ):
        assert "Usage" in succeeds(database_house.command(*command, "--help"))
    assert re.fullmatch(r"rollcall \d+\.\d+\.\d+\n", succeeds(database_house.command("--version")))


def test_a_shell_completes_commands_and_man_has_pages(database_house, tmp_path):
    for shell in ("bash", "zsh", "fish", "powershell", "elvish"):
        script = succeeds(database_house.command("completion", shell))
        assert "oauth-client" in script
        assert "bootstrap-admin-key-file" in script
    (tmp_path / "completion").write_text(succeeds(database_house.command("completion", "bash")))
    words = "COMP_WORDS=(rollcall tok); COMP_CWORD=1; _rollcall rollcall tok rollcall; echo ${COMPREPLY[@]}"
    asked = ["bash", "-c", f"source ./completion; {words}"]
    assert subprocess.run(asked, cwd=tmp_path, text=True, capture_output=True).stdout == "token\n"
    succeeds(database_house.command("man", "--out", str(tmp_path / "man1")))
    assert "rotat" in (tmp_path / "man1" / "rollcall-token-rotate.1").read_text()
    version = database_house.command_json("version")["version"]
    assert succeeds(database_house.command("version")) == f"rollcall {version}\n"
    assert succeeds(database_house.command("--version")) == f"rollcall {version}\n"


def test_json_is_json_and_nothing_else(database_house):
    for command in (["directory", "list"], ["service-key", "list"], ["token", "list", "--directory", "default"]):
        assert isinstance(json.loads(succeeds(database_house.command(*command, "--json"))), dict)
