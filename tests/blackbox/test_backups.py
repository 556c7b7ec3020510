"""A SQLite database is copied while it is used, and the copy put back."""

import json
import re
import shutil
import sqlite3
import threading
from pathlib import Path

import httpx
import pytest
from test_commands import fails, succeeds
from test_held_databases import until

from harness.background import running
from harness.house import House
from harness.scim import USER, Scim, ok, refused


@pytest.fixture
def served(builder) -> House:
    return builder.start("serve-sqlite")


def on(database) -> dict[str, str]:
    """The settings by which a command works on a database."""
    return {"ROLLCALL_DATABASE_URL": f"sqlite:{database}" if "://" not in str(database) else str(database)}


def client(house: House) -> Scim:
    """The identity provider of a house, wherever that listens now."""
    return Scim(house.base_url, house.scim_token)


def backup(house: House, file, *arguments: str) -> dict:
    return house.command_json("backup", str(file), *arguments, **on(house.database.path))


def restored(builder, house: House, *arguments: str) -> House:
    """A house on what a backup holds."""
    new = builder.new("serve-sqlite", admin_key=house.admin_key, scim_token=house.scim_token)
    done = new.command("restore", *arguments, **on(new.database.path))
    succeeds(done)
    assert "is gone" in done.stderr
    assert "counts again" in done.stderr
    return new.start()


def test_what_was_answered_before_a_backup_began_is_in_it_whoever_writes_meanwhile(builder, served, tmp_path):
    answered: list[tuple[str, str]] = []

    def write(number: int):
        def writing(stop: threading.Event) -> None:
            scim = client(served)
            count = 0
            while not stop.is_set():
                count += 1
                user = scim.create(f"user-{number}-{count}")
                answered.append((user["id"], scim.change(user, {"op": "add", "path": "title", "value": "x"})["title"]))

        return writing

    copies = []
    with running([write(number) for number in range(4)]):
        for number in range(3):
            enough = 25 * (number + 1)
            until(lambda enough=enough: len(answered) >= enough)
            known = list(answered)
            file = tmp_path / f"{number}.db"
            assert backup(served, file)["users"] >= len(known)
            copies.append((file, known))
    assert served.processes[0].process.poll() is None
    for file, known in copies:
        assert file.stat().st_mode & 0o777 == 0o600
        house = restored(builder, served, str(file))
        for user, title in known:
            assert ok(client(house).get(f"/Users/{user}"))["title"] == title
        client(house).create("somebody new")


def test_a_backup_replaces_no_file_unless_that_is_said(served, tmp_path):
    file = tmp_path / "backup.db"
    told = backup(served, file)
    assert told["file"] == str(file)
    assert told["bytes"] == file.stat().st_size
    assert (told["directories"], told["users"], told["groups"]) == (1, 0, 0)
    before = file.read_bytes()
    client(served).create("ana")
    fails(served.command("backup", str(file), **on(served.database.path)), 1, str(file), "--force")
    assert file.read_bytes() == before
    assert backup(served, file, "--force")["users"] == 1
    assert sorted(tmp_path.iterdir()) == [file]
    line = succeeds(served.command("backup", str(file), "--force", **on(served.database.path)))
    assert re.search(r"directories 1, users 1, groups 0, last changed 20..-", line)


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", ".lock"])
@pytest.mark.parametrize("command", [["backup"], ["export", "--directory", "default"]])
def test_no_copy_takes_the_place_of_the_database(served, command, suffix):
    path = served.database.path
    client(served).create("ana")
    for force in ([], ["--force"]):
        done = served.command(*command, *force, f"{path}{suffix}", **on(path))
        fails(done, 1, "belongs to a database")
        assert "--force" not in done.stderr
    client(served).create("ben")
    served.restart()
    assert sorted(client(served).names("userName pr")) == ["ana", "ben"]


def test_nothing_is_written_into_a_file_that_lost_its_place(served):
    """What would be acknowledged then would be gone with the next start."""
    path, away = served.database.path, Path(f"{served.database.path}.away")
    client(served).create("ana")
    path.rename(away)
    shutil.copy(away, path)
    answer = httpx.post(
        f"{served.base_url}/Users",
        json={"schemas": [USER], "userName": "ben"},
        headers={"Authorization": f"Bearer {served.scim_token}", "Content-Type": "application/scim+json"},
    )
    refused(answer, 503)
    until(lambda: httpx.get(f"{served.url}/readyz").status_code == 503)
    assert ok(client(served).get("/Users"))["totalResults"] == 1
    away.rename(path)
    until(lambda: httpx.get(f"{served.url}/readyz").status_code == 200)
    client(served).create("ben")
    served.restart()
    assert sorted(client(served).names("userName pr")) == ["ana", "ben"]


def test_a_backup_that_was_ended_leaves_nothing_and_keeps_no_other_from_being_made(served, tmp_path):
    (tmp_path / f"backup.db.{'x' * 6}.new").write_text("what one left that was killed")
    backup(served, tmp_path / "backup.db")
    fails(served.command("backup", "/dev/null", "--force", **on(served.database.path)), 1, "not a file")
    assert Path("/dev/null").is_char_device()


def test_what_was_deleted_for_good_is_in_no_page_of_a_backup(served, tmp_path):
    served.command_json("directory", "update", "default", "--retention", "0", "--activity", "off")
    user = client(served).create("somebody.whom.nobody.is.to.find")
    assert client(served).delete(f"/Users/{user['id']}").status_code == 204
    served.database.execute("DELETE FROM events WHERE subject = ?", served.database_id(user["id"]))
    backup(served, tmp_path / "backup.db")
    assert b"whom.nobody.is.to.find" not in (tmp_path / "backup.db").read_bytes()


def test_a_database_on_postgresql_is_backed_up_otherwise(builder, tmp_path):
    house = builder.new("serve-postgres")
    for command, instead in [("backup", "pg_dump"), ("restore", "pg_restore")]:
        done = house.command(command, str(tmp_path / "x"), **on(house.database.url))
        fails(done, 2, "PostgreSQL", instead)
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_is_not_there_is_not_backed_up(served, tmp_path):
    done = served.command("backup", str(tmp_path / "x.db"), "--data-dir", str(tmp_path / "none"))
    fails(done, 1, str(tmp_path / "none" / "rollcall.db"))
    assert list(tmp_path.iterdir()) == []


def test_a_server_is_not_robbed_of_its_database(builder, served, tmp_path):
    client(served).create("ana")
    file = tmp_path / "backup.db"
    backup(served, file)
    client(served).create("ben")
    path = served.database.path
    for arguments in ([], ["--force"]):
        fails(served.command("restore", str(file), *arguments, **on(path)), 1, "is served already", "rollcall serve")
    served.stop()
    fails(served.command("restore", str(file), **on(path)), 1, "--force", "stays beside it")
    told = served.command_json("restore", str(file), "--force", **on(path))
    assert (told["users"], told["file"]) == (1, str(path))
    assert 0 <= told["seconds"] < 600
    served.restart()
    assert client(served).names("userName pr") == ["ana"]
    served.stop()
    # What was there is not lost: it gets its name back, and its log where it has one.
    for suffix in ("", "-wal", "-shm"):
        Path(f"{path}{suffix}").unlink(missing_ok=True)
        if (kept := Path(f"{told['kept']}{suffix}")).exists():
            kept.rename(f"{path}{suffix}")
    served.restart()
    assert sorted(client(served).names("userName pr")) == ["ana", "ben"]


def test_what_was_revoked_since_counts_again_and_what_was_made_is_gone(builder, served, tmp_path):
    old = served.command_json("token", "create", "--directory", "default")
    backup(served, tmp_path / "backup.db")
    served.command_json("token", "revoke", old["prefix"], "--directory", "default")
    new = served.command_json("token", "create", "--directory", "default")
    house = restored(builder, served, str(tmp_path / "backup.db"))
    ok(Scim(house.base_url, old["token"]).get("/Users"))
    refused(Scim(house.base_url, new["token"]).get("/Users"), 401)


def test_what_is_no_backup_is_refused_and_nothing_is_made_of_it(builder, served, tmp_path):
    client(served).create("ana")
    whole = tmp_path / "backup.db"
    backup(served, whole)
    foreign = sqlite3.connect(tmp_path / "foreign.db")
    foreign.executescript("CREATE TABLE songs (title TEXT)")
    foreign.close()
    (tmp_path / "cut.db").write_bytes(whole.read_bytes()[:-5000])
    (tmp_path / "text.db").write_text("somebody's letter\n" * 500)
    (tmp_path / "empty.db").write_bytes(b"")
    shutil.copy(served.database.path, tmp_path / "in-use.db")
    shutil.copy(f"{served.database.path}-wal", tmp_path / "in-use.db-wal")
    shutil.copy(whole, tmp_path / "later.db")
    later = sqlite3.connect(tmp_path / "later.db")
    with later:
        later.execute("UPDATE _sqlx_migrations SET version = 9999 WHERE version = 1")
    later.close()
    reasons = {
        "foreign": "none of Rollcall's",
        "cut": "not all of",
        "text": "no SQLite database",
        "empty": "none of Rollcall's",
        "in-use": "write-ahead log",
        "later": "later version",
        "missing": "cannot read",
    }
    new = builder.new("serve-sqlite")
    for name, reason in reasons.items():
        file = tmp_path / f"{name}.db"
        fails(new.command("restore", str(file), **on(new.database.path)), 1, str(file), reason)
        assert list(new.work.iterdir()) == [], name
    # Nor is a database replaced by it.
    served.stop()
    before = served.database.rows("SELECT id FROM resources")
    fails(served.command("restore", str(tmp_path / "cut.db"), "--force", **on(served.database.path)), 1, "not all of")
    assert served.database.rows("SELECT id FROM resources") == before
    assert json.loads(succeeds(new.command("restore", str(whole), "--json", **on(new.database.path))))["users"] == 1


def test_a_log_that_lies_where_a_backup_is_to_be_is_not_taken_for_a_part_of_it(builder, served, tmp_path):
    backup(served, tmp_path / "backup.db")
    new = builder.new("serve-sqlite")
    log = new.work / "rollcall.db-wal"
    log.write_bytes(b"of another one")
    fails(new.command("restore", str(tmp_path / "backup.db"), **on(new.database.path)), 1, str(log))
    assert list(new.work.iterdir()) == [log]
