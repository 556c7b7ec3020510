"""Finding the requests about somebody by what they are called, also those that came before they were there."""

import json
import uuid

import httpx
import pytest
from activity import eventually, listed, of_request, request_id

from harness.rpc import refuses
from harness.scim import GROUP, a_user, created

pytestmark = pytest.mark.hops

FAILING = 3


def about(directory, name: str, **fields) -> list:
    return [one.request_id for one in listed(directory, filter={"about": name, **fields})]


def sent(*answers) -> list:
    """The ids of requests, newest first."""
    return [request_id(answer) for answer in reversed(answers)]


def all_recorded(directory, *answers) -> None:
    for answer in answers:
        of_request(directory, request_id(answer))


def test_requests_about_a_user_are_found_by_every_name_before_and_after_they_are_there(generic, name):
    scim = generic.scim
    address = f"Z.{name}@mail.example"
    emails = [{"value": address, "type": "work"}]
    other = scim.post("/Users", a_user(f"{uuid.uuid4()}@elsewhere.example"))
    probe = scim.get("/Users", filter=f'userName eq "{name.upper()}"')
    wrong = scim.post("/Users", a_user(name, active="perhaps"))
    made = scim.post("/Users", a_user(name, emails=emails, displayName=f"Zoë {name}", externalId=f"X-{name}"))
    user = created(made)["id"]
    read = scim.get(f"/Users/{user}")
    changed = scim.patch(f"/Users/{user}", {"op": "replace", "path": "title", "value": "Boss"})
    all_recorded(generic, other, probe, wrong, made, read, changed)
    assert about(generic, name) == sent(probe, wrong, made, read, changed)
    assert about(generic, name, method="GET") == sent(probe, read)
    assert about(generic, address.lower()) == sent(made, read, changed)
    assert about(generic, f"X-{name}") == sent(made, read, changed)
    # A display name is looked for where requests have it: it leads to no user.
    assert about(generic, f"zoË {name}") == sent(made, changed)
    assert about(generic, f"{name}?") == []


def test_a_deleted_user_s_requests_are_still_found(generic, name):
    user = generic.scim.create(name)["id"]
    gone = generic.scim.delete(f"/Users/{user}")
    again = generic.scim.get(f"/Users/{user}")
    all_recorded(generic, gone, again)
    assert about(generic, name)[:2] == sent(gone, again)


def test_a_group_is_found_by_its_name_and_its_members_by_theirs_alone(generic, name):
    user = generic.scim.create(f"member-{name}")["id"]
    members = [{"value": user, "display": f"member-{name}"}]
    group = {"schemas": [GROUP], "displayName": f"Group {name}", "members": members}
    made = generic.scim.post("/Groups", group)
    read = generic.scim.get(f"/Groups/{made.json()['id']}")
    all_recorded(generic, made, read)
    assert about(generic, f"group {name}") == sent(made, read)
    assert request_id(made) not in about(generic, f"member-{name}")


def test_the_command_line_lists_and_follows_what_is_about_somebody(generic, name):
    before = generic.scim.get("/Users")
    made = generic.scim.post("/Users", a_user(name))
    read = generic.scim.get(f"/Users/{created(made)['id']}")
    all_recorded(generic, before, made, read)
    about_name = ["--directory", generic.name, "--about", name.upper()]
    found = generic.house.command_json("activity", "list", *about_name)["activities"]
    assert [one["requestId"] for one in found] == sent(made, read)
    first = of_request(generic, request_id(before)).id
    followed = generic.house.command("activity", "follow", *about_name, "--after", first, "--count", "2", "--json")
    assert [json.loads(line)["requestId"] for line in followed.stdout.splitlines()] == sent(read, made)


def test_where_personal_data_is_redacted_no_name_is_kept(house, name):
    directory = house.new_directory("generic")
    redact = {"redact_personal_data": True}
    house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, activity=redact)
    probe = directory.scim.get("/Users", filter=f'userName eq "{name}"')
    made = directory.scim.post("/Users", a_user(name))
    read = directory.scim.get(f"/Users/{made.json()['id']}")
    all_recorded(directory, probe, made, read)
    assert about(directory, name) == sent(made, read), "by the id of whoever is there"
    assert about(directory, "redacted") == []
    kept = house.database.rows("SELECT names FROM activity WHERE request_id = ?", request_id(made))
    assert [row["names"] for row in kept] == [None]


def test_a_beginning_that_many_share_is_refused(house, name):
    directory = house.new_directory("generic")
    for number in range(101):
        directory.scim.create(f"many-{number}@example.com")
    with refuses("INVALID_VALUE", naming="more than 100"):
        listed(directory, filter={"about": "MANY-"})
    eventually(lambda: about(directory, "many-100@"))


@pytest.mark.parametrize("path", ["/Users", "/scim/Users", "/scim/v2/scim/v2/Users", "/scim/v2/People"])
def test_a_wrong_url_is_recorded_and_is_no_success(house, path):
    directory = house.new_directory("okta")
    answer = httpx.get(house.url + path, headers={"Authorization": f"Bearer {directory.token}"})
    assert answer.status_code == 404
    assert of_request(directory, request_id(answer)).path == path
    health = house.admin.call("ActivityService/GetConnectionHealth", directory=directory.name).health
    assert health.state == FAILING
    assert not health.HasField("last_success")
