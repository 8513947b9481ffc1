"""docs/metrics.md, the table of every exported metric."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.registry import Collector

from profile_grpc.bridge.metrics import BridgeMetrics
from profile_grpc.telemetry.collectors import ProfileCounts
from profile_grpc.telemetry.exposition import process_registry
from profile_grpc.telemetry.metrics import Metrics

PAGE = Path(__file__).parents[2] / "docs" / "metrics.md"
_SUFFIXES = {"counter": ("_total",), "histogram": ("_bucket", "_sum", "_count"), "info": ("_info",)}
_BEGINNING = """# Metrics

`serve --metrics-port P` and `bridge --metrics-port P` serve these in Prometheus format. `./scripts/site` writes this
page from the code. A histogram has the series `…_bucket` (label `le`), `…_sum` and `…_count`. Durations are in seconds.
No label holds a token, a key or a name of a person; `app`, `webhook` and `node` are ids that operators chose.

With `--workers`, counters and histograms are sums over all workers, and the metrics of processes have a label `worker`
(0 is their parent). Alerts: deploy/prometheus. Dashboard: deploy/grafana.
"""


@dataclass(frozen=True, slots=True, order=True)
class Exported:
    """A metric as it is exported."""

    name: str
    kind: str
    labels: tuple[str, ...]
    text: str

    def series(self) -> tuple[str, ...]:
        """The names of its series, as queries use them."""
        return tuple(self.name + suffix for suffix in _SUFFIXES.get(self.kind, ("",)))


def of_the_service() -> list[Exported]:
    """The metrics of `serve`, without those of the process."""
    registry = CollectorRegistry()
    Metrics(registry)
    registry.register(ProfileCounts())
    return sorted(_exported(registry))


def of_the_bridge() -> list[Exported]:
    """The metrics of the bridge, without those of the process."""
    registry = CollectorRegistry()
    BridgeMetrics(registry)
    return sorted(_exported(registry))


def of_processes() -> list[Exported]:
    """What every process exports."""
    return sorted(_exported(process_registry()))


def every() -> list[Exported]:
    """All of them."""
    return [*of_the_service(), *of_the_bridge(), *of_processes()]


def _exported(registry: CollectorRegistry) -> Iterator[Exported]:
    for collector in registry._collector_to_names:  # noqa: SLF001 - a registry does not list its collectors
        yield from _families(collector)


def _families(collector: Collector) -> Iterator[Exported]:
    if isinstance(collector, MetricWrapperBase):
        yield Exported(
            collector._name,  # noqa: SLF001
            str(collector._type),  # noqa: SLF001
            tuple(collector._labelnames),  # noqa: SLF001
            collector._documentation,  # noqa: SLF001
        )
        return
    for family in collector.collect():
        labels = getattr(family, "_labelnames", None) or sorted({n for s in family.samples for n in s.labels})
        yield Exported(family.name, family.type, tuple(labels), family.documentation)


def page() -> str:
    """The whole page."""
    sections = (
        ("The service", of_the_service()),
        ("The bridge", of_the_bridge()),
        ("Every process", of_processes()),
    )
    return "\n".join([_BEGINNING, *(_section(heading, metrics) for heading, metrics in sections)])


def _section(heading: str, metrics: list[Exported]) -> str:
    lines = [f"## {heading}", "", "| metric | type | labels | meaning |", "|---|---|---|---|"]
    for one in metrics:
        name = one.name + ("_total" if one.kind == "counter" else "")
        labels = ", ".join(f"`{label}`" for label in one.labels)
        lines.append(f"| `{name}` | {one.kind} | {labels} | {one.text.replace('|', chr(92) + '|')} |")
    return "\n".join([*lines, ""])
