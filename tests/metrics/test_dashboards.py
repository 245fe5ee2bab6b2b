"""Dashboards: that every panel shows something, and says what."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
from processes import ROOT, Prometheus

DASHBOARDS = sorted((ROOT / "helm/fanfare/dashboards").glob("*.json"))
# What Grafana puts in: "All" of a variable, and the least interval that has a rate.
ALL = ".+"
INTERVAL = "5m"


def load() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in DASHBOARDS:
        yield path.stem, json.loads(path.read_text())


TARGETS = [
    pytest.param(target, id=f"{name}-{panel['title']}-{target['refId']}")
    for name, dashboard in load()
    for panel in dashboard["panels"]
    for target in panel["targets"]
]
VARIABLES = [
    pytest.param(variable["query"]["query"], id=f"{name}-{variable['name']}")
    for name, dashboard in load()
    for variable in dashboard["templating"]["list"]
    if variable["type"] == "query"
]


def filled(expression: str) -> str:
    return re.sub(r"\$(job|instance)\b", ALL, expression).replace("$__rate_interval", INTERVAL)


@pytest.mark.parametrize("target", TARGETS)
def test_a_panel_shows_something(prometheus: Prometheus, target: dict[str, Any]) -> None:
    expression = filled(target["expr"])
    answer = prometheus.query(expression)
    assert answer, f"no data: {expression}"
    assert any(series["value"] == series["value"] for series in answer), f"not a number: {expression}"
    for label in re.findall(r"\{\{(\w+)\}\}", target["legendFormat"]):
        assert all(label in series["metric"] for series in answer), f"no label {label}: {expression}"


@pytest.mark.parametrize("query", VARIABLES)
def test_a_variable_has_values(prometheus: Prometheus, query: str) -> None:
    found = re.fullmatch(r"label_values\((.+), (\w+)\)", filled(query))
    assert found, query
    assert prometheus.get(f"label/{found[2]}/values", **{"match[]": found[1]}), query


@pytest.mark.parametrize(("name", "dashboard"), list(load()), ids=lambda value: value if isinstance(value, str) else "")
def test_a_dashboard_says_what_it_shows(name: str, dashboard: dict[str, Any]) -> None:
    assert dashboard["editable"] is False
    assert dashboard["description"]
    assert [variable["name"] for variable in dashboard["templating"]["list"]] == ["datasource", "job", "instance"]
    for panel in dashboard["panels"]:
        assert panel["title"] and panel["description"], panel["id"]
        assert panel["fieldConfig"]["defaults"]["unit"], panel["title"]
        assert panel["datasource"]["uid"] == "${datasource}"
        for target in panel["targets"]:
            selectors = re.findall(r"\b(?:fanfare|process)_\w+(\{[^}]*\})?", target["expr"])
            assert all('job=~"$job", instance=~"$instance"' in selector for selector in selectors), target["expr"]
            ranges = re.findall(r"\[([^\]]+)\]", target["expr"])
            assert set(ranges) <= {"$__rate_interval"}, target["expr"]


def test_no_two_share_an_id() -> None:
    ids = [dashboard["uid"] for _name, dashboard in load()]
    assert len(set(ids)) == len(ids)
