"""What operators watch a process by."""

import re
import time
import uuid
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as prometheus

pytestmark = pytest.mark.databases

DOCUMENT = Path(__file__).parents[2] / "docs" / "metrics.md"
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| (.*?) \| (.*?) \| .* \|$", re.MULTILINE)


@pytest.fixture
def house(new_house):
    new_house.settings = {"ROLLCALL_METRICS_ADDR": "127.0.0.1:0", "ROLLCALL_METRICS_DIRECTORIES": "3"}
    yield new_house.start()
    new_house.stop()


def address_of(process) -> str:
    """Where a process tells its numbers."""
    found = []
    process.wait_for(
        lambda: found.extend(re.findall(r'"metrics are at.*?"address":"([^"]+)"', process.stderr)) or found
    )
    return found[0]


def asked(process, **headers) -> httpx.Response:
    return httpx.get(f"http://{address_of(process)}/metrics", headers=headers)


def samples(process) -> dict[tuple, float]:
    families = prometheus(asked(process).text)
    return {
        (sample.name, *sorted(sample.labels.items())): sample.value for family in families for sample in family.samples
    }


def process_of(house, name: str):
    return next(process for process in house.processes if process.name in (name, "serve"))


def documented(house, process) -> dict[str, str]:
    """The numbers that a process is to tell, and their types."""
    database = "SQLite" if house.database.kind == "sqlite" else "PostgreSQL"
    told = {}
    for name, kind, _, of in ROW.findall(DOCUMENT.read_text()):
        roles, _, on = of.partition(" on ")
        if (roles == "all" or process.name in roles.split(", ")) and on in ("", database):
            told[name] = kind
    return told


def test_each_process_tells_the_numbers_that_are_documented_of_it(house):
    scim = house.default.scim
    user = scim.create("ana@example.com")
    scim.change(user, {"op": "replace", "path": "title", "value": "Boss"})
    house.new_token("default")
    for process in house.processes:
        told = {sample for sample, *_ in samples(process)}
        suffixes = {"histogram": "_count", "counter": "", "gauge": ""}
        # What is told only where there is something to tell.
        absent = {
            "rollcall_outbox_oldest_pending_timestamp_seconds",
            "rollcall_certificate_end_timestamp_seconds",
            "rollcall_credential_next_end_timestamp_seconds",
            "rollcall_event_follower_lag_events",
            "rollcall_job_last_success_timestamp_seconds",
            "rollcall_job_runs_total",
            "rollcall_directory_last_heard_timestamp_seconds",
            "rollcall_trace_spans_total",
        }
        for name, kind in documented(house, process).items():
            assert name + suffixes[kind] in told or name in absent, name


def test_both_formats_say_the_same(house):
    house.default.scim.create("ana@example.com")
    for process in house.processes:
        plain = asked(process)
        assert plain.headers["content-type"].startswith("text/plain; version=0.0.4")
        open_ones = asked(process, accept="application/openmetrics-text; version=1.0.0")
        assert open_ones.headers["content-type"].startswith("application/openmetrics-text; version=1.0.0")
        assert open_ones.text.endswith("# EOF\n")
        names = [
            {sample.name for family in families for sample in family.samples if not sample.name.endswith("_created")}
            for families in (prometheus(plain.text), open_metrics(open_ones.text))
        ]
        assert names[0] == names[1]


def requests(process, method: str, route: str, status: str) -> float:
    labels = (("http_request_method", method), ("http_response_status_code", status), ("http_route", route))
    return samples(process).get(("http_server_request_duration_seconds_count", *labels), 0)


def test_requests_and_calls_are_counted_by_what_they_were_and_how_they_ended(house):
    gateway, core = process_of(house, "gateway"), process_of(house, "core")
    scim = house.default.scim
    user = scim.create("ana@example.com")["id"]
    assert requests(gateway, "POST", "/scim/v2/Users", "201") == 1
    for _ in range(3):
        assert scim.get(f"/Users/{user}").status_code == 200
    assert scim.get(f"/Users/{uuid.uuid4()}").status_code == 404
    assert requests(gateway, "GET", "/scim/v2/Users/{id}", "200") == 3
    assert requests(gateway, "GET", "/scim/v2/Users/{id}", "404") == 1
    told = samples(core)
    call = ("rpc_server_call_duration_seconds_count", ("rpc_method", "rollcall.v1.UserService/GetUser"))
    assert told[*call, ("rpc_response_status_code", "OK")] == 3
    assert told[*call, ("rpc_response_status_code", "NOT_FOUND")] == 1
    assert told["rollcall_transactions_total", ("outcome", "saved")] >= 1


def test_whatever_is_asked_makes_no_further_number(house):
    gateway = process_of(house, "gateway")

    def ask(number: int) -> None:
        httpx.request(f"MADE{number}", house.url + f"/made/up/{number}", headers={"x": str(number)})
        httpx.get(house.base_url + f"/MadeUp{number}")
        httpx.get(house.base_url + f"/Users/{number}", headers={"authorization": f"Bearer made-up-{number}"})

    ask(0)
    before = samples(gateway).keys()
    for number in range(1, 20):
        ask(number)
    assert samples(gateway).keys() == before


def test_no_number_is_of_a_person_or_a_credential(house):
    directory = house.new_directory()
    names = [f"person{number}@secret.example" for number in range(5)]
    users = [directory.scim.create(name) for name in names]
    group = directory.scim.post(
        "/Groups",
        {"schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "the hidden group"},
    ).json()
    for process in house.processes:
        told = asked(process).text
        for private in [*names, "hidden group", group["id"], *(user["id"] for user in users), directory.token[-12:]]:
            assert private not in told


def test_directories_are_told_of_up_to_the_limit(house):
    core = process_of(house, "core")
    for number in range(5):
        house.new_directory(name=f"heard-{number}").scim.get("/Users")

    def heard() -> set[str]:
        name = "rollcall_directory_last_heard_timestamp_seconds"
        return {labels[0][1] for sample, *labels in samples(core) if sample == name}

    core.wait_for(lambda: len(heard()) == 3)
    assert heard() == {"heard-0", "heard-1", "heard-2"}


def test_whoever_follows_is_seen_to_be_behind_and_to_go(house):
    core = process_of(house, "core")
    key = house.new_service_key("EVENTS_READ", directory="default")
    stream = house.rpc(key).begin("EventService/WatchEvents", {"directory": "default"}, timeout=60)
    next(stream)

    def followers() -> float:
        return samples(core).get(("rollcall_event_followers",), 0)

    core.wait_for(lambda: followers() == 1)
    stream.cancel()
    core.wait_for(lambda: followers() == 0)


def test_jobs_and_the_lease_are_seen(house):
    core = process_of(house, "core")
    core.wait_for(lambda: samples(core)["rollcall_jobs_lease_held",] == 1)
    name = ("rollcall_job_last_success_timestamp_seconds", ("job_name", "send notices"))
    core.wait_for(lambda: name in samples(core))
    assert abs(samples(core)[name] - time.time()) < 600


def test_the_next_end_of_a_token_is_told(house):
    core = process_of(house, "core")
    ends = int(time.time()) + 86_400
    house.admin.call("TokenService/CreateToken", directory="default", expires={"seconds": ends})
    assert samples(core)["rollcall_credential_next_end_timestamp_seconds", ("kind", "scim_token")] == ends
