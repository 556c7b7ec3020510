"""A Prometheus that scrapes the real binary finds every metric that dashboard and rules name, and nothing is amiss."""

import os
import re
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from harness.house import Builder, House
from harness.ports import free_port
from observability.prometheus import Prometheus
from observability.promql import Selector, read
from observability.sources import Metric, alerts, catalogued, expressions, metrics, panels, recorded

# What Grafana puts in place of its variables.
FILLED_IN = {"$__rate_interval": "1m", "$job": "rollcall", "$namespace": ".*", "$instance": ".*"}
# Labels that a series may lack: a namespace is of Kubernetes, and a path that there is not has no route.
CAN_BE_EMPTY = {"namespace", "http_route"}
# What a process tells only where something is switched on that is off here: TLS, and traces.
SWITCHED_OFF = {"rollcall_certificate_end_timestamp_seconds", "rollcall_trace_spans_total"}


@dataclass
class Watched:
    """An installation that people use, and a Prometheus that watches it."""

    house: House
    prometheus: Prometheus

    @property
    def database(self) -> str:
        return "SQLite" if self.house.database.kind == "sqlite" else "PostgreSQL"

    def tells(self, metric: Metric) -> bool:
        """Whether its processes are to tell a metric."""
        processes = {process.name for process in self.house.processes}
        return metric.is_on(self.database) and metric.is_of(processes) and metric.name not in SWITCHED_OFF

    def misses(self, selector: Selector) -> bool:
        """Whether no series has the labels that are asked for, whatever their values: not all goes wrong here."""
        labels = {label for label, _, _ in selector.matchers} - CAN_BE_EMPTY
        present = ", ".join(f'{label}!=""' for label in sorted(labels))
        return not self.prometheus.query(f"{selector.metric}{{{present}}}")


@pytest.fixture(scope="module")
def builder(tmp_path_factory) -> Iterator[Builder]:
    builder = Builder(tmp_path_factory.mktemp("houses"), os.environ["ROLLCALL_TEST_POSTGRES_URL"])
    yield builder
    builder.close()


def address_of(process) -> str:
    """Where a process tells its metrics."""
    told = re.compile(r'"metrics are at.*?"address":"([^"]+)"')
    process.wait_for(lambda: told.search(process.stderr))
    return told.search(process.stderr)[1]


def use(house: House) -> None:
    """Does something of each kind that is measured."""
    scim = house.default.scim
    user = scim.create(f"ana.{uuid.uuid4().hex}@example.com")["id"]
    scim.patch(f"/Users/{user}", {"op": "replace", "path": "title", "value": "Boss"})
    scim.get(f"/Users/{user}")
    scim.get(f"/Users/{uuid.uuid4()}")
    for path in ("/healthz", "/readyz", "/made/up"):
        httpx.get(house.url + path)


@pytest.fixture(scope="module", params=["serve-sqlite", "serve-postgres", "apart-postgres"])
def watched(request, builder, tmp_path_factory) -> Iterator[Watched]:
    """An installation in which there is something to see: requests, a follower, an e-mail, a token that ends."""
    # Nobody listens there: what is written stays to be sent.
    mail = {"ROLLCALL_SMTP_URL": f"smtp://127.0.0.1:{free_port()}", "ROLLCALL_SMTP_FROM": "rollcall@example.com"}
    house = builder.start(request.param, settings={"ROLLCALL_METRICS_ADDR": "127.0.0.1:0", **mail})
    ends = int(time.time()) + 90 * 86_400
    house.admin.call("TokenService/CreateToken", directory="default", expires={"seconds": ends})
    told = {"addresses": ["it@example.com"]}
    house.admin.call("DirectoryService/UpdateDirectory", name="default", admin_emails=told)
    house.admin.call("NoticeService/SendTestNotice", directory="default")
    key = house.new_service_key("EVENTS_READ", directory="default")
    stream = house.rpc(key).begin("EventService/WatchEvents", {"directory": "default"})
    next(stream)
    targets = [address_of(process) for process in house.processes]
    with Prometheus(tmp_path_factory.mktemp("prometheus"), targets) as prometheus:
        prometheus.wait_for(lambda: len(prometheus.query('up{job="rollcall"} == 1')) == len(targets))
        # What a counter has come to by the first scrape, no rate tells of.
        counted = "sum(increase(http_server_request_duration_seconds_count[1m])) > 50"
        prometheus.wait_for(lambda: use(house) or prometheus.query(counted))
        yield Watched(house, prometheus)
    stream.cancel()


def test_every_metric_that_is_named_is_scraped(watched):
    missing = set()
    for said in expressions():
        for selector in read(said.text).selectors:
            metric = metrics().get(catalogued(selector.metric))
            if metric and watched.tells(metric) and watched.misses(selector):
                missing.add((said.where, selector.metric))
    assert missing == set()
    named = {catalogued(one.metric) for said in expressions() for one in read(said.text).selectors}
    assert set(metrics()) - named == set()


def test_metrics_of_the_other_database_are_not_scraped(watched):
    others = [name for name, metric in metrics().items() if not metric.is_on(watched.database)]
    assert others
    assert [name for name in others if watched.prometheus.query(name)] == []


@pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
def test_each_panel_shows_something_or_says_when_it_does_not(watched, panel):
    for target in panel["targets"]:
        expression = target["expr"]
        for variable, value in FILLED_IN.items():
            expression = expression.replace(variable, value)
        shown = watched.prometheus.query(expression)
        if f"Empty on {watched.database}." in panel["description"]:
            assert shown == [], expression
        else:
            assert shown or "Empty as long as" in panel["description"], expression


def test_each_rule_is_evaluated_and_no_alert_fires(watched):
    prometheus = watched.prometheus
    prometheus.wait_for(lambda: all(rule["health"] != "unknown" for rule in prometheus.rules()))
    rules = prometheus.rules()
    assert len(rules) == len(alerts()) + len(recorded())
    assert [(rule["name"], rule.get("lastError")) for rule in rules if rule["health"] != "ok"] == []
    firing = prometheus.query('ALERTS{alertstate="firing"}')
    assert [one["metric"]["alertname"] for one in firing] == []


def test_what_is_recorded_is_there(watched):
    needs_a_failure = {name for name in recorded() if "http_errors" in name}
    absent = {name for name in recorded() if not watched.prometheus.query(name)}
    assert absent <= needs_a_failure
