"""Who works with an installation while something breaks. Each keeps what they were answered."""

import random
import time
import uuid
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote

import grpc
import httpx

from harness.follower import Follower
from harness.rpc import Rpc
from harness.scim import GROUP, TRUSTS_NOBODY, a_user, patch_op

if TYPE_CHECKING:
    from faults.work import Work

# What a fault may do to a request of whoever may come in; beside it, nobody may answer at all.
UNAVAILABLE = 503
# Longer than any answer may take.
PATIENCE = 60


@dataclass
class User:
    """A user who was created for certain."""

    name: str
    id: str
    # Every title that was asked for; of those before `confirmed` it is certain that they are not the last one.
    titles: list[str | None] = field(default_factory=lambda: [None])
    confirmed: int = 0
    may_be_gone: bool = False
    is_gone: bool = False


@dataclass
class Group:
    """A group that was created for certain."""

    id: str
    members: set[str] = field(default_factory=set)
    # Those of whom nobody knows whether they joined.
    maybe_members: set[str] = field(default_factory=set)


@dataclass
class Asked:
    """A change that was asked for, and the event that tells of it."""

    request_id: str
    kind: str
    subject: str | None
    is_answered: bool


class Person:
    """Somebody with a connection of their own, who knows when they were last served."""

    def __init__(self, work: "Work"):
        self.work = work
        self.last_served = float("-inf")
        self.unavailable = 0
        self.http = httpx.Client(timeout=PATIENCE, verify=TRUSTS_NOBODY)
        self.chance = random.Random(f"{type(self).__name__}")

    @property
    def url(self) -> str:
        """Where they ask."""
        return self.work.house.url

    def served_since(self, moment: float) -> bool:
        return self.last_served >= moment

    def run(self) -> None:
        try:
            while not self.work.stop.is_set():
                self.step()
        except Exception as error:  # noqa: BLE001 - whoever stops working says why
            self.work.found(f"a {type(self).__name__} stopped: {error!r}")
        finally:
            self.http.close()

    def ask(self, method: str, path: str, token: str | None, **request) -> httpx.Response | None:
        """An answer; None, where there was none, or one that a fault may cause."""
        began = time.monotonic()
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        headers |= request.pop("headers", {})
        try:
            answer = self.http.request(method, f"{self.url}{path}", headers=headers, **request)
        except httpx.TransportError:
            self.work.stop.wait(0.05)
            return None
        if answer.status_code == UNAVAILABLE:
            if "retry-after" not in answer.headers:
                self.work.found(f"{method} {path}: a 503 without Retry-After")
            self.be_put_off()
            return None
        self.last_served = began
        return answer

    def be_put_off(self) -> None:
        """Waits a little, after an answer that a fault may cause."""
        self.unavailable += 1
        self.work.stop.wait(0.05)


class Writer(Person):
    """Creates, changes and deletes users, and puts them into groups. Nobody else does so with theirs.

    What nobody knows the outcome of is not touched again: it is as it was before, or as it was to be.
    """

    def __init__(self, work: "Work", name: str):
        super().__init__(work)
        self.name = name
        self.users: list[User] = []
        self.groups: list[Group] = []
        self.maybe_created: list[str] = []
        self.asked: list[Asked] = []
        self.answered_at: list[float] = []
        self.refused = 0
        self.count = 0

    def step(self) -> None:
        self.count += 1
        user = self.create()
        if user:
            self.change(user)
            if self.count % 3 == 0:
                self.delete(user)
            elif self.count % 2 == 0:
                self.join(user)
        # Others have something to do too.
        self.work.stop.wait(0.01)

    def write(self, method: str, path: str, body, kind: str, subject: str | None) -> httpx.Response | None:
        """The answer to a change that was made; None, where nobody knows whether it was."""
        request_id = f"work-{uuid.uuid4().hex}"
        headers = {"X-Request-Id": request_id, "Content-Type": "application/scim+json"}
        answer = self.ask(method, f"/scim/v2{path}", self.work.directory.token, json=body, headers=headers)
        is_answered = answer is not None and answer.status_code in (200, 201, 204)
        self.note(Asked(request_id, kind, subject, is_answered))
        if is_answered:
            return answer
        if answer is not None:
            self.work.found(f"{method} {path}: {answer.status_code} {answer.text[:300]}")
        return None

    def note(self, asked: Asked) -> None:
        self.asked.append(asked)
        if asked.is_answered:
            self.answered_at.append(time.monotonic())
        else:
            self.refused += 1

    def create(self) -> User | None:
        name = f"{self.name}-{self.count}@example.com"
        id = self.send_user(name)
        if id is None:
            self.maybe_created.append(name)
            return None
        user = User(name, id)
        self.asked[-1].subject = user.id
        self.users.append(user)
        return user

    def change(self, user: User) -> None:
        title = f"title {self.count}"
        user.titles.append(title)
        if self.send_title(user, title):
            user.confirmed = len(user.titles) - 1

    def delete(self, user: User) -> None:
        user.may_be_gone = True
        if self.send_deletion(user):
            user.is_gone = True

    def send_user(self, name: str) -> str | None:
        """The id of a user who was created."""
        answer = self.write("POST", "/Users", a_user(name), "USER_CREATED", None)
        return None if answer is None else answer.json()["id"]

    def send_title(self, user: User, title: str) -> bool:
        body = patch_op({"op": "replace", "path": "title", "value": title})
        return self.write("PATCH", f"/Users/{user.id}", body, "USER_UPDATED", user.id) is not None

    def send_deletion(self, user: User) -> bool:
        return self.write("DELETE", f"/Users/{user.id}", None, "USER_DELETED", user.id) is not None

    def join(self, user: User) -> None:
        if not self.groups or self.groups[-1].maybe_members or len(self.groups[-1].members) == 20:
            body = {"schemas": [GROUP], "displayName": f"{self.name}-{self.count}"}
            answer = self.write("POST", "/Groups", body, "GROUP_CREATED", None)
            if answer is None:
                return
            self.groups.append(Group(answer.json()["id"]))
            self.asked[-1].subject = self.groups[-1].id
        group = self.groups[-1]
        body = patch_op({"op": "add", "path": "members", "value": [{"value": user.id}]})
        if self.write("PATCH", f"/Groups/{group.id}", body, "GROUP_UPDATED", group.id):
            group.members.add(user.id)
        else:
            group.maybe_members.add(user.id)


class Reader(Person):
    """Reads what was answered: by id, and by name."""

    def step(self) -> None:
        users = self.chance.choice(self.work.writers).users
        if not users:
            self.work.stop.wait(0.01)
            return
        user = self.chance.choice(users[-50:])
        if self.chance.random() < 0.5:
            self.read(user)
        else:
            self.find(user)
        self.work.stop.wait(0.01)

    def read(self, user: User) -> None:
        confirmed, was_gone = user.confirmed, user.is_gone
        answer = self.ask("GET", f"/scim/v2/Users/{user.id}", self.work.directory.token)
        if answer is None:
            return
        if answer.status_code == 200:
            if was_gone or answer.json().get("title") not in user.titles[confirmed:]:
                self.work.found(f"what was answered is not read: {user}, {answer.text[:300]}")
        elif answer.status_code != 404 or not user.may_be_gone:
            self.work.found(f"{user} is read as {answer.status_code} {answer.text[:300]}")

    def find(self, user: User) -> None:
        was_gone = user.is_gone
        query = quote(f'userName eq "{user.name}"')
        answer = self.ask("GET", f"/scim/v2/Users?filter={query}", self.work.directory.token)
        if answer is None:
            return
        if answer.status_code != 200:
            self.work.found(f"{user} is looked for: {answer.status_code} {answer.text[:300]}")
            return
        found = [each["id"] for each in answer.json()["Resources"]]
        allowed = [[]] if was_gone else [[user.id], []] if user.may_be_gone else [[user.id]]
        if found not in allowed:
            self.work.found(f"{user} is found as {found}")


class Watcher(Person):
    """Follows the events, and goes on after the last position whenever the stream ends."""

    def __init__(self, work: "Work", key: str):
        super().__init__(work)
        self.key = key
        self.numbers: list[int] = []
        self.position = 0

    def step(self) -> None:
        # A channel of its own: one that has failed waits longer and longer before it connects again.
        rpc = Rpc(self.work.house.grpc_address, self.key)
        began = time.monotonic()
        follower = Follower(rpc, directory=self.work.directory.name, after=self.position)
        try:
            taken = 0
            while follower.ended is None and not self.work.stop.is_set():
                self.work.stop.wait(0.02)
                taken = self.take(follower, taken, began)
                # What is read now was asked for now: the stream has not ended.
                began = time.monotonic()
            self.take(follower, taken, began)
            if follower.ended not in (None, "UNAVAILABLE"):
                self.work.found(f"the stream of events ended with {follower.ended}")
        finally:
            follower.leave()
            rpc.channel.close()
        self.work.stop.wait(0.05)

    def take(self, follower: Follower, taken: int, began: float) -> int:
        events = follower.events[taken:]
        if events:
            self.numbers += [event.number for event in events]
            self.position = self.numbers[-1]
            self.last_served = began
        return taken + len(events)

    def wait_for(self, number: int) -> None:
        """Follows to a number, when nobody works any more."""
        rpc = Rpc(self.work.house.grpc_address, self.key)
        if self.position < number:
            with Follower(rpc, directory=self.work.directory.name, after=self.position) as follower:
                follower.wait(lambda follower: follower.events and follower.numbers[-1] >= number)
                self.numbers += follower.numbers
        rpc.channel.close()


class Stranger(Person):
    """Tries to come in without, with a revoked, an unknown and a foreign credential."""

    def __init__(self, work: "Work"):
        super().__init__(work)
        house, directory = work.house, work.directory
        self.foreign = house.new_directory()
        revoked = house.admin.call("TokenService/CreateToken", directory=directory.name)
        house.admin.call("TokenService/RevokeToken", directory=directory.name, token=revoked.token.id)
        unknown = directory.token[:-4] + ("aaaa" if directory.token[-4:] != "aaaa" else "bbbb")
        self.tokens = [None, revoked.secret, unknown, house.admin_key[::-1]]

    def step(self) -> None:
        users = self.chance.choice(self.work.writers).users
        if not users:
            self.work.stop.wait(0.01)
            return
        path = f"/scim/v2/Users/{users[0].id}"
        for token in self.tokens:
            for method, body in (("GET", None), ("POST", a_user(f"stranger-{uuid.uuid4().hex}"))):
                where = path if method == "GET" else "/scim/v2/Users"
                self.is_refused(self.ask(method, where, token, json=body), {401})
        self.is_refused(self.ask("GET", path, self.foreign.token), {404})
        self.is_refused(self.ask("DELETE", path, self.foreign.token), {404})
        if self.work.house.mode.startswith("serve"):
            self.is_refused(self.ask("GET", "/admin/session", None), {303})
        self.call()
        self.work.stop.wait(0.05)

    def is_refused(self, answer: httpx.Response | None, by: set[int]) -> None:
        if answer is not None and answer.status_code not in by:
            asked = f"{answer.request.method} {answer.request.url.path}"
            self.work.found(f"a stranger asked {asked} and got {answer.status_code} {answer.text[:300]}")

    def call(self) -> None:
        """Asks the core itself."""
        for token in (None, self.tokens[1]):
            rpc = Rpc(self.work.house.grpc_address, token)
            try:
                rpc.begin("UserService/ListUsers", {}, timeout=PATIENCE).result()
            except grpc.RpcError as error:
                if error.code() not in (grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.UNAVAILABLE):
                    self.work.found(f"a stranger called and got {error.code()} {error.details()}")
            else:
                self.work.found("a stranger called and was let in")
            finally:
                rpc.channel.close()
