"""Processes that are killed: while they start, while they serve, while they end."""

import random
import signal
import time

import httpx
import pytest

from harness.modes import rotation
from harness.ports import free_port
from harness.process import Process
from harness.scim import TRUSTS_NOBODY

IS_LONG = rotation() == "all"
KILLS = 15 if IS_LONG else 1
# How many starts are killed, each a little later than the one before.
STARTS = 16 if IS_LONG else 5
# How long a start takes at most here, in seconds; the last kills come when it has ended.
START = 0.4


@pytest.mark.parametrize("name", ["first", "last"])
@pytest.mark.parametrize("mode", ["serve-sqlite", "serve-postgres", "apart-sqlite", "apart-postgres"])
@pytest.mark.databases
def test_who_is_killed_while_serving_loses_nothing_that_was_answered(builder, working, mode, name):
    house = builder.start(mode)
    place = 0 if name == "first" else len(house.processes) - 1
    with working(house) as work:
        for _ in range(KILLS):
            work.wait_for_answers(40)
            with work.fault():
                assert house.processes[place].stop(signal.SIGKILL) == -signal.SIGKILL
                house.restart_processes(place)
    house.stop()


@pytest.mark.parametrize("mode", ["serve-sqlite", "serve-postgres", "apart-sqlite", "apart-postgres"])
def test_who_is_killed_while_ending_loses_nothing_that_was_answered(builder, working, mode):
    house = builder.start(mode)
    chance = random.Random(mode)
    with working(house) as work:
        for _ in range(KILLS):
            work.wait_for_answers(40)
            with work.fault():
                for process in reversed(house.processes):
                    process.process.send_signal(signal.SIGTERM)
                    time.sleep(chance.uniform(0, 0.03))
                    process.stop(signal.SIGKILL)
                house.restart_processes(*range(len(house.processes)))
    house.stop()


@pytest.mark.parametrize("mode", ["serve-sqlite", "serve-postgres", "apart-sqlite", "apart-postgres"])
def test_a_first_start_that_is_killed_again_and_again_is_begun_anew(builder, working, mode):
    house = builder.new(mode)
    house.http_port, house.grpc_port = free_port(), free_port()
    name = "serve" if mode.startswith("serve") else "core"
    for number in range(STARTS):
        killed = house.new_process(name)
        time.sleep(START * number / STARTS)
        killed.stop(signal.SIGKILL)
        house.past_output += killed.output
    house.start()
    assert len(house.database.rows("SELECT * FROM directories")) == 1
    # A SCIM token and an admin key, and where it is apart the key of its gateway.
    assert len(house.database.rows("SELECT * FROM credentials")) == (2 if name == "serve" else 3)
    assert house.default.scim.total() == 0
    with working(house) as work:
        work.counts["faults injected"] += STARTS
        work.wait_for_answers(40)
    house.stop()


@pytest.mark.parametrize("mode", ["apart-sqlite", "apart-postgres"])
def test_a_console_that_is_killed_forgets_nobody_and_lets_nobody_in(builder, working, mode):
    house = builder.start(mode)
    address = f"127.0.0.1:{free_port()}"
    settings = {"ROLLCALL_CONSOLE_ADDR": address, "ROLLCALL_CORE_URL": f"http://{house.grpc_address}"}

    def status(path: str, client: httpx.Client) -> int:
        try:
            return client.get(f"http://{address}{path}").status_code
        except httpx.TransportError:
            return 0

    def start() -> Process:
        console = Process(["console"], house.work, **settings)
        console.wait_for(lambda: status("/readyz", stranger) == 200)
        return console

    with (
        httpx.Client(verify=TRUSTS_NOBODY) as administrator,
        httpx.Client(verify=TRUSTS_NOBODY) as stranger,
        working(house) as work,
    ):
        console = start()
        signed_in = administrator.post(f"http://{address}/admin/sign-in", data={"key": house.admin_key})
        assert signed_in.status_code == 303, signed_in.text
        for _ in range(KILLS):
            with work.fault():
                assert console.stop(signal.SIGKILL) == -signal.SIGKILL
                assert "panicked at" not in console.output
                console = start()
            assert status("/admin/session", administrator) == 200
            assert status("/admin/session", stranger) == 303
        assert console.stop() == 0
    house.stop()
