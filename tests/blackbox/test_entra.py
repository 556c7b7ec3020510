"""The life of users whom Microsoft Entra ID provisions (IDP.md §3)."""

import uuid

import pytest
from people import entra_user

from harness.scim import ENTERPRISE, USER, Scim, a_user, created, listing, no_content, ok, refused, values

MANAGER = f"{ENTERPRISE}:manager"


@pytest.fixture
def scim(entra) -> Scim:
    return entra.scim


def add(path: str, value) -> dict:
    return {"op": "Add", "path": path, "value": value}


def replace(path: str, value) -> dict:
    return {"op": "Replace", "path": path, "value": value}


def merged(**value) -> dict:
    """One replace of several attributes without a path, as the flag aadOptscim062020 has it."""
    return {"op": "replace", "value": value}


def provision(scim: Scim, user_name: str, **changed) -> dict:
    return created(scim.post("/Users", entra_user(user_name, **changed)))


def manager_of(user: dict) -> str | None:
    return user.get(ENTERPRISE, {}).get("manager", {}).get("value")


@pytest.mark.parametrize(
    "filter", ['userName eq "{}"', 'externalId eq "{}"', 'emails[type eq "work"].value eq "{}"', "externalId eq {}"]
)
def test_the_connection_is_tested_by_a_random_guid_that_nobody_has(scim, name, filter):
    provision(scim, name)
    page = listing(scim.get("/Users", filter=filter.format(uuid.uuid4())))
    assert page["totalResults"] == 0
    assert page["Resources"] == []


def test_a_user_is_created_whatever_nulls_and_junk_come_along(scim, name):
    user = provision(
        scim,
        name,
        id="theirs",
        meta={"resourceType": "User", "created": "2001-01-01T00:00:00Z", "version": 'W/"99"'},
        favouriteColour="blue",
        password="secret",
        groups=[],
    )
    assert user["id"] != "theirs"
    assert not user["meta"]["created"].startswith("2001")
    assert user["active"] is True
    assert user["schemas"] == [USER]
    for absent in ("addresses", "phoneNumbers", "title", "roles", "manager", "favouriteColour", "password", "groups"):
        assert absent not in user
    assert user["externalId"] == f"9b1e-{name}"
    assert scim.read(user) == user


def test_a_user_is_created_with_the_enterprise_extension(scim, name):
    extension = {
        "department": "Ops",
        "employeeNumber": "7",
        "costCenter": "4130",
        "organization": "Ex",
        "division": "IT",
    }
    user = provision(scim, name, **{ENTERPRISE: extension})
    assert user[ENTERPRISE] == extension
    assert set(user["schemas"]) == {USER, ENTERPRISE}


def test_a_user_is_matched_by_every_attribute_that_entra_matches_by(scim, name):
    user = provision(scim, name)
    provision(scim, f"other.{name}")
    filters = [
        f'userName eq "{name}"',
        f'externalId eq "9b1e-{name}"',
        f'emails[type eq "work"].value eq "{name.upper()}"',
        f"externalId eq 9b1e-{name}",
        f'emails[type eq "work" and primary eq true].value eq "{name}"',
    ]
    for filter in filters:
        assert [found["id"] for found in scim.find(filter)] == [user["id"]], filter


def test_an_operation_may_be_written_with_a_capital(scim, name):
    user = provision(scim, name, title="Engineer", nickName="Any")
    seen = scim.change(
        user, add("userType", "Employee"), replace("displayName", "Ana R"), {"op": "Remove", "path": "title"}
    )
    assert seen["userType"] == "Employee"
    assert seen["displayName"] == "Ana R"
    assert "title" not in seen
    assert seen["nickName"] == "Any"


@pytest.mark.parametrize(
    ("sent", "meant"), [("False", False), ("false", False), ("True", True), ("TRUE", True), (False, False)]
)
def test_booleans_may_be_strings(scim, name, sent, meant):
    user = provision(scim, name, active=not meant)
    assert scim.change(user, replace("active", sent))["active"] is meant


def test_one_replace_of_dotted_and_qualified_keys_changes_each_of_them(scim, name):
    user = provision(scim, name)
    keys = {
        "displayName": "Ana R",
        "name.givenName": "Anna",
        "name.familyName": "Ruiz García",
        f"{ENTERPRISE}:department": "Ops",
        f"{ENTERPRISE}:employeeNumber": "42",
        "active": False,
    }
    seen = scim.change(user, merged(**keys))
    assert seen["displayName"] == "Ana R"
    assert seen["name"]["givenName"] == "Anna"
    assert seen["name"]["familyName"] == "Ruiz García"
    assert seen["name"]["formatted"] == "Ana Ruiz"
    assert seen[ENTERPRISE] == {"department": "Ops", "employeeNumber": "42"}
    assert seen["active"] is False
    assert set(seen["schemas"]) == {USER, ENTERPRISE}


@pytest.mark.parametrize("op", ["Add", "Replace", "add", "replace"])
@pytest.mark.parametrize(
    ("path", "attribute", "element"),
    [
        ('emails[type eq "other"].value', "emails", {"type": "other", "value": "x"}),
        ('phoneNumbers[type eq "mobile"].value', "phoneNumbers", {"type": "mobile", "value": "x"}),
        ('addresses[type eq "work"].country', "addresses", {"type": "work", "country": "x"}),
        ('addresses[type eq "work"].postalCode', "addresses", {"type": "work", "postalCode": "x"}),
        ('ims[type eq "xmpp"].value', "ims", {"type": "xmpp", "value": "x"}),
    ],
)
def test_a_value_path_that_does_not_exist_yet_is_created(scim, name, op, path, attribute, element):
    user = provision(scim, name)
    seen = scim.change(user, {"op": op, "path": path, "value": "x"})
    assert element in seen[attribute]
    assert seen["emails"][0] == user["emails"][0]


def test_the_parts_of_an_address_make_one_address(scim, name):
    user = provision(scim, name)
    parts = {
        "streetAddress": "Calle Mayor 1",
        "locality": "Madrid",
        "region": "MD",
        "postalCode": "28013",
        "country": "ES",
    }
    seen = scim.change(user, *[add(f'addresses[type eq "work"].{part}', value) for part, value in parts.items()])
    assert seen["addresses"] == [{"type": "work", **parts}]


def test_the_one_role_of_a_single_role_assignment_is_created(scim, name):
    user = provision(scim, name)
    seen = scim.change(user, add('roles[primary eq "True"].value', "Admin"))
    assert seen["roles"] == [{"value": "Admin", "primary": True}]


def test_a_value_path_that_exists_is_changed_in_place(scim, name):
    user = provision(scim, name)
    seen = scim.change(
        user, replace('emails[type eq "work"].value', f"new.{name}"), replace("name.familyName", "García")
    )
    assert seen["emails"] == [{"primary": True, "type": "work", "value": f"new.{name}"}]
    assert seen["name"]["familyName"] == "García"
    assert seen["name"]["givenName"] == "Ana"


def test_repeating_a_change_changes_nothing_more(scim, name):
    user = provision(scim, name)
    operation = add('phoneNumbers[type eq "work"].value', "+34 1")
    once = scim.change(user, operation)
    assert scim.change(user, operation) == once
    assert once["phoneNumbers"] == [{"type": "work", "value": "+34 1"}]


@pytest.mark.parametrize(
    "form",
    [
        lambda boss: add(MANAGER, boss),
        lambda boss: replace(MANAGER, boss),
        lambda boss: replace(MANAGER, {"value": boss}),
        lambda boss: add(MANAGER, [{"$ref": f"Users/{boss}", "value": boss}]),
        lambda boss: add("manager", [{"$ref": None, "value": boss}]),
        lambda boss: add(f"{MANAGER}.value", boss),
        lambda boss: replace(f"{ENTERPRISE}.manager", boss),
        lambda boss: merged(**{MANAGER: boss}),
        lambda boss: merged(**{ENTERPRISE: {"manager": boss}}),
        lambda boss: merged(**{ENTERPRISE: {"manager": {"value": boss}}}),
    ],
)
def test_a_manager_is_set_in_each_of_its_forms(scim, name, form):
    boss, user = provision(scim, f"boss.{name}"), provision(scim, name)
    seen = scim.change(user, form(boss["id"]))
    assert manager_of(seen) == boss["id"]
    assert ENTERPRISE in seen["schemas"]


def test_a_manager_is_set_replaced_and_removed_by_an_empty_string(scim, name):
    """Test 25 of Microsoft's validation."""
    first, second, user = (provision(scim, f"{who}.{name}") for who in ("first", "second", "user"))
    assert manager_of(scim.change(user, add(MANAGER, first["id"]))) == first["id"]
    assert manager_of(scim.change(user, replace(MANAGER, second["id"]))) == second["id"]
    assert manager_of(scim.change(user, replace(MANAGER, ""))) is None


def test_removing_a_manager_keeps_the_rest_of_the_extension(scim, name):
    boss = provision(scim, f"boss.{name}")
    user = provision(scim, name, **{ENTERPRISE: {"manager": {"value": boss["id"]}, "department": "Ops"}})
    seen = scim.change(user, {"op": "Remove", "path": MANAGER})
    assert seen[ENTERPRISE] == {"department": "Ops"}


def test_a_manager_is_checked_by_a_filter_on_id_and_manager(scim, name):
    boss = provision(scim, f"boss.{name}")
    user = provision(scim, name, **{ENTERPRISE: {"manager": {"value": boss["id"]}}})
    found = scim.find(f'id eq "{user["id"]}" and manager eq "{boss["id"]}"', attributes="id")
    assert [set(one) - {"schemas"} for one in found] == [{"id"}]
    assert scim.find(f'id eq "{boss["id"]}" and manager eq "{boss["id"]}"', attributes="id") == []


OPTIONAL = {
    "displayName": "d",
    "title": "t",
    "nickName": "n",
    "preferredLanguage": "es",
    "userType": "Employee",
    "locale": "es-ES",
    "timezone": "Europe/Madrid",
    "name.givenName": "g",
    "name.familyName": "f",
    "name.formatted": "gf",
    'emails[type eq "work"].value': "w@example.com",
    'phoneNumbers[type eq "work"].value': "+34 1",
    'addresses[type eq "work"].formatted': "a",
    f"{ENTERPRISE}:employeeNumber": "1",
    f"{ENTERPRISE}:department": "Ops",
}


def remaining(user: dict) -> set[str]:
    """What a user still has of what Null_Update clears."""
    kept = {"displayName", "title", "nickName", "preferredLanguage", "userType", "locale", "timezone"} & user.keys()
    kept |= {f"name.{part}" for part in user.get("name", {})}
    for attribute in ("emails", "phoneNumbers", "addresses"):
        kept |= {attribute for element in user.get(attribute, []) if element.get("value") or element.get("formatted")}
    return kept | {f"enterprise.{part}" for part in user.get(ENTERPRISE, {})}


@pytest.mark.parametrize("empty", ["", None])
@pytest.mark.parametrize("style", ["one operation each", "merged"])
def test_every_optional_attribute_is_cleared_by_an_empty_string_and_by_null(scim, name, empty, style):
    """Test 16 of Microsoft's validation, Null_Update."""
    user = provision(scim, name)
    if style == "merged":
        simple = [path for path in OPTIONAL if "[" not in path]
        scim.change(user, *[replace(path, value) for path, value in OPTIONAL.items()])
        seen = scim.change(user, merged(**dict.fromkeys(simple, empty)))
        assert remaining(seen) == {"emails", "phoneNumbers", "addresses"}
    else:
        full = scim.change(user, *[replace(path, value) for path, value in OPTIONAL.items()])
        assert len(remaining(full)) == len(OPTIONAL)
        seen = scim.change(user, *[replace(path, empty) for path in OPTIONAL])
        assert remaining(seen) == set()
    assert seen["userName"] == name


def test_a_disabled_user_is_kept_found_and_restored(scim, name):
    user = provision(scim, name, title="Engineer")
    assert scim.change(user, replace("active", "False"))["active"] is False
    found = scim.find(f'userName eq "{name}"')
    assert [(one["id"], one["active"]) for one in found] == [(user["id"], False)]
    restored = scim.change(user, replace("active", "True"))
    assert (restored["id"], restored["active"], restored["title"]) == (user["id"], True, "Engineer")


def test_a_user_is_deleted_and_comes_back_as_the_same_one(scim, name):
    user = provision(scim, name)
    scim.change(user, replace("active", "False"))
    no_content(scim.delete(f"/Users/{user['id']}"))
    refused(scim.get(f"/Users/{user['id']}"), 404)
    assert scim.find(f'userName eq "{name}"') == []
    assert provision(scim, name)["id"] == user["id"]


def test_a_failed_patch_changes_nothing(scim, name):
    user = provision(scim, name)
    operations = [replace("displayName", "changed"), replace("active", "Maybe")]
    refused(scim.patch(f"/Users/{user['id']}", *operations), 400, "invalidValue", naming="active")
    assert scim.read(user) == user


def test_a_patch_without_operations_is_answered_and_changes_nothing(scim, name):
    """What Microsoft's SCIM validator sends."""
    user = provision(scim, name)
    assert scim.change(user) == user


@pytest.mark.parametrize(
    "query", ["aadOptscim062020", "aadOptscim062020=", "AzureAdScimPatch2017", "unknown=key&another"]
)
def test_the_flag_in_the_tenant_url_is_tolerated_on_every_route(scim, name, query):
    user = created(scim.post(f"/Users?{query}", entra_user(name)))
    path = f"/Users/{user['id']}?{query}"
    assert ok(scim.get(path)) == user
    assert listing(scim.get(f"/Users?{query}", filter=f'userName eq "{name}"'))["totalResults"] == 1
    assert scim.patch(path, replace("title", "Engineer")).status_code == 200
    ok(scim.put(path, a_user(name)))
    for route in ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes"):
        ok(scim.get(f"{route}?{query}"))
    no_content(scim.delete(path))


def test_every_mapped_attribute_can_be_discovered(scim):
    """Test 15 of Microsoft's validation, Schema_Discoverability."""
    schemas = listing(scim.get("/Schemas"))["Resources"]
    found = set()
    for schema in schemas:
        prefix = "" if schema["id"] == USER else f"{schema['id']}:"
        for attribute in schema["attributes"]:
            found.add(f"{prefix}{attribute['name']}".lower())
            found |= {
                f"{prefix}{attribute['name']}.{sub['name']}".lower() for sub in attribute.get("subAttributes", [])
            }
    mapped = [path.replace('[type eq "work"]', "") for path in OPTIONAL]
    mapped += ["userName", "active", "externalId", f"{MANAGER}", "roles.value"]
    missing = {path.lower() for path in mapped} - found
    assert missing <= {"externalid"}, "attributes that /Schemas does not tell of"


def test_single_valued_attributes_are_read_back_exactly(scim, name):
    """Test 18 of Microsoft's validation: nothing is normalised."""
    user = provision(scim, name)
    values = {"title": "  Ingeniera  ", "nickName": "ANA", "preferredLanguage": "es-es", "userType": "employee"}
    seen = scim.change(user, *[replace(path, value) for path, value in values.items()])
    assert {path: seen[path] for path in values} == values
    phone = "+34 (600) 00-00-00 ext. 7"
    seen = scim.change(user, add('phoneNumbers[type eq "work"].value', phone))
    assert seen["phoneNumbers"][0]["value"] == phone


def test_pages_tell_the_start_index_that_was_asked_for(scim, name):
    """Test 23 of Microsoft's validation."""
    for number in range(11):
        provision(scim, f"{number:02}.{name}")
    seen = []
    for start in (1, 6, 11):
        page = listing(scim.get("/Users", startIndex=start, count=5))
        assert page["startIndex"] == start
        assert page["totalResults"] == 11
        seen += [user["userName"] for user in page["Resources"]]
    assert len(set(seen)) == 11


class TestPostmanCollection:
    """The cases for users of Microsoft's reference collection (IDP.md §3.3)."""

    BOB = {
        "UserName": "UserName123",
        "Active": True,
        "DisplayName": "BobIsAmazing",
        "schemas": [USER],
        "externalId": "22fbc523-6032-4c5f-939d-5d4850cf3e52",
        "name": {"formatted": "Ryan3", "familyName": "Leenay3", "givenName": "Ryan3"},
        "emails": [{"Primary": True, "type": "work", "value": "testing@bob.com"}],
    }

    def test_names_of_attributes_have_no_case(self, scim):
        user = created(scim.post("/Users", self.BOB))
        assert user["userName"] == "UserName123"
        assert user["displayName"] == "BobIsAmazing"
        assert user["emails"] == [{"primary": True, "type": "work", "value": "testing@bob.com"}]

    def test_a_plus_in_a_query_is_a_space(self, scim):
        user = created(scim.post("/Users", self.BOB))
        found = listing(scim.get("/Users?filter=DisplayName+eq+%22BobIsAmazing%22"))
        assert [one["id"] for one in found["Resources"]] == [user["id"]]

    def test_the_life_of_a_user(self, scim):
        user = created(scim.post("/Users", self.BOB))
        seen = scim.change(user, {"op": "replace", "path": "userName", "value": "ryan3"})
        assert seen["userName"] == "ryan3"
        assert scim.replace(user, {**self.BOB, "UserName": "UserNameReplace2"})["userName"] == "UserNameReplace2"
        no_content(scim.delete(f"/Users/{user['id']}"))

    def test_a_filter_may_stand_in_the_attributes(self, scim):
        created(scim.post("/Users", self.BOB))
        for attributes in ('emails[type eq "work"]', 'emails[value eq "testing@bob.com"]'):
            user = scim.page(attributes=attributes)["Resources"][0]
            assert values(user, "emails") == ["testing@bob.com"]
            assert "displayName" not in user

    def test_garbage(self, scim):
        assert created(scim.post("/Users", {**self.BOB, "UserName": "OMalley", "Active": "True"}))["active"] is True
        created(scim.post("/Users", {**self.BOB, "UserName": "Second"}))
        assert scim.total() == 2
        refused(
            scim.post("/Users", {name: self.BOB[name] for name in self.BOB if name != "UserName"}), 400, "invalidValue"
        )
        refused(scim.request("POST", "/Users", content=b'{"schemas": ["'), 400, "invalidSyntax")
        for _ in range(3):
            refused(scim.post("/Users", {**self.BOB, "UserName": "OMalley"}), 409, "uniqueness")
        user = scim.find('userName eq "Second"')[0]
        refused(scim.put(f"/Users/{user['id']}", {"schemas": [USER], "displayName": "x"}), 400, "invalidValue")
        put = scim.replace(user, {**self.BOB, "UserName": "Second", "displayyName": "misspelt"})
        assert "displayyName" not in put
        assert scim.change(user, replace("userName", "Third"), replace("active", False))["active"] is False
        page = listing(scim.get("/Users", startIndex=1, count=2))
        assert (page["totalResults"], page["itemsPerPage"]) == (2, 2)
        assert scim.page(attributes="userName,emails")["totalResults"] == 2

    def test_its_filters(self, scim):
        for user_name, family_name, domain in [
            ("OMalley", "Employee", "example.com"),
            ("Two", "Employee", "example.org"),
            ("Three", "Employee", "example.net"),
            ("Four", "Boss", "example.com"),
        ]:
            email = {"value": f"{user_name}@{domain}", "type": "work"}
            created(scim.post("/Users", a_user(user_name, name={"familyName": family_name}, emails=[email])))
        unquoted = "name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)"
        assert scim.names(unquoted) == ["OMalley", "Two"]
        assert scim.names("userName sw O") == ["OMalley"]
        assert len(scim.find("meta.Created gt 2015-10-10T14:38:21.8617979-07:00")) == 4


class TestInbound:
    """What Entra asks when it pulls users out (the SCIM Inbound collection)."""

    def test_its_filters(self, scim, name):
        user = provision(scim, name)
        provision(scim, f"inactive.{name}", active=False)
        since, until = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
        between = f'(meta.lastModified ge "{since}" and meta.lastModified le "{until}")'
        for filter in (
            f'id eq "{user["id"]}"',
            f"active eq true and {between}",
            f'(ActiVe eq true) and meta.lastmodified ge "{since}"',
        ):
            assert [one["id"] for one in scim.find(filter, startIndex=0, count=10)] == [user["id"]], filter
        assert scim.page(count=1)["totalResults"] == 2

    def test_its_changes(self, scim, name):
        boss, user = provision(scim, f"boss.{name}"), provision(scim, name)
        seen = scim.change(
            user,
            {"op": "replace", "path": "name.familyName", "value": "García"},
            {"op": "replace", "path": "active", "value": False},
            {"op": "add", "path": f"{ENTERPRISE}.manager", "value": boss["id"]},
        )
        assert seen["name"]["familyName"] == "García"
        assert seen["active"] is False
        assert manager_of(seen) == boss["id"]
