"""Malformed bulk requests: whole ones, which are refused, and operations, whose refusal is their result."""

from dataclasses import replace

from malformed import Malformed, of_body

from harness.scim import GROUP, MESSAGES, UNKNOWN_ID, USER, a_user, patch_op

BULK = MESSAGES + "BulkRequest"


def post(**changed) -> dict:
    """An operation that would create a user."""
    return {"method": "POST", "path": "/Users", "bulkId": "new", "data": a_user("new@example.com"), **changed}


def without(name: str) -> dict:
    return {key: value for key, value in post().items() if key != name}


def patch(path: str, *operations) -> dict:
    return {"method": "PATCH", "path": path, "data": patch_op(*operations)}


def delete(path: str, **more) -> dict:
    return {"method": "DELETE", "path": path, **more}


# Bodies that are no bulk request: the scimType, and what the detail names.
REQUESTS = [
    (b"", "invalidSyntax", "the body is empty"),
    (b"{", "invalidSyntax", "line 1 column 1"),
    (b"[]", "invalidSyntax", "the body is an array"),
    ({}, "invalidSyntax", "Operations: it is missing"),
    ({"schemas": BULK, "Operations": []}, "invalidSyntax", "schemas: expected an array of URNs, got a string"),
    ({"schemas": [USER], "Operations": []}, "invalidSyntax", "schemas: it lacks"),
    ({"schemas": [BULK]}, "invalidSyntax", "Operations: it is missing"),
    ({"schemas": [BULK], "Operations": None}, "invalidSyntax", "Operations: expected an array of objects, got null"),
    (
        {"schemas": [BULK], "Operations": post()},
        "invalidSyntax",
        "Operations: expected an array of objects, got an obj",
    ),
    ({"schemas": [BULK], "Operations": "[]"}, "invalidSyntax", "Operations: expected an array of objects, got a str"),
    *[
        ({"schemas": [BULK], "Operations": [post()], "failOnErrors": number}, "invalidValue", "failOnErrors")
        for number in (0, -1, 1.5, "1", True, [])
    ],
]

# Operations that cannot be: the status and the scimType of their result, and what its detail names.
OPERATIONS = [
    (7, 400, "invalidSyntax", "expected an object, got a number"),
    (None, 400, "invalidSyntax", "expected an object, got null"),
    ([], 400, "invalidSyntax", "expected an object, got an array"),
    ({}, 400, "invalidSyntax", "method: it is missing"),
    (without("method"), 400, "invalidSyntax", "method: it is missing"),
    (post(method=None), 400, "invalidSyntax", "method"),
    (post(method=7), 400, "invalidSyntax", "method: expected a string, got a number"),
    (post(method="GET"), 400, "invalidSyntax", 'method: expected POST, PUT, PATCH or DELETE, got "GET"'),
    (post(method="FETCH"), 400, "invalidSyntax", 'got "FETCH"'),
    (without("path"), 400, "invalidSyntax", "path: it is missing"),
    (post(path=7), 400, "invalidSyntax", "path: expected a string, got a number"),
    (post(path=""), 404, None, "path"),
    (post(path="/Nothing"), 404, None, '"/Nothing"'),
    (post(path="/Bulk"), 404, None, '"/Bulk"'),
    (post(path="/.search"), 404, None, '"/.search"'),
    (post(path="/Schemas"), 404, None, '"/Schemas"'),
    (post(path="https://elsewhere.example.com/Users"), 404, None, "elsewhere"),
    (post(path="/Users/{user}"), 400, "invalidValue", "path: POST takes /Users or /Groups"),
    (post(path="/Groups"), 400, "invalidSyntax", "schemas"),
    (without("bulkId"), 400, "invalidValue", "bulkId: it is missing"),
    (post(bulkId=""), 400, "invalidValue", "bulkId"),
    (post(bulkId=7), 400, "invalidSyntax", "bulkId: expected a string, got a number"),
    (without("data"), 400, "invalidValue", "data: it is missing"),
    (post(data=None), 400, "invalidValue", "data: it is missing"),
    (post(data="x"), 400, "invalidSyntax", "expected a JSON object"),
    (post(data=[]), 400, "invalidSyntax", "expected a JSON object"),
    (post(data={}), 400, "invalidValue", "userName: it is required"),
    (post(data={"schemas": [USER]}), 400, "invalidValue", "userName: it is required"),
    (post(data=a_user("ANA@example.com")), 409, "uniqueness", "userName"),
    (post(data=a_user("new@example.com", emails=7)), 400, "invalidValue", "emails"),
    (
        post(path="/Groups", data={"schemas": [GROUP], "displayName": "x", "members": [{"value": UNKNOWN_ID}]}),
        400,
        "invalidValue",
        UNKNOWN_ID,
    ),
    (
        post(path="/Groups", data={"schemas": [GROUP], "displayName": "x", "members": [{"value": "bulkId:nobody"}]}),
        400,
        "invalidValue",
        "bulkId:nobody",
    ),
    (post(method="PUT"), 400, "invalidValue", "path: PUT takes one with an id"),
    (post(method="PUT", path="/Users/nobody"), 404, None, "nobody"),
    (post(method="PUT", path="/Users/bulkId:nobody"), 400, "invalidValue", "bulkId:nobody"),
    (post(method="PUT", path="/Users/{user}", data={"schemas": [USER]}), 400, "invalidValue", "userName"),
    ({"method": "PATCH", "path": "/Users/{user}"}, 400, "invalidValue", "data: it is missing"),
    (patch("/Users/{user}", 7), 400, "invalidSyntax", "Operations[0]: expected an object, got a number"),
    (patch("/Users/{user}", {"op": "replace", "path": "x[", "value": 1}), 400, "invalidPath", "path, column 3:"),
    (patch("/Users/{user}", {"op": "remove"}), 400, "noTarget", "path: it is missing"),
    (patch("/Groups/{group}", {"op": "add", "path": "members", "value": [7]}), 400, "invalidValue", "members[0]"),
    (patch("/Groups/{group}", {"op": "remove", "path": "members["}), 400, "invalidPath", "path, column 9:"),
    (patch("/Groups/{user}", {"op": "remove", "path": "members"}), 404, None, "{user}"),
    (delete("/Users"), 400, "invalidValue", "path: DELETE takes one with an id"),
    (delete("/Users/nobody"), 404, None, "nobody"),
    (delete("/Users/{user}", version='W/"99"'), 412, None, "W/"),
    (delete("/Groups/{group}", version=7), 400, "invalidSyntax", "version: expected a string, got a number"),
    (delete("/Groups/{group}", version=""), 400, "invalidValue", "version"),
]


def of_bulk(operation, status: int, scim_type: str | None, naming: str) -> Malformed:
    body = {"schemas": [BULK], "Operations": [operation]}
    return replace(of_body("POST", "/Bulk", body, scim_type, naming, status), in_bulk=True)


TOO_MANY = {"schemas": [BULK], "Operations": [delete("/Users/{user}")] * 1001}

BULKS = [
    *[of_body("POST", "/Bulk", *row) for row in REQUESTS],
    of_body("POST", "/Bulk", TOO_MANY, None, "1000", status=413),
    Malformed("GET", "/Bulk", 405, None, "POST"),
    Malformed("POST", "/Bulk/x", 404, None, "", b"{}"),
    *[of_bulk(*row) for row in OPERATIONS],
]
