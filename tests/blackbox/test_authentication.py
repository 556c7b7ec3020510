"""Who may ask, and what everybody else is told."""

import re
import secrets
import uuid

import pytest
from callers import rows

from harness.scim import Scim, a_user, ok, refused

pytestmark = pytest.mark.hops


def bodies():
    """Bodies that are good, bad and broken."""
    return [{"data": a_user("ana")}, {"data": {"schemas": 1}}, {"content": b"{"}, {"content": b"\xff\x00"}, {}]


def test_no_body_is_looked_at_before_the_credential(generic):
    for row, cells in rows("gateway").items():
        method, path = row.replace("ANY", "POST").replace("{id}", str(uuid.uuid4())).split()
        if cells["nobody"] == "401" and path.startswith("/scim/v2") and method != "GET":
            for token in (None, "wrong", secrets.token_urlsafe(32)):
                for body in bodies():
                    refused(Scim(generic.house.url, token).request(method, path, **body), 401)
    assert generic.scim.total() == 0


def test_the_service_provider_config_of_the_installation_is_the_same_without_a_credential(generic):
    path = "/ServiceProviderConfig"
    config = ok(Scim(generic.scim.base_url, None).get(path))
    assert config == ok(generic.scim.get(path))


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer",
        "Basic dXNlcjpwYXNz",
        "{token}",
        "Token {token}",
        "Bearer {token}x",
        "Bearer {token} x",
        "Bearer {upper}",
        "Bearer {truncated}",
        "Bearer {altered}",
        "Bearer Bearer {token}",
        'Bearer "{token}"',
        "Bearer rc_scim_",
        "Bearer " + "x" * 5000,
    ],
)
def test_a_malformed_credential_is_refused(generic, header):
    token = generic.token
    altered = token[:-1] + ("a" if token[-1] != "a" else "b")
    header = header.format(token=token, upper=token.upper(), truncated=token[:-1], altered=altered)
    refused(Scim(generic.scim.base_url, None).get("/Users", headers={"Authorization": header}), 401)


def test_the_scheme_has_no_case(generic):
    for scheme in ("bearer", "BEARER"):
        ok(Scim(generic.scim.base_url, None).get("/Users", headers={"Authorization": f"{scheme} {generic.token}"}))


def test_a_token_in_the_url_or_the_body_is_not_taken(generic):
    anonymous = Scim(generic.scim.base_url, None)
    refused(anonymous.get("/Users", access_token=generic.token), 401)
    refused(anonymous.post("/Users", {**a_user("ana"), "access_token": generic.token}), 401)


def alike(answer) -> tuple:
    """What a client sees of an answer, without what differs between any two answers."""
    headers = {name: value for name, value in answer.headers.items() if name not in ("date", "x-request-id")}
    return answer.status_code, answer.content, headers


def test_another_directory_s_user_answers_byte_for_byte_as_one_that_never_existed(house, name):
    mine, theirs = house.new_directory("okta").scim, house.new_directory("entra").scim
    user = theirs.create(name)
    deleted = mine.create(name)
    assert mine.delete(f"/Users/{deleted['id']}").status_code == 204
    never = str(uuid.uuid4())
    asks = [
        ("GET", {}),
        ("GET", {"attributes": "userName"}),
        ("PUT", {"data": a_user(name)}),
        ("PATCH", {"data": {"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": []}}),
        ("DELETE", {}),
        ("DELETE", {"headers": {"If-Match": "*"}}),
        ("GET", {"headers": {"If-None-Match": user["meta"]["version"]}}),
    ]
    for method, sent in asks:
        seen = []
        for id in (user["id"], deleted["id"], never):
            status, content, headers = alike(mine.request(method, f"/Users/{id}", **sent))
            seen.append((status, content.replace(id.encode(), b"ID"), headers))
        assert seen[0] == seen[1] == seen[2]
        assert seen[0][0] == 404
    assert theirs.read(user) == user


def test_another_directory_s_users_are_not_found_listed_or_in_the_way(house, name):
    mine, theirs = house.new_directory().scim, house.new_directory().scim
    user = theirs.create(name, externalId="9b1e")
    for filter in (f'userName eq "{name}"', f'id eq "{user["id"]}"', 'externalId eq "9b1e"', "userName pr"):
        assert mine.find(filter) == []
    assert mine.total() == 0
    assert mine.create(name)["id"] != user["id"]


def test_a_directory_with_scim_off_answers_nobody_until_it_is_on_again(house, name):
    directory = house.new_directory()
    user = directory.scim.create(name)
    assert house.command("directory", "update", directory.name, "--scim", "off").returncode == 0
    for answer in (
        directory.scim.get("/Users"),
        directory.scim.post("/Users", a_user(name)),
        directory.scim.get("/Schemas"),
    ):
        refused(answer, 403)
    assert house.command("directory", "update", directory.name, "--scim", "on").returncode == 0
    assert directory.scim.read(user) == user


def test_a_request_id_is_answered_and_one_that_was_sent_is_kept(generic):
    answer = generic.scim.get("/Users")
    assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", answer.headers["x-request-id"])
    answer = generic.scim.request("GET", "/Users/nobody", headers={"X-Request-Id": "sync-4711"})
    assert answer.headers["x-request-id"] == "sync-4711"
    assert "sync-4711" in generic.house.processes[-1].stderr
