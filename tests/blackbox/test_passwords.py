"""Passwords: forgotten, or kept as hashes and checked for services, as the directory wants it."""

import json

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from harness.rpc import api, refuses
from harness.scim import Scim, a_user, created, no_content, ok, refused

PASSWORD = "Correct-Horse 4711 \u00fc"
NEW = "Battery-Staple 4712"


@pytest.fixture
def keeping(house):
    """A new directory that keeps passwords."""
    directory = house.new_directory("generic")
    changed = house.command_json("directory", "update", directory.name, "--password", "store")
    assert changed["password"] == "store"
    return directory


@pytest.fixture
def service(keeping):
    """A service that may check passwords in that directory, and nothing else."""
    return keeping.house.rpc(keeping.house.new_service_key("PASSWORD_VERIFY", directory=keeping.name))


def verified(service, password: str, **user) -> str:
    """The id of the user whose password it is, or an empty text."""
    answer = service.call("UserService/VerifyPassword", password=password, **user)
    assert answer.verified == bool(answer.id)
    return answer.id


def hashes(directory) -> list[str]:
    database = directory.house.database
    rows = database.rows("SELECT hash FROM passwords WHERE directory_id = ?", directory.house.database_id(directory.id))
    return [row["hash"] for row in rows]


def test_a_password_is_checked_by_id_and_by_name_whatever_its_case(keeping, service, name):
    user = keeping.scim.create(name, password=PASSWORD)
    other = keeping.scim.create(f"other.{name}", password=NEW)
    assert "password" not in user
    assert verified(service, PASSWORD, id=user["id"]) == user["id"]
    assert verified(service, PASSWORD, user_name=name.upper()) == user["id"]
    assert verified(service, PASSWORD.replace("\u00fc", "u\u0308"), user_name=name) == user["id"]
    assert verified(service, PASSWORD.lower(), user_name=name) == ""
    assert verified(service, NEW, user_name=name) == ""
    assert verified(service, NEW, id=other["id"]) == other["id"]


def test_whoever_has_no_password_or_is_not_there_or_is_inactive_is_answered_alike(keeping, service, name):
    none = keeping.scim.create(f"none.{name}")
    inactive = keeping.scim.create(name, password=PASSWORD)
    keeping.scim.change(inactive, {"op": "replace", "path": "active", "value": False})
    for user in (
        {"id": none["id"]},
        {"id": inactive["id"]},
        {"user_name": name},
        {"user_name": f"nobody.{name}"},
        {"id": "01890000-0000-7000-8000-000000000000"},
        {"id": "no-id"},
    ):
        assert verified(service, PASSWORD, **user) == ""
    keeping.scim.change(inactive, {"op": "replace", "path": "active", "value": True})
    assert verified(service, PASSWORD, user_name=name) == inactive["id"]


def test_a_replacement_without_a_password_keeps_it_and_one_with_it_changes_it(keeping, service, name):
    user = keeping.scim.create(name, password=PASSWORD)
    keeping.scim.replace(user, a_user(name, title="Boss"))
    assert verified(service, PASSWORD, user_name=name)
    keeping.scim.replace(user, a_user(name, title="Boss", password=NEW))
    assert verified(service, PASSWORD, user_name=name) == ""
    assert verified(service, NEW, user_name=name)
    keeping.scim.replace(user, a_user(name, title="Boss", password=None))
    assert verified(service, NEW, user_name=name)


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "replace", "path": "password", "value": NEW},
        {"op": "Add", "path": "PASSWORD", "value": NEW},
        {"op": "replace", "value": {"password": NEW, "title": "Boss"}},
        {"op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:password", "value": NEW},
    ],
)
def test_a_patch_sets_a_password(keeping, service, name, operation):
    user = keeping.scim.create(name, password=PASSWORD)
    keeping.scim.change(user, operation)
    assert verified(service, PASSWORD, user_name=name) == ""
    assert verified(service, NEW, user_name=name) == user["id"]


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "remove", "path": "password"},
        {"op": "replace", "path": "password", "value": None},
        {"op": "replace", "value": {"password": ""}},
    ],
)
def test_a_patch_takes_a_password_away(keeping, service, name, operation):
    user = keeping.scim.create(name, password=PASSWORD)
    keeping.scim.change(user, operation)
    assert verified(service, PASSWORD, user_name=name) == ""
    assert hashes(keeping) == []
    before = keeping.scim.read(user)
    assert keeping.scim.change(user, operation) == before, "what is not there cannot be taken away"


def test_a_new_password_alone_is_a_change_and_its_event_does_not_tell_it(keeping, name):
    user = keeping.scim.create(name, password=PASSWORD)
    changed = keeping.scim.change(user, {"op": "replace", "path": "password", "value": NEW})
    assert changed["meta"]["version"] != user["meta"]["version"]
    keeping.scim.change(user, {"op": "replace", "path": "title", "value": "Boss"})
    made, renewed, titled = [json.loads(event["changes"]) for event in keeping.events(user["id"])]
    told = {"before": None, "after": None}
    assert made["password"] == told
    assert renewed == {"password": told}
    assert "password" not in titled
    stored = keeping.house.database.text()
    for secret in (PASSWORD, NEW):
        assert secret.encode() not in stored
    [hash] = hashes(keeping)
    assert hash.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


def test_a_patch_that_fails_changes_no_password(keeping, service, name):
    user = keeping.scim.create(name, password=PASSWORD)
    new = {"op": "replace", "path": "password", "value": NEW}
    wrong = {"op": "replace", "path": "nothing", "value": "x"}
    refused(keeping.scim.patch(f"/Users/{user['id']}", new, wrong), 400, "invalidPath", naming="Operations[1]")
    number = {"op": "replace", "path": "password", "value": 7}
    refused(keeping.scim.patch(f"/Users/{user['id']}", number), 400, "invalidValue", naming="password")
    stale = {"If-Match": 'W/"99"'}
    assert keeping.scim.patch(f"/Users/{user['id']}", new, headers=stale).status_code == 412
    assert verified(service, PASSWORD, user_name=name) == user["id"]
    assert keeping.scim.read(user) == user


def test_a_password_that_is_too_long_is_refused_where_it_would_be_kept(keeping, generic, name):
    long = "x" * 1025
    refused(keeping.scim.post("/Users", a_user(name, password=long)), 400, "invalidValue", naming="password")
    assert keeping.scim.total() == 0
    created(generic.scim.post("/Users", a_user(name, password=long)))


def test_a_password_goes_with_its_user(keeping, service, name):
    user = keeping.scim.create(name, password=PASSWORD)
    no_content(keeping.scim.delete(f"/Users/{user['id']}"))
    assert hashes(keeping) == []
    keeping.scim.create(name)
    assert verified(service, PASSWORD, user_name=name) == ""


def test_nothing_is_kept_unless_the_directory_wants_it(generic, name):
    user = generic.scim.create(name, password=PASSWORD)
    changed = generic.scim.change(user, {"op": "replace", "path": "password", "value": NEW})
    assert changed == user, "what is forgotten changes nothing"
    assert hashes(generic) == []
    service = generic.house.rpc(generic.house.new_service_key("PASSWORD_VERIFY", directory=generic.name))
    with refuses("FORBIDDEN", naming=generic.name):
        service.call("UserService/VerifyPassword", user_name=name, password=PASSWORD)


def test_changing_the_setting_forgets_every_password(keeping, service, name):
    house = keeping.house
    user = keeping.scim.create(name, password=PASSWORD)
    for handling in ("discard", "store"):
        assert house.command_json("directory", "update", keeping.name, "--password", handling)["password"] == handling
        assert hashes(keeping) == []
    assert verified(service, PASSWORD, user_name=name) == ""
    keeping.scim.change(user, {"op": "replace", "path": "password", "value": NEW})
    house.command_json("directory", "update", keeping.name, "--password", "store", "--scim", "on")
    assert verified(service, NEW, user_name=name) == user["id"], "the same setting again forgets nothing"


def test_what_the_directory_does_is_announced_to_whoever_has_its_credential(keeping, generic):
    for directory, supported in ((keeping, True), (generic, False)):
        config = ok(directory.scim.get("/ServiceProviderConfig"))
        assert config["changePassword"] == {"supported": supported}
    anybody = Scim(keeping.house.base_url, None)
    assert ok(anybody.get("/ServiceProviderConfig"))["changePassword"] == {"supported": False}


def test_a_password_cannot_be_asked_for_over_scim(keeping, name):
    keeping.scim.create(name, password=PASSWORD)
    refused(keeping.scim.get("/Users", filter=f'password eq "{PASSWORD}"'), 400, "invalidFilter")
    refused(keeping.scim.get("/Users", sortBy="password"), 400, "invalidPath")
    assert "assword" not in keeping.scim.get("/Users", attributes="password,userName").text


def test_what_is_missing_is_said(keeping, service, name):
    with refuses("INVALID_VALUE", naming="user"):
        service.call("UserService/VerifyPassword", password=PASSWORD)
    with refuses("INVALID_VALUE", naming="password"):
        service.call("UserService/VerifyPassword", user_name=name)
    with refuses("INVALID_VALUE", naming="U+0000"):
        service.call("UserService/VerifyPassword", user_name="a\0b", password=PASSWORD)
    with refuses("NOT_FOUND"):
        service.call("UserService/VerifyPassword", directory="default", user_name=name, password=PASSWORD)


def retry_delay(error: grpc.RpcError) -> float:
    """The seconds that a refusal says to wait."""
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    for detail in status_pb2.Status.FromString(details).details:
        info = error_details_pb2.RetryInfo()
        if detail.Unpack(info):
            return info.retry_delay.ToTimedelta().total_seconds()
    raise AssertionError("there is no RetryInfo")


def refusal(service, password: str, **user) -> grpc.RpcError | None:
    try:
        verified(service, password, **user)
    except grpc.RpcError as error:
        return error
    return None


def test_passwords_cannot_be_guessed_by_trying_them_all(builder, name):
    settings = {"ROLLCALL_PASSWORD_ATTEMPTS_PER_USER": "3", "ROLLCALL_PASSWORD_ATTEMPTS_PER_KEY": "20"}
    house = builder.start("serve-sqlite", settings=settings)
    store = api()["directory"].PASSWORD_HANDLING_STORE
    house.admin.call("DirectoryService/UpdateDirectory", name="default", password_handling=store)
    service, other_key = [house.rpc(house.new_service_key("PASSWORD_VERIFY", directory="default")) for _ in range(2)]
    ana = house.default.scim.create(name, password=PASSWORD)
    ben = house.default.scim.create(f"ben.{name}", password=PASSWORD)

    # As often as one likes with the right one.
    for _ in range(5):
        assert verified(service, PASSWORD, user_name=name) == ana["id"]
    # Wrong ones count, by whatever name the user is called, also for a user who is not there.
    for user in ({"user_name": name}, {"id": ana["id"]}, {"user_name": name.upper()}):
        assert refusal(service, "wrong", **user) is None
    for user, password in (({"user_name": name}, PASSWORD), ({"id": ana["id"]}, "wrong")):
        error = refusal(service, password, **user)
        assert error.code() is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert 0 < retry_delay(error) <= 60
        with refuses("RATE_LIMITED", naming="user"):
            raise error
    for expected in (None, None, None, "RATE_LIMITED"):
        error = refusal(service, "wrong", user_name=f"nobody.{name}")
        assert (error is None) == (expected is None)
    assert verified(service, PASSWORD, id=ben["id"]) == ben["id"], "each user counts for itself"

    # 15 attempts so far; after five more, and those that come back with time, the key is spent, whomever it asks for.
    # Another key is not.
    errors = (refusal(service, "wrong", user_name=f"{number}.{name}") for number in range(200))
    spent, error = next((number, error) for number, error in enumerate(errors) if error is not None)
    assert spent >= 5
    with refuses("RATE_LIMITED", naming="credential"):
        raise error
    assert verified(other_key, PASSWORD, id=ben["id"]) == ben["id"]
