"""Who may come in by a first sign-in."""

import pytest
from playwright.sync_api import expect


@pytest.fixture
def directory(house):
    return house.new_directory("okta")


@pytest.fixture
def rules(admin, directory):
    admin.page.goto(f"/admin/d/{directory.name}/sign-in-rules")
    return admin.page


def try_sign_in(page, email: str, protocol: str = "SAML") -> None:
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Comes by").select_option(protocol)
    page.get_by_role("button", name="Try it").click()


def add(page, effect: str, domains: str, attributes: str = "", protocol: str | None = None) -> None:
    page.get_by_role("link", name="Add a rule").click()
    dialog = page.get_by_role("dialog", name="Add a rule")
    dialog.get_by_label(effect).check()
    dialog.get_by_label("E-mail domains").fill(domains)
    dialog.get_by_label("Attributes").fill(attributes)
    if protocol:
        dialog.get_by_label(protocol).check()
    dialog.get_by_role("button", name="Add", exact=True).click()


def rules_of(house, directory) -> list:
    return list(house.admin.call("ProvisioningRuleService/ListProvisioningRules", directory=directory.name).rules)


def test_what_scim_overrides_is_said_and_counts_again_without_it(admin, house, directory, rules):
    expect(rules.get_by_text("Overridden by SCIM")).to_have_count(1)
    rules.get_by_role("checkbox", name="OpenID Connect").first.uncheck()
    rules.get_by_role("button", name="Save choices").click()
    admin.expect_notice("Saved")
    now = house.admin.call("DirectoryService/GetDirectory", name=directory.name).directory.provisioning
    assert (now.saml.stored, now.saml.effective, now.oidc.stored) == (True, False, False)
    house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, scim_enabled=False)
    rules.reload()
    expect(rules.get_by_text("Overridden by SCIM")).to_have_count(0)


def test_a_dry_run_names_what_decides_and_writes_nothing(admin, directory, rules):
    verdict = rules.locator("#dry-run").get_by_role("status")
    try_sign_in(rules, "ana@example.com")
    expect(verdict).to_contain_text("Refused")
    expect(verdict).to_contain_text("overridden by SCIM")
    try_sign_in(rules, "ana@example.com", "JWT")
    expect(verdict).to_contain_text("an account would be created")
    add(rules, "creates an account", "partner.example")
    admin.expect_notice("The rule was added")
    try_sign_in(rules, "ana@partner.example")
    expect(verdict).to_contain_text("an account would be created")
    expect(verdict).to_contain_text("rule 1 of the list")
    directory.scim.create("ben@example.com", emails=[{"value": "ben@example.com", "type": "work", "primary": True}])
    try_sign_in(rules, "ben@example.com")
    expect(verdict).to_contain_text("as a user that is there")
    assert directory.scim.total() == 1


def test_rules_are_added_moved_and_deleted(admin, house, directory, rules):
    def order() -> list[str]:
        return [rule.email_domains[0] for rule in rules_of(house, directory)]

    add(rules, "creates an account", "one.example")
    add(rules, "is refused", "two.example")
    assert order() == ["one.example", "two.example"]
    rules.get_by_role("button", name="Move rule 2 up").click()
    admin.expect_notice("The order was changed")
    assert order() == ["two.example", "one.example"]
    add(rules, "is refused", "no domain at all")
    expect(rules.get_by_role("dialog").get_by_role("alert")).to_be_visible()
    assert rules.get_by_label("E-mail domains").input_value() == "no domain at all"
    rules.get_by_role("link", name="Cancel").last.click()
    rules.goto(f"/admin/d/{directory.name}/sign-in-rules")
    rules.get_by_role("link", name="Delete rule 1").click()
    confirm = rules.get_by_role("dialog", name="Delete rule 1?")
    expect(confirm).to_contain_text("refuses first sign-ins with an address at two.example")
    confirm.get_by_role("link", name="Cancel").click()
    expect(confirm).to_be_hidden()
    assert order() == ["two.example", "one.example"]
    rules.get_by_role("link", name="Delete rule 1").click()
    confirm.get_by_role("button", name="Delete").click()
    admin.expect_notice("The rule was deleted")
    assert order() == ["one.example"]


def test_a_rule_asks_for_attributes_and_so_does_the_dry_run(admin, house, directory, rules):
    add(rules, "creates an account", "", "department", "SAML")
    dialog = rules.get_by_role("dialog", name="Add a rule")
    expect(dialog.get_by_role("alert")).to_contain_text("department=Sales")
    expect(dialog.get_by_label("SAML")).to_be_checked()
    dialog.get_by_label("Attributes").fill("department = Sales\nregion=EU")
    dialog.get_by_role("button", name="Add", exact=True).click()
    admin.expect_notice("The rule was added")
    (rule,) = rules_of(house, directory)
    assert {one.name: one.value for one in rule.attributes} == {"department": "Sales", "region": "EU"}
    assert len(rule.protocols) == 1
    expect(rules.get_by_role("row", name="Allow")).to_contain_text("department is Sales")
    verdict = rules.locator("#dry-run").get_by_role("status")
    try_sign_in(rules, "ana@example.com")
    expect(verdict).to_contain_text("Refused")
    rules.get_by_text("Issuer, subject, groups, attributes").click()
    rules.locator("#dry-run").get_by_label("Attributes").fill("department=Sales\nregion=EU")
    try_sign_in(rules, "ana@example.com")
    expect(verdict).to_contain_text("rule 1 of the list")
    rules.locator("#dry-run").get_by_label("Attributes").fill("nonsense")
    try_sign_in(rules, "ana@example.com")
    expect(rules.locator("#dry-run").get_by_role("alert")).to_contain_text("nonsense")


def test_the_notice_of_a_first_sign_in_is_switched(admin, house, directory, rules):
    rules.get_by_role("checkbox", name="Tell the administrators").check()
    rules.get_by_role("button", name="Save", exact=True).click()
    admin.expect_notice("Saved")
    now = house.admin.call("DirectoryService/GetDirectory", name=directory.name).directory
    assert now.notify_admins_on_first_sso_sign_in


def test_a_test_e_mail_that_cannot_be_sent_says_why(rules):
    rules.get_by_role("button", name="Send a test e-mail").click()
    expect(rules.get_by_role("alert")).to_be_visible()
