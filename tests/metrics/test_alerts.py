"""Alerts: that they can be loaded, fire when they should and only then, and ask for what is measured."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from processes import ALERTS, ROOT, Prometheus

CASES = sorted((Path(__file__).parent / "alerts").glob("*.yaml"))
NAMES = re.findall(r"- alert: (\w+)", ALERTS.read_text())


def promtool(*arguments: str | Path) -> None:
    done = subprocess.run(["promtool", *arguments], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_rules_can_be_loaded() -> None:
    promtool("check", "rules", ALERTS)


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_alerts_fire_when_they_should_and_only_then(path: Path) -> None:
    promtool("test", "rules", path)


def test_each_alert_has_a_case_that_fires_and_one_that_is_quiet() -> None:
    text = "".join(path.read_text() for path in CASES)
    cases = re.findall(r"alertname: (\w+)\n\s+exp_alerts:( \[\])?", text)
    assert {name for name, quiet in cases if quiet} == set(NAMES)
    assert {name for name, quiet in cases if not quiet} == set(NAMES)


def test_each_alert_has_a_runbook() -> None:
    headings = re.findall(r"^## (\w+)$", (ROOT / "docs/runbook.md").read_text(), re.MULTILINE)
    assert headings == NAMES
    assert re.findall(r'runbook_url: "#(\w+)"', ALERTS.read_text()) == [name.lower() for name in NAMES]


@pytest.mark.parametrize("name", NAMES)
def test_what_an_alert_looks_at_is_there(prometheus: Prometheus, name: str) -> None:
    (alert,) = [alert for alert in prometheus.alerts() if alert["name"] == name]
    assert alert["health"] == "ok", alert
    expression = compared(alert["query"])
    answer = prometheus.query(expression)
    assert answer, f"no data: {expression}"
    assert any(series["value"] == series["value"] for series in answer), f"not a number: {expression}"


def compared(expression: str) -> str:
    """Give the expression with what its comparisons find instead of what they leave."""
    parts = re.split(r"(\{[^}]*\})", re.sub(r"\babsent\((\w+)\)", r"\1", expression))
    bools = [part if part.startswith("{") else re.sub(r"(==|!=|>=|<=|>|<)", r"\1 bool", part) for part in parts]
    return "".join(bools)
