"""Distributes the tables over the nodes of a Citus cluster: see docs/adr/0040.

All tables of an app are distributed by `app_id`, those of a tenant by `tenant_id`, and all are co-located. So an app is
on one shard, a tenant is on one, and each commit takes place on one node. The other tables stay on the coordinator,
through which every statement passes anyway.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sqlalchemy import Connection, text

from profile_grpc.service.ports import StoreError
from profile_grpc.store import tables

_OF_APP = "app_id"


class Placed(NamedTuple):
    """How Citus stores a table."""

    by: str
    """The column that it is distributed by; empty: it is on every node."""
    shards: int


def gather(connection: Connection) -> None:
    """Moves tables that an earlier version distributed differently back to the coordinator, with their rows.

    Call it before the migrations, which may make changes that Citus does not allow on a distributed table.
    """
    if not _is_cluster(connection):
        return
    for name, placed in _placed(connection).items():
        if placed.by != tables.distributed_by(tables.metadata.tables[name]):
            connection.execute(text("SELECT undistribute_table(:name)"), {"name": name})


def spread(connection: Connection, shards: int | None) -> None:
    """Distributes the tables that are not yet distributed, with their rows.

    Args:
        connection: in a transaction; tables and rows stay as they are if it fails.
        shards: the number of shards; None: the setting `citus.shard_count`.

    Raises:
        StoreError: the tables already have another number of shards.
    """
    if not _is_cluster(connection):
        return
    placed = _placed(connection)
    # Co-located, also what is of a tenant with what is of an app: a change of a customer leaves an event, and both are
    # on the shard of the tenant's id.
    known = next((table.name for table, by in tables.DISTRIBUTED if by == _OF_APP and table.name in placed), None)
    if known is not None and shards not in (None, placed[known].shards):
        raise StoreError(f"the tables have {placed[known].shards} shards already; docs/operations/citus.md tells more")
    for table, column in tables.DISTRIBUTED:
        name = table.name
        if name not in placed:
            _distribute(connection, name, column, neighbour=known, shards=shards if known is None else None)
        known = known or name


def _distribute(connection: Connection, name: str, column: str, *, neighbour: str | None, shards: int | None) -> None:
    connection.execute(
        text("SELECT create_distributed_table(:name, :column, colocate_with => :neighbour, shard_count => :shards)"),
        {"name": name, "column": column, "neighbour": neighbour or "none", "shards": shards},
    )
    # The rows were copied to the shards. The table on the coordinator still contains them, invisible to statements.
    connection.execute(text("SELECT truncate_local_data_after_distributing_table(:name)"), {"name": name})


def _placed(connection: Connection) -> Mapping[str, Placed]:
    """How Citus stores the tables of the schema, except those that are only on the coordinator."""
    found = connection.execute(
        text(
            "SELECT logicalrelid::text, coalesce(column_to_column_name(logicalrelid, partkey), ''),"
            " (SELECT count(*) FROM pg_dist_shard WHERE pg_dist_shard.logicalrelid = p.logicalrelid)"
            " FROM pg_dist_partition AS p"
        )
    )
    return {name: Placed(by, shards) for name, by, shards in found if name in tables.metadata.tables}


def _is_cluster(connection: Connection) -> bool:
    """Whether the database has the Citus extension."""
    return bool(connection.execute(text("SELECT 1 FROM pg_extension WHERE extname = 'citus'")).scalar())
