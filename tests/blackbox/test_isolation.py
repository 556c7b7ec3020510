"""No data of one directory is ever visible in another: through every rpc that the protos have, and every route."""

import uuid
from concurrent.futures import ThreadPoolExecutor
from itertools import product

import grpc
import httpx
import pytest
from asking import body_of, filled

from harness.modes import chosen
from harness.rpc import api, methods, reason
from harness.scim import GROUP, UNKNOWN_ID, Scim, created

pytestmark = pytest.mark.timeout(600)

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
        client = admin.call("OAuthService/CreateClient", directory=name, name=self.mark).client
        conditions = {"effect": api()["provisioning_rule"].PROVISIONING_EFFECT_ALLOW, "groups": [self.mark]}
        rule = admin.call("ProvisioningRuleService/CreateProvisioningRule", directory=name, rule=conditions).rule
        own_admin = house.rpc(house.new_service_key("ADMIN", directory=name))
        self.session = own_admin.call("SessionService/CreateSession", name=self.mark).session.id
        gone = scim.create(f"gone-{self.mark}@example.com")
        assert scim.delete(f"/Users/{gone['id']}").status_code == 204
        request = {"method": "GET", "path": f"/{self.mark}", "status": 200, "began_micros": 10}
        report = {"authorization": f"Bearer {self.directory.token}".encode(), "requests": [request]}
        admin.call("ActivityService/RecordActivity", reports=[report], now_micros=20)
        filter = {"path_contains": self.mark}
        (activity,) = admin.call("ActivityService/ListActivity", directory=name, filter=filter).activities
        self.ids = [
            self.directory.id,
            self.user["id"],
            gone["id"],
            self.group["id"],
            made.token.id,
            key.service_key.id,
            client.id,
            client.secrets[0].id,
            rule.id,
            self.session,
            activity.id,
        ]
        self.names = [
            name,
            self.user["userName"],
            self.urn,
            made.token.prefix,
            key.service_key.prefix,
            client.secrets[0].prefix,
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
            ("OAuthService/ListClients", {"directory": name}),
            ("ProvisioningRuleService/ListProvisioningRules", {"directory": name}),
            ("UserService/ListDeletedUsers", {"directory": name}),
        ]
        answers = [admin.call(rpc, **fields) for rpc, fields in calls]
        for credential in [*answers[5].tokens, *answers[6].service_keys]:
            # When it was last used is written down some time after its use.
            credential.ClearField("last_used")
            credential.ClearField("last_used_from")
        sessions = admin.call("SessionService/ListSessions", all_keys=True).sessions
        return [*map(str, answers), self.session in [session.id for session in sessions]]


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


def answer_of(house, secret: str, rpc: str, message) -> str:
    """What an rpc answers, or how it refuses, in words."""
    gives = methods()[rpc].streams[1]
    told = []
    try:
        answer = house.rpc(secret).begin(rpc, message, timeout=LISTENED)
        told += [str(part) for part in answer] if gives else [str(answer.result())]
    except grpc.RpcError as error:
        if error.code() == grpc.StatusCode.DEADLINE_EXCEEDED and gives:
            return "listened"
        told.append(f"{error.code()} {reason(error)} {error.details()}")
    return "\n".join(told)


def test_no_rpc_tells_or_changes_what_is_another_directory_s(house, owner, record_property):
    """And refuses it as what never was."""
    before, wrong, tried = owner.state(), [], 0
    for rpc, method in methods().items():
        # A new one each time: what was asked with may have been kept there.
        mine = house.new_directory()
        secrets = {"key": house.new_service_key("ADMIN", directory=mine.name), "token": mine.token}
        ways = chosen(rpc, product(secrets, (owner.directory.name, "", mine.name)), most=2)
        names = [*owner.ids, *owner.names, UNKNOWN_ID]
        answers = {}
        # One way after the other: what one has made is there for the next. All names at once, since some rpcs
        # listen for as long as they may.
        for way in ways:
            with ThreadPoolExecutor(len(names)) as callers:
                told = callers.map(
                    lambda name, rpc=rpc, method=method, way=way, secrets=secrets: answer_of(
                        house, secrets[way[0]], rpc, filled(method.request, name, way[1])
                    ),
                    names,
                )
            answers |= {(way, name): each for name, each in zip(names, told, strict=True)}
        answers = {
            # What was asked with may be repeated, and nothing else.
            (way, name): answer.replace(name, "NAME").replace(way[1] or name, "DIRECTORY")
            for (way, name), answer in answers.items()
        }
        tried += len(answers)
        for (way, name), told in answers.items():
            nobodys = answers[way, UNKNOWN_ID]
            if any(other in told for other in (owner.mark, *owner.ids, *owner.names)):
                wrong.append(f"{rpc} tells {way} of {name}: {told}")
            elif name in owner.ids and told != nobodys and "StatusCode" in told + nobodys:
                wrong.append(f"{rpc} tells {way} {told!r} of {name}, and of nobody's {nobodys!r}")
    record_property("measured", f"{tried} requests about another directory, {len(wrong)} told something")
    record_property("counted", {"inputs tried": tried, "findings": len(wrong)})
    assert not wrong, "\n".join(wrong)
    assert owner.state() == before


def routes(house) -> list[tuple[str, str]]:
    """Every operation of the document that the server has of itself."""
    document = httpx.get(house.url + "/openapi.json").json()
    return [
        (method.upper(), path)
        for path, item in document["paths"].items()
        for method in item
        if method in ("get", "head", "post", "put", "patch", "delete")
    ]


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
                assert all(other.encode() not in answers[0][1] for other in (*owner.ids, *owner.names)), (method, path)
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
