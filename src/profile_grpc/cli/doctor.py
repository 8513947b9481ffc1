"""`profile-grpc doctor`: what is wrong with an installation, and how to fix it."""

from __future__ import annotations

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from profile_grpc import config
from profile_grpc.bootstrap.clock import SystemClock
from profile_grpc.bridge.spool.limits import SpoolLimits
from profile_grpc.cli import output
from profile_grpc.cli.errors import FAILED
from profile_grpc.cli.findings import Finding, Verdict, examine_spool, permissions
from profile_grpc.cli.options import MEBIBYTE, DatabaseUrl, Json, database_url, option
from profile_grpc.config import ConfigError, DatabaseConfig
from profile_grpc.reaper import LEASE
from profile_grpc.service.ports import StoreError

if TYPE_CHECKING:
    from profile_grpc.bootstrap.composition import Application

CLOCK_TOLERANCE = timedelta(seconds=5)
PASS_OVERDUE = timedelta(days=1)
_LEASE_DURATION = timedelta(seconds=1)
# The settings that each engine needs so that acknowledged writes survive a power failure and the data is intact.
_WANTED: Mapping[str, Mapping[str, tuple[frozenset[str], str]]] = {
    "SQLite": {
        "journal_mode": (frozenset({"wal"}), "run `profile-grpc migrate` while no other program uses the file"),
        "synchronous": (frozenset({"full", "extra"}), "report a bug: the program sets this itself"),
        "integrity": (frozenset({"ok"}), "restore the file from a backup"),
    },
    "PostgreSQL": {
        "fsync": (frozenset({"on"}), "set fsync = on in postgresql.conf"),
        "full_page_writes": (frozenset({"on"}), "set full_page_writes = on in postgresql.conf"),
        "synchronous_commit": (
            frozenset({"on", "local", "remote_write", "remote_apply"}),
            "set synchronous_commit = on: otherwise acknowledged writes can be lost",
        ),
        "server_encoding": (frozenset({"UTF8"}), "create the database with ENCODING 'UTF8'"),
        "in_recovery": (frozenset({"off"}), "this is a standby: use the primary in --database-url"),
    },
}


def doctor(
    *,
    database_url_: DatabaseUrl = None,
    bridge_spool: Annotated[
        Path | None,
        option(
            "--bridge-spool",
            "The spool file of an HTTP bridge.",
            show_default="the file that `serve --bridge-port` keeps for this database, if there is one",
        ),
    ] = None,
    bridge_spool_limit: Annotated[
        int, option("--bridge-spool-limit", "MiB of reports that may wait in it.", min=1)
    ] = SpoolLimits().size // MEBIBYTE,
    as_json: Json = False,
) -> None:
    """Check schema, engine, clock, lease, reaper, keys, file permissions, and the spool of an HTTP bridge.

    Exit status 1: something must be fixed.

    JSON: {database, ok, checks: [{check, verdict: ok | note | mend, detail, mend}]}.
    """
    url = database_url(database_url_)

    async def run() -> list[Finding]:
        return [finding async for finding in examine(url, os.environ)]

    with output.working("examining"):
        findings = asyncio.run(run())
        kept = config.dev_file(url, "bridge-spool")
        if bridge_spool is not None or kept.exists():
            key, now = _known_key(url, os.environ), SystemClock().microseconds()
            findings += examine_spool(bridge_spool or kept, bridge_spool_limit * MEBIBYTE, key, now)
    sound = all(finding.verdict is not Verdict.MEND for finding in findings)
    shown = config.display_url(url)
    if as_json:
        output.document({"database": shown, "ok": sound, "checks": [asdict(finding) for finding in findings]})
    else:
        output.line(shown)
        rows = [(f.check, f.verdict.value, f.detail, f.mend) for f in findings]
        output.table(("check", "", "found", "what to do"), rows, empty="")
    if not sound:
        raise typer.Exit(FAILED)


async def examine(url: str, environment: Mapping[str, str]) -> AsyncIterator[Finding]:
    """Every finding; those that need the database only if it works."""
    for finding in _surroundings(url, environment):
        yield finding
    from profile_grpc.bootstrap.administration import administration
    from profile_grpc.store import check_schema

    try:
        await check_schema(url)
        # No keyed hash is read or written here, so any key will do; but if one is configured it must be the right one.
        key = _known_key(url, environment)
        hash_key = key or secrets.token_bytes(config.HASH_KEY_BYTES)
        database = DatabaseConfig(url, hash_key, _known_ring(url, environment, hash_key))
        async with administration(database, keyed=key is not None) as admin:
            async for finding in _inside(admin):
                yield finding
    except StoreError as error:
        yield Finding("database", Verdict.MEND, str(error), "follow the message, then run doctor again")


def _known_key(url: str, environment: Mapping[str, str]) -> bytes | None:
    """The hash key that `serve` would use, if there is a usable one."""
    try:
        return config.configured_hash_key(environment) or config.read_dev_hash_key(url)
    except ConfigError:
        return None


def _known_ring(url: str, environment: Mapping[str, str], hash_key: bytes) -> Mapping[str, bytes]:
    """The key ring, empty if it is unusable, which `_surroundings` tells."""
    try:
        return config.seal_keys(url, environment, hash_key)
    except ConfigError:
        return {}


def _surroundings(url: str, environment: Mapping[str, str]) -> Iterator[Finding]:
    """The hash key, and the permissions of the files."""
    try:
        configured, kept = config.configured_hash_key(environment), config.read_dev_hash_key(url)
    except ConfigError as error:
        yield Finding("hash key", Verdict.MEND, "unusable", str(error))
    else:
        yield _hash_key(configured is not None, kept is not None)
    try:
        config.configured_seal_keys(environment)
    except ConfigError as error:
        yield Finding("seal keys", Verdict.MEND, "unusable", str(error))
    if config.is_sqlite(url):
        path = config.sqlite_path(url)
        for private in (path, config.dev_file(url, "hash-key"), config.dev_file(url, "demo-keys")):
            if private.is_file():
                yield permissions(private)


def _hash_key(configured: bool, kept: bool) -> Finding:  # noqa: FBT001 - two facts
    if configured:
        return Finding("hash key", Verdict.OK, f"{config.HASH_KEY_VARIABLE} is set")
    if kept:
        return Finding("hash key", Verdict.NOTE, "the one that `serve --dev` keeps next to the database")
    todo = f'if there is none yet: export {config.HASH_KEY_VARIABLE}="$({config.MAKE_HASH_KEY})"'
    return Finding("hash key", Verdict.MEND, f"{config.HASH_KEY_VARIABLE} is not set", f"set it; {todo}")


async def _inside(admin: Application) -> AsyncIterator[Finding]:
    from profile_grpc.bootstrap.demo import TENANT as DEMO_TENANT

    before = admin.clock.now()
    facts = await admin.store.describe()
    damaged = await admin.store.damaged_tables()
    if damaged:
        detail = f"revision {facts.revision}, but these tables are missing or lack columns: {', '.join(damaged)}"
        yield Finding("schema", Verdict.MEND, detail, "restore the database from a backup")
    else:
        yield Finding("schema", Verdict.OK, f"revision {facts.revision}")
    citus = f", Citus {facts.citus}" if facts.citus else ""
    yield Finding("engine", Verdict.OK, f"{facts.engine} {facts.version}{citus}")
    for node in await admin.store.missing_nodes():
        yield Finding(
            "node", Verdict.MEND, f"{node} cannot be reached from the coordinator: its apps are not served", "start it"
        )
    for name, (wanted, todo) in _WANTED.get(facts.engine, {}).items():
        found = facts.settings.get(name, "")
        good = found in wanted
        yield Finding(name, Verdict.OK if good else Verdict.MEND, found or "unknown", "" if good else todo)
    async for finding in _clock(admin, facts.settings.get("clock", ""), before):
        yield finding
    async for finding in _reaper(admin):
        yield finding
    async for finding in _seal_keys(admin):
        yield finding
    if await admin.store.directory.tenant(DEMO_TENANT) is not None:
        yield Finding("demo", Verdict.NOTE, "has the demo tenant of `serve --dev`; its keys work in production too")


async def _seal_keys(admin: Application) -> AsyncIterator[Finding]:
    """Which keys of the ring are still needed (K2)."""
    from profile_grpc.service.resealing import needed_keys

    ring = admin.vault.keys
    needed = await needed_keys(admin.store.sealed, admin.vault)
    if not ring and not needed:
        todo = f"to store some: export {config.MAKE_SEAL_KEY}"
        yield Finding("seal keys", Verdict.NOTE, "no key ring: push credentials and JWT secrets are refused", todo)
    for key_id, found in sorted(needed.items()):
        if key_id not in ring:
            detail = f"{found.secrets} secrets need the key {key_id!r}, which is not in the ring; everything else works"
            todo = f"add the key to {config.SEAL_KEYS_VARIABLE}; if it is lost, upload these secrets again"
            yield Finding("seal keys", Verdict.MEND, detail, todo)
        elif found.unreadable:
            detail = f"{found.unreadable} of {found.secrets} secrets do not open under the key {key_id!r}"
            todo = "is it another key of the same id? otherwise upload these secrets again"
            yield Finding("seal keys", Verdict.MEND, detail, todo)
    for number, key_id in enumerate(ring):
        secrets_under = needed[key_id].secrets if key_id in needed else 0
        if number == 0:
            yield Finding("seal keys", Verdict.OK, f"the key {key_id!r} encrypts; {secrets_under} secrets need it")
        elif secrets_under:
            detail = f"{secrets_under} secrets still need the key {key_id!r}"
            yield Finding("seal keys", Verdict.NOTE, detail, "to replace it: profile-grpc credential reseal")
        else:
            yield Finding("seal keys", Verdict.NOTE, f"the key {key_id!r} is not needed any more", "remove it")


async def _clock(admin: Application, database_clock: str, before: datetime) -> AsyncIterator[Finding]:
    """Compares this machine's clock with the database's, read since `before`, and with the newest stored time."""
    now = admin.clock.now()
    todo = "set the clocks by NTP"
    if database_clock:
        theirs = datetime.fromisoformat(database_clock)
        apart = max(before - theirs, theirs - now, timedelta())
        verdict = Verdict.OK if apart <= CLOCK_TOLERANCE else Verdict.MEND
        yield Finding(
            "clock",
            verdict,
            f"{apart.total_seconds():.1f} s from the database's",
            todo if verdict is Verdict.MEND else "",
        )
    newest = await admin.store.reaper.newest_sign_of_life()
    if newest is not None and newest - now > CLOCK_TOLERANCE:
        yield Finding(
            "clock", Verdict.MEND, f"behind the newest registration or heartbeat, {output.human(newest)}", todo
        )


async def _reaper(admin: Application) -> AsyncIterator[Finding]:
    reaper, leases, now = admin.store.reaper, admin.store.leases, admin.clock.now()
    holder = secrets.token_hex(8)
    if await leases.acquire(LEASE, holder, now, _LEASE_DURATION):
        await leases.release(LEASE, holder)
        yield Finding("lease", Verdict.OK, "free")
    else:
        yield Finding(
            "lease", Verdict.OK, "held: a process is reaping, or ended in the last minute without releasing it"
        )
    record = await reaper.record()
    if record.held_since is not None:
        yield Finding(
            "reaper",
            Verdict.MEND,
            f"deletes nothing since {output.human(record.held_since)}: the clock had jumped",
            "check the clock, then: profile-grpc reap --confirm",
        )
    elif record.last_pass_time is None:
        yield Finding("reaper", Verdict.NOTE, "no pass yet")
    elif now - record.last_pass_time > PASS_OVERDUE:
        yield Finding(
            "reaper",
            Verdict.MEND,
            f"last pass {output.human(record.last_pass_time)}",
            "start `profile-grpc serve`, or look at its log",
        )
    else:
        yield Finding("reaper", Verdict.OK, f"last pass {output.human(record.last_pass_time)}")
    for held in await admin.reaper.held():
        todo = f"check with `reap --dry-run --app {held.app_id}`, then: profile-grpc reap --app {held.app_id} --confirm"
        yield Finding("breaker", Verdict.MEND, f"holds {held.app_id}: too many profiles are due", todo)
    for app_id, holds in (await admin.store.profiles.feedback_holds()).items():
        if holds:
            todo = (
                f"look at `feedback show {app_id}` and ask the push provider, then: profile-grpc feedback go {app_id}"
            )
            yield Finding("feedback breaker", Verdict.MEND, f"holds {app_id}: too many endpoints were lost", todo)
