"""OAuth clients: made, given another secret, revoked, and used by an identity provider."""

import httpx
import pytest
from playwright.sync_api import expect


@pytest.fixture
def directory(house):
    return house.new_directory("entra")


@pytest.fixture
def page(admin, directory):
    admin.page.goto(f"/admin/d/{directory.name}/clients")
    return admin.page


def make(page, name: str = "Entra") -> tuple[str, str]:
    """Makes a client, and returns its identifier and its secret."""
    page.get_by_role("link", name="New client").click()
    page.get_by_label("What it is for").fill(name)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog", name="Your new client")).to_be_visible()
    return page.locator("#client-id").inner_text(), page.locator("#secret").inner_text()


def go_on(page) -> None:
    page.get_by_role("link", name="I have saved it").click()
    expect(page.get_by_role("heading", name="OAuth clients")).to_be_visible()


def ask(address: str, client: str, secret: str) -> httpx.Response:
    form = {"grant_type": "client_credentials", "client_id": client, "client_secret": secret, "scope": "scim"}
    return httpx.post(address, data=form, timeout=60)


def test_a_client_is_made_and_used_as_the_page_says(admin, house, directory, page):
    expect(page.get_by_text("No client yet")).to_be_visible()
    page.get_by_role("button", name="Copy the token endpoint").click()
    address = page.evaluate("navigator.clipboard.readText()")
    assert address == f"{house.url}/oauth2/token"
    scope = page.locator("#scope").inner_text()
    assert scope == "scim"
    client, secret = make(page)
    assert page.locator("#token-endpoint").inner_text() == address
    page.get_by_role("button", name="Copy the secret").click()
    assert page.evaluate("navigator.clipboard.readText()") == secret
    go_on(page)
    card = page.get_by_role("region", name="Entra")
    expect(card).to_contain_text(client)
    expect(card).to_contain_text("never")
    answer = ask(address, client, secret)
    assert answer.status_code == 200, answer.text
    token = answer.json()["access_token"]
    assert type(directory.scim)(house.base_url, token).get("/Users").status_code == 200
    # When it was last used is written a moment later.
    for _ in range(60):
        page.reload()
        if card.get_by_text("just now").count() + card.get_by_text("seconds ago").count() > 1:
            break
        page.wait_for_timeout(500)
    expect(card).to_contain_text("127.0.0.1")


def test_the_secret_of_a_client_is_shown_once(admin, house, directory, page):
    _, secret = make(page)
    go_on(page)

    def nowhere(where: str) -> None:
        assert secret not in page.content(), where
        assert secret not in page.url, where

    nowhere("after it was dismissed")
    page.go_back()
    nowhere("on the page before")
    page.go_forward()
    page.reload()
    nowhere("after a reload")
    storage = page.evaluate("JSON.stringify([localStorage, sessionStorage, document.cookie, history.state])")
    assert secret not in storage
    assert secret not in house.output
    assert secret.encode() not in house.database.text()


def test_a_secret_is_changed_without_an_outage(admin, house, directory, page):
    address = f"{house.url}/oauth2/token"
    client, first = make(page)
    go_on(page)
    page.get_by_role("link", name="New secret of Entra").click()
    expect(page.get_by_role("dialog")).to_contain_text("stay good")
    page.get_by_role("dialog").get_by_role("button", name="Create").click()
    second = page.locator("#secret").inner_text()
    assert page.locator("#client-id").inner_text() == client
    go_on(page)
    assert [ask(address, client, secret).status_code for secret in (first, second)] == [200, 200]
    token = ask(address, client, first).json()["access_token"]
    page.get_by_role("link", name=f"Revoke {first[:14]}").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    admin.expect_notice("The secret was revoked")
    assert [ask(address, client, secret).status_code for secret in (first, second)] == [401, 200]
    assert type(directory.scim)(house.base_url, token).get("/Users").status_code == 401
    card = page.get_by_role("region", name="Entra")
    expect(card.get_by_role("row").filter(has_text="Revoked")).to_have_count(1)
    expect(card.get_by_role("row").filter(has_text="Live")).to_have_count(1)


def test_a_form_that_is_sent_twice_makes_one_secret(admin, house, directory, page):
    client, _ = make(page)
    go_on(page)
    other = admin.new_tab()
    other.goto(page.url)
    for tab in (page, other):
        tab.get_by_role("link", name="New secret of Entra").click()
        tab.get_by_role("dialog").get_by_role("button", name="Create").click()
    expect(page.locator("#secret")).to_be_visible()
    expect(other.get_by_text("has got another secret since")).to_be_visible()
    (made,) = house.admin.call("OAuthService/ListClients", directory=directory.name).clients
    assert (made.id, len(made.secrets)) == (client, 2)


def test_a_client_is_deleted_after_a_confirmation(admin, house, directory, page):
    client, secret = make(page, "Old")
    go_on(page)
    page.get_by_role("link", name="Delete Old").click()
    page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
    assert ask(f"{house.url}/oauth2/token", client, secret).status_code == 200, "cancelled"
    page.get_by_role("link", name="Delete Old").click()
    page.get_by_role("dialog").get_by_role("button", name="Delete").click()
    admin.expect_notice("The client was deleted")
    expect(page.get_by_text("No client yet")).to_be_visible()
    assert ask(f"{house.url}/oauth2/token", client, secret).status_code == 401


def test_the_steps_for_entra_lead_to_the_clients(admin, directory):
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/provisioning?setup=entra")
    page.locator("ol.steps").get_by_role("link", name="OAuth client").click()
    expect(page.get_by_role("heading", name="OAuth clients")).to_be_visible()
