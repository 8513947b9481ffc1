"""deploy/prometheus and deploy/grafana: rules that fire, queries that ask for what is exported, a real Prometheus."""

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.parse import urlencode
from urllib.request import urlopen

import pytest
import yaml

from scripts.documents import metrics
from tests.cli.program import Server, environment, sqlite_url
from tests.deploy import queries
from tests.deploy.queries import DASHBOARD, ROOT, RULES
from tests.support.limits import wait_s
from tests.support.ports import free_port

TESTS = RULES.with_name("rules_test.yaml")


def test_the_table_of_metrics_is_what_the_code_exports() -> None:
    assert metrics.PAGE.read_text() == metrics.page(), "run scripts/site"


def promtool(require: Callable[[str], str], *arguments: str | Path) -> str:
    command = [require("promtool"), *map(str, arguments)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_prometheus_accepts_the_rules(deploy_tool: Callable[[str], str]) -> None:
    assert "SUCCESS" in promtool(deploy_tool, "check", "rules", RULES)


def test_alerts_fire_when_they_should(deploy_tool: Callable[[str], str]) -> None:
    assert "SUCCESS" in promtool(deploy_tool, "test", "rules", TESTS)


def test_each_alert_has_a_test_in_which_it_fires() -> None:
    alerts = {rule["alert"] for rule in queries.rules() if "alert" in rule}
    fired = {
        re.findall(r'ALERTS\{alertname="(\w+)", alertstate="firing"\}', one["expr"])[0]
        for test in yaml.safe_load(TESTS.read_text())["tests"]
        for one in test["promql_expr_test"]
        if one["exp_samples"] and one["expr"].startswith("ALERTS")
    }
    assert fired == alerts


def test_each_alert_says_how_urgent_it_is_and_what_to_do() -> None:
    for rule in queries.rules():
        if "alert" in rule:
            assert rule["labels"]["severity"] in {"critical", "warning"}
            assert {"summary", "description"} <= rule["annotations"].keys()
            used = set(re.findall(r"\$labels\.(\w+)", str(rule["annotations"])))
            assert used <= set(re.findall(r"\w+", rule["expr"])) | queries.OF_THE_SCRAPE, rule["alert"]


@pytest.mark.parametrize("rule", queries.rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_rules_ask_for_what_is_exported(rule: dict[str, str]) -> None:
    """An alert on a metric that does not exist never fires."""
    assert queries.problems(rule["expr"]) == []


@pytest.mark.parametrize("title", queries.of_the_dashboard())
def test_the_dashboard_asks_for_what_is_exported(title: str) -> None:
    assert queries.problems(queries.of_the_dashboard()[title]) == []


def test_the_legends_and_variables_of_the_dashboard_use_labels_that_exist() -> None:
    exported = queries.known()
    for title, (query, legend) in queries.legends().items():
        labels = {label for one in queries.selectors(query) for label in exported[one.name]}
        assert set(re.findall(r"\{\{(\w+)\}\}", legend)) <= labels, title
    for metric, label in queries.of_the_variables():
        assert label in exported[metric]


def test_every_metric_of_ours_is_watched() -> None:
    """By an alert or on the dashboard: a metric that is added is not forgotten there."""
    queried = [*(rule["expr"] for rule in queries.rules()), *queries.of_the_dashboard().values()]
    watched = {one.name for query in queried for one in queries.selectors(query)}
    ours = [*metrics.of_the_service(), *metrics.of_the_bridge()]
    assert [one.name for one in ours if watched.isdisjoint(one.series())] == []


def test_a_query_for_a_metric_that_does_not_exist_is_found() -> None:
    """The check itself."""
    assert queries.problems("sum(rate(profile_grpc_rpc_second_count[5m]))") != []
    assert queries.problems("sum by (methods) (rate(profile_grpc_rpc_seconds_count[5m]))") != []
    assert queries.problems('profile_grpc_streams_open{code="OK"} / on (job, app) profile_grpc_profiles') != []


def test_the_dashboard_has_ids_of_its_own_and_panels_that_do_not_overlap() -> None:
    panels = json.loads(DASHBOARD.read_text())["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    places = [panel["gridPos"] for panel in panels]
    cells = [(x, y) for p in places for x in range(p["x"], p["x"] + p["w"]) for y in range(p["y"], p["y"] + p["h"])]
    assert len(set(cells)) == len(cells)
    assert max(x for x, _ in cells) < 24


class Prometheus:
    """A Prometheus that scrapes one server."""

    def __init__(self, program: str, folder: Path, target: str) -> None:
        self._address = f"127.0.0.1:{free_port()}"
        configuration = {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES)],
            "scrape_configs": [{"job_name": "profile-grpc", "static_configs": [{"targets": [target]}]}],
        }
        (folder / "prometheus.yaml").write_text(yaml.safe_dump(configuration))
        self.process = subprocess.Popen(
            [
                program,
                f"--config.file={folder / 'prometheus.yaml'}",
                f"--storage.tsdb.path={folder / 'data'}",
                f"--web.listen-address={self._address}",
            ],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def ask(self, path: str, **parameters: str) -> dict[str, Any]:
        with urlopen(f"http://{self._address}/api/v1/{path}?{urlencode(parameters)}", timeout=wait_s()) as answer:
            return dict(json.load(answer)["data"])

    def samples(self, query: str) -> list[Any]:
        return list(self.ask("query", query=query)["result"])

    def wait_for(self, query: str) -> None:
        """Waits until a query has an answer."""
        give_up = time.monotonic() + wait_s()
        while time.monotonic() < give_up:
            assert self.process.poll() is None, self.process.communicate()[1]
            try:
                if self.samples(query):
                    return
            except URLError:
                pass  # it is starting
            time.sleep(0.2)
        raise AssertionError(f"no answer to {query}")


@pytest.fixture(scope="module")
def prometheus(deploy_tool: Callable[[str], str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It scrapes a server with a bridge that has answered some calls."""
    program = deploy_tool("prometheus")
    folder = tmp_path_factory.mktemp("prometheus")
    ports = ["--port", "0", "--metrics-port", "0", "--bridge-port", "0"]
    with Server(["--dev", *ports, "--database-url", sqlite_url(folder)]) as server:
        scraper = Prometheus(program, folder, server.metrics_url.split("/")[2])
        try:
            scraper.wait_for("up == 1")
            example = ROOT / "clients/python/examples/first_call.py"
            for _ in range(2):  # a rate needs a series that has grown
                subprocess.run([sys.executable, example, server.address], check=True, env=environment())
                scraper.wait_for("count_over_time(profile_grpc_rpc_seconds_count[1m]) > 2")
            scraper.wait_for("profile_grpc_profiles")  # counted every 15 seconds
            yield scraper
        finally:
            scraper.process.kill()
            scraper.process.communicate()


def test_a_real_prometheus_scrapes_a_real_server(prometheus: Prometheus) -> None:
    assert prometheus.samples("up == 1")
    series = {one["metric"]["__name__"] for one in prometheus.samples('{job="profile-grpc"}')}
    expected = {name for one in metrics.of_the_service() if not one.labels for name in one.series()}
    expected |= {name for one in metrics.of_the_bridge() if not one.labels for name in one.series()}
    assert expected <= series
    known = set(queries.known()) | {"up"}
    assert {name for name in series if not name.startswith("scrape_")} <= known


def test_the_rules_run_on_what_it_scraped(prometheus: Prometheus) -> None:
    """Recording rules give values for a real server's metrics."""
    prometheus.wait_for("job_method:profile_grpc_rpc:rate5m")
    rules = [rule for group in prometheus.ask("rules")["groups"] for rule in group["rules"]]
    assert {rule["health"] for rule in rules} <= {"ok", "unknown"}
    assert not prometheus.samples('ALERTS{alertstate="firing"}')


def test_the_queries_of_the_dashboard_are_answered(prometheus: Prometheus) -> None:
    """All of them run; and those that a server with calls must answer have an answer."""
    answered = {title for title, query in queries.of_the_dashboard().items() if prometheus.samples(query)}
    assert {
        "Calls per second A",
        "Heartbeat, 99th percentile A",
        "Active profiles A",
        "Held: reaper, clock, feedback A",
        "Versions A",
        "Calls by method A",
        "Write queue A",
        "Commits A",
        "Profiles by status and platform A",
        "Events without a position A",
        "Oldest report that waits A",
        "Service reachable A",
        "CPU A",
        "Memory A",
        "File descriptors A",
    } <= answered
