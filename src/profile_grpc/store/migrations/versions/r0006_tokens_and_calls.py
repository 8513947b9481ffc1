"""One owner of each push token whatever its label (R4), the push permission (R12) and the order of calls (R13).

Of a token that two devices own under two labels, the device that registered last keeps it; the other's profiles lose
it, and an event says so.

Revision ID: 0006
"""

import itertools
import json
import secrets
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple

import sqlalchemy as sa
from alembic import op

from profile_grpc.store.migrations.changes import add, index
from profile_grpc.store.tables.columns import NAME, keys, optional, required

revision = "0006"
down_revision = "0005"

_OLD = "push_token_0005"


def upgrade() -> None:
    """Adds what is new, and makes `push_token` anew."""
    add(
        "profile",
        *optional(sa.SmallInteger(), "push_permission"),
        *optional(sa.BigInteger(), "call_sequence"),
        *optional(sa.SmallInteger(), "call_method"),
    )
    op.create_table(
        "device_order",
        *keys(NAME, "app_id", "device_id"),
        *required(sa.BigInteger(), "sequence"),
        *required(sa.SmallInteger(), "method"),
        *optional(sa.BigInteger(), "forget_time"),
        *required(sa.BigInteger(), "revision"),
        sqlite_with_rowid=False,
    )
    index("device_order_forget_time", "device_order", ["forget_time"], "forget_time IS NOT NULL")
    _rename_owners()
    op.create_table(
        "push_token",
        *keys(NAME, "app_id", "token_hash"),
        *keys(sa.SmallInteger(), "provider"),
        *required(NAME, "device_id"),
        *required(sa.Integer(), "holders"),
        *required(sa.BigInteger(), "revision"),
        sqlite_with_rowid=False,
    )
    _move_owners()
    op.drop_table(_OLD)


def _rename_owners() -> None:
    op.rename_table("push_token", _OLD)
    if op.get_bind().dialect.name == "postgresql":  # the names of its keys stay taken otherwise
        op.execute(f"ALTER INDEX push_token_pkey RENAME TO {_OLD}_pkey")


def _move_owners() -> None:
    """Owners of tokens with one label as they are; the others are decided one by one."""
    op.execute(
        "INSERT INTO push_token (app_id, token_hash, provider, device_id, holders, revision)"  # noqa: S608 - own names
        " SELECT app_id, token_hash, provider, min(device_id), min(holders), min(revision)"
        f" FROM {_OLD} GROUP BY app_id, token_hash, provider HAVING count(*) = 1"
    )
    connection = op.get_bind()
    owners = connection.execute(
        sa.text(
            f"SELECT t.app_id, t.token_hash, t.provider, t.push_app_id, t.device_id, t.holders FROM {_OLD} t"  # noqa: S608
            " JOIN (SELECT app_id, token_hash, provider"
            f" FROM {_OLD} GROUP BY app_id, token_hash, provider HAVING count(*) > 1) d"
            " ON t.app_id = d.app_id AND t.token_hash = d.token_hash AND t.provider = d.provider"
            " ORDER BY t.app_id, t.token_hash, t.provider"
        )
    ).all()
    for (app_id, token_hash, provider), labels in itertools.groupby(owners, key=lambda row: tuple(row[:3])):
        device_id, holders = _merge(connection, app_id, provider, [tuple(row[3:]) for row in labels])
        connection.execute(
            sa.text("INSERT INTO push_token VALUES (:app, :hash, :provider, :device, :holders, :revision)"),
            {
                "app": app_id,
                "hash": token_hash,
                "provider": provider,
                "device": device_id,
                "holders": holders,
                "revision": secrets.randbits(63),
            },
        )


class _Holder(NamedTuple):
    """A profile of a device that owns the token under some label, and those of its tokens that may be meant."""

    user_id: str
    device_id: str
    register_time: int
    endpoints: list[dict[str, Any]]
    tokens: set[str]


def _merge(
    connection: sa.Connection, app_id: str, provider: int, labels: list[tuple[str, str, int]]
) -> tuple[str, int]:
    """The one owner of a token, and how many of its profiles hold it; takes the token from the others' profiles."""
    owners = {push_app_id: device_id for push_app_id, device_id, _ in labels}
    profiles = list(_profiles(connection, app_id, provider, set(owners.values())))
    meant = {
        token
        for token in {token for p in profiles for token in p.tokens}
        if owners == {label: p.device_id for p in profiles for label in _labels(p.endpoints, provider, token)}
    }
    holders = [p for p in profiles if p.tokens & meant]
    if not holders:  # nobody holds it any more; the next registration finds that out
        return max((number, device) for _, device, number in labels)[1], max(number for *_, number in labels)
    winner = max((p.register_time, p.device_id) for p in holders)[1]
    for holder in holders:
        if holder.device_id != winner:
            _strip(connection, app_id, provider, holder, meant)
    return winner, sum(holder.device_id == winner for holder in holders)


def _profiles(connection: sa.Connection, app_id: str, provider: int, devices: Iterable[str]) -> Iterator[_Holder]:
    for device_id in sorted(devices):
        found = connection.execute(
            sa.text(
                "SELECT user_id, register_time, push_endpoints FROM profile"
                " WHERE app_id = :app AND device_id = :device AND push_endpoints IS NOT NULL"
            ),
            {"app": app_id, "device": device_id},
        ).all()
        for user_id, register_time, text in found:
            endpoints = json.loads(text)
            tokens = {e["t"] for e in endpoints if e["p"] == provider and e["t"]}
            yield _Holder(user_id, device_id, register_time, endpoints, tokens)


def _labels(endpoints: Iterable[dict[str, Any]], provider: int, token: str) -> set[str]:
    return {e.get("a", "") for e in endpoints if e["p"] == provider and e["t"] == token}


def _strip(connection: sa.Connection, app_id: str, provider: int, holder: _Holder, tokens: set[str]) -> None:
    kept = [e for e in holder.endpoints if e["p"] != provider or e["t"] not in tokens]
    now = int(datetime.now(UTC).timestamp() * 1_000_000)
    text = json.dumps(kept, ensure_ascii=False, separators=(",", ":")) if kept else None
    where = {"app": app_id, "user": holder.user_id, "device": holder.device_id}
    connection.execute(
        sa.text(
            "UPDATE profile SET push_endpoints = :text, update_time = :now, revision = :revision"
            " WHERE app_id = :app AND user_id = :user AND device_id = :device"
        ),
        {"text": text, "now": now, "revision": secrets.randbits(63), **where},
    )
    connection.execute(
        sa.text(
            "INSERT INTO event (id, app_id, time, type, user_id, device_id, reason)"
            " VALUES (:id, :app, :now, 'PUSH_TOKEN_MOVED', :user, :device, '')"
        ),
        {"id": f"{now:014x}{secrets.token_hex(10)}", "now": now, **where},
    )
