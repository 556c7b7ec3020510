"""The dashboard is one that Grafana reads, and each of its panels says what it shows and what to do about it."""

import re

import pytest

from observability.promql import read
from observability.shapes import misfits
from observability.sources import RUNBOOKS, catalogued, dashboard, metrics, panels

PANELS = pytest.mark.parametrize("panel", panels(), ids=lambda panel: panel["title"])
WIDTH = 24
# What Grafana 11 writes. Older ones are migrated as they are read, which is not to be needed.
OLDEST_SCHEMA = 39
BUILT_IN = {"__rate_interval", "__interval", "__range"}


def test_grafana_knows_everything_in_it():
    assert misfits(dashboard()) == []


def test_a_thing_that_grafana_does_not_know_would_be_found():
    wrong = dashboard() | {"schemaversion": 39, "graphTooltip": 7, "tags": "rollcall"}
    assert len(misfits(wrong)) == 3


def test_it_can_be_imported_anywhere():
    board = dashboard()
    assert board["id"] is None
    assert board["uid"] == "rollcall"
    assert board["schemaVersion"] >= OLDEST_SCHEMA
    assert "__inputs" not in board
    datasource = {"type": "prometheus", "uid": "${datasource}"}
    for panel in panels():
        assert [panel["datasource"], *(target["datasource"] for target in panel["targets"])] == [datasource] * (
            len(panel["targets"]) + 1
        )


def test_its_variables_are_those_that_are_used():
    variables = {one["name"]: one for one in dashboard()["templating"]["list"]}
    assert list(variables) == ["datasource", "job", "namespace", "instance"]
    asked = [target["expr"] for panel in panels() for target in panel["targets"]]
    asked += [str(one["query"]) for one in variables.values()]
    named = {name for text in asked for name in re.findall(r"\$\{?(\w+)", text)}
    assert named - BUILT_IN == variables.keys() - {"datasource"}
    # Where a label is missing, everything is to be shown all the same.
    assert {variables[name]["allValue"] for name in ("namespace", "instance")} == {".*"}


def test_panels_have_ids_and_places_of_their_own():
    every = dashboard()["panels"]
    assert len({panel["id"] for panel in every}) == len(every)
    titles = [panel["title"] for panel in every]
    assert len(set(zip(titles, (panel["type"] for panel in every), strict=True))) == len(titles)
    taken = set()
    for panel in every:
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert cells
        assert max(x for x, _ in cells) < WIDTH, panel["title"]
        assert not cells & taken, panel["title"]
        taken |= cells


@PANELS
def test_each_panel_has_a_unit_and_says_what_is_normal(panel):
    assert panel["fieldConfig"]["defaults"]["unit"]
    assert "**Normal:**" in panel["description"]
    references = [target["refId"] for target in panel["targets"]]
    assert len(set(references)) == len(references) > 0
    for named in re.findall(r"`([a-z]+(?:-[a-z]+)+)`", panel["description"]):
        is_setting = named.startswith(("max-", "metrics-"))
        assert is_setting or (RUNBOOKS / f"{named}.md").is_file(), named


@PANELS
def test_each_panel_of_one_database_says_so(panel):
    named = {catalogued(one.metric) for target in panel["targets"] for one in read(target["expr"]).selectors}
    databases = [found for found in ("SQLite", "PostgreSQL") if not all(is_on(name, found) for name in named)]
    assert [found for found in ("SQLite", "PostgreSQL") if f"Empty on {found}." in panel["description"]] == databases
    others = {"SQLite": "PostgreSQL", "PostgreSQL": "SQLite"}
    assert all(panel["title"].startswith(f"{others[found]}: ") for found in databases)


def is_on(name: str, database: str) -> bool:
    return name not in metrics() or metrics()[name].is_on(database)


@PANELS
def test_rates_are_over_a_time_that_grafana_chooses(panel):
    for target in panel["targets"]:
        assert not re.search(r"\[\d", target["expr"]), "a rate over a fixed time is wrong for another interval"
