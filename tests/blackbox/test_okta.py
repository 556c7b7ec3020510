"""The life of users whom Okta provisions (IDP.md §2)."""

import pytest
from people import okta_user

from harness.scim import LIST, Scim, created, listing, ok, refused, values


@pytest.fixture
def scim(okta) -> Scim:
    return okta.scim


def deactivate(active: bool = False) -> dict:
    """What an app of the Okta Integration Network sends: a value object without a path."""
    return {"op": "replace", "value": {"active": active}}


def assign(scim: Scim, user_name: str, **changed) -> dict:
    """What Okta does when a user is assigned: look up, then create, or link and update."""
    found = listing(scim.get("/Users", filter=f'userName eq "{user_name}"', startIndex=1, count=100))
    if found["totalResults"] == 0:
        return created(scim.post("/Users", okta_user(user_name, **changed)))
    user = found["Resources"][0]
    return ok(scim.put(f"/Users/{user['id']}", {**user, **okta_user(user_name, **changed)}))


def test_credentials_are_tested_by_a_first_page_of_an_empty_directory(scim):
    page = listing(scim.get("/Users", startIndex=1, count=2))
    assert page == {"schemas": [LIST], "totalResults": 0, "startIndex": 1, "itemsPerPage": 0, "Resources": []}


def test_a_new_user_is_created_with_all_that_okta_sends_but_the_password(scim, name):
    user = assign(scim, name)
    sent = okta_user(name)
    for attribute in ("userName", "name", "emails", "displayName", "locale", "externalId", "active"):
        assert user[attribute] == sent[attribute]
    assert "password" not in user
    assert "groups" not in user
    assert user["id"] != sent["externalId"]
    assert scim.read(user) == user


def test_all_attributes_of_the_profile_come_back(scim, name):
    """C9334."""
    more = {
        "nickName": "Any",
        "profileUrl": "https://people.example.com/ana",
        "title": "Engineer",
        "userType": "Employee",
        "preferredLanguage": "es-ES",
        "timezone": "Europe/Madrid",
        "name": {
            "givenName": "Ana",
            "familyName": "Ruiz",
            "middleName": "María",
            "honorificPrefix": "Dra.",
            "honorificSuffix": "PhD",
            "formatted": "Dra. Ana María Ruiz, PhD",
        },
        "phoneNumbers": [{"value": "+34 600 000 000", "type": "mobile", "primary": True}],
        "addresses": [
            {
                "type": "work",
                "streetAddress": "Calle Mayor 1",
                "locality": "Madrid",
                "region": "MD",
                "postalCode": "28013",
                "country": "ES",
                "primary": True,
            }
        ],
    }
    user = scim.read(assign(scim, name, **more))
    for attribute, value in more.items():
        assert user[attribute] == value


def test_creating_a_user_twice_is_a_conflict_that_tells_the_administrator_why(scim, name):
    assign(scim, name)
    refused(scim.post("/Users", okta_user(name, externalId="another")), 409, "uniqueness", naming="userName")
    assert scim.total() == 1


def test_an_existing_user_is_linked_and_updated(scim, name):
    """C9335."""
    existing = created(
        scim.post("/Users", {"schemas": okta_user(name)["schemas"], "userName": name, "displayName": "Old"})
    )
    linked = assign(scim, name)
    assert linked["id"] == existing["id"]
    assert linked["displayName"] == "Ana Ruiz"
    assert scim.total() == 1


def test_a_profile_is_updated_by_putting_back_what_was_read(scim, name):
    user = assign(scim, name)
    changed = {**scim.read(user), "displayName": "Ana García", "name": {"givenName": "Ana", "familyName": "García"}}
    seen = scim.replace(user, changed)
    assert seen["name"] == {"givenName": "Ana", "familyName": "García"}
    assert seen["displayName"] == "Ana García"
    assert seen["id"] == user["id"]
    assert seen["meta"]["created"] == user["meta"]["created"]
    assert seen["meta"]["version"] != user["meta"]["version"]


def test_empty_values_are_pushed_without_an_error_and_clear(scim, name):
    """C9337."""
    user = assign(scim, name, nickName="Any", title="Engineer", phoneNumbers=[{"value": "+34 1", "type": "work"}])
    empty = okta_user(name, nickName="", title=None, displayName="", phoneNumbers=[], locale=None)
    seen = scim.replace(user, {**empty, "id": user["id"]})
    for attribute in ("nickName", "title", "displayName", "phoneNumbers", "locale"):
        assert attribute not in seen
    assert seen["userName"] == name


def test_an_integration_app_deactivates_and_reactivates_by_patch(scim, name):
    user = assign(scim, name)
    inactive = scim.change(user, deactivate())
    assert inactive["active"] is False
    assert inactive["displayName"] == "Ana Ruiz"
    active = scim.change(user, deactivate(active=True))
    assert active["active"] is True
    assert active["id"] == user["id"]


def test_a_custom_app_deactivates_and_reactivates_by_put(scim, name):
    user = assign(scim, name)
    inactive = scim.replace(user, {**scim.read(user), "active": False})
    assert inactive["active"] is False
    assert scim.replace(user, {**inactive, "active": True})["active"] is True


def test_a_deactivated_user_is_still_found_listed_and_read(scim, name):
    user = assign(scim, name)
    scim.change(user, deactivate())
    assert [found["active"] for found in scim.find(f'userName eq "{name}"')] == [False]
    assert [found["active"] for found in scim.page()["Resources"]] == [False]
    assert scim.read(user)["active"] is False


def test_a_user_who_is_reassigned_keeps_the_id_and_the_profile(scim, name):
    """C9293: deactivated, reactivated and assigned anew, with the same externalId."""
    user = assign(scim, name, title="Engineer")
    scim.change(user, deactivate())
    again = assign(scim, name, title="Engineer")
    assert again["id"] == user["id"]
    assert again["active"] is True
    assert again["title"] == "Engineer"
    assert scim.total() == 1


def test_a_password_that_is_synchronised_never_comes_back(scim, name):
    user = assign(scim, name)
    answer = scim.patch(f"/Users/{user['id']}", {"op": "replace", "value": {"password": "Rotated-4711"}})
    assert answer.status_code == 200
    assert "Rotated-4711" not in answer.text
    assert "Rotated-4711" not in scim.get(f"/Users/{user['id']}", attributes="password").text


def test_an_import_sees_every_user_once(scim, name):
    ids = {assign(scim, f"{number}.{name}")["id"] for number in range(7)}
    seen, start = [], 1
    while True:
        page = listing(scim.get("/Users", startIndex=start, count=3))
        assert page["startIndex"] == start
        assert page["totalResults"] == 7
        seen += [user["id"] for user in page["Resources"]]
        if len(seen) >= page["totalResults"]:
            break
        start += len(page["Resources"])
    assert len(seen) == 7
    assert set(seen) == ids


def test_the_twelve_steps_of_the_spec_test(okta, name):
    scim = okta.scim
    assign(scim, f"first.{name}")
    # 1: a first page, whose first user has what Okta requires
    page = listing(scim.get("/Users", count=1, startIndex=1))
    first = page["Resources"][0]
    assert first["id"]
    assert first["name"]["familyName"]
    assert first["name"]["givenName"]
    assert first["userName"]
    assert first["active"] is True
    assert first["emails"][0]["value"]
    # 2: that user by id
    assert scim.read(first)["id"] == first["id"]
    # 3: a userName that nobody has
    assert scim.page(filter=f'userName eq "{name}"')["totalResults"] == 0
    # 4: an id that nobody has
    refused(scim.get("/Users/010101001010101011001010101011"), 404)
    # 5: another one that nobody has
    assert scim.page(filter='userName eq "abcdefgh@atko.com"')["totalResults"] == 0
    # 6: create
    user = created(scim.post("/Users", okta_user(name)))
    assert user["active"] is True
    assert user["name"] == {"givenName": "Ana", "familyName": "Ruiz"}
    assert "urn:ietf:params:scim:schemas:core:2.0:User" in user["schemas"]
    # 7: read what was created
    assert scim.read(user) == user
    # 8: create it again
    refused(scim.post("/Users", okta_user(name)), 409, "uniqueness")
    # 9: userName has no case
    assert [found["id"] for found in scim.find(f'userName eq "{name.upper()}"')] == [user["id"]]
    # 11: bad credentials
    refused(Scim(okta.house.base_url, "wrong").get("/Users", startIndex=1, count=1), 401)
    # 12: an id in another form
    refused(scim.get("/Users/00919288221112222"), 404)


def test_the_crud_test(scim, name):
    user = assign(scim, name)
    assert scim.read(user)["active"] is True
    renamed = scim.replace(user, {**scim.read(user), "name": {"givenName": "Anna", "familyName": "Ruiz"}})
    assert renamed["name"]["givenName"] == "Anna"
    scim.change(user, deactivate())
    assert scim.read(user)["active"] is False
    again = assign(scim, name)
    assert (again["id"], again["active"]) == (user["id"], True)
    scim.change(user, deactivate())
    assert ok(scim.get(f"/Users/{user['id']}"))["active"] is False


def test_a_user_is_assigned_with_a_name_in_any_script(scim, name):
    user = assign(
        scim, f"zoë.{name}", name={"givenName": "Zoë", "familyName": "日本 😀"}, displayName='Zoë "Z" \\ 日本'
    )
    seen = scim.read(user)
    assert seen["name"] == {"givenName": "Zoë", "familyName": "日本 😀"}
    assert seen["displayName"] == 'Zoë "Z" \\ 日本'
    assert scim.names(f'userName eq "ZOË.{name}"') == [f"zoë.{name}"]
    assert values(seen, "emails") == [f"zoë.{name}"]
