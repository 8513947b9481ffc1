"""The spans of statements, named and described by OpenTelemetry's conventions for databases."""

from __future__ import annotations

import re
from functools import lru_cache

from profile_grpc.store.engine import Prepared
from profile_grpc.telemetry.tracing import Attributes, Kind, Span

_WRITES = re.compile(r"\b(INSERT) INTO (\w+)|\b(UPDATE) (\w+)|\b(DELETE) FROM (\w+)")
_READS = re.compile(r"\b(SELECT) (\w+)\.")
"""By the first column: what follows FROM may be the given rows."""
_OTHER_READS = re.compile(r"\b(SELECT)\b.*?\bFROM (\w+)", re.DOTALL)
_LONGEST_TEXT = 2000
_TEXTS = 1024
"""How many statements are remembered: more than the program has."""


def begin_statement(caller: Span, engine: str, statement: Prepared | str) -> Span:
    """The span of a statement that the database executes for the caller. Its text has placeholders, never values."""
    name, attributes = _described(engine, statement if isinstance(statement, str) else statement.sql)
    return caller.child(name, Kind.CLIENT, attributes)


@lru_cache(_TEXTS)
def _described(engine: str, text: str) -> tuple[str, Attributes]:
    found = _WRITES.search(text) or _READS.search(text) or _OTHER_READS.search(text)
    operation, *tables = [part for part in found.groups() if part is not None] if found else text.split(maxsplit=1)[:1]
    attributes = {
        "db.system.name": engine.lower(),
        "db.operation.name": operation,
        "db.query.summary": " ".join([operation, *tables]),
        "db.query.text": text[:_LONGEST_TEXT],
    }
    if tables:
        attributes["db.collection.name"] = tables[0]
    return attributes["db.query.summary"], attributes
