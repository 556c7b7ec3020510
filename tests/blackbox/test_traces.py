"""Traces: a request is one of them, from the gateway over the core to its statements."""

import json
import re
import secrets
import socket
import subprocess

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families

from harness.collector import PROTOCOLS, Collector
from harness.process import binary, clean_environment
from harness.scim import ok, patch_op

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = "00f067aa0ba902b7"


@pytest.fixture
def collector():
    collector = Collector().start()
    yield collector
    collector.stop()


def place() -> tuple[str, str]:
    """The `traceparent` of a client that records its trace, and the id of that."""
    trace_id = secrets.token_hex(16)
    return f"00-{trace_id}-{PARENT}-01", trace_id


def ask(directory, traceparent: str, method: str = "GET", path: str = "/Users", **fields) -> httpx.Response:
    headers = fields.pop("headers", {}) | {"traceparent": traceparent}
    return directory.scim.request(method, path, headers=headers, **fields)


def one(spans, **wanted):
    """The one span that is as wanted."""
    [found] = [span for span in spans if all(getattr(span, name) == value for name, value in wanted.items())]
    return found


def is_whole(spans) -> bool:
    """Whether the request, the hop and the call are there, before whose ends its statements have ended."""
    return len([span for span in spans if "db.system.name" not in span.attributes]) == 3


@pytest.mark.every_mode
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_request_is_one_trace_from_the_gateway_to_its_statements(new_house, collector, name, protocol):
    new_house.settings = collector.settings(protocol)
    house = new_house.start()
    user = house.default.scim.create(name)
    apart = not house.mode.startswith("serve")
    gateway, core = ("rollcall-gateway", "rollcall-core") if apart else ("rollcall", "rollcall")
    for method, rpc, change in (
        ("GET", "GetUser", {}),
        ("PATCH", "PatchUser", {"data": patch_op({"op": "replace", "path": "title", "value": "Boss"})}),
    ):
        traceparent, trace_id = place()
        ok(ask(house.default, traceparent, method, f"/Users/{user['id']}", **change))
        spans = collector.wait_for(is_whole, trace_id)
        route = "/scim/v2/Users/{id}"
        request = one(spans, name=f"{method} {route}", kind="SERVER", service=gateway, parent_id=PARENT)
        assert request.attributes == {
            "http.request.method": method,
            "http.route": route,
            "http.response.status_code": 200,
        }
        called = f"rollcall.v1.UserService/{rpc}"
        hop = one(spans, name=called, kind="CLIENT", service=gateway, parent_id=request.span_id)
        call = one(spans, name=called, kind="SERVER", service=core, parent_id=hop.span_id)
        for each in (hop, call):
            assert each.attributes["rpc.system"] == "grpc"
            assert each.attributes["rpc.service"] == "rollcall.v1.UserService"
            assert each.attributes["rpc.method"] == rpc
            assert each.attributes["rpc.grpc.status_code"] == 0
        assert hop.attributes.get("server.address") == ("127.0.0.1" if apart else None)
        statements = [span for span in spans if "db.system.name" in span.attributes]
        # A write runs in a task of its own, and reads before it writes.
        assert len(statements) >= (2 if method == "PATCH" else 1)
        for statement in statements:
            assert (statement.kind, statement.service, statement.parent_id) == ("CLIENT", core, call.span_id)
            system = "sqlite" if house.database.kind == "sqlite" else "postgresql"
            assert statement.attributes["db.system.name"] == system
            assert statement.name.startswith(statement.attributes["db.operation.name"])
        assert not any(span.is_error for span in spans)
    assert house.stop() == [0] * len(house.processes)


def test_no_attribute_is_of_a_person(new_house, collector, name):
    new_house.settings = collector.settings("grpc")
    house = new_house.start()
    scim = house.default.scim
    user = scim.create(name, title="Confidential")
    scim.get("/Users", filter=f'userName eq "{name}"')
    scim.get(f"/Users/{name}")
    httpx.get(f"{house.url}/elsewhere/{name}?q={name}", headers={"User-Agent": name})
    scim.patch(f"/Users/{user['id']}", {"op": "replace", "path": "title", "value": "Confidential 2"})
    house.stop()
    told = b"".join(collector.bodies)
    assert b"/scim/v2/Users/{id}" in told
    for private in (name, user["id"], "Confidential", house.scim_token, "elsewhere"):
        assert private.encode() not in told


def test_a_request_without_a_place_in_a_trace_begins_one(new_house, collector):
    new_house.settings = collector.settings("http/protobuf")
    house = new_house.start()
    malformed = [
        f"00-{TRACE.upper()}-{PARENT}-01",
        f"00-{'0' * 32}-{PARENT}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{PARENT}-01",
        f"00-{TRACE}-{PARENT}-01-x",
        f"00-{TRACE}-{PARENT}",
        "x",
    ]
    for traceparent in malformed:
        ok(ask(house.default, traceparent))
    ok(house.default.scim.get("/Users"))
    # A later version is read as far as it is known.
    ok(ask(house.default, f"cc-{TRACE}-{PARENT}-01-more"))

    def requests(spans):
        return [span for span in spans if span.name == "GET /scim/v2/Users"]

    spans = requests(collector.wait_for(lambda spans: len(requests(spans)) == len(malformed) + 2))
    taken = [span for span in spans if span.parent_id == PARENT]
    assert [span.trace_id for span in taken] == [TRACE]
    begun = [span.trace_id for span in spans if not span.parent_id]
    assert len(begun) == len(set(begun)) == len(malformed) + 1
    house.stop()


@pytest.mark.parametrize(("sampler", "count"), [("parentbased_always_on", 0), ("always_on", 1)])
def test_a_client_that_records_nothing_is_not_recorded_unless_the_sampler_says_so(new_house, collector, sampler, count):
    unrecorded = place()[0].removesuffix("01") + "00"
    new_house.settings = collector.settings("grpc") | {"OTEL_TRACES_SAMPLER": sampler}
    house = new_house.start()
    ok(ask(house.default, unrecorded))
    house.stop()
    told = [span for span in collector.spans(unrecorded[3:35]) if span.name == "GET /scim/v2/Users"]
    assert len(told) == count


def test_a_page_of_the_console_and_its_calls_are_one_trace(builder, collector):
    house = builder.start("serve-sqlite", settings=collector.settings("grpc"))
    traceparent, trace_id = place()
    signed_in = httpx.post(
        f"{house.url}/admin/sign-in", data={"key": house.admin_key}, headers={"traceparent": traceparent}
    )
    assert signed_in.status_code == 303
    spans = collector.wait_for(lambda spans: any(span.name.startswith("POST /admin") for span in spans), trace_id)
    page = one(spans, kind="SERVER", parent_id=PARENT)
    calls = [span for span in spans if span.kind == "CLIENT" and span.parent_id == page.span_id]
    assert calls
    house.stop()


def test_what_is_sent_carries_headers_and_says_who_sends(new_house, collector):
    new_house.settings = collector.settings("http/protobuf") | {
        "OTEL_EXPORTER_OTLP_HEADERS": "X-Team=identity,Authorization=Basic%20YTpi",
        "OTEL_SERVICE_NAME": "directory-of-people",
        "OTEL_RESOURCE_ATTRIBUTES": "deployment.environment.name=test",
    }
    house = new_house.start()
    ok(house.default.scim.get("/Users"))
    collector.wait_for(lambda spans: any(span.name == "GET /scim/v2/Users" for span in spans))
    house.stop()
    assert {span.service for span in collector.spans()} == {"directory-of-people"}
    assert {(headers["x-team"], headers["authorization"]) for headers in collector.headers} == {
        ("identity", "Basic YTpi")
    }
    assert b"deployment.environment.name" in collector.bodies[0]


@pytest.mark.parametrize("off", [{"OTEL_TRACES_EXPORTER": "none"}, {"OTEL_SDK_DISABLED": "true"}])
def test_nothing_is_sent_where_traces_are_off(new_house, collector, off):
    new_house.settings = collector.settings("grpc") | off
    house = new_house.start()
    ok(ask(house.default, place()[0]))
    assert house.stop() == [0] * len(house.processes)
    assert not collector.bodies


def test_they_are_off_unless_the_environment_says_otherwise(new_house, collector):
    new_house.settings = {"ROLLCALL_LOG": "info"}
    house = new_house.start()
    ok(ask(house.default, place()[0]))
    assert "traces are exported" not in house.output
    house.stop()
    house.settings = collector.settings("grpc")
    house.restart()
    assert "traces are exported" in house.output
    house.stop()


@pytest.fixture(params=["nobody is there", "nobody answers"])
def endpoint(request):
    """A collector that is of no use."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        if request.param == "nobody answers":
            taken.listen(100)
        yield f"http://127.0.0.1:{taken.getsockname()[1]}"


@pytest.mark.timeout(300)
@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_a_collector_that_is_of_no_use_hinders_nobody(new_house, endpoint, protocol):
    new_house.settings = {
        "OTEL_EXPORTER_OTLP_ENDPOINT": endpoint,
        "OTEL_EXPORTER_OTLP_PROTOCOL": protocol,
        "OTEL_BSP_SCHEDULE_DELAY": "10",
        "OTEL_BSP_MAX_QUEUE_SIZE": "2",
        "ROLLCALL_METRICS_ADDR": "127.0.0.1:0",
    }
    house = new_house.start()
    for _ in range(50):
        ok(house.default.scim.get("/Users"))
    for process in house.processes:
        process.wait_for(lambda process=process: spans_lost(process) > 0)
    assert house.stop() == [0] * len(house.processes)


def spans_lost(process) -> float:
    [address] = re.findall(r'"metrics are at.*?"address":"([^"]+)"', process.stderr)
    families = text_string_to_metric_families(httpx.get(f"http://{address}/metrics").text)
    return sum(
        sample.value
        for family in families
        for sample in family.samples
        if sample.name == "rollcall_trace_spans_total" and sample.labels["outcome"] in ("dropped", "failed")
    )


@pytest.mark.parametrize("command", ["serve", "core", "gateway", "console"])
@pytest.mark.parametrize(
    ("name", "value", "right"),
    [
        ("OTEL_TRACES_EXPORTER", "zipkin", "otlp or none"),
        ("OTEL_SDK_DISABLED", "perhaps", "true or false"),
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "collector:4317", "the URL of a collector"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "carrier-pigeon", "grpc or http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "10s", "a whole number"),
        ("OTEL_TRACES_SAMPLER", "sometimes", "always_on"),
    ],
)
def test_a_wrong_value_is_refused_with_what_is_right(tmp_path, command, name, value, right):
    done = subprocess.run(
        [binary(), command],
        cwd=tmp_path,
        env=clean_environment(**({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://127.0.0.1:4318"} | {name: value})),
        text=True,
        capture_output=True,
        timeout=60,
        stdin=subprocess.DEVNULL,
    )
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert name in line
    assert value in line
    assert right in line


@pytest.mark.every_mode
def test_lines_of_the_log_name_the_trace_also_where_traces_are_off(new_house):
    new_house.settings = {"ROLLCALL_LOG": "debug", "ROLLCALL_LOG_FORMAT": "json"}
    house = new_house.start()
    id = secrets.token_hex(8)
    traceparent, trace_id = place()
    assert ask(house.default, traceparent, path="/Users/nobody", headers={"X-Request-Id": id}).status_code == 404
    other = secrets.token_hex(8)
    house.default.scim.request("GET", "/Users/nobody", headers={"X-Request-Id": other})
    house.stop()
    assert traces_of(house, id) == {trace_id}
    [made] = traces_of(house, other)
    assert re.fullmatch("[0-9a-f]{32}", made)
    assert made != trace_id


def traces_of(house, request_id: str) -> set[str]:
    """The traces that the lines about a request name. Each process says something, and each line names one."""
    traces = set()
    for process in house.processes:
        said = [json.loads(line) for line in process.stderr.splitlines() if request_id in line]
        assert said, process.name
        for line in said:
            named = [told for told in [line, *line.get("spans", [])] if told.get("request_id") == request_id]
            assert named, line
            traces |= {told["trace_id"] for told in named}
    return traces


def test_lines_of_text_name_the_trace_too(new_house):
    new_house.settings = {"ROLLCALL_LOG_FORMAT": "text"}
    house = new_house.start()
    traceparent, trace_id = place()
    assert ask(house.default, traceparent, path="/Users/nobody").status_code == 404
    house.stop()
    assert f"trace_id={trace_id}" in house.output
