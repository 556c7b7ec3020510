"""What the identity provider sent, as it comes, and what to do about it."""

import pytest
from playwright.sync_api import expect

from harness.scim import GROUP


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
    user = directory.scim.create("ana@example.com")
    directory.scim.post("/Groups", {"schemas": [GROUP], "displayName": "G", "members": [{"value": user["id"]}]})
    directory.scim.post("/Users", {"schemas": []})
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/activity")
    rows = page.locator("#requests tr")
    expect(rows).to_have_count(3, timeout=30_000)

    def filtered(**fields) -> None:
        page.goto(f"/admin/d/{directory.name}/activity")
        for label, value in fields.items():
            field = page.get_by_label(label.replace("_", " "), exact=True)
            field.select_option(value) if label != "q" else page.locator("#q").fill(value)
        page.get_by_role("button", name="Filter").click()

    filtered(Status="Errors")
    expect(rows).to_have_count(1)
    filtered(q="/Groups")
    expect(rows).to_have_count(1)
    filtered(q=user["id"])
    expect(rows).to_have_count(1)
    filtered(Method="DELETE")
    expect(page.get_by_text("No such requests")).to_be_visible()
    filtered(Time="In the last hour")
    expect(rows).to_have_count(3)


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
    expect(page.get_by_role("heading", name="What came")).to_be_visible()
