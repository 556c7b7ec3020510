"""Who was deleted: for how long they are kept, and how they come back."""

import re

import pytest
from playwright.sync_api import expect

from console.page import Admin


@pytest.fixture
def directory(house):
    return house.new_directory("okta")


def delete(directory, *names: str) -> list[dict]:
    users = [directory.scim.create(name, externalId=name, displayName=name.split("@")[0].title()) for name in names]
    for user in users:
        assert directory.scim.delete(f"/Users/{user['id']}").status_code == 204
    return users


def test_nobody_is_deleted_at_first(admin, directory):
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/users")
    page.get_by_role("link", name="Deleted users").click()
    expect(page.get_by_role("heading", name="Nobody is deleted")).to_be_visible()
    expect(page.locator("#content")).to_contain_text("30 days")
    admin.house.command_json("directory", "update", directory.name, "--retention", "0")
    page.reload()
    expect(page.get_by_role("heading", name="Deleted users are not kept")).to_be_visible()
    page.get_by_role("link", name="Open the settings").click()
    expect(page).to_have_url(re.compile("/settings$"))


@pytest.mark.parametrize("script", [True, False])
def test_a_user_is_restored_after_a_confirmation(house, browser, directory, script):
    (user,) = delete(directory, "ana@example.com")
    with Admin(house, browser, java_script_enabled=script) as admin:
        page = admin.sign_in().page
        page.goto(f"/admin/d/{directory.name}/users/deleted")
        row = page.get_by_role("row").filter(has_text="ana@example.com")
        expect(row).to_contain_text("identity provider")
        expect(row).to_contain_text(directory.token[:12])
        expect(row).to_contain_text("UTC")
        page.get_by_role("link", name="Restore Ana").click()
        dialog = page.get_by_role("dialog", name="Restore Ana?")
        expect(dialog).to_contain_text("Memberships, the password")
        dialog.get_by_role("link", name="Cancel").click()
        assert directory.scim.get(f"/Users/{user['id']}").status_code == 404, "cancelled"
        page.goto(f"/admin/d/{directory.name}/users/deleted")
        page.get_by_role("link", name="Restore Ana").click()
        page.get_by_role("button", name="Restore").click()
        admin.expect_notice("The user was restored")
        expect(page.get_by_role("heading", name="Ana", level=1)).to_be_visible()
        assert directory.scim.read(user)["userName"] == "ana@example.com"
        history = page.get_by_role("region", name="History").get_by_role("listitem")
        expect(history.filter(has_text="User restored").first).to_contain_text("administrator, key")


@pytest.mark.parametrize("script", [True, False])
def test_what_is_in_the_way_is_said_where_it_was_confirmed(house, browser, directory, script):
    delete(directory, "ana@example.com")
    holder = directory.scim.create("Ana@example.com", externalId="other")
    with Admin(house, browser, java_script_enabled=script) as admin:
        page = admin.sign_in().page
        page.goto(f"/admin/d/{directory.name}/users/deleted")
        page.get_by_role("link", name="Restore Ana").click()
        page.get_by_role("button", name="Restore").click()
        dialog = page.get_by_role("dialog", name="Restore Ana?")
        expect(dialog.get_by_role("alert")).to_contain_text(holder["id"])
        directory.scim.delete(f"/Users/{holder['id']}")
        dialog.get_by_role("button", name="Restore").click()
        admin.expect_notice("The user was restored")


def test_who_was_restored_elsewhere_meanwhile_is_not_restored_twice(admin, directory):
    (user,) = delete(directory, "ana@example.com")
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/users/deleted?restore={user['id']}")
    admin.house.command_json("user", "restore", user["id"], "--directory", directory.name)
    page.get_by_role("button", name="Restore").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("not deleted")


def test_deleted_users_are_searched_as_one_types_and_paged(admin, directory):
    delete(directory, *(f"user-{number:02}@example.com" for number in range(55)), "zoe@example.com")
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/users/deleted")
    rows = page.locator("#results tbody tr")
    expect(rows).to_have_count(50)
    expect(rows.first).to_contain_text("zoe@example.com")
    expect(page.locator("#results footer")).to_contain_text("56 deleted users")
    page.get_by_role("link", name="Next page").click()
    expect(rows).to_have_count(6)
    page.get_by_role("link", name="First page").click()
    expect(rows).to_have_count(50)
    page.get_by_label("Beginning of a userName").press_sequentially("USER-4")
    expect(rows).to_have_count(10)
    page.get_by_label("Beginning of a userName").fill("ser-4")
    expect(page.get_by_role("heading", name="Nobody found")).to_be_visible()
