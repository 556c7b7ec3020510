"""What is handed out for watching Rollcall: the catalogue of metrics, the rules, the dashboard and the runbooks."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
OBSERVABILITY = ROOT / "deploy" / "observability"
RULE_FILES = sorted((OBSERVABILITY / "prometheus").glob("*.yaml"))
RULE_TESTS = sorted((Path(__file__).parent / "rules").glob("*.yaml"))
DASHBOARD = OBSERVABILITY / "grafana" / "rollcall.json"
RUNBOOKS = ROOT / "docs" / "runbooks"
TEXTS = [*sorted(RUNBOOKS.glob("*.md")), OBSERVABILITY / "README.md"]
# What Prometheus tells by itself, with its labels.
OF_PROMETHEUS = {"up": set(), "ALERTS": {"alertname", "alertstate", "severity"}}
ROW = re.compile(r"^\| `([a-z_]+)` \| (\w+) \| (.*?) \| (.*?) \| (.*) \|$", re.MULTILINE)
PROMQL = re.compile(r"^ *```promql\n(.*?)^ *```", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Metric:
    """A row of docs/metrics.md."""

    name: str
    kind: str
    labels: frozenset[str]
    of: str
    meaning: str

    def is_on(self, database: str) -> bool:
        """Whether processes on SQLite, or on PostgreSQL, tell it."""
        _, _, only = self.of.partition(" on ")
        return only in ("", database)

    def is_of(self, processes: set[str]) -> bool:
        """Whether one of these processes tells it."""
        roles, _, _ = self.of.partition(" on ")
        return roles == "all" or not processes.isdisjoint(roles.split(", "))


@dataclass(frozen=True)
class Said:
    """An expression, and where it stands."""

    where: str
    text: str


@cache
def metrics() -> dict[str, Metric]:
    """The metrics of the catalogue, by name."""
    rows = ROW.findall((ROOT / "docs" / "metrics.md").read_text())
    return {
        name: Metric(name, kind, frozenset(re.findall(r"`(\w+)`", labels)), of, meaning)
        for name, kind, labels, of, meaning in rows
    }


def catalogued(name: str) -> str:
    """The name under which the catalogue has a series: a histogram is three."""
    base = re.sub(r"_(bucket|count|sum)$", "", name)
    return base if name not in metrics() and base in metrics() and metrics()[base].kind == "histogram" else name


@cache
def rules() -> list[dict]:
    """Every rule of Prometheus."""
    groups = [group for path in RULE_FILES for group in yaml.safe_load(path.read_text())["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def alerts() -> list[dict]:
    return [rule for rule in rules() if "alert" in rule]


def recorded() -> dict[str, str]:
    """The expressions that are recorded, by the name under which they are."""
    return {rule["record"]: rule["expr"] for rule in rules() if "record" in rule}


@cache
def dashboard() -> dict:
    return json.loads(DASHBOARD.read_text())


def panels() -> list[dict]:
    """The panels of the dashboard that show something."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def runbooks() -> list[Path]:
    return [path for path in TEXTS if path.name != "README.md"]


def expressions() -> Iterator[Said]:
    """Every expression that is handed out."""
    for rule in rules():
        yield Said(rule.get("alert") or rule["record"], rule["expr"])
    for panel in panels():
        for target in panel["targets"]:
            yield Said(f"panel {panel['title']} {target['refId']}", target["expr"])
    for path in TEXTS:
        for block in PROMQL.findall(path.read_text()):
            for text in filter(None, map(str.strip, block.split("\n\n"))):
                yield Said(path.name, text)
