"""What a guard rail holds, and what an administrator decides."""

import pytest
from playwright.sync_api import expect

PENDING, APPROVED, REJECTED = 1, 2, 3


@pytest.fixture
def held(house):
    """A directory whose identity provider wanted to deactivate more people than the guard rail lets go."""
    directory = house.new_directory("okta")
    rail = {"enabled": True, "users": 1, "percent": 0, "window": {"seconds": 3600}}
    users = [directory.scim.create(f"user-{number}@example.com") for number in range(4)]
    # Only users count who were there before the window began.
    for user in users:
        house.database.execute(
            "UPDATE resources SET created = created - ? WHERE id = ?", 7200 * 1_000_000, house.database_id(user["id"])
        )
    house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, guard_rail=rail)
    for user in users:
        directory.scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "active", "value": False})
    return directory


def only_hold(directory):
    (hold,) = directory.house.admin.call("HoldService/ListHolds", directory=directory.name).holds
    return hold


@pytest.mark.parametrize(("decision", "state"), [("Approve", APPROVED), ("Reject", REJECTED)])
def test_a_hold_waits_on_the_overview_and_is_decided(admin, held, decision, state):
    hold = only_hold(held)
    assert hold.state == PENDING
    page = admin.page
    page.goto(f"/admin/d/{held.name}")
    card = page.get_by_role("region", name="Held changes")
    expect(card).to_contain_text("wait for your decision")
    card.get_by_role("link", name="Review").click()
    expect(page.get_by_role("row")).to_have_count(1 + hold.changes)
    page.get_by_role("link", name=decision, exact=True).click()
    page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
    assert only_hold(held).state == PENDING, "cancelled"
    page.get_by_role("link", name=decision, exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name=decision).click()
    admin.expect_notice(decision)
    assert only_hold(held).state == state
    inactive = len(held.scim.find("active eq false"))
    assert inactive == (4 if decision == "Approve" else 4 - hold.changes)
    page.goto(f"/admin/d/{held.name}")
    expect(page.get_by_role("region", name="Held changes")).to_have_count(0)


def test_a_hold_is_decided_from_the_overview_after_a_confirmation(admin, held):
    page = admin.page
    page.goto(f"/admin/d/{held.name}")
    page.get_by_role("region", name="Held changes").get_by_role("link", name="Reject…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Reject")
    assert only_hold(held).state == PENDING
    page.get_by_role("dialog").get_by_role("button", name="Reject").click()
    admin.expect_notice("Rejected")
    assert only_hold(held).state == REJECTED
    expect(page.get_by_role("row").filter(has_text="Dropped")).to_have_count(only_hold(held).changes)


def test_one_held_change_is_made_alone_after_a_confirmation(admin, held):
    hold = only_hold(held)
    page = admin.page
    page.goto(f"/admin/d/{held.name}/holds/{hold.id}")
    before = len(held.scim.find("active eq false"))
    page.get_by_role("link", name="alone").first.click()
    page.get_by_role("dialog").get_by_role("link", name="Cancel").click()
    assert len(held.scim.find("active eq false")) == before, "cancelled"
    name = page.get_by_role("link", name="alone").first.get_attribute("aria-label").split()[-2]
    page.get_by_role("link", name="alone").first.click()
    expect(page.get_by_role("dialog")).to_contain_text(name)
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    admin.expect_notice("The others go on waiting")
    expect(page.get_by_role("row").filter(has_text=name)).to_contain_text("Made")
    assert [user["userName"] for user in held.scim.find(f'active eq false and userName eq "{name}"')] == [name]
    assert (only_hold(held).state, only_hold(held).waiting) == (PENDING, hold.changes - 1)
