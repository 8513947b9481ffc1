"""The encrypted secrets of every table that declares some (K2)."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

from sqlalchemy import Column, Table, select, update

from profile_grpc.service.resealing import SealedRow
from profile_grpc.service.vault import is_sealed
from profile_grpc.store import parameters, tables
from profile_grpc.store.database import Database


class SqlSealed:
    """The port `SealedStore`. The primary keys of these tables are texts, and begin with the app or the tenant."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._tables = {table.name: _Secrets(database, table, column) for table, column in tables.WITH_SECRETS}

    async def sealed(self) -> AsyncIterator[SealedRow]:
        """Those of one app, or tenant, are read at once."""
        for name, secrets in self._tables.items():
            owners = await self._database.fetch(secrets.owners)
            for owner in sorted(owner for (owner,) in owners):
                for *key, text in await self._database.fetch(secrets.of_owner, owner=owner):
                    if is_sealed(text):
                        yield SealedRow(name, tuple(key), text)

    async def replace(self, row: SealedRow, sealed: str) -> bool:
        key = {f"key_{n}": value for n, value in enumerate(row.key)}
        statement = self._tables[row.table].replace
        return bool(await self._database.execute(statement, seen=row.sealed, resealed=sealed, **key))


class _Secrets:
    """The statements of one table."""

    def __init__(self, database: Database, table: Table, column: Column[Any]) -> None:
        key = list(table.primary_key)
        owner = key[0]
        self.owners = database.prepare(select(owner).distinct())
        self.of_owner = database.prepare(select(*key, column).where(owner == parameters.text("owner")))
        same = [one == parameters.text(f"key_{n}") for n, one in enumerate(key)]
        self.replace = database.prepare(
            update(table).values({column: parameters.text("resealed")}).where(*same, column == parameters.text("seen"))
        )
