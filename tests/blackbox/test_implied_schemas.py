"""Bodies without `schemas`, as several clients send them: what the endpoint implies, unless the directory differs."""

import pytest
from groups import new_group

from harness.scim import created, ok, refused

BULK = {"failOnErrors": 1, "Operations": []}
# How a client sends no schemas.
MISSING = pytest.mark.parametrize("missing", [{}, {"schemas": None}, {"schemas": []}], ids=["absent", "null", "empty"])


def rename(name: str) -> dict:
    return {"Operations": [{"op": "replace", "path": "displayName", "value": name}]}


def in_bulk(method: str, path: str, data: dict) -> dict:
    return BULK | {"Operations": [{"method": method, "path": path, "bulkId": "b", "data": data}]}


@MISSING
def test_a_body_without_schemas_is_what_its_endpoint_is_for(directory, name, missing):
    scim = directory.scim
    user = created(scim.post("/Users", missing | {"userName": name}))
    assert user["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:User"]
    assert ok(scim.put(f"/Users/{user['id']}", missing | {"userName": name, "title": "CTO"}))["title"] == "CTO"
    path = f"/Users/{user['id']}"
    assert ok(scim.request("PATCH", path, data=missing | rename("Ana")))["displayName"] == "Ana"
    found = ok(scim.post("/Users/.search", missing | {"filter": f'userName eq "{name}"'}))
    assert [found["id"] for found in found["Resources"]] == [user["id"]]


@MISSING
def test_groups_too(okta, name, missing):
    scim = okta.scim
    group = created(scim.post("/Groups", missing | {"displayName": name}))
    path = f"/Groups/{group['id']}"
    assert ok(scim.put(path, missing | {"displayName": f"2 {name}"}))["displayName"] == f"2 {name}"
    scim.request("PATCH", path, data=missing | rename(f"3 {name}"))
    assert ok(scim.get(path))["displayName"] == f"3 {name}"


@MISSING
@pytest.mark.hops
def test_and_bulk_requests_and_what_is_in_them(generic, name, missing):
    answer = ok(generic.scim.post("/Bulk", missing | in_bulk("POST", "/Users", missing | {"userName": name})))
    assert [operation["status"] for operation in answer["Operations"]] == ["201"]
    path = answer["Operations"][0]["location"].partition("/scim/v2")[2]
    answer = ok(generic.scim.post("/Bulk", missing | in_bulk("PATCH", path, missing | rename("Ana"))))
    assert [operation["status"] for operation in answer["Operations"]] == ["200"]
    assert ok(generic.scim.get(path))["displayName"] == "Ana"


@MISSING
@pytest.mark.hops
def test_where_the_rule_is_off_every_verb_refuses_it_alike_and_nothing_is_written(generic, name, missing):
    scim = generic.scim
    user, group = scim.create(name), new_group(scim, "Ops")
    generic.house.command_json("directory", "update", generic.name, "--rule=implied-schemas=off")
    for method, path, body in (
        ("POST", "/Users", {"userName": f"2.{name}"}),
        ("PUT", f"/Users/{user['id']}", {"userName": name, "title": "CTO"}),
        ("PATCH", f"/Users/{user['id']}", rename("Ana")),
        ("POST", "/Users/.search", {"filter": "active eq true"}),
        ("POST", "/Groups", {"displayName": "Dev"}),
        ("PUT", f"/Groups/{group['id']}", {"displayName": "Dev"}),
        ("PATCH", f"/Groups/{group['id']}", rename("Dev")),
        ("POST", "/Bulk", in_bulk("POST", "/Users", {"userName": f"3.{name}"})),
    ):
        answer = scim.request(method, path, data=missing | body)
        refused(answer, 400, "invalidValue", naming="schemas: it is missing; send [")
    bulk = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"]}
    bulk |= in_bulk("POST", "/Users", missing | {"userName": f"4.{name}"})
    [operation] = ok(scim.post("/Bulk", bulk))["Operations"]
    assert (operation["status"], operation["response"]["scimType"]) == ("400", "invalidValue")
    assert scim.total() == 1
    assert scim.read(user) == user


def test_schemas_that_are_wrong_stay_refused(generic, name):
    for wrong in (["urn:x"], "urn:x", {}, [None], [""]):
        assert generic.scim.post("/Users", {"schemas": wrong, "userName": name}).status_code == 400, wrong
    assert generic.scim.total() == 0
