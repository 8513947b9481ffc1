"""The schema's revision: bringing it up to date, and refusing to work on any other."""

from __future__ import annotations

from sqlalchemy import Column, Connection, MetaData, Table, Text, select
from sqlalchemy.ext.asyncio import AsyncEngine

from profile_grpc.service.ports import StoreError
from profile_grpc.store import engines
from profile_grpc.store.database import Database
from profile_grpc.store.engine import TableMissing
from profile_grpc.store.errors import translated
from profile_grpc.store.tasks import to_the_end

REVISIONS = ("0001", "0002", "0003")
"""Every revision of the schema in order; those of migrations/versions. The program works on the last one only."""

VERSION_TABLE = "schema_revision"
_version = Table(VERSION_TABLE, MetaData(), Column("version_num", Text))


class SchemaError(StoreError):
    """The database's schema is not the one this program works on."""


async def revision(database: Database) -> str:
    """The schema's revision, or empty where there is no schema.

    Raises:
        StoreError.
    """
    try:
        found = await database.fetch(database.prepare(select(_version.c.version_num)))
    except TableMissing:
        return ""
    return found[0][0] if found else ""


async def check_schema(url: str) -> None:
    """Makes sure that the program works on the database's schema.

    Raises:
        SchemaError: it is newer, older, or not there; says what to do.
        StoreError: the database cannot be read.
    """
    database = Database(engines.connect(url, pool_size=1))
    try:
        _check(await revision(database))
    finally:
        await database.close()


def _check(found: str) -> None:
    if not found:
        raise SchemaError("the database is empty; run: profile-grpc migrate")
    _check_known(found)
    if found != REVISIONS[-1]:
        raise SchemaError(
            f"the database's schema {found} is older than this program needs ({REVISIONS[-1]});"
            " run: profile-grpc migrate"
        )


def _check_known(found: str) -> None:
    if found and found not in REVISIONS:
        raise SchemaError(
            f"the database's schema {found} is newer than this program knows ({REVISIONS[-1]}); install a newer version"
        )


async def migrate(url: str) -> str:
    """Creates the schema or brings it up to date, in one transaction, and answers its revision.

    Does nothing where there is nothing to do. Of several processes that do it at once, one does and the others wait.
    Creates the file of an SQLite database, but not its directory.

    Raises:
        SchemaError: the schema is newer than this program.
        StoreError: the database cannot be written.
    """
    engine = engines.named_by(url).migrator(url)
    try:
        with translated():
            await to_the_end(_migrate(engine))
    finally:
        await to_the_end(engine.dispose())
    return REVISIONS[-1]


async def _migrate(engine: AsyncEngine) -> None:
    async with engine.begin() as connection:
        await connection.run_sync(upgrade)


def upgrade(connection: Connection, revision: str = "head") -> None:
    """Migrates in the connection's transaction."""
    # Imported here: `serve` on an up-to-date database has no use for it, and it takes a while.
    from alembic import command  # noqa: PLC0415
    from alembic.config import Config  # noqa: PLC0415

    engine = engines.of(connection)
    engine.lock_migrations(connection)
    if connection.dialect.has_table(connection, VERSION_TABLE):
        _check_known(connection.execute(select(_version.c.version_num)).scalar() or "")
    config = Config()
    config.set_main_option("script_location", "profile_grpc.store:migrations")
    config.attributes["connection"] = connection
    command.upgrade(config, revision)
    engine.distribute(connection)
