"""Moves every stored secret to the first key of the ring, and tells which keys are still needed (K2)."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from profile_grpc.service.vault import Vault, key_id_of, row_of


class SealedRow(NamedTuple):
    """An encrypted secret, and the row that has it."""

    table: str
    key: tuple[str, ...]
    sealed: str

    @property
    def row(self) -> str:
        """What it is encrypted for."""
        return row_of(self.table, *self.key)


class SealedStore(Protocol):
    """The encrypted secrets of every table."""

    def sealed(self) -> AsyncIterator[SealedRow]:
        """All of them."""

    async def replace(self, row: SealedRow, sealed: str) -> bool:
        """Stores another text for it. False: somebody else has changed or deleted it since it was read."""


@dataclass(slots=True)
class Resealed:
    """What a pass over the secrets found and did."""

    moved: int = 0
    """Secrets that were under another key and are under the first one now."""
    kept: int = 0
    """Secrets that were under the first key already."""
    changed: int = 0
    """Secrets that somebody else changed meanwhile."""
    lost: Counter[str] = field(default_factory=Counter)
    """Secrets whose key the ring does not have, by key."""
    damaged: int = 0
    """Secrets that do not open under their key."""


async def reseal(store: SealedStore, vault: Vault) -> Resealed:
    """Moves every secret that is not under the first key of the ring. May be interrupted and repeated.

    Raises:
        Refused: SEALING_NOT_CONFIGURED.
        StoreError.
    """
    from profile_grpc.sealing import CannotOpen, KeyMissing  # noqa: PLC0415 - as in `vault`

    vault.check()
    first, done = next(iter(vault.keys)), Resealed()
    async for row in store.sealed():
        if key_id_of(row.sealed) == first:
            done.kept += 1
            continue
        try:
            resealed = vault.reseal(row.sealed, row.row)
        except KeyMissing as missing:
            done.lost[missing.key_id] += 1
        except CannotOpen:
            done.damaged += 1
        else:
            if await store.replace(row, resealed):
                done.moved += 1
            else:
                done.changed += 1
    return done


@dataclass(slots=True)
class Needed:
    """How many secrets need a key of the ring."""

    secrets: int = 0
    unreadable: int = 0
    """Those of them that it does not open: it is another key of the same id, or they were changed."""


async def needed_keys(store: SealedStore, vault: Vault) -> dict[str, Needed]:
    """By the id of the key; opens every secret whose key the ring has.

    Raises:
        StoreError.
    """
    from profile_grpc.sealing import CannotOpen  # noqa: PLC0415 - as in `vault`

    found: dict[str, Needed] = {}
    async for row in store.sealed():
        key_id = key_id_of(row.sealed)
        needed = found.setdefault(key_id, Needed())
        needed.secrets += 1
        if key_id in vault.keys:
            try:
                vault.open(row.sealed, row.row)
            except CannotOpen:
                needed.unreadable += 1
    return found
