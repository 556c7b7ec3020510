"""Finding people and groups, and acting on them."""

import re

import pytest
from playwright.sync_api import expect

from console.page import Admin
from console.people import furnish
from harness.scim import GROUP


@pytest.fixture(scope="module")
def acme(house):
    return furnish(house, name="acme-users")


def path(directory, rest: str) -> str:
    return f"/admin/d/{directory.name}/{rest}"


def test_search_as_one_types(admin, acme):
    page = admin.page
    page.goto(path(acme, "users"))
    rows = page.locator("#results tbody tr")
    expect(rows).to_have_count(10)
    box = page.get_by_label("Search, or type a SCIM filter")
    box.press_sequentially("hop")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("Grace Hopper")
    # The filter underneath is shown, and the address can be shared.
    expect(page.locator("#results")).to_contain_text('userName sw "hop"')
    expect(page).to_have_url(re.compile("q=hop"))
    box.fill('title eq "Engineer" and active eq false')
    expect(rows).to_have_count(2)
    box.fill("opper")
    expect(page.get_by_role("heading", name="No matches")).to_be_visible()
    page.get_by_role("link", name="Search inside names").click()
    expect(rows).to_have_count(1)
    expect(page.locator("#results")).to_contain_text('userName co "opper"')
    box.fill("grace.hopper@")
    expect(rows).to_have_count(1)
    box.fill('title eq "nobody"')
    expect(page.locator("#results")).to_contain_text("Nothing found")
    box.fill("title eq")
    expect(page.locator("#results")).to_contain_text("This filter cannot be read")
    box.fill("")
    page.get_by_label("State").select_option("Inactive")
    expect(rows).to_have_count(2)
    page.get_by_label("State").select_option("All states")
    page.get_by_label("Order").select_option("By userName, descending")
    expect(rows.first).to_contain_text("radia.perlman")


def test_pages_follow_one_another(admin, house):
    directory = house.new_directory()
    for number in range(120):
        directory.scim.create(f"user-{number:03}")
    page = admin.page
    page.goto(path(directory, "users?sort=name"))
    seen = []
    for count in (50, 50, 20):
        expect(page.locator("#results tbody tr")).to_have_count(count)
        expect(page.locator("#results footer")).to_contain_text("120 users")
        seen += page.locator("#results tbody a.strong").all_inner_texts()
        if count == 50:
            before = page.url
            page.get_by_role("link", name="Next page").click()
            page.wait_for_url(lambda url, before=before: url != before)
    assert seen == [f"user-{number:03}" for number in range(120)]


@pytest.mark.parametrize("script", [True, False])
def test_a_user_is_deactivated_and_reactivated(house, browser, acme, script):
    user = acme.scim.create(f"temporary.{script}@acme.example", displayName="Temp O'Rary")
    with Admin(house, browser, java_script_enabled=script) as admin:
        page = admin.sign_in().page
        page.goto(path(acme, f"users/{user['id']}"))
        page.get_by_role("link", name="Deactivate").click()
        expect(page.get_by_role("dialog")).to_contain_text("SCIM is on")
        page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
        assert acme.scim.read(user)["active"] is True, "cancelled"
        page.get_by_role("link", name="Deactivate").click()
        page.get_by_role("button", name="Deactivate").click()
        admin.expect_notice("deactivated")
        assert acme.scim.read(user)["active"] is False
        page.get_by_role("link", name="Reactivate").click()
        page.get_by_role("button", name="Reactivate").click()
        admin.expect_notice("active again")
        assert acme.scim.read(user)["active"] is True


def test_a_refusal_is_said_in_words(admin, acme):
    user = acme.scim.create("gone@acme.example")
    page = admin.page
    page.goto(path(acme, f"users/{user['id']}?dialog=deactivate"))
    acme.scim.delete(f"/Users/{user['id']}")
    page.get_by_role("button", name="Deactivate").click()
    expect(page.locator("body")).to_contain_text(f'there is no User with the id "{user["id"]}"')


def test_members_are_paged_and_searched(admin, house):
    directory = house.new_directory("okta")
    scim = directory.scim
    users = [scim.create(f"user-{number:03}@acme.example") for number in range(118)]
    users.append(scim.create("z1@acme.example", displayName="Zoe Zola", active=False))
    inner = scim.post("/Groups", {"schemas": [GROUP], "displayName": "Zebras"}).json()
    members = [{"value": one["id"]} for one in [*users, inner]]
    group = scim.post("/Groups", {"schemas": [GROUP], "displayName": "Everybody", "members": members}).json()
    page = admin.page
    page.goto(path(directory, f"groups/{group['id']}"))
    region = page.get_by_role("region", name="Members")
    names = region.locator("tbody a.strong")
    seen = []
    for count in (50, 50, 20):
        expect(names).to_have_count(count)
        expect(region.locator("footer")).to_contain_text("120 members")
        seen += names.all_inner_texts()
        if count == 50:
            before = page.url
            region.get_by_role("link", name="Next page").click()
            page.wait_for_url(lambda url, before=before: url != before)
    assert sorted(seen) == sorted([*(user["userName"] for user in users[:118]), "Zoe Zola", "Zebras"])
    box = page.get_by_label("Search among the members")
    box.press_sequentially("z")
    expect(names).to_have_count(2)
    expect(region.get_by_role("row").filter(has_text="Zoe Zola")).to_contain_text("Inactive")
    expect(region.get_by_role("row").filter(has_text="Zebras")).to_contain_text("group")
    box.fill("zola")
    expect(region).to_contain_text("No member has a name that begins so")
    box.fill("user-11")
    expect(names).to_have_count(8)


def test_the_groups_of_a_user_are_paged_and_say_whether_they_are_direct(admin, house):
    directory = house.new_directory("okta")
    scim = directory.scim
    user = scim.create("ana@acme.example")

    def group(name: str, member: dict) -> dict:
        body = {"schemas": [GROUP], "displayName": name, "members": [{"value": member["id"]}]}
        return scim.post("/Groups", body).json()

    first = group("Group 00", user)
    for number in range(1, 27):
        group(f"Group {number:02}", user)
    group("Above", first)
    page = admin.page
    page.goto(path(directory, f"users/{user['id']}"))
    region = page.get_by_role("region", name="Groups")
    expect(region.locator("footer")).to_contain_text("28 groups")
    expect(region.locator("tbody tr")).to_have_count(25)
    expect(region.get_by_role("row").filter(has_text="Group 00")).to_contain_text("direct")
    region.get_by_role("link", name="Next page").click()
    expect(region.locator("tbody tr")).to_have_count(3)
    expect(region.get_by_role("row").filter(has_text="Above")).to_contain_text("through another group")


def test_a_user_is_made_an_administrator(admin, acme):
    user = acme.scim.create("boss@acme.example")
    page = admin.page
    page.goto(path(acme, f"users/{user['id']}"))
    page.get_by_role("link", name="Make administrator").click()
    page.get_by_role("button", name="Make administrator").click()
    admin.expect_notice("administrator now")
    read = admin.house.admin.call("UserService/GetUser", directory=acme.name, id=user["id"])
    assert read.user.administrator


def test_a_user_is_shown_by_schema_with_their_groups(admin, acme):
    page = admin.page
    page.goto(path(acme, "users?q=ada"))
    page.get_by_role("link", name="Ada Lovelace").click()
    expect(page.get_by_role("region", name="Attributes")).to_contain_text("ada.lovelace@acme.example (work, primary)")
    expect(page.get_by_role("region", name="Enterprise")).to_contain_text("Engineering")
    page.get_by_role("region", name="Groups").get_by_role("link", name="Engineering").click()
    expect(page.get_by_role("heading", name="Engineering", level=1)).to_be_visible()
    expect(page.get_by_role("region", name="Members")).to_contain_text("Grace Hopper")


def test_what_is_not_there_is_said(admin, acme):
    answer = admin.page.goto(path(acme, "users/01890000-0000-7000-8000-000000000000"))
    assert answer.status == 404
    expect(admin.page.get_by_role("heading", name="It is not there")).to_be_visible()


def test_a_user_s_page_says_where_each_value_comes_from(admin, acme):
    user = acme.scim.create("traced@acme.example", title="Junior")
    acme.scim.change(user, {"op": "replace", "path": "title", "value": "Senior"})
    page = admin.page
    page.goto(path(acme, f"users/{user['id']}"))
    expect(page.get_by_role("region", name="Attributes")).to_contain_text("identity provider")
    history = page.get_by_role("region", name="History").get_by_role("listitem")
    expect(history.filter(has_text="User updated")).to_contain_text("Senior")
    expect(history.filter(has_text="User created")).to_be_visible()
    house = admin.house
    house.admin.call(
        "UserService/PatchUser",
        directory=acme.name,
        id=user["id"],
        operations=[{"kind": 3, "path": "title", "value": {"string_value": "Chief"}}],
    )
    page.reload()
    expect(page.get_by_role("region", name="Attributes")).to_contain_text("administrator")


def test_an_administrator_by_a_role_is_told_so_and_made_none_by_the_role_alone(admin, house):
    directory = house.new_directory("okta")
    house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, administrator_role="app-admin")
    user = directory.scim.create("ana@example.com", roles=[{"value": "App-Admin"}])
    # The identity provider may not take the role from the last one.
    directory.scim.create("bo@example.com", roles=[{"value": "app-admin"}])
    admin.page.goto(f"/admin/d/{directory.name}/users/{user['id']}")
    expect(admin.page.get_by_text("Administrator by role")).to_be_visible()
    expect(admin.page.get_by_role("link", name="Remove admin role")).to_have_count(0)
    directory.scim.replace(user, {"schemas": user["schemas"], "userName": "ana@example.com"})
    admin.page.reload()
    expect(admin.page.get_by_text("Administrator by role")).to_have_count(0)
    expect(admin.page.get_by_role("link", name="Make administrator")).to_be_visible()
