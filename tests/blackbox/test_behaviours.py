"""The rows of IDP.md §6 that concern users and discovery; each test carries the number of its row.

They hold in every profile. What differs is in test_profiles.py.
"""

import json
import uuid

import httpx
import pytest
from people import okta_user

from harness.scim import ENTERPRISE, ERROR, LIST, USER, Scim, a_user, created, listing, no_content, ok, refused, told


def test_b01_a_probe_that_finds_nothing_is_an_empty_list(scim):
    page = listing(scim.get("/Users", filter=f'userName eq "{uuid.uuid4()}"', startIndex=1, count=100))
    assert page == {"schemas": [LIST], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": []}


@pytest.mark.parametrize(
    "filter",
    [
        'userName eq "{}"',
        'UserName Eq "{}"',
        'USERNAME EQ "{}"',
        f'{USER}:userName eq "{{}}"',
        f'{USER.upper()}:username eq "{{}}"',
    ],
)
def test_b02_user_name_attribute_and_operator_have_no_case(scim, name, filter):
    user = scim.create(name)
    for written in (name, name.upper(), name.title()):
        assert [found["id"] for found in scim.find(filter.format(written))] == [user["id"]]


def test_b02_two_users_cannot_differ_in_case_alone_and_the_case_sent_is_kept(scim, name):
    user = scim.create(name.title())
    assert scim.read(user)["userName"] == name.title()
    refused(scim.post("/Users", a_user(name.upper())), 409, "uniqueness", naming="userName")


def test_b03_external_ids_and_addresses_are_looked_up(scim, name):
    boss = scim.create(f"boss.{name}")
    user = scim.create(
        name,
        externalId="9b1e",
        emails=[{"value": name, "type": "work"}, {"value": f"home.{name}", "type": "home"}],
        **{ENTERPRISE: {"manager": {"value": boss["id"]}}},
    )
    for filter in (
        'externalId eq "9b1e"',
        f'emails[type eq "work"].value eq "{name}"',
        f'emails[type eq "work" and value eq "{name}"]',
        f'id eq "{user["id"]}" and manager eq "{boss["id"]}"',
        f'emails.value eq "home.{name}" and active eq true',
    ):
        assert [found["id"] for found in scim.find(filter, attributes="id")] == [user["id"]], filter
    for filter in ('externalId eq "9B1E"', f'emails[type eq "home"].value eq "{name}"'):
        assert scim.find(filter) == [], filter


@pytest.mark.parametrize(
    "filter", ['nothing eq "x"', 'name eq "x"', "userName", 'password eq "x"', 'userName eq "x" or']
)
def test_b03_a_filter_that_cannot_be_answered_is_refused_and_never_an_empty_list(scim, filter):
    refused(scim.get("/Users", filter=filter), 400, "invalidFilter")


def test_b04_an_inactive_user_is_found_listed_and_read(scim, name):
    user = scim.create(name, active=False)
    assert scim.read(user)["active"] is False
    assert [found["active"] for found in scim.find(f'userName eq "{name}"')] == [False]
    assert scim.page()["totalResults"] == 1


def test_b05_junk_beside_a_new_user_is_tolerated(scim, name):
    body = {
        "schemas": [USER, "urn:example:unknown:2.0:Thing"],
        "id": "theirs",
        "meta": {"resourceType": "Group", "location": "https://elsewhere.example.com", "version": 7},
        "userName": name,
        "externalId": "9b1e",
        "active": "True",
        "name": {"givenName": "Ana", "familyName": "Ruiz", "shoeSize": 38},
        "emails": [{"value": name, "type": "work", "primary": True, "verified": True}],
        "addresses": None,
        "groups": [{"value": "g1", "display": "Ops"}],
        "password": "x",
        "urn:example:unknown:2.0:Thing": {"a": [1, {"b": None}]},
        "favouriteColour": "blue",
    }
    user = created(scim.post("/Users", body))
    assert user["id"] != "theirs"
    assert user["active"] is True
    assert user["meta"]["resourceType"] == "User"
    assert user["schemas"] == [USER]
    assert user["name"] == {"givenName": "Ana", "familyName": "Ruiz"}
    assert user["emails"] == [{"value": name, "type": "work", "primary": True}]
    for absent in ("password", "groups", "addresses", "favouriteColour", "urn:example:unknown:2.0:Thing"):
        assert absent not in user


def test_b06_a_duplicate_is_a_conflict(scim, name):
    scim.create(name)
    refused(scim.post("/Users", a_user(name)), 409, "uniqueness", naming="userName")


def test_b06_a_name_cannot_be_taken_from_another_user(scim, name):
    scim.create(name)
    other = scim.create(f"other.{name}")
    path = f"/Users/{other['id']}"
    refused(scim.put(path, a_user(name.upper())), 409, "uniqueness", naming="userName")
    refused(
        scim.patch(path, {"op": "replace", "path": "userName", "value": name}), 409, "uniqueness", naming="userName"
    )
    assert scim.read(other) == other


def test_b07_a_user_without_a_name_and_broken_json_are_refused(scim):
    refused(scim.post("/Users", {"schemas": [USER], "displayName": "x"}), 400, "invalidValue", naming="userName")
    refused(scim.request("POST", "/Users", content=b'{"schemas": ["urn'), 400, "invalidSyntax")
    assert scim.total() == 0


def test_b08_the_bodies_of_401_and_404(scim):
    for answer, status in (
        (Scim(scim.base_url, "wrong").get("/Users"), 401),
        (Scim(scim.base_url, None).get("/Users"), 401),
        (scim.get("/Users/00919288221112222"), 404),
        (scim.get("/Nothing"), 404),
    ):
        body = refused(answer, status)
        assert body == {"schemas": [ERROR], "status": str(status), "detail": body["detail"]}


def test_b09_a_user_is_deactivated_by_a_value_object_without_a_path(scim, name):
    user = scim.create(name, displayName="Ana")
    answer = ok(scim.patch(f"/Users/{user['id']}", {"op": "replace", "value": {"active": False}}))
    assert answer["active"] is False
    assert answer["displayName"] == "Ana"


def test_b10_a_user_is_deactivated_by_a_string(scim, name):
    user = scim.create(name)
    assert scim.change(user, {"op": "Replace", "path": "active", "value": "False"})["active"] is False


def test_b11_a_merged_replace_has_dotted_and_qualified_keys(scim, name):
    user = scim.create(name, name={"familyName": "Ruiz"})
    value = {
        "displayName": "Ana R",
        "name.givenName": "Ana",
        f"{ENTERPRISE}:department": "Ops",
        f"{USER}:title": "Boss",
    }
    seen = scim.change(user, {"op": "replace", "value": value})
    assert (seen["displayName"], seen["title"]) == ("Ana R", "Boss")
    assert seen["name"] == {"familyName": "Ruiz", "givenName": "Ana"}
    assert seen[ENTERPRISE] == {"department": "Ops"}


def test_b12_add_creates_the_element_that_a_value_path_names(scim, name):
    user = scim.create(name)
    seen = scim.change(user, {"op": "Add", "path": 'phoneNumbers[type eq "work"].value', "value": "+34 1"})
    assert seen["phoneNumbers"] == [{"type": "work", "value": "+34 1"}]


@pytest.mark.parametrize("op", ["replace", "add"])
def test_b13_an_empty_string_and_null_clear(scim, name, op):
    user = scim.create(name, title="Boss", nickName="A")
    for empty in ("", None):
        scim.change(user, {"op": op, "path": "title", "value": "Boss"})
        assert "title" not in scim.change(user, {"op": "replace", "path": "title", "value": empty})
    assert "nickName" not in scim.change(user, {"op": "replace", "value": {"nickName": ""}})


@pytest.mark.parametrize(
    "path", [f"{ENTERPRISE}:manager", f"{ENTERPRISE}.manager", "manager", f"{ENTERPRISE}:manager.value"]
)
def test_b14_a_manager_is_a_string_with_a_colon_or_a_dot(scim, name, path):
    boss, user = scim.create(f"boss.{name}"), scim.create(name)
    seen = scim.change(user, {"op": "Add", "path": path, "value": boss["id"]})
    assert seen[ENTERPRISE]["manager"]["value"] == boss["id"]
    assert seen[ENTERPRISE]["manager"]["$ref"].endswith(f"/Users/{boss['id']}")
    assert ENTERPRISE in seen["schemas"]
    seen = scim.change(user, {"op": "Replace", "path": path, "value": ""})
    assert ENTERPRISE not in seen
    assert seen["schemas"] == [USER]


def test_b15_put_replaces_what_is_writable_and_ignores_what_is_not(scim, name):
    user = scim.create(name, title="Boss", emails=[{"value": name}], **{ENTERPRISE: {"department": "Ops"}})
    body = {
        **a_user(name, displayName="Ana"),
        "id": "another",
        "groups": [{"value": "g1"}],
        "meta": {"created": "2001-01-01T00:00:00Z", "version": 'W/"99"'},
        "active": False,
    }
    seen = scim.replace(user, body)
    assert seen["id"] == user["id"]
    assert seen["meta"]["created"] == user["meta"]["created"]
    assert (seen["displayName"], seen["active"]) == ("Ana", False)
    for cleared in ("title", "emails", ENTERPRISE, "groups"):
        assert cleared not in seen
    assert seen["schemas"] == [USER]


@pytest.mark.parametrize("active", [True, False])
def test_b15_put_without_active_keeps_it(scim, name, active):
    user = scim.create(name, active=active)
    assert scim.replace(user, a_user(name, displayName="Ana"))["active"] is active


def test_b15_put_never_creates(scim, name):
    refused(scim.put(f"/Users/{uuid.uuid4()}", a_user(name)), 404)
    assert scim.total() == 0


def test_b16_a_deleted_user_is_gone_everywhere(directory, name):
    scim = directory.scim
    user = scim.create(name, externalId=name)
    path = f"/Users/{user['id']}"
    no_content(scim.delete(path))
    for answer in (
        scim.get(path),
        scim.delete(path),
        scim.put(path, a_user(name)),
        scim.patch(path, {"op": "replace", "path": "active", "value": True}),
    ):
        refused(answer, 404, naming=user["id"])
    assert scim.find(f'userName eq "{name}"') == []
    assert scim.total() == 0
    returns = directory.house.command_json("directory", "show", directory.name)["rules"]["restore-returning-users"]
    assert (scim.create(name, externalId=name)["id"] == user["id"]) == returns["on"]


def test_b17_a_reactivated_user_is_the_same_one(scim, name):
    user = created(scim.post("/Users", okta_user(name)))
    scim.change(user, {"op": "replace", "path": "active", "value": False})
    seen = scim.change(user, {"op": "replace", "path": "active", "value": True})
    assert {key: seen[key] for key in seen if key != "meta"} == {key: user[key] for key in user if key != "meta"}


def test_b28_a_page_past_the_end_is_empty_and_tells_what_was_asked(scim, name):
    for number in range(2):
        scim.create(f"{number}.{name}")
    page = listing(scim.get("/Users", startIndex=101, count=100))
    assert page == {"schemas": [LIST], "totalResults": 2, "startIndex": 101, "itemsPerPage": 0, "Resources": []}


def test_b28_a_count_of_zero_or_less_asks_for_the_total(scim, name):
    scim.create(name)
    for count in (0, -1, -2147483648):
        page = scim.page(count=count)
        assert (page["totalResults"], page["Resources"]) == (1, [])


def test_b28_a_start_index_below_one_is_one(scim, name):
    user = scim.create(name)
    for start in (0, -7, -9223372036854775808):
        page = scim.page(startIndex=start, count=10)
        assert page["startIndex"] == 1
        assert [found["id"] for found in page["Resources"]] == [user["id"]]


def test_b28_numbers_past_every_page_are_no_error(scim, name):
    scim.create(name)
    assert len(scim.page(count=9223372036854775807)["Resources"]) == 1
    assert scim.page(startIndex=9223372036854775807, count=10)["Resources"] == []


def test_b28_pages_do_not_overlap_and_leave_nothing_out(scim, name):
    ids = [scim.create(f"{number}.{name}")["id"] for number in range(7)]
    seen = [user["id"] for start in (1, 4, 7) for user in scim.page(startIndex=start, count=3)["Resources"]]
    assert seen == ids


def test_b29_the_service_provider_config_tells_what_is_true(scim):
    config = ok(scim.get("/ServiceProviderConfig"))
    assert config["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"]
    for feature in ("patch", "bulk", "filter", "changePassword", "sort", "etag"):
        assert type(config[feature]["supported"]) is bool
    assert config["patch"]["supported"]
    assert config["filter"]["supported"]
    assert config["sort"]["supported"]
    assert config["etag"]["supported"]
    assert type(config["bulk"]["maxOperations"]) is int
    assert type(config["bulk"]["maxPayloadSize"]) is int
    assert config["filter"]["maxResults"] >= 100
    assert [scheme["type"] for scheme in config["authenticationSchemes"]] == ["oauthbearertoken", "oauth2"]
    assert config["pagination"]["cursor"] is True
    assert config["pagination"]["index"] is True
    assert config["pagination"]["defaultPaginationMethod"] == "index"
    assert config["meta"]["resourceType"] == "ServiceProviderConfig"
    assert config["meta"]["location"] == f"{scim.base_url}/ServiceProviderConfig"
    assert "null" not in json.dumps(config)


def test_b29_schemas_and_resource_types_are_whole_and_can_be_read_one_by_one(scim):
    schemas = {schema["id"]: schema for schema in listing(scim.get("/Schemas"))["Resources"]}
    assert {USER, ENTERPRISE} <= schemas.keys()
    for urn, schema in schemas.items():
        assert ok(scim.get(f"/Schemas/{urn}")) == schema
        assert schema["meta"]["location"] == f"{scim.base_url}/Schemas/{urn}"
        assert schema["meta"]["resourceType"] == "Schema"
        assert "null" not in json.dumps(schema)
    types = {kind["name"]: kind for kind in listing(scim.get("/ResourceTypes"))["Resources"]}
    assert types["User"]["endpoint"] == "/Users"
    assert types["User"]["schema"] == USER
    assert types["User"]["schemaExtensions"] == [{"schema": ENTERPRISE, "required": False}]
    for kind in types.values():
        assert ok(scim.get(f"/ResourceTypes/{kind['name']}")) == kind
    assert "User Account" in json.dumps(schemas[USER])


def test_b29_user_name_is_described_as_it_is_treated(scim):
    schema = ok(scim.get(f"/Schemas/{USER}"))
    attributes = {attribute["name"]: attribute for attribute in schema["attributes"]}
    user_name = attributes["userName"]
    assert user_name["required"] is True
    assert user_name["caseExact"] is False
    assert user_name["uniqueness"] == "server"
    assert attributes["groups"]["mutability"] == "readOnly"
    assert attributes["password"]["returned"] == "never"


def test_b29_what_is_not_there_is_404_and_what_cannot_be_changed_is_405(scim):
    refused(scim.get("/Schemas/urn:example:nothing"), 404)
    refused(scim.get("/ResourceTypes/Nothing"), 404)
    for route in ("/ServiceProviderConfig", "/Schemas", "/ResourceTypes", f"/Schemas/{USER}"):
        for method in ("POST", "PUT", "PATCH", "DELETE"):
            answer = scim.request(method, route, data={"schemas": [USER]})
            refused(answer, 405)
            assert "GET" in answer.headers["allow"]


def test_b29_discovery_takes_no_filter(scim):
    for route in ("/Schemas", "/ResourceTypes"):
        refused(scim.get(route, filter='name eq "User"'), 403)
        listing(scim.get(route, startIndex=1, count=1, sortBy="id"))
    refused(scim.get("/ServiceProviderConfig", filter="patch.supported eq true"), 403, naming="filter")
    ok(scim.get("/ServiceProviderConfig", startIndex=1))


@pytest.mark.parametrize(
    "content_type",
    [
        "application/scim+json",
        "application/json",
        "application/scim+json; charset=utf-8",
        "application/json;charset=UTF-8",
        None,
    ],
)
def test_b30_json_is_taken_under_each_of_its_names(scim, name, content_type):
    content = json.dumps(a_user(f"zoë.{name}")).encode()
    answer = scim.request("POST", "/Users", content=content, headers={"Content-Type": content_type})
    assert created(answer)["userName"] == f"zoë.{name}"


@pytest.mark.parametrize(
    ("accept", "answered"),
    [
        ("application/scim+json", "application/scim+json"),
        ("application/json", "application/json"),
        ("*/*", "application/scim+json"),
        ("application/json, application/scim+json", "application/scim+json"),
        (None, "application/scim+json"),
    ],
)
def test_b30_the_answer_is_of_the_type_that_is_accepted(scim, accept, answered):
    for path, status in (("/Users", 200), (f"/Users/{uuid.uuid4()}", 404), ("/Schemas", 200)):
        sent = {"Authorization": f"Bearer {scim.token}"} | ({"Accept": accept} if accept else {})
        with httpx.Client() as http:
            if accept is None:
                del http.headers["accept"]
            answer = http.get(scim.base_url + path, headers=sent)
        assert answer.status_code == status, told(answer)
        assert answer.headers["content-type"].split(";")[0] == answered, told(answer)


def test_b31_a_client_is_not_throttled_at_25_requests_a_second(scim):
    assert {scim.get("/Users", count=1).status_code for _ in range(60)} == {200}


def test_b33_a_url_is_the_same_with_more_slashes_and_unknown_keys(scim, name):
    user = created(scim.post("//Users", a_user(name)))
    for path in (
        f"//Users/{user['id']}",
        f"/Users//{user['id']}",
        f"/Users/{user['id']}/",
        f"/Users/{user['id']}?unknown=1&another",
        f"/Users/{user['id']}?",
    ):
        assert ok(scim.get(path)) == user, path
    for path in ("/Users/", "//Users", "//Users//?unknown"):
        assert listing(scim.get(path))["totalResults"] == 1, path
    ok(scim.patch(f"//Users/{user['id']}/", {"op": "replace", "path": "title", "value": "x"}))
    ok(scim.get("//ServiceProviderConfig/"))


def test_b33_metabase_s_path_is_served_too_and_urls_keep_to_it(directory, name):
    scim = Scim(f"{directory.house.url}/api/ee/scim/v2", directory.token)
    user = created(scim.post("/Users", a_user(name)))
    assert user["meta"]["location"] == f"{scim.base_url}/Users/{user['id']}"
    assert ok(scim.get(user["meta"]["location"])) == user
    own = directory.scim.read(user)
    assert own["meta"]["location"] == f"{directory.scim.base_url}/Users/{user['id']}"
    assert ok(scim.get("/ServiceProviderConfig"))["meta"]["location"] == f"{scim.base_url}/ServiceProviderConfig"


def test_a_head_is_a_get_without_its_body(scim, name):
    user = scim.create(name)
    for path in (f"/Users/{user['id']}", "/Users", "/Schemas", "/Users/nobody"):
        read, head = scim.get(path), scim.request("HEAD", path)
        assert head.status_code == read.status_code
        assert head.content == b""
        for header in ("content-type", "content-length", "etag", "location"):
            assert head.headers.get(header) == read.headers.get(header), header


def test_b35_a_new_token_works_beside_the_old_one_until_that_is_revoked(directory, name):
    house, old = directory.house, directory.scim
    new = Scim(house.base_url, house.new_token(directory.name))
    user = old.create(name)
    assert new.read(user) == user
    tokens = house.admin.call("TokenService/ListTokens", directory=directory.name).tokens
    house.admin.call("TokenService/RevokeToken", directory=directory.name, token=tokens[-1].id)
    refused(old.get("/Users"), 401)
    assert new.read(user) == user
