"""What grows with a directory, and what must not: a group of 200,000 members and a list of as many users.

Started by `tests/load/run --big`. Each figure stands beside the same one of a small group, or of the first page.
"""

import http.client
import json
import statistics
import time
import urllib.parse
from collections.abc import Callable
from contextlib import contextmanager

import report
from servers import Server
from workloads import TYPE, Load

GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
# How many members the small group has.
SMALL = 10
# How often each request is timed.
TIMES = 60


class Client:
    """Asks one request after another on one connection."""

    def __init__(self, server: Server) -> None:
        url = urllib.parse.urlsplit(server.url)
        self.base = url.path
        self.headers = {"Authorization": f"Bearer {server.token}", "Content-Type": TYPE}
        self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=600)

    def ask(self, method: str, path: str, body: dict | None = None) -> dict:
        data = None if body is None else json.dumps(body).encode()
        self.connection.request(method, self.base + path, data, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:500]!r}")
        return json.loads(text) if text else {}

    def drain(self, path: str) -> int:
        """Reads an answer without keeping it, and says how long it was."""
        self.connection.request("GET", self.base + path, headers=self.headers)
        answer = self.connection.getresponse()
        size = 0
        while part := answer.read(1 << 20):
            size += len(part)
        if answer.status != 200:
            raise SystemExit(f"GET {path}: {answer.status}")
        return size


def big(server: Server, load: Load, database: str, count: int) -> list[report.Figure]:
    """Seeds a directory, and measures what the size of a group and the depth of a page cost."""
    load.seed(server, count)
    ids = [line.partition("\t")[0] for line in load.users.read_text().splitlines()][:count]
    client = Client(server)
    small, large = create(client, "small", ids[1 : SMALL + 1]), create(client, "large", ids[1:])
    one = ids[0]
    figures = [
        *compare(f"{database} · one member in and out", move(client, small, one), move(client, large, one), count),
        *compare(
            f"{database} · group without its members",
            lambda: client.ask("GET", f"/Groups/{small}?excludedAttributes=members"),
            lambda: client.ask("GET", f"/Groups/{large}?excludedAttributes=members"),
            count,
        ),
    ]
    before = server.usage().peak_mib
    with timed() as whole:
        size = client.drain(f"/Groups/{large}")
    figures += [
        report.Figure(f"{database} · group of {count:,} read whole", whole[0], "s"),
        report.Figure(f"{database} · the answer", size / 2**20, "MiB"),
        report.Figure(f"{database} · memory at its peak before", before, "MiB"),
        report.Figure(f"{database} · memory at its peak after", server.usage().peak_mib, "MiB"),
    ]
    last = last_cursor(client)
    first = "/Users?count=100&cursor="
    figures += pages(f"{database} · page of 100 by cursor", client, first, f"/Users?count=100&cursor={last}", count)
    deep = f"/Users?count=100&startIndex={count - 99}"
    figures += pages(f"{database} · page of 100 by index", client, "/Users?count=100&startIndex=1", deep, count)
    return figures


def create(client: Client, name: str, members: list[str]) -> str:
    """Makes a group, and returns its id."""
    group = {"schemas": [GROUP], "displayName": name, "members": [{"value": user} for user in members]}
    return client.ask("POST", "/Groups?attributes=id", group)["id"]


def move(client: Client, group: str, user: str) -> Callable[[], None]:
    """Adds a member and removes it again."""

    def both() -> None:
        for operation in (
            {"op": "add", "path": "members", "value": [{"value": user}]},
            {"op": "remove", "path": f'members[value eq "{user}"]'},
        ):
            client.ask("PATCH", f"/Groups/{group}", {"schemas": [PATCH], "Operations": [operation]})

    return both


def compare(what: str, of_small: Callable, of_large: Callable, count: int) -> list[report.Figure]:
    small, large = medians(of_small, of_large)
    return [
        report.Figure(f"{what}, group of {SMALL}", small, "ms"),
        report.Figure(f"{what}, group of {count:,}", large, "ms"),
        report.Figure(f"{what}, the one by the other", large / small, "×"),
    ]


def pages(what: str, client: Client, first: str, last: str, count: int) -> list[report.Figure]:
    one, other = medians(lambda: client.ask("GET", first), lambda: client.ask("GET", last))
    return [
        report.Figure(f"{what}, the first", one, "ms"),
        report.Figure(f"{what}, the last of {count:,} users", other, "ms"),
        report.Figure(f"{what}, the one by the other", other / one, "×"),
    ]


def medians(*requests: Callable) -> list[float]:
    """The median of each in ms, all asked in turn so that what disturbs one disturbs the others."""
    times = [[] for _ in requests]
    for _ in range(TIMES):
        for request, taken in zip(requests, times, strict=True):
            with timed() as seconds:
                request()
            taken.append(seconds[0])
    return [statistics.median(taken) * 1e3 for taken in times]


@contextmanager
def timed():
    seconds = [0.0]
    begin = time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - begin


def last_cursor(client: Client) -> str:
    """Walks to the last page, and returns the cursor that leads to it."""
    cursor = ""
    while following := client.ask("GET", f"/Users?count=100&cursor={cursor}").get("nextCursor"):
        cursor = following
    return cursor
