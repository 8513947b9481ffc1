"""`profile-grpc migrate`: the schema."""

from __future__ import annotations

import asyncio
from typing import Annotated

import typer

from profile_grpc import config
from profile_grpc.cli import options, output


def migrate(
    *,
    database_url: options.DatabaseUrl = None,
    citus_shards: Annotated[
        int | None,
        options.command_option(
            "--citus-shards",
            "Shards of each table that is distributed now: at least as many as there will ever be nodes.",
            show_default="the database's setting citus.shard_count",
            min=1,
            max=64_000,
        ),
    ] = None,
    wait: Annotated[
        bool,
        options.command_option(
            "--wait", "Change nothing: wait until the database can be reached and its schema can be used."
        ),
    ] = False,
    as_json: options.Json = False,
) -> None:
    """Create the schema, or bring it up to date; on Citus, distribute the tables. Repeating it changes nothing.

    JSON: {database, revision}.
    """
    from profile_grpc.store import migrate as migrate_schema

    url = options.database_url(database_url)
    if wait:
        _wait(url, as_json=as_json)
        return
    if config.is_sqlite(url):
        config.prepare_sqlite_file(url)
    with output.working("migrating"):
        revision = asyncio.run(migrate_schema(url, shards=citus_shards))
    _show(url, revision, as_json=as_json)


def _wait(url: str, *, as_json: bool) -> None:
    """For a server that may start before the schema is there, in an orchestrator: see deploy/helm."""
    from profile_grpc.bootstrap.schema import wait_for_schema

    if config.is_sqlite(url):
        raise typer.BadParameter("--wait is for PostgreSQL; `serve` migrates a SQLite file itself")
    revision = asyncio.run(wait_for_schema(url, output.note))
    _show(url, revision, as_json=as_json)


def _show(url: str, revision: str, *, as_json: bool) -> None:
    shown = config.display_url(url)
    text = f"{shown} has schema revision {revision}, which this program works on"
    output.result({"database": shown, "revision": revision}, text, as_json=as_json)
