"""What grows with a directory, and what must not: a group of 200,000 members and a list of as many users.

Started by `tests/load/run --big`. Each figure stands beside the same one of a small group, or of the first page, and
both are asked in turn: what disturbs one disturbs the other.
"""

import http.client
import itertools
import json
import re
import statistics
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import machine
from filling import TEMPLATE, PostgreSQL, SQLite, fill
from report import Figure
from servers import Fleet, Server
from workloads import TYPE

USER = "urn:ietf:params:scim:schemas:core:2.0:User"
GROUP = "urn:ietf:params:scim:schemas:core:2.0:Group"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
# How many members the small group has.
SMALL = 10
# How often each request is timed; one that waits for the disk more often, for that is disturbed most.
TIMES = 60
TIMES_TO_DISK = 400
# Users in a page.
PAGE = 100
# Users in a page of the console.
LISTED = 50


class Client:
    """Asks one request after another on one connection."""

    def __init__(self, server: Server) -> None:
        url = urllib.parse.urlsplit(server.url)
        self.base = url.path
        self.headers = {"Authorization": f"Bearer {server.token}", "Content-Type": TYPE}
        self.connection = http.client.HTTPConnection(url.hostname, url.port, timeout=600)

    def ask(self, method: str, path: str, body: dict | None = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        self.connection.request(method, self.base + path, data, self.headers)
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise SystemExit(f"{method} {path}: {answer.status} {text[:500]!r}")
        return text

    def create(self, path: str, **attributes) -> str:
        """Makes a resource, and returns its id."""
        return json.loads(self.ask("POST", f"{path}?attributes=id", attributes))["id"]

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


def big(fleet: Fleet, database: SQLite | PostgreSQL, count: int) -> Iterator[Figure]:
    """Fills a directory, and measures what the size of a group and the depth of a page cost."""
    with fleet.serve(database.url) as server:
        client = Client(server)
        name = f"{TEMPLATE}@example.com"
        one = client.create(
            "/Users",
            schemas=[USER],
            userName=name,
            externalId=TEMPLATE,
            displayName=f"The {TEMPLATE}",
            name={"givenName": "The", "familyName": TEMPLATE},
            emails=[{"value": name, "type": "work", "primary": True}],
        )
        large, small, new = (
            client.create("/Groups", schemas=[GROUP], displayName=name) for name in ("large", "small", "new")
        )
    with timed() as taken:
        ids = fill(database, one, large, count)
    yield Figure(f"{count:,} users and memberships written by SQL", taken[0], "s")

    with fleet.apart(database.url, database.pids) as server:
        client = Client(server)
        client.ask("PATCH", f"/Groups/{small}", patch({"op": "add", "path": "members", "value": values(ids[:SMALL])}))
        yield from of_members(client, small, large, one, count)
        yield from of_pages(client, database, count)
        yield from of_lists(client, count)
        yield from of_memory(client, server, large, new, ids)
    for what, path in (("the first", page_by_index(1)), ("the last", page_by_index(count - PAGE + 1))):
        yield documents_read(fleet, database, what, path)


def of_members(client: Client, small: str, large: str, user: str, count: int) -> Iterator[Figure]:
    adding = {"op": "add", "path": "members", "value": values([user])}
    removing = {"op": "remove", "path": f'members[value eq "{user}"]'}

    def change(group: str, operation: dict) -> Callable:
        return lambda: client.ask("PATCH", f"/Groups/{group}", patch(operation))

    titles = itertools.count()

    def retitle() -> None:
        title = {"op": "replace", "path": "title", "value": f"title {next(titles)}"}
        client.ask("PATCH", f"/Users/{user}", patch(title))

    changes = (change(group, operation) for operation in (adding, removing) for group in (small, large))
    *of_groups, of_user = medians(*changes, retitle, times=TIMES_TO_DISK)
    adding_ms, removing_ms = pairs(of_groups)
    yield from compared("adding a member", f"a group of {SMALL}", f"a group of {count - 1:,}", *adding_ms)
    yield from compared("removing a member", f"a group of {SMALL}", f"a group of {count - 1:,}", *removing_ms)
    yield Figure("adding a member to the large group, by a change of a user's title", adding_ms[1] / of_user, "×")
    without = (
        lambda group=group: client.ask("GET", f"/Groups/{group}?excludedAttributes=members") for group in (small, large)
    )
    figures = medians(*without)
    yield from compared("group without its members", f"a group of {SMALL}", f"a group of {count - 1:,}", *figures)


def of_pages(client: Client, database: SQLite | PostgreSQL, count: int) -> Iterator[Figure]:
    last = last_cursor(client, count)
    first, deep = page_by_index(1), page_by_index(count - PAGE + 1)
    pages = (f"/Users?count={PAGE}&cursor=", f"/Users?count={PAGE}&cursor={last}", first, deep)
    for path in pages:
        if len(json.loads(client.ask("GET", path))["Resources"]) != PAGE:
            raise SystemExit(f"{path}: the page is not full")
    asked = [lambda path=path: client.ask("GET", path) for path in pages]
    by_key, by_index = pairs(medians(*asked))
    yield from compared(f"page of {PAGE} by cursor", "the first", f"the last full one of {count:,} users", *by_key)
    yield from compared(f"page of {PAGE} by index", "the first", f"the last full one of {count:,} users", *by_index)
    alone = statistics.median(database.skipping_ms(count - PAGE) for _ in range(TIMES))
    yield Figure(f"{database.name} alone skips as many along the narrow index in", alone, "ms")
    yield Figure("what depth adds to a page by index, of that", (by_index[1] - by_index[0]) / alone, "×")


def of_lists(client: Client, count: int) -> Iterator[Figure]:
    """What the lists of the console ask for, with the total: orders, and words that an administrator types."""
    asked = {
        "in order of creation": {},
        "by userName": {"sortBy": "userName"},
        "by userName, descending": {"sortBy": "userName", "sortOrder": "descending"},
        "last changed first": {"sortBy": "meta.lastModified", "sortOrder": "descending"},
        "newest first": {"sortBy": "meta.created", "sortOrder": "descending"},
    }
    for what, words in (("one user", f"user-{count - 1}"), ("11 of 100", "user-1"), ("nobody", "nobody")):
        asked[f"names that begin so, {what}"] = {"filter": words_filter("sw", words)}
    asked["names that contain it, one user"] = {"filter": words_filter("co", f"ser-{count - 1}")}
    for what, query in asked.items():
        path = f"/Users?{urllib.parse.urlencode({'count': LISTED, 'cursor': ''} | query)}"
        (median,) = medians(lambda path=path: client.ask("GET", path), times=TIMES // 4)
        yield Figure(f"list of {LISTED} of {count:,} users, {what}", median, "ms")


def words_filter(operator: str, words: str) -> str:
    """The filter that the console makes of words."""
    names = ("userName", "displayName", "name.familyName", "emails.value")
    return " or ".join(f'{name} {operator} "{words}"' for name in names)


def of_memory(client: Client, server: Server, large: str, new: str, ids: list[str]) -> Iterator[Figure]:
    body = {"schemas": [GROUP], "displayName": "new", "members": values(ids)}
    size = len(json.dumps(body)) / 2**20
    fewer = body | {"members": body["members"][:-1]}
    yield from peak("read whole", server, lambda: client.drain(f"/Groups/{large}") / 2**20)
    put = f"/Groups/{new}?attributes=id"
    for what, members in (("filled by PUT", body), ("replaced by PUT", fewer)):
        yield from peak(what, server, lambda members=members: client.ask("PUT", put, members) and size)


def peak(what: str, server: Server, request: Callable[[], float]) -> Iterator[Figure]:
    """How far a request lifts the memory of each process over what it held before."""
    pids = [process.pid for process in server.processes]
    before = [machine.usage([pid]).rss_mib for pid in pids]
    machine.forget_peaks(pids)
    with timed() as taken:
        size = request()
    yield Figure(f"large group {what}: {size:.1f} MiB of JSON", taken[0], "s")
    for name, pid, held in zip(("core", "gateway"), pids, before, strict=True):
        yield Figure(
            f"large group {what}: peak of the {name} over its {held:.0f} MiB",
            machine.usage([pid]).peak_mib - held,
            "MiB",
        )


def documents_read(fleet: Fleet, database: SQLite | PostgreSQL, what: str, path: str) -> Figure:
    """How much a page reads in the database, by its own count or by that of the kernel."""
    times = 10
    name = f"page of {PAGE} by index, {what}: read of"
    before = database.blocks() if isinstance(database, PostgreSQL) else 0
    with fleet.apart(database.url, database.pids) as server:
        client, core = Client(server), [server.processes[0].pid]
        client.ask("GET", path)
        read = machine.bytes_read(core)
        for _ in range(times):
            client.ask("GET", path)
        read = machine.bytes_read(core) - read
    if isinstance(database, PostgreSQL):
        # Its processes have ended, and so have told what they read.
        read = (database.blocks() - before) / (times + 1)
        return Figure(f"{name} a table of {database.size():,} blocks", read, "blocks")
    return Figure(f"{name} a file of {database.file.stat().st_size / 2**20:.0f} MiB", read / times / 2**20, "MiB")


def compared(what: str, of_one: str, of_other: str, one: float, other: float) -> list[Figure]:
    return [
        Figure(f"{what}, {of_one}", one, "ms"),
        Figure(f"{what}, {of_other}", other, "ms"),
        Figure(f"{what}, the one by the other", other / one, "×"),
    ]


def medians(*requests: Callable, times: int = TIMES) -> list[float]:
    """The median of each in ms, all asked in turn."""
    measured: list[list[float]] = [[] for _ in requests]
    for _ in range(times):
        for request, taken in zip(requests, measured, strict=True):
            with timed() as seconds:
                request()
            taken.append(seconds[0])
    return [statistics.median(taken) * 1e3 for taken in measured]


def pairs(values: list[float]) -> list[tuple[float, float]]:
    return list(zip(values[::2], values[1::2], strict=True))


@contextmanager
def timed():
    seconds = [0.0]
    begin = time.perf_counter()
    yield seconds
    seconds[0] = time.perf_counter() - begin


def patch(operation: dict) -> dict:
    return {"schemas": [PATCH], "Operations": [operation]}


def values(ids: list[str]) -> list[dict]:
    return [{"value": identifier} for identifier in ids]


def page_by_index(start: int) -> str:
    return f"/Users?count={PAGE}&startIndex={start}"


def last_cursor(client: Client, count: int) -> str:
    """Walks to the last page, and returns the cursor that leads to it."""
    cursor = ""
    for _ in range(count // PAGE - 1):
        answer = client.ask("GET", f"/Users?count={PAGE}&cursor={cursor}")
        cursor = re.search(rb'"nextCursor":"([^"]+)"', answer)[1].decode()
    return cursor
