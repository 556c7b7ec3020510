"""Bulk requests (RFC 7644 §3.7): many operations in one request, that refer to what others of them create."""

import json
import time
import uuid
from concurrent.futures import ThreadPoolExecutor

import pytest
from groups import add, ids, member_ids, new_group, path_of, read, refs, remove_by_filter, with_groups

from harness.rpc import api, methods, refuses
from harness.scim import ENTERPRISE, ERROR, GROUP, MESSAGES, UNKNOWN_ID, USER, a_user, ok, patch_op, refused, told

pytestmark = pytest.mark.hops

BULK_REQUEST = MESSAGES + "BulkRequest"
BULK_RESPONSE = MESSAGES + "BulkResponse"


@pytest.fixture
def directory(directory):
    return with_groups(directory)


def request(*operations: dict, **members) -> dict:
    return {"schemas": [BULK_REQUEST], "Operations": list(operations), **members}


def post(bulk_id: str, path: str, data: dict) -> dict:
    return {"method": "POST", "path": path, "bulkId": bulk_id, "data": data}


def post_user(bulk_id: str, user_name: str, **attributes) -> dict:
    return post(bulk_id, "/Users", a_user(user_name, **attributes))


def post_group(bulk_id: str, name: str, *members: str, **attributes) -> dict:
    return post(bulk_id, "/Groups", {"schemas": [GROUP], "displayName": name, "members": refs(*members), **attributes})


def patch(path: str, *operations: dict, **members) -> dict:
    return {"method": "PATCH", "path": path, "data": patch_op(*operations), **members}


def delete(path: str, **members) -> dict:
    return {"method": "DELETE", "path": path, **members}


def results(answer) -> list[dict]:
    """The results of a 200, each of which is as RFC 7644 §3.7 has it."""
    body = ok(answer)
    assert body["schemas"] == [BULK_RESPONSE], told(answer)
    for result in body["Operations"]:
        assert isinstance(result["status"], str), told(answer)
        if result["status"] < "300":
            assert "response" not in result, told(answer)
            assert result["location"].startswith("http"), told(answer)
            assert ("version" in result) == (result["method"] != "DELETE"), told(answer)
        else:
            assert result["response"]["schemas"] == [ERROR], told(answer)
            assert result["response"]["status"] == result["status"], told(answer)
            assert result["response"]["detail"], told(answer)
            assert "version" not in result, told(answer)
            assert "location" not in result or result["method"] != "POST", told(answer)
    return body["Operations"]


def bulk(scim, *operations: dict, **members) -> list[dict]:
    return results(scim.post("/Bulk", request(*operations, **members)))


def statuses(done: list[dict]) -> list[str]:
    return [result["status"] for result in done]


def resource(scim, result: dict) -> dict:
    """The resource of a result, whose version is the one that the result says."""
    seen = ok(scim.get(result["location"]))
    assert seen["meta"]["version"] == result["version"]
    assert seen["meta"]["location"] == result["location"]
    return seen


def failed(result: dict, status: int, scim_type: str | None = None, *, naming: str = "") -> None:
    assert result["status"] == str(status), result
    assert result["response"].get("scimType") == scim_type, result
    assert naming.lower() in result["response"]["detail"].lower(), result


def nothing_is_there(scim) -> None:
    assert scim.total() == 0
    assert ok(scim.get("/Groups"))["totalResults"] == 0


# What each operation does


def test_each_operation_answers_in_its_place_with_location_and_version(scim, name):
    put, patched, gone = (scim.create(f"{word}.{name}") for word in ("put", "patched", "gone"))
    group = new_group(scim, "Ops", put)
    done = bulk(
        scim,
        post_user("new", name, title="Boss"),
        {"method": "PUT", "path": f"/Users/{put['id']}", "bulkId": "p", "data": a_user(f"put.{name}", title="Chief")},
        patch(f"/Users/{patched['id']}", {"op": "replace", "path": "title", "value": "Clerk"}),
        delete(f"/Users/{gone['id']}"),
        post_group("g", "Dev", put["id"]),
        {"method": "PUT", "path": path_of(group), "data": {"schemas": [GROUP], "displayName": "Ops", "members": []}},
        patch(path_of(group), add(patched)),
        delete(path_of(group), version='W/"3"'),
    )
    assert statuses(done) == ["201", "200", "200", "204", "201", "200", "200", "204"]
    assert [result["method"] for result in done] == ["POST", "PUT", "PATCH", "DELETE", "POST", "PUT", "PATCH", "DELETE"]
    assert [result.get("bulkId") for result in done] == ["new", "p", None, None, "g", None, None, None]
    assert [resource(scim, result)["title"] for result in done[:3]] == ["Boss", "Chief", "Clerk"]
    refused(scim.get(done[3]["location"]), 404)
    assert member_ids(resource(scim, done[4])) == {put["id"]}
    assert done[6]["version"] == 'W/"3"'
    refused(scim.get(path_of(group)), 404)


def test_an_operation_that_fails_says_why_and_stops_no_other(scim, name):
    there = scim.create(name)
    done = bulk(
        scim,
        post_user("taken", name.upper()),
        post_user("wrong", ""),
        patch(f"/Users/{there['id']}", {"op": "replace", "path": "shoeSize", "value": 44}),
        {"method": "PUT", "path": f"/Users/{UNKNOWN_ID}", "data": a_user("nobody")},
        delete("/Users/no-id"),
        post_user("last", f"last.{name}"),
    )
    failed(done[0], 409, "uniqueness", naming="userName")
    failed(done[1], 400, "invalidValue", naming="userName")
    failed(done[2], 400, "invalidPath", naming="shoeSize")
    failed(done[3], 404)
    failed(done[4], 404)
    assert done[2]["location"] == there["meta"]["location"]
    assert done[3]["location"].endswith(f"/Users/{UNKNOWN_ID}")
    assert done[5]["status"] == "201"
    assert scim.read(there) == there
    assert scim.total() == 2


def test_an_operation_that_cannot_be_read_fails_in_its_place(scim, name):
    done = bulk(
        scim,
        {"method": "GET", "path": "/Users", "bulkId": "a"},
        {"path": "/Users", "bulkId": "b", "data": a_user(name)},
        {"method": "POST", "path": "/Printers", "bulkId": "c", "data": {}},
        {"method": "POST", "path": "/Users", "bulkId": "d"},
        {"method": "post", "path": "/Users", "bulkId": "e", "data": a_user(name)},
        {"method": "DELETE", "path": "/Users"},
        {"method": "PATCH", "path": f"/Users/{UNKNOWN_ID}", "data": {"schemas": ["urn:x"]}},
        7,
    )
    assert [status[0] for status in statuses(done)] == ["4", "4", "4", "4", "2", "4", "4", "4"]
    assert scim.total() == 1


def test_the_version_of_an_operation_is_a_precondition(scim, name):
    user = scim.create(name)
    path, stale = f"/Users/{user['id']}", 'W/"7"'
    title = {"op": "replace", "path": "title", "value": "Boss"}
    done = bulk(
        scim,
        patch(path, title, version=stale),
        {"method": "PUT", "path": path, "version": stale, "data": a_user(name)},
        delete(path, version=stale),
        patch(path, title, version=user["meta"]["version"]),
        delete(path, version='W/"2"'),
    )
    assert statuses(done) == ["412", "412", "412", "200", "204"]


def test_members_are_moved_by_deltas_and_by_filters(scim, name):
    old = scim.create(name)
    group = new_group(scim, "Ops", old)
    done = bulk(
        scim,
        post_user("u", f"u.{name}"),
        patch(path_of(group), add("bulkId:u"), remove_by_filter(old)),
        post_user("v", f"v.{name}"),
        patch(path_of(group), add("bulkId:v"), remove_by_filter("bulkId:u")),
    )
    assert statuses(done) == ["201", "200", "201", "200"]
    assert member_ids(read(scim, group)) == {resource(scim, done[2])["id"]}


# References (RFC 7644 §3.7.2)


def test_the_example_of_the_rfc_a_group_of_a_user_of_the_same_request(generic):
    # RFC 7644 §3.7.2, figures 5 and 6, as they stand there.
    body = json.loads("""
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
         "Operations": [
           {"method": "POST", "path": "/Users", "bulkId": "qwerty",
            "data": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Alice"}},
           {"method": "POST", "path": "/Groups", "bulkId": "ytrewq",
            "data": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Tour Guides",
                     "members": [{"type": "User", "value": "bulkId:qwerty"}]}}]}""")
    scim = generic.scim
    user, group = (resource(scim, result) for result in results(scim.post("/Bulk", body)))
    assert member_ids(group) == {user["id"]}
    assert (user["userName"], group["displayName"]) == ("Alice", "Tour Guides")


def test_the_example_of_the_rfc_a_manager_of_the_same_request(generic):
    # RFC 7644 §3.7.2: the reference stands in an extension.
    body = json.loads("""
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
         "Operations": [
           {"method": "POST", "path": "/Users", "bulkId": "qwerty",
            "data": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "Alice"}},
           {"method": "POST", "path": "/Users", "bulkId": "ytrewq",
            "data": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User",
                                 "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
                     "userName": "Bob",
                     "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": {
                        "employeeNumber": "11250", "manager": {"value": "bulkId:qwerty"}}}}]}""")
    scim = generic.scim
    alice, bob = (resource(scim, result) for result in results(scim.post("/Bulk", body)))
    assert bob[ENTERPRISE]["manager"] == {"value": alice["id"], "$ref": alice["meta"]["location"]}


def test_the_example_of_the_rfc_groups_that_are_members_of_one_another(generic):
    # RFC 7644 §3.7.1, figure 4, as it stands there.
    body = json.loads("""
        {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
         "Operations": [
           {"method": "POST", "path": "/Groups", "bulkId": "qwerty",
            "data": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Group A",
                     "members": [{"type": "Group", "value": "bulkId:ytrewq"}]}},
           {"method": "POST", "path": "/Groups", "bulkId": "ytrewq",
            "data": {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Group B",
                     "members": [{"type": "Group", "value": "bulkId:qwerty"}]}}]}""")
    scim = generic.scim
    done = results(scim.post("/Bulk", body))
    assert statuses(done) == ["201", "201"]
    first, second = (resource(scim, result) for result in done)
    assert (member_ids(first), member_ids(second)) == ({second["id"]}, {first["id"]})
    assert [member["type"] for member in first["members"] + second["members"]] == ["Group", "Group"]
    assert first["meta"]["version"] == second["meta"]["version"] == 'W/"1"'


def test_the_example_of_the_rfc_the_methods_and_their_errors(generic):
    # RFC 7644 §3.7.3: a create, a PUT and a PATCH with versions, and a DELETE; then again, when the first is an error.
    scim = generic.scim
    bob, mallory, gone = (scim.create(name) for name in ("Bob", "Mallory", "Eve"))
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "qwerty", "data": {"schemas": [USER], "userName": "Alice"}},
        {
            "method": "PUT",
            "path": f"/Users/{bob['id']}",
            "version": bob["meta"]["version"],
            "data": {"schemas": [USER], "id": bob["id"], "userName": "Bob"},
        },
        {
            "method": "PATCH",
            "path": f"/Users/{mallory['id']}",
            "version": mallory["meta"]["version"],
            # The RFC's own figure has the list alone (erratum 5050).
            "data": [
                {"op": "remove", "path": "nickName"},
                {"op": "add", "path": "userName", "value": "Dave"},
            ],
        },
        {"method": "DELETE", "path": f"/Users/{gone['id']}", "version": gone["meta"]["version"]},
    ]
    done = bulk(scim, *operations, failOnErrors=1)
    assert statuses(done) == ["201", "200", "200", "204"]
    assert scim.names("userName pr") == ["Alice", "Bob", "Dave"]
    done = bulk(scim, *operations, failOnErrors=1)
    assert statuses(done) == ["409"], "the first is an error, which ends the request"
    failed(done[0], 409, "uniqueness")


def test_what_is_created_later_can_be_referred_to_and_answers_in_its_place(scim, name):
    done = bulk(
        scim,
        post_group("outer", "Outer", "bulkId:inner", "bulkId:ana"),
        post_group("inner", "Inner", "bulkId:ana"),
        post_user("bob", f"bob.{name}", **{ENTERPRISE: {"manager": {"value": "bulkId:ana"}}}),
        post_user("ana", name),
    )
    assert [result["bulkId"] for result in done] == ["outer", "inner", "bob", "ana"]
    outer, inner, bob, ana = (resource(scim, result) for result in done)
    assert (member_ids(outer), member_ids(inner)) == (ids(inner, ana), ids(ana))
    assert bob[ENTERPRISE]["manager"]["value"] == ana["id"]
    assert {(group["value"], group["type"]) for group in ana["groups"]} == {
        (outer["id"], "direct"),
        (inner["id"], "direct"),
    }


def test_a_path_and_the_values_of_a_patch_can_refer(scim, name):
    done = bulk(
        scim,
        patch("/Groups/bulkId:g", add("bulkId:u"), {"op": "replace", "value": {"externalId": "7"}}),
        patch("/Users/bulkId:u", {"op": "add", "path": f"{ENTERPRISE}:manager", "value": {"value": "bulkId:m"}}),
        patch("/Users/bulkId:m", {"op": "add", "value": {f"{ENTERPRISE}:manager.value": "bulkId:u"}}),
        post_group("g", "Ops"),
        post_user("u", name),
        post_user("m", f"m.{name}"),
        delete("/Groups/bulkId:g"),
    )
    assert statuses(done) == ["200", "200", "200", "201", "201", "201", "204"]
    user, manager = (ok(scim.get(result["location"])) for result in done[4:6])
    assert done[1]["location"] == user["meta"]["location"]
    assert user[ENTERPRISE]["manager"]["value"] == manager["id"]
    assert manager[ENTERPRISE]["manager"]["value"] == user["id"]
    refused(scim.get(done[3]["location"]), 404)
    assert "groups" not in user


def test_a_text_that_looks_like_a_reference_stays_one_where_no_id_stands(scim, name):
    title = {"op": "add", "path": "title", "value": "bulkId:u"}
    done = bulk(
        scim,
        post_user("u", name, nickName="bulkId:u", displayName="bulkId:nobody"),
        patch("/Users/bulkId:u", title, {"op": "add", "value": {"userType": "bulkId:nobody"}}),
    )
    assert statuses(done) == ["201", "200"]
    user = ok(scim.get(done[0]["location"]))
    seen = [user[attribute] for attribute in ("nickName", "displayName", "title", "userType")]
    assert seen == ["bulkId:u", "bulkId:nobody", "bulkId:u", "bulkId:nobody"]


@pytest.mark.parametrize(
    "operation",
    [
        post_group("x", "Ops", "bulkId:nobody"),
        post_user("x", "x", **{ENTERPRISE: {"manager": {"value": "bulkId:nobody"}}}),
        post_user("x", "x", **{ENTERPRISE: {"manager": {"value": "bulkId:"}}}),
        delete("/Users/bulkId:nobody"),
        delete("/Groups/bulkId:deleted"),
        patch("/Groups/bulkId:g", add("bulkId:nobody")),
        patch("/Groups/bulkId:g", remove_by_filter("bulkId:nobody")),
        patch("/Groups/bulkId:nobody", add("bulkId:g")),
    ],
)
def test_a_reference_to_what_nothing_creates_is_refused_by_name(scim, operation):
    there = scim.create("there")
    done = bulk(scim, operation, post_group("g", "There"), delete(f"/Users/{there['id']}", bulkId="deleted"))
    failed(done[0], 400, "invalidValue", naming="bulkId:")
    assert statuses(done)[1:] == ["201", "204"]
    assert scim.total() == 0
    assert resource(scim, done[1])["members"] == []


def test_what_refers_to_a_failure_fails_and_names_it(scim, name):
    scim.create(name)
    done = bulk(
        scim,
        post_group("outer", "Outer", "bulkId:inner"),
        post_group("inner", "Inner", "bulkId:taken"),
        post_user("taken", name),
        patch("/Users/bulkId:taken", {"op": "add", "path": "title", "value": "x"}),
        {"method": "POST", "path": "/Users", "bulkId": "unread", "data": "a user"},
        post_group("of-unread", "Of unread", "bulkId:unread"),
        post_user("other", f"other.{name}"),
    )
    failed(done[0], 409, naming="bulkId:inner")
    failed(done[1], 409, naming="bulkId:taken")
    failed(done[2], 409, "uniqueness")
    failed(done[3], 409, naming="bulkId:taken")
    failed(done[4], 400, "invalidSyntax")
    failed(done[5], 409, naming="bulkId:unread")
    assert done[6]["status"] == "201"
    assert scim.total() == 2
    assert ok(scim.get("/Groups"))["totalResults"] == 0


def test_a_bulk_id_is_given_once_and_needed_to_create(scim, name):
    done = bulk(
        scim,
        {"method": "POST", "path": "/Users", "data": a_user(f"none.{name}")},
        post_user("twice", name),
        post_user("twice", f"again.{name}"),
        post_group("g", "Ops", "bulkId:twice"),
    )
    failed(done[0], 400, "invalidValue", naming="bulkId")
    assert done[1]["status"] == "201"
    failed(done[2], 400, "invalidValue", naming="twice")
    assert member_ids(resource(scim, done[3])) == {resource(scim, done[1])["id"]}
    assert scim.total() == 1


# Circles (RFC 7644 §3.7.1)


def test_a_circle_of_any_length_is_created_with_what_it_refers_to(scim, name):
    manager = {ENTERPRISE: {"manager": {"value": "bulkId:b"}}}
    done = bulk(
        scim,
        post_group("a", "A", "bulkId:b", "bulkId:u"),
        patch("/Groups/bulkId:a", add("bulkId:b")),
        post_group("b", "B", "bulkId:c"),
        post_user("u", name, **manager),
        post_group("c", "C", "bulkId:a", "bulkId:c"),
        delete("/Groups/bulkId:c"),
    )
    assert statuses(done) == ["201", "200", "201", "201", "201", "204"]
    a, b, user = (ok(scim.get(done[index]["location"])) for index in (0, 2, 3))
    assert (member_ids(a), member_ids(b)) == (ids(b, user), set())
    assert user[ENTERPRISE]["manager"]["value"] == b["id"]


def test_two_users_who_manage_one_another_are_created(scim, name):
    done = bulk(
        scim,
        *(
            post_user(own, f"{own}.{name}", **{ENTERPRISE: {"manager": {"value": f"bulkId:{manager}"}}})
            for own, manager in {"a": "b", "b": "a", "self": "self"}.items()
        ),
    )
    a, b, myself = (resource(scim, result) for result in done)
    assert [user[ENTERPRISE]["manager"]["value"] for user in (a, b, myself)] == [b["id"], a["id"], myself["id"]]


def test_a_circle_fails_as_one_and_leaves_nothing(scim, name):
    scim.create(name)
    boss = {ENTERPRISE: {"manager": {"value": "bulkId:g"}}}
    done = bulk(
        scim,
        post_group("g", "Ops", "bulkId:h"),
        post_group("h", "Dev", "bulkId:taken"),
        post_user("taken", name, **boss),
        post_group("behind", "Behind", "bulkId:g"),
        post_user("other", f"other.{name}"),
    )
    failed(done[0], 409, naming="bulkId:taken")
    failed(done[1], 409, naming="bulkId:taken")
    failed(done[2], 409, "uniqueness", naming="userName")
    failed(done[3], 409, naming="bulkId:g")
    assert done[4]["status"] == "201"
    assert ok(scim.get("/Groups"))["totalResults"] == 0
    assert scim.total() == 2


def test_a_mistake_in_a_circle_is_told_where_it_is(generic):
    scim = generic.scim
    done = bulk(
        scim,
        post_group("a", "A", "bulkId:b"),
        post_group("b", "", "bulkId:a"),
        post_group("c", "C", "bulkId:d"),
        post_group("d", "D", "bulkId:c", UNKNOWN_ID),
        post_group("e", "E", "bulkId:f"),
        post_group("f", "F", "bulkId:e", "bulkId:nobody"),
    )
    failed(done[0], 409, naming="bulkId:b")
    failed(done[1], 400, "invalidValue", naming="displayName")
    failed(done[2], 409, naming="bulkId:d")
    failed(done[3], 400, "invalidValue", naming=UNKNOWN_ID)
    failed(done[4], 409, naming="bulkId:f")
    failed(done[5], 400, "invalidValue", naming="bulkId:nobody")
    nothing_is_there(scim)


def test_a_circle_writes_one_event_for_each_resource_and_one_for_its_members(generic):
    scim = generic.scim
    done = bulk(scim, post_group("a", "A", "bulkId:b"), post_group("b", "B", "bulkId:a"))
    for result in done:
        written = generic.events(resource(scim, result)["id"])
        assert len({event["kind"] for event in written}) == len(written) == 2
        assert {event["version"] for event in written} == {1}


# failOnErrors


def test_fail_on_errors_counts_and_ends_the_request(scim, name):
    missing = [delete(f"/Users/{uuid.uuid4()}") for _ in range(3)]
    users = [post_user(str(number), f"{number}.{name}") for number in range(4)]
    mixed = [users[0], missing[0], users[1], missing[1], users[2], missing[2], users[3]]
    assert statuses(bulk(scim, *mixed, failOnErrors=2)) == ["201", "404", "201", "404"]
    assert scim.total() == 2
    assert statuses(bulk(scim, *mixed, failOnErrors=9))[-1] == "201"
    assert scim.total() == 4


def test_fail_on_errors_counts_in_the_order_of_execution(scim, name):
    scim.create(name)
    done = bulk(
        scim,
        post_user("first", f"first.{name}"),
        post_group("g", "Ops", "bulkId:taken"),
        post_user("second", f"second.{name}"),
        post_user("taken", name),
        failOnErrors=1,
    )
    # The create that the group refers to is done before it; neither the group nor what follows it is done after.
    assert [(result["bulkId"], result["status"]) for result in done] == [("first", "201"), ("taken", "409")]
    assert scim.total() == 2


@pytest.mark.parametrize("number", [0, -1, "1", 1.5, True, []])
def test_fail_on_errors_is_a_whole_number(generic, number):
    body = request(post_user("u", "ana"), failOnErrors=number)
    refused(generic.scim.post("/Bulk", body), 400, "invalidValue", naming="failOnErrors")
    nothing_is_there(generic.scim)


# Limits and the request as a whole


def test_the_limits_are_announced_and_past_them_nothing_is_done(builder):
    settings = {"ROLLCALL_MAX_BULK_OPERATIONS": "3", "ROLLCALL_MAX_LARGE_BODY": "4KiB"}
    for mode in ("serve-sqlite", "apart-sqlite"):
        house = builder.start(mode, settings=settings)
        scim = house.new_directory().scim
        announced = ok(scim.get("/ServiceProviderConfig"))["bulk"]
        assert announced == {"supported": True, "maxOperations": 3, "maxPayloadSize": 4096}
        users = [post_user(str(number), f"user{number}") for number in range(4)]
        refused(scim.post("/Bulk", request(*users)), 413, naming="3")
        refused(scim.post("/Bulk", request(post_user("u", "ana", title="x" * 4096))), 413, naming="4096")
        with refuses("PAYLOAD_TOO_LARGE", naming="4096"):
            apply(house.admin, create_user("u", "ana", title="x" * 3 * 4096), directory="default")
        nothing_is_there(scim)
        assert statuses(bulk(scim, *users[:3])) == ["201", "201", "201"]
        house.stop()


def test_as_many_operations_as_are_allowed_are_done_in_order(database_house):
    directory = database_house.new_directory()
    scim = directory.scim
    most = ok(scim.get("/ServiceProviderConfig"))["bulk"]["maxOperations"]
    assert most == 1000
    done = bulk(
        scim,
        post_group("g", "Everybody", *(f"bulkId:{number}" for number in range(most - 1))),
        *(post_user(str(number), f"user{number}") for number in range(most - 1)),
    )
    assert statuses(done) == ["201"] * most
    assert [result["bulkId"] for result in done] == ["g", *map(str, range(most - 1))]
    assert len(member_ids(resource(scim, done[0]))) == most - 1
    refused(scim.post("/Bulk", request(*[delete("/Users/none")] * (most + 1))), 413, naming=str(most))


def test_a_request_without_operations_has_no_results(scim):
    assert bulk(scim) == []


def test_operations_on_groups_are_refused_where_there_are_none(house, name):
    entra = house.new_directory("entra")
    done = bulk(
        entra.scim,
        post_group("g", "Ops"),
        patch(f"/Groups/{UNKNOWN_ID}", add(UNKNOWN_ID)),
        delete(f"/Groups/{UNKNOWN_ID}"),
        post_user("u", name),
    )
    assert statuses(done) == ["403", "403", "403", "201"]


def test_another_directory_cannot_be_reached_by_a_bulk(generic, name):
    other = generic.house.new_directory().scim
    theirs, group = other.create(name), new_group(other, "Theirs")
    done = bulk(
        generic.scim,
        delete(f"/Users/{theirs['id']}"),
        patch(path_of(group), add("bulkId:u")),
        post_user("u", name),
        post_group("g", "Ours", theirs["id"]),
    )
    assert statuses(done) == ["404", "404", "201", "400"]
    assert other.read(theirs) == theirs


def test_passwords_of_a_bulk_are_kept_where_the_directory_keeps_them(generic, name):
    generic.house.admin.call(
        "DirectoryService/UpdateDirectory",
        name=generic.name,
        password_handling=api()["directory"].PASSWORD_HANDLING_STORE,
    )
    done = bulk(
        generic.scim,
        post_user("u", name, password="correct horse"),
        patch("/Users/bulkId:u", {"op": "replace", "path": "password", "value": "battery staple"}),
    )
    user = ok(generic.scim.get(done[0]["location"]))
    service = generic.house.rpc(generic.house.new_service_key("PASSWORD_VERIFY", directory=generic.name))
    for password, is_theirs in {"battery staple": True, "correct horse": False}.items():
        assert service.call("UserService/VerifyPassword", id=user["id"], password=password).verified == is_theirs


def test_bulks_at_the_same_time_lose_nothing(generic, name):
    scim = generic.scim
    user, group = scim.create(name), new_group(scim, "Ops")

    def one(number: int) -> list[dict]:
        return bulk(
            scim,
            patch(path_of(group), add(f"bulkId:{number}")),
            post_user(str(number), f"{number}.{name}"),
            patch(
                f"/Users/{user['id']}", {"op": "add", "path": "emails", "value": [{"value": f"{number}@example.com"}]}
            ),
            post_group("a", f"A{number}", "bulkId:b"),
            post_group("b", f"B{number}", "bulkId:a", user["id"]),
        )

    with ThreadPoolExecutor(6) as pool:
        done = list(pool.map(one, range(6)))
    assert [statuses(each) for each in done] == [["200", "201", "200", "201", "201"]] * 6
    assert len(member_ids(read(scim, group))) == 6
    seen = scim.read(user)
    assert len(seen["emails"]) == 6
    # In every B itself, and in every A by its B.
    assert len(seen["groups"]) == 12


# Over gRPC


@pytest.fixture
def service(generic):
    return generic.house.rpc(generic.house.new_service_key("DIRECTORY_WRITE", directory=generic.name))


def create_user(bulk_id: str, user_name: str, **attributes) -> dict:
    return {"bulk_id": bulk_id, "create_user": {"user": {"user_name": user_name, **attributes}}}


def apply(service, *operations: dict, **members) -> list:
    answers = service.call("BulkService/ApplyBulk", operations=list(operations), **members)
    return [result for answer in answers for result in answer.results]


def reasons(found: list) -> list[str]:
    names = api()["error_reason"].ErrorReason
    return [names.Name(result.reason).removeprefix("ERROR_REASON_") for result in found]


def test_a_service_applies_operations_over_grpc(generic, service, name):
    manager = {"enterprise": {"manager": {"value": "bulkId:b"}}}
    found = apply(
        service,
        create_user("a", f"a.{name}", **manager),
        {"bulk_id": "g", "create_group": {"group": {"display_name": "Ops"}, "members": ["bulkId:a", "bulkId:b"]}},
        create_user("b", f"b.{name}"),
        {"delete_user": {"id": UNKNOWN_ID}},
        {},
        {"refused": {"reason": "ERROR_REASON_FORBIDDEN", "message": "not today"}},
    )
    assert reasons(found) == ["UNSPECIFIED"] * 3 + ["NOT_FOUND", "INVALID_VALUE", "FORBIDDEN"]
    assert [result.index for result in found] == list(range(6))
    assert found[3].location == f"/Users/{UNKNOWN_ID}"
    assert found[5].message == "not today"
    assert [result.version for result in found] == ['W/"1"'] * 3 + [""] * 3
    a, group, b = (ok(generic.scim.get(result.location)) for result in found[:3])
    assert a[ENTERPRISE]["manager"]["value"] == b["id"]
    assert member_ids(group) == ids(a, b)


def stream(service, *messages: dict):
    """A call of so many messages, and its answers as they come."""
    method = methods()["BulkService/ApplyBulk"]
    call = service.channel.stream_stream(
        method.path,
        request_serializer=method.request.SerializeToString,
        response_deserializer=method.response.FromString,
    )
    return call(iter([method.request(**message) for message in messages]), metadata=service.metadata, timeout=60)


def test_operations_come_in_as_many_messages_as_wanted(generic, service, name):
    answers = stream(
        service,
        {"fail_on_errors": 1},
        {"operations": [{"bulk_id": "g", "create_group": {"group": {"display_name": "Ops"}, "members": ["bulkId:u"]}}]},
        {"operations": [create_user("u", name)]},
        {"operations": [{"delete_user": {"id": "none"}}]},
        {"operations": [create_user("v", f"v.{name}")]},
    )
    found = [result for answer in answers for result in answer.results]
    assert reasons(found) == ["UNSPECIFIED", "UNSPECIFIED", "NOT_FOUND"]
    assert generic.scim.total() == 1


def test_a_caller_that_hangs_up_stops_nothing_that_has_begun(generic, service):
    users = [create_user(str(number), f"user{number}") for number in range(300)]
    answers = stream(service, {"operations": users})
    assert next(answers).results[0].index == 0
    answers.cancel()
    for _ in range(600):
        if generic.scim.total() == len(users):
            break
        time.sleep(0.05)
    assert generic.scim.total() == len(users)


def test_what_is_wrong_with_the_whole_call_is_an_error_of_the_call(generic, service):
    with refuses("TOO_MANY", naming="1000"):
        apply(service, *[{"delete_user": {"id": "none"}}] * 1001)
    with refuses("INVALID_VALUE", naming="fail_on_errors"):
        apply(service, fail_on_errors=-1)
    with refuses("NOT_FOUND"):
        apply(service, create_user("a", "ana"), directory="elsewhere")
    with refuses("SCOPE_MISSING"):
        apply(generic.house.rpc(generic.house.new_service_key("DIRECTORY_READ")), create_user("a", "ana"))
    nothing_is_there(generic.scim)
