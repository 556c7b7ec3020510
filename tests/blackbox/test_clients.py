"""The request sequences of other identity providers (IDP.md §4), each as its client sends them."""

import json
import uuid

import pytest
from groups import a_group, change, ids, member_ids, new_group, path_of, put, read, refs

from harness.scim import GROUP, USER, Scim, a_user, created, listing, no_content, ok, refused, told


def find_user(scim: Scim, user_name: str, attribute: str = "userName", operator: str = "eq") -> dict | None:
    found = listing(scim.get("/Users", filter=f'{attribute} {operator} "{user_name}"'))["Resources"]
    return found[0] if found else None


class AsJson(Scim):
    """A client that speaks of plain JSON, and does not say who it is."""

    def request(self, method: str, path: str, **kwargs):
        sent = {"Accept": "application/json", "Content-Type": "application/json", "User-Agent": ""}
        answer = super().request(method, path, **{"headers": sent, **kwargs})
        if answer.content:
            assert answer.headers["content-type"].split(";")[0] == "application/json", told(answer)
        return answer


class TestOneLogin:
    @pytest.fixture
    def scim(self, generic) -> Scim:
        return AsJson(generic.scim.base_url, generic.token)

    def test_the_connection_is_tested_by_a_user_that_is_not_there(self, scim):
        assert find_user(scim, str(uuid.uuid4())) is None

    def test_a_user_and_a_group_live(self, scim, name):
        assert find_user(scim, name) is None
        body = a_user(name, name={"givenName": "Ana", "familyName": "Ruiz"}, emails=[{"value": name, "primary": True}])
        user = created(scim.post("/Users", body))
        assert ok(scim.get(f"/Users/{user['id']}")) == user
        changed = ok(scim.put(f"/Users/{user['id']}", {**body, "title": "Boss", "active": True}))
        assert changed["title"] == "Boss"
        assert listing(scim.get("/Groups"))["Resources"] == []
        group = created(scim.post("/Groups", a_group("Ops")))
        assert member_ids(change(scim, group, {"op": "add", "path": "members", "value": refs(user)})) == ids(user)
        operation = {"op": "remove", "path": f'members[value eq "{user["id"]}"]'}
        assert change(scim, group, operation)["members"] == []
        assert ok(scim.patch(f"/Users/{user['id']}", {"op": "replace", "value": {"active": False}}))["active"] is False
        no_content(scim.delete(f"/Users/{user['id']}"))
        assert listing(scim.get("/Users"))["totalResults"] == 0


class TestJumpCloud:
    def test_activation_makes_a_user_and_a_group_and_deletes_both(self, generic, name):
        scim = generic.scim
        assert find_user(scim, name) is None
        user = created(scim.post("/Users", a_user(name, active=True)))
        group = created(scim.post("/Groups", a_group("JumpCloud Test Group", user)))
        no_content(scim.delete(f"/Users/{user['id']}"))
        no_content(scim.delete(path_of(group)))
        refused(scim.get(f"/Users/{user['id']}"), 404)
        refused(scim.get(path_of(group)), 404)
        for path in ("/Users", "/Groups", "/"):
            assert listing(scim.get(path))["totalResults"] == 0

    def test_members_leave_by_a_list(self, generic, name):
        scim = generic.scim
        users = [scim.create(f"{number}.{name}") for number in range(2)]
        group = new_group(scim, "Ops", *users)
        operation = {"op": "remove", "path": "members", "value": refs(users[0])}
        assert member_ids(change(scim, group, operation)) == ids(users[1])


class TestPing:
    def test_a_probe_for_the_user_0_finds_nobody(self, directory):
        answer = directory.scim.get("/Users/0")
        refused(answer, 404, naming="0")

    def test_users_are_looked_up_and_put(self, generic, name):
        scim = generic.scim
        assert find_user(scim, name) is None
        user = created(scim.post("/Users", a_user(name, active=True, externalId="ping-1")))
        found = find_user(scim, name.upper())
        assert found == user
        seen = scim.replace(user, {**found, "title": "Boss"})
        assert seen["title"] == "Boss"
        assert scim.replace(user, {**seen, "active": False})["active"] is False
        no_content(scim.delete(f"/Users/{user['id']}"))

    @pytest.mark.parametrize(("attribute", "operator"), [("username", "Eq"), ("emails", "Co"), ("USERNAME", "EQ")])
    def test_the_filter_is_the_administrator_s_and_may_be_in_any_case(self, generic, name, attribute, operator):
        user = generic.scim.create(name, emails=[{"value": name}])
        assert find_user(generic.scim, name, attribute, operator) == user

    @pytest.mark.parametrize("size", [1, 3, 10])
    def test_a_group_is_found_by_listing_all(self, generic, name, size):
        scim = generic.scim
        user = scim.create(name)
        made = [new_group(scim, f"Ops {number}", user) for number in range(7)]
        seen, start, total = [], 1, None
        while total is None or start <= total:
            page = listing(scim.get("/Groups", startIndex=start, count=size))
            total = page["totalResults"]
            assert page["Resources"], "a page before the end is empty"
            seen += page["Resources"]
            start += page["itemsPerPage"]
        assert seen == made

    def test_groups_are_put_or_patched_as_the_administrator_chose(self, generic, name):
        scim = generic.scim
        users = [scim.create(f"{number}.{name}") for number in range(2)]
        group = new_group(scim, "Ops")
        assert member_ids(put(scim, group, a_group("Ops", *users))) == ids(*users)
        assert put(scim, group, a_group("Ops", members=[]))["members"] == []
        assert member_ids(change(scim, group, {"op": "add", "path": "members", "value": refs(*users)})) == ids(*users)


class TestAuthentik:
    @pytest.fixture
    def scim(self, generic) -> Scim:
        house = generic.house
        house.command_json("directory", "update", generic.name, "--rule", "unique-group-names=on")
        return generic.scim

    @staticmethod
    def config(scim: Scim) -> dict:
        """The configuration as the client's strict model reads it; what it cannot read it takes for not supported."""
        config = ok(scim.get("/ServiceProviderConfig"))
        for feature in ("patch", "bulk", "filter", "changePassword", "sort", "etag"):
            assert type(config[feature]["supported"]) is bool
        for feature, limit in (("bulk", "maxOperations"), ("bulk", "maxPayloadSize"), ("filter", "maxResults")):
            assert type(config[feature][limit]) is int
        for scheme in config["authenticationSchemes"]:
            assert {"type", "name", "description"} <= scheme.keys()
        return config

    def synchronise(self, scim: Scim, group: dict, wanted: set[str]) -> dict:
        """Compares with what is there, and sends an operation for each member that differs."""
        there = {member["value"] for member in ok(scim.get(path_of(group))).get("members", [])}
        operations = [{"op": "add", "path": "members", "value": [{"value": one}]} for one in sorted(wanted - there)]
        operations += [{"op": "remove", "path": "members", "value": [{"value": one}]} for one in sorted(there - wanted)]
        at_once = self.config(scim)["bulk"]["maxOperations"]
        at_once = at_once if at_once >= 1 else len(operations) or 1
        for start in range(0, len(operations), at_once):
            no_content(scim.patch(path_of(group), *operations[start : start + at_once]))
        return read(scim, group)

    def test_patch_and_filter_are_seen_to_be_supported(self, scim):
        config = self.config(scim)
        assert config["patch"]["supported"]
        assert config["filter"]["supported"]

    def test_a_group_is_created_without_members_and_each_comes_by_an_operation(self, scim, name):
        users = [scim.create(f"{number}.{name}") for number in range(30)]
        group = created(scim.post("/Groups", {"schemas": [GROUP], "externalId": "77", "displayName": "Ops"}))
        for wanted in (ids(*users), ids(*users[10:]), ids(*users[:5], *users[20:]), set()):
            assert member_ids(self.synchronise(scim, group, wanted)) == wanted

    def test_a_group_is_updated_by_a_replace_of_the_whole_resource(self, scim, name):
        user = scim.create(name)
        group = new_group(scim, "Ops", user, externalId="77")
        whole = {"schemas": [GROUP], "id": group["id"], "externalId": "77", "displayName": "Ops 2"}
        seen = change(scim, group, {"op": "replace", "path": None, "value": whole})
        assert (seen["displayName"], member_ids(seen)) == ("Ops 2", ids(user))
        assert change(scim, group, {"op": "replace", "value": seen}) == seen

    def test_a_conflict_leads_to_the_group_that_is_there(self, scim):
        there = new_group(scim, "Ops")
        refused(scim.post("/Groups", a_group("Ops")), 409, "uniqueness")
        [found] = listing(scim.get("/Groups", filter='displayName eq "Ops"'))["Resources"]
        assert found == there

    def test_a_user_is_posted_put_deleted_and_created_again(self, scim, name):
        body = a_user(name, externalId="77", active=True, name={"formatted": "Ana Ruiz", "givenName": "Ana"})
        user = created(scim.post("/Users", body))
        refused(scim.post("/Users", body), 409, "uniqueness")
        assert find_user(scim, name) == user
        seen = scim.replace(user, {**body, "id": user["id"], "displayName": "Ana"})
        assert seen["displayName"] == "Ana"
        no_content(scim.delete(f"/Users/{user['id']}"))
        refused(scim.put(f"/Users/{user['id']}", body), 404)
        assert created(scim.post("/Users", body))["id"] != user["id"]

    def test_discovery_pages_by_what_it_has_seen(self, scim, name):
        made = {scim.create(f"{number}.{name}")["id"] for number in range(7)}
        seen: list[str] = []
        while True:
            page = listing(scim.get("/Users", startIndex=len(seen) + 1, count=3))
            seen += [user["id"] for user in page["Resources"]]
            if len(seen) >= page["totalResults"]:
                break
        assert (len(seen), set(seen)) == (7, made)


class TestKeycloak:
    def test_an_id_of_its_own_is_ignored_and_a_double_slash_is_one(self, generic, name):
        scim = generic.scim
        theirs = str(uuid.uuid4())
        user = created(scim.post("//Users", {**a_user(name), "id": theirs, "externalId": theirs}))
        assert user["id"] != theirs
        assert user["externalId"] == theirs
        refused(scim.get(f"//Users/{theirs}"), 404)
        assert ok(scim.get(f"//Users/{user['id']}")) == user
        group = created(scim.post("//Groups", a_group("Ops", user, id=theirs)))
        assert group["id"] != theirs

    def test_the_value_of_a_replace_may_be_a_text_that_holds_the_object(self, generic, name):
        scim = generic.scim
        user = scim.create(name, title="Boss")
        value = json.dumps({"displayName": "Ana", "name": {"givenName": "Ana"}, "active": False})
        seen = scim.change(user, {"op": "replace", "value": value})
        assert (seen["displayName"], seen["name"], seen["active"]) == ("Ana", {"givenName": "Ana"}, False)
        assert seen["title"] == "Boss"
        group = new_group(scim, "Ops")
        value = json.dumps({"displayName": "Ops 2", "members": refs(user)})
        seen = change(scim, group, {"op": "replace", "value": value})
        assert (seen["displayName"], member_ids(seen)) == ("Ops 2", ids(user))

    def test_a_group_is_patched_by_three_replaces_at_once(self, generic, name):
        scim = generic.scim
        users = [scim.create(f"{number}.{name}") for number in range(3)]
        group = new_group(scim, "Ops", users[0])
        seen = change(
            scim,
            group,
            {"op": "replace", "path": "members", "value": refs(*users[1:])},
            {"op": "replace", "path": "displayName", "value": "Ops 2"},
            {"op": "replace", "path": "externalId", "value": "kc-77"},
        )
        assert (seen["displayName"], seen["externalId"], member_ids(seen)) == ("Ops 2", "kc-77", ids(*users[1:]))
        seen = change(
            scim,
            group,
            {"op": "remove", "path": "members", "value": None},
            {"op": "replace", "path": "displayName", "value": "Ops 2"},
        )
        assert seen["members"] == []

    def test_a_whole_group_of_many_is_patched(self, generic, name):
        scim = generic.scim
        users = [scim.create(f"{number}.{name}") for number in range(100)]
        group = new_group(scim, "Ops")
        whole = {"schemas": [GROUP], "displayName": "Ops", "members": refs(*users)}
        assert member_ids(change(scim, group, {"op": "replace", "value": whole})) == ids(*users)


def test_google_creates_users_as_json_and_reads_them_as_it_likes(generic, name):
    headers = {"Content-Type": "application/json", "User-Agent": "Google-Auto-Provisioning"}
    body = {"schemas": [USER], "userName": name, "emails": [{"value": name, "primary": True, "type": "work"}]}
    user = created(generic.scim.post("/Users", body, headers=headers))
    found = listing(generic.scim.get("/Users", filter=f'userName eq "{name}"', headers=headers))["Resources"]
    assert found == [user]


def test_salesforce_removes_members_by_an_object_that_has_a_list_of_them(generic, name):
    users = [generic.scim.create(f"{number}.{name}") for number in range(2)]
    group = new_group(generic.scim, "Ops", *users)
    operation = {"op": "remove", "path": "members", "value": {"members": refs(users[0])}}
    assert member_ids(change(generic.scim, group, operation)) == ids(users[1])
