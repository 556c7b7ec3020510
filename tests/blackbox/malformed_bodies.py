"""Malformed bodies: resources, their members, and the operations of a PATCH."""

from malformed import of_body, of_operation

from harness.scim import ENTERPRISE, GROUP, PATCH_OP, UNKNOWN_ID, USER

DEEP = 10_000

# What is no body of a user nor of a group: the scimType, and what the detail names.
TEXTS = [
    (b"", "the body is empty"),
    (b" \n\t ", "the body is empty"),
    (b"{", "line 1 column 1"),
    (b'{\n"displayName" "x"}', "line 2 column"),
    (b'{"displayName": "x",}', "line 1 column"),
    (b"{'displayName': 'x'}", "line 1 column 2"),
    (b'{"displayName": "x"} {}', "trailing characters"),
    (b'{"displayName": NaN}', "line 1 column"),
    (b'{"displayName": "a\xff"}', "line 1 column"),
    (b'{"displayName": "\\ud800"}', "column"),
    (b'{"displayName": "a\nb"}', "line"),
    (b"displayName=x", "line 1 column 1"),
    (b"[]", "the body is an array"),
    (b'"x"', "the body is a string"),
    (b"null", "the body is null"),
    (b"17", "the body is a number"),
    (b"true", "the body is a boolean"),
    (b'{"a":' * DEEP, "line 1 column"),
    (b'{"a":' * 40 + b"1" + b"}" * 40, "nested more than 32 levels"),
]


def user(**changed) -> dict:
    return {"schemas": [USER], "userName": "new@example.com", **changed}


def group(*members, **changed) -> dict:
    return {"schemas": [GROUP], "displayName": "New", **({"members": list(members)} if members else {}), **changed}


def without(body: dict, name: str) -> dict:
    return {key: value for key, value in body.items() if key != name}


USERS = [
    (user(schemas=USER), "invalidValue", "schemas: expected a list"),
    (user(schemas=[7]), "invalidValue", "schemas"),
    (user(schemas=[GROUP]), "invalidSyntax", "schemas"),
    (without(user(), "userName"), "invalidValue", "userName: it is required"),
    (user(userName=""), "invalidValue", "userName: it is required"),
    (user(userName=7), "invalidValue", "userName: expected a string, got a number"),
    (user(userName={"value": "x"}), "invalidValue", "userName: expected a string, got an object"),
    (user(userName="x" * 801), "invalidValue", "userName: it is longer than 800 bytes"),
    (user(userName="a\0b"), "invalidValue", "userName: a string cannot hold the character U+0000"),
    (user(externalId="x" * 801), "invalidValue", "externalId: it is longer than 800 bytes"),
    (user(externalId=[1, 2]), "invalidValue", "externalId"),
    (user(name="Ana"), "invalidValue", "name: expected an object with some of formatted"),
    (user(name={"familyName": ["Ruiz", "Gil"]}), "invalidValue", "name.familyName"),
    (user(active="perhaps"), "invalidValue", "active"),
    (user(active=1), "invalidValue", "active"),
    (user(emails=7), "invalidValue", "emails"),
    (user(emails=[{"value": 7}]), "invalidValue", "emails"),
    (user(emails=[{"value": "x" * 801}]), "invalidValue", "emails"),
    (user(emails=[{"value": "a", "primary": True}, {"value": "b", "primary": True}]), "invalidValue", "primary"),
    (user(x509Certificates=[{"value": "~~~"}]), "invalidValue", "x509Certificates"),
    (user(password=7), "invalidValue", "password"),
    (user(**{ENTERPRISE: "Ops"}), "invalidValue", ENTERPRISE),
    (user(**{ENTERPRISE: {"department": {"a": 1}}}), "invalidValue", "department"),
]

GROUPS = [
    (group(schemas=GROUP), "invalidValue", "schemas: expected a list"),
    (group(schemas=[USER]), "invalidSyntax", "schemas"),
    (without(group(), "displayName"), "invalidValue", "displayName: it is required"),
    (group(displayName=""), "invalidValue", "displayName: it is required"),
    (group(displayName=7), "invalidValue", "displayName: expected a string, got a number"),
    (group(displayName=["x"]), "invalidValue", "displayName"),
    (group(displayName="x" * 801), "invalidValue", "displayName: it is longer than 800 bytes"),
    (group(displayName="a\0b"), "invalidValue", "displayName: a string cannot hold the character U+0000"),
    (group(externalId={"a": 1}), "invalidValue", "externalId: expected a string, got an object"),
    (group(externalId="x" * 801), "invalidValue", "externalId: it is longer than 800 bytes"),
    (group(members=7), "invalidValue", "members[0]"),
    (group(members=True), "invalidValue", "members[0]"),
    (group(members={}), "invalidValue", "members[0]"),
    (group(members='["{user}"]'), "invalidValue", "members"),
    (group(7), "invalidValue", "members[0]"),
    (group(None), "invalidValue", "members[0]"),
    (group([]), "invalidValue", "members[0]"),
    (group("{user}", {}), "invalidValue", "members[1]"),
    (group({"value": "{user}"}, {"value": None}), "invalidValue", "members[1]"),
    (group({"value": 7}), "invalidValue", "members[0]"),
    (group({"value": ""}), "invalidValue", "members[0]"),
    (group({"value": {"value": "{user}"}}), "invalidValue", "members[0]"),
    (group({"display": "Ana", "type": "User"}), "invalidValue", "members[0]"),
    (group({"$ref": "/Users/{user}"}), "invalidValue", "members[0]"),
    (group({"value": "{user}"}, {"value": UNKNOWN_ID}), "invalidValue", UNKNOWN_ID),
    (group({"value": "nobody"}), "invalidValue", '"nobody"'),
    (group({"value": " {user}"}), "invalidValue", " {user}"),
    (group({"value": "urn:uuid:{user}"}), "invalidValue", "urn:uuid:{user}"),
    (group({"value": "a\0b"}), "invalidValue", "members"),
    (group({"value": "' OR '1'='1"}), "invalidValue", "' OR '1'='1"),
    (group({"value": "bulkId:x"}), "invalidValue", "bulkId:x"),
]


def add(value) -> dict:
    return {"op": "add", "path": "members", "value": value}


def at(path, value="x", op="replace") -> dict:
    return {"op": op, "path": path, "value": value}


# Operations that no resource has.
OPERATIONS = [
    ({}, "invalidSyntax", "Operations[1].op: it is missing"),
    (7, "invalidSyntax", "Operations[1]: expected an object, got a number"),
    (None, "invalidSyntax", "Operations[1]: expected an object, got null"),
    ([], "invalidSyntax", "Operations[1]: expected an object, got an array"),
    (
        {"op": "merge", "path": "displayName"},
        "invalidSyntax",
        'Operations[1].op: expected add, remove or replace, got "merge"',
    ),
    ({"op": 7}, "invalidSyntax", "Operations[1].op"),
    ({"op": None}, "invalidSyntax", "Operations[1].op"),
    (at(7), "invalidSyntax", "Operations[1].path: expected a string, got a number"),
    (at(["displayName"]), "invalidSyntax", "Operations[1].path: expected a string, got an array"),
    (at("nothing"), "invalidPath", '"nothing"'),
    (at("urn:example:nothing:at:all"), "invalidPath", '"urn:example:nothing:at:all"'),
    (at("displayName.value"), "invalidPath", '"displayName.value"'),
    (at("display Name"), "invalidPath", "path, column 9:"),
    (at("."), "invalidPath", "path, column 1:"),
    (at("displayName["), "invalidPath", "path, column 13:"),
    (at("displayName]"), "invalidPath", "path, column 12:"),
    (at('displayName[value eq "x"]'), "invalidPath", "displayName has no elements"),
    (at("displayName", 7), "invalidValue", "displayName: expected a string, got a number"),
    (at("displayName", {"a": 1}), "invalidValue", "displayName: expected a string, got an object"),
    (at("displayName", ["a", "b"]), "invalidValue", "displayName"),
    (at("displayName", "a\0b"), "invalidValue", "displayName: a string cannot hold the character U+0000"),
    (at("externalId", "x" * 801), "invalidValue", "Operations[1]: externalId: it is longer than 800 bytes"),
    (at("id"), "mutability", "id: it is read-only"),
    (at("meta", {}), "mutability", "meta: it is read-only"),
    (at("meta.version"), "mutability", "meta.version: it is read-only"),
    ({"op": "remove", "path": "id"}, "mutability", "id"),
    ({"op": "remove", "path": "schemas"}, "mutability", "schemas"),
    ({"op": "replace"}, "invalidValue", "Operations[1]: value: without a path"),
    ({"op": "replace", "value": 7}, "invalidValue", "Operations[1]: value: without a path"),
    ({"op": "replace", "value": '{"displayName'}, "invalidValue", "Operations[1]: value: without a path"),
    ({"op": "add", "value": [{"displayName": "x"}]}, "invalidValue", "Operations[1]: value: without a path"),
    ({"op": "replace", "value": {"displayName": 7}}, "invalidValue", "displayName: expected a string, got a number"),
    ({"op": "replace", "value": {"id": UNKNOWN_ID}}, "mutability", "id"),
    ({"op": "remove"}, "noTarget", "Operations[1]: path: it is missing"),
    ({"op": "remove", "value": {"displayName": "x"}}, "noTarget", "Operations[1]: path: it is missing"),
    ({"op": "add", "path": "externalId"}, "invalidValue", "Operations[1]"),
]

OF_USERS = [
    ({"op": "remove", "path": "userName"}, "mutability", "userName: it is required"),
    (at("userName", ""), "invalidValue", "userName: it is required"),
    (at("userName", None), "invalidValue", "userName: it is required"),
    (at("groups", [{"value": "{group}"}], "add"), "mutability", "groups: it is read-only"),
    (at('groups[value eq "{group}"]', None, "remove"), "mutability", "groups"),
    (at('emails[type eq "home"].value'), "noTarget", "emails"),
    (at('emails[type eq "work"', None, "remove"), "invalidPath", 'path, column 22: expected "]"'),
    (at("emails[]"), "invalidPath", "path, column 8:"),
    (at("emails[type gt]"), "invalidPath", "path, column 15: expected a value"),
    (at('emails[type eq "work"].nothing'), "invalidPath", 'emails has no sub-attribute "nothing"'),
    (at('emails[nothing eq "x"].value'), "invalidFilter", 'emails has no sub-attribute "nothing"'),
    (at('emails[type eq "work"].value.x'), "invalidPath", "emails"),
    (at("emails", 7), "invalidValue", "emails"),
    (at("emails", [{"value": "a", "primary": True}, {"value": "b", "primary": True}]), "invalidValue", "primary"),
    (at("name", "Ana"), "invalidValue", "name"),
    (at("name.nothing"), "invalidPath", '"name.nothing"'),
    (at("active", "Maybe"), "invalidValue", "active"),
    (at(f"{ENTERPRISE}:nothing"), "invalidPath", f'"{ENTERPRISE}:nothing"'),
    (at(ENTERPRISE, "Ops"), "invalidValue", ENTERPRISE),
    (at(USER, {"title": 7}), "invalidValue", "title: expected a string, got a number"),
    (at("members", [], "add"), "invalidPath", '"members"'),
]

OF_GROUPS = [
    ({"op": "remove", "path": "displayName"}, "mutability", "displayName: it is required"),
    (at("displayName", ""), "invalidValue", "displayName: it is required"),
    (at("displayName", None), "invalidValue", "displayName: it is required"),
    (at("userName"), "invalidPath", '"userName"'),
    (at("member", [], "add"), "invalidPath", '"member"'),
    ({"op": "add", "path": "members"}, "invalidValue", "Operations[1]: value: it is missing"),
    ({"op": "replace", "path": "members"}, "invalidValue", "Operations[1]: value: it is missing"),
    (add(7), "invalidValue", "Operations[1]: members[0]"),
    (add(True), "invalidValue", "Operations[1]: members[0]"),
    (add({}), "invalidValue", "Operations[1]: members[0]"),
    (add([7]), "invalidValue", "Operations[1]: members[0]"),
    (add([{"value": "{user}"}, None]), "invalidValue", "Operations[1]: members[1]"),
    (add([{"value": "{user}"}, {}]), "invalidValue", "Operations[1]: members[1]"),
    (add([{"value": []}]), "invalidValue", "Operations[1]: members[0]"),
    (add([{"value": "a\0b"}]), "invalidValue", "members"),
    (add("nobody"), "invalidValue", 'Operations[1]: members: there is no user or group with the id "nobody"'),
    (
        add([{"value": "{user}"}, {"value": UNKNOWN_ID}]),
        "invalidValue",
        f'Operations[1]: members: there is no user or group with the id "{UNKNOWN_ID}"',
    ),
    ({**add([{"value": UNKNOWN_ID}]), "op": "replace"}, "invalidValue", "Operations[1]: members: there is no user"),
    ({"op": "replace", "value": {"members": 7}}, "invalidValue", "Operations[1]: members[0]"),
    (
        {"op": "replace", "value": {"members": [{"value": UNKNOWN_ID}]}},
        "invalidValue",
        "Operations[1]: members: there is",
    ),
    (at("members", 7, "remove"), "invalidValue", "Operations[1]: members[0]"),
    (at("members", [{}], "remove"), "invalidValue", "Operations[1]: members[0]"),
    (at("members.value", "{user}", "add"), "mutability", "members.value"),
    (at("members.display"), "mutability", "members.display"),
    (at('members[value eq "{user}"].display'), "mutability", "display"),
    (at('members[value eq "{user}"]', {"value": "{inner}"}), "mutability", "members"),
    ({"op": "remove", "path": "members["}, "invalidPath", "Operations[1]: path, column 9:"),
    ({"op": "remove", "path": "members]"}, "invalidPath", "Operations[1]: path, column 8:"),
    ({"op": "remove", "path": "members[value]"}, "invalidPath", "Operations[1]: path, column 14:"),
    ({"op": "remove", "path": "members[value eq"}, "invalidPath", "Operations[1]: path, column 17: expected a value"),
    ({"op": "remove", "path": 'members[value eq "{user}"'}, "invalidPath", 'expected "]"'),
    ({"op": "remove", "path": 'members[value eq "x"]]'}, "invalidPath", "Operations[1]: path, column 22:"),
    ({"op": "remove", "path": 'members[value eq "x"] and'}, "invalidPath", "Operations[1]: path, column 23:"),
    ({"op": "remove", "path": 'members[nothing eq "x"]'}, "invalidFilter", 'members has no sub-attribute "nothing"'),
    ({"op": "remove", "path": "members[value eq 7]"}, "invalidFilter", "members.value is a string, which 7 is not"),
    ({"op": "remove", "path": 'members[value eq "x"].nothing'}, "invalidPath", 'no sub-attribute "nothing"'),
    ({"op": "remove", "path": "members.nothing"}, "invalidPath", '"members.nothing"'),
    ({"op": "remove", "path": 'members[value eq "a\\u0000b"]'}, "invalidValue", "U+0000"),
]

# Bodies of a PATCH that is none.
PATCHES = [
    ({"Operations": {}}, "Operations: expected an array of objects, got an object"),
    ({"schemas": [USER], "Operations": []}, "schemas: it lacks"),
    ({"schemas": PATCH_OP, "Operations": []}, "schemas: expected an array of URNs, got a string"),
    ({"schemas": [PATCH_OP]}, "Operations: it is missing"),
    ({"schemas": [PATCH_OP], "Operations": None}, "Operations: expected an array of objects, got null"),
    ({"schemas": [PATCH_OP], "Operations": {}}, "Operations: expected an array of objects, got an object"),
    ({"schemas": [PATCH_OP], "Operations": "[]"}, "Operations: expected an array of objects, got a string"),
    ([], "the body is an array"),
    (b"{", "line 1 column 1"),
]

U, G = "/Users/{user}", "/Groups/{group}"
BODIES = [
    *[of_body("POST", path, text, "invalidSyntax", naming) for path in ("/Users", "/Groups") for text, naming in TEXTS],
    *[of_body("PUT", G, text, "invalidSyntax", naming) for text, naming in TEXTS[:5]],
    *[of_body("POST", "/Users", body, scim_type, naming) for body, scim_type, naming in USERS],
    *[of_body(*way, *row) for way in (("POST", "/Groups"), ("PUT", G)) for row in GROUPS],
    *[of_operation(path, *row) for path in (U, G) for row in OPERATIONS],
    *[of_operation(U, *row) for row in OF_USERS],
    *[of_operation(G, *row) for row in OF_GROUPS],
    *[of_body("PATCH", path, body, "invalidSyntax", naming) for path in (U, G) for body, naming in PATCHES],
]
