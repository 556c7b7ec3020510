"""What becomes of the background work when the core that does it is killed."""

import signal

import pytest
from posting import smtp_settings

from harness.ports import free_port
from harness.process import Process
from harness.rpc import Rpc, api
from harness.smtp import Postbox, eventually

pytestmark = pytest.mark.every_mode


@pytest.fixture
def postbox():
    postbox = Postbox().start()
    yield postbox
    postbox.stop()


@pytest.mark.parametrize("mode", ["apart-sqlite", "apart-postgres"])
def test_another_core_takes_the_background_work_over_and_a_notice_goes_out_once(builder, postbox, mode, name):
    house = builder.start(mode, settings=smtp_settings(postbox))
    address = f"it.{name}"

    def holder() -> str | None:
        rows = house.database.rows("SELECT holder FROM leases WHERE name = ?", "jobs")
        return rows[0]["holder"] if rows else None

    first = eventually(holder, "the first core does the background work")
    port = free_port()
    settings = {**house.core_settings, **house.settings, "ROLLCALL_GRPC_ADDR": f"127.0.0.1:{port}"}
    other = Rpc(f"127.0.0.1:{port}", house.admin_key)

    def start_another() -> Process:
        second = Process(["core"], house.work / "second", **settings)
        house.processes.append(second)
        return second

    # A file has one server: there the other one is refused, and comes when the first is gone.
    if house.database.kind == "sqlite":
        assert start_another().wait() == 1
    else:
        start_another().wait_for(lambda: is_up(other))

    postbox.stop()
    directory = house.new_directory()
    house.admin.call("DirectoryService/UpdateDirectory", name=directory.name, admin_emails={"addresses": [address]})
    [notice] = house.admin.call("NoticeService/SendTestNotice", directory=directory.name).notices
    state = api()["notice"].NoticeState.Value

    def tried():
        seen = house.admin.call("NoticeService/GetNotice", id=notice.id).notice
        return seen.error and seen.state == state("NOTICE_STATE_PENDING")

    eventually(tried, "the first core has tried")
    assert holder() == first
    assert house.processes[0].stop(signal.SIGKILL) == -signal.SIGKILL
    if house.database.kind == "sqlite":
        start_another().wait_for(lambda: is_up(other))
    postbox.start()
    eventually(lambda: postbox.to(address), "the notice is sent")
    assert holder() not in (None, first)

    def sent():
        return other.call("NoticeService/GetNotice", id=notice.id).notice.state == state("NOTICE_STATE_SENT")

    eventually(sent, "the notice is known to have been sent")
    assert len(postbox.to(address)) == 1


def is_up(core: Rpc) -> bool:
    try:
        core.call("DirectoryService/ListDirectories")
    except Exception:  # noqa: BLE001 - whatever a core that does not listen yet makes of it
        return False
    return True
