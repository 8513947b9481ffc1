"""What it costs to execute a batch of heartbeats: by the driver itself, as the store does, and by SQLAlchemy Core.

    python -m scripts.benchmark.execution [--engine postgresql]

Looks up and updates as many profiles as a batch has, in one transaction, with the same statements, one way after the
other. Prints microseconds of this process's CPU time and of time passed, for each heartbeat.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from typing import Annotated, Any, Literal, cast

import msgspec
import typer
import uvloop
from sqlalchemy.ext.asyncio import AsyncEngine

from profile_grpc.domain.hashing import Hasher
from profile_grpc.store import rows as columns
from profile_grpc.store import statements, tables
from profile_grpc.store.database import Database
from profile_grpc.store.engine import Prepared, Row, Statement
from profile_grpc.store.engines import connect
from scripts.benchmark import databases, processes
from scripts.benchmark.rows import load
from scripts.benchmark.workloads import key_of

_ROWS = 20_000


class Unprepared:
    """Stands in for the database where statements are built: keeps them as SQLAlchemy built them."""

    def __init__(self, database: Database) -> None:
        self.engine = database.engine

    def prepare(self, statement: Statement) -> Statement:
        """The statement itself."""
        return statement


def build(database: Any) -> tuple[Any, Any]:  # noqa: ANN401 - either of the two
    """The look-up and the update of a heartbeat."""
    key = ["app_id", "user_id", "device_id"]
    return (
        statements.lookup(database, tables.profile, key, columns.LIVENESS),
        statements.update_seen(database, tables.profile, columns.BEAT[:-1]),
    )


def execution(
    *,
    engine: Annotated[Literal["sqlite", "postgresql"], typer.Option()] = "sqlite",
    batch: Annotated[int, typer.Option(min=1, help="Heartbeats in a transaction.")] = 64,
    batches: Annotated[int, typer.Option(min=1, help="In a round.")] = 300,
    rounds: Annotated[int, typer.Option(min=1)] = 7,
) -> None:
    """Compares the two ways."""
    with ExitStack() as stack:
        url = stack.enter_context(databases.database(engine, None))
        hash_key = processes.hash_key()
        databases.prepare(url, hash_key)
        load(url, Hasher(hash_key), 0, _ROWS)
        found = uvloop.run(_compare(url, batch, batches, rounds))
    for name, times in found.items():
        cpu, passed = (statistics.median(of) for of in zip(*times, strict=True))
        print(f"{name:16} {cpu:6.1f} us CPU  {passed:6.1f} us passed, for each heartbeat")
    ratios = [ours[0] / core[0] for ours, core in zip(found["driver"], found["SQLAlchemy Core"], strict=True)]
    print(f"driver / Core, CPU: {min(ratios):.2f} / {statistics.median(ratios):.2f} / {max(ratios):.2f}")


async def _compare(url: str, batch: int, batches: int, rounds: int) -> dict[str, list[tuple[float, float]]]:
    database = Database(connect(url, pool_size=1))
    prepared, plain = build(database), build(Unprepared(database))
    ways: dict[str, Callable[[Sequence[Row]], Awaitable[None]]] = {
        "driver": lambda keys: _by_driver(database, prepared, keys),
        "SQLAlchemy Core": lambda keys: _by_core(database.engine.writers, plain, keys, database.engine.name),
    }
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for number in range(rounds + 1):
        for name, way in ways.items():
            used, begun = time.process_time(), time.perf_counter()
            for position in range(batches):
                first = (number * batches + position) * batch % (_ROWS - batch)
                await way([key_of(n) for n in range(first, first + batch)])
            count = batch * batches
            spent = (time.process_time() - used) / count * 1e6, (time.perf_counter() - begun) / count * 1e6
            if number:  # the first round is to warm up
                found[name].append(spent)
    await database.close()
    return found


def _changed(found: Sequence[Sequence[Any]]) -> list[Row]:
    """Rows as `Applier` gives them: key, columns, revision seen."""
    now = time.time_ns() // 1000
    return sorted((a, u, d, now, counted, n, gone, seen, seen) for a, u, d, _, _, counted, n, gone, seen in found)


async def _by_driver(database: Database, built: tuple[Prepared, Prepared], keys: Sequence[Row]) -> None:
    look_up, update = built
    async with database.transaction() as session:
        found = await session.fetch(look_up, sorted(keys))
        written = await session.execute(update, _changed(found))
    if written != len(keys):
        raise SystemExit(f"bench: {written} of {len(keys)} heartbeats were written")


async def _by_core(engine: AsyncEngine, built: tuple[Statement, Statement], keys: Sequence[Row], name: str) -> None:
    look_up, update = built
    async with engine.connect() as connection:
        if name == "SQLite":
            await connection.exec_driver_sql("BEGIN IMMEDIATE")
        found = (await connection.execute(look_up, _parameters(sorted(keys), name))).all()
        done = await connection.execute(update, _parameters(_changed(cast("Any", found)), name))
        await (connection.exec_driver_sql("COMMIT") if name == "SQLite" else connection.commit())
    if done.rowcount != len(keys):
        raise SystemExit(f"bench: {done.rowcount} of {len(keys)} heartbeats were written")


def _parameters(given: Sequence[Row], name: str) -> dict[str, Any]:
    if name == "SQLite":
        return {"rows": msgspec.json.encode(given).decode()}
    return {f"rows_{n}": list(column) for n, column in enumerate(zip(*given, strict=True))}


if __name__ == "__main__":
    typer.run(execution)
