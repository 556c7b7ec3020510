"""The console as a process of its own, as whoever runs it sees it: probes, and how it ends."""

import signal

import httpx
import pytest

from harness.ports import free_port
from harness.process import Process


def status(url: str) -> int:
    try:
        return httpx.get(url).status_code
    except httpx.TransportError:
        return 0


@pytest.fixture
def house(builder):
    return builder.start("apart-postgres")


@pytest.fixture
def console(house):
    url = f"127.0.0.1:{free_port()}"
    settings = {"ROLLCALL_CONSOLE_ADDR": url, "ROLLCALL_CORE_URL": f"http://{house.grpc_address}"}
    process = Process(["console"], house.work, ROLLCALL_DRAIN_DELAY="60s", **settings)
    process.wait_for(lambda: status(f"http://{url}/readyz") == 200)
    process.url = f"http://{url}"
    yield process
    process.process.kill()


def test_a_console_is_alive_and_ready_while_its_core_serves(house, console):
    for probe, answer in (("/healthz", "ok"), ("/readyz", "ready")):
        said = httpx.get(console.url + probe)
        assert (said.status_code, said.text.strip()) == (200, answer)
        assert httpx.head(console.url + probe).status_code == 200
        refused = httpx.post(console.url + probe)
        assert (refused.status_code, refused.headers["allow"]) == (405, "GET, HEAD")
    assert httpx.get(console.url + "/admin/sign-in").status_code == 200
    house.processes[0].stop()
    console.wait_for(lambda: status(console.url + "/readyz") == 503)
    assert status(console.url + "/healthz") == 200
    house.restart_core()
    console.wait_for(lambda: status(console.url + "/readyz") == 200)


def test_a_console_that_is_told_to_end_is_not_ready_and_still_answers(console):
    console.process.send_signal(signal.SIGTERM)
    console.wait_for(lambda: status(console.url + "/readyz") == 503)
    assert "draining" in httpx.get(console.url + "/readyz").text
    assert status(console.url + "/healthz") == 200
    assert status(console.url + "/admin/sign-in") == 200
