"""The engines, and the choice of one by the URL. To add an engine, write its module and add it to `ENGINES`."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from importlib import import_module
from urllib.parse import unquote

from sqlalchemy import Connection

from profile_grpc.service.ports import StoreError
from profile_grpc.store.engine import EngineKind


class EngineEntry:
    """An engine, whose module and driver are imported when a database of its kind is first named."""

    def __init__(self, module: str, name: str, schemes: Sequence[str], url_form: str) -> None:
        """`schemes`: of its URLs, the first is also its SQLAlchemy dialect; `url_form`: how they begin."""
        self._module = module
        self._name = name
        self.schemes = schemes
        self.url_form = url_form

    @cached_property
    def kind(self) -> EngineKind:
        """The engine."""
        kind: EngineKind = getattr(import_module(self._module), self._name)
        return kind

    @property
    def is_loaded(self) -> bool:
        """Whether a database of this kind was named. If not, no error is its driver's."""
        return "kind" in vars(self)


ENGINES: Sequence[EngineEntry] = (
    EngineEntry("profile_grpc.store.sqlite", "Sqlite", ("sqlite",), "sqlite:///"),
    EngineEntry("profile_grpc.store.postgresql", "Postgresql", ("postgresql", "postgres"), "postgresql://"),
)


def named_by(url: str) -> EngineKind:
    """The engine whose URL this is.

    Raises:
        StoreError: none's. The text repeats nothing of it but the scheme: the rest may be a password.
    """
    if "\x00" in unquote(url):
        raise StoreError("a database URL holds the character NUL")
    scheme, separator, _ = url.partition("://")
    scheme = scheme.partition("+")[0].lower()
    found = next((engine for engine in ENGINES if separator and scheme in engine.schemes), None)
    if found is None:
        kind = f"not {scheme}://…" if separator else "and this has no scheme"
        raise StoreError(f"a database URL begins with {' or '.join(engine.url_form for engine in ENGINES)}, {kind}")
    return found.kind


def of(connection: Connection) -> EngineKind:
    """The engine that the connection is one of."""
    return next(engine for engine in ENGINES if connection.dialect.name in engine.schemes).kind
