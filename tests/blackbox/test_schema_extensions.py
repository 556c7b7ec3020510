"""Schemas that a directory registers beside the built-in ones."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest

from harness.rpc import api, judge, refuses
from harness.scim import GROUP, USER, a_user, created, listing, no_content, ok, refused

pytestmark = pytest.mark.databases

URN = "urn:example:acme:2.0:Badge"
BADGE = {
    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Schema"],
    "id": URN,
    "name": "Badge",
    "description": "What opens doors",
    "attributes": [
        {"name": "number", "uniqueness": "server", "caseExact": True, "description": "Printed on it"},
        {"name": "colour", "canonicalValues": ["red", "blue"]},
        {"name": "level", "type": "integer"},
        {"name": "valid", "type": "boolean"},
        {"name": "since", "type": "dateTime"},
        {"name": "serial", "mutability": "immutable"},
        {"name": "secret", "returned": "request"},
        {"name": "checked", "mutability": "readOnly"},
        {
            "name": "doors",
            "type": "complex",
            "multiValued": True,
            "subAttributes": [
                {"name": "value", "required": True},
                {"name": "floor", "type": "integer"},
                {"name": "primary", "type": "boolean"},
            ],
        },
    ],
}


def register(directory, schema=BADGE, *arguments: str) -> dict:
    """Registers a schema from a file, and returns what the command prints for machines."""
    file = directory.house.work / f"{directory.name}.json"
    file.write_text(json.dumps(schema))
    return directory.house.command_json("schema", "register", str(file), "--directory", directory.name, *arguments)


def message(schema: dict) -> dict:
    """A schema as a message."""
    names = {
        "multiValued": "multi_valued",
        "canonicalValues": "canonical_values",
        "caseExact": "case_exact",
        "subAttributes": "sub_attributes",
        "referenceTypes": "reference_types",
    }

    def attribute(json: dict) -> dict:
        fields = {names.get(name, name): value for name, value in json.items()}
        if "sub_attributes" in fields:
            fields["sub_attributes"] = [attribute(sub) for sub in fields["sub_attributes"]]
        return fields

    kept = {name: schema[name] for name in ("id", "name", "description") if name in schema}
    return {**kept, "attributes": [attribute(json) for json in schema["attributes"]]}


def over_grpc(directory, schema=BADGE, **fields):
    return directory.house.admin.call(
        "SchemaService/RegisterSchema", directory=directory.name, schema=message(schema), **fields
    )


def delete(directory, urn: str = URN):
    return directory.house.admin.call("SchemaService/DeleteSchema", directory=directory.name, id=urn)


@pytest.fixture
def acme(generic):
    """A new directory that has registered the badge."""
    register(generic)
    return generic


def test_a_schema_is_registered_shown_listed_and_deleted(generic):
    house, directory = generic.house, ["--directory", generic.name]
    made = register(generic)
    assert (made["resourceType"], made["required"]) == ("User", False)
    assert [attribute["name"] for attribute in made["schema"]["attributes"]] == [a["name"] for a in BADGE["attributes"]]
    assert house.command_json("schema", "list", *directory)["schemas"] == [made]
    assert house.command_json("schema", "show", URN.upper(), *directory) == made
    assert register(generic, made["schema"]) == made, "what is shown can be registered again"
    table = house.command("schema", "show", URN, *directory).stdout
    assert "doors.floor" in table
    assert "uniqueness=server" in table
    assert house.command("schema", "delete", URN, *directory).returncode == 0
    assert house.command_json("schema", "list", *directory)["schemas"] == []
    refused(generic.scim.get(f"/Schemas/{URN}"), 404)


def test_it_is_discovered_like_those_that_are_built_in(acme, okta):
    scim = acme.scim
    schema = ok(scim.get(f"/Schemas/{URN}"))
    assert (schema["id"], schema["name"], schema["description"]) == (URN, "Badge", "What opens doors")
    attributes = {attribute["name"]: attribute for attribute in schema["attributes"]}
    assert attributes["number"]["uniqueness"] == "server"
    assert attributes["number"]["mutability"] == "readWrite"
    assert attributes["colour"]["canonicalValues"] == ["red", "blue"]
    assert [sub["name"] for sub in attributes["doors"]["subAttributes"]] == ["value", "floor", "primary"]
    assert URN in [schema["id"] for schema in listing(scim.get("/Schemas"))["Resources"]]
    user_type = ok(scim.get("/ResourceTypes/User"))
    assert {"schema": URN, "required": False} in user_type["schemaExtensions"]
    assert URN not in okta.scim.get("/Schemas").text, "another directory has none"
    assert URN not in okta.scim.get("/ResourceTypes").text


def test_values_are_kept_and_shown_in_the_form_of_the_schema(acme, name):
    badge = {
        "LEVEL": 3,
        "colour": "green",
        "valid": "True",
        "doors": [{"value": "front", "primary": True}, {"value": "back", "floor": 2}],
        "checked": "by nobody",
        "unknown": "x",
        "since": "2026-01-31T12:00:00+01:00",
    }
    user = acme.scim.create(name, **{URN: badge})
    assert user["schemas"] == [USER, URN]
    assert user[URN] == {
        "colour": "green",
        "level": 3,
        "valid": True,
        "since": "2026-01-31T12:00:00+01:00",
        "doors": [{"value": "front", "primary": True}, {"value": "back", "floor": 2}],
    }
    assert acme.scim.read(user) == user
    read = acme.house.admin.call("UserService/GetUser", directory=acme.name, id=user["id"]).user
    assert [entry.name for entry in read.extensions[URN].map_value.entries] == list(user[URN])
    one = acme.scim.create(f"one.{name}", **{f"{URN}:level": 4})
    assert one[URN] == {"level": 4}


@pytest.mark.parametrize(
    ("badge", "place"),
    [
        ({"level": "three"}, f"{URN}:level"),
        ({"level": 1.5}, f"{URN}:level"),
        ({"valid": "maybe"}, f"{URN}:valid"),
        ({"since": "yesterday"}, f"{URN}:since"),
        ({"colour": 7}, f"{URN}:colour"),
        ({"doors": [{"floor": 2}]}, f"{URN}:doors[0].value"),
        ({"doors": [{"value": "a", "primary": True}, {"value": "b", "primary": True}]}, f"{URN}:doors"),
        ({"number": "x" * 801}, f"{URN}:number"),
        ("red", URN),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(acme, name, badge, place):
    refused(acme.scim.post("/Users", a_user(name, **{URN: badge})), 400, "invalidValue", naming=place)
    assert acme.scim.total() == 0


def test_values_are_filtered_and_sorted(acme, name):
    scim = acme.scim
    for number, (level, colour) in enumerate([(3, "Red"), (1, "blue"), (2, "red")]):
        scim.create(
            f"{number}.{name}",
            **{URN: {"level": level, "colour": colour, "doors": [{"value": f"D{level}", "floor": level}]}},
        )
    scim.create(f"none.{name}")
    for expression, expected in [
        (f"{URN}:level ge 2", [0, 2]),
        (f'{URN}:colour eq "RED"', [0, 2]),
        ('colour sw "b"', [1]),
        (f'{URN}:doors[value eq "d1" and floor lt 2]', [1]),
        (f"{URN}:doors.floor gt 1", [0, 2]),
        (f'schemas eq "{URN}"', [0, 1, 2]),
        (f"{URN}:level pr and not ({URN}:level eq 1)", [0, 2]),
    ]:
        assert scim.names(expression) == [f"{number}.{name}" for number in expected], expression
    refused(scim.get("/Users", filter=f'{URN}:level eq "three"'), 400, "invalidFilter", naming="level")
    refused(scim.get("/Users", filter=f'{URN}:nothing eq "x"'), 400, "invalidFilter", naming="nothing")
    page = scim.page(sortBy=f"{URN}:level")
    assert [user.get(URN, {}).get("level") for user in page["Resources"]] == [1, 2, 3, None]


def test_values_are_projected(acme, name):
    user = acme.scim.create(name, **{URN: {"level": 3, "secret": "s"}})
    assert user[URN] == {"level": 3}, "what is returned on request only"
    assert acme.scim.read(user, attributes=f"{URN}:secret")[URN] == {"secret": "s"}
    assert acme.scim.read(user, attributes=URN)[URN] == {"level": 3}
    assert URN not in acme.scim.read(user, excludedAttributes=URN)
    assert URN not in acme.scim.read(user, attributes="userName")


def test_values_are_patched(acme, name):
    user = acme.scim.create(name)
    for operation, expected in [
        ({"op": "add", "path": f"{URN}:level", "value": 3}, {"level": 3}),
        ({"op": "replace", "value": {URN: {"colour": "red"}}}, {"colour": "red", "level": 3}),
        ({"op": "replace", "value": {f"{URN}:colour": "blue"}}, {"colour": "blue", "level": 3}),
        ({"op": "remove", "path": f"{URN}:colour"}, {"level": 3}),
        (
            {"op": "add", "path": f"{URN}:doors", "value": [{"value": "a", "floor": 1}, {"value": "b"}]},
            {"level": 3, "doors": [{"value": "a", "floor": 1}, {"value": "b"}]},
        ),
        (
            {"op": "replace", "path": f'{URN}:doors[value eq "a"].floor', "value": 9},
            {"level": 3, "doors": [{"value": "a", "floor": 9}, {"value": "b"}]},
        ),
        ({"op": "remove", "path": f'{URN}:doors[value eq "b"]'}, {"level": 3, "doors": [{"value": "a", "floor": 9}]}),
        ({"op": "remove", "path": URN}, None),
    ]:
        assert acme.scim.change(user, operation).get(URN) == expected, operation
    path = f"/Users/{user['id']}"
    read_only = {"op": "replace", "path": f"{URN}:checked", "value": "x"}
    refused(acme.scim.patch(path, read_only), 400, "mutability", naming="checked")
    wrong = {"op": "replace", "path": f"{URN}:level", "value": "x"}
    refused(acme.scim.patch(path, wrong), 400, "invalidValue", naming="level")


def test_values_may_stand_beside_those_of_the_core_schema(acme, name):
    scim = acme.scim
    user = scim.create(name, number="A-1", LEVEL=3, shoeSize=43)
    assert user[URN] == {"number": "A-1", "level": 3}
    assert "shoeSize" not in user
    assert scim.read(user) == user
    replaced = ok(scim.put(f"/Users/{user['id']}", a_user(name, colour="red", **{URN: {"number": "A-1"}})))
    assert replaced[URN] == {"number": "A-1", "colour": "red"}
    refused(scim.post("/Users", a_user("b" + name, level="high")), 400, "invalidValue", naming="level")


def test_a_unique_value_is_one_user_s(acme, okta, name):
    first = acme.scim.create(name, **{URN: {"number": "A1"}})
    second = acme.scim.create(f"2.{name}", **{URN: {"number": "a1"}})
    taken = a_user(f"3.{name}", **{URN: {"number": "A1"}})
    refused(acme.scim.post("/Users", taken), 409, "uniqueness", naming=f"{URN}:number")
    operation = {"op": "replace", "path": f"{URN}:number", "value": "A1"}
    refused(acme.scim.patch(f"/Users/{second['id']}", operation), 409, "uniqueness", naming="number")
    assert acme.scim.read(second) == second
    acme.scim.change(first, {"op": "replace", "path": f"{URN}:level", "value": 1})
    acme.scim.change(first, {"op": "replace", "path": f"{URN}:number", "value": "A2"})
    acme.scim.change(second, operation)
    no_content(acme.scim.delete(f"/Users/{second['id']}"))
    created(acme.scim.post("/Users", taken))
    register(okta)
    created(okta.scim.post("/Users", taken))


def test_of_many_who_want_one_value_at_once_one_gets_it(acme, name):
    bodies = [a_user(f"{number}.{name}", **{URN: {"number": "A1"}}) for number in range(8)]
    with ThreadPoolExecutor(8) as pool:
        statuses = sorted(
            answer.status_code for answer in pool.map(lambda body: acme.scim.post("/Users", body), bodies)
        )
    assert statuses == [201] + [409] * 7
    assert acme.scim.total() == 1


def test_an_immutable_value_stays(acme, name):
    user = acme.scim.create(name, **{URN: {"level": 1}})
    user = acme.scim.change(user, {"op": "add", "path": f"{URN}:serial", "value": "S1"})
    other = {"op": "replace", "path": f"{URN}:serial", "value": "S2"}
    refused(acme.scim.patch(f"/Users/{user['id']}", other), 400, "mutability", naming="serial")
    put = f"/Users/{user['id']}"
    refused(acme.scim.put(put, a_user(name, **{URN: {"serial": "S2"}})), 400, "mutability", naming="serial")
    assert acme.scim.replace(user, a_user(name))[URN] == {"serial": "S1"}
    assert acme.scim.replace(user, a_user(name, **{URN: {"serial": "S1", "level": 2}}))[URN] == {
        "level": 2,
        "serial": "S1",
    }


def test_a_required_extension_is_asked_for_from_then_on(generic, name):
    before = generic.scim.create(name)
    schema = {"id": URN, "attributes": [{"name": "number", "required": True}, {"name": "level", "type": "integer"}]}
    assert register(generic, schema, "--required")["required"] is True
    assert {"schema": URN, "required": True} in ok(generic.scim.get("/ResourceTypes/User"))["schemaExtensions"]
    refused(generic.scim.post("/Users", a_user(f"2.{name}")), 400, "invalidValue", naming=URN)
    refused(generic.scim.put(f"/Users/{before['id']}", a_user(name)), 400, "invalidValue", naming=URN)
    incomplete = a_user(f"2.{name}", **{URN: {"level": 1}})
    refused(generic.scim.post("/Users", incomplete), 400, "invalidValue", naming=f"{URN}:number")
    assert generic.scim.read(before) == before, "what is there already stays as it is"
    assert generic.scim.change(before, {"op": "replace", "path": "title", "value": "Boss"})["title"] == "Boss"
    created(generic.scim.post("/Users", a_user(f"2.{name}", **{URN: {"number": "1"}})))


def test_groups_are_extended_too(generic, name):
    scim = generic.scim
    schema = {"id": "urn:example:cost", "attributes": [{"name": "centre", "uniqueness": "server"}]}
    assert register(generic, schema, "--resource-type", "group")["resourceType"] == "Group"
    assert {"schema": "urn:example:cost", "required": False} in ok(scim.get("/ResourceTypes/Group"))["schemaExtensions"]
    assert "urn:example:cost" not in scim.get("/ResourceTypes/User").text
    body = {"schemas": [GROUP, "urn:example:cost"], "displayName": name, "urn:example:cost": {"centre": "C1"}}
    group = created(scim.post("/Groups", body))
    assert group["urn:example:cost"] == {"centre": "C1"}
    refused(scim.post("/Groups", {**body, "displayName": "other"}), 409, "uniqueness", naming="centre")
    [found] = listing(scim.get("/Groups", filter='urn:example:cost:centre eq "c1"'))["Resources"]
    assert found["id"] == group["id"]
    change = {"op": "replace", "path": "urn:example:cost:centre", "value": "C2"}
    assert scim.patch(f"/Groups/{group['id']}", change).status_code in (200, 204)
    assert ok(scim.get(f"/Groups/{group['id']}"))["urn:example:cost"] == {"centre": "C2"}
    created(scim.post("/Groups", {**body, "displayName": "other"}))


def test_what_an_unregistered_schema_has_is_ignored(generic, name):
    user = generic.scim.create(name, **{URN: {"level": 3}})
    assert user["schemas"] == [USER]
    assert URN not in user


def test_a_schema_with_values_cannot_be_deleted_and_one_without_can(acme, name):
    user = acme.scim.create(name, **{URN: {"level": 3}})
    with refuses("FORBIDDEN", naming=URN):
        delete(acme)
    assert acme.scim.read(user) == user
    acme.scim.change(user, {"op": "remove", "path": URN})
    delete(acme, URN.lower())
    with refuses("NOT_FOUND", naming=URN):
        delete(acme)
    later = acme.scim.create(f"2.{name}", **{URN: {"level": 3}})
    assert URN not in later


def test_a_schema_is_replaced_as_far_as_its_values_allow(acme, name):
    user = acme.scim.create(name, **{URN: {"level": 3}})
    more = {**BADGE, "name": "Pass", "attributes": [*BADGE["attributes"], {"name": "owner"}]}
    assert len(register(acme, more)["schema"]["attributes"]) == 10
    assert acme.scim.change(user, {"op": "add", "path": f"{URN}:owner", "value": "x"})[URN] == {
        "level": 3,
        "owner": "x",
    }
    text = {**BADGE, "attributes": [{"name": "level"}]}
    for schema, naming in (({"id": URN, "attributes": [{"name": "other"}]}, "number"), (text, "number")):
        with refuses("INVALID_VALUE", naming=naming):
            over_grpc(acme, schema)
    with refuses("INVALID_VALUE", naming="resource_type"):
        over_grpc(acme, more, resource_type="Group")
    with refuses("INVALID_VALUE", naming="spell"):
        over_grpc(acme, {**more, "id": URN.lower()})
    acme.scim.change(user, {"op": "remove", "path": URN})
    over_grpc(acme, text)
    assert acme.scim.change(user, {"op": "add", "path": f"{URN}:level", "value": "three"})[URN] == {"level": "three"}


@pytest.mark.parametrize(
    ("schema", "place"),
    [
        ({"id": "Badge", "attributes": [{"name": "a"}]}, "id"),
        ({"id": "urn:example:a b", "attributes": [{"name": "a"}]}, "id"),
        ({"id": USER, "attributes": [{"name": "a"}]}, "id"),
        ({"id": "urn:ietf:params:scim:api:messages:2.0:X", "attributes": [{"name": "a"}]}, "id"),
        ({"id": URN + ":x", "attributes": [{"name": "a"}]}, "begin alike"),
        ({"id": URN, "attributes": []}, "attributes"),
        ({"id": URN, "attributes": [{"name": "a"}, {"name": "A"}]}, "attributes[1].name"),
        ({"id": URN, "attributes": [{"name": 'a"]'}]}, "attributes[0].name"),
        ({"id": URN, "attributes": [{"name": "a", "type": "text"}]}, "attributes[0].type"),
        ({"id": URN, "attributes": [{"name": "a", "type": "complex"}]}, "attributes[0].subAttributes"),
        ({"id": URN, "attributes": [{"name": "a", "uniqueness": "global"}]}, "attributes[0].uniqueness"),
        ({"id": URN, "attributes": [{"name": "a", "mutability": "writeOnly"}]}, "attributes[0].mutability"),
    ],
)
def test_what_is_no_schema_is_refused_with_its_place(acme, schema, place):
    with refuses("INVALID_VALUE", naming=place):
        over_grpc(acme, schema)
    if place != "begin alike":
        file = acme.house.work / "wrong.json"
        file.write_text(json.dumps(schema))
        done = acme.house.command("schema", "register", str(file), "--directory", acme.name)
        assert done.returncode == 1
        assert place in done.stderr
    assert len(acme.house.command_json("schema", "list", "--directory", acme.name)["schemas"]) == 1


def test_a_file_that_is_none_is_said(generic, tmp_path):
    house, directory = generic.house, ["--directory", generic.name]
    for text, naming in (("{", "no JSON"), ("[]", "object"), ('{"id": "urn:example:x", "attribute": []}', "attribute")):
        (tmp_path / "schema.json").write_text(text)
        done = house.command("schema", "register", str(tmp_path / "schema.json"), *directory)
        assert (done.returncode, done.stdout) == (1, "")
        assert naming in done.stderr
    assert "cannot read" in house.command("schema", "register", str(tmp_path / "none.json"), *directory).stderr
    with refuses("INVALID_VALUE", naming="schema"):
        house.admin.call("SchemaService/RegisterSchema", directory=generic.name)
    with refuses("INVALID_VALUE", naming="resource_type"):
        over_grpc(generic, resource_type="Device")


def test_a_directory_has_only_so_many_schemas(generic):
    for number in range(20):
        over_grpc(generic, {"id": f"urn:example:s{number}", "attributes": [{"name": "a"}]})
    with refuses("TOO_MANY", naming="20"):
        over_grpc(generic, {"id": "urn:example:more", "attributes": [{"name": "a"}]})
    over_grpc(generic, {"id": "urn:example:s7", "attributes": [{"name": "a"}, {"name": "b"}]})


def test_registering_and_deleting_are_events_and_registering_again_is_none(generic):
    register(generic)
    register(generic)
    delete(generic)
    events = [event for event in generic.events() if event["kind"].startswith("schema.")]
    assert [event["kind"] for event in events] == ["schema.registered", "schema.deleted"]
    changes = json.loads(events[0]["changes"])["schema"]
    assert changes["before"] is None
    assert changes["after"]["definition"]["id"] == URN


def test_the_names_that_identity_providers_use_keep_their_meaning(generic, name):
    over_grpc(generic, {"id": URN, "attributes": [{"name": "manager"}, {"name": "department"}]})
    user = generic.scim.create(name)
    changed = generic.scim.change(user, {"op": "replace", "path": "department", "value": "Ops"})
    assert changed["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"] == {"department": "Ops"}
    assert URN not in changed


def test_every_replica_knows_a_schema_with_the_next_request(builder, name):
    first = builder.start("serve-postgres")
    second = builder.new("serve-postgres", database=first.database)
    second.admin_key, second.scim_token = first.admin_key, first.scim_token
    second.start()
    for round in range(3):
        register(first.default)
        made = second.default.scim.create(f"{round}.{name}", **{URN: {"level": round}})
        assert made[URN] == {"level": round}
        assert first.default.scim.read(made)[URN] == {"level": round}
        assert len(first.default.scim.find(f"{URN}:level eq {round}")) == 1
        assert len(second.default.scim.find(f"{URN}:level eq {round}")) == 1
        second.default.scim.change(made, {"op": "remove", "path": URN})
        delete(second.default)
        refused(first.default.scim.get("/Users", filter=f"{URN}:level pr"), 400, "invalidFilter")


def test_a_schema_is_never_deleted_under_a_value(acme, name):
    """Whatever comes first, the value is there with its schema, or neither is."""
    for round in range(6):
        register(acme)
        body = a_user(f"{round}.{name}", **{URN: {"level": round}})
        with ThreadPoolExecutor(2) as pool:
            write = pool.submit(acme.scim.post, "/Users", body)
            verdict = pool.submit(judge, lambda: delete(acme)).result()
        answer = write.result()
        assert verdict in ("OK", "FORBIDDEN")
        assert answer.status_code in (201, 409)
        if answer.status_code == 201:
            user = answer.json()
            assert (URN in acme.scim.read(user)) == (verdict == "FORBIDDEN")
            no_content(acme.scim.delete(f"/Users/{user['id']}"))


def test_only_administrators_register_schemas(generic):
    service = generic.house.rpc(generic.house.new_service_key("DIRECTORY_WRITE", directory=generic.name))
    with refuses("SCOPE_MISSING"):
        service.call("SchemaService/RegisterSchema", schema=message(BADGE))
    bound = generic.house.rpc(generic.house.new_service_key("ADMIN", directory=generic.name))
    assert bound.call("SchemaService/RegisterSchema", schema=message(BADGE)).schema.resource_type == "User"
    with refuses("NOT_FOUND"):
        bound.call("SchemaService/RegisterSchema", directory="default", schema=message(BADGE))
    kinds = api()["schema"].RegisteredSchema.DESCRIPTOR.fields_by_name
    assert set(kinds) == {"schema", "resource_type", "required", "created"}
