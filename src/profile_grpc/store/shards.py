"""Which shard of a cluster holds an app, and which nodes cannot be reached."""

from __future__ import annotations

from collections.abc import Sequence
from time import monotonic

from sqlalchemy import Integer, Text, column, func, literal_column, select, table

from profile_grpc.store import parameters, tables
from profile_grpc.store.database import Database

_REMEMBERED = 60.0
"""Seconds. If a shard is split in the meantime, a batch may contain apps of two shards for a while."""

_partition = table("pg_dist_partition", column("logicalrelid"))
_node = table("pg_dist_node", column("nodename", Text()), column("nodeport", Integer()), column("shouldhaveshards"))


class Shards:
    """The shards of the apps, at most a minute old."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._known: dict[str, tuple[int, float]] = {}
        self.serve_any = True
        """Whether some app can be served, according to the latest `missing_nodes`."""
        relation = _partition.c.logicalrelid
        self._find = database.prepare(
            select(func.get_shard_id_for_distribution_column(relation, parameters.text("app_id")))
            .select_from(_partition)
            .where(relation == func.to_regclass(tables.profile.name))
        )
        reachable = func.citus_check_connection_to_node(_node.c.nodename, _node.c.nodeport)
        self._missing = database.prepare(
            select(_node.c.nodename.concat(":").concat(_node.c.nodeport))
            .where(_node.c.shouldhaveshards, reachable.is_(literal_column("false")))
            .order_by(_node.c.nodename, _node.c.nodeport)
        )
        self._nodes = database.prepare(select(func.count()).select_from(_node).where(_node.c.shouldhaveshards))

    async def of(self, app_id: str) -> int:
        """The number of the app's shard; 0 for every app if there are no shards.

        Raises:
            StoreUnavailable.
        """
        if not self._database.engine.is_spread:
            return 0
        shard, until = self._known.get(app_id, (0, 0.0))
        now = monotonic()
        if now > until:
            found = await self._database.fetch(self._find, app_id=app_id)
            shard = found[0][0] if found else 0
            self._known[app_id] = (shard, now + _REMEMBERED)
        return shard

    async def missing_nodes(self) -> Sequence[str]:
        """The nodes that hold apps and cannot be reached from the coordinator, as `host:port`.

        Raises:
            StoreUnavailable: the coordinator cannot be reached.
        """
        if not self._database.engine.is_spread:
            self.serve_any = True
            return []
        missing = [node for (node,) in await self._database.fetch(self._missing)]
        [[nodes]] = await self._database.fetch(self._nodes)
        self.serve_any = len(missing) < int(nodes) or not missing
        return missing
