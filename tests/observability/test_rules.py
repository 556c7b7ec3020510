"""The rules are ones that Prometheus takes, each alert fires when it should and only then, and says what to do."""

import re
import subprocess
from pathlib import Path

import pytest
import yaml

from observability.sources import ROOT, RULE_FILES, RULE_TESTS, RUNBOOKS, TEXTS, alerts, recorded, runbooks

SECTIONS = ["What it means", "What users notice", "How to look", "How to mend it", "How to prevent it"]
ALERTS = pytest.mark.parametrize("alert", alerts(), ids=lambda alert: f"{alert['alert']}-{alert['labels']['severity']}")


def promtool(*arguments: str | Path) -> subprocess.CompletedProcess:
    return subprocess.run(["promtool", *arguments], text=True, capture_output=True, timeout=110)


@pytest.mark.parametrize("path", RULE_FILES, ids=lambda path: path.stem)
def test_prometheus_takes_the_rules(path):
    done = promtool("check", "rules", "--lint=all", "--lint-fatal", path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should(path):
    done = promtool("test", "rules", path)
    assert done.returncode == 0, done.stdout + done.stderr


def tried() -> list[tuple[str, list[str]]]:
    """The alerts that the unit tests ask for, each with the severities in which it is to fire, if any."""
    groups = [group for path in RULE_TESTS for group in yaml.safe_load(path.read_text())["tests"]]
    return [
        (asked["alertname"], [alert["exp_labels"]["severity"] for alert in asked["exp_alerts"]])
        for group in groups
        for asked in group["alert_rule_test"]
    ]


@ALERTS
def test_each_alert_is_tried_where_it_fires_and_where_it_does_not(alert):
    severities = [found for name, found in tried() if name == alert["alert"]]
    assert any(alert["labels"]["severity"] in found for found in severities)
    assert any(alert["labels"]["severity"] not in found for found in severities)


def test_the_unit_tests_ask_for_alerts_that_there_are():
    assert {name for name, _ in tried()} == {alert["alert"] for alert in alerts()}


@ALERTS
def test_each_alert_says_what_is_the_matter_and_where_to_read_on(alert):
    assert re.fullmatch(r"Rollcall[A-Z]\w+", alert["alert"])
    assert alert["labels"].keys() == {"severity"}
    assert alert["labels"]["severity"] in ("critical", "warning", "info")
    assert alert["annotations"].keys() == {"summary", "description", "runbook_url"}
    assert len(alert["annotations"]["summary"]) < 130
    assert alert["annotations"]["description"].endswith(".")
    page = ROOT / alert["annotations"]["runbook_url"]
    assert page.read_text().splitlines()[0] == f"# {alert['alert']}"


def test_every_runbook_is_of_an_alert():
    assert set(runbooks()) == {ROOT / alert["annotations"]["runbook_url"] for alert in alerts()}


@pytest.mark.parametrize("page", runbooks(), ids=lambda page: page.stem)
def test_each_runbook_has_its_parts(page):
    parts = re.split(r"^## (.+)$", page.read_text(), flags=re.MULTILINE)
    assert parts[1::2] == SECTIONS
    assert all(len(text.strip()) > 20 for text in parts[2::2])


def test_the_list_of_runbooks_has_each_alert_with_its_severities():
    rows = re.findall(r"^\| \[(\w+)\]\((.+?)\) \| (.+?) \|", (RUNBOOKS / "README.md").read_text(), re.MULTILINE)
    there_are: dict[tuple[str, str], list[str]] = {}
    for alert in alerts():
        key = (alert["alert"], Path(alert["annotations"]["runbook_url"]).name)
        there_are.setdefault(key, []).append(alert["labels"]["severity"])
    assert {(name, page): severities.split(", ") for name, page, severities in rows} == there_are


def anchors(page: Path) -> list[str]:
    """What a link can lead to in a page: its headings, as they are made into anchors."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.MULTILINE)
    plain = [re.sub(r"\[(.*?)\]\(.*?\)", r"\1", heading) for heading in headings]
    return [re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in plain]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_links_lead_somewhere(path):
    for target, anchor in re.findall(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)", path.read_text()):
        page = (path.parent / target).resolve() if target else path
        assert page.exists(), target
        assert not anchor or anchor in anchors(page), f"{target}#{anchor}"


def test_what_is_recorded_is_used_and_called_by_its_labels():
    for name, expression in recorded().items():
        labels = re.search(r"by \(([^)]*)\)", expression)[1].split(", ")
        assert name.split(":")[0] == "_".join(labels)
        assert any(name in alert["expr"] for alert in alerts()) or any(
            name in other for other in recorded().values() if other != expression
        )


def test_kubernetes_gets_the_same_rules_and_the_same_dashboard():
    script = ROOT / "deploy" / "observability" / "kubernetes.sh"
    done = subprocess.run([script, "https://docs.example.com/runbooks"], text=True, capture_output=True, check=True)
    *made, dashboard = yaml.safe_load_all(done.stdout)
    assert {one["kind"] for one in made} == {"PrometheusRule"}
    for path, one in zip(RULE_FILES, made, strict=True):
        there = path.read_text().replace("docs/runbooks", "https://docs.example.com/runbooks")
        assert one["spec"] == yaml.safe_load(there)
    assert dashboard["data"]["rollcall.json"] == (ROOT / "deploy/observability/grafana/rollcall.json").read_text()
