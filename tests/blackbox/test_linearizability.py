"""Several clients change the same users while cores are killed, connections are cut and rows are held: what they saw
can be put in one order, which is that of the events."""

import json
import os
import random
import signal
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import grpc
import psycopg
import pytest
from registers import WRITES, Client, Operation, version_of

from harness.background import running
from harness.house import Directory, House
from harness.modes import rotation
from harness.proxy import Proxy
from harness.rpc import api

CLIENTS = 6
REGISTERS = 3

pytestmark = pytest.mark.timeout(900)


def until(condition: Callable, bound: float = 60):
    """Waits for what is true, and returns it."""
    began = time.monotonic()
    while not (found := condition()):
        assert time.monotonic() - began < bound, "it does not come"
        time.sleep(0.02)
    return found


@dataclass
class Installation:
    """Houses on one database, and the registers of one directory."""

    houses: list[House]
    directory: Directory = field(init=False)

    def __post_init__(self):
        self.directory = self.houses[0].new_directory()

    @property
    def bases(self) -> list[str]:
        return [house.base_url for house in self.houses]

    def new_register(self, name: str) -> tuple[str, Operation]:
        invoked = time.monotonic_ns()
        user = self.directory.scim.create(name, title="first")
        written = {"value": "first", "expected": None, "made": version_of(user)}
        return user["id"], Operation(user["id"], invoked, time.monotonic_ns(), {"write": written})

    def kill(self, house: House) -> None:
        house.processes[0].stop(signal.SIGKILL)
        time.sleep(0.2)
        house.restart_core()

    def events(self) -> list:
        """All events of the directory, in order. A channel whose core was killed takes a moment to find the next."""
        rpc, found, after = self.houses[0].rpc(self.houses[0].admin_key), [], 0

        def page():
            try:
                return rpc.call("EventService/ListEvents", directory=self.directory.name, after=after, page_size=1000)
            except grpc.RpcError as error:
                assert error.code() == grpc.StatusCode.UNAVAILABLE, error
                return None

        while True:
            some = until(page)
            found += some.events
            after = some.position
            if after >= some.newest:
                return found


@dataclass
class Round:
    """A history of some registers, and what was found out about it."""

    installation: Installation
    number: int
    operations: list[Operation] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)
    registers: list[str] = field(default_factory=list)
    # When each fault began, and what it is called.
    faults: list[tuple[int, str]] = field(default_factory=list)

    def __post_init__(self):
        for number in range(REGISTERS):
            register, operation = self.installation.new_register(f"{self.number}.{number}@example.com")
            self.registers.append(register)
            self.operations.append(operation)
        token = self.installation.directory.token
        names = [f"{self.number}.{place}" for place in range(CLIENTS)]
        self.clients = [Client(name, self.installation.bases, token, self.registers, self.number) for name in names]

    def run(self, faults: list[Callable[[str], None]]) -> None:
        """Lets the clients run while one fault comes after the other, and reads at last what has become of it."""
        with running([client.run for client in self.clients]):
            for fault in faults:
                time.sleep(0.5)
                self.faults.append((time.monotonic_ns(), fault.__name__))
                fault(self.registers[0])
            time.sleep(0.5)
        reader = self.clients[0]
        for base in self.installation.bases:
            for register in self.registers:
                until(lambda base=base, register=register: reader.read(base, register))
        self.operations += [operation for client in self.clients for operation in client.operations]


def told_of(operation: Operation, rounds: list[Round]) -> str:
    """What somebody heard of a write, and the last fault before that."""
    faults = [(began, name) for each in rounds for began, name in each.faults if began < operation.heard]
    return f"{operation.trouble} ({max(faults)[1] if faults else 'before any fault'})"


def not_linearizable(operations: list[Operation]) -> list[str]:
    """The registers whose history nobody can put in one order."""
    lines = "".join(json.dumps(operation.line) + "\n" for operation in operations)
    judge = os.environ["ROLLCALL_TEST_LINEARIZABILITY"]
    done = subprocess.run([judge], input=lines, text=True, capture_output=True, timeout=300)
    assert (done.returncode, done.stderr) == (int(bool(done.stdout)), "")
    return done.stdout.split()


def history_of(register: str, operations: list[Operation]) -> str:
    own = sorted((operation for operation in operations if operation.register == register), key=lambda o: o.invoked)
    return "\n".join(json.dumps(operation.line) for operation in own)


def judge_events(operations: list[Operation], events: list) -> tuple[list[str], list[Operation]]:
    """What is wrong with the events of a history, and the writes of unknown outcome that were done."""
    wrong, by_request, told = [], defaultdict(list), defaultdict(list)
    for event in events:
        by_request[event.request_id].append(event)
        told[event.subject].append(event)
    updated = api()["event"].EVENT_TYPE_USER_UPDATED
    known = {operation.request_id for operation in operations if operation.request_id}
    registers = {operation.register for operation in operations}
    for register in registers:
        versions = [event.version for event in told[register]]
        if versions != list(range(1, len(versions) + 1)):
            wrong.append(f"the events of {register} tell of the versions {versions}")
        strange = [event.request_id for event in told[register][1:] if event.request_id not in known]
        if strange:
            wrong.append(f"{register} was changed by {strange}, which were refused")
    done = []
    for operation in operations:
        if not operation.request_id:
            continue
        write, found = operation.what["write"], by_request[operation.request_id]
        if operation.returned is None:
            done += [operation] * bool(found)
        seen = [(event.type, event.subject, event.version, event.changes[0].after.string_value) for event in found]
        made = write["made"] if operation.returned else next((event.version for event in found), None)
        if (found or operation.returned) and seen != [(updated, operation.register, made, write["value"])]:
            wrong.append(f"{operation.line} was told as {seen}")
    for register in registers:
        reads = [o for o in operations if o.register == register and "read" in o.what]
        last = max(reads, key=lambda operation: operation.invoked).what["read"]
        event = told[register][-1]
        change = next(change for change in event.changes if change.name == "title")
        if (last["version"], last["value"]) != (event.version, change.after.string_value):
            wrong.append(f"{register} is {last}, and the last event is {event}")
    return wrong, done


def judge(installation: Installation, rounds: list[Round], record_property) -> None:
    operations = [operation for each in rounds for operation in each.operations]
    clients = [client for each in rounds for client in each.clients]
    wrong = [answer for client in clients for answer in client.wrong]
    unordered = [register for each in rounds for register in not_linearizable(each.operations)]
    misled, done = judge_events(operations, installation.events())
    unknown = Counter("503" if o.trouble.startswith("503") else "lost" for o in operations if o.returned is None)
    all_the_same = Counter(told_of(operation, rounds) for operation in done)
    measured = [
        f"{len(rounds) * REGISTERS} histories of {len(operations)} operations",
        f"{unknown['503']} writes answered 503 and {unknown['lost']} by nobody",
        f"done all the same: {dict(all_the_same) or 'none'}",
        f"{len(wrong) + len(unordered) + len(misled)} violations",
    ]
    record_property("measured", "; ".join(measured))
    counted = {
        "histories checked": len(rounds) * REGISTERS,
        "answers checked": sum(bool(operation.returned) for operation in operations),
        "findings": len(wrong) + len(unordered) + len(misled),
    }
    record_property("counted", counted)
    assert wrong == [], "answers that nobody may get"
    assert unordered == [], "not linearizable:\n" + "\n\n".join(history_of(each, operations) for each in unordered)
    assert misled == []
    assert any("write" in operation.what and operation.returned for operation in operations[REGISTERS:])


def test_what_clients_of_two_cores_see_is_linearizable(builder, record_property):
    is_long = rotation() == "all"
    database = builder.database("postgres", builder.work)
    address = urlsplit(database.url)
    proxies = [Proxy(address.hostname, address.port) for _ in range(2)]
    first = builder.start("apart-postgres", database=database.by_port(proxies[0].port))
    second = builder.start(
        "apart-postgres",
        database=database.by_port(proxies[1].port),
        admin_key=first.admin_key,
        scim_token=first.scim_token,
        gateway_key=first.gateway_key,
    )
    installation = Installation([first, second])

    def kill_the_first(register: str) -> None:
        installation.kill(first)

    def kill_the_second(register: str) -> None:
        installation.kill(second)

    def cut(register: str) -> None:
        for connection in list(proxies[1].connections):
            connection.close()

    def lose_an_answer(register: str) -> None:
        lost = proxies[0].lose_answer(WRITES, is_next=False)
        until(lambda: lost.is_lost)

    def hold(register: str, seconds: float = 0.5) -> None:
        with psycopg.connect(database.url) as session:
            key = first.database_id(register)
            assert session.execute("SELECT 1 FROM resources WHERE id = %s FOR UPDATE", [key]).fetchall()
            time.sleep(seconds)

    def hold_for_long(register: str) -> None:
        # Longer than anybody waits.
        hold(register, 8)

    def silence(register: str) -> None:
        proxies[1].fall_silent()

    faults = [kill_the_first, cut, lose_an_answer, hold, kill_the_second]
    rounds = [Round(installation, number) for number in range(6 if is_long else 1)]
    for each in rounds:
        some = faults + ([hold_for_long, silence] if is_long else [])
        if is_long:
            random.Random(each.number).shuffle(some)
        each.run(some)
    judge(installation, rounds, record_property)
    for house in reversed(installation.houses):
        house.stop()
    for proxy in proxies:
        proxy.close()


def test_what_clients_of_a_server_that_is_killed_see_is_linearizable(builder, record_property):
    installation = Installation([builder.start("serve-sqlite")])
    [house] = installation.houses

    def kill(register: str) -> None:
        installation.kill(house)

    rounds = [Round(installation, number) for number in range(10 if rotation() == "all" else 1)]
    for each in rounds:
        each.run([kill] * 3)
    judge(installation, rounds, record_property)
    house.stop()
