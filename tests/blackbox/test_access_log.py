"""The access log: a line for each request, where an operator asks for it."""

import json
import re
import secrets

import httpx
import pytest

from harness.scim import ok

ON = {"ROLLCALL_ACCESS_LOG": "true", "ROLLCALL_TRUSTED_PROXIES": "127.0.0.1"}


def lines(house) -> list[dict]:
    """The lines of all processes, as they were written."""
    said = [line for process in house.processes for line in process.stderr.splitlines() if line.startswith("{")]
    return [line for line in map(json.loads, said) if line["target"] == "rollcall::access"]


@pytest.mark.every_mode
def test_a_line_says_who_asked_for_what_and_what_came_of_it(new_house, name):
    new_house.settings = ON
    house = new_house.start()
    directory = house.new_directory("okta")
    user = directory.scim.create(name)
    [token] = house.admin.call("TokenService/ListTokens", directory=directory.name).tokens
    trace_id, id = secrets.token_hex(16), secrets.token_hex(8)
    headers = {
        "X-Request-Id": id,
        "X-Forwarded-For": "192.0.2.7",
        "User-Agent": "Okta SCIM Client 1.0.0",
        "traceparent": f"00-{trace_id}-00f067aa0ba902b7-00",
    }
    ok(directory.scim.request("GET", f"/Users/{user['id']}", headers=headers))
    house.stop()
    [line] = [line for line in lines(house) if line.get("request_id") == id]
    assert line.pop("took_ms") > 0
    assert re.fullmatch(r"[-0-9T:.]+Z", line.pop("timestamp"))
    assert line == {
        "level": "INFO",
        "target": "rollcall::access",
        "message": "answered",
        "directory": directory.name,
        "token_prefix": token.prefix,
        "client_address": "192.0.2.7",
        "user_agent": "Okta SCIM Client 1.0.0",
        "method": "GET",
        "route": "/scim/v2/Users/{id}",
        "status": 200,
        "request_id": id,
        "trace_id": trace_id,
    }


def test_who_is_refused_is_known_as_far_as_the_credential_says(new_house, name):
    new_house.settings = ON
    house = new_house.start()
    off = house.new_directory()
    house.admin.call("DirectoryService/UpdateDirectory", name=off.name, scim_enabled=False)
    for path, authorization in (
        ("/Users", f"Bearer {off.token}"),
        ("/Users", "Bearer wrong"),
        ("/Users", None),
        (f"/Users/{name}", f"Bearer {house.scim_token}"),
        ("/Nowhere", f"Bearer {house.scim_token}"),
    ):
        httpx.get(house.base_url + path, headers={"Authorization": authorization} if authorization else {})
    httpx.request("BREW", house.base_url + "/Users", headers={"Authorization": f"Bearer {house.scim_token}"})
    house.stop()
    said = [(line["method"], line.get("route"), line["status"], line.get("directory")) for line in lines(house)]
    assert said[-6:] == [
        ("GET", "/scim/v2/Users", 403, off.name),
        ("GET", "/scim/v2/Users", 401, None),
        ("GET", "/scim/v2/Users", 401, None),
        ("GET", "/scim/v2/Users/{id}", 404, "default"),
        ("GET", "", 404, "default"),
        ("_OTHER", "/scim/v2/Users", 405, "default"),
    ]
    assert name not in json.dumps(lines(house))


def test_every_request_has_a_line_and_probes_have_none(new_house):
    new_house.settings = ON
    house = new_house.start()
    before = len(lines(house))
    for path in ("/healthz", "/readyz", "/openapi.json", "/elsewhere"):
        httpx.get(house.url + path)
    ok(house.default.scim.get("/Users"))
    house.stop()
    assert [line["route"] for line in lines(house)[before:]] == ["/openapi.json", "", "/scim/v2/Users"]


def test_a_user_agent_is_cut_and_spoils_no_line(new_house):
    new_house.settings = ON
    house = new_house.start()
    token = secrets.token_urlsafe(32)
    for agent in ("a\tb", "x" * 10_000, f"with {token}"):
        httpx.get(house.base_url + "/Users", headers={"User-Agent": agent})
    house.stop()
    assert [line["user_agent"] for line in lines(house)[-3:]] == [r"a\tb", "x" * 256 + "…", "with …"]
    assert token not in house.output


def test_the_console_has_lines_too(builder):
    house = builder.start("serve-sqlite", settings=ON)
    assert httpx.post(f"{house.url}/admin/sign-in", data={"key": house.admin_key}).status_code == 303
    house.stop()
    [line] = [line for line in lines(house) if line["route"].startswith("/admin")]
    assert (line["method"], line["route"], line["status"]) == ("POST", "/admin/sign-in", 303)
    assert house.admin_key not in house.output


def test_there_is_none_unless_it_is_asked_for(new_house):
    house = new_house.start()
    ok(house.default.scim.get("/Users"))
    house.stop()
    assert not lines(house)
