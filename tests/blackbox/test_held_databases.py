"""A database of which something is held, or whose connections fall silent: it is felt by whoever asks for what is held,
and for no longer than there is a reason."""

import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import httpx
import psycopg
import pytest
from groups import new_group, path_of

from harness.background import running
from harness.proxy import Proxy
from harness.scim import TRUSTS_NOBODY, a_user, patch_op

# More than there are connections.
WAITING = 32

pytestmark = pytest.mark.timeout(300)


def title(number: int) -> dict:
    return patch_op({"op": "replace", "path": "title", "value": f"t{number}"})


def in_and_out(number: int) -> dict:
    return patch_op({"op": "replace", "path": "active", "value": number % 2 == 0})


@dataclass
class Asking:
    """Somebody who changes a user again and again."""

    url: str
    token: str
    body: Callable[[int], dict]
    answers: list[tuple[float, float, int, bool]] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)

    def run(self, stop: threading.Event) -> None:
        number = 0
        with httpx.Client(timeout=60, verify=TRUSTS_NOBODY, headers={"Authorization": f"Bearer {self.token}"}) as http:
            while not stop.is_set():
                number += 1
                began = time.monotonic()
                try:
                    answer = http.patch(self.url, json=self.body(number))
                except httpx.TransportError as error:
                    self.failures.append(repr(error))
                    return
                ended = time.monotonic()
                is_bounded = answer.status_code != 503 or "retry-after" in answer.headers
                self.answers.append((began, ended, answer.status_code, is_bounded))
                if answer.status_code == 503:
                    stop.wait(0.05)


@contextmanager
def asking(people: list[Asking]):
    with running([one.run for one in people]):
        yield
    assert [failure for one in people for failure in one.failures] == []
    assert {status for one in people for _, _, status, _ in one.answers} <= {200, 503}
    assert all(is_bounded for one in people for *_, is_bounded in one.answers), "a 503 without Retry-After"


def until(condition, bound: float = 60) -> float:
    """Waits until something holds, and says how long that took, in seconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() - began < bound, "it does not end"
        time.sleep(0.02)
    return time.monotonic() - began


def p99(people: list[Asking], from_: float, to: float) -> str:
    answers = [answer for one in people for answer in one.answers]
    took = sorted(end - begin for begin, end, *_ in answers if begin >= from_ and end <= to)
    assert took, "nobody was answered"
    return f"{1000 * took[int(len(took) * 0.99)]:.0f} ms of {len(took)}"


class Installation:
    """A house on PostgreSQL behind a proxy, with a directory whose user is held, and one of somebody else."""

    def __init__(self, builder):
        database = builder.database("postgres", builder.work)
        address = urlsplit(database.url)
        self.direct = database
        self.proxy = Proxy(address.hostname, address.port)
        self.house = builder.start("serve-postgres", database=database.by_port(self.proxy.port))
        self.held, self.other = self.house.new_directory(), self.house.new_directory()
        self.user = self.held.scim.create("held@example.com")["id"]
        self.in_trouble = [self.asking(self.held, self.user) for _ in range(WAITING)]
        self.elsewhere = [
            self.asking(self.other, self.other.scim.create(f"u{number}@example.com")["id"]) for number in range(4)
        ]

    def asking(self, directory, user: str, body=title) -> Asking:
        return Asking(f"{self.house.base_url}/Users/{user}", directory.token, body)

    def answered(self, people: list[Asking], since: float) -> bool:
        """Whether each of them was answered 200 by a request that began after a time."""
        return all(any(begin > since and status == 200 for begin, _, status, _ in one.answers) for one in people)

    def is_ready(self) -> bool:
        return httpx.get(f"{self.house.url}/readyz", verify=TRUSTS_NOBODY).status_code == 200


@pytest.fixture
def installation(builder):
    installation = Installation(builder)
    yield installation
    installation.house.stop()
    installation.proxy.close()


def go_on(installation: Installation, trouble, ends, others_write: bool, record_property) -> None:
    """Lets everybody ask, makes trouble for a while, ends it, and wants all of them to be answered again."""
    everybody = installation.in_trouble + installation.elsewhere
    with asking(everybody):
        began = time.monotonic()
        until(lambda: installation.answered(everybody, began))
        time.sleep(1)
        trouble()
        during = time.monotonic()
        if others_write:
            # Longer than any wait of those who are in trouble.
            until(lambda: time.monotonic() - during > 7)
            assert installation.answered(installation.elsewhere, during)
        else:
            until(lambda: any(status == 503 for one in everybody for begin, _, status, _ in one.answers))
            until(lambda: not installation.is_ready())
        over = time.monotonic()
        ends()
        recovery = until(lambda: installation.answered(everybody, over))
        ready = until(installation.is_ready)
    if others_write:
        before, meanwhile = p99(installation.elsewhere, began, during), p99(installation.elsewhere, during, over)
        record_property("measured", f"p99 of the others: {before} before, {meanwhile} during")
        refused = [one for one in installation.elsewhere for *_, status, _ in one.answers if status != 200]
        assert not refused, "others were refused"
    record_property("measured", f"all are answered {recovery:.1f} s after it ended, ready after {ready:.1f} s more")


@pytest.mark.parametrize("what", ["row", "guard"])
def test_what_another_session_holds_is_felt_by_its_directory_alone(installation, what, record_property):
    session = psycopg.connect(installation.direct.url)
    directory = installation.house.database_id(installation.held.id)
    if what == "row":
        statement = "SELECT 1 FROM resources WHERE id = %s FOR UPDATE"
        key = installation.house.database_id(installation.user)
    else:
        statement, key = "SELECT 1 FROM guards WHERE directory_id = %s FOR UPDATE", directory
        users = [installation.held.scim.create(f"leaver{number}@example.com")["id"] for number in range(WAITING)]
        installation.in_trouble = [installation.asking(installation.held, user, in_and_out) for user in users]
        # Those who leave wait for one another once the limit is near, and count if they were there before the window.
        installation.direct.execute("UPDATE resources SET created = 0 WHERE directory_id = ?", directory)
        installation.house.command_json("directory", "update", installation.held.name, "--guard-rail", "210,100%,1h")

    def hold():
        assert session.execute(statement, [key]).fetchall(), "there is nothing to hold"

    go_on(installation, hold, session.rollback, True, record_property)
    session.close()


@pytest.mark.parametrize(
    ("table", "others_write"), [("mails", True), ("activity", True), ("resources", False), ("credentials", False)]
)
def test_a_table_that_another_session_holds_is_waited_for_with_a_bound(
    installation, table, others_write, record_property
):
    session = psycopg.connect(installation.direct.url)
    lock = f"LOCK TABLE {table} IN ACCESS EXCLUSIVE MODE"
    go_on(installation, lambda: session.execute(lock), session.rollback, others_write, record_property)
    session.close()


def test_connections_that_fall_silent_are_replaced(installation, record_property):
    silenced = []

    def silence():
        silenced.append(installation.proxy.fall_silent())
        # Whoever had none of them goes on; the others get new ones once they have waited long enough.
        since = time.monotonic()
        until(lambda: installation.answered(installation.in_trouble + installation.elsewhere, since))
        took = time.monotonic() - since
        record_property("measured", f"{silenced[0]} connections fell silent; all are answered {took:.1f} s later")

    everybody = installation.in_trouble + installation.elsewhere
    with asking(everybody):
        began = time.monotonic()
        until(lambda: installation.answered(everybody, began))
        silence()
        until(installation.is_ready)
    assert silenced[0] > 1


@pytest.mark.parametrize("what", ["create", "change", "delete", "group"])
def test_a_change_whose_answer_is_lost_is_looked_for(installation, what):
    scim, request_id = installation.held.scim, f"lost-{what}"
    users = [scim.create(f"{number}@example.com")["id"] for number in range(2)]
    group = new_group(scim, "Lost")
    joins = {"op": "add", "path": "members", "value": [{"value": user} for user in users]}
    method, path, body, expected = {
        "create": ("POST", "/Users", a_user("lost@example.com"), 201),
        "change": ("PATCH", f"/Users/{users[0]}", title(1), 200),
        "delete": ("DELETE", f"/Users/{users[0]}", None, 204),
        "group": ("PATCH", path_of(group), patch_op(joins), 204),
    }[what]
    # A user is created and changed by one statement; whatever else is changed, by several and a COMMIT.
    lost = installation.proxy.lose_answer(request_id, is_next=what in ("delete", "group"))
    answer = scim.request(method, path, data=body, headers={"X-Request-Id": request_id})
    assert lost.is_lost, "the answer was not lost"
    assert answer.status_code == expected, answer.text
