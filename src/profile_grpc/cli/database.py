"""`profile-grpc migrate`: the schema."""

from __future__ import annotations

import asyncio
from typing import Annotated

from profile_grpc import config
from profile_grpc.cli import options, output


def migrate(
    *,
    database_url: options.DatabaseUrl = None,
    citus_shards: Annotated[
        int | None,
        options.command_option(
            "--citus-shards",
            help="Shards of each table that is distributed now: at least as many as there will ever be nodes.",
            show_default="the database's setting citus.shard_count",
            min=1,
            max=64_000,
        ),
    ] = None,
    as_json: options.Json = False,
) -> None:
    """Create the schema, or bring it up to date; on Citus, distribute the tables. Repeating it changes nothing.

    JSON: {database, revision}.
    """
    from profile_grpc.store import migrate as migrate_schema

    url = options.database_url(database_url)
    if config.is_sqlite(url):
        config.prepare_sqlite_file(url)
    with output.working("migrating"):
        revision = asyncio.run(migrate_schema(url, shards=citus_shards))
    shown = config.display_url(url)
    if as_json:
        output.document({"database": shown, "revision": revision})
    else:
        output.line(f"{shown} has schema revision {revision}, which this program works on")
