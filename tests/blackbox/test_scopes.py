"""What a credential reaches and learns, beside `authorisation.txt`."""

import pytest

from harness.rpc import Rpc, api, judge, methods, reason, refuses

pytestmark = pytest.mark.hops


def test_no_rpc_is_served_that_the_protos_do_not_have(house):
    for path in (
        "/rollcall.v1.UserService/Nothing",
        "/rollcall.v1.Nothing/Get",
        "/nothing",
        "/rollcall.v1.userservice/GetUser",
    ):
        call = house.admin.channel.unary_unary(path)
        verdict = judge(lambda call=call: call(b"", metadata=house.admin.metadata, timeout=60))
        assert verdict == "NOT_IMPLEMENTED"


def test_a_bound_key_sees_and_makes_nothing_outside_its_directory(house):
    mine, theirs = house.new_directory(), house.new_directory()
    user = theirs.scim.create("ana")
    bound = house.rpc(house.new_service_key("ADMIN", directory=mine.name))
    assert [one.name for one in bound.call("DirectoryService/ListDirectories").directories] == [mine.name]
    with refuses("NOT_FOUND", naming=theirs.name):
        bound.call("DirectoryService/GetDirectory", name=theirs.name)
    with refuses("NOT_FOUND"):
        bound.call("UserService/GetUser", directory=theirs.name, id=user["id"])
    with refuses("NOT_FOUND"):
        bound.call("UserService/GetUser", id=user["id"])
    with refuses("NOT_FOUND"):
        bound.call("TokenService/CreateToken", directory=theirs.name)
    with refuses("NOT_FOUND"):
        bound.call(
            "ServiceKeyService/CreateServiceKey", name="x", scopes=[api()["access"].SCOPE_ADMIN], directory=theirs.name
        )
    with refuses("FORBIDDEN"):
        bound.call("DirectoryService/CreateDirectory", name="another", profile=api()["directory"].PROFILE_OKTA)
    made = bound.call("ServiceKeyService/CreateServiceKey", name="x", scopes=[api()["access"].SCOPE_ADMIN])
    assert made.service_key.directory == mine.name
    keys = bound.call("ServiceKeyService/ListServiceKeys").service_keys
    assert {key.directory for key in keys} == {mine.name}
    with refuses("NOT_FOUND"):
        bound.call("TokenService/RevokeToken", directory=mine.name, token=theirs.token[:14])


def test_a_directory_out_of_reach_and_one_that_never_existed_are_told_in_the_same_words(house):
    mine, theirs = house.new_directory(), house.new_directory()
    bound = house.rpc(mine.token)
    told = []
    for name in (theirs.name, "never-existed"):
        try:
            bound.call("UserService/ListUsers", directory=name)
        except Exception as error:
            told.append((reason(error), error.details().replace(name, "…")))
    assert len(told) == 2
    assert told[0] == told[1]


def test_a_credential_learns_what_it_is(house):
    directory = house.new_directory()
    access, identity = api()["access"], api()["identity"]
    who = house.rpc(directory.token).call("IdentityService/WhoAmI")
    assert who.kind == identity.CREDENTIAL_KIND_SCIM_TOKEN
    assert who.directory == directory.name
    assert set(who.scopes) == {access.SCOPE_DIRECTORY_READ, access.SCOPE_DIRECTORY_WRITE}
    assert directory.token.startswith(who.prefix)
    assert len(who.prefix) < len(directory.token) / 2
    who = house.rpc(house.new_service_key("EVENTS_READ")).call("IdentityService/WhoAmI")
    assert (who.kind, who.directory, list(who.scopes)) == (
        identity.CREDENTIAL_KIND_SERVICE_KEY,
        "",
        [access.SCOPE_EVENTS_READ],
    )
    assert house.admin.call("IdentityService/WhoAmI").kind == identity.CREDENTIAL_KIND_ADMIN_KEY


def test_health_is_told_to_everybody_and_reflection_to_whoever_has_a_credential(house):
    anonymous = Rpc(house.grpc_address, None)
    # grpc.health.v1.HealthCheckResponse { status = SERVING }
    raw = anonymous.channel.unary_unary("/grpc.health.v1.Health/Check")(b"", timeout=60)
    assert raw == b"\x08\x01"
    # grpc.reflection.v1.ServerReflectionRequest { list_services = "" }
    ask = [b"\x3a\x00"]
    path = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
    assert judge(lambda: list(anonymous.channel.stream_stream(path)(iter(ask), timeout=60))) == "CREDENTIAL_MISSING"
    answers = list(house.admin.channel.stream_stream(path)(iter(ask), metadata=house.admin.metadata, timeout=60))
    for service in {name.split("/")[0] for name in methods()}:
        assert f"rollcall.v1.{service}".encode() in answers[0]
