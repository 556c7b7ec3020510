"""Notices to administrators: each is sent once to everybody, whatever the mail server does, and is never lost."""

import time

import pytest
from posting import Posted, smtp_settings

from harness.ports import free_port
from harness.process import Process
from harness.rpc import Rpc, api, refuses
from harness.scim import a_user, created
from harness.smtp import Postbox, eventually

pytestmark = pytest.mark.databases

MICROS_PER_DAY = 24 * 60 * 60 * 1_000_000


@pytest.fixture
def address(name) -> str:
    """An address that nobody else has."""
    return f"it.{name}"


def test_a_notice_goes_to_every_address_and_administrator_once_as_text_and_html(posted, address):
    directory = posted.new_directory(address, address.upper(), f"second.{address}")
    people = {
        "boss": a_user(f"boss.{address}", emails=[{"value": f"boss.{address}", "primary": True}]),
        "twin": a_user(f"twin.{address}", emails=[{"value": address.title()}]),
        "gone": a_user(f"gone.{address}", active=False),
        "nobody": a_user("without-an-address"),
        "other": a_user(f"other.{address}"),
    }
    ids = {who: created(directory.scim.post("/Users", user))["id"] for who, user in people.items()}
    for who in ("boss", "twin", "gone", "nobody"):
        posted.house.admin.call(
            "UserService/SetAdministrator", directory=directory.name, id=ids[who], administrator=True
        )
    notices = posted.send_test(directory)
    assert set(notices) == {address, f"second.{address}", f"boss.{address}"}
    for recipient, notice in notices.items():
        posted.until(notice, "SENT")
        [message] = posted.postbox.to(recipient)
        assert message["To"] == recipient
        assert message["From"] == "Rollcall <rollcall@example.com>"
        assert message["Subject"] == f"Notices of {directory.name} arrive"
        assert message["Message-ID"] == f"<{notice.id}@example.com>"
        assert message["Auto-Submitted"] == "auto-generated"
        text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
        assert directory.name in text
        assert directory.name in html
        assert "<h1" in html
        assert "<" not in text


def test_a_server_that_was_down_gets_every_notice_once_when_it_is_back(posted, address):
    directory = posted.new_directory(address, f"second.{address}")
    posted.postbox.stop()
    notices = posted.send_test(directory)
    for notice in notices.values():
        failed = posted.until(notice, "PENDING", lambda notice: notice.attempts >= 2)
        assert f"127.0.0.1:{posted.postbox.port}" in failed.error
        assert failed.next_attempt.ToNanoseconds() > failed.created.ToNanoseconds()
    posted.postbox.start()
    for recipient, notice in notices.items():
        sent = posted.until(notice, "SENT")
        assert sent.error == ""
        assert len(posted.postbox.to(recipient)) == 1


def test_a_server_that_does_not_answer_in_time_is_tried_again(posted, address):
    directory = posted.new_directory(address)
    posted.postbox.is_awake.clear()
    [notice] = posted.send_test(directory).values()
    late = posted.until(notice, "PENDING", lambda notice: notice.error != "")
    assert "did not answer within 1s" in late.error
    posted.postbox.is_awake.set()
    posted.until(notice, "SENT")
    # The server may have taken what it was too slow to confirm: whoever gets it twice can tell.
    assert {message["Message-ID"] for message in posted.postbox.to(address)} == {f"<{notice.id}@example.com>"}


def test_one_recipient_who_is_refused_holds_nobody_up_and_repeats_nothing(posted, address):
    refused = f"refused.{address}"
    posted.postbox.refusals[refused] = "550 5.1.1 there is no such mailbox"
    directory = posted.new_directory(f"first.{address}", refused, f"last.{address}")
    notices = posted.send_test(directory)
    parked = posted.until(notices[refused], "PARKED")
    assert "550" in parked.error
    assert "there is no such mailbox" in parked.error
    assert not parked.HasField("next_attempt")
    for recipient in (f"first.{address}", f"last.{address}"):
        posted.until(notices[recipient], "SENT")
    assert posted.postbox.attempts[refused] == 1

    del posted.postbox.refusals[refused]
    posted.house.admin.call("NoticeService/RetryNotice", id=parked.id)
    posted.until(parked, "SENT")
    for recipient in notices:
        assert len(posted.postbox.to(recipient)) == 1


def test_a_recipient_who_is_put_off_gets_it_later(posted, address):
    posted.postbox.refusals[address] = "451 4.7.1 come back later"
    directory = posted.new_directory(address)
    [notice] = posted.send_test(directory).values()
    waiting = posted.until(notice, "PENDING", lambda notice: notice.attempts >= 2)
    assert "come back later" in waiting.error
    del posted.postbox.refusals[address]
    posted.until(notice, "SENT")
    assert len(posted.postbox.to(address)) == 1


def test_after_a_day_a_notice_is_parked_until_somebody_tries_it_again(posted, address):
    posted.postbox.refusals[address] = "451 4.7.1 come back later"
    directory = posted.new_directory(address)
    [notice] = posted.send_test(directory).values()
    posted.until(notice, "PENDING", lambda notice: notice.error != "")
    posted.house.database.execute(
        "UPDATE mails SET created = created - ?, give_up = give_up - ? WHERE id = ?",
        MICROS_PER_DAY,
        MICROS_PER_DAY,
        posted.house.database_id(notice.id),
    )
    parked = posted.until(notice, "PARKED")
    assert "come back later" in parked.error
    with refuses("INVALID_VALUE", naming="not parked"):
        other = posted.new_directory(f"other.{address}")
        posted.postbox.refusals[f"other.{address}"] = "451 4.7.1 come back later"
        [pending] = posted.send_test(other).values()
        posted.house.admin.call("NoticeService/RetryNotice", id=pending.id)
    again = posted.house.admin.call("NoticeService/RetryNotice", id=notice.id).notice
    assert again.state == api()["notice"].NOTICE_STATE_PENDING
    assert again.attempts == 0
    del posted.postbox.refusals[address]
    posted.until(notice, "SENT")
    with refuses("INVALID_VALUE", naming="has been sent"):
        posted.house.admin.call("NoticeService/RetryNotice", id=notice.id)


def test_notices_are_listed_by_directory_and_state_page_by_page(posted, address):
    directory = posted.new_directory(*(f"{number}.{address}" for number in range(5)))
    posted.postbox.refusals[f"3.{address}"] = "550 no"
    for notice in posted.send_test(directory).values():
        posted.until(notice, "PARKED" if notice.recipient.startswith("3.") else "SENT")
    admin = posted.house.admin
    listed, token = [], ""
    for _ in range(3):
        page = admin.call("NoticeService/ListNotices", directory=directory.name, page_size=2, page_token=token)
        listed += page.notices
        token = page.next_page_token
    assert token == ""
    assert sorted(notice.recipient for notice in listed) == [f"{number}.{address}" for number in range(5)]
    assert [notice.id for notice in listed] == sorted((notice.id for notice in listed), reverse=True)
    assert {notice.directory for notice in listed} == {directory.name}
    [parked] = admin.call("NoticeService/ListNotices", directory=directory.name, state="NOTICE_STATE_PARKED").notices
    assert parked.recipient == f"3.{address}"
    assert parked.id in {
        notice.id for notice in admin.call("NoticeService/ListNotices", state="NOTICE_STATE_PARKED").notices
    }
    with refuses("INVALID_CURSOR"):
        first = admin.call("NoticeService/ListNotices", directory=directory.name, page_size=2)
        admin.call("NoticeService/ListNotices", page_size=2, page_token=first.next_page_token)
    with refuses("INVALID_VALUE", naming="page_size"):
        admin.call("NoticeService/ListNotices", page_size=-1)
    with refuses("INVALID_VALUE", naming="state"):
        admin.call("NoticeService/ListNotices", state=9)


def test_a_key_of_one_directory_sees_no_notice_of_another(posted, address):
    mine, other = posted.new_directory(address), posted.new_directory(f"other.{address}")
    [notice] = posted.send_test(other).values()
    posted.until(notice, "SENT")
    key = posted.house.rpc(posted.house.new_service_key("ADMIN", directory=mine.name))
    assert list(key.call("NoticeService/ListNotices").notices) == []
    for call in ("GetNotice", "RetryNotice"):
        with refuses("NOT_FOUND", naming=notice.id):
            key.call(f"NoticeService/{call}", id=notice.id)
    for call in ("ListNotices", "SendTestNotice"):
        with refuses("NOT_FOUND", naming=other.name):
            key.call(f"NoticeService/{call}", directory=other.name)
    assert [notice.recipient for notice in key.call("NoticeService/SendTestNotice").notices] == [address]


def test_the_commands_send_a_test_list_notices_and_try_them_again(posted, address):
    refused = f"refused.{address}"
    posted.postbox.refusals[refused] = "550 5.1.1 there is no such mailbox"
    directory = posted.new_directory(address)
    [sent] = posted.house.command_json("notice", "test", "--directory", directory.name)["notices"]
    assert (sent["recipient"], sent["state"], sent["kind"]) == (address, "sent", "test")
    assert (sent["error"], sent["nextAttempt"], sent["attempts"]) == (None, None, 1)
    posted.name_addresses(directory, refused)
    done = posted.house.command("notice", "test", "--directory", directory.name)
    assert done.returncode == 1
    assert "there is no such mailbox" in done.stdout
    assert "1 of 1" in done.stderr
    listed = posted.house.command_json("notice", "list", "--directory", directory.name)["notices"]
    assert [notice["recipient"] for notice in listed] == [refused, address]
    [parked] = posted.house.command_json("notice", "list", "--directory", directory.name, "--state", "parked")[
        "notices"
    ]
    assert parked["recipient"] == refused
    del posted.postbox.refusals[refused]
    [again] = posted.house.command_json("notice", "retry", "--all", "--directory", directory.name)["notices"]
    assert (again["id"], again["state"]) == (parked["id"], "pending")
    eventually(lambda: posted.postbox.to(refused), "the notice is sent")
    done = posted.house.command("notice", "retry", sent["id"])
    assert done.returncode == 1
    assert "has been sent" in done.stderr
    records = posted.house.admin.call("AuditService/ListAuditRecords", directory=directory.name).records
    told = [(record.kind, record.subject) for record in records if record.kind.startswith("notice.")]
    assert told == [
        ("notice.retried", parked["id"]),
        ("notice.tested", directory.id),
        ("notice.tested", directory.id),
    ], "of what was refused nothing is recorded"


def test_a_directory_with_nobody_to_tell_gets_no_test(posted):
    directory = posted.new_directory()
    with refuses("INVALID_VALUE", naming="nobody to tell"):
        posted.house.admin.call("NoticeService/SendTestNotice", directory=directory.name)
    assert list(posted.house.admin.call("NoticeService/ListNotices", directory=directory.name).notices) == []


def test_notices_wait_while_no_server_is_configured_and_are_sent_once_there_is_one(new_house, address):
    house = new_house.start()
    directory = house.new_directory()
    with refuses("FORBIDDEN", naming="ROLLCALL_SMTP_URL"):
        house.admin.call("NoticeService/SendTestNotice", directory=directory.name)
    id = "01970000-0000-7000-8000-000000000001"
    now = time.time_ns() // 1000
    house.database.execute(
        "INSERT INTO mails (id, directory_id, kind, recipient, subject, text, html, created, state, attempts, "
        "next_attempt, give_up) VALUES (?, ?, 'test', ?, 'A test', 'text', '<p>', ?, 'pending', 0, ?, ?)",
        house.database_id(id),
        house.database_id(directory.id),
        address,
        now - MICROS_PER_DAY,
        now,
        now - 1,
    )
    posted = Posted(house, Postbox().start())
    parked = posted.until(posted.notice(id), "PARKED")
    assert "ROLLCALL_SMTP_URL" in parked.error
    posted.house.admin.call("NoticeService/RetryNotice", id=id)
    house.stop()
    house.processes.clear()
    house.settings = smtp_settings(posted.postbox)
    house.start()
    del house.__dict__["admin"]
    posted.until(parked, "SENT")
    assert len(posted.postbox.to(address)) == 1
    posted.postbox.stop()


def test_of_two_cores_one_sends_and_the_other_follows_when_it_ends(builder, address):
    postbox = Postbox().start()
    house = builder.start("apart-postgres", settings=smtp_settings(postbox))
    posted, port = Posted(house, postbox), free_port()
    settings = {**house.core_settings, "ROLLCALL_GRPC_ADDR": f"127.0.0.1:{port}"}
    second = Process(["core"], house.work / "second", **settings, **house.settings)
    second.wait_for(lambda: "ready" in second.stdout)
    directory = posted.new_directory(*(f"{number}.{address}" for number in range(5)))
    for notice in posted.send_test(directory).values():
        posted.until(notice, "SENT")
    assert house.processes[0].stop() == 0
    admin = Rpc(f"127.0.0.1:{port}", house.admin_key)
    assert len(admin.call("NoticeService/SendTestNotice", directory=directory.name).notices) == 5
    eventually(lambda: len(postbox.messages) == 10, "the second core sends")
    assert second.stop() == 0
    postbox.stop()
    assert "a notice was sent" in house.processes[0].stderr
    assert "a notice was sent" in second.stderr
    ids = [message["Message-ID"] for message in postbox.messages]
    assert len(set(ids)) == 10
