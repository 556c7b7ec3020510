"""People who write, read and follow while something breaks, people who must not get in, and the questions afterwards.

Was anything that was answered lost or doubled? Was anybody let in? Was all well again in time?
"""

import contextlib
import itertools
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from faults.people import Asked, Reader, Stranger, Watcher, Writer
from harness.follower import type_of
from harness.house import Directory, House

WRITERS = 4
READERS = 2


@dataclass
class Work:
    """Everybody who is busy with one directory of a house."""

    house: House
    directory: Directory
    # How long after the end of a fault everybody must have been served again, in seconds.
    bound: float = 15
    stop: threading.Event = field(default_factory=threading.Event)
    findings: list[str] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    longest_outage: float = 0.0
    # The users at the end, as a list has them.
    there: list[dict] = field(default_factory=list)

    def __post_init__(self):
        admin = self.house.admin
        # Users are deleted here as fast as they can be.
        admin.call("DirectoryService/UpdateDirectory", name=self.directory.name, guard_rail={"enabled": False})
        key = self.house.new_service_key("EVENTS_READ", directory=self.directory.name)
        self.writers = self.new_writers()
        self.readers = [Reader(self) for _ in range(READERS)]
        self.watcher = Watcher(self, key)
        self.strangers = [Stranger(self)]
        self.threads: list[threading.Thread] = []

    def new_writers(self) -> list[Writer]:
        return [Writer(self, f"w{number}") for number in range(WRITERS)]

    @property
    def everybody(self) -> list:
        return [*self.writers, *self.readers, self.watcher, *self.strangers]

    def __enter__(self) -> "Work":
        self.threads = [threading.Thread(target=one.run, daemon=True) for one in self.everybody]
        for thread in self.threads:
            thread.start()
        began = time.monotonic()
        self.wait(lambda: self.is_well(began), "everybody is served", 2 * self.bound)
        return self

    def __exit__(self, *_) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join(timeout=90)
        assert not any(thread.is_alive() for thread in self.threads), "somebody waits without an end"

    def found(self, what: str) -> None:
        """Notes what should not have been. The first few of one kind say all there is to say."""
        if len(self.findings) < 20:
            self.findings.append(what)

    @contextlib.contextmanager
    def fault(self) -> Iterator[None]:
        """What is done within is a fault: when it has ended, everybody must be served again within the bound."""
        self.counts["faults injected"] += 1
        yield
        over = time.monotonic()
        self.wait(lambda: self.is_well(over), "all is well again", self.bound)
        self.longest_outage = max(self.longest_outage, time.monotonic() - over)

    def is_well(self, since: float) -> bool:
        """Whether everybody has been served whose request began after a time, and the probe says so too."""
        return all(one.served_since(since) for one in self.everybody) and self.house.is_ready()

    def wait(self, condition: Callable[[], bool], what: str, bound: float) -> None:
        end = time.monotonic() + bound
        while not condition():
            if time.monotonic() > end:
                waiting = [type(one).__name__ for one in self.everybody if not one.served_since(end - bound)]
                raise AssertionError(
                    f"after {bound} s it has not come to pass that {what}: {waiting}, ready: {self.house.is_ready()}; "
                    f"{self.findings}\n{self.house.output[-3000:]}"
                )
            time.sleep(0.02)

    def wait_for_refusals(self, enough: int = 1) -> None:
        """Waits until writers have been told that something is wrong."""
        before = sum(writer.refused for writer in self.writers)
        self.wait(lambda: sum(writer.refused for writer in self.writers) >= before + enough, "the fault is felt", 60)

    def wait_for_answers(self, enough: int) -> None:
        """Waits until writers have got some more answers."""
        before = self.answered
        self.wait(lambda: self.answered >= before + enough, f"{enough} more changes are answered", 4 * self.bound)

    @property
    def answered(self) -> int:
        return sum(len(writer.answered_at) for writer in self.writers)

    # The questions, when nobody works any more.

    def check(self) -> None:
        """Everything that was answered is there as it was answered, once; and nobody has seen what must not be."""
        self.check_users()
        self.check_groups()
        self.check_events()
        self.counts["answers checked"] += self.answered
        if "panicked at" in self.house.output:
            self.found("a process panicked")
        assert self.findings == [], f"{len(self.findings)} findings:\n" + "\n".join(self.findings)

    def users(self) -> list[dict]:
        scim = self.directory.scim
        pages = (scim.page(startIndex=start, count=1000)["Resources"] for start in itertools.count(1, 1000))
        return list(itertools.chain.from_iterable(itertools.takewhile(bool, pages)))

    def check_users(self) -> None:
        self.there = there = self.users()
        twice = [name for name, count in Counter(user["userName"] for user in there).items() if count > 1]
        if twice:
            self.found(f"users are there twice: {twice[:5]}")
        by_name = {user["userName"]: user for user in there}
        known = {user.name: user for writer in self.writers for user in writer.users}
        maybe = {name for writer in self.writers for name in writer.maybe_created}
        for name in by_name.keys() - known.keys() - maybe:
            self.found(f"{name} is there, whom nobody created")
        for name, user in known.items():
            stored = by_name.get(name)
            if stored is None:
                if not user.may_be_gone:
                    self.found(f"{name} was answered and is lost")
            elif user.is_gone or stored["id"] != user.id or stored.get("title") not in user.titles[user.confirmed :]:
                self.found(f"{name} is {stored}, and was answered as {user}")

    def check_groups(self) -> None:
        for group in (group for writer in self.writers for group in writer.groups):
            answer = self.directory.scim.get(f"/Groups/{group.id}")
            if answer.status_code != 200:
                self.found(f"the group {group.id} was answered and is lost: {answer.status_code}")
                continue
            members = {member["value"] for member in answer.json().get("members", [])}
            if not group.members <= members <= group.members | group.maybe_members:
                self.found(f"the group {group.id} has {members}, and was answered {group}")

    def check_events(self) -> None:
        events = self.listed()
        numbers = [event.number for event in events]
        if numbers != list(range(1, len(numbers) + 1)):
            self.found(f"the events are not numbered from 1 on without a gap: {numbers[:3]} … {numbers[-3:]}")
        self.watcher.wait_for(numbers[-1])
        if self.watcher.numbers != numbers:
            missed = sorted(set(numbers) - set(self.watcher.numbers))
            self.found(f"whoever followed saw {len(self.watcher.numbers)} of {len(numbers)}, without {missed[:5]}")
        subjects = {
            kind: {event.subject for event in events if type_of(event) == kind}
            for kind in ("USER_CREATED", "USER_DELETED")
        }
        if subjects["USER_CREATED"] - subjects["USER_DELETED"] != {user["id"] for user in self.there}:
            self.found("the users are others than those whom the events tell of")
        told = Counter((event.request_id, type_of(event), event.subject) for event in events)
        for key in (key for key, count in told.items() if count > 1):
            self.found(f"an event is there twice: {key}")
        of_request: dict[str, list[tuple[str, str]]] = {}
        for request_id, kind, subject in told:
            of_request.setdefault(request_id, []).append((kind, subject))
        for asked in (asked for writer in self.writers for asked in writer.asked):
            self.check_told(asked, of_request.get(asked.request_id, []))

    def check_told(self, asked: Asked, told: list[tuple[str, str]]) -> None:
        kinds = [kind for kind, subject in told if kind == asked.kind and asked.subject in (None, subject)]
        if asked.is_answered and len(kinds) != 1 or len(kinds) > 1:
            self.found(f"{asked} is told of by {len(kinds)} events")

    def listed(self) -> list:
        """All events of the directory."""
        events, after = [], 0
        while True:
            answer = self.house.admin.call(
                "EventService/ListEvents", directory=self.directory.name, after=after, page_size=1000
            )
            events += answer.events
            after = answer.position
            if after >= answer.newest:
                return events
