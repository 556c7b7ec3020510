"""The list of directories: what needs somebody, first; and what every page of a directory says of it."""

import re
import time
import uuid

import pytest
from playwright.sync_api import expect

from harness.house import Directory, House


def row(page, name: str):
    return page.get_by_role("row").filter(has=page.get_by_role("link", name=name, exact=True))


@pytest.fixture
def named(house):
    """Makes directories whose names begin alike, so that a search finds them alone."""
    begin = f"l{uuid.uuid4().hex[:6]}"

    def make(name: str, profile: str = "okta", **settings) -> Directory:
        return directory_named(house, f"{begin}-{name}", profile, **settings)

    make.begin = begin
    return make


def directory_named(house: House, name: str, profile: str, **settings) -> Directory:
    directory = house.new_directory(profile, name=name)
    if settings:
        house.admin.call("DirectoryService/UpdateDirectory", name=name, **settings)
    return directory


def wait_until_heard(house: House, *directories: Directory) -> None:
    """Requests are told to the core a moment after they are answered."""
    for directory in directories:
        for _ in range(100):
            health = house.admin.call("ActivityService/GetConnectionHealth", directory=directory.name).health
            if health.HasField("last_seen"):
                break
            time.sleep(0.1)
        else:
            raise AssertionError(f"{directory.name} was not heard from")


def test_what_needs_somebody_comes_first_and_leads_to_where_it_is_seen_to(admin, house, named):
    fine, failing = named("a-fine"), named("b-failing")
    fine.scim.create("ana@example.com")
    gone = fine.scim.create("ben@example.com")
    fine.scim.patch(f"/Users/{gone['id']}", {"op": "replace", "path": "active", "value": False})
    failing.scim.post("/Users", {"schemas": []})
    wait_until_heard(house, fine, failing)
    page = admin.page
    page.goto(f"/admin/directories?q={named.begin}")
    names = page.locator("#results tbody a.strong")
    expect(names).to_have_text([failing.name, fine.name])
    expect(row(page, fine.name)).to_contain_text("Connected")
    expect(row(page, fine.name).get_by_role("cell").nth(3)).to_contain_text("1of 2 users")
    expect(row(page, failing.name)).to_contain_text("Failing")
    expect(page.locator("#results footer")).to_contain_text("2 directories, 1 needs you")
    page.get_by_label("Order").select_option("By name")
    expect(names).to_have_text([fine.name, failing.name])
    row(page, failing.name).get_by_role("link", name="The last request failed").click()
    expect(page).to_have_url(re.compile(f"/admin/d/{failing.name}/activity\\?status=failed"))
    expect(page.get_by_role("row").filter(has_text="400")).to_have_count(1)


def test_directories_are_found_as_one_types(admin, named):
    named("north"), named("south")
    page = admin.page
    page.goto("/admin/directories")
    page.get_by_role("searchbox", name="Find directories").fill(f"{named.begin}-SOU")
    names = page.locator("#results tbody a.strong")
    expect(names).to_have_text([f"{named.begin}-south"])
    page.get_by_role("searchbox", name="Find directories").fill(f"{named.begin}-west")
    expect(page.locator("#results")).to_contain_text("No matches")


def test_a_dry_run_is_told_on_every_page_of_its_directory(admin, named):
    directory = named("rehearsal", dry_run=True)
    page = admin.page
    page.goto(f"/admin/directories?q={directory.name}")
    row(page, directory.name).get_by_role("link", name="Dry run").click()
    for section in ("", "/provisioning", "/activity", "/users", "/groups", "/sign-in-rules"):
        page.goto(f"/admin/d/{directory.name}{section}")
        expect(page.get_by_role("note").filter(has_text="Dry run is on.")).to_be_visible()
    page.get_by_role("link", name="Switch it off").click()
    page.get_by_role("checkbox", name="Dry run").uncheck()
    page.get_by_role("button", name="Save changes").click()
    admin.expect_notice("Saved")
    expect(page.get_by_text("Dry run is on.")).to_have_count(0)


def test_the_menu_of_directories_is_narrowed_by_typing(admin, named):
    for number in range(9):
        named(f"menu-{number}")
    page = admin.page
    page.goto("/admin/keys")
    expect(page.get_by_role("navigation", name="Directory, wide")).to_have_count(0)
    menu = page.locator("header.side details.picker")
    menu.locator("summary").click()
    field = menu.get_by_role("searchbox")
    expect(field).to_be_focused()
    field.fill(f"{named.begin}-menu-7")
    expect(menu.locator(".menu a:visible")).to_have_text([f"{named.begin}-menu-7", "All directories"])
    field.press("Enter")
    expect(page).to_have_url(re.compile(f"/admin/d/{named.begin}-menu-7$"))
    expect(page.get_by_role("navigation", name="Directory, wide")).to_be_visible()
