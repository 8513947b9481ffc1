"""Reads PromQL: which series and labels a query uses."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import promql_parser as promql
import yaml

from scripts.documents import metrics

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy/prometheus/rules.yaml"
DASHBOARD = ROOT / "deploy/grafana/profile-grpc.json"
OF_THE_SCRAPE = frozenset({"job", "instance", "namespace"})
"""Labels that Prometheus adds."""
_VARIABLES = {"$__rate_interval": "5m", "$job": ".*", "$app": ".*"}


@dataclass(frozen=True)
class Selector:
    """A series in a query, and the labels that the query uses around it."""

    name: str
    labels: frozenset[str]


def selectors(query: str) -> list[Selector]:
    return list(_walk(promql.parse(query), frozenset()))


def _walk(node: Any, around: frozenset[str]) -> Iterator[Selector]:
    match node:
        case promql.VectorSelector():
            matched = {matcher.name for matcher in node.matchers.matchers}
            yield Selector(node.name or "", around | matched)
        case promql.MatrixSelector():
            yield from _walk(node.vector_selector, around)
        case promql.AggregateExpr():
            grouped = set(node.modifier.labels) if node.modifier else set()
            yield from _walk(node.expr, around | grouped)
        case promql.BinaryExpr():
            on = set(re.findall(r"\w+", str(node.modifier).partition("on (")[2].partition(")")[0]))
            yield from _walk(node.lhs, around | on)
            yield from _walk(node.rhs, around | on)
        case promql.Call():
            for argument in node.args:
                yield from _walk(argument, around)
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            yield from _walk(node.expr, around)
        case promql.NumberLiteral() | promql.StringLiteral():
            pass
        case _:
            raise AssertionError(f"unknown part of a query: {type(node).__name__}")


def rules() -> list[dict[str, Any]]:
    return [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]


def known() -> dict[str, frozenset[str]]:
    """The labels of each series that the program exports, or that a rule records."""
    found = {}
    for one in metrics.every():
        worker = {"worker"} if one.name.startswith("process_") else set()
        for series in one.series():
            le = {"le"} if series.endswith("_bucket") else set()
            found[series] = frozenset(one.labels) | le | worker | OF_THE_SCRAPE
    for rule in rules():
        if "record" in rule:
            found[rule["record"]] = _recorded(rule)
    return found


def _recorded(rule: Mapping[str, Any]) -> frozenset[str]:
    """The labels by which a rule records: those of its aggregation."""
    [*_, labels] = re.findall(r"by \(([^)]*)\)", rule["expr"])
    return frozenset(label.strip() for label in labels.split(",")) - {"le"}


def problems(query: str) -> list[str]:
    """What a query uses that nobody exports."""
    exported = known()
    return [
        f"{one.name} is exported by nobody"
        if one.name not in exported
        else f"{one.name} has no label {', '.join(sorted(one.labels - exported[one.name]))}"
        for one in selectors(query)
        if one.name not in exported or one.labels - exported[one.name]
    ]


def of_the_dashboard() -> dict[str, str]:
    """The queries of the dashboard, by the title of their panel, with its variables replaced."""
    board = json.loads(DASHBOARD.read_text())
    found = {
        f"{panel['title']} {target['refId']}": target["expr"]
        for panel in board["panels"]
        for target in panel.get("targets", [])
    }
    found |= {f"annotation {one['name']}": one["expr"] for one in board["annotations"]["list"]}
    return {title: _replaced(query) for title, query in found.items()}


def legends() -> dict[str, tuple[str, str]]:
    """The query and the legend of each target of the dashboard."""
    board = json.loads(DASHBOARD.read_text())
    return {
        f"{panel['title']} {target['refId']}": (_replaced(target["expr"]), target["legendFormat"])
        for panel in board["panels"]
        for target in panel.get("targets", [])
    }


def of_the_variables() -> list[tuple[str, str]]:
    """Metric and label of each variable that the dashboard reads from Prometheus."""
    board = json.loads(DASHBOARD.read_text())
    definitions = [one["definition"] for one in board["templating"]["list"] if one["type"] == "query"]
    return [tuple(re.fullmatch(r"label_values\((\w+), (\w+)\)", one).groups()) for one in definitions]  # type: ignore[union-attr]


def _replaced(query: str) -> str:
    for name, value in _VARIABLES.items():
        query = query.replace(name, value)
    assert "$" not in query, query
    return query
