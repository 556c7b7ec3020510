"""Every setting of a directory, changed where an administrator changes it."""

import pytest
from google.protobuf.json_format import MessageToDict
from playwright.sync_api import Page, expect

from harness.rpc import api

RULES = {
    "replace_creates_missing": "Replace creates what is missing",
    "unquoted_filter_values": "Filter values without quotes",
    "skip_unknown_members": "Unknown members are skipped",
    "put_keeps_members": "Replacing a group keeps its members",
    "unique_group_names": "Group names are unique",
    "restore_returning_users": "Returning users are restored",
    "stable_external_ids": "An externalId is one person's for good",
    "implied_schemas": "Missing schemas are implied",
}
# What each setting is called on the page of the settings, what is chosen there, and what it is then.
ON_THE_PAGE = {
    "groups_enabled": ("Groups", True, True),
    "profile": ("Profile", "Generic SCIM 2.0", "PROFILE_GENERIC"),
    "password_handling": ("Keep their hashes", True, "PASSWORD_HANDLING_STORE"),
    "notify_admins_on_first_sso_sign_in": ("Tell of first sign-ins", True, True),
    "admin_emails": ("E-mail addresses", "ops@example.com\nit@example.com", ["ops@example.com", "it@example.com"]),
    "retention_days": ("Days for which they are kept", "45", 45),
    "guard_rail.enabled": ("On", True, True),
    "guard_rail.users": ("Users who may leave", "7", 7),
    "guard_rail.percent": ("Or this percentage", "9", 9),
    "guard_rail.window": ("Within minutes", "90", "5400s"),
    "dry_run": ("Dry run", True, True),
    "administrator_role": ("Role that makes administrators", "app-admin", "app-admin"),
    "activity.recording": (
        "Requests that are kept",
        "Errors, and those that change something",
        "ACTIVITY_RECORDING_FAILURES_AND_WRITES",
    ),
    "activity.days": ("#activity-days", "12", 12),
    "activity.entries": ("How many at most", "3400", 3400),
    "activity.redact_personal_data": ("Redact personal data", True, True),
    **{f"rule_settings.{rule}": (label, "On", "RULE_SETTING_ON") for rule, label in RULES.items()},
}
# Those that are on a page which says first what they do beside.
ELSEWHERE = {
    "scim_enabled": "provisioning",
    **{f"{protocol}_provisioning": "sign-in-rules" for protocol in ("saml", "oidc", "jwt", "ldap")},
}


def settings() -> set[str]:
    """Every setting that there is, by its path in the request that changes it."""
    found = set()
    for field in api()["directory"].UpdateDirectoryRequest.DESCRIPTOR.fields:
        parts = field.message_type.fields if field.message_type and field.name != "admin_emails" else []
        found |= {f"{field.name}.{part.name}" for part in parts} or {field.name}
    return found - {"name"}


def labelled(page: Page, label: str):
    """The field whose label has this text, beside a hint; or whose id it is."""
    if label.startswith("#"):
        return page.query_selector(label)
    words = page.locator(f'//label[.//text()[normalize-space()="{label}"]]').first
    return words.evaluate_handle("label => label.control").as_element()


def choose(page: Page, label: str, value) -> None:
    field = labelled(page, label)
    match field.evaluate("field => field.type"):
        case "checkbox" | "radio":
            field.set_checked(value)
        case "select-one":
            field.select_option(label=value)
        case _:
            field.fill(value)


def test_every_setting_of_a_directory_has_its_place_in_the_console():
    assert settings() == ON_THE_PAGE.keys() | ELSEWHERE.keys()


@pytest.fixture
def directory(house):
    return house.new_directory("entra")


def now(house, directory) -> dict:
    found = house.admin.call("DirectoryService/GetDirectory", name=directory.name).directory
    return MessageToDict(found, preserving_proto_field_name=True)


def at(values: dict, path: str):
    for part in path.split("."):
        values = values.get(part)
        if values is None:
            return None
    return values


def open_settings(admin, directory) -> Page:
    admin.page.goto(f"/admin/d/{directory.name}/settings")
    return admin.page


def test_every_setting_is_changed_on_the_page_and_kept(admin, house, directory):
    page = open_settings(admin, directory)
    before = now(house, directory)
    for path, (label, chosen, value) in ON_THE_PAGE.items():
        assert path == "guard_rail.enabled" or at(before, path) != value, f"{path} is so already"
        choose(page, label, chosen)
    page.get_by_role("button", name="Save changes").click()
    admin.expect_notice("Saved")
    after = now(house, directory)
    assert {path: at(after, path) for path in ON_THE_PAGE} == {path: value for path, (*_, value) in ON_THE_PAGE.items()}
    # What the page shows is what is, and saving it anew changes nothing.
    page.get_by_role("button", name="Save changes").click()
    admin.expect_notice("Saved")
    unchanged = now(house, directory)
    assert unchanged | {"last_modified": ""} == after | {"last_modified": ""}


def test_each_setting_says_what_it_does(admin, directory):
    page = open_settings(admin, directory)
    for hint in (
        "Names, addresses and the like are left out",
        "More takes room in the database",
        "until then those people can still sign in",
        "nobody is created, changed or deactivated",
        "their data is kept",
        "Changes how later requests are read",
    ):
        expect(page.get_by_text(hint)).to_be_visible()


def test_what_is_elsewhere_is_a_link_away(admin, directory):
    page = open_settings(admin, directory)
    for name, address in (("User provisioning", "provisioning"), ("Sign-in rules", "sign-in-rules")):
        link = page.locator("#content").get_by_role("link", name=name)
        expect(link).to_have_attribute("href", f"/admin/d/{directory.name}/{address}")
    expect(page.get_by_role("region", name="On pages of their own")).to_contain_text("OpenID Connect")


def test_what_is_refused_keeps_what_was_typed(admin, house, directory):
    page = open_settings(admin, directory)
    before = now(house, directory)
    page.get_by_label("How many at most").fill("77")
    page.get_by_label("E-mail addresses").fill("no address")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("alert")).to_contain_text("no address")
    assert page.get_by_label("How many at most").input_value() == "77"
    assert page.get_by_label("E-mail addresses").input_value() == "no address"
    assert now(house, directory) == before


def test_redaction_holds_for_requests_from_then_on(admin, house, directory):
    page = open_settings(admin, directory)
    page.get_by_label("Redact personal data").check()
    page.get_by_role("button", name="Save changes").click()
    admin.expect_notice("Saved")
    directory.scim.create("ana@example.com")
    page.goto(f"/admin/d/{directory.name}/activity")
    expect(page.locator("#requests tr")).to_have_count(1, timeout=30_000)
    page.locator("#requests a").first.click()
    body = page.get_by_role("region", name="Body of the request")
    expect(body).to_contain_text("[redacted]")
    expect(body).not_to_contain_text("ana@example.com")
