"""What the identity provider sent, as it comes, and what to do about it."""

import json
import time
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest
from playwright.sync_api import Page, expect

from console.page import Admin
from harness.scim import GROUP, USER, a_user


@pytest.fixture
def directory(house):
    return house.new_directory("okta")


def test_requests_appear_as_they_come(admin, directory):
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/activity")
    expect(page.get_by_text("No requests yet")).to_be_visible()
    expect(page.locator("#stream-state")).to_have_text("Live")
    directory.scim.create("ana@example.com")
    rows = page.locator("#requests tr")
    expect(rows).to_have_count(1, timeout=30_000)
    expect(rows.first).to_contain_text("201")
    directory.scim.get("/Users/01890000-0000-7000-8000-000000000000")
    expect(rows).to_have_count(2, timeout=30_000)
    expect(rows.first).to_contain_text("404")
    # The same after the browser has asked anew, and none twice.
    page.reload()
    expect(rows).to_have_count(2)
    directory.scim.get("/Groups")
    expect(rows).to_have_count(3, timeout=30_000)


def test_a_request_is_opened_with_what_came_what_went_and_what_to_do(admin, directory):
    user = directory.scim.create("ana@example.com")
    directory.scim.patch(
        f"/Users/{user['id']}", {"op": "Replace", "path": 'emails[type eq "home"].value[x]', "value": "True"}
    )
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/activity")
    expect(page.locator("#requests tr").filter(has_text="400")).to_have_count(1, timeout=30_000)
    page.goto(f"/admin/d/{directory.name}/activity?status=failed")
    page.get_by_role("link", name="PATCH").click()
    expect(page.get_by_role("region", name="Body of the request")).to_contain_text('"op": "Replace"')
    expect(page.get_by_role("region", name="Body of the answer")).to_contain_text("invalidPath")
    expect(page.get_by_role("heading", name="This looks like Microsoft Entra ID")).to_be_visible()
    page.get_by_role("link", name="Open the settings").click()
    expect(page.get_by_label("Profile")).to_be_visible()


def test_the_list_is_filtered(admin, directory):
    directory.scim.get("/Users", filter='userName eq "ana@example.com"')
    user = directory.scim.create("ana@example.com")
    directory.scim.post("/Groups", {"schemas": [GROUP], "displayName": "G", "members": [{"value": user["id"]}]})
    directory.scim.post("/Users", {"schemas": []})
    directory.scim.get(f"/Users/{user['id']}")
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/activity")
    rows = page.locator("#requests tr")
    expect(rows).to_have_count(5, timeout=30_000)

    def filtered(**fields) -> None:
        page.goto(f"/admin/d/{directory.name}/activity")
        for label, value in fields.items():
            field = page.get_by_label(label, exact=True)
            field.fill(value) if label in ("Path or query", "User or group") else field.select_option(value)
        page.get_by_role("button", name="Filter").click()

    filtered(Status="Errors")
    expect(rows).to_have_count(1)
    filtered(Status="400: it was not understood")
    expect(rows).to_have_count(1)
    filtered(**{"Path or query": "/Groups"})
    expect(rows).to_have_count(1)
    filtered(**{"User or group": user["id"]})
    expect(rows).to_have_count(2)
    # By name, what came before the user was there too.
    filtered(**{"User or group": "ANA@example"})
    expect(rows).to_have_count(3)
    assert page.get_by_label("User or group").input_value() == "ANA@example"
    filtered(**{"User or group": "ANA@example"}, Method="POST")
    expect(rows).to_have_count(1)
    filtered(Method="DELETE")
    expect(page.get_by_text("No such requests")).to_be_visible()
    page.get_by_role("link", name="Clear").click()
    expect(rows).to_have_count(5)
    filtered(Time="In the last hour")
    expect(rows).to_have_count(5)


def test_what_is_about_somebody_appears_as_it_comes(admin, directory):
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/activity?about=ana")
    expect(page.locator("#stream-state")).to_have_text("Live")
    directory.scim.create("ben@example.com")
    directory.scim.create("ana@example.com")
    rows = page.locator("#requests tr")
    expect(rows).to_have_count(1, timeout=30_000)
    expect(rows).to_contain_text("POST")


def test_a_name_that_many_have_is_refused_in_words(admin, directory):
    for number in range(101):
        directory.scim.create(f"many-{number}@example.com")
    page = admin.page
    assert page.goto(f"/admin/d/{directory.name}/activity?about=many").status == 400
    expect(page.get_by_role("alert")).to_contain_text("more than 100")


@pytest.mark.parametrize("script", [True, False])
def test_times_are_filtered_with_a_script_and_without(house, browser, directory, script):
    directory.scim.create("ana@example.com")
    answer = directory.scim.get("/Users")
    with Admin(house, browser, java_script_enabled=script) as admin:
        page = admin.sign_in().page
        page.goto(f"/admin/d/{directory.name}/activity")
        wait_for(lambda: page.reload() and page.locator("#requests tr").count() == 2)
        now = parsedate_to_datetime(answer.headers["date"])
        minute = timedelta(minutes=1)

        def between(begin, end) -> None:
            page.goto(f"/admin/d/{directory.name}/activity")
            page.get_by_text("Between two times").click()
            page.get_by_label("From", exact=True).fill(begin.strftime("%Y-%m-%dT%H:%M"))
            page.get_by_label("until", exact=True).fill(end.strftime("%Y-%m-%dT%H:%M"))
            page.get_by_role("button", name="Filter").click()

        between(now - 10 * minute, now + 10 * minute)
        expect(page.locator("#requests tr")).to_have_count(2)
        expect(page.get_by_label("From", exact=True)).to_be_visible()
        between(now - 20 * minute, now - 10 * minute)
        expect(page.get_by_text("No such requests")).to_be_visible()
        assert page.goto(f"/admin/d/{directory.name}/activity?until=soon").status == 400
        expect(page.get_by_role("alert")).to_contain_text("until when")


def wait_for(look) -> None:
    for _ in range(100):
        if look():
            return
        time.sleep(0.1)
    raise AssertionError("it did not come")


def opened(admin, directory, status: int) -> Page:
    """The page of the newest request with this status."""
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/activity?status={status}")
    expect(page.locator("#requests tr").first).to_be_visible(timeout=30_000)
    page.locator("#requests a").first.click()
    return page


def switch(house, directory, **settings) -> None:
    house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, **settings)


def test_whoever_has_a_name_that_is_taken_is_a_link_away(admin, directory):
    directory.scim.create("ana@example.com")
    directory.scim.post("/Users", a_user("ANA@example.com", externalId="another"))
    page = opened(admin, directory, 409)
    expect(page.get_by_role("heading", name="Somebody else has this name")).to_be_visible()
    page.get_by_role("link", name="ANA@example.com").click()
    expect(page.get_by_role("heading", name="ana@example.com")).to_be_visible()


A_GROUP = {"schemas": [GROUP], "displayName": "G"}
CAUSES = [
    ({"scim_enabled": False}, "GET", "/Users", None, 403, "SCIM was off"),
    ({"groups_enabled": False}, "POST", "/Groups", A_GROUP, 403, "The directory takes no groups"),
    ({"dry_run": True}, "POST", "/Users", a_user("dry@example.com"), 403, "This was a dry run"),
    ({}, "GET", "/scim/v2/Users", None, 404, "The URL has its path twice"),
    ({}, "GET", "/People", None, 404, "There is no such endpoint"),
    ({}, "PUT", "/Users", a_user("ana"), 405, "The endpoint has no such method"),
    ({}, "POST", "/Users", b'{"userName":', 400, "The body is no SCIM message"),
    ({}, "POST", "/Users", {"schemas": [USER]}, 400, "A value is not as it must be"),
    ({}, "GET", "/Users?filter=title%20zz%20%22a%22", None, 400, "The filter cannot be read"),
    ({}, "GET", "/Users?filter=badge%20pr", None, 400, "The filter cannot be read"),
]


@pytest.mark.parametrize(("settings", "method", "path", "body", "status", "title"), CAUSES)
def test_the_cause_of_a_failure_is_said_in_words(admin, house, directory, settings, method, path, body, status, title):
    switch(house, directory, **settings)
    content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    headers = {"Authorization": f"Bearer {directory.token}", "Content-Type": "application/scim+json"}
    answer = httpx.request(method, f"{house.url}/scim/v2{path}", content=content, headers=headers)
    assert answer.status_code == status, answer.text
    page = opened(admin, directory, status)
    expect(page.get_by_role("heading", name=title)).to_be_visible()


def test_a_wrong_url_and_a_token_that_has_ended_are_told_apart(admin, house, directory):
    headers = {"Authorization": f"Bearer {directory.token}"}
    httpx.get(house.url + "/Users", headers=headers)
    page = opened(admin, directory, 404)
    expect(page.get_by_role("heading", name="The URL lacks /scim/v2")).to_be_visible()
    page.get_by_role("link", name="See the base URL").click()
    expect(page.locator("#endpoint")).to_contain_text("/scim/v2")
    (token,) = house.admin.call("TokenService/ListTokens", directory=directory.name).tokens
    house.admin.call("TokenService/RevokeToken", directory=directory.name, token=token.id)
    directory.scim.get("/Users")
    page = opened(admin, directory, 401)
    expect(page.get_by_role("heading", name="has ended")).to_contain_text(token.prefix)


def test_members_that_were_skipped_are_said_to_be(admin, directory):
    nobody = [{"value": "01890000-0000-7000-8000-000000000000"}]
    directory.scim.post("/Groups", {"schemas": [GROUP], "displayName": "G", "members": nobody})
    page = opened(admin, directory, 201)
    expect(page.get_by_role("heading", name="members were skipped")).to_be_visible()


def test_the_token_is_in_no_page_of_the_log(admin, directory):
    directory.scim.post("/Users", {"schemas": [], "password": "hunter2-hunter2"})
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/activity?status=failed")
    expect(page.locator("#requests tr")).to_have_count(1, timeout=30_000)
    page.get_by_role("link", name="POST").click()
    expect(page.get_by_role("region", name="Body of the request")).to_be_visible()
    assert directory.token not in page.content()
    assert "hunter2-hunter2" not in page.content()


def test_the_overview_tells_how_it_goes(admin, directory):
    for name in ("ana", "ben", "cid"):
        directory.scim.create(name)
    directory.scim.create("dan", active=False)
    directory.scim.post("/Users", {"schemas": []})
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/activity")
    expect(page.locator("#requests tr")).to_have_count(5, timeout=30_000)
    page.goto(f"/admin/d/{directory.name}")
    numbers = page.get_by_role("region", name="Numbers")
    expect(numbers.get_by_role("link", name="Active users 3", exact=True)).to_be_visible()
    expect(numbers.get_by_role("link", name="Inactive users 1", exact=True)).to_be_visible()
    expect(page.get_by_role("img")).to_have_accessible_name("5 requests and 1 error within the last 24 hours")
    expect(page.get_by_role("region", name="Last errors")).to_contain_text("POST")
    expect(page.get_by_role("region", name="Connection")).to_contain_text("The last request failed")
    page.get_by_role("region", name="Connection").get_by_role("link", name="See the request").click()
    expect(page.get_by_role("heading", name="Request body")).to_be_visible()
