"""The history of one user or group, read from either end, and the members of a group page by page."""

import pytest
from groups import new_group

from harness.house import Directory
from harness.rpc import refuses
from harness.scim import no_content

pytestmark = pytest.mark.databases

NOWHERE = "01890000-0000-7000-8000-000000000000"


def history(directory: Directory, subject: str, **asked):
    return directory.house.admin.call("EventService/ListEvents", directory=directory.name, subject=subject, **asked)


def numbers(answer) -> list[int]:
    return [event.number for event in answer.events]


def rename(directory: Directory, user: dict, *titles: str) -> None:
    for title in titles:
        directory.scim.change(user, {"op": "replace", "path": "title", "value": title})


def test_the_history_of_one_user_has_its_events_alone_from_either_end(generic, name):
    user, other = generic.scim.create(name), generic.scim.create(f"other.{name}")
    for number in range(4):
        rename(generic, user, f"a{number}")
        rename(generic, other, f"b{number}")
    oldest_first = history(generic, user["id"])
    assert len(oldest_first.events) == 5
    assert {event.subject for event in oldest_first.events} == {user["id"]}
    assert numbers(oldest_first) == sorted(numbers(oldest_first))
    newest_first = history(generic, user["id"], newest_first=True)
    assert numbers(newest_first) == numbers(oldest_first)[::-1]
    assert newest_first.position == newest_first.oldest
    seen, before = [], None
    for _ in range(10):
        page = history(generic, user["id"], newest_first=True, page_size=2, **({"before": before} if before else {}))
        seen += numbers(page)
        before = page.position
        if page.position <= page.oldest:
            break
    assert seen == numbers(newest_first)
    assert numbers(history(generic, user["id"], after=seen[1])) == [seen[0]]
    assert numbers(history(generic, NOWHERE)) == []
    deletions = history(generic, user["id"], types=[3])
    assert numbers(deletions) == []


def test_what_does_not_go_together_is_refused(database_house):
    directory = database_house.new_directory()
    with refuses("INVALID_VALUE", naming="subject"):
        history(directory, "nobody")
    with refuses("INVALID_VALUE", naming="after"):
        history(directory, NOWHERE, newest_first=True, after=1)
    with refuses("INVALID_VALUE", naming="before"):
        history(directory, NOWHERE, before=5)
    with refuses("INVALID_VALUE", naming="before"):
        history(directory, NOWHERE, newest_first=True, before=0)


def test_a_history_ends_where_events_are_not_kept_any_more(database_house, name):
    directory = database_house.new_directory()
    user = directory.scim.create(name)
    rename(directory, user, "a", "b")
    last = history(directory, user["id"]).events[-1].number
    database, key = database_house.database, database_house.database_id(directory.id)
    database.execute("DELETE FROM events WHERE directory_id = ? AND number < ?", key, last)
    database.execute("DELETE FROM event_streams WHERE directory_id = ?", key)
    database.execute("INSERT INTO event_streams (directory_id, expired) VALUES (?, ?)", key, last - 1)
    kept = history(directory, user["id"], newest_first=True)
    assert (numbers(kept), kept.oldest, kept.position) == ([last], last, last)
    assert numbers(history(directory, user["id"], newest_first=True, before=last)) == []


def test_nobody_s_history_is_read_from_another_directory(database_house, name):
    first, second = database_house.new_directory(), database_house.new_directory()
    user = first.scim.create(name)
    key = database_house.new_service_key("EVENTS_READ", directory=second.name)
    assert not database_house.rpc(key).call("EventService/ListEvents", subject=user["id"]).events
    with refuses("NOT_FOUND"):
        database_house.rpc(key).call("EventService/ListEvents", directory=first.name, subject=user["id"])


def test_the_command_lists_a_history(database_house, name):
    directory = database_house.new_directory()
    user = directory.scim.create(name)
    directory.scim.create(f"other.{name}")
    rename(directory, user, "a", "b")
    at = ("--directory", directory.name, "--subject", user["id"])
    told = database_house.command_json("event", "list", *at)
    assert [event["type"] for event in told["events"]] == ["user.created", "user.updated", "user.updated"]
    back = database_house.command_json("event", "list", *at, "--newest-first", "--count", "2")
    assert [event["number"] for event in back["events"]] == [event["number"] for event in told["events"]][:0:-1]
    rest = database_house.command_json("event", "list", *at, "--newest-first", "--before", str(back["position"]))
    assert [event["type"] for event in rest["events"]] == ["user.created"]
    more = database_house.command("event", "list", *at, "--newest-first", "--count", "1")
    assert "--before" in more.stderr
    both = database_house.command("event", "list", *at, "--newest-first", "--after", "1")
    assert both.returncode == 2


def members(directory: Directory, group: dict, **asked):
    return directory.house.admin.call("GroupService/ListMembers", directory=directory.name, id=group["id"], **asked)


def test_members_are_listed_page_by_page_and_found_by_their_names(okta, name):
    scim = okta.scim
    users = [scim.create(f"{number}.{name}") for number in range(7)]
    zoe = scim.create(f"zoe.{name}", displayName="Zoe Zola", name={"familyName": "Zola"}, active=False)
    inner = new_group(scim, "Zebras")
    group = new_group(scim, "All", *users, zoe, inner)
    seen, token = [], ""
    for _ in range(5):
        page = members(okta, group, page_size=2, page_token=token)
        assert page.total_results == 9
        seen += [one.member.value for one in page.members]
        token = page.next_page_token
    assert not token
    assert seen == sorted(one["id"] for one in [*users, zoe, inner])
    found = members(okta, group, name_prefix="ZO")
    assert [(one.member.value, one.user_name, one.active) for one in found.members] == [
        (zoe["id"], f"zoe.{name}", False)
    ]
    assert found.total_results == 1
    found = members(okta, group, name_prefix="z")
    assert {(one.member.value, one.member.type, one.active) for one in found.members} == {
        (zoe["id"], "User", False),
        (inner["id"], "Group", True),
    }
    assert members(okta, group, name_prefix="ola").total_results == 0
    no_content(scim.delete(f"/Users/{users[0]['id']}"))
    assert members(okta, group).total_results == 8
    first = members(okta, group, page_size=2)
    with refuses("INVALID_CURSOR"):
        members(okta, group, page_size=2, page_token=first.next_page_token, name_prefix="z")
    with refuses("INVALID_COUNT"):
        members(okta, group, page_size=3, page_token=first.next_page_token)
    with refuses("INVALID_VALUE", naming="name_prefix"):
        members(okta, group, name_prefix="a\0")
    with refuses("NOT_FOUND"):
        members(okta, {"id": NOWHERE})
    with refuses("NOT_FOUND"):
        members(okta, users[1])
    other = okta.house.new_directory("okta")
    with refuses("NOT_FOUND"):
        members(other, group)


def test_requests_are_found_by_their_ids(database_house, name):
    directory = database_house.new_directory()
    users = [directory.scim.create(f"{number}.{name}") for number in range(3)]
    wanted = [directory.events(user["id"])[0]["request_id"] for user in users[:2]]

    def listed(ids: list[str]) -> set[str]:
        answer = database_house.admin.call(
            "ActivityService/ListActivity", directory=directory.name, filter={"request_ids": ids}
        )
        return {one.request_id for one in answer.activities}

    database_house.processes[-1].wait_for(lambda: listed(wanted) == set(wanted))
    assert listed(["nothing"]) == set()
    with refuses("INVALID_VALUE", naming="request_ids"):
        listed(["x"] * 101)
