"""Whom a directory tells what, and the settings of the mail server: what is wrong is said, and no password is."""

import ssl

import pytest
import trustme

from harness.rpc import refuses
from harness.smtp import Postbox

USER, PASSWORD = "rollcall", "hunter2-p/w d"
QUOTED = "hunter2-p%2Fw%20d"


def test_a_directory_says_whom_it_tells(house, name):
    label = name.split("@")[0].replace(".", "-")
    made = house.command_json("directory", "create", label, "--profile", "okta")
    assert made["notify_admins_on_first_sso_sign_in"] is False
    assert made["admin_emails"] == []
    update = ["directory", "update", label]
    changed = house.command_json(*update, "--notify-admins", "on", "--admin-email", "it@example.com")
    assert changed["notify_admins_on_first_sso_sign_in"] is True
    assert changed["admin_emails"] == ["it@example.com"]
    shown = house.command_json("directory", "show", label)
    assert {**changed, "connection": shown["connection"]} == shown
    for several in (
        ["--admin-email", "a@example.com", "--admin-email", "b@example.com", "--admin-email", "A@example.COM"],
        ["--admin-email", "a@example.com", "b@example.com", "A@example.COM"],
    ):
        assert house.command_json(*update, *several)["admin_emails"] == ["a@example.com", "b@example.com"]
    assert house.command_json(*update, "--notify-admins", "off")["admin_emails"] == ["a@example.com", "b@example.com"]
    cleared = house.command_json(*update, "--no-admin-emails")
    assert (cleared["admin_emails"], cleared["notify_admins_on_first_sso_sign_in"]) == ([], False)
    both = house.command_json(
        "directory",
        "create",
        f"{label}-2",
        "--profile",
        "okta",
        "--notify-admins",
        "on",
        "--admin-email",
        "x@example.com",
    )
    assert (both["admin_emails"], both["notify_admins_on_first_sso_sign_in"]) == (["x@example.com"], True)


@pytest.mark.parametrize(
    "bad", ["it", "it@", "IT <it@example.com>", "it@example.com\r\nBcc: all@example.com", "a@example.com,b@example.com"]
)
def test_what_is_no_address_is_refused_and_named_and_nothing_changes(house, bad):
    directory = house.new_directory()
    naming = bad.splitlines()[0]
    with refuses("INVALID_VALUE", naming=naming):
        house.admin.call(
            "DirectoryService/UpdateDirectory",
            name=directory.name,
            notify_admins_on_first_sso_sign_in=True,
            admin_emails={"addresses": ["good@example.com", bad]},
        )
    shown = house.command_json("directory", "show", directory.name)
    assert (shown["admin_emails"], shown["notify_admins_on_first_sso_sign_in"]) == ([], False)
    done = house.command("directory", "update", directory.name, "--admin-email", bad)
    assert done.returncode == 1
    assert "admin_emails" in done.stderr


def test_a_change_of_them_is_an_event(generic):
    generic.house.command_json("directory", "update", generic.name, "--admin-email", "it@example.com")
    changes = generic.events(generic.id)[-1]["changes"]
    assert "it@example.com" in changes
    assert "notify_admins" not in changes


def test_a_directory_that_could_tell_nobody_is_warned_of(house):
    directory = house.new_directory()
    update = ["directory", "update", directory.name]
    done = house.command(*update, "--notify-admins", "on")
    assert done.returncode == 0
    assert "nobody" in done.stderr
    done = house.command(*update, "--admin-email", "it@example.com")
    assert "ROLLCALL_SMTP_URL" in done.stderr
    assert "nobody" not in done.stderr
    assert house.command(*update, "--groups", "on").stderr == ""


@pytest.mark.parametrize(
    ("settings", "naming"),
    [
        ({"URL": f"smtp://{USER}:{QUOTED}@mail.example.com"}, "tls=required"),
        ({"URL": f"https://{USER}:{QUOTED}@mail.example.com"}, "smtps://"),
        ({"URL": f"smtps://{USER}:{QUOTED}@mail.example.com/path"}, "host"),
        ({"URL": f"smtps://{USER}@mail.example.com"}, "ROLLCALL_SMTP_PASSWORD"),
        ({"URL": "smtps://mail.example.com", "PASSWORD": PASSWORD}, "no user"),
        ({"URL": f"smtps://{USER}:{QUOTED}@mail.example.com", "PASSWORD": PASSWORD}, "once"),
        ({"URL": "smtps://mail.example.com", "FROM": ""}, "smtp-from"),
        ({"URL": "smtps://mail.example.com", "FROM": "rollcall"}, "smtp-from"),
        ({"URL": "smtps://mail.example.com", "CA_CERT": "/no/such/file"}, "/no/such/file"),
        ({"URL": "smtps://mail.example.com", "CA_CERT": "/etc/hostname"}, "smtp-ca-cert"),
        ({"URL": "smtps://mail.example.com", "TIMEOUT": "0s"}, "smtp-timeout"),
    ],
)
@pytest.mark.parametrize("command", ["serve", "core"])
def test_a_server_does_not_start_with_a_mail_server_that_cannot_be_used(builder, command, settings, naming):
    house = builder.new("serve-sqlite")
    settings = {"FROM": "rollcall@example.com", **settings}
    done = house.command(command, **{f"ROLLCALL_SMTP_{name}": value for name, value in settings.items()})
    assert done.returncode == 2, done
    assert naming in done.stderr
    assert "hunter2" not in done.stderr + done.stdout


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


def server_side(authority: trustme.CA, host: str = "127.0.0.1") -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert(host).configure_cert(context)
    return context


def house_with(builder, authority, folder, url: str, **login: str):
    """An installation that sends by a server with a certificate, and a directory with one address."""
    certificate, settings = folder / "ca.pem", {f"ROLLCALL_SMTP_{name}": value for name, value in login.items()}
    authority.cert_pem.write_to_path(certificate)
    settings |= {
        "ROLLCALL_SMTP_URL": url,
        "ROLLCALL_SMTP_FROM": "rollcall@example.com",
        "ROLLCALL_SMTP_CA_CERT": str(certificate),
        "ROLLCALL_SMTP_RETRY_DELAY": "100ms",
        "ROLLCALL_LOG": "trace",
    }
    house = builder.start("serve-sqlite", settings=settings)
    directory = house.new_directory()
    house.command_json("directory", "update", directory.name, "--admin-email", "it@example.com")
    return house, directory


@pytest.mark.parametrize(
    ("kind", "url"),
    [("start_tls", "smtp://{}@127.0.0.1:{}?tls=required"), ("tls", "smtps://{}@127.0.0.1:{}")],
)
@pytest.mark.parametrize("where", ["environment", "url", "file"])
def test_a_server_with_tls_and_a_password_takes_notices_and_nobody_sees_the_password(
    builder, authority, tmp_path, kind, url, where
):
    postbox = Postbox(login=(USER, PASSWORD), **{kind: server_side(authority)}).start()
    (tmp_path / "password").write_text(PASSWORD + "\n")
    login = {
        "environment": {"PASSWORD": PASSWORD},
        "url": {},
        "file": {"PASSWORD_FILE": str(tmp_path / "password")},
    }[where]
    user = f"{USER}:{QUOTED}" if where == "url" else USER
    house, directory = house_with(builder, authority, tmp_path, url.format(user, postbox.port), **login)
    [sent] = house.command_json("notice", "test", "--directory", directory.name)["notices"]
    assert sent["state"] == "sent", sent
    assert len(postbox.messages) == 1
    house.stop()
    postbox.stop()
    assert "hunter2" not in house.output
    assert b"hunter2" not in house.database.text()


def test_a_wrong_password_is_told_without_the_password_and_parks_nothing(builder, authority, tmp_path):
    postbox = Postbox(login=(USER, "another one"), start_tls=server_side(authority)).start()
    url = f"smtp://{USER}@127.0.0.1:{postbox.port}?tls=required"
    house, directory = house_with(builder, authority, tmp_path, url, PASSWORD=PASSWORD)
    done = house.command("notice", "test", "--directory", directory.name, "--json")
    assert done.returncode == 1
    assert '"pending"' in done.stdout
    assert "535" in done.stdout
    house.stop()
    postbox.stop()
    for text in (done.stdout, done.stderr, house.output):
        assert "hunter2" not in text
    assert b"hunter2" not in house.database.text()


@pytest.mark.parametrize("trouble", ["no-tls", "stranger", "another-host"])
def test_where_tls_cannot_be_trusted_neither_password_nor_notice_is_sent(builder, authority, tmp_path, trouble):
    context = {
        "no-tls": None,
        "stranger": server_side(trustme.CA()),
        "another-host": server_side(authority, "mail.example.com"),
    }[trouble]
    postbox = Postbox(start_tls=context).start()
    url = f"smtp://{USER}@127.0.0.1:{postbox.port}?tls=required"
    house, directory = house_with(builder, authority, tmp_path, url, PASSWORD=PASSWORD)
    done = house.command("notice", "test", "--directory", directory.name)
    assert done.returncode == 1
    assert "cannot be used" in done.stdout
    house.stop()
    postbox.stop()
    assert postbox.messages == []
    assert postbox.attempts == {}
