"""Dashboard, rules and runbooks name metrics that docs/metrics.md has, and ask of each what it can tell."""

import re

import pytest

from observability.promql import Selector, read
from observability.sources import (
    OF_PROMETHEUS,
    TEXTS,
    Said,
    alerts,
    catalogued,
    expressions,
    metrics,
    panels,
    recorded,
)

# What Prometheus and the operator put on each series. A label of ours that is called so gets `exported_` before it.
OF_TARGETS = {"job", "instance", "namespace"}
# What is asked of something that only grows, and of something that goes up and down.
OF_COUNTERS = {"rate", "increase", "irate", "resets"}
OF_GAUGES = {"delta", "deriv", "changes", "max_over_time", "min_over_time", "avg_over_time"}
# Labels whose values come from elsewhere, and are too many for the catalogue.
ELSEWHERE = ("http_", "rpc_", "le", "directory", "follower", "version", "job_name")
SAID = list(expressions())
METRIC = re.compile(r"`((?:rollcall|process|http_server|rpc_server|db_client)_[a-z_]+)(?:\{[^`]*\})?`")


def labels_of(name: str) -> set[str]:
    """The labels of a metric, as Prometheus has them."""
    if name in OF_PROMETHEUS:
        return OF_PROMETHEUS[name] | OF_TARGETS
    if name in recorded():
        return read(recorded()[name]).grouping
    own = set(metrics()[catalogued(name)].labels)
    own |= {"le"} if name.endswith("_bucket") else set()
    assert not own & OF_TARGETS, f"Prometheus would rename {own & OF_TARGETS}"
    return own | OF_TARGETS


def kind_of(name: str) -> str:
    if name in recorded() or name in OF_PROMETHEUS:
        return "gauge"
    kind = metrics()[catalogued(name)].kind
    return "counter" if kind == "histogram" and catalogued(name) != name else kind


def wrong_with(selector: Selector) -> str:
    """What is wrong with what is asked of a metric, or nothing."""
    name, nearest = selector.metric, selector.within[0] if selector.within else ""
    if catalogued(name) not in metrics() and name not in recorded() and name not in OF_PROMETHEUS:
        return "docs/metrics.md has no such metric"
    if kind_of(name) == "histogram":
        return "a histogram is asked for by _bucket, _count or _sum"
    if kind_of(name) == "counter" and not (nearest in OF_COUNTERS and selector.is_range):
        return f"a counter says something by {sorted(OF_COUNTERS)} over a time"
    if kind_of(name) == "gauge" and nearest in OF_COUNTERS:
        return f"{nearest} is for counters"
    if nearest in OF_GAUGES and not selector.is_range:
        return f"{nearest} is over a time"
    if "histogram_quantile" in selector.within and not name.endswith("_bucket"):
        return "a quantile is of buckets"
    if name not in recorded() and "job" not in {label for label, _, _ in selector.matchers}:
        return "it is asked of every job, and other programs may have it too"
    unknown = {label for label, _, _ in selector.matchers} - labels_of(name)
    return f"it has no label {sorted(unknown)}" if unknown else wrong_values(selector)


def wrong_values(selector: Selector) -> str:
    """Which value of a label there never is, as far as the catalogue tells what there is."""
    metric = metrics().get(catalogued(selector.metric))
    for label, sign, value in selector.matchers:
        is_told = metric and label not in OF_TARGETS and not label.startswith(ELSEWHERE)
        if is_told and sign in ("=", "!=") and not re.search(rf"\b{value}\b", metric.meaning):
            return f"{label} is never {value}"
    return ""


@pytest.mark.parametrize("said", SAID, ids=lambda said: said.where)
def test_each_metric_is_in_the_catalogue_with_its_type_and_labels(said: Said):
    expression = read(said.text)
    assert [(one.metric, wrong_with(one)) for one in expression.selectors if wrong_with(one)] == []
    known = {label for one in expression.selectors for label in labels_of(one.metric)}
    assert expression.grouping <= known
    assert "histogram_quantile" not in said.text or "le" in expression.grouping


def test_legends_and_annotations_speak_of_labels_that_are_left():
    for panel in panels():
        for target in panel["targets"]:
            named = set(re.findall(r"{{ *(\w+) *}}", target.get("legendFormat", "")))
            assert named <= read(target["expr"]).grouping, panel["title"]
    for alert in alerts():
        expression = read(alert["expr"])
        all_labels = set().union(*(labels_of(one.metric) for one in expression.selectors))
        left = expression.grouping if re.match(r"\W*(sum|max|min|count|time)\b", alert["expr"]) else all_labels
        named = set(re.findall(r"\$labels\.(\w+)", str(alert["annotations"])))
        assert named <= left, alert["alert"]


@pytest.mark.parametrize("path", TEXTS, ids=lambda path: path.name)
def test_each_metric_that_a_text_names_is_in_the_catalogue(path):
    unknown = [name for name in METRIC.findall(path.read_text()) if catalogued(name) not in metrics()]
    assert unknown == []


def test_every_metric_is_on_the_dashboard():
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    shown = {catalogued(one.metric) for text in asked for one in read(text).selectors}
    assert sorted(set(metrics()) - shown) == []
