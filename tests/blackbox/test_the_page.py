"""The page "User provisioning" acted out: an administrator with the command line, an identity provider with SCIM, an
application that asks who may come in, and a mail server."""

import uuid
from dataclasses import dataclass

import pytest

from harness.house import MODES, Directory
from harness.scim import Scim, a_user, created, listing, no_content, ok, refused
from harness.smtp import Postbox, eventually

pytestmark = pytest.mark.every_mode

ISSUER = "https://idp.example.com/saml"


@dataclass
class Page:
    """One directory, and everybody who has to do with it."""

    directory: Directory
    postbox: Postbox

    def update(self, *settings: str) -> dict:
        done = self.directory.house.command("directory", "update", self.directory.name, *settings, "--json")
        assert done.returncode == 0, done.stderr
        return self.shown()

    def shown(self) -> dict:
        return self.directory.house.command_json("directory", "show", self.directory.name)

    def saml(self) -> dict:
        """What is stored of SAML provisioning, what counts, and how that is put."""
        choice = self.shown()["provisioning"]["saml"]
        return {name: choice[name] for name in ("stored", "effective", "status")}

    def sign_in(self, email: str, *, subject: str | None = None, protocol: str = "saml") -> dict:
        subject = subject or f"subject of {email}"
        return self.directory.house.command_json(
            *("sso", "sign-in", "--directory", self.directory.name, "--protocol", protocol),
            *("--issuer", ISSUER, "--subject", subject, "--email", email),
        )

    def rotate(self, overlap: str) -> str:
        """Regenerates the token, and returns the new one."""
        rotated = self.directory.house.command_json(
            "token", "rotate", "--directory", self.directory.name, "--overlap", overlap
        )
        return rotated["token"]

    def works(self, token: str) -> bool:
        answer = Scim(self.directory.house.base_url, token).get("/Users", count=0)
        if answer.status_code == 401:
            refused(answer, 401)
            return False
        ok(answer)
        return True

    def mails(self, address: str) -> list:
        return self.postbox.to(address)


@pytest.fixture(scope="module", params=MODES)
def posted_house(request, builder):
    """An installation in each mode, with a mail server of its own."""
    postbox = Postbox().start()
    settings = {
        "ROLLCALL_SMTP_URL": f"smtp://127.0.0.1:{postbox.port}",
        "ROLLCALL_SMTP_FROM": "Rollcall <rollcall@example.com>",
    }
    yield builder.start(request.param, settings=settings), postbox
    postbox.stop()


@pytest.fixture
def page(posted_house) -> Page:
    house, postbox = posted_house
    return Page(house.new_directory(), postbox)


@pytest.fixture
def person():
    """Makes addresses that nobody else has."""
    run = uuid.uuid4().hex[:12]
    return lambda first_name: f"{first_name}.{run}@example.com"


def test_scim_overrides_saml_provisioning_until_it_goes_off(page, person):
    page.update("--scim", "off", "--saml-provisioning", "on")
    assert page.saml() == {"stored": True, "effective": True, "status": "on"}
    assert page.sign_in(person("before"))["decision"] == "created"

    page.update("--scim", "on")
    assert page.saml() == {"stored": True, "effective": False, "status": "overridden by SCIM"}
    unknown = page.sign_in(person("unknown"))
    assert (unknown["decision"], unknown["rule"]) == ("refused_not_provisioned", "overridden_by_scim")
    ben = created(page.directory.scim.post("/Users", a_user(person("ben"))))
    let_in = page.sign_in(person("ben"))
    assert (let_in["decision"], let_in["user_id"]) == ("existing", ben["id"])
    assert page.directory.scim.find(f'userName eq "{person("unknown")}"') == [], "whoever is refused leaves no account"

    page.directory.scim.change(ben, {"op": "replace", "value": {"active": False}})
    assert page.sign_in(person("ben"))["decision"] == "refused_deactivated"

    page.update("--scim", "off")
    refused(page.directory.scim.get("/Users"), 403, naming="SCIM")
    assert page.saml() == {"stored": True, "effective": True, "status": "on"}
    assert page.sign_in(person("unknown"))["decision"] == "created"
    assert page.sign_in(person("ben"))["decision"] == "refused_deactivated", "what SCIM has ended stays ended"

    page.update("--scim", "on")
    assert page.works(page.directory.token), "data and token were kept"
    names = [user["userName"] for user in listing(page.directory.scim.get("/Users"))["Resources"]]
    assert sorted(names) == sorted(person(first) for first in ("before", "ben", "unknown"))


def test_the_saml_choice_that_is_stored_while_scim_is_on_counts_when_it_goes_off(page, person):
    page.update("--scim", "on", "--saml-provisioning", "off")
    assert page.saml() == {"stored": False, "effective": False, "status": "overridden by SCIM"}
    page.update("--scim", "off")
    assert page.saml() == {"stored": False, "effective": False, "status": "off"}
    late = page.sign_in(person("late"))
    assert (late["decision"], late["rule"]) == ("refused_not_provisioned", "provisioning_off")


def test_the_token_is_regenerated_at_once_or_with_an_overlap(page):
    first = page.directory.token
    second = page.rotate("0s")
    assert not page.works(first)
    assert page.works(second)
    third = page.rotate("1h")
    assert page.works(second)
    assert page.works(third)


def test_a_first_sign_in_sends_one_e_mail_a_second_none(page, person):
    boss = person("boss")
    page.update("--scim", "off", "--saml-provisioning", "on", "--notify-admins", "on", "--admin-email", boss)
    assert page.sign_in(person("ana"), subject="ana")["decision"] == "created"
    [mail] = eventually(lambda: page.mails(boss), "the administrator is told of Ana")
    assert person("ana") in mail.get_body(("plain",)).get_content()
    assert person("ana") in mail.get_body(("html",)).get_content()
    assert page.sign_in(person("ana"), subject="ana")["decision"] == "existing"
    # The next person's e-mail comes behind any that Ana's second sign-in had sent.
    assert page.sign_in(person("eve"), subject="eve")["decision"] == "created"
    eventually(lambda: len(page.mails(boss)) > 1, "the administrator is told of Eve")
    told = [mail.get_body(("plain",)).get_content() for mail in page.mails(boss)]
    assert [person("ana") in text for text in told] == [True, False]


def test_no_e_mail_where_the_setting_is_off_or_scim_made_the_account(page, person):
    boss = person("boss")
    page.update("--scim", "off", "--saml-provisioning", "on", "--notify-admins", "off", "--admin-email", boss)
    assert page.sign_in(person("quiet"))["decision"] == "created"
    page.update("--notify-admins", "on", "--scim", "on")
    provisioned = created(page.directory.scim.post("/Users", a_user(person("provisioned"))))
    assert page.sign_in(person("provisioned"))["decision"] == "existing"
    no_content(page.directory.scim.delete(f"/Users/{provisioned['id']}"))
    page.update("--scim", "off")
    assert page.sign_in(person("loud"))["decision"] == "created"
    [mail] = eventually(lambda: page.mails(boss), "the administrator is told of the one who counts")
    assert person("loud") in mail.get_body(("plain",)).get_content()
