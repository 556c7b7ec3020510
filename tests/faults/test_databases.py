"""A PostgreSQL server that is slow, silent, made to take no changes, restarted or killed, or cut off."""

import random
from urllib.parse import urlsplit, urlunsplit

import pytest

from harness.database import Database, new_postgres
from harness.modes import rotation
from harness.proxy import Cuts, Proxy

IS_LONG = rotation() == "all"
TIMES = 4 if IS_LONG else 1


@pytest.mark.parametrize("mode", ["serve-postgres", "apart-postgres"])
@pytest.mark.parametrize("what", ["killed", "demoted", "restarted"] if IS_LONG else ["killed", "demoted"])
def test_a_server_that_comes_back_is_found(builder, working, cluster, mode, what):
    house = builder.start(mode, database=new_postgres(cluster.url))
    with working(house) as work:
        for _ in range(TIMES):
            work.wait_for_answers(40)
            with work.fault():
                match what:
                    case "restarted":
                        cluster.stop()
                        work.wait_for_refusals(10)
                        cluster.start()
                    case "killed":
                        cluster.kill()
                        work.wait_for_refusals(10)
                        cluster.start()
                    case "demoted":
                        cluster.take_changes(False)
                        work.wait_for_refusals(10)
                        cluster.take_changes(True)
    house.stop()


@pytest.fixture
def distant(builder) -> tuple[Database, Proxy]:
    """A database behind a proxy."""
    database = builder.database("postgres", builder.work)
    address = urlsplit(database.url)
    proxy = Proxy(address.hostname, address.port)
    role = f"{address.username}{f':{address.password}' if address.password else ''}"
    yield Database(urlunsplit(address._replace(netloc=f"{role}@127.0.0.1:{proxy.port}"))), proxy
    proxy.close()


@pytest.mark.parametrize("mode", ["serve-postgres", "apart-postgres"])
@pytest.mark.parametrize("what", ["slow", "silent", "gone", "nonsense", "cut"] if IS_LONG else ["silent", "cut"])
def test_a_way_to_the_server_that_breaks_is_mended(builder, working, distant, mode, what):
    database, proxy = distant
    house = builder.start(mode, database=database)
    chance = random.Random(what)
    with working(house) as work:
        for _ in range(TIMES):
            work.wait_for_answers(40)
            with work.fault():
                match what:
                    case "slow":
                        proxy.delay = 0.3
                        work.wait_for_answers(20)
                        proxy.delay = 0.0
                    case "silent":
                        proxy.is_silent = True
                        proxy.fall_silent()
                        work.wait_for_refusals(4)
                        proxy.is_silent = False
                    case "gone":
                        target, proxy.target = proxy.target, ("127.0.0.1", 1)
                        proxy.cut()
                        work.wait_for_refusals(10)
                        proxy.target = target
                    case "nonsense":
                        proxy.nonsense = lambda: chance.randbytes(chance.randrange(1, 500))
                        proxy.cut()
                        work.wait_for_refusals(10)
                        proxy.nonsense = None
                    case "cut":
                        # Each change has its request's id in it; those of several statements end with a COMMIT.
                        proxy.cuts = Cuts((b"COMMIT", b"work-"), chance, 0.2)
                        work.wait(lambda: proxy.cuts.made >= 50, "connections are cut", 60)
                        proxy.cuts = None
    house.stop()


def test_a_server_that_talks_nonsense_is_no_server_to_start_with(builder, record_property):
    chance = random.Random("start")
    sayings = 40 if IS_LONG else 8
    house = builder.new("serve-postgres")
    address = urlsplit(house.database.url)
    proxy = Proxy(address.hostname, address.port)
    proxy.nonsense = lambda: chance.choice([b"N", b"S", b"R", b"E", b""]) + chance.randbytes(chance.randrange(1, 300))
    house.settings = {"ROLLCALL_DATABASE_URL": f"postgres://rollcall@127.0.0.1:{proxy.port}/nowhere"}
    for _ in range(sayings):
        process = house.new_process("core")
        assert process.wait() == 1, process.output
        assert "panicked at" not in process.output
        assert len(process.stderr.splitlines()) == 1, process.stderr
    proxy.close()
    record_property("counted", {"faults injected": sayings, "inputs tried": sayings})
