"""Clocks that are ahead, behind, and jump."""

import os
import signal
import time

import pytest

from harness.modes import rotation
from harness.rpc import api
from harness.smtp import Postbox, eventually

IS_LONG = rotation() == "all"
JUMPS = ["+2h", "-2h", "+400d", "-3d", "-3650d", "+30d", "+0"] if IS_LONG else ["+400d", "-3650d", "+0"]


@pytest.fixture
def clock(tmp_path) -> dict[str, str]:
    """Settings of a process whose clock is as the file `clock` says; what measures durations is left alone."""
    library = os.environ["ROLLCALL_TEST_FAKETIME"]
    if not library:
        pytest.skip("libfaketime is not there")
    (tmp_path / "clock").write_text("+0")
    return {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": str(tmp_path / "clock"),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }


def seconds_ahead(house) -> float:
    """How far the clock of a house is ahead, by what it writes of a change."""
    name = f"clock-{time.monotonic_ns()}@example.com"
    house.default.scim.create(name)
    [row] = house.database.rows("SELECT created FROM resources WHERE unique_name = ?", name)
    return row["created"] / 1e6 - time.time()


@pytest.mark.parametrize("mode", ["serve-sqlite", "serve-postgres", "apart-sqlite", "apart-postgres"])
def test_a_clock_that_jumps_changes_no_answer(builder, working, tmp_path, clock, mode):
    house = builder.start(mode, settings=clock)
    with working(house) as work:
        for jump in JUMPS:
            with work.fault():
                (tmp_path / "clock").write_text(jump)
                work.wait_for_answers(40)
            if jump == "+400d":
                assert seconds_ahead(house) > 399 * 86400, "the clock did not jump"
    house.stop()


@pytest.mark.parametrize("mode", ["serve-sqlite", "serve-postgres", "apart-sqlite", "apart-postgres"])
@pytest.mark.parametrize("wrong", ["+30d", "-30d"] if IS_LONG else ["+30d"])
def test_a_start_by_a_wrong_clock_holds_up_no_work_in_the_background(builder, working, tmp_path, clock, mode, wrong):
    (tmp_path / "clock").write_text(wrong)
    postbox = Postbox().start()
    smtp = {"ROLLCALL_SMTP_URL": f"smtp://127.0.0.1:{postbox.port}", "ROLLCALL_SMTP_FROM": "rollcall@example.com"}
    house = builder.start(mode, settings=clock | smtp)
    eventually(lambda: house.database.rows("SELECT holder FROM leases WHERE name = 'jobs'"), "the work is done")
    with working(house) as work:
        with work.fault():
            for process in reversed(house.processes):
                process.stop(signal.SIGKILL)
            (tmp_path / "clock").write_text("+0")
            house.restart_processes(*range(len(house.processes)))
        name = work.directory.name
        house.admin.call("DirectoryService/UpdateDirectory", name=name, admin_emails={"addresses": ["it@example.com"]})
        [notice] = house.admin.call("NoticeService/SendTestNotice", directory=name).notices
        eventually(lambda: postbox.to("it@example.com"), "the notice is sent")
        sent = api()["notice"].NoticeState.Value("NOTICE_STATE_SENT")
        eventually(
            lambda: house.admin.call("NoticeService/GetNotice", id=notice.id).notice.state == sent,
            "the notice is known to have been sent",
        )
        assert len(postbox.to("it@example.com")) == 1
    postbox.stop()
    house.stop()
