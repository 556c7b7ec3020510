"""Filters over SCIM (RFC 7644 §3.4.2.2): the same answers on both databases, and none that is wrong for being empty.

The crates compare every filter with an oracle; here stand the cases that people know.
"""

import json

import pytest

from harness.scim import ENTERPRISE, USER, refused

pytestmark = pytest.mark.databases

ALICE = {
    "displayName": "Alpha",
    "title": "Boss",
    "externalId": "ExtA",
    "name": {"familyName": "Anders", "givenName": "Alice"},
    "emails": [
        {"value": "alice@work.test", "type": "work", "primary": True},
        {"value": "alice@home.test", "type": "home"},
    ],
    ENTERPRISE: {"department": "Tours", "employeeNumber": "1"},
}
BOB = {
    "displayName": "Beta",
    "active": False,
    "externalId": "ExtB",
    "name": {"familyName": "Berg"},
    "emails": [{"value": "bob@home.test", "type": "home", "primary": True}],
    ENTERPRISE: {"department": "Sales", "manager": {"value": "m1"}},
}
# A user with nothing: no filter may trip over it.
BARE: dict = {}

FILTERS = {
    'userName eq "alice"': "a",
    'userName eq "ALICE"': "a",
    # What has no value differs from every value.
    'userName ne "alice"': "bc",
    'userName co "LIC"': "a",
    'userName sw "b"': "bc",
    'userName ew "E"': "ac",
    'userName gt "alice"': "bc",
    'userName le "BARE"': "ac",
    'externalId eq "ExtA"': "a",
    'externalId eq "exta"': "",
    'externalId sw "Ext"': "ab",
    'displayName ne "Alpha"': "bc",
    'displayName ge "alpha"': "ab",
    'displayName lt "beta"': "a",
    "title pr": "a",
    "not (title pr)": "bc",
    "title eq null": "bc",
    "title ne null": "a",
    'not (displayName eq "Alpha")': "bc",
    "name pr": "ab",
    "name.givenName pr": "a",
    "active eq true": "ac",
    "active eq false": "b",
    "active ne true": "b",
    "emails pr": "ab",
    'emails eq "alice@work.test"': "a",
    'emails co "home"': "ab",
    'emails.value sw "ALICE@HOME"': "a",
    'emails.type eq "work"': "a",
    'emails[type eq "work"]': "a",
    'emails[type eq "work" and value ew "home.test"]': "",
    'emails.type eq "work" and emails.value ew "home.test"': "a",
    'emails[type eq "home" and primary eq true]': "b",
    'emails[not (type eq "home")]': "a",
    'emails[type eq "work" or type eq "home"]': "ab",
    'emails[type eq "home"].value eq "bob@home.test"': "b",
    "emails[primary eq true]": "ab",
    'not (emails[type eq "home"])': "c",
    'emails ne "alice@work.test"': "abc",
    f'{USER}:userName eq "bob"': "b",
    f'{ENTERPRISE}:department eq "tours"': "a",
    f"{ENTERPRISE}:manager pr": "b",
    f'{ENTERPRISE}:manager.value eq "m1"': "b",
    f'{ENTERPRISE}:manager eq "m1"': "b",
    'manager eq "m1"': "b",
    f"{ENTERPRISE}:employeeNumber pr": "a",
    'schemas eq "' + ENTERPRISE + '"': "ab",
    'userName eq "bob" or userName eq "alice" and displayName eq "nobody"': "b",
    '(userName eq "bob" or userName eq "alice") and displayName eq "Alpha"': "a",
    'userName eq "alice" Or USERNAME EQ "bob"': "ab",
    'NOT(userName eq "alice")AND title pr': "",
    'not (not (userName eq "alice"))': "a",
    'meta.created gt "2001-01-01T00:00:00Z"': "abc",
    'meta.created gt "2001-01-01T00:00:00.123456789+14:00"': "abc",
    'meta.lastModified lt "2001-01-01T00:00:00Z"': "",
    'meta.resourceType eq "User"': "abc",
    "id pr": "abc",
    'id eq "nobody"': "",
    'userName eq ""': "",
    'userName co ""': "abc",
    'userName eq "%"': "",
    'userName co "_"': "",
    'userName co "\\u0061lice"': "a",
}


@pytest.fixture(scope="module")
def clients():
    """The clients of the directories with Alice, Bob and the bare one, by house."""
    return {}


@pytest.fixture
def scim(database_house, clients):
    if database_house.mode not in clients:
        scim = database_house.new_directory("generic").scim
        for name, attributes in (("alice", ALICE), ("bob", BOB), ("bare", BARE)):
            scim.create(name, **attributes)
        clients[database_house.mode] = scim
    return clients[database_house.mode]


@pytest.mark.parametrize(("filter", "found"), FILTERS.items())
def test_a_filter_finds_exactly_whom_it_describes(scim, filter, found):
    names = {"a": "alice", "b": "bob", "c": "bare"}
    assert scim.names(filter) == sorted(names[one] for one in found)
    assert scim.page(filter=filter, count=0)["totalResults"] == len(found)


@pytest.mark.parametrize(
    "text",
    [
        'The "Boss"',
        "back\\slash",
        "100%_sure",
        "Zoë 日本 😀",
        'x) or (userName pr and "[1]',
        "'; DROP TABLE users; --",
        "tab\there",
        " ",
    ],
)
def test_a_value_is_a_value_whatever_is_in_it(database_house, text):
    scim = database_house.new_directory().scim
    scim.create("it", displayName=text)
    scim.create("other", displayName="The Boss")
    for operator in ("eq", "co", "sw", "ew"):
        filter = f"displayName {operator} {json.dumps(text)}"
        expected = {"it"} | ({"other"} if operator == "co" and text == " " else set())
        assert set(scim.names(filter)) == expected, filter


@pytest.mark.parametrize(
    ("upper", "lower"),
    [("STRASSE", "straße"), ("ÄÖÜ", "äöü"), ("ΣΊΣΥΦΟΣ", "σίσυφος"), ("ǅ", "ǆ"), ("İ", "i̇"), ("É", "é")],
)
def test_case_is_folded_as_unicode_has_it_and_the_same_on_both_databases(database_house, upper, lower):
    scim = database_house.new_directory().scim
    scim.create(lower, displayName=lower)
    assert scim.names(f'userName eq "{upper}"') == [lower]
    assert scim.names(f'displayName co "{upper}"') == [lower]


@pytest.mark.parametrize(
    "filter",
    [
        'userName eq "abc',
        'userName like "abc"',
        "userName eq",
        "eq",
        '(userName eq "abc"',
        'userName eq "abc")',
        "userName eq abc",
        'userName eq "abc" xyz',
        "userName eq 'abc'",
        'userName eq "a" and',
        'userName eq "a" userName eq "b"',
        'and userName eq "a"',
        'not userName eq "a"',
        'userName eq "\\x"',
        'userName eq "\\ud800"',
        "userName eq 1",
        "userName eq true",
        'active eq "perhaps"',
        "active gt true",
        "active co true",
        'name eq "x"',
        'nothing eq "x"',
        'name.nothing eq "x"',
        'emails[nothing eq "x"]',
        'emails[type eq "work"',
        'emails[emails[type eq "work"]]',
        'emails[type eq "work"].nothing eq "x"',
        "emails[]",
        'userName[value eq "x"]',
        'userName.value eq "x"',
        "title gt null",
        'meta.created gt "yesterday"',
        'meta.created gt "2001-13-01T00:00:00Z"',
        "meta.created gt 5",
        'password eq "x"',
        'urn:example:nothing:userName eq "x"',
        f'{ENTERPRISE}:nothing eq "x"',
        f'{ENTERPRISE} eq "x"',
        "userName pr pr",
        'userName pr "x"',
        "😀",
    ],
)
def test_a_filter_that_cannot_be_answered_is_refused(scim, filter):
    refused(scim.get("/Users", filter=filter), 400, "invalidFilter")
