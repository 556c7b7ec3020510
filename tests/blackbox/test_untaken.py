"""Clients of HTTP/2 that take nothing of their answers, or ask without an end: they keep nobody out."""

import contextlib
import signal
import time

import grpc
import httpx
import pytest
from http2 import Http2
from test_metrics import samples

HEALTH = "/grpc.health.v1.Health/"
# Requests at once on a connection to the HTTP port, and health checks on one to the gRPC port.
ON_A_CONNECTION, HEALTH_CHECKS = 100, 20
# How many of each there may be from one address in these tests.
MOST = 200


@pytest.fixture
def few(builder):
    """An installation that has room for few, in which everybody comes from one address."""
    settings = {"ROLLCALL_MAX_CONNECTIONS_PER_ADDRESS": str(MOST), "ROLLCALL_METRICS_ADDR": "127.0.0.1:0"}
    house = builder.start("serve-sqlite", settings=settings)
    yield house
    house.stop()


def told(house, name: str, port: str) -> float:
    """What the process tells of a port in its metrics."""
    return samples(house.processes[0])[name, ("port", port)]


def until(holds) -> None:
    """Waits until something holds."""
    for _ in range(600):
        if holds():
            return
        time.sleep(0.05)
    raise AssertionError("it never came to be")


def is_answered(stream: int, client: Http2) -> bool:
    return stream in client.ended or stream in client.reset or client.is_over


def status(house, path: str, **headers: str) -> int:
    """What is answered over HTTP/2."""
    with Http2(house.url) as client:
        stream = client.ask("GET", path, **headers)
        until(lambda: is_answered(stream, client))
        return client.statuses[stream]


@pytest.mark.parametrize("path", ["/scim/v2/Users", "/openapi.json"])
def test_strangers_who_take_nothing_keep_nobody_out(few, path):
    with contextlib.ExitStack() as stack:
        strangers = [stack.enter_context(Http2(few.url, window=0)) for _ in range(6)]
        for stranger in strangers:
            for _ in range(ON_A_CONNECTION):
                stranger.ask("GET", path)
        until(lambda: all(len(stranger.statuses) == ON_A_CONNECTION for stranger in strangers))
        authorization = f"Bearer {few.scim_token}"
        assert status(few, "/scim/v2/Users", authorization=authorization) == 200
        assert [status(few, probe) for probe in ("/healthz", "/readyz")] == [200, 200]
        # Some had to make room for others at once, and the rest have waited for long enough soon.
        kept = 6 * ON_A_CONNECTION - MOST
        until(lambda: sum(len(stranger.reset) for stranger in strangers) >= kept)
        until(lambda: all(len(stranger.reset) == ON_A_CONNECTION for stranger in strangers))
        assert told(few, "rollcall_answers_dropped_total", "http") >= 6 * ON_A_CONNECTION
        assert told(few, "rollcall_answers_untaken", "http") == 0
    assert told(few, "rollcall_requests_at_once", "http") == 0


def test_whoever_takes_an_answer_slowly_gets_all_of_it(few):
    with Http2(few.url, window=1000) as client:
        stream = client.ask("GET", "/openapi.json")
        whole = httpx.get(f"{few.url}/openapi.json", headers={"Host": "localhost"}).content
        while not is_answered(stream, client):
            client.take(stream, 5000)
            time.sleep(0.02)
        assert client.bodies[stream] == whole
        assert stream in client.ended


def test_a_strangers_health_checks_are_few_and_hinder_nobody(few):
    with contextlib.ExitStack() as stack:
        strangers = [stack.enter_context(Http2(few.grpc_address, window=window)) for window in (0, 0, 65535, 65535)]
        for stranger in strangers:
            for _ in range(250):
                stranger.call(HEALTH + "Watch")
            for _ in range(250):
                stranger.call(HEALTH + "Check", ends=False)
        until(lambda: all(len(stranger.ended) >= 500 - HEALTH_CHECKS for stranger in strangers))
        kept = [stranger.statuses.keys() - stranger.ended for stranger in strangers]
        assert all(0 < len(watches) <= HEALTH_CHECKS for watches in kept)
        few.admin.call("IdentityService/WhoAmI")
        with Http2(few.grpc_address) as probe:
            stream = probe.call(HEALTH + "Check")
            until(lambda: is_answered(stream, probe))
            assert probe.bodies[stream].endswith(b"\x08\x01"), "it serves"
        # Those who take what they are told may go on, and those who take nothing of it may not.
        until(lambda: all(watches <= stranger.reset for stranger, watches in zip(strangers[:2], kept, strict=False)))
        assert not any(watches & stranger.reset for stranger, watches in zip(strangers[2:], kept[2:], strict=True))


def test_calls_at_once_have_a_bound_for_each_address_too(few):
    with Http2(few.grpc_address) as client:
        for _ in range(MOST + 50):
            client.call("/rollcall.v1.IdentityService/WhoAmI", ends=False, authorization=f"Bearer {few.admin_key}")
        until(lambda: len(client.ended) >= 50)
        with pytest.raises(grpc.RpcError) as refusal:
            few.admin.call("IdentityService/WhoAmI")
        assert refusal.value.code() == grpc.StatusCode.UNAVAILABLE
        assert "nothing was done" in refusal.value.details()
        assert told(few, "rollcall_requests_at_once", "grpc") == MOST
    until(lambda: told(few, "rollcall_requests_at_once", "grpc") == 0)
    assert told(few, "rollcall_requests_refused_total", "grpc") >= 51
    few.admin.call("IdentityService/WhoAmI")


def test_a_thousand_calls_at_once_on_a_connection_are_answered(house):
    calls = [house.admin.begin("IdentityService/WhoAmI", {}, timeout=60) for _ in range(1000)]
    assert {call.code() for call in calls} == {grpc.StatusCode.OK}


@pytest.mark.parametrize(
    "who",
    ["takes nothing over HTTP", "takes nothing over gRPC", "watches", "says nothing more", "answers no ping"],
)
def test_who_takes_no_answer_holds_up_no_end(builder, who):
    house = builder.start("serve-sqlite", settings={"ROLLCALL_DRAIN_DEADLINE": "20s"})
    client = Http2(house.grpc_address if who in ("takes nothing over gRPC", "watches") else house.url, window=0)
    with client:
        match who:
            case "takes nothing over HTTP":
                stream = client.ask("GET", "/scim/v2/Users")
            case "takes nothing over gRPC":
                stream = client.call(HEALTH + "Check")
            case "watches":
                stream = client.call(HEALTH + "Watch")
                client.take(stream, 1000)
            case "says nothing more" | "answers no ping":
                stream = client.ask("HEAD", "/healthz")
        until(lambda: stream in client.statuses)
        if who == "answers no ping":
            client.send = lambda _: None
        (front,) = house.processes
        front.process.send_signal(signal.SIGTERM)
        assert front.wait() == 0, front.output


def test_an_answer_that_is_taken_is_sent_whole_though_the_server_ends(builder, name):
    house = builder.start("serve-sqlite", settings={"ROLLCALL_DRAIN_DEADLINE": "60s"})
    directory = house.new_directory()
    for number in range(3):
        directory.scim.create(f"{number}.{name}", title="x" * 20_000)
    with Http2(house.url, window=1000) as client:
        stream = client.ask("GET", "/scim/v2/Users", authorization=f"Bearer {directory.token}")
        until(lambda: stream in client.statuses)
        (front,) = house.processes
        front.process.send_signal(signal.SIGTERM)
        while not is_answered(stream, client):
            client.take(stream, 6000)
            time.sleep(0.5)
        assert stream in client.ended
        assert client.bodies[stream].endswith(b"}")
        assert len(client.bodies[stream]) > 60_000
    assert front.wait() == 0, front.output
