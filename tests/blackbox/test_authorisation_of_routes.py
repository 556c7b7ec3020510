"""Who may ask for each route of the gateway, and what everybody else is told: the second part of
`authorisation.txt`."""

import re
from itertools import product
from pathlib import Path

import httpx
import pytest
from asking import body_of, told_by
from callers import BOUND, Callers, Resources, Tally, rows

from harness.modes import chosen
from harness.scim import SCIM_JSON, TRUSTS_NOBODY, UNKNOWN_ID, USER

pytestmark = [pytest.mark.hops, pytest.mark.timeout(600)]

ROUTING = Path(__file__).parents[2] / "crates/gateway/src/routing.rs"
BASE_PATHS = ("/scim/v2", "/api/ee/scim/v2")
# The methods that a row stands for.
METHODS = {"GET": ("GET", "HEAD"), "ANY": ("GET", "POST", "PUT", "PATCH", "DELETE")}
# Whoever asks for an access token says who they are in the form; wrong secrets are counted.
TOKEN = "POST /oauth2/token"
# The variants of `Route` and `Endpoint`, each with a path that leads there.
PATHS = {
    "Liveness": "/healthz",
    "Readiness": "/readyz",
    "Token": "/oauth2/token",
    "OtherVersion": "/scim/v1/Users",
    "Elsewhere": "/nothing",
    "Root": "/scim/v2",
    "Users": "/scim/v2/Users",
    "User": "/scim/v2/Users/{id}",
    "Groups": "/scim/v2/Groups",
    "Group": "/scim/v2/Groups/{id}",
    "Search": "/scim/v2/.search",
    "UserSearch": "/scim/v2/Users/.search",
    "GroupSearch": "/scim/v2/Groups/.search",
    "ServiceProviderConfig": "/scim/v2/ServiceProviderConfig",
    "ResourceTypes": "/scim/v2/ResourceTypes",
    "ResourceType": "/scim/v2/ResourceTypes/User",
    "Schemas": "/scim/v2/Schemas",
    "Schema": f"/scim/v2/Schemas/{USER}",
    "Me": "/scim/v2/Me",
    "Bulk": "/scim/v2/Bulk",
    "OpenApi": "/openapi.json",
    "Unknown": "/scim/v2/Nothing",
    "BaseAgain": "/scim/v2/scim/v2/Users",
    "Unreadable": "/scim/v2/%FF",
}


def variants(name: str) -> set[str]:
    """The variants of an enum of the gateway's routing."""
    enum = re.search(rf"^pub\(crate\) enum {name}\b.*?^\}}", ROUTING.read_text(), re.MULTILINE | re.DOTALL)
    return set(re.findall(r"^    (\w+)", enum.group(), re.MULTILINE))


def test_each_route_of_the_gateway_has_a_row_and_each_row_a_route(generic):
    assert set(PATHS) == variants("Route") - {"Scim"} | variants("Endpoint")
    found = set()
    for path in PATHS.values():
        # The router says itself which methods there are; where it says none, nothing is there.
        url = generic.house.url + path.replace("{id}", UNKNOWN_ID)
        answer = generic.scim.http.request("REPORT", url, headers={"Authorization": f"Bearer {generic.token}"})
        allowed = answer.headers["allow"].split(", ") if answer.status_code == 405 else ["ANY"]
        here = [f"{method} {path}" for method in allowed if method != "HEAD"]
        found |= set(here)
        # Nor is a stranger told which.
        if all(rows("gateway").get(row, {}).get("nobody") == "401" for row in here) and TOKEN not in here:
            assert generic.scim.http.request("REPORT", url).status_code == 401, path
    assert set(rows("gateway")) == found


class Client:
    """Asks the gateway, and calls its answers as the table does."""

    def __init__(self, callers: Callers):
        self.callers = callers
        self.http = httpx.Client(base_url=callers.house.url, timeout=60, verify=TRUSTS_NOBODY)

    def ask(self, row: str, method: str, base_path: str, secret: str | None, id: str) -> str:
        path = row.split()[1].replace("/scim/v2", base_path, 1).replace("{id}", id)
        if row == TOKEN:
            form = {"client_id": self.callers.client, "client_secret": secret or "", "grant_type": "client_credentials"}
            answer = self.http.post(path, data=form)
        else:
            headers = {"Content-Type": SCIM_JSON} | ({"Authorization": f"Bearer {secret}"} if secret else {})
            member = self.callers.resources[self.callers.mine.name].user
            answer = self.http.request(method, path, json=body_of(method, path, member), headers=headers)
        # Whoever is let in to /Me is told whether they stand for a user.
        status = {501: "+", 429: "401" if row == TOKEN else "429"}
        return status.get(answer.status_code) or told_by(answer)

    def compare(self, tally: Tally, row: str, caller: str, secret: str | None, about: Resources, expected: str) -> None:
        """Asks by one of the methods and base paths that the row stands for, or by each."""
        own = row.split()[0]
        for method, base_path in chosen(f"{row} {caller}", product(METHODS.get(own, (own,)), BASE_PATHS)):
            # Where there is no body, no words say why.
            wanted = "403" if method == "HEAD" and expected in ("-", "off") else expected
            told = self.ask(row, method, base_path, secret, about.id_for(row))
            tally.compare(f"{row} as {method}", caller, told, wanted)


def test_each_route_of_the_gateway_answers_whom_its_row_lets_in_and_nobody_else(house, record_property):
    callers, tally = Callers(house), Tally()
    client = Client(callers)
    mine, theirs, groupless = callers.resources.values()
    for row, cells in rows("gateway").items():
        for caller, secret, expected in callers.of(row, cells):
            client.compare(tally, row, caller, secret, mine, expected)
        for caller, secret in callers.let_in(row, "other", BOUND, cells):
            client.compare(tally, row, caller, secret, theirs, cells["other"])
        client.compare(tally, row, "groups (a token)", callers.groupless.token, groupless, cells["groups"])
    tally.close(record_property)
