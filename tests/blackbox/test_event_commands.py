"""The administrator's commands about events."""

import json
import subprocess

from harness.process import binary, clean_environment


def test_events_are_listed_for_people_and_for_machines(generic, name):
    house = generic.house
    user = generic.scim.create(name, title="Boss")
    generic.scim.change(user, {"op": "replace", "path": "title", "value": "Chief"})
    told = house.command_json("event", "list", "--directory", generic.name)
    assert [event["number"] for event in told["events"]] == [1, 2, 3, 4]
    assert told["position"] == told["newest"] == 4
    assert [event["type"] for event in told["events"]] == [
        "directory.created",
        "credential.created",
        "user.created",
        "user.updated",
    ]
    changed = told["events"][-1]
    assert (changed["subject"], changed["version"]) == (user["id"], 2)
    assert changed["changes"] == {"title": {"before": "Boss", "after": "Chief"}}
    assert changed["actor"]["kind"] == "scim-token"
    assert generic.token.startswith(changed["actor"]["prefix"])
    some = house.command_json("event", "list", "--directory", generic.name, "--after", "1", "--type", "user.created")
    assert [event["number"] for event in some["events"]] == [3]
    done = house.command("event", "list", "--directory", generic.name, "--count", "2")
    assert done.stdout.splitlines()[0].split() == ["NUMBER", "TIME", "TYPE", "BY", "CHANGES", "SUBJECT"]
    assert len(done.stdout.splitlines()) == 3
    assert "--after 2" in done.stderr
    newest = house.command_json("event", "list", "--directory", generic.name, "--after", "newest")
    assert newest["events"] == []


def test_mistakes_are_answered_with_what_would_be_right(database_house):
    wrong = database_house.command("event", "list", "--directory", "default", "--type", "user.forgotten")
    assert wrong.returncode == 2
    assert "user.created, user.updated" in wrong.stderr
    ahead = database_house.command("event", "watch", "--directory", "default", "--after", "4711000")
    assert ahead.returncode == 1
    assert "past the newest event" in ahead.stderr
    nowhere = database_house.command("event", "list")
    assert nowhere.returncode == 2
    assert "--directory" in nowhere.stderr


def test_events_are_followed_one_line_each(generic, name):
    house = generic.house
    command = [binary(), "event", "watch", "--directory", generic.name, "--after", "0", "--json"]
    environment = clean_environment(ROLLCALL_SERVER=f"http://{house.grpc_address}", ROLLCALL_ADMIN_KEY=house.admin_key)
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as watching:
        try:
            assert [json.loads(watching.stdout.readline())["number"] for _ in range(2)] == [1, 2]
            user = generic.scim.create(name)
            event = json.loads(watching.stdout.readline())
            assert (event["number"], event["subject"]) == (3, user["id"])
            # Nobody reads any more: it ends by itself with the next event.
            watching.stdout.close()
            generic.scim.change(user, {"op": "replace", "path": "title", "value": "x"})
            assert watching.wait(timeout=60) == 0
        finally:
            watching.kill()


def test_a_user_is_shown_with_who_changed_what(generic, name):
    user = generic.scim.create(name, title="Boss")
    generic.scim.change(user, {"op": "replace", "path": "title", "value": "Chief"})
    shown = generic.house.command_json("user", "show", name, "--directory", generic.name, "--provenance")
    assert (shown["title"], shown["provenance"]["title"]["number"]) == ("Chief", 4)
    assert shown["provenance"]["*"]["number"] == 3
    assert generic.token.startswith(shown["provenance"]["title"]["actor"]["prefix"])
    origins = generic.house.command_json("event", "origins", user["id"], "--directory", generic.name)
    assert origins == shown["provenance"]
    table = generic.house.command("user", "show", name, "--directory", generic.name, "--provenance").stdout
    assert "every other" in table
    assert "provenance" not in generic.house.command_json("user", "show", name, "--directory", generic.name)
