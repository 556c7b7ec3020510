"""Log lines for machines: each is a JSON object in which no key stands twice, whatever happened."""

import json

import httpx
import pytest

from harness.house import MODES
from harness.scim import GROUP, MESSAGES, a_user, created, no_content, patch_op

LOGGED = {"ROLLCALL_LOG_FORMAT": "json", "ROLLCALL_LOG": "trace"}


def unique(pairs: list[tuple[str, object]]) -> dict:
    """An object of JSON, all of whose keys differ."""
    names = [name for name, _ in pairs]
    twice = {name for name in names if names.count(name) > 1}
    assert not twice, f"{sorted(twice)} more than once in {pairs}"
    return dict(pairs)


def lines(house) -> list[dict]:
    """The lines that the processes have logged."""
    printed = [line for process in house.processes for line in process.stderr.splitlines() if line.startswith("{")]
    return [json.loads(line, object_pairs_hook=unique) for line in printed]


def ask_all_sorts(directory, name: str) -> None:
    """Requests that succeed, and requests that fail in every way that a client can bring about."""
    scim = directory.scim
    user = scim.create(name, externalId="e1")
    path = f"/Users/{user['id']}"
    created(scim.post("/Groups", {"schemas": [GROUP], "displayName": name, "members": [{"value": user["id"]}]}))
    scim.post("/Users", a_user(name))
    scim.put(path, a_user(name, title="Boss"))
    scim.patch(path, {"op": "replace", "path": "shoeSize[", "value": 1})
    scim.request("PATCH", path, data=patch_op(), headers={"If-Match": 'W/"99"'})
    scim.get("/Users", filter="userName eq")
    scim.get("/Users", cursor="none")
    scim.get("/.search")
    scim.post("/.search", {"schemas": [MESSAGES + "SearchRequest"]})
    scim.post("/Bulk", {"schemas": [MESSAGES + "BulkRequest"], "Operations": [{"method": "POST", "path": "/Users"}]})
    for strange in ("/Nobody", "/Users/%ff", "/Users/nobody", "/Me", "/ServiceProviderConfig", "/Schemas"):
        scim.get(strange)
    scim.request("POST", "/Users", content=b"{")
    scim.request("POST", "/Users", content=b"x", headers={"Content-Type": "text/plain"})
    no_content(scim.delete(path))
    for headers in ({}, {"Authorization": "Bearer wrong"}, {"Authorization": "rc_scim_wrong"}):
        httpx.get(f"{directory.house.base_url}/Users", headers=headers)
    for elsewhere in ("/", "/console/", "/healthz", "/readyz", "/scim/v1/Users", "/openapi.json"):
        httpx.get(directory.house.url + elsewhere)
    httpx.post(f"{directory.house.url}/oauth2/token", data={"grant_type": "client_credentials"}, auth=("a", "b"))


@pytest.mark.parametrize("mode", MODES)
def test_no_line_has_a_key_twice(builder, name, mode):
    house = builder.start(mode, settings=LOGGED)
    directory = house.new_directory("okta")
    ask_all_sorts(directory, name)
    said = lines(house)
    house.restart()
    ask_all_sorts(house.default, f"again.{name}")
    if not mode.startswith("serve"):
        # Nobody answers the gateway, which has the most to say then.
        house.processes[0].stop()
        for path in ("/Users", "/Schemas", "/ServiceProviderConfig"):
            answer = httpx.get(house.base_url + path, headers={"Authorization": f"Bearer {house.scim_token}"})
            assert answer.status_code == 503
        credentials = ("client", "secret")
        httpx.post(f"{house.url}/oauth2/token", data={"grant_type": "client_credentials"}, auth=credentials)
        assert httpx.get(f"{house.url}/readyz").status_code == 503
    house.stop()
    said += lines(house)
    assert "answered" in [line.get("message") for line in said]
    refused = [line for line in said if line.get("message") == "a credential was refused"]
    assert {(line["level"], line["address"]) for line in refused} == {("INFO", "127.0.0.1")}
    if not mode.startswith("serve"):
        assert any(line.get("message") == "a call of the core failed on its way" and line["cause"] for line in said)
    for line in said:
        assert {"timestamp", "level", "target"} <= line.keys()
