"""Decides from the text of a statement whether Citus accepts it, for tests without a cluster.

It reads the SQL that SQLAlchemy writes, in which keywords are in capitals and names are not. What Citus takes was tried
on a cluster (Citus 13.2): look-ups and guarded writes joined to `unnest`, across shards; ADR 0010 has the table.
Whatever is of another form is refused here until somebody has tried it.
"""

import re
from collections.abc import Sequence
from functools import cache
from itertools import pairwise

from profile_grpc.store.tables import DISTRIBUTED, metadata

DISTRIBUTED_BY = {table.name: column for table, column in DISTRIBUTED}
_TABLES = metadata.tables.keys()
# What is meant to ask every shard: numbers that each of them adds up, the ids of apps one after another, the events of
# all apps, which webhooks are to be delivered, and what only tests do, to read whole tables. All else names its app, or
# its tenant, by value, so that one shard is asked.
_EVERY_SHARD = re.compile(
    r"SELECT profile_count\.app_id, .*sum\(profile_count\.profiles\).* GROUP BY"
    r"|SELECT max\(profile\.last_heartbeat_time\) AS \w+, max\(profile\.register_time\) AS \w+ FROM profile$"
    r"|SELECT min\((\w+)\.app_id\) AS \w+ FROM \1 WHERE \1\.app_id > \$"
    r"|SELECT webhook\.tenant_id, webhook\.webhook_id FROM webhook WHERE webhook\.state = 1$"
    r"|SELECT [\w., ]+ FROM event ORDER BY [\w., ]+ LIMIT \$"
    r"|SELECT [\w., ]+ FROM event_log WHERE event_log\.position > \S+ AND event_log\.position <= \S+ ORDER BY \S+$"
    r"|SELECT (min|max)\(event_log\.\w+\) AS \w+ FROM event_log( WHERE event_log\.position_time >= \S+)?$"
    r"|(UPDATE event_log SET position_time=\S+|DELETE FROM event_log) WHERE event_log\.\w+ (>|<=) \S+$"
    r"|(SELECT [\w., ]+|DELETE) FROM \w+$"
    r"|SELECT 1 FROM \w+ WHERE false$"  # which asks no shard
)
# What a sequencer executes on one server only: on a cluster, its events pass through the process (`store.events`).
_ON_ONE_SERVER = re.compile(
    r"SELECT count\(\*\) AS \w+, min\(waiting\.time\) AS \w+ FROM \(SELECT event\.time AS time FROM event ORDER BY"
    r"|INSERT INTO event_log .* FROM event ORDER BY "
    r"|DELETE FROM event USING \(SELECT event_log\."
)
# Immutable, or aggregates that Citus computes for each shard and then combines.
_FUNCTIONS = {"unnest", "string_to_array", "nullif", "count", "sum", "max", "min", "coalesce"} | {
    "json_array_elements",
    "length",
    "ltrim",
    "replace",
}
# The aliases of given rows have a list of columns, which looks like a call.
_CALL = re.compile(r"(?<!AS )\b([a-z_]\w*)\(")
_TABLE = re.compile(r"\b(?:FROM|JOIN|USING|INTO|UPDATE) ([a-z_]+)(?![\w(])")
_CLOCK = re.compile(r"\b(CURRENT_TIMESTAMP|CURRENT_DATE|CURRENT_TIME|LOCALTIMESTAMP|LOCALTIME|CURRENT_USER)\b")
_LOCK = re.compile(r"\bFOR (NO KEY UPDATE|UPDATE|KEY SHARE|SHARE)\b")
_OUTER = re.compile(r"\b(LEFT|RIGHT|FULL)\b.*\bJOIN\b")
_CONFLICT = re.compile(r"ON CONFLICT \(([^)]*)\)")
_PASSES_OVER = re.compile(r"INSERT .*SELECT .*ON CONFLICT .*(DO NOTHING|DO UPDATE .* WHERE )")
_ASSIGNED = re.compile(r"(?:SET |, )([a-z_]+) ?=")


@cache
def refusals(statement: str) -> Sequence[str]:
    """Why Citus would refuse the statement, or would move whole tables for it; nothing if it takes it."""
    sql = " ".join(statement.split())
    if _ON_ONE_SERVER.match(sql):
        return ()
    named = [name for name in _TABLE.findall(sql) if name in _TABLES]
    tables = [name for name in named if name in DISTRIBUTED_BY]
    found = [f"{lock[0]} across shards" for lock in _LOCK.finditer(sql)]
    if tables:
        found += _of_distributed_tables(sql, tables)
    if sql.startswith(("BEGIN", "COMMIT", "ROLLBACK", "SET LOCAL", "DISCARD", "SELECT", "WITH seen AS (SELECT")):
        return found
    if not re.match(r"(INSERT INTO|UPDATE|DELETE FROM) ", sql) or not named:
        return [*found, "no form that was tried"]
    return found


def _of_distributed_tables(sql: str, tables: Sequence[str]) -> Sequence[str]:
    found = [f"{name}() is not known to be immutable" for name in set(_CALL.findall(sql)) - _FUNCTIONS]
    found += [f"{name} is not immutable; give the time as a value" for name in _CLOCK.findall(sql)]
    if _OUTER.search(sql):
        found.append("an outer join makes Citus fetch the distributed table whole")
    for first, second in pairwise(tables):
        # Two looks at one table, each of which names its app, are on one shard.
        if first != second and not _joined(sql, first, second):
            found.append(f"{first} and {second} are not joined on what they are distributed by")
    if not sql.startswith("INSERT") and not _EVERY_SHARD.match(sql):
        found += [f"{name} is asked on every shard" for name in tables if not _names_its_app(sql, name)]
    column = DISTRIBUTED_BY[tables[0]]
    conflict = _CONFLICT.search(sql)
    if _PASSES_OVER.match(sql) and " RETURNING " not in sql:
        found.append("Citus counts the rows that an INSERT … SELECT was given; RETURNING tells which were written")
    if conflict and column not in conflict[1].split(", "):
        found.append(f"ON CONFLICT without {column}, by which {tables[0]} is distributed")
    if re.match(r"UPDATE |.*DO UPDATE SET ", sql):
        assigned = _ASSIGNED.findall(re.split(r" FROM | WHERE ", sql.partition(" SET ")[2])[0].join(["SET ", ""]))
        if column in assigned:
            found.append(f"{column} decides where a row of {tables[0]} is; it cannot be assigned")
    if re.match(r"UPDATE |DELETE ", sql) and " IN (SELECT" in sql:
        found.append("a sub-select in the condition of a write across shards was not tried")
    return found


def _joined(sql: str, first: str, second: str) -> bool:
    one, other = (f"{table}.{DISTRIBUTED_BY[table]}" for table in (first, second))
    return f"{one} = {other}" in sql or f"{other} = {one}" in sql


def _names_its_app(sql: str, table: str) -> bool:
    """Whether Citus can tell the shard from the text: the column that the table is distributed by has a value."""
    return bool(re.search(rf"\b{table}\.{DISTRIBUTED_BY[table]} = (\$|ANY \(\$)", sql))
