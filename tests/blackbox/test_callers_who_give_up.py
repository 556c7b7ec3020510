"""Callers who hang up, and processes that are killed: neither decides over anybody else's change."""

import contextlib
import json
import random
import signal
import socket
import struct
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import httpx
import pytest

from harness.modes import rotation
from harness.rpc import Rpc, methods
from harness.scim import TRUSTS_NOBODY, a_user, patch_op

pytestmark = pytest.mark.databases

IS_LONG = rotation() == "all"
WRITERS = 16
# How many calls are given up, and how many times a server is killed.
GIVEN_UP = 4000 if IS_LONG else 500
KILLS = 30 if IS_LONG else 3
BURSTS = 400 if IS_LONG else 60


@pytest.fixture(params=["serve-sqlite", "serve-postgres"])
def mode(request) -> str:
    return request.param


class Writer:
    """Creates one user after the other until it is told to stop, and keeps what it was answered."""

    def __init__(self, house, token: str, number: int):
        self.house, self.token, self.number = house, token, number
        self.made: dict[str, str] = {}
        self.unknown: list[str] = []
        self.failures: list[str] = []

    def run(self, stop: threading.Event, patient: bool) -> None:
        count = 0
        with httpx.Client(timeout=60, verify=TRUSTS_NOBODY) as http:
            while not stop.is_set():
                count += 1
                name = f"writer{self.number}-{count}@example.com"
                try:
                    answer = http.post(
                        f"{self.house.base_url}/Users",
                        json=a_user(name),
                        headers={"Authorization": f"Bearer {self.token}"},
                    )
                except httpx.TransportError as error:
                    answer, told = None, repr(error)
                else:
                    told = f"{answer.status_code} {answer.text[:300]}"
                if answer is not None and answer.status_code == 201:
                    self.made[name] = answer.json()["id"]
                elif patient:
                    # Nobody knows whether it happened: the server was gone.
                    self.unknown.append(name)
                    stop.wait(0.05)
                else:
                    self.failures.append(f"{name}: {told}")
                    return


def write(house, token: str, stop: threading.Event, patient: bool) -> tuple[list[Writer], list[threading.Thread]]:
    writers = [Writer(house, token, number) for number in range(WRITERS)]
    threads = [threading.Thread(target=writer.run, args=(stop, patient)) for writer in writers]
    for thread in threads:
        thread.start()
    return writers, threads


def requests(token: str, admin_key: str, user: str) -> list[bytes]:
    """A request of every kind."""

    def request(method: str, path: str, data=None, secret: str = token, kind: str = "application/scim+json") -> bytes:
        body = b"" if data is None else data if isinstance(data, bytes) else json.dumps(data).encode()
        head = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {secret}"]
        head += [f"Content-Type: {kind}", f"Content-Length: {len(body)}"] if data is not None else []
        return ("\r\n".join(head) + "\r\n\r\n").encode() + body

    def name() -> str:
        return f"hung-up-{random.randrange(10**12)}@example.com"

    scim = "/scim/v2"
    members = [{"value": user}]
    bulk = {
        "schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"],
        "Operations": [{"method": "POST", "path": "/Users", "bulkId": "a", "data": a_user(name())}],
    }
    return [
        request("GET", f"{scim}/Users?cursor="),
        request("GET", f"{scim}/Users?filter=userName%20co%20%22a%22"),
        request("GET", f"{scim}/Users/{user}"),
        request("POST", f"{scim}/Users", a_user(name())),
        request("PUT", f"{scim}/Users/{user}", a_user("kept@example.com", title=name())),
        request("PATCH", f"{scim}/Users/{user}", patch_op({"op": "replace", "path": "title", "value": name()})),
        request("DELETE", f"{scim}/Users/{user[::-1]}"),
        request("POST", f"{scim}/Groups", {"displayName": name(), "members": members}),
        request("GET", f"{scim}/Groups"),
        request("POST", f"{scim}/.search", {"filter": 'userName sw "w"'}),
        request("POST", f"{scim}/Bulk", bulk),
        request("GET", f"{scim}/ServiceProviderConfig"),
        request("GET", f"{scim}/Users", secret="nobody"),
        request("POST", "/oauth2/token", b"grant_type=client_credentials", kind="application/x-www-form-urlencoded"),
        request("GET", "/admin/sign-in"),
        request("POST", "/admin/sign-in", f"key={admin_key}".encode(), kind="application/x-www-form-urlencoded"),
        request("GET", "/readyz"),
    ]


def hang_up_over_http(house, token: str, user: str) -> None:
    """Sends a request, and goes away before or after its answer."""
    asked = random.choice(requests(token, house.admin_key, user))
    with socket.create_connection(("127.0.0.1", house.http_port), timeout=60) as connection:
        connection.sendall(asked)
        connection.settimeout(random.uniform(0.0001, 0.02))
        with contextlib.suppress(TimeoutError):
            connection.recv(1)


def hang_up_over_grpc(rpc: Rpc, name: str) -> None:
    """Calls an rpc, and gives it no time to speak of."""
    call = rpc.begin(name, {}, timeout=random.uniform(0.0001, 0.02))
    with contextlib.suppress(grpc.RpcError):
        next(call, None) if methods()[name].streams[1] else call.result()


def test_whoever_hangs_up_is_felt_by_nobody_who_writes(builder, mode):
    house = builder.start(mode)
    directory = house.new_directory()
    user = directory.scim.create("kept@example.com")["id"]
    stop = threading.Event()
    writers, threads = write(house, directory.token, stop, patient=False)
    rpcs = [house.rpc(secret) for secret in (directory.token, house.admin_key, None)]
    names = sorted(methods())
    with ThreadPoolExecutor(8) as pool:
        calls = [pool.submit(hang_up_over_http, house, directory.token, user) for _ in range(GIVEN_UP)]
        calls += [
            pool.submit(hang_up_over_grpc, rpcs[number % len(rpcs)], names[number % len(names)])
            for number in range(GIVEN_UP)
        ]
        for call in calls:
            call.result()
    stop.set()
    for thread in threads:
        thread.join()
    assert [failure for writer in writers for failure in writer.failures] == []
    assert httpx.get(f"{house.url}/readyz", verify=TRUSTS_NOBODY).status_code == 200
    directory.scim.create("afterwards@example.com")
    assert_kept(house, directory, writers)


def hang_up_at_once(house, count: int) -> None:
    """Sends so many requests that need no credential to be sent, and breaks their connections off all together."""
    connections = [socket.create_connection(("127.0.0.1", house.http_port), timeout=60) for _ in range(count)]
    for connection in connections:
        connection.sendall(b"GET /scim/v2/Users/0 HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer nobody\r\n\r\n")
    for connection in connections:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        connection.close()


@pytest.mark.parametrize("way", ["apart-sqlite", "apart-postgres"])
def test_many_who_hang_up_at_once_break_nobody_elses_calls(builder, way):
    house = builder.start(way)
    directory = house.new_directory()
    stop = threading.Event()
    writers, threads = write(house, directory.token, stop, patient=False)
    with ThreadPoolExecutor(4) as pool:
        for call in [pool.submit(hang_up_at_once, house, 100) for _ in range(BURSTS)]:
            call.result()
    stop.set()
    for thread in threads:
        thread.join()
    assert [failure for writer in writers for failure in writer.failures] == []
    assert_kept(house, directory, writers)


def test_what_was_answered_outlives_every_kill(builder, mode):
    house = builder.start(mode)
    directory = house.new_directory()
    stop = threading.Event()
    writers, threads = write(house, directory.token, stop, patient=True)
    for _ in range(KILLS):
        before = sum(len(writer.made) for writer in writers)
        while sum(len(writer.made) for writer in writers) < before + 50:
            stop.wait(0.01)
        # The core last: what is under way there is cut off in the middle.
        for process in house.processes:
            assert process.stop(signal.SIGKILL) == -signal.SIGKILL
        house.processes.clear()
        house.__dict__.pop("admin", None)
        house.start()
    stop.set()
    for thread in threads:
        thread.join()
    directory.__dict__.pop("scim", None)
    assert_kept(house, directory, writers)


def assert_kept(house, directory, writers: list[Writer]) -> None:
    """Every change that was answered is there, once, with one event; none that was not asked for is."""
    made = {name: user for writer in writers for name, user in writer.made.items()}
    there = [name for name in house.database.user_names() if name.startswith("writer")]
    assert len(there) == len(set(there)), "a user is there twice"
    assert set(made) - set(there) == set(), "users are gone that were answered"
    unknown = {name for writer in writers for name in writer.unknown}
    assert set(there) - set(made) - unknown == set(), "users are there that nobody was answered"
    created = [event for event in directory.events() if event["kind"] == "user.created"]
    subjects = [event["subject"] for event in created]
    assert len(subjects) == len(set(subjects)), "an event is there twice"
    assert {house.database_id(user) for user in made.values()} <= set(subjects), "an event is missing"
