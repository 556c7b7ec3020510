"""`/Me` (RFC 7644 §3.11): an alias for the user that a credential stands for."""

import pytest

from harness.rpc import api, refuses
from harness.scim import UNKNOWN_ID, Scim, a_user, no_content, ok, patch_op, refused

pytestmark = pytest.mark.hops


def token_for(directory, user: str) -> Scim:
    """A client whose token stands for a user, named by id or userName."""
    made = directory.house.admin.call("TokenService/CreateToken", directory=directory.name, user=user)
    return Scim(directory.house.base_url, made.secret)


@pytest.fixture
def ana(generic, name) -> dict:
    return generic.scim.create(name, displayName="Ana", title="Boss")


@pytest.fixture
def me(generic, ana) -> Scim:
    return token_for(generic, ana["id"])


def test_me_is_the_user_at_their_real_address(generic, ana, me):
    answer = me.get("/Me")
    assert ok(answer) == ana
    assert answer.headers["location"] == ana["meta"]["location"]
    assert answer.headers["location"].endswith("/Users/" + ana["id"])
    assert answer.headers["etag"] == ana["meta"]["version"]
    assert me.request("HEAD", "/Me").headers["etag"] == ana["meta"]["version"]
    assert ok(me.get("/Me")) == ok(generic.scim.get(f"/Users/{ana['id']}"))


def test_me_is_cut_as_any_user_is(ana, me):
    assert set(ok(me.get("/Me", attributes="title"))) == {"schemas", "id", "title"}
    assert "title" not in ok(me.get("/Me", excludedAttributes="title"))
    changed = ok(me.patch("/Me", {"op": "add", "path": "nickName", "value": "An"}, attributes="nickName"))
    assert changed == {"schemas": ana["schemas"], "id": ana["id"], "nickName": "An"}


def test_me_is_changed_and_replaced_under_preconditions(generic, ana, me):
    stale = {"If-Match": 'W/"7"'}
    refused(me.patch("/Me", {"op": "replace", "path": "title", "value": "x"}, headers=stale), 412)
    refused(me.put("/Me", a_user(ana["userName"]), headers=stale), 412)
    refused(me.delete("/Me", headers=stale), 412)
    assert me.get("/Me", headers={"If-None-Match": ana["meta"]["version"]}).status_code == 304

    fresh = {"If-Match": ana["meta"]["version"]}
    answer = me.patch("/Me", {"op": "replace", "path": "title", "value": "Chief"}, headers=fresh)
    assert ok(answer)["title"] == "Chief"
    assert answer.headers["location"] == ana["meta"]["location"]
    replaced = ok(me.put("/Me", a_user(ana["userName"], nickName="An")))
    assert (replaced["id"], replaced["nickName"], "title" in replaced) == (ana["id"], "An", False)
    assert generic.scim.read(ana) == replaced


def test_who_deleted_themselves_is_gone_but_the_token_still_counts(generic, ana, me):
    no_content(me.delete("/Me"))
    gone = refused(me.get("/Me"), 404)
    assert gone == refused(me.get(f"/Users/{ana['id']}"), 404)
    refused(me.patch("/Me", {"op": "add", "path": "title", "value": "x"}), 404)
    refused(me.put("/Me", a_user(ana["userName"])), 404)
    refused(me.delete("/Me"), 404)
    assert me.total() == 0


def test_a_token_that_stands_for_nobody_has_no_me(generic, name):
    body = a_user(name)
    operations = patch_op({"op": "add", "path": "title", "value": "x"})
    for method, data in [("GET", None), ("PUT", body), ("PATCH", operations), ("DELETE", None), ("POST", body)]:
        refused(generic.scim.request(method, "/Me", data=data), 501, naming="/Users")
    refused(Scim(generic.house.base_url, None).get("/Me"), 401)
    assert generic.scim.total() == 0


def test_nobody_makes_themselves(ana, me, name):
    refused(me.post("/Me", a_user("x" + name)), 501, naming="/Users")
    refused(me.request("TRACE", "/Me"), 405)
    assert me.total() == 1


def test_an_id_that_reads_like_me_is_nobody(ana, me):
    for alias in ("Me", "me"):
        refused(me.get(f"/Users/{alias}"), 404)


def test_the_user_is_named_by_user_name_too_and_shown_to_administrators(house, generic, ana):
    who = {"directory": generic.name, "user": ana["userName"].upper()}
    made = house.admin.call("TokenService/CreateToken", **who)
    assert made.token.user_id == ana["id"]
    assert house.rpc(made.secret).call("IdentityService/WhoAmI").user_id == ana["id"]
    listed = house.admin.call("TokenService/ListTokens", directory=generic.name).tokens
    assert [token.user_id for token in listed] == [ana["id"], ""]
    rotated = house.admin.call("TokenService/RotateToken", directory=generic.name, overlap={})
    assert rotated.token.user_id == ana["id"]
    assert ok(Scim(house.base_url, rotated.secret).get("/Me"))["id"] == ana["id"]

    by_command = house.command_json("token", "create", "--directory", generic.name, "--user", ana["id"])
    assert by_command["user"] == ana["id"]
    assert ok(Scim(house.base_url, by_command["token"]).get("/Me"))["id"] == ana["id"]
    assert house.command_json("token", "list", "--directory", generic.name)["tokens"][0]["user"] == ana["id"]
    assert ana["id"] in house.command("token", "list", "--directory", generic.name).stdout


def test_a_service_key_stands_for_a_user_of_its_directory(house, generic, ana):
    scope = api()["access"].SCOPE_DIRECTORY_READ
    key = {"name": "portal", "scopes": [scope], "user": ana["id"]}
    with refuses("INVALID_VALUE", naming="directory"):
        house.admin.call("ServiceKeyService/CreateServiceKey", **key)
    made = house.admin.call("ServiceKeyService/CreateServiceKey", **key, directory=generic.name)
    assert made.service_key.user_id == ana["id"]
    assert house.rpc(made.secret).call("UserService/GetUser", me=True).user.id == ana["id"]
    with refuses("INVALID_VALUE", naming="id"):
        house.rpc(made.secret).call("UserService/GetUser", me=True, id=ana["id"])
    with refuses("NOT_IMPLEMENTED"):
        house.rpc(generic.token).call("UserService/GetUser", me=True)
    with refuses("SCOPE_MISSING"):
        house.rpc(made.secret).call("UserService/DeleteUser", me=True)
    listed = house.command_json("service-key", "list", "--directory", generic.name)["serviceKeys"]
    assert [one["user"] for one in listed] == [ana["id"]]


def test_nobody_of_another_directory_can_be_stood_for(house, generic, ana):
    other = house.new_directory()
    for user in (ana["id"], ana["userName"], UNKNOWN_ID, "nobody"):
        with refuses("NOT_FOUND", naming="User"):
            house.admin.call("TokenService/CreateToken", directory=other.name, user=user)
    assert len(house.admin.call("TokenService/ListTokens", directory=other.name).tokens) == 1
