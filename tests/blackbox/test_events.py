"""Every change has its event, written in the transaction of the change: looked up in the database itself."""

import json

import pytest

from harness.scim import a_user, no_content, refused

pytestmark = pytest.mark.databases


def kinds(events: list[dict]) -> list[str]:
    return [event["kind"] for event in events]


def changes(event: dict) -> dict:
    return json.loads(event["changes"])


def test_a_user_s_life_is_a_row_of_events(generic, name):
    scim = generic.scim
    user = scim.create(name, title="Boss")
    scim.change(user, {"op": "replace", "path": "active", "value": False})
    scim.replace(user, a_user(name))
    no_content(scim.delete(f"/Users/{user['id']}"))
    events = generic.events(user["id"])
    assert len(events) == 4
    assert len(set(kinds(events))) == 3
    assert events[1]["kind"] == events[2]["kind"]
    assert [event["version"] for event in events[:3]] == [1, 2, 3]
    assert changes(events[0])["userName"] == {"before": None, "after": name}
    assert changes(events[1]) == {"active": {"before": True, "after": False}}
    assert changes(events[2]) == {"title": {"before": "Boss", "after": None}}
    assert changes(events[3])["userName"] == {"before": name, "after": None}
    assert len({event["actor"] for event in events}) == 1
    assert events[0]["actor"] is not None


def test_an_event_tells_the_request_that_it_came_from(generic, name):
    answer = generic.scim.request(
        "POST", "/Users", data=a_user(name), headers={"X-Request-Id": f"sync-{name}"[:60].replace("@", "_")}
    )
    user = answer.json()
    [event] = generic.events(user["id"])
    assert event["request_id"] == answer.headers["x-request-id"]


def test_a_change_that_is_refused_has_no_event(generic, name):
    scim = generic.scim
    user = scim.create(name)
    before = generic.events()
    path = f"/Users/{user['id']}"
    refused(scim.post("/Users", a_user(name)), 409, "uniqueness")
    refused(scim.patch(path, {"op": "replace", "path": "active", "value": "Maybe"}), 400, "invalidValue")
    refused(scim.put(path, a_user(name, title="x"), headers={"If-Match": 'W/"99"'}), 412)
    refused(scim.delete(path, headers={"If-Match": 'W/"99"'}), 412)
    refused(scim.delete("/Users/nobody"), 404)
    assert generic.events() == before


def test_directories_and_credentials_have_their_events(generic):
    house = generic.house
    assert len(generic.events()) == 2
    house.admin.call("DirectoryService/UpdateDirectory", name=generic.name, scim_enabled=False)
    house.admin.call("DirectoryService/UpdateDirectory", name=generic.name, scim_enabled=False)
    house.admin.call("TokenService/RotateToken", directory=generic.name, overlap={})
    events = generic.events()
    assert len(events) == 5
    assert len(set(kinds(events))) == 4
    assert changes(events[2]) == {"scim": {"before": True, "after": False}}


@pytest.mark.parametrize("how", ["create", "put", "patch"])
def test_no_event_tells_a_password_or_a_token(generic, name, how):
    secret = "S3cret-4711"
    if how == "create":
        user = generic.scim.create(name, password=secret)
    else:
        user = generic.scim.create(name)
        if how == "put":
            generic.scim.replace(user, a_user(name, password=secret, title="x"))
        else:
            generic.scim.change(user, {"op": "replace", "value": {"password": secret, "title": "x"}})
    told = json.dumps([event["changes"] for event in generic.events()])
    assert secret not in told
    assert generic.token not in told
