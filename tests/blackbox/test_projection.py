"""`attributes` and `excludedAttributes` (RFC 7644 §3.9)."""

import pytest

from harness.scim import ENTERPRISE, PATCH_OP, USER, a_user, created, ok, refused


@pytest.fixture
def user(generic, name) -> dict:
    return generic.scim.create(
        name,
        displayName="Ana",
        title="Boss",
        name={"givenName": "Ana", "familyName": "Ruiz"},
        emails=[{"value": name, "type": "work"}, {"value": f"home.{name}", "type": "home"}],
        **{ENTERPRISE: {"department": "Ops", "costCenter": "4130"}},
    )


def shown(user: dict) -> dict:
    """What a projection is about: all but `schemas`."""
    return {name: value for name, value in user.items() if name != "schemas"}


@pytest.mark.parametrize(
    ("attributes", "expected"),
    [
        ("userName", ["userName"]),
        ("USERNAME,displayname", ["userName", "displayName"]),
        (" userName , displayName ", ["userName", "displayName"]),
        (f"{USER}:displayName", ["displayName"]),
        ("name", ["name"]),
        ("emails", ["emails"]),
        (ENTERPRISE, [ENTERPRISE]),
        ("meta", ["meta"]),
        ("id", []),
        ("nothing", []),
        ("password", []),
    ],
)
def test_only_the_attributes_that_are_asked_for_come_back_and_the_id(generic, user, attributes, expected):
    wanted = {"id": user["id"]} | {name: user[name] for name in expected}
    assert shown(generic.scim.read(user, attributes=attributes)) == wanted
    [listed] = generic.scim.page(attributes=attributes)["Resources"]
    assert shown(listed) == wanted


def test_sub_attributes_are_asked_for_one_by_one(generic, user):
    seen = generic.scim.read(user, attributes="name.familyName")
    assert shown(seen) == {"id": user["id"], "name": {"familyName": "Ruiz"}}
    seen = generic.scim.read(user, attributes="emails.value")
    assert seen["emails"] == [{"value": email["value"]} for email in user["emails"]]
    seen = generic.scim.read(user, attributes=f"{ENTERPRISE}:department")
    assert shown(seen) == {"id": user["id"], ENTERPRISE: {"department": "Ops"}}


@pytest.mark.parametrize(
    ("excluded", "missing"),
    [
        ("emails", ["emails"]),
        ("displayName,TITLE", ["displayName", "title"]),
        (ENTERPRISE, [ENTERPRISE]),
        ("meta", ["meta"]),
        ("id", []),
        ("nothing", []),
    ],
)
def test_what_is_excluded_stays_away_but_for_what_always_comes(generic, user, excluded, missing):
    wanted = {name: value for name, value in shown(user).items() if name not in missing}
    assert shown(generic.scim.read(user, excludedAttributes=excluded)) == wanted
    [listed] = generic.scim.page(excludedAttributes=excluded)["Resources"]
    assert shown(listed) == wanted


def test_sub_attributes_are_excluded_one_by_one(generic, user):
    assert generic.scim.read(user, excludedAttributes="name.familyName")["name"] == {"givenName": "Ana"}
    seen = generic.scim.read(user, excludedAttributes=f"{ENTERPRISE}:department")
    assert seen[ENTERPRISE] == {"costCenter": "4130"}


def test_the_two_exclude_one_another(generic, user):
    path = f"/Users/{user['id']}"
    both = {"attributes": "userName", "excludedAttributes": "title"}
    refused(generic.scim.get(path, **both), 400, "invalidValue", naming="excludedAttributes")
    refused(generic.scim.get("/Users", **both), 400, "invalidValue")
    refused(generic.scim.put(path, a_user("x"), **both), 400, "invalidValue")
    refused(generic.scim.post("/Users", a_user("y"), **both), 400, "invalidValue")
    assert generic.scim.read(user) == user
    assert generic.scim.total() == 1


def test_the_answer_to_a_change_shows_what_was_asked_for(generic, user, name):
    scim, path = generic.scim, f"/Users/{user['id']}"
    new = scim.post("/Users?attributes=userName", a_user(f"new.{name}", title="x"))
    assert new.status_code == 201
    assert shown(new.json()).keys() == {"id", "userName"}
    assert new.headers["location"].endswith(new.json()["id"])
    patch = {"schemas": [PATCH_OP], "Operations": [{"op": "replace", "path": "title", "value": "Chief"}]}
    patched = ok(scim.request("PATCH", path + "?attributes=title", data=patch))
    assert shown(patched) == {"id": user["id"], "title": "Chief"}
    put = ok(scim.put(path + "?excludedAttributes=emails,meta", a_user(name, emails=[{"value": name}])))
    assert shown(put).keys() == {"id", "userName", "active"}


def test_the_schemas_name_the_extensions_that_the_user_has(generic, user, name):
    assert set(user["schemas"]) == {USER, ENTERPRISE}
    bare = created(generic.scim.post("/Users", {**a_user(f"bare.{name}"), "schemas": [USER, ENTERPRISE]}))
    assert bare["schemas"] == [USER]
