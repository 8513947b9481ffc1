"""Commands with plain-text help: it is not parsed as markup, not truncated, and needs no slow import."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup

_OPTIONS = "Options"


def _write_options(command: Any, context: Any, formatter: Any) -> None:  # noqa: ANN401 - click's classes are typer's own
    """The arguments, and the options under their headings (`rich_help_panel`)."""
    sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], _OPTIONS: []}
    for parameter in command.get_params(context):
        record = parameter.get_help_record(context)
        if record is not None:
            argument = parameter.param_type_name == "argument"
            heading = "Arguments" if argument else getattr(parameter, "rich_help_panel", None) or _OPTIONS
            sections.setdefault(heading, []).append(record)
    for heading, records in sections.items():
        if records:
            with formatter.section(heading):
                formatter.write_dl(records)


class Command(TyperCommand):
    """A command with its options under headings."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # type: ignore[explicit-override]  # noqa: ANN401
        """Called by typer."""
        _write_options(self, ctx, formatter)


class Group(TyperGroup):
    """A group of commands with its own options under headings."""

    def format_options(self, ctx: Any, formatter: Any) -> None:  # type: ignore[explicit-override]  # noqa: ANN401
        """Called by typer."""
        _write_options(self, ctx, formatter)
        self.format_commands(ctx, formatter)


@dataclass(frozen=True, slots=True)
class Lazy:
    """A command, or a group of them, that is imported when it is called."""

    module: str
    name: str
    summary: str
    """Its line in the help of its group: the first sentence of its own help."""

    def load(self, name: str) -> Any:  # noqa: ANN401 - click's class is typer's own
        """The command, as `name`."""
        found = getattr(importlib.import_module(self.module), self.name)
        parent = typer.Typer(add_completion=False, rich_markup_mode=None)
        if isinstance(found, typer.Typer):
            parent.add_typer(found, name=name)
        else:
            parent.command(name, cls=Command)(found)
        parent.callback()(lambda: None)  # a group, however many commands there are
        return typer.main.get_group(parent).commands[name]


class LazyGroup(Group):
    """The program: its help lists the commands without importing them."""

    lazy: dict[str, Lazy]

    def list_commands(self, ctx: Any) -> list[str]:  # type: ignore[explicit-override]  # noqa: ANN401, ARG002
        """In the order of the list."""
        return list(self.lazy)

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # type: ignore[explicit-override]  # noqa: ANN401, ARG002
        """The command, imported now."""
        found = self.lazy.get(cmd_name)
        return found.load(cmd_name) if found else None

    def format_commands(self, ctx: Any, formatter: Any) -> None:  # type: ignore[explicit-override]  # noqa: ANN401, ARG002
        """Called by typer for the help."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, entry.summary) for name, entry in self.lazy.items()])
