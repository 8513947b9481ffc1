"""Draws results of `scripts/bench --json`: calls per second against rows, and of each workload.

    scripts/plot FOLDER [--out FOLDER]

reads every .json file of the folder and writes rows.svg and soak.svg into docs/ (or --out), as far
as there are results for them. Needs matplotlib only: see scripts/plot.
"""

from __future__ import annotations

import argparse
import json
import statistics
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import matplotlib as mpl
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

_COLORS = {"heartbeat": "#1b6ca8", "get": "#2a9d8f", "list": "#e9a23b", "register": "#c8553d", "update": "#7a5195"}
_ENGINES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}
_Result = Mapping[str, Any]


def main() -> None:
    """Reads the results, draws what they have."""
    parser = argparse.ArgumentParser(description="Draw results of scripts/bench --json.")
    parser.add_argument("folder", type=Path, help="of .json files, each the output of one run")
    parser.add_argument("--out", type=Path, default=Path("docs"), help="where the plots go")
    given = parser.parse_args()
    results = [json.loads(file.read_text()) for file in sorted(given.folder.glob("*.json"))]
    mpl.rcParams.update(
        {
            "svg.hashsalt": "profile-grpc",
            "svg.fonttype": "none",
            "font.size": 10,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    soaks = [r for r in results if r.get("soak")]
    rows = [r for r in results if r not in soaks and r.get("workloads")]
    drawn = [
        _save(_against_rows(rows), given.out / "rows.svg") if len({r["rows"] for r in rows}) > 1 else "",
        _save(_soak(soaks[-1]), given.out / "soak.svg") if soaks else "",
    ]
    print("\n".join(filter(None, drawn)) or "plot: no results of several sizes or of a soak in the folder")


def _save(figure: Any, file: Path) -> str:  # noqa: ANN401 - matplotlib has no types
    figure.tight_layout()
    figure.savefig(file, metadata={"Date": None})
    plt.close(figure)
    return str(file)


def _against_rows(results: Sequence[_Result]) -> Any:  # noqa: ANN401
    engines = [engine for engine in _ENGINES if any(r["engine"] == engine for r in results)]
    figure, axes = plt.subplots(1, len(engines), figsize=(5.2 * len(engines), 4), sharey=True, squeeze=False)
    for engine, plot in zip(engines, axes[0], strict=True):
        series: defaultdict[str, list[tuple[float, Sequence[float]]]] = defaultdict(list)
        for result in sorted((r for r in results if r["engine"] == engine), key=lambda r: r["rows"]):
            for workload, measured in result["workloads"].items():
                series[workload].append((result["rows"], [r["rate_ratio"] for r in measured["rounds"]]))
        _lines(plot, series)
        plot.set_xscale("log")
        plot.set_xlabel("profiles stored")
        plot.set_title(_ENGINES[engine])
    axes[0][0].set_ylabel("calls per second, as a part of echo's")
    axes[0][0].set_ylim(bottom=0)
    axes[0][-1].legend(frameon=False, loc="upper left", bbox_to_anchor=(1, 1))
    return figure


def _lines(plot: Axes, series: Mapping[str, Iterable[tuple[float, Sequence[float]]]]) -> None:
    """A line through the medians, and bars from the least to the greatest of the rounds."""
    for name, found in series.items():
        points = list(found)
        middle = [statistics.median(values) for _, values in points]
        bars = [
            [m - min(values) for m, (_, values) in zip(middle, points, strict=True)],
            [max(values) - m for m, (_, values) in zip(middle, points, strict=True)],
        ]
        plot.errorbar(
            [x for x, _ in points], middle, yerr=bars, marker="o", capsize=3, label=name, color=_COLORS.get(name)
        )


def _soak(result: _Result) -> Any:  # noqa: ANN401
    found = result["soak"]["intervals"]
    minutes = [i["minute"] for i in found]
    figure, plots = plt.subplots(3, 1, figsize=(8, 6), sharex=True)
    for plot, (key, label) in zip(
        plots, (("p99_ms", "p99, ms"), ("rss_mb", "memory, MB"), ("rate", "calls per second")), strict=True
    ):
        plot.plot(minutes, [i[key] for i in found], color=_COLORS["heartbeat"])
        plot.set_ylabel(label)
        plot.set_ylim(bottom=0)
    plots[-1].set_xlabel("minutes")
    return figure


if __name__ == "__main__":
    main()
