"""What `profile-grpc doctor` finds, and its checks of the spool of an HTTP bridge (X1, X4)."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from profile_grpc.bridge.report import MICROSECONDS
from profile_grpc.bridge.spool import damage
from profile_grpc.bridge.spool import facts as spool_facts
from profile_grpc.bridge.spool.facts import SpoolFacts
from profile_grpc.bridge.spool.schema import SpoolError
from profile_grpc.cli.options import MEBIBYTE

_OTHERS = 0o077
OVERDUE_SECONDS = 300
"""How long a report may wait before that is an error."""
NEARLY_FULL = 0.8
LEAST_FREE = 64 << 20
"""Bytes. With less free space on its disk, a bridge is about to answer 503."""


class Verdict(StrEnum):
    """What a check found."""

    OK = "ok"
    NOTE = "note"
    """For information; nothing must be done."""
    MEND = "mend"
    """Must be fixed."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One check and its result; `mend` says how to fix it, if needed."""

    check: str
    verdict: Verdict
    detail: str
    mend: str = ""


def examine_spool(path: Path, limit: int, hash_key: bytes | None, now: int) -> Iterator[Finding]:
    """Every finding about the spool. `limit`: bytes that may wait; `now`: microseconds since 1970."""
    yield from _damaged(path)
    if not path.exists():
        yield _missing(path)
        return
    blocked = [place for place in (path, path.absolute().parent) if not os.access(place, os.W_OK)]
    if blocked:
        todo = f"make the user that runs the bridge its owner: chown USER {blocked[0]}"
        yield Finding("spool", Verdict.MEND, f"{blocked[0]} cannot be written", todo)
    try:
        facts = spool_facts.read(path)
    except SpoolError as error:
        yield Finding(
            "spool",
            Verdict.MEND,
            str(error),
            "give the bridge's file; if it is damaged, start the bridge, which sets it aside and creates a new one",
        )
        return
    if not blocked:
        yield Finding("spool", Verdict.OK, f"{path}, used by {'a bridge' if facts.owned else 'no bridge now'}")
    yield permissions(path)
    if hash_key is not None and not facts.sealed_under(hash_key):
        todo = "set the key that it was encrypted with: without it, waiting reports are lost"
        yield Finding("spool key", Verdict.MEND, "encrypted with another hash key than the one that is set", todo)
    yield _room(facts, limit)
    yield _oldest(facts, now)
    yield _dead(path, facts)


def _damaged(path: Path) -> Iterator[Finding]:
    for aside in damage.kept_aside(path):
        todo = f"profile-grpc bridge spool recover {aside} --spool {path}"
        yield Finding("spool damaged", Verdict.MEND, f"a damaged spool was set aside as {aside}", todo)


def _missing(path: Path) -> Finding:
    if not path.absolute().parent.is_dir():
        return Finding("spool", Verdict.MEND, f"its folder is missing: {path.absolute().parent}", "create the folder")
    return Finding("spool", Verdict.NOTE, f"no {path} yet", "a bridge creates it; if one runs, give its file")


def _room(facts: SpoolFacts, limit: int) -> Finding:
    used = f"{facts.size / MEBIBYTE:,.1f} of {limit // MEBIBYTE:,} MiB wait, {facts.free // MEBIBYTE:,} MiB are free"
    if facts.size >= limit * NEARLY_FULL:
        return Finding("spool room", Verdict.MEND, used, "restore the service, or raise the bridge's limit")
    if facts.free < LEAST_FREE:
        return Finding(
            "spool room", Verdict.MEND, used, "free space on its disk: when it is full, reports are answered 503"
        )
    if facts.free < limit - facts.size:
        return Finding("spool room", Verdict.NOTE, used, "the disk will be full before the spool's limit is reached")
    return Finding("spool room", Verdict.OK, used)


def _oldest(facts: SpoolFacts, now: int) -> Finding:
    if facts.oldest is None:
        return Finding("spool oldest", Verdict.OK, "no report waits")
    seconds = max(0, (now - facts.oldest) // MICROSECONDS)
    detail = f"{facts.waiting:,} wait, the oldest for {seconds:,} s"
    if facts.why_waiting:
        detail += f": {facts.why_waiting}"
    if seconds <= OVERDUE_SECONDS:
        return Finding("spool oldest", Verdict.OK, detail)
    todo = (
        "bring the service back, or fix what the bridge's log says"
        if facts.owned
        else "start the bridge, which delivers them"
    )
    return Finding("spool oldest", Verdict.MEND, detail, todo)


def _dead(path: Path, facts: SpoolFacts) -> Finding:
    if not facts.dead:
        return Finding("dead letters", Verdict.OK, "none")
    counts = ", ".join(f"{reason} {count:,}" for reason, count in facts.dead.items())
    return Finding("dead letters", Verdict.NOTE, counts, f"profile-grpc bridge dead list --spool {path}")


def permissions(path: Path) -> Finding:
    """Checks that other users cannot read the file, which contains tokens or keys: by its mode or its folder's."""
    mode, folder = path.stat().st_mode, path.absolute().parent.stat().st_mode
    if mode & _OTHERS and folder & _OTHERS:
        return Finding("file", Verdict.MEND, f"other users can read {path}", f"chmod 600 {path}*")
    return Finding("file", Verdict.OK, f"{path} is private")
