"""The tables of docs/operations/configure.md: the options of serving processes, as the program defines them."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

from profile_grpc.cli.root import COMMANDS

PAGE = Path(__file__).parents[2] / "docs/operations/configure.md"
_BEGIN, _END = "<!-- generated: {} -->", "<!-- end -->"
_HEAD = "| option | variable | default | meaning |\n|---|---|---|---|\n"


def page(text: str) -> str:
    """The page with its tables made anew."""
    for command in ("serve", "bridge"):
        begin = _BEGIN.format(command)
        before, _, rest = text.partition(begin)
        _, _, after = rest.partition(_END)
        text = f"{before}{begin}\n\n{_tables(command)}\n{_END}{after}"
    return text


def _tables(command: str) -> str:
    panels: defaultdict[str, list[str]] = defaultdict(list)
    for parameter in COMMANDS[command].load(command).params:
        if isinstance(parameter.envvar, str):
            panels[getattr(parameter, "rich_help_panel", None) or "General"].append(_row(parameter))
    return "\n".join(f"### {_anchored(command, panel)}\n\n{_HEAD}{''.join(rows)}" for panel, rows in panels.items())


def _anchored(command: str, panel: str) -> str:
    return f"{panel} (`{command}`)"


def _row(parameter: Any) -> str:  # noqa: ANN401 - click's class is typer's own
    value = f" {parameter.metavar}" if parameter.metavar else ""
    flags = " ".join(f"`{flag}{value}`" for flag in (*parameter.opts, *parameter.secondary_opts))
    cells = (flags, f"`{parameter.envvar}`", _default(parameter), " ".join((parameter.help or "").split()))
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |\n"


def _default(parameter: Any) -> str:  # noqa: ANN401 - as `_row`
    if isinstance(parameter.show_default, str):
        return parameter.show_default
    default = getattr(parameter.default, "value", parameter.default)
    if default is None or default == []:
        return ""
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
