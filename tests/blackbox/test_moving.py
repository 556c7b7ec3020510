"""A directory is written into a file, and made of it again, in the same database or in another one."""

import gzip
import hashlib
import json
import signal
import subprocess
import time

import grpc
import pytest
from groups import member_ids, new_group, read
from test_backups import on
from test_commands import fails, succeeds
from test_guard_rails import hold, holds, old_users, set_rail
from test_schema_extensions import URN, register

from harness.exports import identifier, write_export, written
from harness.house import Directory, House
from harness.process import binary, clean_environment
from harness.scim import GROUP, USER, Scim, created, no_content, ok, refused
from harness.sso import Door, decision

SUBJECT = "subject-of-ana"


@pytest.fixture
def furnished(database_house) -> Directory:
    """A directory with some of everything, with users and groups whose names no other alphabet has."""
    directory = database_house.new_directory("okta")
    house, scim = database_house, directory.scim
    house.command_json(
        "directory", "update", directory.name, "--password", "store", "--admin-email", "boss@example.com"
    )
    register(directory)
    badge = {"number": "17", "level": 3, "doors": [{"value": "front", "floor": 0}]}
    ana = created(
        scim.post(
            "/Users",
            {
                "schemas": [USER, URN],
                "userName": "Ana.Ångström@example.com",
                "name": {"givenName": "Ana", "familyName": "Ångström"},
                "displayName": "Ana “Å” 安娜 \u2028\U0001f600",
                "emails": [{"value": "Ana@Example.com", "type": "work", "primary": True}],
                "roles": [{"value": "Chief"}],
                "externalId": "e-1",
                "password": "correct horse battery staple",
                URN: badge,
            },
        )
    )
    ben, cleo = scim.create("ben", active=False, title="x" * 5000), scim.create("cleo")
    for title in ("one", "two"):
        scim.change(ben, {"op": "replace", "path": "title", "value": title})
    team = new_group(scim, "Team", ana, ben)
    new_group(scim, "Everybody", team, cleo)
    created(scim.post("/Groups", {"schemas": [GROUP], "displayName": "Nobody"}))
    house.command_json("user", "update", ana["id"], "--directory", directory.name, "--administrator", "on")
    assert (
        decision(Door(directory).sign_in(subject=SUBJECT, email="ana@example.com", email_verified=True)) == "existing"
    )
    house.command_json("sso", "rule", "add", "allow", "--directory", directory.name, "--protocol", "jwt")
    gone = scim.create("dan", externalId="e-4")
    no_content(scim.delete(f"/Users/{gone['id']}"))
    return directory


def export(house: House, directory: str, file, *arguments: str) -> dict:
    command = ["export", str(file), "--directory", directory, *arguments]
    return house.command_json(*command, **on(house.database.url))


def import_(house: House, directory: str, file, *arguments: str) -> dict:
    command = ["import", str(file), "--directory", directory, *arguments]
    return house.command_json(*command, **on(house.database.url))


def whole_lines(text: str) -> list[str]:
    """Lines with their ends. `splitlines` would cut them at what Unicode calls one too."""
    return [f"{line}\n" for line in text.split("\n")[:-1]]


def lines(file) -> list[dict]:
    return [json.loads(line) for line in file.read_text().split("\n")[:-1]]


def other(builder, houses, house: House) -> House:
    """The house on the other database."""
    return houses["serve-postgres" if house.database.kind == "sqlite" else "serve-sqlite"]


def test_a_directory_moves_to_the_other_database_and_back_equal_byte_for_byte(builder, houses, furnished, tmp_path):
    house, name = furnished.house, furnished.name
    away = other(builder, houses, house)
    first, second, third = (tmp_path / f"{number}.ndjson" for number in (1, 2, 3))
    told = export(house, name, first, "--passwords")
    assert told["counts"] == {
        "schemas": 1, "users": 3, "groups": 3, "members": 4, "links": 1, "provisioningRules": 1, "deletedUsers": 1,
    }  # fmt: skip
    assert import_(away, name, first)["target"] == "new"
    assert export(away, name, second, "--passwords") == {**told, "file": str(second)}
    assert second.read_bytes() == first.read_bytes()
    # Back under another name: the header alone differs.
    import_(house, f"{name}-2", second)
    export(house, f"{name}-2", third, "--passwords")
    assert lines(third)[1:-1] == lines(first)[1:-1]
    assert first.stat().st_mode & 0o777 == 0o600


def test_whoever_asks_finds_everything_where_it_was(builder, houses, furnished, tmp_path):
    house, name = furnished.house, furnished.name
    away = other(builder, houses, house)
    export(house, name, tmp_path / "x", "--passwords")
    import_(away, name, tmp_path / "x")
    moved = Directory(away, name, away.new_token(name))
    before = {user["id"]: user for user in furnished.scim.page(count=100)["Resources"]}
    after = {user["id"]: user for user in moved.scim.page(count=100)["Resources"]}
    for user in [*before.values(), *after.values()]:
        del user["meta"]["location"]
        for group in user.get("groups", []):
            del group["$ref"]
    assert after == before
    [ana] = moved.scim.find('emails.value eq "ana@example.com"')
    assert moved.scim.names('roles.value eq "chief"') == [ana["userName"]]
    assert moved.scim.names(f'{URN}:number eq "17"') == [ana["userName"]]
    assert moved.scim.total() == 3
    # What is unique is unique, by a registered schema too.
    refused(moved.scim.post("/Users", {"schemas": [USER], "userName": ana["userName"].upper()}), 409, "uniqueness")
    again = {"schemas": [USER, URN], "userName": "eve", URN: {"number": "17"}}
    refused(moved.scim.post("/Users", again), 409, "uniqueness")
    [team] = ok(moved.scim.get("/Groups", filter='displayName eq "Team"'))["Resources"]
    assert member_ids(read(moved.scim, team)) == member_ids(read(furnished.scim, team))
    # The same person signs in, knows the password, and is an administrator; who was deleted can come back.
    assert decision(Door(moved).sign_in(subject=SUBJECT)) == "existing"
    key = away.rpc(away.new_service_key("PASSWORD_VERIFY", directory=name))
    asked = {"directory": name, "id": ana["id"], "password": "correct horse battery staple"}
    assert key.call("UserService/VerifyPassword", **asked).verified
    users = away.command_json("user", "list", "--directory", name)["users"]
    assert [user["userName"] for user in users if user["administrator"]] == [ana["userName"]]
    succeeds(away.command("user", "restore", "dan", "--directory", name))
    assert moved.scim.total() == 4


def test_what_happened_moves_where_that_is_asked_for(builder, houses, furnished, tmp_path):
    """Events keep their ids, times and order, come to the audit log of nobody else, and later ones follow them."""
    house, name = furnished.house, furnished.name
    away = other(builder, houses, house)
    before = house.command_json("event", "list", "--directory", name)["events"]
    told = export(house, name, tmp_path / "x", "--events")
    assert told["counts"]["events"] == len(before) >= 20
    assert "events" not in export(house, name, tmp_path / "y")["counts"]
    import_(away, name, tmp_path / "x")
    moved = Directory(away, name, away.new_token(name))
    after = away.command_json("event", "list", "--directory", name)["events"]
    ids = [event["id"] for event in before]
    kept = [event for event in after if event["id"] in ids]
    assert [event["number"] for event in after] == list(range(1, len(after) + 1))
    own = ("number", "directory", "actor")
    plain = [{key: value for key, value in event.items() if key not in own} for event in (*before, *kept)]
    assert plain[len(before) :] == plain[: len(before)]
    # The directory was made before, and its token and its SCIM endpoint came after.
    assert after.index(kept[0]) == 1
    assert {event["type"] for event in after if event["id"] not in ids} <= {
        "directory.created", "directory.updated", "credential.created",
    }  # fmt: skip
    assert len(away.command_json("audit", "list", "--directory", name)["records"]) <= 3
    user = moved.scim.create("eve")
    assert away.command_json("event", "list", "--directory", name)["events"][-1]["subject"] == user["id"]
    # Where they came from, there is one of each.
    copied = house.command("import", str(tmp_path / "x"), "--directory", f"{name}-copy", **on(house.database.url))
    fails(copied, 1, "nothing was imported", "without them")
    fails(house.command("directory", "show", f"{name}-copy"), 1, "no directory")


def test_hashes_of_passwords_are_in_an_export_only_where_that_is_said_and_tokens_never(furnished, tmp_path):
    export(furnished.house, furnished.name, tmp_path / "without")
    assert "$argon2" not in (tmp_path / "without").read_text()
    export(furnished.house, furnished.name, tmp_path / "with", "--passwords")
    text = (tmp_path / "with").read_text()
    assert text.count("$argon2") == 1
    digest = hashlib.sha256(furnished.token.encode()).digest()
    for secret in (furnished.token, digest.hex()):
        assert secret not in text


def test_an_export_goes_down_a_pipe_and_says_on_the_side_what_it_was(furnished, tmp_path):
    settings = {"ROLLCALL_DATABASE_URL": furnished.house.database.url}
    command = [binary(), "export", "--directory", furnished.name]
    done = subprocess.run(command, env=clean_environment(**settings), cwd=tmp_path, capture_output=True, timeout=60)
    assert done.returncode == 0
    export(furnished.house, furnished.name, tmp_path / "x")
    assert done.stdout == (tmp_path / "x").read_bytes()
    assert "exported" in done.stderr.decode()
    assert "users 3" in done.stderr.decode()
    fails(furnished.house.command(*command[1:], "--json", **settings), 2, "FILE")


def test_an_export_is_of_one_moment_and_stops_nobody(database_house, tmp_path):
    directory = database_house.new_directory("generic")
    users = [directory.scim.create(f"user{number}") for number in range(30)]
    group = new_group(directory.scim, "All", *users)
    command = [binary(), "export", "--directory", directory.name]
    environment = clean_environment(ROLLCALL_DATABASE_URL=database_house.database.url)
    exporting = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    for number in range(30):
        no_content(directory.scim.delete(f"/Users/{users[number]['id']}"))
        directory.scim.create(f"another{number}")
    written = exporting.stdout.read().decode().split("\n")[:-1]
    assert exporting.wait(timeout=60) == 0
    found = [json.loads(line) for line in written]
    there = {line["user"]["record"]["id"] for line in found if "user" in line}
    members = [line["members"]["users"] for line in found if "members" in line]
    gone = {line["deletedUser"]["id"] for line in found if "deletedUser" in line}
    # Whoever was there was a member, and whoever was not had been deleted.
    originals = {user["id"] for user in users}
    assert {member for part in members for member in part} == there & originals
    assert there | gone >= originals
    assert not there & gone
    assert ok(directory.scim.get(f"/Groups/{group['id']}"))


@pytest.mark.parametrize("has_settings", [False, True])
def test_an_empty_directory_becomes_what_the_export_says(furnished, tmp_path, has_settings):
    house = furnished.house
    empty = house.new_directory("generic" if has_settings else "okta")
    export(house, furnished.name, tmp_path / "x")
    assert import_(house, empty.name, tmp_path / "x")["target"] == "empty"
    shown = house.command_json("directory", "show", empty.name)
    assert (shown["profile"], shown["id"]) == ("okta", empty.id)
    assert shown["admin_emails"] == ["boss@example.com"]
    # Its token goes on.
    assert empty.scim.total() == 3


def test_a_directory_that_has_something_is_left_alone(furnished, tmp_path):
    house = furnished.house
    file = tmp_path / "x"
    export(house, furnished.name, file)
    taken = house.new_directory("okta")
    taken.scim.create("mine")
    for arguments in ([], ["--dry-run"], ["--resume"]):
        command = ["import", str(file), "--directory", taken.name, *arguments]
        fails(house.command(*command, **on(house.database.url)), 1, "nothing was imported", "not empty", "1 users")
    assert taken.scim.names("userName pr") == ["mine"]
    command = ["import", str(file), "--directory", "Not A Name"]
    fails(house.command(*command, **on(house.database.url)), 1, "name")


def test_a_dry_run_says_what_would_be_and_does_nothing(furnished, tmp_path):
    house, name = furnished.house, f"{furnished.name}-dry"
    export(house, furnished.name, tmp_path / "x")
    command = ["import", str(tmp_path / "x"), "--directory", name, "--dry-run"]
    assert "would import" in succeeds(house.command(*command, **on(house.database.url)))
    told = import_(house, name, tmp_path / "x", "--dry-run")
    assert (told["dryRun"], told["target"], told["counts"]["users"]) == (True, "new", 3)
    assert house.command("directory", "show", name).returncode == 1


def test_a_file_that_was_cut_or_changed_is_refused_before_anything_is_written(furnished, tmp_path):
    house, name = furnished.house, f"{furnished.name}-bad"
    file = tmp_path / "x"
    export(house, furnished.name, file)
    text = file.read_text()
    whole = whole_lines(text)
    bad = {
        "cut in a line": (text[:-20], "was cut"),
        "cut behind a line": ("".join(whole[:-1]), "its last line is missing"),
        "a line less": ("".join(whole[:2] + whole[3:]), "something is missing"),
        "another word": (text.replace("cleo", "leo"), "was changed"),
        "more": (text + whole[1], "behind its last line"),
        "another order": ("".join([whole[0], whole[4], whole[1], *whole[5:]]), "where it belongs"),
        "of a later version": (text.replace('"schema":{', '"novelty":{', 1), "line 2"),
        "no export": ("id,name\n1,ana\n", "no export"),
        "nothing": ("", "no export"),
    }
    for changed, reason in bad.values():
        file.write_text(changed)
        done = house.command("import", str(file), "--directory", name, **on(house.database.url))
        fails(done, 1, "nothing was imported", reason)
    file.write_bytes(gzip.compress(text.encode()))
    fails(house.command("import", str(file), "--directory", name, **on(house.database.url)), 1, "no export")
    assert house.command("directory", "show", name).returncode == 1


def test_a_newer_format_is_refused_with_the_version_that_made_it(furnished, tmp_path):
    house = furnished.house
    export(house, furnished.name, tmp_path / "x")
    whole = whole_lines((tmp_path / "x").read_text())
    header = json.loads(whole[0])
    header["export"].update(format=2, version="7.1.0")
    body = json.dumps(header) + "\n" + "".join(whole[1:-1])
    end = json.loads(whole[-1])
    end["end"]["sha256"] = hashlib.sha256(body.encode()).hexdigest()
    (tmp_path / "x").write_text(body + json.dumps(end) + "\n")
    done = house.command("import", str(tmp_path / "x"), "--directory", "acme-later", **on(house.database.url))
    fails(done, 1, "7.1.0", "format 2")
    assert house.command("directory", "show", "acme-later").returncode == 1


def test_held_changes_are_decided_about_before_an_export(database_house, tmp_path):
    directory = database_house.new_directory("okta")
    set_rail(directory, "1,1%,1h")
    for user in old_users(directory, 6):
        directory.scim.delete(f"/Users/{user['id']}")
    [held] = holds(directory)
    command = ["export", str(tmp_path / "x"), "--directory", directory.name]
    fails(database_house.command(*command, **on(database_house.database.url)), 1, "held", "hold list")
    assert list(tmp_path.iterdir()) == []
    hold(directory, "reject", held["id"])
    succeeds(database_house.command(*command, **on(database_house.database.url)))


def test_an_import_that_was_killed_goes_on_where_it_was(builder, houses, tmp_path):
    """A large one, killed again and again, until it is through."""
    house = houses["serve-sqlite"]
    many = tmp_path / "many.ndjson"
    write_export(many, users=6_000, groups=4)
    for target in (house, houses["serve-postgres"]):
        name = f"many-{target.database.kind}"
        command = [binary(), "import", str(many), "--directory", name, "--resume", "--json"]
        environment = clean_environment(ROLLCALL_DATABASE_URL=target.database.url)
        kills = 0
        while True:
            importing = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
            before = mark(target, name)
            while kills < 3 and importing.poll() is None:
                time.sleep(0.01)
                # It stands still while it is looked at, however long that takes.
                importing.send_signal(signal.SIGSTOP)
                if mark(target, name) not in (before, None):
                    importing.send_signal(signal.SIGKILL)
                    kills += 1
                    break
                importing.send_signal(signal.SIGCONT)
            out, err = importing.communicate(timeout=120)
            if importing.returncode == 0:
                break
            assert importing.returncode == -signal.SIGKILL, err
            if mark(target, name) is None:
                continue
            # Not all of it is there, and nobody is told otherwise.
            refused(Scim(target.base_url, target.new_token(name)).get("/Users"), 403)
            exported = target.command("export", str(tmp_path / "no"), "--directory", name, **on(target.database.url))
            fails(exported, 1, "is being imported")
            again = target.command("import", str(many), "--directory", name, **on(target.database.url))
            fails(again, 1, "has begun", "--resume")
        told = json.loads(out)
        assert kills, "it was never killed"
        assert told["target"] == "unfinished"
        assert told["linesBefore"] > 0
        export(target, name, tmp_path / f"again-{name}")
        assert lines(tmp_path / f"again-{name}")[1:-1] == lines(many)[1:-1]
        assert Scim(target.base_url, target.new_token(name)).total() == 6_000


def write_lines(file, lines: list[dict]) -> None:
    """Writes an export with these lines but for the last one, which says that nothing is missing."""
    kinds = {
        "schema": "schemas", "user": "users", "group": "groups", "link": "links", "deletedUser": "deletedUsers",
        "event": "events",
    }  # fmt: skip
    counts: dict[str, int] = {}
    for line in lines[1:]:
        [kind] = line
        counts[kinds[kind]] = counts.get(kinds[kind], 0) + 1
    body = "".join(json.dumps(line) + "\n" for line in lines).encode()
    end = {"end": {"counts": dict(sorted(counts.items())), "sha256": hashlib.sha256(body).hexdigest()}}
    file.write_bytes(body + json.dumps(end).encode() + b"\n")


def changed(line: dict, kind: str, **more) -> dict:
    return {kind: {**line[kind], **more}}


def changed_record(line: dict, **more) -> dict:
    return changed(line, "user", record={**line["user"]["record"], **more})


def test_a_line_that_cannot_be_written_is_refused_before_anything_is(houses, tmp_path):
    house = houses["serve-sqlite"]
    good = list(written(2, 0, 0))
    header, ana, ben = good
    header = changed(header, "export", passwords=True, events=True)
    attributes = ben["user"]["record"]["attributes"]
    gone = {
        "id": identifier(9), "version": 1, "created": 1, "deleted": 2**63 - 1, "deletedBy": None, "origin": "scim",
        "scimManaged": True, "attributes": {"userName": "gone"}, "link": None, "address": None,
    }  # fmt: skip
    link = {"issuer": "i", "subject": "s", "user": identifier(7), "protocol": "saml", "created": 1}
    event = {
        "id": identifier(8), "kind": "user.exploded", "subject": identifier(1), "time": 1, "requestId": "",
        "changes": {},
    }  # fmt: skip
    hash_ = "$argon2id$v=19$m=1500000,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$kAbhvjHiS9tdHqTzPnWXhHDxkF3JI5oCcUUt5qSE1iI"
    core_urn = {"id": USER, "name": "x", "attributes": [{"name": "number", "type": "string"}]}
    for second, reasons in [
        ([changed_record(ben, id=identifier(1))], ["line 3", identifier(1), "earlier line"]),
        ([changed_record(ben, attributes=ana["user"]["record"]["attributes"])], ["line 3", "userName", "user1@"]),
        ([changed_record(ben, version=2**63 - 1)], ["line 3", "user2@", "version"]),
        ([changed_record(ben, provenance={"*": "x"})], ["line 3", "provenance"]),
        ([changed_record(ben, attributes={**attributes, "meta": {"version": "1"}})], ["line 3", "meta"]),
        ([changed_record(ben, attributes={"active": True})], ["line 3", "userName", "required"]),
        ([changed(ben, "user", passwordHash=hash_)], ["line 3", "m=1500000"]),
        ([ben, {"link": link}], ["line 4", identifier(7), "no user"]),
        ([ben, {"deletedUser": gone}], ["line 4", "gone", "deleted", "9223372036854775807"]),
        ([ben, {"event": event}], ["line 4", "user.exploded"]),
    ]:
        write_lines(tmp_path / "x", [header, ana, *second])
        refuses(house, tmp_path / "x", *reasons)
    schema = {"resourceType": "User", "required": False, "created": 1, "definition": core_urn}
    write_lines(tmp_path / "x", [header, {"schema": schema}])
    refuses(house, tmp_path / "x", "line 2", "reserved")
    for settings in ({"color": "red"}, {"notify_first_sign_in": "yes"}, {"safeguards": {"guard_rail": 7}}):
        write_lines(tmp_path / "x", [changed(header, "export", settings=settings)])
        refuses(house, tmp_path / "x", "line 1", "settings")
    write_lines(tmp_path / "x", [header, ana, ben])
    assert import_(house, "judged", tmp_path / "x", "--dry-run")["counts"] == {"users": 2}


def refuses(house: House, file, *reasons: str) -> None:
    """Nothing of a file is imported, for these reasons, and no directory is there for it."""
    for more in ([], ["--dry-run"]):
        done = house.command("import", str(file), "--directory", "judged", *more, **on(house.database.url))
        fails(done, 1, "nothing was imported", *reasons)
    assert house.command("directory", "show", "judged").returncode == 1


def test_nobody_changes_a_directory_while_it_is_imported(database_house, tmp_path):
    house, many = database_house, tmp_path / "many.ndjson"
    name = f"{house.new_directory().name}-half"
    write_export(many, users=6_000, groups=0)
    command = [binary(), "import", str(many), "--directory", name]
    environment = clean_environment(ROLLCALL_DATABASE_URL=house.database.url)
    importing = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    while (mark(house, name) or 0) < 2:
        assert importing.poll() is None, importing.communicate()
        time.sleep(0.01)
    importing.kill()
    importing.communicate(timeout=60)
    half = mark(house, name)
    assert half is not None, "it was over before it was killed"
    ways = ("is being imported", "--resume", f"rollcall directory delete {name} --confirm {name}")
    for arguments in (
        ["directory", "update", name, "--scim", "on", "--yes"],
        ["directory", "update", name, "--guard-rail", "off"],
        ["user", "delete", "user1@example.com", "--directory", name],
        ["sso", "rule", "add", "allow", "--directory", name, "--protocol", "jwt"],
    ):
        # Some say first what it would mean.
        done = house.command(*arguments)
        assert (done.returncode, done.stdout) == (1, ""), done
        assert all(way in done.stderr for way in ways), done.stderr
    directory = Directory(house, name, house.new_token(name))
    refused(directory.scim.get("/Users"), 403)
    door = Door(directory)
    with pytest.raises(grpc.RpcError, match="is being imported"):
        door.sign_in(subject="s-1", email="new@example.com", email_verified=True)
    assert house.command_json("directory", "show", name)["importedLines"] == half
    said = f"being imported: {half} lines are in; go on with `rollcall import FILE --directory {name} --resume`"
    assert said in succeeds(house.command("directory", "show", name))
    assert import_(house, name, many, "--resume")["linesBefore"] == half
    assert house.command_json("directory", "show", name)["importedLines"] is None
    assert directory.scim.total() == 6_000


def test_an_import_from_another_file_does_not_go_on_with_one(houses, tmp_path):
    house = houses["serve-sqlite"]
    write_export(tmp_path / "one", users=1, groups=0)
    write_export(tmp_path / "two", users=2, groups=0)
    import_(house, "begun", tmp_path / "one")
    id_ = house.command_json("directory", "show", "begun")["id"]
    house.database.execute("DELETE FROM resources WHERE directory_id = ?", house.database_id(id_))
    insert = "INSERT INTO imports (directory_id, digest, lines) VALUES (?, ?, 1)"
    house.database.execute(insert, house.database_id(id_), "0" * 64)
    command = ["import", str(tmp_path / "two"), "--directory", "begun", "--resume"]
    fails(house.command(*command, **on(house.database.url)), 1, "another file")


def test_a_directory_that_was_not_finished_can_be_deleted(houses, tmp_path):
    house = houses["serve-postgres"]
    write_export(tmp_path / "one", users=3, groups=1)
    import_(house, "given-up", tmp_path / "one")
    id_ = house.command_json("directory", "show", "given-up")["id"]
    insert = "INSERT INTO imports (directory_id, digest, lines) VALUES (?, ?, 1)"
    house.database.execute(insert, house.database_id(id_), "0" * 64)
    succeeds(house.command("directory", "delete", "given-up", "--confirm", "given-up"))
    assert house.database.rows("SELECT lines FROM imports WHERE directory_id = ?", house.database_id(id_)) == []
    assert import_(house, "given-up", tmp_path / "one")["target"] == "new"


def test_a_directory_that_there_is_not_is_not_exported(database_house, tmp_path):
    command = ["export", str(tmp_path / "x"), "--directory", "nobodys"]
    fails(database_house.command(*command, **on(database_house.database.url)), 1, "nothing was exported", "nobodys")
    assert list(tmp_path.iterdir()) == []


def test_who_follows_a_directory_that_was_imported_begins_with_its_making(furnished, tmp_path):
    house, name = furnished.house, f"{furnished.name}-followed"
    export(house, furnished.name, tmp_path / "x")
    import_(house, name, tmp_path / "x")
    events = Directory(house, name, "").events()
    assert [event["kind"] for event in events] == ["directory.created", "directory.updated"]
    moved = Directory(house, name, house.new_token(name))
    moved.scim.create("somebody new")
    assert Directory(house, name, "").events()[-1]["kind"] == "user.created"


def mark(house: House, directory: str) -> int | None:
    """How many lines of an import into a directory are there."""
    query = "SELECT i.lines FROM imports i JOIN directories d ON d.id = i.directory_id WHERE d.name = ?"
    rows = house.database.rows(query, directory)
    return rows[0]["lines"] if rows else None
