"""Registers: users whose title several clients read and write at once. Each notes what it saw of it, and when."""

import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field

import httpx

from harness.scim import TRUSTS_NOBODY, patch_op

# Every request that writes has an id that begins so: a proxy knows them by it.
WRITES = "register-"


@dataclass
class Operation:
    """What a client asked for, and what it knows of the outcome."""

    register: str
    invoked: int
    returned: int | None
    what: dict
    request_id: str = ""
    # Why the outcome is unknown, and when that was heard.
    trouble: str = ""
    heard: int = 0

    @property
    def line(self) -> dict:
        return {"register": self.register, "invoked": self.invoked, "returned": self.returned, **self.what}


def version_of(user: dict) -> int:
    return int(user["meta"]["version"].removeprefix('W/"').removesuffix('"'))


@dataclass
class Client:
    """Reads registers and writes them, over that version which it saw last or over any."""

    name: str
    bases: list[str]
    token: str
    registers: list[str]
    seed: int
    operations: list[Operation] = field(default_factory=list)
    counts: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self):
        self.random = random.Random(f"{self.seed} {self.name}")
        self.seen: dict[str, int] = dict.fromkeys(self.registers, 1)
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/scim+json"}
        self.http = httpx.Client(timeout=60, verify=TRUSTS_NOBODY, headers=headers)

    def run(self, stop: threading.Event) -> None:
        while not stop.is_set():
            register, base = self.random.choice(self.registers), self.random.choice(self.bases)
            ask = self.random.choice([self.read, self.write, self.write_over])
            if not ask(base, register):
                stop.wait(0.02)

    def read(self, base: str, register: str) -> bool:
        """Whether it was answered."""
        invoked, answer = self.ask("GET", base, register)
        if answer is None or answer.status_code == 503:
            self.counts["reads that failed"] += 1
            return False
        if answer.status_code != 200:
            return self.is_wrong(answer)
        user = answer.json()
        self.seen[register] = version_of(user)
        seen = {"version": version_of(user), "value": user["title"]}
        self.note(Operation(register, invoked, time.monotonic_ns(), {"read": seen}))
        return True

    def write(self, base: str, register: str) -> bool:
        return self.put_title(base, register, None)

    def write_over(self, base: str, register: str) -> bool:
        return self.put_title(base, register, self.seen[register])

    def put_title(self, base: str, register: str, expected: int | None) -> bool:
        self.counts["writes"] += 1
        value = f"{self.name}.{self.counts['writes']}"
        request_id = WRITES + value
        headers = {"X-Request-Id": request_id} | ({} if expected is None else {"If-Match": f'W/"{expected}"'})
        body = patch_op({"op": "replace", "path": "title", "value": value})
        invoked, answer = self.ask("PATCH", base, register, json=body, headers=headers)
        returned = time.monotonic_ns()
        written = {"value": value, "expected": expected, "made": None}
        if answer is None or answer.status_code == 503:
            trouble = "the connection was lost" if answer is None else f"503: {answer.json()['detail']}"
            self.note(Operation(register, invoked, None, {"write": written}, request_id, trouble, returned))
            return False
        match answer.status_code:
            case 200:
                user = answer.json()
                self.seen[register] = written["made"] = version_of(user)
                self.note(Operation(register, invoked, returned, {"write": written}, request_id))
                return user["title"] == value or self.is_wrong(answer)
            case 409:
                # It lost against another one, and was not done.
                self.counts["conflicts"] += 1
            case 412 if expected is not None:
                self.note(Operation(register, invoked, returned, {"refused": {"expected": expected}}))
            case _:
                self.is_wrong(answer)
        return True

    def ask(self, method: str, base: str, register: str, **request) -> tuple[int, httpx.Response | None]:
        """When it was asked, and the answer if one came."""
        invoked = time.monotonic_ns()
        try:
            return invoked, self.http.request(method, f"{base}/Users/{register}", **request)
        except httpx.TransportError:
            return invoked, None

    def note(self, operation: Operation) -> None:
        self.operations.append(operation)

    def is_wrong(self, answer: httpx.Response) -> bool:
        self.wrong.append(f"{answer.request.method} {answer.status_code} {answer.text[:300]}")
        return False
