"""Parquet: a column for each field of a record, by its path; lists and maps are JSON texts.

`pyarrow` is needed: the extra `parquet` of the package.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, BinaryIO

from google.protobuf.descriptor import Descriptor, FieldDescriptor

from profile_grpc.cli.errors import CommandFailed
from profile_grpc.cli.transfer.entries import MALFORMED, Entries, Entry, decode

_BATCH = 1000
_TIMESTAMP = "google.protobuf.Timestamp"
_LISTS = frozenset({"channels", "pushEndpoints", "deviceAttributes", "customAttributes", "attributes"})
"""The fields that are JSON texts."""


def rows(stream: BinaryIO) -> Entries:
    """The record of each row.

    Raises:
        CommandFailed: it is no Parquet file, or pyarrow is missing.
    """
    arrow = _arrow()
    try:
        number = 0
        for batch in arrow.parquet.ParquetFile(stream).iter_batches(batch_size=_BATCH):
            for row in batch.to_pylist():
                number += 1
                yield _entry(number, row)
    except (arrow.ArrowException, OSError) as error:
        raise CommandFailed(f"this is no Parquet file that can be read: {type(error).__name__}") from None


def columns(record: Descriptor, path: str = "") -> Iterator[tuple[str, FieldDescriptor]]:
    """The columns of a record: the paths of its fields in JSON names, such as `profile.key.userId`."""
    for field in record.fields:
        inner = field.message_type
        if inner is None or field.is_repeated or inner.full_name == _TIMESTAMP:
            yield path + field.json_name, field
        else:
            yield from columns(inner, f"{path}{field.json_name}.")


class ParquetSink:
    """Writes records as row groups. The file is complete at its end only, so an interrupted export begins anew."""

    def __init__(self, path: str, record: Descriptor) -> None:
        """`record`: the type of the records."""
        self._arrow = _arrow()
        bool_, text = self._arrow.bool_(), self._arrow.string()
        self._schema = self._arrow.schema(
            [
                (name, bool_ if field.type == FieldDescriptor.TYPE_BOOL and not field.is_repeated else text)
                for name, field in columns(record)
            ]
        )
        Path(path).touch(mode=0o600)  # tokens are in it
        self._writer = self._arrow.parquet.ParquetWriter(path, self._schema, compression="zstd")

    def write(self, records: Sequence[Mapping[str, Any]]) -> None:
        """Writes a row group."""
        flat = [dict(_flat(record)) for record in records]
        self._writer.write_table(self._arrow.Table.from_pylist(flat, schema=self._schema))

    def end_part(self) -> int:
        """0: nothing is complete before the end."""
        return 0

    def close(self) -> None:
        """Completes the file."""
        self._writer.close()


def _flat(record: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, object]]:
    for name, value in record.items():
        if name in _LISTS:
            yield path + name, json.dumps(value, sort_keys=True, ensure_ascii=False)
        elif isinstance(value, dict):
            yield from _flat(value, f"{path}{name}.")
        else:
            yield path + name, value if isinstance(value, bool) else str(value)


def _entry(number: int, row: Mapping[str, Any]) -> Entry:
    record: dict[str, Any] = {}
    for path, value in row.items():
        if value is None:
            continue
        *outer, name = path.split(".")
        inside = record
        for step in outer:
            inside = inside.setdefault(step, {})
            if not isinstance(inside, dict):
                return Entry(number, None, MALFORMED, "has a column whose path leads through another")
        try:
            inside[name] = _plain(name, value)
        except (ValueError, RecursionError):
            return Entry(number, None, MALFORMED, f"has no JSON in the column {path[:100]}")
    return Entry(number, record)


def _plain(name: str, value: object) -> object:
    """The value as JSON has it. Other writers use times of Parquet."""
    if isinstance(value, datetime):
        aware = value if value.tzinfo is not None else value.replace(tzinfo=UTC)
        return aware.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if name in _LISTS and isinstance(value, str):
        return decode(value)
    return value


def _arrow() -> Any:  # noqa: ANN401 - pyarrow has no types
    try:
        import pyarrow  # noqa: ICN001 - `pa` says nothing
        import pyarrow.parquet
    except ImportError:
        raise CommandFailed("Parquet needs pyarrow: pip install 'profile-grpc[parquet]'") from None
    return pyarrow
