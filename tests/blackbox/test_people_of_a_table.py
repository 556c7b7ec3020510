"""`rollcall import --csv`: users out of the rows of a table."""

import signal
import subprocess
import time
from collections import Counter

import pytest

from harness.process import binary, clean_environment

WORK_MAIL = 'emails[type eq "work"].value'
DEPARTMENT = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department"
MAPS = ["--map", "Login=userName", "--map", f"Mail={WORK_MAIL}", "--map", "Active=active", "--map", "Room=-"]
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
HEADER = f"Login,Mail,name.givenName,Active,{DEPARTMENT},Room\r\n"

pytestmark = pytest.mark.databases


def imported(house, directory, table: str, *arguments: str):
    (house.work / "people.csv").write_text(table, newline="")
    return house.command(
        "import",
        "people.csv",
        "--csv",
        "--directory",
        directory.name,
        *MAPS,
        *arguments,
        ROLLCALL_DATABASE_URL=house.database.url,
    )


def test_rows_become_users_as_if_an_administrator_had_made_them(house, generic):
    table = HEADER + 'ana,ana@example.com,"Ana, B.",TRUE,Sales,12\r\nben,,Ben,false,,\r\n'
    dry = imported(house, generic, table, "--dry-run")
    assert dry.returncode == 0, dry.stderr
    assert WORK_MAIL in dry.stdout
    assert "would import 2 users" in dry.stdout
    assert generic.scim.get("/Users").json()["totalResults"] == 0
    done = imported(house, generic, table)
    assert "imported 2 users" in done.stdout, done.stderr
    ben, ana = sorted(generic.scim.get("/Users").json()["Resources"], key=lambda user: user["active"])
    assert (ana["userName"], ana["name"]["givenName"], ana["emails"][0]["value"]) == (
        "ana",
        "Ana, B.",
        "ana@example.com",
    )
    assert ana[DEPARTMENT.rpartition(":")[0]]["department"] == "Sales"
    assert (ben["userName"], "emails" in ben) == ("ben", False)
    made = {event["subject"] for event in generic.events() if event["kind"] == "user.created"}
    assert made == {house.database_id(user["id"]) for user in (ana, ben)}


def test_who_is_there_is_left_alone_and_the_others_come(house, generic):
    generic.scim.create("ANA", title="Boss")
    done = imported(house, generic, HEADER + "ana,,Other,true,,\nben,,Ben,true,,\n")
    assert "imported 1 user into" in done.stdout, done.stderr
    assert "1 is there already" in done.stdout
    users = {user["userName"]: user for user in generic.scim.get("/Users").json()["Resources"]}
    assert (users["ANA"]["title"], "name" in users["ANA"]) == ("Boss", False)
    again = imported(house, generic, HEADER + "ana,,Other,true,,\nben,,Ben,true,,\n")
    assert "imported 0 users" in again.stdout


@pytest.mark.parametrize(
    ("table", "parts"),
    [
        (
            HEADER + "ana,,A,true,,\nben,,B,perhaps,,\n,,C,true,,\nANA,,D,true,,\n",
            ["of 4 rows, 3 are wrong", "row 3: Active", "row 4", "userName", "row 5", "that of row 2"],
        ),
        ("Login,Mail,Active,Room,Shoes\nana,,true,,44\n", ['"Shoes"', "--map 'Shoes=PATH'", "'Shoes=-'"]),
        ("Login,Mail,Active\nana,,true\n", ['no column "Room"', '"Login"']),
        (HEADER.strip() + ",id\nana,,A,true,,,1\n", ['"id"']),
        (HEADER.strip() + ",password\nana,,A,true,,,1\n", ['"password"', "passwords do not come"]),
        (HEADER.strip() + f",{USER}:Password\nana,,A,true,,,1\n", ["passwords do not come"]),
        (HEADER.strip() + ",userName\nana,,A,true,,,b\n", ["both userName"]),
        (HEADER.strip() + f",{USER}:userName\nana,,A,true,,,b\n", ["both userName"]),
        (HEADER + "ana,,A\n", ["row 2: it has 3 fields, and the first row has 6"]),
        ("", ["no column"]),
        (HEADER, ["no rows"]),
        (HEADER + 'ana,,"A,true,,\nben,,B,true,,\n', ["not closed"]),
        (HEADER + "ana,,A,true,,\n" + "b" * 1024 * 1024 + ",,B,true,,\n", ["row 3", "longer than 1 MiB"]),
    ],
)
def test_a_table_that_is_wrong_makes_nobody_and_says_what_is_wrong(house, generic, table, parts):
    done = imported(house, generic, table)
    assert done.returncode != 0
    assert "nobody was imported" in done.stderr
    for part in parts:
        assert part in done.stderr
    assert generic.scim.get("/Users").json()["totalResults"] == 0


def test_a_directory_that_is_not_there_is_said_to_be_missing(house, generic):
    (house.work / "people.csv").write_text("userName\nana\n")
    done = house.command(
        "import", "people.csv", "--csv", "--directory", "nobody-has-it", ROLLCALL_DATABASE_URL=house.database.url
    )
    assert done.returncode != 0
    assert "directory create" in done.stderr


def test_an_import_that_was_killed_is_ended_by_running_it_again(house, generic):
    people = 1000
    (house.work / "people.csv").write_text("userName\n" + "".join(f"user.{number}\n" for number in range(people)))
    command = ["import", "people.csv", "--csv", "--directory", generic.name]
    environment = clean_environment(ROLLCALL_DATABASE_URL=house.database.url)
    importing = subprocess.Popen([binary(), *command], cwd=house.work, env=environment, stderr=subprocess.DEVNULL)
    while importing.poll() is None:
        time.sleep(0.01)
        # It stands still while it is looked at, however long that takes.
        importing.send_signal(signal.SIGSTOP)
        if generic.scim.total() > 0:
            importing.send_signal(signal.SIGKILL)
            break
        importing.send_signal(signal.SIGCONT)
    assert importing.wait(timeout=60) == -signal.SIGKILL, "it ended before it was killed"
    before = generic.scim.total()
    assert 0 < before < people
    done = house.command(*command, ROLLCALL_DATABASE_URL=house.database.url)
    assert f"imported {people - before} users" in done.stdout, done.stderr
    assert f"{before} are there already" in done.stdout
    assert generic.scim.total() == people
    made = Counter(event["subject"] for event in generic.events() if event["kind"] == "user.created")
    assert (len(made), set(made.values())) == (people, {1})
