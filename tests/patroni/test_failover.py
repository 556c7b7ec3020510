"""Another server becomes the leader, because an operator wants it or because the leader is gone, while many write."""

import time
from collections.abc import Callable

import pytest

from harness.patroni import PATIENCE, Patroni
from patroni.crowd import WRITERS, Crowd
from patroni.replicas import Replicas

# A cluster may have to be started, to fail over and to be mended.
pytestmark = pytest.mark.timeout(4 * PATIENCE)


@pytest.fixture
def change_leader(house: Replicas, cluster: Patroni, record_property) -> Callable[[Callable], None]:
    """Has another server lead while a crowd writes; asks what became of what was answered, and of the processes."""

    def change_leader(change: Callable) -> None:
        work = Crowd(house, house.new_directory(), bound=PATIENCE)
        try:
            with work:
                work.wait_for_answers(10 * WRITERS)
                cluster.wait_until_whole()
                before, began = work.unavailable, time.monotonic()
                with work.fault():
                    change()
                    took = time.monotonic() - began
                work.wait_for_answers(10 * WRITERS)
                for_all, for_one = work.longest_time_without_a_write(began)
                unavailable = work.unavailable - before
            work.check()
        finally:
            work.counts["findings"] += len(work.findings)
            record_property("counted", dict(work.counts))
        ended = [process.name for process in house.processes if process.process.poll() is not None]
        assert ended == [], house.output[-3000:]
        record_property(
            "measured",
            f"{WRITERS} writers, {work.answered} writes answered, {unavailable} answered 503, lost writes 0; "
            f"another leader after {took:.1f} s; longest time without a successful write {for_all:.1f} s, "
            f"of one of the writers {for_one:.1f} s; all {len(house.processes)} processes are those that were started",
        )

    return change_leader


def test_a_switch_over_loses_nothing_that_was_answered(change_leader, cluster):
    change_leader(cluster.switch_over)


def test_a_leader_that_is_killed_loses_nothing_that_was_answered(change_leader, cluster):
    def change() -> None:
        gone.append(cluster.lose_leader())

    gone = []
    change_leader(change)
    # Its server comes back as a standby: what only it had is gone.
    gone[0].start()
    cluster.wait_until_whole()
