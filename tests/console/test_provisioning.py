"""Turning SCIM on, the token that is shown once, and the check that turns green."""

import re

import httpx
import pytest
from playwright.sync_api import expect


@pytest.fixture
def directory(house):
    """A directory for Okta whose identity provider has not called yet."""
    return house.new_directory("okta")


def open_page(admin, directory):
    admin.page.goto(f"/admin/d/{directory.name}/provisioning")
    return admin.page


def test_scim_is_switched_off_and_on_and_what_that_does_to_saml_is_said_before(admin, directory):
    page = open_page(admin, directory)
    switch = page.get_by_role("switch", name="SCIM provisioning")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(page.get_by_role("dialog", name="Turn SCIM off?")).to_be_visible()
    page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
    assert directory.scim.get("/Users").status_code == 200, "cancelled"
    switch.click()
    page.get_by_role("button", name="Turn SCIM off").click()
    admin.expect_notice("SCIM is off")
    assert directory.scim.get("/Users").status_code == 403
    switch.click()
    expect(page.get_by_role("dialog")).to_contain_text("SAML provisioning will be turned off")
    page.get_by_role("button", name="Turn SCIM on").click()
    admin.expect_notice("SCIM is on")
    assert directory.scim.get("/Users").status_code == 200


def test_a_token_that_is_of_no_use_is_told_where_the_first_request_is_waited_for(admin, directory):
    page = open_page(admin, directory)
    check = page.get_by_role("region", name="Connection check")
    expect(check).to_contain_text("Waiting for the first request")
    url, token = f"{admin.house.base_url}/Users", directory.scim.token
    mistyped = token[:-4] + ("aaaa" if token[-4:] != "aaaa" else "bbbb")
    for address, authorization in (
        (url, f"Bearer {mistyped}"),
        (url, token),
        (url.replace("/scim/v2", "/scim/v2/scim/v2"), "Bearer something-else"),
    ):
        httpx.get(address, headers={"Authorization": authorization, "User-Agent": "Okta SCIM Client 1.0.0"})
    expect(check).to_contain_text(f"begins with {token[:14]}", timeout=30_000)
    expect(check).to_contain_text("without “Bearer ” before it")
    expect(check).to_contain_text("to a path that has /scim/v2 twice")
    expect(check).to_contain_text("from 127.0.0.1 (Okta SCIM Client 1.0.0)")
    assert directory.scim.get("/Users").status_code == 200
    expect(check).to_contain_text("Connected", timeout=30_000)
    expect(check).not_to_contain_text("Okta SCIM Client")


def test_the_endpoint_is_copied(admin, directory):
    page = open_page(admin, directory)
    page.get_by_role("button", name="Copy the SCIM base URL").first.click()
    assert page.evaluate("navigator.clipboard.readText()") == admin.house.base_url
    expect(page.get_by_text("Copied").first).to_be_attached()


@pytest.mark.parametrize("who", ["okta", "entra", "generic"])
def test_the_steps_of_each_identity_provider_have_this_installation_s_values(admin, directory, who):
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/provisioning?setup={who}")
    expect(page.locator("ol.steps")).to_contain_text(admin.house.base_url)


def regenerate(admin, overlap: str) -> str:
    """Regenerates the token, and returns the secret that is shown."""
    page = admin.page
    page.get_by_role("link", name="Regenerate").click()
    expect(page.get_by_role("dialog")).to_contain_text("The present one")
    page.get_by_label(overlap).check()
    page.get_by_role("button", name="Regenerate").click()
    expect(page.get_by_role("dialog", name="Your new token")).to_be_visible()
    return page.locator("#secret").inner_text()


def test_a_token_is_shown_once_and_never_again(admin, directory):
    page = open_page(admin, directory)
    requests = []
    page.on("request", lambda request: requests.append(request.url + str(request.post_data or "")))
    secret = regenerate(admin, "in 24 hours")
    assert secret.startswith("rc_scim_")
    page.get_by_role("button", name="Copy the secret").click()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    page.get_by_role("link", name="I have saved it").click()
    expect(page.get_by_role("heading", name="Tokens")).to_be_visible()
    # It is masked, with its prefix, and the identity provider can use it.
    expect(page.locator("#tokens")).to_contain_text(secret[:14] + "••••")
    assert type(directory.scim)(admin.house.base_url, secret).get("/Users").status_code == 200

    def nowhere(where: str):
        assert secret not in page.content(), where
        assert secret not in page.url, where

    nowhere("after it was dismissed")
    page.reload()
    nowhere("after a reload")
    page.go_back()
    nowhere("on the page before")
    page.go_forward()
    nowhere("on the page after")
    other = admin.new_tab()
    other.goto(f"/admin/d/{directory.name}/provisioning")
    assert secret not in other.content()
    assert not [request for request in requests if secret in request]
    storage = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, history.state])")
    assert secret not in storage
    assert secret not in admin.house.output
    assert secret.encode() not in admin.house.database.text()


def test_a_token_leaves_the_page_on_every_way_away_from_it(admin, directory):
    page = open_page(admin, directory)
    secret = regenerate(admin, "in 24 hours")
    # The address is that of the page to come already: a reload shows that one, and sends no form again.
    expect(page).to_have_url(re.compile("/provisioning$"))
    page.keyboard.press("Escape")
    expect(page.locator("#secret")).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Tokens")).to_be_visible()
    assert secret not in page.content()
    secret = regenerate(admin, "in 7 days")
    page.goto("/admin/directories")
    page.go_back()
    page.wait_for_load_state()
    expect(page.get_by_role("heading", name="User provisioning")).to_be_visible()
    assert secret not in page.content()


def test_the_old_token_ends_as_was_chosen(admin, directory):
    page = open_page(admin, directory)
    regenerate(admin, "in 24 hours")
    page.get_by_role("link", name="I have saved it").click()
    assert directory.scim.get("/Users").status_code == 200, "the old one is good for another day"
    expect(page.locator("#tokens")).to_contain_text("Ends soon")
    now = regenerate(admin, "at once")
    page.get_by_role("link", name="I have saved it").click()
    expect(page.locator("#tokens")).to_contain_text("Revoked")
    regenerate(admin, "at once")
    assert type(directory.scim)(admin.house.base_url, now).get("/Users").status_code == 401


def test_a_form_that_is_sent_twice_makes_one_token(admin, directory):
    page = open_page(admin, directory)
    other = admin.new_tab()
    other.goto(f"/admin/d/{directory.name}/provisioning?dialog=regenerate")
    regenerate(admin, "in 24 hours")
    other.get_by_role("button", name="Regenerate").click()
    expect(other.get_by_text("has been regenerated or revoked since")).to_be_visible()
    listed = admin.house.admin.call("TokenService/ListTokens", directory=directory.name)
    assert len(listed.tokens) == 2
    page.close()


def test_a_token_is_revoked(admin, directory):
    page = open_page(admin, directory)
    page.get_by_role("link", name=re.compile("^Revoke")).click()
    page.get_by_role("button", name="Revoke").click()
    admin.expect_notice("revoked")
    assert directory.scim.get("/Users").status_code == 401
    # And a first one is made again.
    page.get_by_role("link", name="Create a token").click()
    page.get_by_label("It expires").select_option("in 90 days")
    page.get_by_role("button", name="Create").click()
    secret = page.locator("#secret").inner_text()
    page.get_by_role("link", name="I have saved it").click()
    expect(page.locator("#tokens")).to_contain_text("in 2 months")
    assert type(directory.scim)(admin.house.base_url, secret).get("/Users").status_code == 200


def test_the_check_turns_green_when_the_first_request_arrives(admin, directory):
    page = open_page(admin, directory)
    check = page.locator("#check")
    expect(check).to_contain_text("Waiting for the first request")
    directory.scim.get("/ServiceProviderConfig")
    expect(check).to_contain_text("Connected", timeout=30_000)


def test_a_second_tab_sees_the_change(admin, directory):
    page = open_page(admin, directory)
    other = admin.new_tab()
    other.goto(f"/admin/d/{directory.name}/provisioning")
    secret = regenerate(admin, "in 24 hours")
    other.bring_to_front()
    expect(other.locator("#tokens")).to_contain_text(secret[:14], timeout=30_000)
    page.close()


def test_it_works_without_javascript(house, browser, directory):
    from console.page import Admin

    with Admin(house, browser, java_script_enabled=False) as admin:
        page = admin.sign_in().page
        page.goto(f"/admin/d/{directory.name}/provisioning")
        page.get_by_role("link", name="Regenerate").click()
        page.get_by_role("button", name="Regenerate").click()
        secret = page.locator("#secret").inner_text()
        page.get_by_role("link", name="I have saved it").click()
        expect(page.locator("#tokens")).to_contain_text(secret[:14])
        page.get_by_role("switch").click()
        page.get_by_role("button", name="Turn SCIM off").click()
        admin.expect_notice("SCIM is off")
