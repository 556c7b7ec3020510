"""The rules in which profiles differ, each as a setting of the directory."""

import json

import pytest

from harness.rpc import api, refuses
from harness.scim import GROUP, created, ok, patch_op, refused

RULES = [
    "replace-creates-missing",
    "unquoted-filter-values",
    "skip-unknown-members",
    "put-keeps-members",
    "unique-group-names",
    "restore-returning-users",
    "stable-external-ids",
    "implied-schemas",
]
# The rules that a profile has on.
ON = {"generic": ["implied-schemas"], "okta": RULES, "entra": [rule for rule in RULES if rule != "stable-external-ids"]}
PROFILES = pytest.mark.parametrize("profile", ["generic", "okta", "entra"])


def setting(house, directory, **rules):
    """Sets rules of a directory, such as `unique_group_names="on"`."""
    arguments = [f"--rule={name.replace('_', '-')}={word}" for name, word in rules.items()]
    return house.command_json("directory", "update", directory.name, *arguments)


def a_group(scim, name: str, **attributes):
    return scim.post("/Groups", {"schemas": [GROUP], "displayName": name, **attributes})


@PROFILES
def test_the_rules_are_the_profile_s_until_the_directory_says_otherwise(database_house, profile):
    directory = database_house.new_directory(profile)
    shown = database_house.command_json("directory", "show", directory.name)
    assert shown["rules"] == {rule: {"on": rule in ON[profile], "setting": "profile"} for rule in RULES}
    expected = {"on": profile != "generic", "setting": "profile"}

    own = "off" if expected["on"] else "on"
    changed = setting(database_house, directory, put_keeps_members=own)
    assert changed["rules"]["put-keeps-members"] == {"on": own == "on", "setting": own}
    assert changed["rules"]["unique-group-names"] == expected
    shown_again = database_house.command_json("directory", "show", directory.name)
    assert {**changed, "connection": shown_again["connection"]} == shown_again

    back = setting(database_house, directory, put_keeps_members="profile")
    assert back["rules"] == shown["rules"]


def test_a_rule_stays_when_the_profile_changes_and_the_others_follow_it(generic):
    house = generic.house
    setting(house, generic, unique_group_names="off", put_keeps_members="off")
    changed = house.command_json("directory", "update", generic.name, "--profile", "okta")
    assert [rule for rule in RULES if not changed["rules"][rule]["on"]] == ["put-keeps-members", "unique-group-names"]
    message = house.admin.call("DirectoryService/GetDirectory", name=generic.name).directory
    assert message.rules.skip_unknown_members
    assert not message.rules.unique_group_names
    assert message.rule_settings.unique_group_names == api()["directory"].RULE_SETTING_OFF
    assert message.rule_settings.skip_unknown_members == api()["directory"].RULE_SETTING_PROFILE


def test_a_new_directory_can_have_its_own_rules(database_house, name):
    label = f"rules-{name.split('@')[0].split('.')[1]}"
    rules = "--rule=unique-group-names=off,put-keeps-members=off,stable-external-ids=on"
    made = database_house.command_json("directory", "create", label, "--profile", "entra", rules)
    assert [rule for rule in RULES if not made["rules"][rule]["on"]] == ["put-keeps-members", "unique-group-names"]
    assert made["rules"]["put-keeps-members"]["setting"] == "off"


@pytest.mark.parametrize("rule", ["unique-group-names", "unique=on", "unique-group-names=maybe", "=on", "generic=on"])
def test_a_rule_that_is_none_is_refused_with_what_there_is(database_house, rule):
    done = database_house.command("directory", "update", "default", "--rule", rule)
    assert done.returncode == 2
    assert "RULE=on" in done.stderr or "unique-group-names" in done.stderr


def test_a_setting_that_is_none_is_refused_and_changes_nothing(generic):
    admin = generic.house.admin
    before = admin.call("DirectoryService/GetDirectory", name=generic.name).directory
    with refuses("INVALID_VALUE", naming="put-keeps-members"):
        admin.call(
            "DirectoryService/UpdateDirectory",
            name=generic.name,
            scim_enabled=False,
            rule_settings={"put_keeps_members": 17},
        )
    assert admin.call("DirectoryService/GetDirectory", name=generic.name).directory == before


def test_a_change_of_rules_is_an_event_and_none_is_none(generic):
    house = generic.house
    setting(house, generic, unique_group_names="on")
    setting(house, generic, unique_group_names="on")
    [made, changed] = [event for event in generic.events() if event["kind"].startswith("directory.")]
    assert made["kind"] == "directory.created"
    assert json.loads(changed["changes"]) == {"rules": {"before": {}, "after": {"unique-group-names": True}}}


def test_replace_creates_missing_counts_from_the_next_request_on(house, name):
    directory = house.new_directory("generic")
    scim = directory.scim
    user = scim.create(name)
    operation = {"op": "replace", "path": 'phoneNumbers[type eq "work"].value', "value": "+34 1"}
    refused(scim.patch(f"/Users/{user['id']}", operation), 400, "noTarget")
    setting(house, directory, replace_creates_missing="on")
    assert scim.change(user, operation)["phoneNumbers"] == [{"type": "work", "value": "+34 1"}]
    setting(house, directory, replace_creates_missing="profile")
    refused(scim.patch(f"/Users/{user['id']}", {**operation, "path": 'emails[type eq "x"].value'}), 400, "noTarget")


def test_unquoted_filter_values_counts_from_the_next_request_on(house, name):
    directory = house.new_directory("okta")
    scim = directory.scim
    user = scim.create(name)
    assert scim.find(f"userName eq {name}") == [user]
    setting(house, directory, unquoted_filter_values="off")
    refused(scim.get("/Users", filter=f"userName eq {name}"), 400, "invalidFilter")
    setting(house, directory, unquoted_filter_values="on")
    assert scim.find(f"userName eq {name}") == [user]


def test_skip_unknown_members_counts_from_the_next_request_on(house, name):
    directory = house.new_directory("generic")
    scim = directory.scim
    user = scim.create(name)
    stranger = "01890000-0000-7000-8000-000000000000"
    members = [{"value": user["id"]}, {"value": stranger}]
    refused(a_group(scim, name, members=members), 400, "invalidValue", naming=stranger)
    setting(house, directory, skip_unknown_members="on")
    group = created(a_group(scim, name, members=members))
    assert [member["value"] for member in ok(scim.get(f"/Groups/{group['id']}"))["members"]] == [user["id"]]


def test_put_keeps_members_counts_from_the_next_request_on(house, name):
    directory = house.new_directory("okta")
    scim = directory.scim
    user = scim.create(name)
    group = created(a_group(scim, name, members=[{"value": user["id"]}]))
    path, body = f"/Groups/{group['id']}", {"schemas": [GROUP], "displayName": name}
    ok(scim.put(path, body))
    assert len(ok(scim.get(path))["members"]) == 1
    setting(house, directory, put_keeps_members="off")
    ok(scim.put(path, body))
    assert ok(scim.get(path)).get("members", []) == []


def test_groups_that_share_a_name_keep_it_and_nobody_else_is_given_it(house, name):
    directory = house.new_directory("generic")
    scim = directory.scim
    twins = [created(a_group(scim, spelling)) for spelling in (name, name.upper())]
    other = created(a_group(scim, f"other {name}"))
    setting(house, directory, unique_group_names="on")
    refused(a_group(scim, name.title()), 409, "uniqueness", naming="displayName")
    rename = patch_op({"op": "replace", "path": "displayName", "value": name})
    refused(scim.request("PATCH", f"/Groups/{other['id']}", data=rename), 409, "uniqueness")
    for twin in twins:
        body = {"schemas": [GROUP], "displayName": twin["displayName"], "externalId": "7"}
        assert ok(scim.put(f"/Groups/{twin['id']}", body))["externalId"] == "7"
    setting(house, directory, unique_group_names="profile")
    created(a_group(scim, name))
