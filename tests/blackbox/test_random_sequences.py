"""Random sequences of requests by several clients, with restarts between them, against a model in memory: each answer
and each event is compared as it comes, and everything is read back at intervals. A failure prints the shortest sequence
that Hypothesis finds for it."""

import signal
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

import pytest
from groups import a_group, refs
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    initialize,
    invariant,
    multiple,
    precondition,
    rule,
    run_state_machine_as_test,
)
from model import CREATED, DONE, GONE, MAY_LEAVE, Model, Told, Verdict, overlay

from harness.house import House
from harness.modes import rotation
from harness.rpc import api, judge
from harness.scim import MESSAGES, Scim, a_user, listing, ok, patch_op, told
from harness.sso import ISSUER, decision
from harness.sso import rule as rule_of

DAY = 24 * 60 * 60 * 1_000_000
PEOPLE = ["ana", "ben", "cleo", "dan", "eve", "fay"]
TITLES = ["Boss", "Chief"]
# Who arrives by which address; two of them are rivals for one.
SUBJECTS = {"s-ana": "ana", "s-ben": "ben", "s-cleo": "cleo", "rival": "ana"}
READ_BACK_EVERY = 10

people = st.sampled_from(PEOPLE)
names = st.builds(lambda name, is_loud: name.upper() if is_loud else name, people, st.booleans()).map(
    lambda name: f"{name}@example.com"
)
emails = people.map(lambda name: [{"value": f"{name}@example.com", "type": "work", "primary": True}])
attributes = st.fixed_dictionaries(
    {}, optional={"title": st.sampled_from(TITLES), "active": st.booleans(), "emails": emails}
)
patches = st.fixed_dictionaries(
    {},
    optional={
        "userName": names,
        "title": st.sampled_from([*TITLES, None]),
        "active": st.booleans(),
        "emails": emails,
    },
).filter(bool)
conditions = st.sampled_from([None, None, "current", "stale"])
group_names = st.sampled_from(["Ops", "Sales"])


class Sequences(RuleBasedStateMachine):
    """One directory of an installation, and its model."""

    house: House
    counts: Counter

    users = Bundle("users")
    groups = Bundle("groups")
    tokens = Bundle("tokens")

    def __init__(self):
        super().__init__()
        if any(process.process.poll() is not None for process in self.house.processes):
            self.house.restart()
        self.directory = self.house.new_directory()
        self.scim = Scim(self.house.base_url, self.directory.token)
        rail = {"enabled": True, "users": MAY_LEAVE, "percent": 0, "window": {"seconds": 3600}}
        self.call("DirectoryService/UpdateDirectory", "name", guard_rail=rail)
        self.position = self.call("EventService/ListEvents", page_size=1).newest
        self.versions: dict[str, int] = {}
        self.model = Model()
        [token] = self.call("TokenService/ListTokens").tokens
        self.live = {self.directory.token: token.id}
        self.dead: set[str] = set()
        self.steps = 0
        self.has_restarted = False
        self.is_sound = False
        self.counts["sequences"] += 1

    # The clients

    def call(self, rpc: str, directory: str = "directory", /, **fields):
        """Calls the core as the administrator."""
        self.is_sound = False
        return self.house.admin.call(rpc, **{directory: self.directory.name}, **fields)

    def send(self, token: str, method: str, path: str, data: dict | None = None, version: int | None = None):
        """Sends a request as an identity provider."""
        self.is_sound = False
        self.scim.token = token
        headers = None if version is None else {"If-Match": f'W/"{version}"'}
        return self.scim.request(method, path, data=data, headers=headers)

    def expect(self, answer, token: str, verdict) -> Verdict:
        """Holds an answer against what the model says, which says nothing where the token is none any more."""
        wanted = verdict() if token in self.live else (401, None)
        body = answer.json() if answer.content else {}
        assert (answer.status_code, body.get("scimType")) == wanted, f"not {wanted}: {told(answer)}"
        if wanted in (DONE, CREATED):
            self.compare(body)
        return wanted

    def compare(self, resource: dict) -> None:
        """Holds a user or group, as an answer has it, against the model."""
        kind, known = resource["meta"]["resourceType"], {}
        if kind == "User":
            known = self.model.seen_user(resource["id"])
            groups = {group["value"]: (group["display"], group["type"]) for group in resource.get("groups", [])}
        else:
            group = self.model.groups[resource["id"]]
            known = {"id": group.id, "displayName": group.name, "version": f'W/"{group.version}"'}
            members = {member["value"]: member["type"] for member in resource.pop("members", [])}
            assert members == {each: "User" if each in self.model.users else "Group" for each in group.members}
            groups = {}
        seen = {name: value for name, value in resource.items() if name not in ("schemas", "meta", "groups")}
        seen |= {"version": resource["meta"]["version"]} | ({"groups": groups} if groups else {})
        assert seen == known
        assert resource["meta"]["location"] == f"{self.scim.base_url}/{kind}s/{resource['id']}"

    def version(self, known: dict, resource: str, condition: str | None) -> int | None:
        """The version that a request names: the one that is there, another one, or none."""
        there = known[resource].version if resource in known else 1
        return {None: None, "current": there, "stale": there + 7}[condition]

    # Tokens

    @initialize(target=tokens)
    def first_token(self):
        return self.directory.token

    @rule(target=tokens, action=st.sampled_from(["create", "rotate", "revoke"]), token=tokens)
    def tokens_change(self, action, token):
        if action == "create":
            return self.begin(self.call("TokenService/CreateToken"))
        if token not in self.live or len(self.live) == 1:
            return multiple()
        if action == "rotate":
            made = self.call("TokenService/RotateToken", token=self.live[token], overlap={})
            self.end(token)
            return self.begin(made)
        self.call("TokenService/RevokeToken", token=self.live[token])
        self.end(token)
        return multiple()

    def begin(self, made) -> str:
        self.live[made.secret] = made.token.id
        self.model.tell("credential.created", made.token.id)
        return made.secret

    def end(self, token: str) -> None:
        self.model.tell("credential.ended", self.live.pop(token))
        self.dead.add(token)

    # Users

    @initialize(target=users)
    def those_who_were_there_before(self):
        there = [self.create_user(self.directory.token, f"{name}@example.com", {}) for name in PEOPLE[:4]]
        self.a_day_passes_for_everybody()
        return multiple(*there)

    @rule(target=users, token=tokens, name=names, more=attributes)
    def create_user(self, token, name, more):
        answer = self.send(token, "POST", "/Users", a_user(name, **more))
        new_id = answer.json().get("id", "")
        verdict = self.expect(answer, token, lambda: self.model.create_user({"userName": name, **more}, new_id))
        return new_id if verdict == CREATED else multiple()

    @rule(target=users, name=names)
    def create_a_user_four_times_at_once(self, name):
        token = next(iter(self.live))
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: self.send(token, "POST", "/Users", a_user(name)), range(4)))
        answers.sort(key=lambda answer: answer.status_code)
        for answer in answers:
            new_id = answer.json().get("id", "")
            self.expect(answer, token, lambda new_id=new_id: self.model.create_user({"userName": name}, new_id))
        return answers[0].json()["id"] if answers[0].status_code == 201 else multiple()

    @rule(token=tokens, user=users, name=names, more=attributes, condition=conditions)
    def replace_user(self, token, user, name, more, condition):
        version = self.version(self.model.users, user, condition)
        answer = self.send(token, "PUT", f"/Users/{user}", a_user(name, **more), version)

        def replaced(current: dict) -> dict:
            return {"active": current["active"], "userName": name, **more}

        self.expect(answer, token, lambda: self.model.change_user(user, replaced, version))

    @rule(token=tokens, user=users, changes=patches, condition=conditions)
    def patch_user(self, token, user, changes, condition):
        version = self.version(self.model.users, user, condition)
        answer = self.send(token, "PATCH", f"/Users/{user}", patch(changes), version)
        self.expect(answer, token, lambda: self.model.change_user(user, overlay(changes), version))

    @rule(token=tokens, user=users, condition=conditions)
    def delete_user(self, token, user, condition):
        version = self.version(self.model.users, user, condition)
        answer = self.send(token, "DELETE", f"/Users/{user}", version=version)
        self.expect(answer, token, lambda: self.model.delete_user(user, version))

    @rule(user=users)
    def delete_user_as_administrator(self, user):
        seen = judge(lambda: self.call("UserService/DeleteUser", id=user))
        verdict = self.model.delete_user(user, None, by_administrator=True)
        assert seen == ("OK" if verdict == GONE else "NOT_FOUND")

    @rule(user=users)
    def restore_user(self, user):
        seen = judge(lambda: self.call("UserService/RestoreUser", id=user))
        assert seen == self.model.restore_user(user)

    # Groups

    @rule(target=groups, token=tokens, name=group_names, members=st.lists(st.one_of(users, groups), max_size=3))
    def create_group(self, token, name, members):
        answer = self.send(token, "POST", "/Groups", a_group(name, *members))
        new_id = answer.json().get("id", "")
        verdict = self.expect(answer, token, lambda: self.model.create_group(name, members, new_id))
        return new_id if verdict == CREATED else multiple()

    @rule(
        token=tokens,
        group=groups,
        came=st.lists(st.one_of(users, groups), max_size=3),
        went=st.lists(st.one_of(users, groups), max_size=2),
        condition=conditions,
    )
    def members_come_and_go(self, token, group, came, went, condition):
        operations = [{"op": "remove", "path": f'members[value eq "{each}"]'} for each in went]
        operations += [{"op": "add", "path": "members", "value": refs(*came)}] if came else []
        if operations:
            version = self.version(self.model.groups, group, condition)
            answer = self.send(token, "PATCH", f"/Groups/{group}", patch_op(*operations), version)
            self.expect_group(answer, token, group, None, came, lambda there: there - set(went) | set(came), version)

    @rule(token=tokens, group=groups, members=st.lists(st.one_of(users, groups), max_size=3), condition=conditions)
    def replace_members(self, token, group, members, condition):
        version = self.version(self.model.groups, group, condition)
        body = patch_op({"op": "replace", "path": "members", "value": refs(*members)})
        answer = self.send(token, "PATCH", f"/Groups/{group}", body, version)
        self.expect_group(answer, token, group, None, members, lambda there: set(members), version)

    @rule(
        token=tokens,
        group=groups,
        name=group_names,
        members=st.lists(st.one_of(users, groups), max_size=3),
        condition=conditions,
    )
    def replace_group(self, token, group, name, members, condition):
        version = self.version(self.model.groups, group, condition)
        answer = self.send(token, "PUT", f"/Groups/{group}", a_group(name, *members), version)
        self.expect_group(answer, token, group, name, members, lambda there: set(members), version, DONE)

    @rule(token=tokens, group=groups, condition=conditions)
    def delete_group(self, token, group, condition):
        version = self.version(self.model.groups, group, condition)
        answer = self.send(token, "DELETE", f"/Groups/{group}", version=version)
        self.expect(answer, token, lambda: self.model.delete_group(group, version))

    def expect_group(self, answer, token, group, name, named, members, version, done=GONE) -> None:
        """A PATCH of a group is answered without it, a PUT with it."""

        def verdict() -> Verdict:
            known = self.model.groups.get(group)
            called = name or (known.name if known else "")
            found = self.model.change_group(group, name=called, named=named, members=members, condition=version)
            return done if found == DONE else found

        self.expect(answer, token, verdict)

    # Bulk

    @rule(
        target=users,
        token=tokens,
        new=st.lists(names, max_size=3),
        patched=st.lists(st.tuples(users, st.sampled_from(TITLES)), max_size=2),
        group=group_names,
        members=st.lists(users, max_size=2),
    )
    def bulk(self, token, new, patched, group, members):
        """Users, changes of users, and a group of those who were created and others."""
        references = [f"bulkId:{place}" for place in range(len(new))]
        operations = [
            {"method": "POST", "path": "/Users", "bulkId": str(place), "data": a_user(name)}
            for place, name in enumerate(new)
        ]
        operations += [
            {"method": "PATCH", "path": f"/Users/{user}", "data": patch({"title": title})} for user, title in patched
        ]
        data = a_group(group, *references, *members)
        operations.append({"method": "POST", "path": "/Groups", "bulkId": "group", "data": data})
        answer = self.send(token, "POST", "/Bulk", {"schemas": [MESSAGES + "BulkRequest"], "Operations": operations})
        if token not in self.live:
            self.expect(answer, token, None)
            return multiple()
        results = ok(answer)["Operations"]
        verdicts, made = [], []
        for name, result in zip(new, results, strict=False):
            made.append(result.get("location", "").rpartition("/")[2])
            verdicts.append(self.model.create_user({"userName": name}, made[-1]))
        verdicts += [self.model.change_user(user, overlay({"title": title}), None) for user, title in patched]
        if any(verdict != CREATED for verdict in verdicts[: len(new)]):
            verdicts.append((409, None))
        else:
            new_id = results[-1].get("location", "").rpartition("/")[2]
            verdicts.append(self.model.create_group(group, [*made, *members], new_id))
        seen = [(int(result["status"]), result.get("response", {}).get("scimType")) for result in results]
        assert seen == verdicts, told(answer)
        return multiple(*(each for each in made if each in self.model.users))

    # The guard rail

    @rule()
    def a_day_passes_for_everybody(self):
        """Users count who were there before the window began: they are made older than they are."""
        statement = "UPDATE resources SET created = created - ? WHERE directory_id = ?"
        self.house.database.execute(statement, DAY, self.house.database_id(self.directory.id))
        for user in self.model.users.values():
            user.is_old = True

    @precondition(lambda self: self.model.held)
    @rule(decision=st.sampled_from(["Approve", "Reject"]))
    def decide_about_a_hold(self, decision):
        pending = api()["hold"].HOLD_STATE_PENDING
        [hold] = [hold for hold in self.call("HoldService/ListHolds").holds if hold.state == pending]
        assert hold.waiting == len(self.model.held)
        self.call(f"HoldService/{decision}Hold", id=hold.id)
        wanted = self.model.approve() if decision == "Approve" else self.model.reject()
        changes = self.call("HoldService/GetHold", id=hold.id).changes
        outcomes = api()["hold"].HeldChange.Outcome
        assert {each.user: outcomes.Name(each.outcome) for each in changes} == {
            user: f"OUTCOME_{outcome.upper()}" for user, outcome in wanted.items()
        }

    # Sign-ins

    @rule(target=users, subject=st.sampled_from(list(SUBJECTS)))
    def sign_in(self, subject):
        address, oidc = f"{SUBJECTS[subject]}@example.com", api()["sso"].PROTOCOL_OIDC
        person = {"protocol": oidc, "issuer": ISSUER, "subject": subject, "email": address, "email_verified": True}
        answer = self.call("SsoService/SignIn", **person)
        there = set(self.model.users)
        *judged, user = self.model.sign_in(subject, address, answer.user_id)
        assert [decision(answer), rule_of(answer)] == judged
        assert user is None or answer.user_id == user
        if user is None:
            return multiple()
        groups = {group.id: "direct" if group.direct else "indirect" for group in answer.groups}
        assert groups == self.model.groups_around(user)
        return user if user not in there else multiple()

    @rule(user=users)
    def delete_the_link_of_a_user(self, user):
        seen = judge(lambda: self.call("SsoService/DeleteSignInLink", user_id=user))
        known = self.model.users.get(user)
        assert (seen == "OK") == bool(known and known.subject), seen
        if seen == "OK":
            self.model.unlink(known)

    # Restarts

    @precondition(lambda self: not self.has_restarted)
    @rule(is_killed=st.booleans())
    def restart(self, is_killed):
        self.has_restarted = True
        for process in self.house.processes:
            process.stop(signal.SIGKILL if is_killed else signal.SIGTERM)
        self.house.restart()
        self.scim = Scim(self.house.base_url, self.directory.token)
        self.counts["restarts"] += 1

    # What always holds

    @invariant()
    def each_change_has_its_events_and_nothing_else_has(self):
        seen, wanted = self.new_events(), self.model.events
        self.model.events = []
        order = [(event.kind, event.subject or "", event.version or 0, str(event.changes)) for event in wanted]
        assert len(seen) == len(wanted), f"{seen} are not {order}"
        for event in wanted:
            found = next((each for each in seen if is_as_wanted(each, event)), None)
            assert found, f"there is no {event} among {seen}"
            seen.remove(found)
        self.is_sound = True
        self.steps += 1
        self.counts["steps"] += 1
        if self.steps % READ_BACK_EVERY == 0:
            self.read_everything_back()

    def new_events(self) -> list[Told]:
        """What has been told since the last look, in numbers without a gap and versions that ascend."""
        found = []
        while True:
            page = self.call("EventService/ListEvents", after=self.position, page_size=1000)
            for event in page.events:
                self.position += 1
                assert event.number == self.position
                found.append(as_told(event))
                version = found[-1].version or 0
                assert version >= self.versions.get(event.subject, 0) or not version, f"{found[-1]} goes back"
                self.versions[event.subject] = max(version, self.versions.get(event.subject, 0))
            if self.position >= page.newest:
                return found

    def read_everything_back(self) -> None:
        self.scim.token, model = next(iter(self.live)), self.model
        self.counts["read back"] += 1
        for path, known in (("/Users", model.users), ("/Groups", model.groups)):
            page = listing(self.scim.get(path, count=1000))
            assert page["totalResults"] == len(known)
            assert {resource["id"] for resource in page["Resources"]} == set(known)
            for resource in page["Resources"]:
                self.compare(resource)
            assert listing(self.scim.get(path, count=0))["totalResults"] == len(known)
        for user in model.users:
            self.compare(ok(self.scim.get(f"/Users/{user}")))
        for group in model.groups:
            self.compare(ok(self.scim.get(f"/Groups/{group}")))
        for user in model.departed:
            assert self.scim.get(f"/Users/{user}").status_code == 404
        for expression, holds in self.filters():
            found = {user["id"] for user in self.scim.find(expression)}
            assert found == {user.id for user in model.users.values() if holds(user)}, expression
        deleted = self.call("UserService/ListDeletedUsers")
        assert {each.user.id for each in deleted.users} == set(model.departed)
        assert deleted.total_results == len(model.departed)
        for token in self.live:
            assert Scim(self.scim.base_url, token).total() == len(model.users)
        for token in self.dead:
            assert Scim(self.scim.base_url, token).get("/Users").status_code == 401
        self.is_sound = True

    def filters(self):
        """Filters, and of whom they are true."""
        for name in PEOPLE:
            address = f"{name}@example.com"
            yield f'userName eq "{address}"', lambda user, address=address: user.name == address
            yield f'emails.value eq "{address}"', lambda user, address=address: user.address == address
        yield 'title eq "boss"', lambda user: user.attributes.get("title") == "Boss"
        yield "not (title pr)", lambda user: "title" not in user.attributes
        yield "active eq false", lambda user: not user.is_active
        for group in list(self.model.groups)[:3]:
            yield f'groups.value eq "{group}"', lambda user, group=group: group in self.model.groups_around(user.id)

    def teardown(self):
        # What has failed before is what is told.
        if self.is_sound:
            self.read_everything_back()


def patch(changes: dict) -> dict:
    """A PATCH that gives attributes new values, and removes those that are None."""
    return patch_op(
        *(
            {"op": "remove", "path": name} if value is None else {"op": "replace", "path": name, "value": value}
            for name, value in changes.items()
        )
    )


def is_as_wanted(seen: Told, wanted: Told) -> bool:
    return seen.kind == wanted.kind and all(
        known is None or known == found
        for known, found in (
            (wanted.subject, seen.subject),
            (wanted.version, seen.version),
            (wanted.changes, seen.changes),
        )
    )


def as_told(event) -> Told:
    """An event as the model has it."""
    kind = api()["event"].EventType.Name(event.type).removeprefix("EVENT_TYPE_").lower()
    noun = next(noun for noun in ("sign_in", kind.partition("_")[0]) if kind.startswith(noun))
    changes = {}
    for change in event.changes:
        if change.name == "members":
            ways = {"added": change.added, "removed": change.removed}
            changes |= {way: set(who) for way, who in ways.items() if who}
        else:
            changes[change.name] = (plain(change.before), plain(change.after))
    version = event.version if event.HasField("version") else None
    return Told(f"{noun}.{kind.removeprefix(noun + '_')}", event.subject, version, changes)


def plain(value):
    """A value of the API as Python has it."""
    match value.WhichOneof("kind"):
        case None | "null_value":
            return None
        case "list_value":
            return [plain(each) for each in value.list_value.values]
        case "map_value":
            return {entry.name: plain(entry.value) for entry in value.map_value.entries}
        case kind:
            return getattr(value, kind)


@pytest.mark.timeout(900)
def test_random_sequences_do_what_the_model_says(new_house, record_property):
    is_long = rotation() == "all"

    class OnThisHouse(Sequences):
        house = new_house.start()
        counts = Counter()

    run_state_machine_as_test(
        OnThisHouse,
        settings=settings(
            max_examples=60 if is_long else 6,
            stateful_step_count=50 if is_long else 40,
            # What decides over a change must not depend on luck.
            derandomize=not is_long,
            print_blob=is_long,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    counts = OnThisHouse.counts
    record_property("measured", ", ".join(f"{counts[what]} {what}" for what in ("sequences", "steps", "restarts")))
    counted = {
        "histories checked": counts["sequences"],
        "answers checked": counts["steps"],
        "faults injected": counts["restarts"],
    }
    record_property("counted", counted)
