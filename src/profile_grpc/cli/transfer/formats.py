"""The formats of files: JSON Lines, Parquet, and the exports of other systems."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, BinaryIO

import typer

from profile_grpc import converters
from profile_grpc.cli import settings
from profile_grpc.cli.transfer import entries, parquet
from profile_grpc.cli.transfer.entries import Entries, Entry
from profile_grpc.domain.push_endpoints import ApnsEnvironment

JSON_LINES, PARQUET = "jsonl", "parquet"
_ENVIRONMENT = "apns_environment"


@dataclass(frozen=True, slots=True)
class Format:
    """How to read a file."""

    unit: str
    """What an entry is."""
    read: Callable[[BinaryIO], Entries]


_OWN = {JSON_LINES: Format("line", entries.json_lines), PARQUET: Format("row", parquet.rows)}
_TO_SET = tuple(field.name for field in fields(converters.Options) if field.name not in {"app_id", "now"})


def names() -> Sequence[str]:
    """Of every format that can be read."""
    return [*_OWN, *converters.CONVERTERS]


def find(name: str | None, file: str, sets: Sequence[str], app_id: str) -> Format:
    """The format of that name or, without one, by the ending of the file; a usage error if there is none.

    `sets`: what an export of another system does not say, as `name=value`.
    """
    if name is None:
        name = PARQUET if file.endswith(".parquet") else JSON_LINES
    if name in _OWN:
        if sets:
            raise typer.BadParameter(f"there is nothing to set for {name}", param_hint="--set")
        return _OWN[name]
    if name not in converters.CONVERTERS:
        raise typer.BadParameter(f"there is no format {name!r}; there are {', '.join(names())}", param_hint="--format")
    if not app_id:
        raise typer.BadParameter(f"{name} has profiles; give --app", param_hint="--format")
    options = converters.Options(app_id=app_id, now=datetime.now(UTC))
    for given in sets:
        options = _set(options, given)
    return Format("entry", partial(_converted, converters.CONVERTERS[name], options))


def _set(options: converters.Options, given: str) -> converters.Options:
    name, equals, value = given.partition("=")
    if not equals or name not in _TO_SET:
        raise typer.BadParameter(f"give NAME=VALUE; the names are {', '.join(_TO_SET)}", param_hint="--set")
    if name == _ENVIRONMENT:
        return replace(options, apns_environment=settings.choice(ApnsEnvironment, value))
    return replace(options, **{name: value})  # type: ignore[arg-type]  # the others are texts


def _converted(convert: converters.Converter, options: converters.Options, stream: BinaryIO) -> Entries:
    for outcome in convert(stream, options):
        if isinstance(outcome, converters.Converted):
            yield Entry(outcome.number, outcome.record, notes=tuple(note.value for note in outcome.notes))
        else:
            skipped = isinstance(outcome, converters.Skipped)
            yield Entry(outcome.number, None, outcome.reason.value, outcome.description, skipped=skipped)


def note(ignored: Any) -> str:  # noqa: ANN401 - IgnoredRecordValue
    """What is counted of a value that was not stored."""
    from appprofile.v1.profile_service_pb2 import IgnoredReason

    reason = IgnoredReason.Name(ignored.value.reason).removeprefix("IGNORED_REASON_")
    path = str(ignored.value.path)
    return f"{path.partition('[')[0]}: {reason}"
