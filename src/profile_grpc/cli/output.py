"""The output of commands: tables for people and JSON for programs on stdout, everything else on stderr."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, TextIO

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

_WIDTH_OF_A_FILE = 10_000
_BEYOND_ASCII = r"\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069"
_CONTROL = re.compile(rf"[\x00-\x1f{_BEYOND_ASCII}]")
"""Control characters, which a terminal would interpret: a device may have sent them."""
_CONTROL_IN_JSON = re.compile(f"[{_BEYOND_ASCII}]")
"""Those that JSON does not escape itself."""


def note(text: str) -> None:
    """One line for people, on stderr."""
    typer.echo(text, err=True)


def line(text: str) -> None:
    """One line of the result, on stdout."""
    typer.echo(text)


def document(content: object) -> None:
    """The result as JSON. Instants are RFC 3339 in UTC."""
    typer.echo(json.dumps(content, indent=2, default=_plain))


def result(content: object, text: str, *, as_json: bool) -> None:
    """The result: as JSON, or as one line for people."""
    if as_json:
        document(content)
    else:
        line(text)


def on_terminal() -> bool:
    """Whether stdout is a terminal."""
    return sys.stdout.isatty()


def json_text(text: str) -> str:
    """JSON as it is, or on a terminal without control characters, which are escaped."""
    return _CONTROL_IN_JSON.sub(lambda found: f"\\u{ord(found[0]):04x}", text) if on_terminal() else text


def printable(text: str) -> str:
    """The text without control characters, which are escaped."""
    return _CONTROL.sub(lambda found: repr(found[0])[1:-1], text)


def table(columns: Sequence[str], rows: Sequence[Sequence[object]], *, empty: str) -> None:
    """The result as a table; without rows, `empty` is printed on stderr."""
    if not rows:
        note(empty)
        return
    from rich import box
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for column, sample in zip(columns, rows[0], strict=True):
        number = isinstance(sample, int | float) and not isinstance(sample, bool)
        shown.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in rows:
        shown.add_row(*(Text(human(value)) for value in row))
    _console(sys.stdout).print(shown)


def facts(pairs: Mapping[str, object]) -> None:
    """The result as lines of name and value."""
    from rich.table import Table
    from rich.text import Text

    shown = Table(box=None, show_header=False, pad_edge=False)
    shown.add_column(no_wrap=True)
    shown.add_column(overflow="fold")
    for name, value in pairs.items():
        shown.add_row(Text(name), Text(human(value)))
    _console(sys.stdout).print(shown)


def human(value: object) -> str:
    """A value in a form for people."""
    match value:
        case None:
            return "-"
        case bool():
            return "yes" if value else "no"
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}Z"
        case _:
            return printable(str(value))


class ProgressLine:
    """A progress line on the terminal."""

    def __init__(self, progress: Progress, what: str) -> None:
        self._progress = progress
        self._task = progress.add_task(what, total=None, done="")

    def update(self, done: str) -> None:
        self._progress.update(self._task, done=done)


@contextmanager
def working(what: str) -> Iterator[ProgressLine]:
    """Shows on stderr, if it is a terminal, that the block is running and for how long."""
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(file=sys.stderr)
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.fields[done]}"),
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        yield ProgressLine(progress, what)


def _console(stream: TextIO) -> Console:
    """A console that never truncates output to a file or a pipe."""
    from rich.console import Console

    return Console(file=stream, highlight=False, width=None if stream.isatty() else _WIDTH_OF_A_FILE)


def _plain(value: object) -> str:
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return str(value)
