"""Sends secrets: where they belong, and in every place where they do not."""

import base64
import json
import secrets
from urllib.parse import quote

import grpc
import httpx
import pytest
from confidential import Confidential, Listening

from harness.scim import MESSAGES, USER, Scim, a_user

FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def send_passwords(confidential: Confidential, name: str) -> None:
    """Sends passwords of users in every spelling, also such as are refused."""
    scim, password = confidential.scim, confidential.password
    user = scim.create(f"ana.{name}", password=password("created"))
    path = f"/Users/{user['id']}"
    scim.post("/Users", a_user(f"ben.{name}", PassWord=password("in another case")))
    scim.post("/Users", a_user(f"cid.{name}", **{f"{USER}:password": password("with its URN")}))
    scim.post("/Users", a_user(f"ana.{name}", password=password("of a name that is taken")))
    scim.post("/Users", a_user(f"dan.{name}", password=[password("in a list")]))
    scim.post("/Users", a_user(f"eve.{name}", password={"value": password("in an object")}))
    scim.post("/Users", a_user(f"fay.{name}", password=password("too long") * 40))
    scim.put(path, a_user(f"ana.{name}", password=password("put")))
    for number, operation in enumerate(
        [
            {"op": "replace", "path": "password", "value": password("by path")},
            {"op": "Add", "path": "PASSWORD", "value": password("by path in another case")},
            {"op": "add", "path": f"{USER}:password", "value": password("by path with URN")},
            {"op": "replace", "value": {"password": password("without path")}},
            {"op": "replace", "value": {f"{USER}:password": password("without path, with URN")}},
            {"op": "replace", "value": {USER: {"password": password("behind the URN")}}},
            {"op": "replace", "value": json.dumps({"password": password("as a text of JSON")})},
            {"op": "remove", "path": f'password[value eq "{password("in a path")}"]'},
            {"op": "nothing", "path": "password", "value": password("of no operation")},
        ]
    ):
        scim.patch(path, operation, headers={"X-Request-Id": f"operation-{number}"})
    operations = [
        {"method": "POST", "path": "/Users", "bulkId": "a", "data": a_user(f"gus.{name}", password=password("bulk"))},
        {"method": "PATCH", "path": path, "data": {"schemas": [MESSAGES + "PatchOp"], "Operations": [
            {"op": "replace", "path": "password", "value": password("by a PATCH in bulk")},
        ]}},
    ]  # fmt: skip
    scim.post("/Bulk", {"schemas": [MESSAGES + "BulkRequest"], "Operations": operations})
    scim.post("/Users", content=json.dumps(a_user(f"hal.{name}", password=password("cut off"))).encode()[:-4])
    scim.post("/Users", content=json.dumps(password("as the body")).encode())
    scim.post("/Users", content=json.dumps([password("alone in a list")]).encode())
    scim.post("/Users", content=f"password={quote(password('in a form'))}".encode(), headers=FORM)
    scim.get("/Users", filter=f'password eq "{password("in a filter")}"')
    search = {"schemas": [MESSAGES + "SearchRequest"], "filter": f'password eq "{password("in a search")}"'}
    scim.post("/Users/.search", search)
    checking = confidential.house.rpc(confidential.leaks.secrets["service key"])
    for tried in (confidential.leaks.secrets["password, by a PATCH in bulk"], password("that is guessed")):
        whom = {"directory": confidential.directory.name, "id": user["id"]}
        checking.call("UserService/VerifyPassword", password=tried, **whom)


def misplace_tokens(confidential: Confidential, name: str) -> None:
    """Sends tokens and keys where they do not belong, with a good credential beside them and without one."""
    known, token = confidential.leaks.secrets, confidential.directory.token
    # An answer may repeat what it answers, but for what is known to be a secret of Rollcall by its form.
    own = [known["service key"], known["token by command"], known["mistyped token"], token]
    brought = [known["bootstrap admin key"], known["gateway key"]]
    scim = confidential.scim
    for secret in own:
        for client in (scim, Listening(confidential, None)):
            everywhere(client, secret)
            client.post("/Users", content=json.dumps({secret: secret}).encode())
    for secret in brought:
        everywhere(Scim(scim.base_url, token), secret)
    # The credential itself, which nobody could know by its form.
    itself = Scim(scim.base_url, confidential.house.scim_token)
    everywhere(itself, itself.token)
    itself.post("/Users", content=json.dumps({itself.token: itself.token}).encode())
    itself.get("/Users", headers={"X-Request-Id": itself.token})
    for credential in (f"Bearer {known['mistyped token']}", f"Basic {known['service key']}", known["service key"]):
        Listening(confidential, None).get("/Users", headers={"Authorization": credential})
    stranger = confidential.leaks.add("stranger's token", secrets.token_urlsafe(32))
    for path in ("/Users", f"/Users/{name}", "/nothing"):
        Listening(confidential, stranger).get(path)
    # People paste a secret where its id is asked for.
    for rpc, field in {
        "TokenService/RotateToken": "token",
        "TokenService/RevokeToken": "token",
        "ServiceKeyService/RevokeServiceKey": "service_key",
        "OAuthService/RevokeSecret": "secret",
    }.items():
        where = {} if field == "service_key" else {"directory": confidential.directory.name}
        with pytest.raises(grpc.RpcError) as refused:
            confidential.house.admin.call(rpc, **where, **{field: known["service key"]})
        confidential.hear(rpc, refused.value.details())


def everywhere(client: Scim, secret: str) -> None:
    """Sends a secret in each part of a request but for the header that is for it."""
    encoded = "".join(f"%{byte:02X}" for byte in secret.encode())
    for path in (
        f"/Users/{secret}",
        f"/Groups/{encoded}",
        f"/{secret}/Users",
        f"/Users/{secret}/x",
        f"/Schemas/{secret}",
        f"/Users?access_token={secret}",
        f"/Users?{secret}=1&{secret}",
        f"/Users?attributes={secret}&cursor={encoded}",
        "/Users?filter=" + quote(f'userName eq "{secret}"'),
    ):
        client.get(path)
    # Nobody knows this for a secret, until it is decoded twice: whoever sent it hears it again.
    Scim(client.base_url, client.token).get(f"/Users/{encoded.replace('%', '%25')}")
    client.request(secret[:20], "/Users", headers={})
    for header in (
        "User-Agent",
        "X-Forwarded-For",
        "Referer",
        "Cookie",
        "If-None-Match",
        "Accept-Language",
        "X-Api-Key",
    ):
        client.get("/Users", headers={header: secret})
    for body in (
        json.dumps(secret),
        json.dumps({"token": secret}),
        json.dumps(a_user("", password=secret)),
        f"token={secret}",
        secret,
    ):
        client.post("/Users", content=body.encode())
        client.post("/Groups", content=body.encode(), headers=FORM)


def ask_for_access_tokens(confidential: Confidential) -> None:
    """Gets access tokens with the secret of a client in either way, provisions with one, and tries wrong secrets."""
    house, leaks, directory = confidential.house, confidential.leaks, confidential.directory
    made = house.admin.call("OAuthService/CreateClient", directory=directory.name, name="Entra")
    secret, url = leaks.add("client secret", made.client_secret), house.url + "/oauth2/token"
    grant = {"grant_type": "client_credentials"}
    form = {"client_id": made.client.id, "client_secret": secret}
    token = httpx.post(url, data=grant | form).json()["access_token"]
    leaks.add("access token by form", token)
    answer = httpx.post(url, data=grant, auth=(made.client.id, secret))
    leaks.add("access token by header", answer.json()["access_token"])
    Listening(confidential, token).get("/Users")
    wrong = leaks.add("wrong client secret", "rc_client_" + secrets.token_hex(30))
    for sent in (
        {"data": grant | form | {"client_secret": wrong}},
        {"data": grant, "auth": (made.client.id, wrong)},
        {"data": grant | form, "auth": (made.client.id, secret)},
        {"data": grant, "params": form},
        {"data": grant | form | {"scope": secret}},
        {"data": form | {"grant_type": secret}},
        {"data": grant, "headers": {"Authorization": f"Basic {base64.b64encode(secret.encode()).decode()}"}},
        {"json": grant | form},
    ):
        confidential.hear_answer(httpx.post(url, **sent))
