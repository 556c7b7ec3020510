"""What the tests of faults start, and what they count."""

import contextlib
import os
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from faults.work import Work
from harness.cluster import Cluster
from harness.house import Builder, House
from harness.modes import chosen, rotation

pytest_plugins = ["harness.modes", "harness.trust"]

# Whether mounts may be made, which go with the suite.
MAY_MOUNT = "ROLLCALL_TEST_MOUNTS" in os.environ


def pytest_collection_modifyitems(config, items) -> None:
    """Keeps a third of the faults, others for each commit, unless all are to be made or some were asked for."""
    is_asked_for = config.option.keyword or any("::" in argument for argument in config.args)
    if is_asked_for or rotation() == "all":
        return
    names = sorted({item.originalname for item in items})
    kept = set(chosen("faults", names, len(names) // 3))
    config.hook.pytest_deselected(items=[item for item in items if item.originalname not in kept])
    items[:] = [item for item in items if item.originalname in kept]


@pytest.fixture(scope="session")
def builder(tmp_path_factory) -> Iterator[Builder]:
    """Makes houses, which end with the session."""
    builder = Builder(tmp_path_factory.mktemp("houses"), os.environ["ROLLCALL_TEST_POSTGRES_URL"])
    yield builder
    builder.close()


@pytest.fixture
def working(record_property) -> Callable[[House], contextlib.AbstractContextManager[Work]]:
    """Lets people work with a house while something is done to it, and asks the questions when they have ended."""

    @contextlib.contextmanager
    def working(house: House) -> Iterator[Work]:
        work = Work(house, house.new_directory())
        try:
            with work:
                yield work
            work.check()
        finally:
            work.counts["findings"] += len(work.findings)
            record_property("counted", dict(work.counts))
            record_property("longest outage", work.longest_outage)

    return working


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """A PostgreSQL server that tests of this process may do to what they like, if it serves afterwards."""
    cluster = Cluster().start()
    yield cluster
    cluster.close()


@pytest.fixture
def small_disk() -> Iterator[Path]:
    """A file system of a few megabytes. The suite has mounts of its own, which go with it."""
    if not MAY_MOUNT:
        pytest.skip("a small disk is mounted, which only root may do")
    folder = Path(tempfile.mkdtemp(prefix="rollcall-disk-"))
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=16m", "none", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)
    folder.rmdir()


def pytest_terminal_summary(terminalreporter) -> None:
    """Says how long the longest outage lasted after a fault had ended."""
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    properties = [each for report in reports if hasattr(report, "user_properties") for each in report.user_properties]
    longest = max((value for name, value in properties if name == "longest outage"), default=0.0)
    terminalreporter.write_line(f"faults: the longest outage after one had ended lasted {longest:.1f} s")
