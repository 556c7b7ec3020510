"""What bad input gets: its 4xx as a SCIM error that says what is wrong, and nothing is written."""

import contextlib
import json
import re
import socket

import pytest

from harness.scim import ENTERPRISE, PATCH_OP, USER, a_user, patch_op, refused

DEEP = 10_000


def body(**changed) -> bytes:
    return json.dumps({**a_user("ana"), **changed}).encode()


def without(*names: str) -> bytes:
    return json.dumps({name: value for name, value in a_user("ana").items() if name not in names}).encode()


# What is sent to create a user: the scimType of the refusal, and what its detail names.
CREATES = {
    "empty": (b"", "invalidSyntax", ""),
    "blanks": (b" \n ", "invalidSyntax", ""),
    "broken JSON": (b'{"schemas": [', "invalidSyntax", "line"),
    "text after the object": (body() + b"x", "invalidSyntax", ""),
    "two objects": (body() + body(), "invalidSyntax", ""),
    "single quotes": (b"{'userName': 'ana'}", "invalidSyntax", ""),
    "a trailing comma": (b'{"userName": "ana",}', "invalidSyntax", ""),
    "a form": (b"userName=ana", "invalidSyntax", ""),
    "an array": (b"[]", "invalidSyntax", "array"),
    "a string": (b'"ana"', "invalidSyntax", "string"),
    "null": (b"null", "invalidSyntax", "null"),
    "a number": (b"17", "invalidSyntax", "number"),
    "NaN": (b'{"userName": NaN}', "invalidSyntax", ""),
    "invalid UTF-8": (body().replace(b"ana", b"an\xff"), "invalidSyntax", ""),
    "UTF-16": (body().decode().encode("utf-16"), "invalidSyntax", ""),
    "overlong UTF-8": (body().replace(b"ana", b"an\xc0\x80"), "invalidSyntax", ""),
    "a lone surrogate": (body().replace(b"ana", b"\\ud800"), "invalidSyntax", ""),
    "a raw line end in a string": (body().replace(b"ana", b"a\nb"), "invalidSyntax", ""),
    "arrays nested too deep": (b"[" * DEEP + b"]" * DEEP, "invalidSyntax", ""),
    "objects nested too deep": (b'{"a":' * DEEP + b"1" + b"}" * DEEP, "invalidSyntax", ""),
    "an attribute nested too deep": (body(name=[]).replace(b"[]", b"[" * DEEP + b"]" * DEEP), "invalidSyntax", ""),
    "schemas of null": (body(schemas=[None]), "invalidValue", "schemas"),
    "schemas a string": (body(schemas=USER), "invalidValue", "schemas"),
    "schemas an object": (body(schemas={USER: True}), "invalidValue", "schemas"),
    "schemas of numbers": (body(schemas=[1]), "invalidValue", "schemas"),
    "schemas of something else": (body(schemas=["urn:example:other"]), "invalidSyntax", "schemas"),
    "schemas of a PATCH": (body(schemas=[PATCH_OP]), "invalidSyntax", "schemas"),
    "no userName": (without("userName"), "invalidValue", "userName"),
    "userName null": (body(userName=None), "invalidValue", "userName"),
    "userName empty": (body(userName=""), "invalidValue", "userName"),
    "userName a number": (body(userName=7), "invalidValue", "userName"),
    "userName an object": (body(userName={"a": 1}), "invalidValue", "userName"),
    "userName an array": (body(userName=["ana"]), "invalidValue", "userName"),
    "U+0000 in userName": (body(userName="a\0b"), "invalidValue", "userName"),
    "U+0000 in a name": (body(name={"familyName": "a\0"}), "invalidValue", "name.familyName"),
    "U+0000 in an element": (body(emails=[{"value": "\0"}]), "invalidValue", "emails"),
    "U+0000 in an extension": (
        body(schemas=[USER, ENTERPRISE], **{ENTERPRISE: {"department": "\0"}}),
        "invalidValue",
        "department",
    ),
    "name a string": (body(name="Ana Ruiz"), "invalidValue", "name"),
    "name an array": (body(name=["Ana"]), "invalidValue", "name"),
    "a name's part an object": (
        body(name={"familyName": {}, "givenName": {"a": "b"}}),
        "invalidValue",
        "name.givenName",
    ),
    "active a word": (body(active="perhaps"), "invalidValue", "active"),
    "active a number": (body(active=1), "invalidValue", "active"),
    "active an array": (body(active=[True]), "invalidValue", "active"),
    "emails a number": (body(emails=7), "invalidValue", "emails"),
    "emails of numbers": (body(emails=[7]), "invalidValue", "emails"),
    "emails of arrays": (body(emails=[["a"]]), "invalidValue", "emails"),
    "an address a number": (body(emails=[{"value": 7}]), "invalidValue", "emails"),
    "primary a word": (body(emails=[{"value": "a", "primary": "first"}]), "invalidValue", "primary"),
    "two primaries": (
        body(emails=[{"value": "a", "primary": True}, {"value": "b", "primary": True}]),
        "invalidValue",
        "primary",
    ),
    "an extension a string": (body(**{ENTERPRISE: "Ops"}), "invalidValue", ENTERPRISE),
    "an extension an array": (body(**{ENTERPRISE: []}).replace(b"[]", b"[1]"), "invalidValue", ENTERPRISE),
    "a department an object": (body(**{ENTERPRISE: {"department": {"a": 1}}}), "invalidValue", "department"),
    "a certificate that is no base64": (body(x509Certificates=[{"value": "~~~"}]), "invalidValue", "x509Certificates"),
    "password a number": (body(password=7), "invalidValue", "password"),
    "externalId an object": (body(externalId={"a": 1}), "invalidValue", "externalId"),
}


@pytest.mark.parametrize("what", CREATES)
def test_a_user_that_cannot_be_is_neither_created_nor_put(generic, what):
    scim = generic.scim
    content, scim_type, naming = CREATES[what]
    there = scim.create("there", title="Boss")
    events = len(generic.events())
    refused(scim.post("/Users", content=content), 400, scim_type, naming=naming)
    refused(scim.put(f"/Users/{there['id']}", content=content), 400, scim_type, naming=naming)
    assert scim.page()["Resources"] == [there]
    assert len(generic.events()) == events


def replace(path, value=None) -> dict:
    return {"op": "replace", "path": path, "value": value}


# Operations of a PATCH: the scimType of the refusal, and what its detail names.
PATCHES = {
    "op missing": ({"path": "title", "value": "x"}, "invalidSyntax", "op"),
    "op null": ({"op": None, "path": "title", "value": "x"}, "invalidSyntax", "op"),
    "op unknown": ({"op": "merge", "path": "title", "value": "x"}, "invalidSyntax", "merge"),
    "op a number": ({"op": 1, "path": "title", "value": "x"}, "invalidSyntax", "op"),
    "path a number": ({"op": "add", "path": 7, "value": "x"}, "invalidSyntax", "path"),
    "path an array": ({"op": "add", "path": ["title"], "value": "x"}, "invalidSyntax", "path"),
    "an operation that is none": ("replace", "invalidSyntax", "Operations"),
    "an operation null": (None, "invalidSyntax", "Operations"),
    "path empty": (replace("", "x"), "invalidValue", "path"),
    "path blank": (replace(" ", "x"), "invalidValue", "path"),
    "path unknown": (replace("noSuchAttribute", "x"), "invalidPath", "noSuchAttribute"),
    "sub-attribute unknown": (replace("name.nothing", "x"), "invalidPath", "nothing"),
    "sub-attribute of a simple one": (replace("title.value", "x"), "invalidPath", "title"),
    "extension unknown": (replace("urn:example:nothing:title", "x"), "invalidPath", "urn:example:nothing"),
    "attribute of the extension unknown": (replace(f"{ENTERPRISE}:nothing", "x"), "invalidPath", "nothing"),
    "bracket open": (replace('emails[type eq "work"', "x"), "invalidPath", "path"),
    "bracket empty": (replace("emails[]", "x"), "invalidPath", "path"),
    "text after the path": (replace("title x", "x"), "invalidPath", "path"),
    "path with quotes": (replace('"title"', "x"), "invalidPath", "path"),
    "path with U+0000": (replace("ti\0tle", "x"), "invalidValue", "path"),
    "value path on a simple attribute": (replace('title[value eq "x"]', "x"), "invalidPath", "title"),
    "value path on a single complex attribute": (
        replace('name[familyName eq "x"].givenName', "x"),
        "invalidPath",
        "name",
    ),
    "value path nested too deep": (
        replace("emails[" + "(" * DEEP + 'type eq "x"' + ")" * DEEP + "]", {}),
        "invalidPath",
        "",
    ),
    "value path with an unknown attribute": (replace('emails[nothing eq "x"].value', "x"), "invalidFilter", "nothing"),
    "id": (replace("id", "another"), "mutability", "id"),
    "meta": (replace("meta.version", "x"), "mutability", "meta"),
    "groups": ({"op": "add", "path": "groups", "value": [{"value": "g1"}]}, "mutability", "groups"),
    "schemas removed": ({"op": "remove", "path": "userName"}, "mutability", "userName"),
    "userName cleared": (replace("userName", ""), "invalidValue", "userName"),
    "userName null": (replace("userName", None), "invalidValue", "userName"),
    "userName an object": (replace("userName", {"a": 1}), "invalidValue", "userName"),
    "title an object": (replace("title", {"a": 1}), "invalidValue", "title"),
    "title an array": (replace("title", ["x", "y"]), "invalidValue", "title"),
    "title a number": (replace("title", 7), "invalidValue", "title"),
    "title with U+0000": (replace("title", "a\0b"), "invalidValue", "title"),
    "active a word": (replace("active", "Maybe"), "invalidValue", "active"),
    "active null in an object": ({"op": "replace", "value": {"active": "Maybe"}}, "invalidValue", "active"),
    "name a string": (replace("name", "Ana"), "invalidValue", "name"),
    "emails a number": (replace("emails", 7), "invalidValue", "emails"),
    "emails with two primaries": (
        replace("emails", [{"value": "a", "primary": True}, {"value": "b", "primary": True}]),
        "invalidValue",
        "primary",
    ),
    "extension a string": (replace(ENTERPRISE, "Ops"), "invalidValue", ENTERPRISE),
    "no path and a string": ({"op": "replace", "value": "x"}, "invalidValue", "value"),
    "no path and no value": ({"op": "replace"}, "invalidValue", "value"),
    "no path and an array": ({"op": "add", "value": [1]}, "invalidValue", "value"),
    "an id that is another's": ({"op": "replace", "value": {"id": "another", "title": "x"}}, "mutability", "id"),
    "add without a value": ({"op": "add", "path": "title"}, "invalidValue", "value"),
    "remove without a path": ({"op": "remove", "value": {"title": "x"}}, "noTarget", "path"),
    "remove nothing at all": ({"op": "remove"}, "noTarget", "path"),
}


@pytest.mark.parametrize("what", PATCHES)
def test_a_patch_that_cannot_be_changes_nothing_not_even_by_its_good_operations(generic, what):
    scim = generic.scim
    operation, scim_type, naming = PATCHES[what]
    user = scim.create("ana", title="Boss", emails=[{"value": "ana@example.com", "type": "work"}])
    events = len(generic.events())
    good = {"op": "replace", "path": "displayName", "value": "changed"}
    answer = scim.patch(f"/Users/{user['id']}", good, operation, good)
    refused(answer, 400, scim_type, naming=naming)
    assert scim.read(user) == user
    assert len(generic.events()) == events


PATCH_BODIES = {
    "schemas of something else": {"schemas": [USER], "Operations": []},
    "schemas a string": {"schemas": PATCH_OP, "Operations": []},
    "no Operations": {"schemas": [PATCH_OP]},
    "Operations null": {"schemas": [PATCH_OP], "Operations": None},
    "Operations an object": {"schemas": [PATCH_OP], "Operations": {"op": "remove", "path": "title"}},
    "Operations a string": {"schemas": [PATCH_OP], "Operations": "[]"},
    "a whole user": a_user("other"),
}


@pytest.mark.parametrize("what", PATCH_BODIES)
def test_a_body_that_is_no_patch_is_refused(generic, what):
    user = generic.scim.create("ana", title="Boss")
    refused(generic.scim.request("PATCH", f"/Users/{user['id']}", data=PATCH_BODIES[what]), 400, "invalidSyntax")
    assert generic.scim.read(user) == user


FILTERS = {
    "parentheses": "(" * DEEP + 'userName eq "a"' + ")" * DEEP,
    "parentheses that stay open": "(" * DEEP,
    "negations": "not(" * 3_000 + 'userName eq "a"' + ")" * 3_000,
    "brackets": "emails[" * 3_000,
    "a bracket full of parentheses": "emails[" + "(" * DEEP + 'type eq "a"' + ")" * DEEP + "]",
    "terms": " or ".join(["title pr"] * 1_000),
    "a long value": f'userName eq "{"x" * 40_000}"',
}


@pytest.mark.parametrize("what", FILTERS)
def test_a_filter_past_its_limit_is_refused(generic, what):
    refused(generic.scim.get("/Users", filter=FILTERS[what]), 400, "invalidFilter")


@pytest.mark.parametrize(
    "path",
    [
        "/Users/%00",
        "/Users/a%00b",
        "/Users/%FF",
        "/Users/%C0%80",
        "/Users/%2e%2e%2f",
        "/Users/..%2FServiceProviderConfig",
        "/Users/' OR 1=1 --",
        "/Users/" + "x" * 2000,
        "/Users/01890000-0000-7000-8000-00000000000",
        "/Users/{01890000-0000-7000-8000-000000000000}",
        "/Users/018900000000700080000000000000000",
        "/Users/😀",
        "/Schemas/%00",
        "/Nothing/%00",
        "/%FF",
        "/users",
        "/Users/a/b",
    ],
)
def test_a_path_that_names_nothing_is_404(generic, path):
    refused(generic.scim.get(path), 404)


def test_an_id_in_another_spelling_is_no_id(generic):
    user = generic.scim.create("ana")
    for spelling in (user["id"].upper(), user["id"].replace("-", ""), f"{{{user['id']}}}", f"urn:uuid:{user['id']}"):
        if spelling != user["id"]:
            refused(generic.scim.get(f"/Users/{spelling}"), 404)


@pytest.mark.parametrize(
    ("query", "scim_type"),
    [
        ("filter=%00", "invalidValue"),
        ('filter=userName%20eq%20"a%00b"', "invalidValue"),
        ("filter=%FF", "invalidFilter"),
        ("filter=100%", "invalidFilter"),
        ("filter=%ZZ", "invalidFilter"),
        ("sortBy=%00", "invalidValue"),
        ("attributes=%FF", "invalidValue"),
        ("count=%00", "invalidValue"),
        ("cursor=%00", "invalidCursor"),
    ],
)
def test_a_query_with_what_no_text_can_have_is_refused(generic, query, scim_type):
    refused(generic.scim.get(f"/Users?{query}"), 400, scim_type)


def test_u_0000_in_the_value_of_a_filter_is_refused_on_both_databases(generic):
    for filter in ('userName eq "a\\u0000b"', 'displayName co "\\u0000"', 'emails[value eq "\\u0000"]'):
        refused(generic.scim.get("/Users", filter=filter), 400, "invalidValue", naming="U+0000")


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/xml", "application/x-www-form-urlencoded", "multipart/form-data"]
)
def test_a_body_that_does_not_say_to_be_json_is_refused(generic, content_type):
    answer = generic.scim.request("POST", "/Users", content=body(), headers={"Content-Type": content_type})
    refused(answer, 415, naming="application/scim+json")
    assert generic.scim.total() == 0


def test_a_compressed_body_is_refused(generic):
    answer = generic.scim.request("POST", "/Users", content=body(), headers={"Content-Encoding": "gzip"})
    refused(answer, 415)
    assert generic.scim.total() == 0


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("announced", [True, False])
def test_a_body_past_its_limit_is_413_whether_its_length_is_announced_or_not(generic, method, announced):
    scim = generic.scim
    user = scim.create("there")
    path = "/Users" if method == "POST" else f"/Users/{user['id']}"
    large = body(title="x" * (2 * 1024 * 1024))
    content = large if announced else (large[start : start + 65536] for start in range(0, len(large), 65536))
    refused(scim.request(method, path, content=content), 413)
    assert scim.page()["Resources"] == [user]


def test_a_body_within_its_limit_is_taken(generic):
    user = generic.scim.create("ana", title="x" * 1_000_000)
    assert len(generic.scim.read(user)["title"]) == 1_000_000


def test_a_patch_of_more_operations_than_allowed_is_too_many(generic):
    scim = generic.scim
    user = scim.create("ana")
    operation = {"op": "replace", "path": "title", "value": "x"}
    refused(scim.patch(f"/Users/{user['id']}", *[operation] * 5001), 400, "tooMany", naming="5000")
    assert scim.read(user) == user
    assert scim.change(user, *[operation] * 5000)["title"] == "x"


def test_the_limits_are_settings(builder):
    house = builder.start(
        "serve-sqlite", settings={"ROLLCALL_MAX_USER_BODY": "1KiB", "ROLLCALL_MAX_PATCH_OPERATIONS": "2"}
    )
    scim = house.new_directory().scim
    user = scim.create("ana")
    refused(scim.post("/Users", content=body(title="x" * 1024)), 413, naming="1024")
    operation = {"op": "replace", "path": "title", "value": "x"}
    refused(scim.patch(f"/Users/{user['id']}", *[operation] * 3), 400, "tooMany", naming="2")
    house.stop()


@pytest.mark.parametrize("method", ["TRACE", "OPTIONS", "PROPFIND", "POST"])
def test_a_method_that_an_endpoint_does_not_have_is_405(generic, method):
    user = generic.scim.create("ana")
    answer = generic.scim.request(method, f"/Users/{user['id']}", data=patch_op())
    refused(answer, 405)
    assert "PATCH" in answer.headers["allow"]


def test_what_is_not_supported_says_so(generic):
    refused(generic.scim.get("/Me"), 501)
    if not generic.scim.get("/ServiceProviderConfig").json()["bulk"]["supported"]:
        bulk = {"schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": []}
        refused(generic.scim.post("/Bulk", bulk), 501)


@pytest.mark.parametrize(
    "lines",
    [
        b"GET /scim/v2/Users HTTP/1.1\r\n\r\n",
        b"GET /scim/v2/Users HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /admin/sign-in HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        b"GET /admin/sign-in HTTP/1.1\r\n\r\n",
        b"BREW /scim/v2/Users HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET " + b"/x" * 100_000 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: y\r\n" * 10_000 + b"\r\n",
        b"POST /scim/v2/Users HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"POST /scim/v2/Users HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST /scim/v2/Users HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
        b"\x00" * 1000,
    ],
)
def test_what_is_no_http_does_not_harm_the_server(database_house, lines):
    answer = b""
    with (
        socket.create_connection(("127.0.0.1", database_house.http_port), timeout=30) as connection,
        # The server may have hung up amid the nonsense.
        contextlib.suppress(OSError),
    ):
        connection.sendall(lines)
        answer = connection.recv(65536)
    assert answer == b"" or answer.startswith((b"HTTP/1.1 4", b"HTTP/1.1 501")), answer[:200]
    assert database_house.is_ready()


@pytest.mark.parametrize(
    "head",
    [
        "GET /healthz HTTP/1.1\nHost: a\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\nX: b\r\n\r\n",
        "GET /healthz HTTP/1.1\r\nHost: a\r\n\n",
    ],
)
def test_a_line_of_a_head_that_ends_in_a_bare_line_feed_is_400(database_house, head):
    address = ("127.0.0.1", database_house.http_port)
    good = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"
    for before in ("", good):
        with socket.create_connection(address, timeout=30) as connection:
            connection.sendall((before + head).encode())
            answers = b""
            while more := connection.recv(65536):
                answers += more
        statuses = re.findall(rb"^HTTP/1\.1 (\d+)", answers, re.MULTILINE)
        assert statuses == [b"200"] * bool(before) + [b"400"], answers


def test_a_client_that_hangs_up_amid_its_body_leaves_nothing(generic):
    head = f"POST /scim/v2/Users HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer {generic.token}\r\n"
    head += "Content-Length: 5000\r\n\r\n"
    with socket.create_connection(("127.0.0.1", generic.house.http_port), timeout=30) as connection:
        connection.sendall(head.encode() + body()[:20])
    assert generic.scim.total() == 0
