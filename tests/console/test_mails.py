"""E-mails to administrators: those that were parked, and the test."""

import pytest
from playwright.sync_api import expect

from console.page import Admin
from harness.smtp import Postbox, eventually


@pytest.fixture(scope="module")
def postbox():
    postbox = Postbox().start()
    yield postbox
    postbox.stop()


@pytest.fixture(scope="module")
def posting(builder, postbox):
    """An installation that sends e-mails."""
    settings = {
        "ROLLCALL_SMTP_URL": f"smtp://127.0.0.1:{postbox.port}",
        "ROLLCALL_SMTP_FROM": "Rollcall <rollcall@example.com>",
        "ROLLCALL_SMTP_RETRY_DELAY": "100ms",
    }
    return builder.start("serve-sqlite", settings=settings)


@pytest.fixture
def directory(posting):
    directory = posting.new_directory("okta")
    addresses = {"addresses": [f"{directory.name}@example.com"]}
    posting.admin.call("DirectoryService/UpdateDirectory", name=directory.name, admin_emails=addresses)
    return directory


@pytest.fixture
def admin(posting, browser):
    with Admin(posting, browser) as admin:
        yield admin.sign_in()


def send_test(admin, directory) -> None:
    admin.page.goto(f"/admin/d/{directory.name}/sign-in-rules")
    admin.page.get_by_role("button", name="Send a test e-mail").click()


def test_a_test_e_mail_arrives(admin, directory, postbox):
    send_test(admin, directory)
    admin.expect_notice("The test e-mail was queued")
    address = f"{directory.name}@example.com"
    (message, *_) = eventually(lambda: postbox.to(address), "the test arrived")
    assert directory.name in message["Subject"] + message.get_body(("plain",)).get_content()


def test_an_e_mail_that_was_parked_says_why_and_is_tried_again(admin, posting, directory, postbox):
    address = f"{directory.name}@example.com"
    postbox.refusals[address] = "550 5.1.1 there is no such mailbox"
    send_test(admin, directory)

    def parked():
        found = posting.admin.call("NoticeService/ListNotices", directory=directory.name).notices
        return [notice for notice in found if notice.error and not notice.HasField("next_attempt")]

    eventually(parked, "the e-mail is parked")
    page = admin.page
    page.goto(f"/admin/d/{directory.name}")
    card = page.get_by_role("region", name="Parked e-mails")
    expect(card).to_contain_text("there is no such mailbox")
    expect(card).to_contain_text(address)
    del postbox.refusals[address]
    card.get_by_role("button", name=f"Try again to tell {address}").click()
    admin.expect_notice("being sent again")
    eventually(lambda: postbox.to(address), "it arrived")
    eventually(lambda: not parked(), "it is parked no more")
    page.goto(f"/admin/d/{directory.name}")
    expect(page.get_by_role("region", name="Parked e-mails")).to_contain_text("All delivered.")


def test_a_directory_whose_notices_nobody_gets_says_so(admin, posting):
    lonely = posting.new_directory("okta")
    send_test(admin, lonely)
    expect(admin.page.get_by_role("alert")).to_contain_text("admin")
