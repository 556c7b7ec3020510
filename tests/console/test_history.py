"""What happened to a user or a group, and who did it."""

import pytest
from playwright.sync_api import expect

from harness.scim import GROUP


@pytest.fixture
def directory(house):
    return house.new_directory("okta")


def steps(page):
    return page.get_by_role("region", name="History").get_by_role("listitem").filter(has=page.locator(".strong"))


def open_user(admin, directory, user: dict) -> None:
    admin.page.goto(f"/admin/d/{directory.name}/users/{user['id']}")


def test_each_change_has_when_who_which_request_and_what_was_before(admin, directory):
    scim = directory.scim
    user = scim.create(
        "ana@example.com", title="Boss", name={"givenName": "Ana", "familyName": "Ruiz"}, password="hunter2-hunter2"
    )
    scim.change(user, {"op": "replace", "path": "name.familyName", "value": "Sá"})
    admin.house.admin.call(
        "UserService/PatchUser",
        directory=directory.name,
        id=user["id"],
        operations=[{"kind": 3, "path": "title", "value": {"string_value": "Chief"}}],
    )
    page = admin.page
    open_user(admin, directory, user)
    expect(steps(page)).to_have_count(3)
    newest, middle, oldest = (steps(page).nth(number) for number in range(3))
    expect(newest).to_contain_text("administrator, key")
    expect(newest).to_contain_text(admin.house.admin_key[:4])
    expect(newest.locator("del")).to_have_text("Boss")
    expect(newest.locator("ins")).to_have_text("Chief")
    expect(middle).to_contain_text("identity provider, token")
    expect(middle).to_contain_text("name.familyName")
    expect(middle.locator("del")).to_have_text("Ruiz")
    expect(middle).not_to_contain_text("givenName")
    expect(oldest).to_contain_text("User created")
    assert "hunter2" not in page.content()
    expect(page.get_by_role("region", name="History")).not_to_contain_text("past the time")
    # The request is in the activity log a moment after its answer.
    link = middle.get_by_role("link")
    for _ in range(100):
        if link.count():
            break
        page.wait_for_timeout(100)
        page.reload()
    link.click()
    expect(page.get_by_role("region", name="Body of the request")).to_contain_text("name.familyName")


def test_a_request_that_the_activity_log_has_forgotten_is_no_link(admin, directory):
    user = directory.scim.create("ana@example.com")
    open_user(admin, directory, user)
    request = directory.events(user["id"])[0]["request_id"]
    page = admin.page
    for _ in range(100):
        if steps(page).get_by_role("link", name=request).count():
            break
        page.wait_for_timeout(100)
        page.reload()
    expect(steps(page).get_by_role("link", name=request)).to_be_visible()
    admin.house.database.execute("DELETE FROM activity WHERE request_id = ?", request)
    page.reload()
    expect(steps(page)).to_contain_text(request)
    expect(steps(page).get_by_role("link", name=request)).to_have_count(0)


def test_a_long_history_has_pages(admin, directory):
    scim = directory.scim
    user = scim.create("ana@example.com")
    others = [scim.create(f"other-{number}@example.com") for number in range(3)]
    for number in range(24):
        scim.change(user, {"op": "replace", "path": "title", "value": f"title-{number}"})
        scim.change(others[number % 3], {"op": "replace", "path": "title", "value": f"title-{number}"})
    page = admin.page
    open_user(admin, directory, user)
    seen = []
    for count in (10, 10, 5):
        expect(steps(page)).to_have_count(count)
        seen += steps(page).locator("ins").all_inner_texts()
        if count == 10:
            before = page.url
            page.get_by_role("link", name="Older").click()
            page.wait_for_url(lambda url, before=before: url != before)
    assert seen[:24] == [f"title-{number}" for number in reversed(range(24))]
    expect(page.get_by_role("link", name="Older")).to_have_count(0)
    page.get_by_role("link", name="Newest").click()
    expect(steps(page).first).to_contain_text("title-23")


def test_it_is_said_when_older_changes_are_past_their_retention(admin, directory):
    scim = directory.scim
    user = scim.create("ana@example.com", title="Boss")
    scim.change(user, {"op": "replace", "path": "title", "value": "Chief"})
    number = admin.house.admin.call("EventService/ListEvents", directory=directory.name).newest
    database, key = admin.house.database, admin.house.database_id(directory.id)
    forget = "DELETE FROM events WHERE directory_id = ? AND number < ?"
    database.execute(forget, key, number)
    database.execute("DELETE FROM event_streams WHERE directory_id = ?", key)
    database.execute("INSERT INTO event_streams (directory_id, expired) VALUES (?, ?)", key, number - 1)
    page = admin.page
    open_user(admin, directory, user)
    expect(steps(page)).to_have_count(1)
    expect(page.get_by_role("region", name="History")).to_contain_text("past the time for which events are kept")
    # Where each value came from is known all the same.
    expect(page.get_by_role("region", name="Attributes")).to_contain_text("identity provider")
    database.execute(forget, key, number + 1)
    database.execute("UPDATE event_streams SET expired = ? WHERE directory_id = ?", number, key)
    page.reload()
    expect(page.get_by_role("heading", name="No changes are kept")).to_be_visible()


def test_the_history_of_a_group_tells_who_came_and_went(admin, directory):
    scim = directory.scim
    users = [scim.create(f"user-{number}@example.com") for number in range(8)]
    members = [{"value": user["id"]} for user in users]
    group = scim.post("/Groups", {"schemas": [GROUP], "displayName": "Ops", "members": members}).json()
    scim.patch(f"/Groups/{group['id']}", {"op": "remove", "path": f'members[value eq "{users[0]["id"]}"]'})
    page = admin.page
    page.goto(f"/admin/d/{directory.name}/groups/{group['id']}")
    expect(steps(page).first.locator("del").first).to_have_text("1 member")
    expect(steps(page).first.locator("del").get_by_role("link", name="user-0@example.com")).to_be_visible()
    expect(page.get_by_role("region", name="History")).to_contain_text("8 members")
    expect(page.get_by_role("region", name="History")).to_contain_text("and 3 more")
    # Who is gone has no name any more.
    scim.delete(f"/Users/{users[0]['id']}")
    page.reload()
    expect(steps(page).first.locator("del")).to_have_text(["1 member", users[0]["id"]])
    steps(page).filter(has_text="8 members").locator("ins").get_by_role("link").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("@example.com")
