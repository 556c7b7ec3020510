"""Rollcall behind PgBouncer in transaction mode, which gives each transaction any connection of the server: none may
leave something behind on one, or look for it there."""

import itertools
from concurrent.futures import ThreadPoolExecutor

import httpx
import psycopg
import pytest
from groups import new_group, path_of

from harness.house import Directory
from harness.pgbouncer import SERVER_CONNECTIONS, PgBouncer
from harness.scim import SCIM_JSON, TRUSTS_NOBODY, USER, Scim, no_content, ok, patch_op

# More than there are connections to the server.
CALLERS = 12
ROUNDS = 4

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def pooler(builder):
    pooler = PgBouncer(builder.postgres_url).start()
    yield pooler
    pooler.close()


@pytest.fixture(scope="module")
def pooled(builder, pooler):
    """An installation whose core reaches its database by way of the pooler."""
    house = builder.new("apart-postgres")
    url = pooler.before(house.database).url
    house.settings |= {"ROLLCALL_DATABASE_URL": url, "ROLLCALL_DATABASE_POOL_MODE": "transaction"}
    return house.start()


def a_client_of(directory: Directory) -> httpx.Client:
    """One to whom any answer will do."""
    headers = {"Authorization": f"Bearer {directory.token}", "Content-Type": SCIM_JSON}
    return httpx.Client(timeout=60, verify=TRUSTS_NOBODY, headers=headers)


def replace(path: str, value) -> dict:
    return {"op": "replace", "path": path, "value": value}


def live(scim: Scim, name: str) -> None:
    """Somebody comes, is changed, comes into a group, is found, and goes; another one stays."""
    user, stays = scim.create(name), scim.create(f"{name}.stays")
    group = new_group(scim, f"of {name}", user, stays)
    scim.change(user, replace("title", name))
    assert ok(scim.get("/Users", filter=f'userName eq "{name}"'))["totalResults"] == 1
    assert len(ok(scim.get(path_of(group)))["members"]) == 2
    scim.change(user, replace("active", False))
    no_content(scim.delete(f"/Users/{user['id']}"))
    assert len(ok(scim.get(path_of(group)))["members"]) == 1


def test_many_live_on_few_connections_and_leave_nothing_on_them(pooled, pooler):
    directories = [pooled.new_directory() for _ in range(3)]
    names = [f"n{number}" for number in range(CALLERS * ROUNDS)]
    with ThreadPoolExecutor(CALLERS) as callers:
        # What fails is raised here.
        list(callers.map(lambda name, directory: live(directory.scim, name), names, itertools.cycle(directories)))
    for directory in directories:
        asked = {"directory": directory.name, "after": 0, "page_size": 1000}
        numbers = [event.number for event in pooled.admin.call("EventService/ListEvents", **asked).events]
        # Eight of each life, and those of the directory and its token.
        assert numbers == list(range(1, 8 * len(names) // len(directories) + 3))
        assert ok(directory.scim.get("/Users"))["totalResults"] == len(names) // len(directories)
    connections = [psycopg.connect(pooler.before(pooled.database).url) for _ in range(SERVER_CONNECTIONS)]
    try:
        # Each holds a connection of the server's until its transaction ends, so that together they see all.
        for connection in connections:
            for setting in ("statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"):
                assert connection.execute(f"SHOW {setting}").fetchone() == ("0",)
    finally:
        for connection in connections:
            connection.close()


def test_what_is_held_is_waited_for_no_longer_than_elsewhere(pooled):
    directory = pooled.new_directory()
    user = directory.scim.create("ana")
    with psycopg.connect(pooled.database.url) as holder:
        holder.execute("SELECT 1 FROM resources WHERE id = %s FOR UPDATE", [user["id"]])
        url = f"{directory.scim.base_url}/Users/{user['id']}"
        with a_client_of(directory) as http:
            answer = http.patch(url, json=patch_op(replace("title", "held")))
        assert (answer.status_code, "retry-after" in answer.headers) == (503, True)
    assert directory.scim.change(user, replace("title", "free"))["title"] == "free"


def test_a_pooler_that_crashes_loses_nothing_that_was_answered(pooled, pooler):
    directory = pooled.new_directory()
    answered = []

    def create(number: int) -> None:
        answer = http.post(f"{directory.scim.base_url}/Users", json={"schemas": [USER], "userName": f"u{number}"})
        assert answer.status_code in (201, 503), answer.text
        if answer.status_code == 201:
            answered.append(f"u{number}")

    with a_client_of(directory) as http, ThreadPoolExecutor(CALLERS) as callers:
        waiting = [callers.submit(create, number) for number in range(400)]
        while len(answered) < 100:
            assert not all(one.done() for one in waiting)
        pooler.kill()
        pooler.start()
        for one in waiting:
            one.result()
    pooled.processes[-1].wait_for(pooled.is_ready)
    directory.scim.create("somebody afterwards")
    assert set(answered) <= set(pooled.database.user_names())


def test_whoever_forgets_to_say_so_is_told_at_the_start(builder, pooler):
    house = builder.new("serve-postgres")
    done = house.command("migrate", "--database-url", pooler.before(house.database).url)
    assert done.returncode != 0
    assert "database-pool-mode" in done.stderr
