"""The administrators are told of each account that a sign-in creates: once, and only where the directory wants it."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.rpc import api
from harness.scim import a_user, created
from harness.smtp import eventually
from harness.sso import Door, decision, new_subject

pytestmark = pytest.mark.databases


@pytest.fixture
def address(name) -> str:
    """The address of an administrator, which nobody else has."""
    return f"it.{name}"


@pytest.fixture
def directory(posted, address):
    """A directory without SCIM, where a SAML sign-in creates an account, of which one administrator is told."""
    directory = posted.new_directory(address)
    flags = ["--scim", "off", "--saml-provisioning", "on", "--notify-admins", "on"]
    posted.house.command_json("directory", "update", directory.name, *flags)
    return directory


def notices(posted, directory) -> list:
    return list(posted.house.admin.call("NoticeService/ListNotices", directory=directory.name).notices)


def test_a_first_sign_in_sends_one_email_to_each_administrator_and_a_second_one_none(posted, directory, address, name):
    boss = f"boss.{name}"
    posted.name_addresses(directory, address, boss)
    door = Door(directory)
    person = {"subject": new_subject(), "email": name, "attributes": {"displayName": ["Ána <b>Ruiz</b>\r\nBcc: x@y.z"]}}
    first = door.sign_in(**person)
    assert decision(first) == "created"
    for recipient in (address, boss):
        [message] = eventually(lambda recipient=recipient: posted.postbox.to(recipient), "the e-mail arrives")
        assert message["Subject"] == "Ána <b>Ruiz</b> Bcc: x@y.z created an account"
        assert message["To"] == recipient
        assert message["Bcc"] is None
        text, html = (message.get_body((kind,)).get_content() for kind in ("plain", "html"))
        for fact in (name, "SAML", directory.name, first.user_id):
            assert fact in text
            assert fact in html
        assert "Ána &lt;b&gt;Ruiz&lt;/b&gt;" in html
        assert "<b>" not in html
    assert {notice.kind for notice in notices(posted, directory)} == {api()["notice"].NOTICE_KIND_FIRST_SIGN_IN}
    again = door.sign_in(**person)
    assert (decision(again), again.user_id) == ("existing", first.user_id)
    assert sorted(notice.recipient for notice in notices(posted, directory)) == [boss, address]


def test_of_two_first_sign_ins_at_once_one_is_told(posted, directory, address, name):
    door, person = Door(directory), {"subject": new_subject(), "email": name}
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: door.sign_in(**person), range(8)))
    assert len({answer.user_id for answer in answers}) == 1
    eventually(lambda: posted.postbox.to(address), "the e-mail arrives")
    assert [notice.recipient for notice in notices(posted, directory)] == [address]


def test_nobody_is_told_while_the_setting_is_off(posted, directory, name):
    posted.house.command_json("directory", "update", directory.name, "--notify-admins", "off")
    assert decision(Door(directory).sign_in(email=name)) == "created"
    assert notices(posted, directory) == []
    posted.house.command_json("directory", "update", directory.name, "--notify-admins", "on")
    assert decision(Door(directory).sign_in(email=f"second.{name}")) == "created"
    assert len(notices(posted, directory)) == 1


def test_nobody_is_told_of_accounts_that_scim_or_an_administrator_creates_nor_of_their_first_sign_in(
    posted, directory, name
):
    posted.house.command_json("directory", "update", directory.name, "--scim", "on")
    created(directory.scim.post("/Users", a_user(name)))
    posted.house.admin.call("UserService/CreateUser", directory=directory.name, user={"user_name": f"second.{name}"})
    door = Door(directory)
    for email in (name, f"second.{name}"):
        assert decision(door.sign_in(email=email)) == "existing"
    assert decision(door.sign_in(email=f"third.{name}")) == "refused_not_provisioned"
    assert notices(posted, directory) == []


def test_a_first_sign_in_does_not_wait_for_the_mail_server(posted, directory, address, name):
    posted.postbox.stop()
    assert decision(Door(directory).sign_in(email=name)) == "created"
    [notice] = notices(posted, directory)
    posted.until(notice, "PENDING", lambda notice: notice.error != "")
    posted.postbox.start()
    posted.until(notice, "SENT")
    assert len(posted.postbox.to(address)) == 1
