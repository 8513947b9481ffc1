"""Encrypts secrets that are stored for others: push credentials and the like (K2)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from profile_grpc.domain.errors import Reason, Refused

if TYPE_CHECKING:
    from profile_grpc.sealing import KeyRing


class Vault:
    """The operator's key ring. Without one, nothing is encrypted, and everything else works."""

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """`keys`: by id; the first one encrypts, the others still open. Empty: there is no ring."""
        self.keys = keys

    @cached_property
    def _ring(self) -> KeyRing:
        # Imported here: most commands encrypt nothing, and the library takes a while.
        from profile_grpc.sealing import KeyRing  # noqa: PLC0415

        return KeyRing(self.keys)

    def check(self) -> None:
        """Checks that secrets can be encrypted.

        Raises:
            Refused: SEALING_NOT_CONFIGURED.
        """
        if not self.keys:
            raise Refused(
                Reason.SEALING_NOT_CONFIGURED,
                "This server has no key ring to encrypt secrets with; its operator sets PROFILE_GRPC_SEAL_KEYS.",
            )

    def seal(self, secret: bytes, row: str) -> str:
        """The encrypted secret. `row`: see `row_of`.

        Raises:
            Refused: SEALING_NOT_CONFIGURED.
        """
        self.check()
        return self._ring.seal(secret, row)

    def open(self, sealed: str, row: str) -> bytes:
        """The secret.

        Raises:
            Refused: SEALING_NOT_CONFIGURED.
            sealing.KeyMissing: the ring does not have its key.
            sealing.CannotOpen: it was changed in the database, or copied from another row.
        """
        self.check()
        return self._ring.open(sealed, row)

    def reseal(self, sealed: str, row: str) -> str:
        """The same secret, encrypted under the first key. Raises as `open`."""
        self.check()
        return self._ring.reseal(sealed, row)


def is_sealed(text: str) -> bool:
    """Whether `Vault.seal` made the text."""
    return text.startswith("ring:")


def key_id_of(sealed: str) -> str:
    """The id of the key in the ring that an encrypted secret needs."""
    return sealed.split(":", 2)[1] if sealed.count(":") > 1 else ""


def row_of(table: str, *key: str) -> str:
    """Identifies a row of the database, for the encryption of what it holds: the table, and the row's primary key."""
    return "\0".join((table, *key))
