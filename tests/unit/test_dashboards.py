"""The dashboard and the alerts in deploy/: each metric, label and value they name exists, and each metric is shown."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.metrics import BY_NAME, MEASURES, Kind, Measure
from cache.dependencies import Level, News
from models.errors import ErrorCode
from realtime.shedding import Demand

DEPLOY = Path(__file__).parents[2] / "deploy"
DASHBOARD, ALERTS = DEPLOY / "grafana" / "pollux.json", DEPLOY / "prometheus" / "alerts.yml"
# What the one who scrapes adds.
FROM_PROMETHEUS = {"instance", "job", "le"}
VALUES = {
    "level": {level.name.lower() for level in Level},
    "news": {news.name.lower() for news in News},
    "code": {code.value for code in ErrorCode},
    "state": {"idle", "busy"},
    "demand": {demand.name.lower() for demand in Demand},
    "outcome": {"held", "stale"},
    "of": {"send", "notification", "channel", "inbox", "pulse", "viewer"},
}


def _measure(name: str) -> Measure | None:
    """Return the measure that a name of a time series is of."""
    base = re.sub(r"_(bucket|sum|count)$", "", name)
    if base in BY_NAME and BY_NAME[base].kind is Kind.HISTOGRAM:
        return BY_NAME[base] if base != name else None
    return BY_NAME.get(name)


def unknown_in(expression: str) -> list[str]:
    """Return what an expression names that is not measured."""
    found = []
    labels_known = set(FROM_PROMETHEUS)
    for name, selector in re.findall(r"\b(pollux_\w+)(\{[^}]*\})?", expression):
        measure = _measure(name)
        if measure is None:
            found.append(name)
            continue
        labels_known |= set(measure.labels)
        for label, value in re.findall(r'(\w+)\s*=~?\s*"([^"]*)"', selector):
            if label not in FROM_PROMETHEUS and label not in measure.labels:
                found.append(f"{name}{{{label}}}")
            elif label in VALUES:
                found += [f"{label}={one}" for one in value.split("|") if one not in VALUES[label]]
    grouped = re.findall(r"\b(?:by|on|without)\s*\(([^)]*)\)", expression)
    return found + [label for group in grouped for one in group.split(",") if (label := one.strip()) and label not in labels_known]


def _expressions() -> Iterator[Any]:
    for panel in json.loads(DASHBOARD.read_text())["panels"]:
        for target in panel["targets"]:
            yield pytest.param(target["expr"], id=f"{panel['title']} {target['refId']}")
    for group in yaml.safe_load(ALERTS.read_text())["groups"]:
        for rule in group["rules"]:
            yield pytest.param(rule["expr"], id=rule["alert"])


@pytest.mark.parametrize("expression", list(_expressions()))
def test_what_is_shown_and_alerted_on_is_measured(expression: str) -> None:
    assert "pollux_" in expression
    assert unknown_in(expression) == []
    assert expression.count("(") == expression.count(")")


@pytest.mark.parametrize(
    ("expression", "unknown"),
    [
        ("rate(pollux_pols_total[5m])", ["pollux_pols_total"]),
        ('sum by (color) (pollux_waiting{by="poll"})', ["color"]),
        ('pollux_polls_total{level="disk"}', ["level=disk"]),
        ('pollux_workers{level="store"}', ["pollux_workers{level}"]),
        ("pollux_poll_duration_seconds", ["pollux_poll_duration_seconds"]),
    ],
)
def test_the_check_finds_what_is_not_measured(expression: str, unknown: list[str]) -> None:
    assert unknown_in(expression) == unknown


def test_everything_measured_is_on_the_dashboard() -> None:
    shown = set(re.findall(r"\bpollux_\w+", DASHBOARD.read_text()))
    assert {measure.name for measure in MEASURES} - {getattr(_measure(name), "name", "") for name in shown} == set()


def test_every_alert_is_explained() -> None:
    explained = (DEPLOY.parent / "docs" / "telemetry.md").read_text()
    rules = [rule for group in yaml.safe_load(ALERTS.read_text())["groups"] for rule in group["rules"]]
    assert [rule["alert"] for rule in rules if f"`{rule['alert']}`" not in explained] == []
    assert all(rule["labels"]["severity"] in ("page", "ticket") and rule["annotations"]["summary"] for rule in rules)
