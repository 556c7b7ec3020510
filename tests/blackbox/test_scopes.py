"""Every rpc and every kind of credential: what may be called is what the protos say."""

import pytest

from harness.rpc import Rpc, api, judge, methods, reason, refuses

pytestmark = pytest.mark.hops

SCOPES = [
    "DIRECTORY_READ",
    "DIRECTORY_WRITE",
    "SSO_SIGN_IN",
    "EVENTS_READ",
    "PASSWORD_VERIFY",
    "ACTIVITY_WRITE",
    "ADMIN",
]
KINDS = [
    "none",
    "wrong",
    "malformed",
    "scim-token",
    "revoked-token",
    "admin-key",
    *[f"key-{scope}-{reach}" for scope in SCOPES for reach in ("all", "bound")],
    "revoked-key",
]
# Whoever calls these says so in the message, and not in the metadata.
ASKS_IN_THE_MESSAGE = {"OAuthService/IssueAccessToken": {"CREDENTIAL_INVALID", "RATE_LIMITED"}}


@pytest.fixture(scope="module")
def credentials():
    """The secrets of each kind of credential, by house."""
    return {}


def secret_of(kind: str, house, credentials: dict) -> tuple[str | None, set[str]]:
    """A secret of the kind, and the scopes that it carries."""
    if house.mode not in credentials:
        directory = house.new_directory()
        admin = house.admin
        revoked = admin.call("TokenService/CreateToken", directory=directory.name)
        admin.call("TokenService/RevokeToken", directory=directory.name, token=revoked.token.id)
        ended = admin.call("ServiceKeyService/CreateServiceKey", name="ended", scopes=[api()["access"].SCOPE_ADMIN])
        admin.call("ServiceKeyService/RevokeServiceKey", service_key=ended.service_key.id)
        secrets = {
            "none": (None, set()),
            "wrong": ("rc_svc_" + "a" * 59, set()),
            "malformed": ("ünïcode".encode().hex(), set()),
            "scim-token": (directory.token, {"DIRECTORY_READ", "DIRECTORY_WRITE"}),
            "revoked-token": (revoked.secret, set()),
            "revoked-key": (ended.secret, set()),
            "admin-key": (house.admin_key, set(SCOPES)),
        }
        for scope in SCOPES:
            carried = set(SCOPES) if scope == "ADMIN" else {scope}
            secrets[f"key-{scope}-all"] = (house.new_service_key(scope), carried)
            secrets[f"key-{scope}-bound"] = (house.new_service_key(scope, directory=directory.name), carried)
        credentials[house.mode] = secrets
    return credentials[house.mode][kind]


@pytest.mark.parametrize("kind", KINDS)
def test_every_rpc_is_answered_for_whoever_carries_its_scope_and_for_nobody_else(database_house, credentials, kind):
    secret, carried = secret_of(kind, database_house, credentials)
    rpc = database_house.rpc(secret)
    verdicts = {name: judge(lambda name=name: rpc.first(name)) for name in methods()}
    assert len(verdicts) >= 22
    for name, verdict in verdicts.items():
        needed = methods()[name].scope.removeprefix("SCOPE_")
        if name in ASKS_IN_THE_MESSAGE:
            assert verdict in ASKS_IN_THE_MESSAGE[name], name
        elif secret is None:
            assert verdict == ("OK" if needed == "PUBLIC" else "CREDENTIAL_MISSING"), name
        elif not carried:
            assert verdict == "CREDENTIAL_INVALID", name
        elif needed in {"PUBLIC", "AUTHENTICATED"} | carried:
            # It was let in: an empty request may be refused for what it lacks, but never for who asks.
            assert verdict not in ("CREDENTIAL_MISSING", "CREDENTIAL_INVALID", "SCOPE_MISSING", "INTERNAL"), name
            assert not verdict.startswith("without a reason"), f"{name}: {verdict}"
        else:
            assert verdict == "SCOPE_MISSING", name


def test_every_rpc_names_the_scope_that_it_needs():
    assert methods()
    for method in methods().values():
        assert method.scope != "SCOPE_UNSPECIFIED", method.name


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
