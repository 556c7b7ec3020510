"""Tokens and keys: shown once, rotated without an outage, ended at once."""

import time

import pytest

from harness.rpc import api, judge, refuses
from harness.scim import Scim, ok, refused


def tokens_of(directory) -> list:
    """The tokens of a directory as its administrator sees them, newest first."""
    return list(directory.house.admin.call("TokenService/ListTokens", directory=directory.name).tokens)


def works(directory, token: str) -> bool:
    answer = Scim(directory.house.base_url, token).get("/Users")
    assert answer.status_code in (200, 401)
    return answer.status_code == 200


def rotate(directory, seconds: int | None, token: str = ""):
    overlap = {} if seconds is None else {"overlap": {"seconds": seconds}}
    return directory.house.admin.call("TokenService/RotateToken", directory=directory.name, token=token, **overlap)


def test_a_token_is_short_enough_for_entra_and_known_by_its_prefix(generic):
    assert generic.token.startswith("rc_scim_")
    assert len(generic.token) <= 100
    [token] = tokens_of(generic)
    assert generic.token.startswith(token.prefix)
    assert token.directory == generic.name


def test_a_token_is_never_shown_again(generic):
    listed = generic.house.admin.call("TokenService/ListTokens", directory=generic.name)
    assert generic.token not in str(listed)
    assert generic.token.encode() not in listed.SerializeToString()


def test_rotating_without_an_overlap_ends_the_old_token_at_once(generic):
    rotation = rotate(generic, 0)
    assert not works(generic, generic.token)
    assert works(generic, rotation.secret)
    assert rotation.previous.HasField("revoked")


@pytest.mark.parametrize("seconds", [None, 3600])
def test_rotating_with_an_overlap_keeps_both_for_a_while(generic, seconds):
    rotation = rotate(generic, seconds)
    assert works(generic, generic.token)
    assert works(generic, rotation.secret)
    assert rotation.previous.HasField("expires")
    assert not rotation.previous.HasField("revoked")
    length = rotation.previous.expires.seconds - rotation.token.created.seconds
    assert length == (24 * 3600 if seconds is None else seconds)


def test_an_overlap_ends_by_itself(generic):
    rotation = rotate(generic, 1)
    wait_until(lambda: not works(generic, generic.token))
    assert works(generic, rotation.secret)


def test_a_token_expires_by_itself(generic):
    expires = {"seconds": int(time.time()) + 2}
    made = generic.house.admin.call("TokenService/CreateToken", directory=generic.name, expires=expires)
    assert made.token.expires.seconds == expires["seconds"]
    wait_until(lambda: not works(generic, made.secret))
    assert works(generic, generic.token)


def wait_until(ends) -> None:
    for _ in range(200):
        if ends():
            return
        time.sleep(0.1)
    raise AssertionError("it did not happen")


def test_a_revoked_token_is_refused_from_the_next_request_on(generic):
    assert works(generic, generic.token)
    [token] = tokens_of(generic)
    revoke = {"directory": generic.name, "token": token.prefix}
    first = generic.house.admin.call("TokenService/RevokeToken", **revoke).token
    refused(generic.scim.get("/Users"), 401)
    again = generic.house.admin.call("TokenService/RevokeToken", **revoke).token
    assert again.revoked == first.revoked


def test_rotating_picks_the_newest_live_token_or_the_one_that_is_named(generic):
    second = generic.house.new_token(generic.name)
    oldest = tokens_of(generic)[-1]
    rotate(generic, 0)
    assert (works(generic, generic.token), works(generic, second)) == (True, False)
    rotate(generic, 0, token=oldest.id)
    assert not works(generic, generic.token)


def test_there_is_nothing_to_rotate_where_all_have_ended(generic):
    [token] = tokens_of(generic)
    generic.house.admin.call("TokenService/RevokeToken", directory=generic.name, token=token.id)
    with refuses("NOT_FOUND"):
        rotate(generic, 0)
    with refuses("NOT_FOUND"):
        rotate(generic, 0, token=token.id)


@pytest.mark.parametrize("seconds", [-1, 30 * 86400 + 1, 2**62])
def test_an_overlap_out_of_bounds_is_refused_and_changes_nothing(generic, seconds):
    with refuses("INVALID_VALUE", naming="overlap"):
        rotate(generic, seconds)
    assert works(generic, generic.token)
    assert len(tokens_of(generic)) == 1


@pytest.mark.parametrize("fields", [{"expires": {"seconds": 1}}, {"description": "x" * 201}, {"description": "a\nb"}])
def test_a_token_that_cannot_be_is_refused(generic, fields):
    with refuses("INVALID_VALUE"):
        generic.house.admin.call("TokenService/CreateToken", directory=generic.name, **fields)
    assert len(tokens_of(generic)) == 1


def test_a_token_of_another_directory_cannot_be_named(house):
    mine, theirs = house.new_directory(), house.new_directory()
    [token] = tokens_of(theirs)
    for name in (token.id, token.prefix):
        with refuses("NOT_FOUND"):
            house.admin.call("TokenService/RevokeToken", directory=mine.name, token=name)
        with refuses("NOT_FOUND"):
            rotate(mine, 0, token=name)
    assert works(theirs, theirs.token)


def test_a_key_is_rotated_and_revoked(house):
    access = api()["access"]
    made = house.admin.call("ServiceKeyService/CreateServiceKey", name="crm", scopes=[access.SCOPE_EVENTS_READ])
    assert made.secret.startswith("rc_svc_")
    assert list(made.service_key.scopes) == [access.SCOPE_EVENTS_READ]

    def verdict(secret):
        return judge(lambda: house.rpc(secret).call("IdentityService/WhoAmI"))

    rotation = house.admin.call(
        "ServiceKeyService/RotateServiceKey", service_key=made.service_key.id, overlap={"seconds": 600}
    )
    assert (rotation.service_key.name, list(rotation.service_key.scopes)) == ("crm", [access.SCOPE_EVENTS_READ])
    assert (verdict(made.secret), verdict(rotation.secret)) == ("OK", "OK")
    house.admin.call("ServiceKeyService/RevokeServiceKey", service_key=made.service_key.id)
    assert (verdict(made.secret), verdict(rotation.secret)) == ("CREDENTIAL_INVALID", "OK")
    house.admin.call("ServiceKeyService/RotateServiceKey", service_key=rotation.service_key.prefix, overlap={})
    assert verdict(rotation.secret) == "CREDENTIAL_INVALID"


@pytest.mark.parametrize(
    "fields",
    [
        {"scopes": ["DIRECTORY_READ"]},
        {"name": "  ", "scopes": ["DIRECTORY_READ"]},
        {"name": "x"},
        {"name": "x", "scopes": ["PUBLIC"]},
        {"name": "x", "scopes": ["UNSPECIFIED"]},
        {"name": "x", "scopes": [99]},
        {"name": "x" * 201, "scopes": ["DIRECTORY_READ"]},
        {"name": "x", "scopes": ["DIRECTORY_READ"], "expires": {"seconds": 1}},
    ],
)
def test_a_key_that_cannot_be_is_refused(database_house, fields):
    scope = api()["access"].Scope
    numbers = [one if isinstance(one, int) else scope.Value(f"SCOPE_{one}") for one in fields.get("scopes", [])]
    before = len(database_house.admin.call("ServiceKeyService/ListServiceKeys").service_keys)
    with refuses("INVALID_VALUE"):
        database_house.admin.call("ServiceKeyService/CreateServiceKey", **fields | {"scopes": numbers})
    assert len(database_house.admin.call("ServiceKeyService/ListServiceKeys").service_keys) == before


def test_a_token_is_revoked_on_every_replica_from_the_next_request_on(builder, name):
    first = builder.start("apart-postgres")
    second = builder.start(
        "apart-postgres", database=first.database, admin_key=first.admin_key, scim_token=first.scim_token
    )
    directory = first.new_directory()
    beside = Scim(second.base_url, directory.token)
    user = directory.scim.create(name)
    assert beside.read(user)["userName"] == name
    [token] = tokens_of(directory)
    first.admin.call("TokenService/RevokeToken", directory=directory.name, token=token.id)
    refused(beside.get("/Users"), 401)
    made = second.admin.call("TokenService/CreateToken", directory=directory.name)
    assert ok(Scim(first.base_url, made.secret).get("/Users"))["totalResults"] == 1
    second.admin.call("TokenService/RotateToken", directory=directory.name, overlap={})
    refused(Scim(first.base_url, made.secret).get("/Users"), 401)
    second.stop()
    first.stop()


def test_a_switch_of_a_directory_counts_on_every_replica(builder, name):
    first = builder.start("apart-postgres")
    second = builder.start(
        "apart-postgres", database=first.database, admin_key=first.admin_key, scim_token=first.scim_token
    )
    directory = first.new_directory()
    beside = Scim(second.base_url, directory.token)
    ok(beside.get("/Users"))
    first.admin.call("DirectoryService/UpdateDirectory", name=directory.name, scim_enabled=False)
    refused(beside.get("/Users"), 403)
    second.stop()
    first.stop()
