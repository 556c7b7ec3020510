"""Who may call each rpc, and what everybody else is told: the first part of `authorisation.txt`."""

import grpc
import pytest
from asking import filled
from callers import BOUND, OF_ALL, SCOPES, Callers, Tally, rows

from harness.rpc import api, methods, reason
from harness.scim import UNKNOWN_ID

pytestmark = [pytest.mark.hops, pytest.mark.timeout(600)]

# What the reason of an error is called in the table. Every other one is about the request: whoever hears it is let in.
REASONS = {
    "CREDENTIAL_MISSING": "none",
    "CREDENTIAL_INVALID": "401",
    "SCOPE_MISSING": "-",
    "SCIM_OFF": "off",
    "FORBIDDEN": "403",
}
FAULTS = ("", "INTERNAL", "UNAVAILABLE")
# Whoever asks for an access token says who they are in the message; wrong secrets are counted.
ISSUE = "OAuthService/IssueAccessToken"
# The fields that ask for what is of no directory, or of every key.
BEYOND = ("without_directory", "outside_directories", "all_keys", "any_key")
# What these are read for before the directory is looked for.
SAMPLES = {
    "ProvisioningRuleService/CreateProvisioningRule": {"rule": {"effect": 1, "groups": ["some"]}},
    "SchemaService/RegisterSchema": {
        "schema": {"id": "urn:example:2.0:Badge", "attributes": [{"name": "number", "type": "string"}]},
        "resource_type": "User",
    },
}


def ask(callers: Callers, name: str, secret: str | None, directory: str, *, beyond=False) -> str:
    """What an rpc answers, as the table calls it."""
    kind, rpc = methods()[name].request, callers.house.rpc(secret)
    message = kind(directory=directory, **SAMPLES[name]) if name in SAMPLES else filled(kind, UNKNOWN_ID, directory)
    for one in BEYOND:
        if beyond and one in kind.DESCRIPTOR.fields_by_name:
            setattr(message, one, True)
    if name == ISSUE:
        message = kind(client_id=callers.client, client_secret=secret or "")
        rpc = callers.house.rpc(None)
    try:
        rpc.first(name, message)
    except grpc.RpcError as error:
        told, words = reason(error), error.details()
        if told in FAULTS:
            return f"{error.code()} {words}"
        if told == "NOT_FOUND" and "no directory named" in words:
            return "404"
        if told == "RATE_LIMITED" and name == ISSUE:
            return "401"
        # Whoever is let in is told that there is no mail server.
        return "+" if "no SMTP server" in words else REASONS.get(told, "+")
    return "+"


def test_each_rpc_has_a_row_and_each_row_an_rpc():
    assert set(rows("rpcs")) == set(methods())


def test_each_scope_has_a_column():
    every = {name.removeprefix("SCOPE_") for name in api()["access"].Scope.DESCRIPTOR.values_by_name}
    assert set(SCOPES.values()) == every - {"UNSPECIFIED", "PUBLIC", "AUTHENTICATED", "ADMIN"}


def test_each_rpc_answers_whom_its_row_lets_in_and_nobody_else(house, record_property):
    callers, tally = Callers(house), Tally()
    mine, others = callers.mine.name, (("other", BOUND, callers.theirs), ("gone", OF_ALL, callers.gone))
    for name, cells in rows("rpcs").items():
        for caller, secret, expected in callers.of(name, cells, ends_sessions=name == "SessionService/EndAllSessions"):
            tally.compare(name, caller, ask(callers, name, secret, mine), expected)
        for column, who, directory in (*others, ("groups", OF_ALL, callers.groupless)):
            for caller, secret in callers.let_in(name, column, who, cells):
                tally.compare(name, caller, ask(callers, name, secret, directory.name), cells[column])
        for caller, secret in callers.let_in(name, "beyond", BOUND, cells):
            tally.compare(name, caller, ask(callers, name, secret, "", beyond=True), cells["beyond"])
    tally.close(record_property)
