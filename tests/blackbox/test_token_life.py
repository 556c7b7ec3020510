"""The life of tokens: when they were last used and from where, and that administrators are warned before they end."""

import time

import pytest

from harness.rpc import api
from harness.scim import Scim, listing

pytestmark = pytest.mark.databases

DAY = 24 * 60 * 60
ADMIN = "admin@example.com"


def until(found):
    """What is found at last."""
    for _ in range(600):
        if (seen := found()) is not None:
            return seen
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def last_use(directory) -> tuple[int, str] | None:
    """When and from where the newest token of a directory was last used, as its administrator sees it."""
    token = directory.house.admin.call("TokenService/ListTokens", directory=directory.name).tokens[0]
    return (token.last_used.seconds, token.last_used_from) if token.HasField("last_used") else None


def test_the_last_use_of_a_token_is_shown_a_while_later(house, generic):
    assert last_use(generic) is None
    begin = int(time.time())
    listing(generic.scim.get("/Users"))
    seconds, address = until(lambda: last_use(generic))
    assert begin <= seconds <= time.time()
    assert address == "127.0.0.1"
    [shown] = house.command_json("token", "list", "--directory", generic.name)["tokens"]
    assert shown["lastUsed"] is not None
    assert shown["lastUsedFrom"] == "127.0.0.1"


@pytest.mark.parametrize("mode", ["serve-sqlite", "apart-postgres"])
def test_what_was_not_written_yet_is_when_the_core_ends(builder, mode):
    house = builder.start(mode)
    directory = house.new_directory()
    user = directory.scim.create("ana")
    # Each way to the data counts as a use.
    directory.scim.read(user)
    assert house.stop() == [0] * len(house.processes)
    rows = house.database.rows("SELECT used, used_from FROM credentials WHERE kind = 'scim_token' AND used IS NOT NULL")
    assert [row["used_from"] for row in rows] == ["127.0.0.1"]


@pytest.mark.parametrize("mode", ["serve-sqlite", "apart-sqlite"])
def test_what_a_proxy_says_is_believed_only_of_one_that_is_trusted(builder, mode):
    forwarded = {"X-Forwarded-For": "203.0.113.9, 198.51.100.7"}
    seen = {}
    for trusted in ("127.0.0.0/8", "10.0.0.0/8"):
        house = builder.start(mode, settings={"ROLLCALL_TRUSTED_PROXIES": trusted})
        directory = house.new_directory()
        listing(directory.scim.get("/Users", headers=forwarded | {"Accept": "application/scim+json"}))
        seen[trusted] = until(lambda directory=directory: last_use(directory))[1]
        house.stop()
    assert seen == {"127.0.0.0/8": "198.51.100.7", "10.0.0.0/8": "127.0.0.1"}


def test_a_use_that_is_refused_is_none(house, generic):
    refused = Scim(house.base_url, generic.token[:-1])
    assert refused.get("/Users").status_code == 401
    key = house.new_service_key("DIRECTORY_READ", directory=generic.name)
    house.rpc(key).call("UserService/ListUsers")

    def used():
        keys = house.admin.call("ServiceKeyService/ListServiceKeys", directory=generic.name).service_keys
        return keys[0] if keys[0].HasField("last_used") else None

    assert until(used).last_used_from == "127.0.0.1"
    assert last_use(generic) is None


class Expiring:
    """An installation whose core is started anew to have it look for tokens that are about to end."""

    def __init__(self, house):
        self.house = house
        self.directory = house.new_directory()
        house.admin.call(
            "DirectoryService/UpdateDirectory",
            name=self.directory.name,
            admin_emails={"addresses": [ADMIN]},
        )

    def token(self, days: float) -> str:
        """A token that ends in so many days; returns its prefix."""
        expires = {"seconds": int(time.time() + days * DAY)}
        made = self.house.admin.call("TokenService/CreateToken", directory=self.directory.name, expires=expires)
        return made.token.prefix

    def move(self, prefix: str, days: float) -> None:
        """Lets time pass until a token ends in so many days."""
        expires = int((time.time() + days * DAY) * 1_000_000)
        self.house.database.execute("UPDATE credentials SET expires = ? WHERE prefix = ?", expires, prefix)

    def written(self) -> list[str]:
        """The warnings that have been written so far."""
        mails = self.house.database.rows(
            "SELECT subject, text FROM mails WHERE directory_id = ? AND kind = 'token_expires'",
            self.house.database_id(self.directory.id),
        )
        return [mail["subject"] + mail["text"] for mail in mails]

    def warnings(self) -> list[str]:
        """The subjects of the warnings that have been written, after the core has looked again."""
        marker = self.token(0.01)
        self.house.processes[0].stop()
        self.house.restart_core()

        def looked():
            # Warnings are written in order of the ends, and this token's is the first.
            return any(marker in warning for warning in self.written())

        until(looked)
        time.sleep(1)
        return [warning for warning in self.written() if marker not in warning]


@pytest.fixture(params=["apart-sqlite", "apart-postgres"])
def expiring(request, builder):
    return Expiring(builder.start(request.param))


def test_administrators_are_warned_14_7_and_1_days_before_once_each(expiring):
    prefix = expiring.token(15)

    def count():
        return sum(prefix in warning for warning in expiring.warnings())

    assert count() == 0
    for days, warnings in [(13.5, 1), (13, 1), (6.5, 2), (2, 2), (0.5, 3), (0.1, 3)]:
        expiring.move(prefix, days)
        assert count() == warnings, days


def test_no_warning_of_what_never_ends_has_ended_or_was_rotated_at_once(expiring):
    house, name = expiring.house, expiring.directory.name
    revoked = expiring.token(5)
    house.admin.call("TokenService/RevokeToken", directory=name, token=revoked)
    rotated = house.admin.call("TokenService/RotateToken", directory=name, overlap={"seconds": 0}).previous.prefix
    assert expiring.warnings() == [], (revoked, rotated)


def test_the_old_token_of_a_rotation_is_warned_of_at_once_where_it_has_a_day_left_and_else_only_later(expiring):
    house, name = expiring.house, expiring.directory.name
    near = house.admin.call("TokenService/RotateToken", directory=name).previous.prefix
    [warning] = expiring.written()
    assert near in warning
    assert "expires in 24 hours" in warning
    assert "Another token has been made in its place" in warning
    far = house.admin.call("TokenService/RotateToken", directory=name, overlap={"seconds": 5 * DAY}).previous.prefix
    assert [near in warning for warning in expiring.warnings()] == [True], "the marks of the past are never sent"
    expiring.move(far, 0.9)
    assert sum(far in warning for warning in expiring.warnings()) == 1


def test_an_overlap_of_an_hour_is_announced_as_one(expiring):
    name = expiring.directory.name
    expiring.house.admin.call("TokenService/RotateToken", directory=name, overlap={"seconds": 60 * 60})
    [warning] = expiring.written()
    assert f"A token of {name} expires in 1 hour" in warning


def test_administrators_are_warned_of_service_keys_and_client_secrets_of_the_directory_too(expiring):
    house, name = expiring.house, expiring.directory.name
    scope = [api()["access"].SCOPE_DIRECTORY_READ]
    soon = {"seconds": int(time.time() + 5 * DAY)}
    key = {"name": "search", "scopes": scope, "expires": soon}
    bound = house.admin.call("ServiceKeyService/CreateServiceKey", directory=name, **key).service_key.prefix
    of_all = house.admin.call("ServiceKeyService/CreateServiceKey", **key).service_key.prefix
    client = house.admin.call("OAuthService/CreateClient", directory=name, expires=soon)
    warnings = "".join(expiring.warnings())
    assert f"A service key of {name} expires in 5 days" in warnings
    assert bound in warnings
    assert f"A client secret of {name} expires in 5 days" in warnings
    assert client.client.secrets[0].prefix in warnings
    assert of_all not in warnings, "a key for all directories has nobody to be told"
