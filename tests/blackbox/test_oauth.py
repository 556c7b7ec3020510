"""OAuth 2.0 client credentials (RFC 6749 §4.4): an access token for whoever knows the secret of a client."""

import base64
import concurrent.futures
from urllib.parse import quote

import httpx
import pytest

from harness.rpc import judge, refuses
from harness.scim import UNKNOWN_ID, Scim, listing, no_content, ok, refused

pytestmark = pytest.mark.hops

SECRET = "client_secret"


class Client:
    """An OAuth client of a directory."""

    def __init__(self, directory, **fields):
        self.directory = directory
        self.house = directory.house
        made = self.house.admin.call("OAuthService/CreateClient", directory=directory.name, name="Entra", **fields)
        self.id, self.secret = made.client.id, made.client_secret

    def post(self, **fields) -> httpx.Response:
        """Asks for a token with this form."""
        return ask(self.house, data={"grant_type": "client_credentials"} | fields)

    def token(self, secret: str | None = None, **fields) -> str:
        return issued(self.post(client_id=self.id, client_secret=secret or self.secret, **fields))["access_token"]

    def add_secret(self, **fields) -> str:
        name = self.directory.name
        return self.house.admin.call(
            "OAuthService/AddSecret", directory=name, client_id=self.id, **fields
        ).client_secret

    def works(self, token: str) -> bool:
        answer = Scim(self.house.base_url, token).get("/Users")
        assert answer.status_code in (200, 401)
        return answer.status_code == 200


@pytest.fixture
def client(generic) -> Client:
    return Client(generic)


def ask(house, method: str = "POST", **kwargs) -> httpx.Response:
    answer = httpx.request(method, house.url + "/oauth2/token", timeout=60, **kwargs)
    assert answer.status_code < 500, answer.text
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-type"] == "application/json"
    return answer


def issued(answer: httpx.Response) -> dict:
    assert answer.status_code == 200, answer.text
    body = answer.json()
    assert body["token_type"] == "Bearer"
    return body


def denied(answer: httpx.Response, status: int, error: str) -> dict:
    """An error as RFC 6749 §5.2 has it."""
    assert (answer.status_code, answer.json()["error"]) == (status, error), answer.text
    assert set(answer.json()) == {"error", "error_description"}
    if status == 401:
        assert answer.headers["www-authenticate"].startswith("Basic realm=")
    return answer.json()


def basic(client_id: str, secret: str) -> dict:
    text = f"{quote(client_id, safe='')}:{quote(secret, safe='')}"
    return {"Authorization": "Basic " + base64.b64encode(text.encode()).decode()}


def test_a_client_gets_a_token_of_an_hour_by_the_form_and_provisions_with_it(client, name):
    body = issued(client.post(client_id=client.id, client_secret=client.secret))
    assert body["expires_in"] == 3600
    assert body["scope"] == "directory.read directory.write"
    assert body["access_token"].startswith("rc_access_")
    assert len(body["access_token"]) < 100
    scim = Scim(client.house.base_url, body["access_token"])
    user = scim.create(name)
    assert client.directory.scim.read(user) == user
    no_content(scim.delete(f"/Users/{user['id']}"))


def test_a_client_gets_a_token_by_basic_authentication_too(client):
    form = {"grant_type": "client_credentials"}
    token = issued(ask(client.house, data=form, headers=basic(client.id, client.secret)))["access_token"]
    assert client.works(token)
    with_id = form | {"client_id": client.id, "scope": ""}
    assert issued(ask(client.house, data=with_id, headers=basic(client.id, client.secret)))


def test_a_scope_that_is_asked_for_is_all_that_the_token_has(client, name):
    scim = Scim(client.house.base_url, client.token(scope="directory.read"))
    listing(scim.get("/Users"))
    refused(scim.post("/Users", {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": name}), 403)
    assert issued(client.post(client_id=client.id, client_secret=client.secret, scope="scim"))["scope"]
    for wrong in ("admin", "directory.read admin", "https://graph.microsoft.com/.default"):
        answer = client.post(client_id=client.id, client_secret=client.secret, scope=wrong)
        assert "directory.read" in denied(answer, 400, "invalid_scope")["error_description"]


def test_whoever_is_no_client_learns_nothing_but_that(client, house):
    other = Client(house.new_directory())
    good = client.secret
    tries = {
        "a wrong secret": (client.id, good[:-1] + ("a" if good[-1] != "a" else "b")),
        "a cut secret": (client.id, good[:-1]),
        "another client's secret": (client.id, other.secret),
        "another client": (other.id, good),
        "no such client": (UNKNOWN_ID, good),
        "no id": ("entra", good),
        "a SCIM token": (client.id, client.directory.token),
        "an access token": (client.id, client.token()),
    }
    answers = set()
    for kind, (client_id, secret) in tries.items():
        for answer in (
            client.post(client_id=client_id, client_secret=secret),
            ask(house, data={"grant_type": "client_credentials"}, headers=basic(client_id, secret)),
        ):
            assert denied(answer, 401, "invalid_client"), kind
            answers.add(answer.content)
    assert len(answers) == 1


@pytest.mark.parametrize(
    ("form", "status", "error", "naming"),
    [
        ({}, 400, "invalid_request", "grant_type"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", "client_credentials"),
        ({"grant_type": "authorization_code", "code": "x"}, 400, "unsupported_grant_type", "client_credentials"),
        ({"grant_type": ["client_credentials", "client_credentials"]}, 400, "invalid_request", "grant_type"),
        ({"grant_type": "client_credentials", "scope": ["a", "b"]}, 400, "invalid_request", "scope"),
    ],
)
def test_a_form_that_is_no_request_is_told_what_is_wrong(client, form, status, error, naming):
    sent = {"client_id": client.id, "client_secret": client.secret} | form
    body = denied(ask(client.house, data=sent), status, error)
    assert naming in body["error_description"]


def test_a_client_authenticates_in_one_way(client):
    form = {"grant_type": "client_credentials"}
    both = form | {"client_id": client.id, "client_secret": client.secret}
    denied(ask(client.house, data=both, headers=basic(client.id, client.secret)), 400, "invalid_request")
    other = form | {"client_id": UNKNOWN_ID}
    denied(ask(client.house, data=other, headers=basic(client.id, client.secret)), 400, "invalid_request")
    for sent in (form, form | {"client_id": client.id}, form | {"client_secret": client.secret}):
        denied(ask(client.house, data=sent), 401, "invalid_client")
    for header in ("Basic", "Basic ???", "Basic " + base64.b64encode(b"no colon").decode(), "Bearer x"):
        denied(ask(client.house, data=form, headers={"Authorization": header}), 401, "invalid_client")


def test_only_a_form_by_post_is_read(client):
    house = client.house
    answer = ask(house, "GET")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    sent = {"grant_type": "client_credentials", "client_id": client.id, "client_secret": client.secret}
    denied(ask(house, json=sent), 400, "invalid_request")
    denied(ask(house, data=sent | {"x": "y" * 20_000}), 413, "invalid_request")
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    for body in (b"\xff", b"grant_type=%ff"):
        denied(ask(house, content=body, headers=form), 400, "invalid_request")
    # What it cannot use it passes over (RFC 6749 §3.2).
    assert issued(ask(house, data=sent | {"resource": "x", "audience": "y"}))
    query = f"?client_id={client.id}&client_secret={client.secret}"
    answer = httpx.post(house.url + "/oauth2/token" + query, data={"grant_type": "client_credentials"})
    denied(answer, 401, "invalid_client")


def test_several_secrets_live_at_once_and_each_ends_with_its_tokens(client):
    house, name = client.house, client.directory.name
    second = client.add_secret()
    by_first, by_second = client.token(), client.token(second)
    assert (client.works(by_first), client.works(by_second)) == (True, True)
    [one] = [
        secret
        for each in house.admin.call("OAuthService/ListClients", directory=name).clients
        for secret in each.secrets
        if client.secret.startswith(secret.prefix)
    ]
    house.admin.call("OAuthService/RevokeSecret", directory=name, secret=one.id)
    assert (client.works(by_first), client.works(by_second)) == (False, True)
    denied(client.post(client_id=client.id, client_secret=client.secret), 401, "invalid_client")
    assert client.works(client.token(second))
    house.admin.call("OAuthService/RevokeSecret", directory=name, secret=one.prefix)


def test_a_deleted_client_is_gone_with_all_its_tokens(client):
    house, name = client.house, client.directory.name
    token = client.token()
    house.admin.call("OAuthService/DeleteClient", directory=name, client_id=client.id)
    assert not client.works(token)
    denied(client.post(client_id=client.id, client_secret=client.secret), 401, "invalid_client")
    assert not house.admin.call("OAuthService/ListClients", directory=name).clients
    with refuses("NOT_FOUND", naming=client.id):
        house.admin.call("OAuthService/DeleteClient", directory=name, client_id=client.id)
    kinds = [event["kind"] for event in client.directory.events()]
    assert {"oauth_client.created", "credential.created", "oauth_client.deleted"} <= set(kinds)


def test_what_has_expired_is_worth_nothing(client):
    house, database = client.house, client.house.database
    token = client.token()
    database.execute("UPDATE credentials SET expires = 1 WHERE prefix = ?", token[:16])
    assert refused(Scim(house.base_url, token).get("/Users"), 401) == refused(
        Scim(house.base_url, "rc_access_x").get("/Users"), 401
    )
    assert client.works(client.token())
    database.execute("UPDATE credentials SET expires = 1 WHERE prefix = ?", client.secret[:16])
    denied(client.post(client_id=client.id, client_secret=client.secret), 401, "invalid_client")


def test_no_token_outlives_the_secret_that_it_was_issued_for(client):
    secret = client.add_secret(expires={"seconds": 2**31})
    assert issued(client.post(client_id=client.id, client_secret=secret))["expires_in"] == 3600
    database = client.house.database
    database.execute("UPDATE credentials SET expires = created + 60000000 WHERE prefix = ?", secret[:16])
    assert issued(client.post(client_id=client.id, client_secret=secret))["expires_in"] <= 60


def test_a_secret_that_is_revoked_while_tokens_are_issued_leaves_none_alive(client):
    house, name = client.house, client.directory.name

    def ask_once(_):
        answer = client.post(client_id=client.id, client_secret=client.secret)
        return answer.json().get("access_token")

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        asked = [pool.submit(ask_once, number) for number in range(12)]
        house.admin.call("OAuthService/RevokeSecret", directory=name, secret=client.secret[:16])
        tokens = [token for future in asked if (token := future.result())]
    assert not [token for token in tokens if client.works(token)]


def test_a_client_secret_is_no_bearer_token(client):
    refused(Scim(client.house.base_url, client.secret).get("/Users"), 401)
    assert judge(lambda: client.house.rpc(client.secret).call("IdentityService/WhoAmI")) == "CREDENTIAL_INVALID"


def test_an_access_token_reaches_its_directory_alone_and_ends_with_scim(client, house, name):
    other = house.new_directory()
    user = other.scim.create(name)
    token = client.token()
    scim = Scim(house.base_url, token)
    assert scim.total() == 0
    assert refused(scim.get(f"/Users/{user['id']}"), 404)["detail"].replace(user["id"], "ID") == refused(
        scim.get(f"/Users/{UNKNOWN_ID}"), 404
    )["detail"].replace(UNKNOWN_ID, "ID")
    with refuses("SCOPE_MISSING"):
        house.rpc(token).call("TokenService/ListTokens")
    house.admin.call("DirectoryService/UpdateDirectory", name=client.directory.name, scim_enabled=False)
    refused(scim.get("/Users"), 403, naming="SCIM")
    house.admin.call("DirectoryService/UpdateDirectory", name=client.directory.name, scim_enabled=True)
    assert client.works(token)


def test_changes_by_an_access_token_name_the_secret_behind_it(client, name):
    user = Scim(client.house.base_url, client.token()).create(name)
    [event] = client.directory.events(user["id"])
    clients = client.house.admin.call("OAuthService/ListClients", directory=client.directory.name).clients
    assert event["actor"] == client.house.database_id(clients[0].secrets[0].id)


def test_guesses_are_slowed_down_for_the_client_that_they_are_for(client):
    other = Client(client.directory)
    for _ in range(200):
        answer = client.post(client_id=client.id, client_secret="wrong")
        if answer.status_code == 429:
            break
        denied(answer, 401, "invalid_client")
    assert denied(answer, 429, "temporarily_unavailable")
    assert int(answer.headers["retry-after"]) >= 1
    assert other.works(other.token())
    assert client.works(client.token()), "nobody is kept out by the guesses of others"


def test_secrets_are_never_stored_nor_shown_again(client):
    house, token = client.house, client.token()
    stored = house.database.text()
    assert client.secret.encode() not in stored
    assert token.encode() not in stored
    assert client.secret not in str(house.admin.call("OAuthService/ListClients", directory=client.directory.name))
    assert client.secret not in house.output
    assert token not in house.output


def test_the_service_says_that_it_speaks_oauth(generic):
    schemes = ok(generic.scim.get("/ServiceProviderConfig"))["authenticationSchemes"]
    assert [scheme["type"] for scheme in schemes] == ["oauthbearertoken", "oauth2"]
    assert "/oauth2/token" in schemes[1]["description"]


def test_a_client_is_managed_by_command(house, generic):
    made = house.command_json("oauth-client", "create", "--directory", generic.name, "--name", "Entra")
    form = {"grant_type": "client_credentials", "client_id": made["client_id"]}
    assert issued(ask(house, data=form | {SECRET: made[SECRET]}))
    more = house.command_json("oauth-client", "add-secret", made["client_id"], "--directory", generic.name)
    assert issued(ask(house, data=form | {SECRET: more[SECRET]}))
    [listed] = house.command_json("oauth-client", "list", "--directory", generic.name)["clients"]
    assert [secret["state"] for secret in listed["secrets"]] == ["live", "live"]
    assert made[SECRET] not in str(listed)
    first = house.command_json(
        "oauth-client", "revoke-secret", made["secrets"][0]["prefix"], "--directory", generic.name
    )
    assert first["state"] == "revoked"
    denied(ask(house, data=form | {SECRET: made[SECRET]}), 401, "invalid_client")
    assert "live" in house.command("oauth-client", "list", "--directory", generic.name).stdout
    house.command_json("oauth-client", "delete", made["client_id"], "--directory", generic.name)
    denied(ask(house, data=form | {SECRET: more[SECRET]}), 401, "invalid_client")
    assert house.command("oauth-client", "delete", made["client_id"], "--directory", generic.name).returncode == 1
