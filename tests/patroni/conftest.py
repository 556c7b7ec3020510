"""A Patroni cluster, and two gateways and three cores of Rollcall on it."""

from collections.abc import Iterator

import pytest

from harness.database import Database
from harness.patroni import Patroni
from patroni.replicas import Replicas

pytest_plugins = ["harness.modes", "harness.trust"]


@pytest.fixture(scope="session")
def cluster() -> Iterator[Patroni]:
    cluster = Patroni()
    try:
        yield cluster.start()
    finally:
        cluster.close()


@pytest.fixture(scope="session")
def house(cluster, tmp_path_factory) -> Iterator[Replicas]:
    house = Replicas("apart-postgres", tmp_path_factory.mktemp("house"), Database(cluster.url))
    try:
        yield house.start()
    finally:
        try:
            house.stop()
        finally:
            for process in house.processes:
                process.process.kill()
