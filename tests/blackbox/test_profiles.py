"""What differs between the profiles: the closed list of DESIGN.md, as far as it concerns users."""

import pytest

from harness.scim import refused

TOLERANT = pytest.mark.parametrize("profile", ["okta", "entra"])


def test_a_value_path_that_matches_nothing_is_no_target_by_the_rfc_s_letter(generic, name):
    scim = generic.scim
    user = scim.create(name, emails=[{"value": name, "type": "work"}])
    for path in ('emails[type eq "home"].value', 'emails[type eq "home"]', 'phoneNumbers[type eq "work"].value'):
        value = {"value": "x"} if path.endswith("]") else "x"
        refused(scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": path, "value": value}), 400, "noTarget")
    assert scim.read(user) == user


@TOLERANT
def test_a_value_path_that_matches_nothing_is_created_for_okta_and_entra(house, profile, name):
    scim = house.new_directory(profile).scim
    user = scim.create(name, emails=[{"value": name, "type": "work"}])
    seen = scim.change(user, {"op": "Replace", "path": 'phoneNumbers[type eq "work"].value', "value": "+34 1"})
    assert seen["phoneNumbers"] == [{"type": "work", "value": "+34 1"}]
    assert seen["emails"] == user["emails"]


@pytest.mark.parametrize("filter", ["userName eq ana", "externalId eq 9b1e-77", "emails[type eq work]"])
def test_an_unquoted_value_is_refused_by_the_rfc_s_letter(generic, filter):
    refused(generic.scim.get("/Users", filter=filter), 400, "invalidFilter")


@TOLERANT
def test_an_unquoted_value_is_a_string_for_okta_and_entra(house, profile, name):
    scim = house.new_directory(profile).scim
    user = scim.create(name, externalId="9b1e-77", emails=[{"value": name, "type": "work"}])
    for filter in (f"userName eq {name}", "externalId eq 9b1e-77", "emails[type eq work]", f"(emails.value eq {name})"):
        assert [found["id"] for found in scim.find(filter)] == [user["id"]], filter


@TOLERANT
def test_a_word_that_is_a_literal_stays_one(house, profile, name):
    scim = house.new_directory(profile).scim
    active, inactive = scim.create(name), scim.create(f"inactive.{name}", active=False)
    assert [found["id"] for found in scim.find("active eq true")] == [active["id"]]
    assert [found["id"] for found in scim.find("active eq False")] == [inactive["id"]]
    assert len(scim.find("title eq null")) == 2


def test_changing_the_profile_changes_how_later_requests_are_read_and_nothing_stored(generic, name):
    house, scim = generic.house, generic.scim
    user = scim.create(name)
    refused(scim.get("/Users", filter=f"userName eq {name}"), 400, "invalidFilter")
    assert house.command("directory", "update", generic.name, "--profile", "okta").returncode == 0
    assert scim.find(f"userName eq {name}") == [user]
