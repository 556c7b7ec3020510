"""Directories, their settings, service keys, sessions and the audit log."""

import re
import uuid

from playwright.sync_api import expect


def test_a_directory_is_made_and_leads_to_its_provisioning(admin):
    page, name = admin.page, f"dir-{uuid.uuid4().hex[:8]}"
    page.goto("/admin/directories")
    page.get_by_role("link", name="New directory").click()
    page.get_by_label("Name").fill("Not A Name")
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("name")
    assert page.get_by_label("Name").input_value() == "Not A Name", "what was typed is kept"
    page.get_by_label("Name").fill(name)
    page.get_by_label("Identity provider").select_option("Microsoft Entra ID")
    page.get_by_role("button", name="Create").click()
    expect(page).to_have_url(re.compile(f"/admin/d/{name}/provisioning"))
    expect(page.get_by_text("No token yet")).to_be_visible()
    made = admin.house.admin.call("DirectoryService/GetDirectory", name=name).directory
    assert made.profile == 3


def test_settings_are_saved(admin, house):
    directory = house.new_directory("entra")
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/settings")
    page.get_by_role("checkbox", name="Groups").check()
    page.get_by_label("Filter values without quotes").select_option("Off")
    page.get_by_label("Keep their hashes").check()
    page.get_by_label("E-mail addresses").fill("ops@example.com\nit@example.com")
    page.get_by_role("button", name="Save changes").click()
    admin.expect_notice("Saved")
    now = house.admin.call("DirectoryService/GetDirectory", name=directory.name).directory
    assert now.groups_enabled
    assert not now.rules.unquoted_filter_values
    assert now.rules.skip_unknown_members, "the others are as they were"
    assert now.password_handling == 2
    assert list(now.admin_emails) == ["ops@example.com", "it@example.com"]
    page.get_by_label("E-mail addresses").fill("no address")
    page.get_by_role("button", name="Save changes").click()
    expect(page.get_by_role("alert")).to_contain_text("no address")


def test_a_directory_is_deleted_by_whoever_types_its_name(admin, house):
    directory = house.new_directory()
    directory.scim.create("ana")
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/settings")
    page.get_by_role("link", name="Delete…").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("textbox").fill("another")
    dialog.get_by_role("button", name="Delete").click()
    expect(dialog.get_by_role("alert")).to_be_visible()
    assert directory.scim.total() == 1
    dialog.get_by_role("textbox").fill(directory.name)
    dialog.get_by_role("button", name="Delete").click()
    admin.expect_notice("deleted")
    assert page.goto(f"/admin/d/{directory.name}/settings").status == 404


def test_a_service_key_is_made_rotated_and_revoked(admin, house):
    page, name = admin.page, f"billing-{uuid.uuid4().hex[:8]}"
    page.goto("/admin/keys?dialog=create")
    page.get_by_label("What it is for").fill(name)
    page.get_by_role("button", name="Create").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("scope")
    page.get_by_label("directory.read").check()
    page.get_by_role("button", name="Create").click()
    first = page.locator("#secret").inner_text()
    page.get_by_role("link", name="I have saved it").click()
    assert first not in page.content()
    assert house.rpc(first).call("UserService/ListUsers", directory="default").total_results == 0
    page.get_by_role("link", name=f"Rotate {name}").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("at once").check()
    dialog.get_by_role("button", name="Rotate").click()
    second = page.locator("#secret").inner_text()
    page.get_by_role("link", name="I have saved it").click()
    assert second not in (first, page.content())
    page.get_by_role("link", name=f"Revoke {name}").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke").click()
    admin.expect_notice("revoked")
    for secret in (first, second):
        assert secret not in house.output
        answer = house.command("user", "list", "--directory", "default", ROLLCALL_ADMIN_KEY=secret)
        assert answer.returncode != 0


def test_what_was_done_is_in_the_audit_log(admin, house):
    directory = house.new_directory()
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/provisioning?dialog=scim")
    page.get_by_role("button", name="Turn SCIM off").click()
    admin.expect_notice("SCIM is off")
    page.goto(f"/admin/audit?directory={directory.name}")
    expect(page.get_by_role("row").filter(has_text="Directory updated")).to_contain_text("off")
    expect(page.get_by_role("row").filter(has_text="Directory created")).to_be_visible()


def test_who_deactivated_somebody_is_in_the_audit_log(admin, house):
    directory = house.new_directory()
    user = directory.scim.create("ana@example.com")
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/users/{user['id']}?dialog=deactivate")
    page.get_by_role("dialog").get_by_role("button", name="Deactivate").click()
    admin.expect_notice("deactivated")
    page.goto(f"/admin/audit?directory={directory.name}")
    record = page.get_by_role("row").filter(has_text="User updated")
    expect(record).to_have_count(1)
    expect(record).to_contain_text("active on off")
    record.get_by_role("link").click()
    expect(page.get_by_role("heading", name="ana@example.com")).to_be_visible()


def test_the_theme_is_chosen_and_kept(admin):
    page = admin.page
    page.goto("/admin/directories")
    page.get_by_role("button", name="Switch between light and dark").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.goto("/admin/keys")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    page.get_by_role("button", name="Switch between light and dark").first.click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")


def test_the_menu_leads_everywhere_by_keyboard(admin):
    page = admin.page
    page.goto("/admin/directories")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("#content$"))
