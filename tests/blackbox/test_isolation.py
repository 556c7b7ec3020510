"""No data of one directory is ever visible in another: through every rpc that the protos have, and every route."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import grpc
import httpx
import pytest
from google.protobuf.descriptor import FieldDescriptor

from harness.rpc import api, methods, reason
from harness.scim import GROUP, MESSAGES, UNKNOWN_ID, Scim, a_user, created

pytestmark = pytest.mark.databases

# An rpc that streams for as long as it is listened to is listened to for so many seconds.
LISTENED = 3


class Owner:
    """A directory full of things with a mark, and all the names by which somebody could ask for them."""

    def __init__(self, house):
        self.mark = f"mark{uuid.uuid4().hex}"
        self.directory = house.new_directory(name=f"theirs-{uuid.uuid4().hex[:12]}")
        scim, admin, name = self.directory.scim, house.admin, self.directory.name
        self.user = scim.create(f"{self.mark}@example.com", externalId=self.mark, title=self.mark)
        members = [{"value": self.user["id"]}]
        self.group = created(scim.post("/Groups", {"schemas": [GROUP], "displayName": self.mark, "members": members}))
        self.urn = f"urn:example:{self.mark}:2.0:Badge"
        schema = {"id": self.urn, "name": "Badge", "attributes": [{"name": "number", "type": "string"}]}
        admin.call("SchemaService/RegisterSchema", directory=name, resource_type="User", schema=schema)
        made = admin.call("TokenService/CreateToken", directory=name, description=self.mark)
        scopes = [api()["access"].SCOPE_DIRECTORY_READ]
        key = admin.call("ServiceKeyService/CreateServiceKey", directory=name, name=self.mark, scopes=scopes)
        self.names = [
            self.directory.id,
            name,
            self.user["id"],
            self.user["userName"],
            self.group["id"],
            self.urn,
            made.token.id,
            made.token.prefix,
            key.service_key.id,
            key.service_key.prefix,
        ]

    def state(self) -> list:
        """All that its administrator sees of it."""
        admin, name = self.directory.house.admin, self.directory.name
        calls = [
            ("DirectoryService/GetDirectory", {"name": name}),
            ("UserService/ListUsers", {"directory": name}),
            ("GroupService/ListGroups", {"directory": name}),
            ("GroupService/ListGroupMembers", {"directory": name, "id": self.group["id"]}),
            ("SchemaService/ListRegisteredSchemas", {"directory": name}),
            ("TokenService/ListTokens", {"directory": name}),
            ("ServiceKeyService/ListServiceKeys", {"directory": name}),
        ]
        answers = [admin.call(rpc, **fields) for rpc, fields in calls]
        for token in answers[5].tokens:
            # When it was last used is written down some time after its use.
            token.ClearField("last_used")
            token.ClearField("last_used_from")
        return [str(answer) for answer in answers]


@pytest.fixture(scope="module")
def owners(houses):
    class Owners(dict):
        def __missing__(self, mode):
            self[mode] = Owner(houses[mode])
            return self[mode]

    return Owners()


@pytest.fixture
def owner(house, owners) -> Owner:
    return owners[house.mode]


def filled(kind: type, name: str, directory: str, depth: int = 0):
    """A request in which each field that can name something names this."""
    message = kind()
    for field in kind.DESCRIPTOR.fields:
        if field.name in ("directory", "name") and depth == 0:
            setattr(message, field.name, directory)
        elif field.type == FieldDescriptor.TYPE_STRING and field.name not in ("filter", "page_token", "sort_by"):
            if field.is_repeated:
                getattr(message, field.name).append(name)
            elif field.containing_oneof is None or message.WhichOneof(field.containing_oneof.name) is None:
                setattr(message, field.name, name)
        elif field.type == FieldDescriptor.TYPE_MESSAGE and depth < 2 and not field.is_repeated:
            inner = field.message_type._concrete_class
            if not field.message_type.full_name.startswith("google."):
                getattr(message, field.name).CopyFrom(filled(inner, name, directory, depth + 1))
    return message


def answer_of(house, secret: str, method, message) -> str:
    """What an rpc answers, or how it refuses, in words."""
    channel = house.rpc(secret).channel
    kind = {
        (False, False): channel.unary_unary,
        (False, True): channel.unary_stream,
        (True, False): channel.stream_unary,
        (True, True): channel.stream_stream,
    }[method.streams]
    call = kind(
        method.path,
        request_serializer=method.request.SerializeToString,
        response_deserializer=method.response.FromString,
    )
    takes, gives = method.streams
    metadata = [("authorization", f"Bearer {secret}")]
    told = []
    try:
        answer = call(iter([message]) if takes else message, metadata=metadata, timeout=LISTENED)
        told = [str(part) for part in answer] if gives else [str(answer)]
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED and gives:
            return "listened"
        told.append(f"{error.code()} {reason(error)} {error.details()}")
    return "\n".join(told)


def calls() -> list[str]:
    return sorted(methods())


@pytest.mark.parametrize("rpc", calls())
def test_an_rpc_tells_the_bound_nothing_of_another_directory(house, owner, rpc):
    mine = house.new_directory()
    secrets = [house.new_service_key("ADMIN", directory=mine.name), mine.token]
    method, before = methods()[rpc], owner.state()
    asked = list(product(secrets, (owner.directory.name, "", mine.name), owner.names))
    # At once, since some of them listen for as long as they may.
    with ThreadPoolExecutor(len(asked)) as callers:
        answers = callers.map(
            lambda one: answer_of(house, one[0], method, filled(method.request, one[2], one[1])), asked
        )
    for (_, directory, name), told in zip(asked, answers, strict=True):
        # What was asked with may be repeated, and nothing else.
        for own in filter(None, (name, directory)):
            told = told.replace(own, "")
        assert owner.mark not in told, (rpc, name, directory, told)
        for other in owner.names:
            assert other not in told, (rpc, name, directory, told)
    assert owner.state() == before


@pytest.mark.parametrize("rpc", calls())
def test_an_rpc_refuses_what_is_another_directory_s_as_what_never_was(house, owner, rpc):
    mine = house.new_directory()
    method = methods()[rpc]
    secrets = [house.new_service_key("ADMIN", directory=mine.name), mine.token]
    asked = list(product(secrets, (owner.user["id"], owner.group["id"]), ("theirs", "nobody's")))

    def answer(one) -> str:
        secret, name, whose = one
        id = name if whose == "theirs" else UNKNOWN_ID
        return answer_of(house, secret, method, filled(method.request, id, "")).replace(id, "ID")

    with ThreadPoolExecutor(len(asked)) as callers:
        answers = list(callers.map(answer, asked))
    for theirs, nobodys in zip(answers[::2], answers[1::2], strict=True):
        if theirs.startswith("StatusCode"):
            assert theirs == nobodys, rpc
        else:
            assert not nobodys.startswith("StatusCode"), (rpc, theirs, nobodys)


def routes(house) -> list[tuple[str, str]]:
    """Every operation of the document that the server has of itself."""
    document = httpx.get(house.url + "/openapi.json").json()
    return [
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method in ("get", "head", "post", "put", "patch", "delete")
    ]


def body_of(method: str, path: str, name: str) -> dict | None:
    if method not in ("POST", "PUT", "PATCH"):
        return None
    if method == "PATCH":
        operation = {"op": "replace", "path": "displayName", "value": "taken"}
        return {"schemas": [MESSAGES + "PatchOp"], "Operations": [operation]}
    if path.endswith(".search"):
        return {"schemas": [MESSAGES + "SearchRequest"], "count": 1000}
    if path == "/Bulk":
        operations = [
            {"method": "DELETE", "path": f"/Users/{name}"},
            {"method": "DELETE", "path": f"/Groups/{name}"},
        ]
        return {"schemas": [MESSAGES + "BulkRequest"], "Operations": operations}
    if "Groups" in path:
        return {"schemas": [GROUP], "displayName": uuid.uuid4().hex, "members": [{"value": name}]}
    return a_user(f"{uuid.uuid4().hex}@example.com")


def test_every_route_answers_for_the_ids_of_another_directory_as_for_those_that_never_were(house, owner):
    mine, before = house.new_directory(), owner.state()
    for method, path in routes(house):
        for name in (owner.user["id"], owner.group["id"]):
            answers = []
            for asked in (name, UNKNOWN_ID):
                answer = mine.scim.request(method, path.replace("{id}", asked), data=body_of(method, path, asked))
                assert owner.mark not in answer.text, (method, path)
                answers.append((answer.status_code, answer.content.replace(asked.encode(), b"ID")))
            if "{id}" in path:
                assert answers[0] == answers[1], (method, path)
                assert answers[0][0] in (400, 404), (method, path)
            else:
                assert answers[0][0] == answers[1][0], (method, path)
                assert all(other.encode() not in answers[0][1] for other in owner.names), (method, path)
    assert owner.state() == before


def test_no_filter_and_no_member_reaches_into_another_directory(house, owner, name):
    mine = house.new_directory("okta")
    for expression in (
        f'id eq "{owner.user["id"]}"',
        f'userName eq "{owner.user["userName"]}"',
        f'externalId eq "{owner.mark}"',
        f'title sw "{owner.mark}"',
        f'groups.value eq "{owner.group["id"]}"',
    ):
        answer = mine.scim.get("/Users", filter=expression)
        assert answer.status_code == 400 or answer.json()["totalResults"] == 0, expression
    mine.scim.create(owner.user["userName"], externalId=owner.mark)
    members = [{"value": owner.user["id"]}, {"value": owner.group["id"]}]
    group = created(mine.scim.post("/Groups", {"schemas": [GROUP], "displayName": owner.mark, "members": members}))
    assert mine.scim.get(f"/Groups/{group['id']}").json().get("members", []) == []
    assert len(owner.directory.scim.page()["Resources"]) == 1


def test_a_token_that_expired_was_revoked_cut_or_mistyped_gets_the_same_answer(house, generic):
    """And so does one that never was: byte for byte, for whatever is asked."""
    admin, name = house.admin, generic.name
    revoked = admin.call("TokenService/CreateToken", directory=name)
    admin.call("TokenService/RevokeToken", directory=name, token=revoked.token.id)
    expired = admin.call("TokenService/CreateToken", directory=name)
    past = house.database_id(expired.token.id)
    house.database.execute("UPDATE credentials SET expires = 1 WHERE id = ?", past)
    good = generic.token
    bad = {
        "revoked": revoked.secret,
        "expired": expired.secret,
        "truncated": good[:-1],
        "broken checksum": good[:-1] + ("a" if good[-1] != "a" else "b"),
        "another alphabet": good.upper(),
        "never made": "rc_scim_" + "a" * 59,
        "foreign": "0123456789abcdef" * 4,
    }
    for path in ("/Users", f"/Users/{UNKNOWN_ID}", "/Groups", "/Me", "/Schemas", "/Nothing", "/ServiceProviderConfig"):
        answers = {}
        for kind, token in bad.items():
            answer = Scim(house.base_url, token).get(path)
            assert answer.status_code == 401, (kind, path, answer.text)
            answers[kind] = (answer.content, answer.headers["www-authenticate"])
        assert len(set(answers.values())) == 1, (path, answers)
