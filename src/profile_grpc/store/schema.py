"""The schema's revision: upgrades, and the check that a program can use it."""

from __future__ import annotations

import re
from pkgutil import iter_modules
from typing import TYPE_CHECKING

from sqlalchemy import Column, Connection, MetaData, Table, Text, select, update

from profile_grpc.service.ports import StoreError
from profile_grpc.store import engines
from profile_grpc.store.database import Database
from profile_grpc.store.engine import TableMissing
from profile_grpc.store.errors import translated
from profile_grpc.store.migrations import versions
from profile_grpc.store.tasks import to_the_end

if TYPE_CHECKING:
    from alembic.config import Config
    from sqlalchemy.ext.asyncio import AsyncEngine

REVISIONS = tuple(
    sorted(module.name[1:5] for module in iter_modules(versions.__path__) if re.match(r"r\d{4}_", module.name))
)
"""Every revision of the schema, in order, by the names of the modules in migrations/versions. The program is made for
the last one. It also works with later ones that allow it."""

VERSION_TABLE = "schema_revision"
_version = Table(VERSION_TABLE, MetaData(), Column("version_num", Text), Column("oldest_program", Text))
_OLDEST = "oldest_program"
"""The name of a migration's attribute for the oldest revision whose programs can use the schema after it. The default
is its own revision."""


class SchemaError(StoreError):
    """The program cannot use the schema of the database."""


class SchemaTooNew(SchemaError):  # noqa: N818 - an outcome
    """A newer program has migrated the database, and this one cannot use it."""


async def revision(database: Database) -> str:
    """The schema's revision, or empty if there is no schema.

    Raises:
        StoreError.
    """
    try:
        found = await database.fetch(database.prepare(select(_version.c.version_num)))
    except TableMissing:
        return ""
    return found[0][0] if found else ""


async def check(database: Database) -> str:
    """Checks that the program can use the database's schema, and returns the schema's revision.

    Raises:
        SchemaError: the schema is too new, too old, or missing; the error says what to do.
        StoreError: the database cannot be read.
    """
    found = await revision(database)
    if not found:
        raise SchemaError("the database is empty; run: profile-grpc migrate")
    if found not in REVISIONS:
        [(oldest,)] = await database.fetch(database.prepare(select(_version.c.oldest_program)))
        _check_newer(found, oldest)
    elif found != REVISIONS[-1]:
        raise SchemaError(
            f"the database's schema {found} is older than this program needs ({REVISIONS[-1]});"
            " run: profile-grpc migrate"
        )
    return found


async def check_schema(url: str) -> str:
    """As `check`, of the database that the URL names."""
    database = Database(engines.named_by(url).connect(url, pool_size=1))
    try:
        return await check(database)
    finally:
        await database.close()


def _check_newer(found: str, oldest: str | None) -> None:
    """Whether a newer schema allows programs as old as this one."""
    if oldest is None or oldest > REVISIONS[-1]:
        raise SchemaTooNew(
            f"the database's schema {found} is newer than this program can use ({REVISIONS[-1]});"
            " install a newer version"
        )


async def migrate(url: str, *, shards: int | None = None) -> str:
    """Creates the schema or brings it up to date, in one transaction, and returns its revision.

    A newer schema that this program can use stays as it is.

    On a Citus cluster it also distributes the tables: those of a new schema, those of a database that has just become a
    cluster, and those that an earlier version distributed differently.

    `shards`: the number of shards; None: the database's setting `citus.shard_count`. Ignored on other databases. Does
    nothing if the schema is up to date. If several processes migrate at once, one does the work and the others wait.
    Creates the file of an SQLite database, but not its directory.

    Raises:
        SchemaError: the schema is newer than this program can use.
        StoreError: the database cannot be written.
    """
    engine = engines.named_by(url).migrator(url)
    try:
        with translated():
            return await to_the_end(_migrate(engine, shards))
    finally:
        await to_the_end(engine.dispose())


async def _migrate(engine: AsyncEngine, shards: int | None) -> str:
    async with engine.begin() as connection:
        return await connection.run_sync(upgrade, shards=shards)


def upgrade(connection: Connection, revision: str = "head", *, shards: int | None = None) -> str:
    """Migrates in the connection's transaction, as `migrate`."""
    # Imported here because the import is slow and `serve` on an up-to-date database does not need it.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    engine = engines.of(connection)
    engine.lock_migrations(connection)
    if connection.dialect.has_table(connection, VERSION_TABLE):
        found: str | None = connection.execute(select(_version.c.version_num)).scalar()
        if found and found not in REVISIONS:
            _check_newer(found, connection.execute(select(_version.c.oldest_program)).scalar())
            return found
    config = Config()
    config.set_main_option("script_location", "profile_grpc.store:migrations")
    config.attributes["connection"] = connection
    if revision == "head":
        engine.gather(connection)
    command.upgrade(config, revision)
    if revision == "head":
        connection.execute(update(_version).values(oldest_program=oldest_program(config)))
        engine.spread(connection, shards)
    reached: str = connection.execute(select(_version.c.version_num)).scalar_one()
    return reached


def oldest_program(config: Config) -> str:
    """The oldest revision whose programs can use the newest schema: every later migration allows them."""
    from alembic.script import ScriptDirectory  # noqa: PLC0415

    scripts = ScriptDirectory.from_config(config).walk_revisions()
    return max(getattr(script.module, _OLDEST, script.revision) for script in scripts)
