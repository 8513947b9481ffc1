"""Sealed texts and keyed hashes, under keys that are derived from a secret: what may stand on disk of secrets."""

from __future__ import annotations

import hashlib
import hmac
import os
from collections.abc import Callable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SALT_BYTES = 16
HASH_BYTES = 16
_EPOCH_BYTES = 4
_NONCE_BYTES = 12


class CannotOpen(Exception):  # noqa: N818 - an outcome
    """The sealed text was changed, or sealed under another hash key."""


class Sealer:
    """Seals texts with AES-256-GCM and hashes them with BLAKE2b.

    Each start of a process seals under a key of its own, derived from the hash key and a random salt that is kept
    beside what is sealed: the nonce is then a counter, and no number of texts brings two equal nonces under one key.
    """

    def __init__(self, hash_key: bytes, salt_of: Callable[[int], bytes], epoch: int) -> None:
        """`salt_of(epoch)` is the salt of each epoch on record; this process seals under `epoch`."""
        self._hash_key = hash_key
        self._salt_of = salt_of
        self._ciphers: dict[int, AESGCM] = {}
        self._prefix = epoch.to_bytes(_EPOCH_BYTES, "big")
        self._sealing = self._cipher(epoch)
        self._count = 0
        self._hash = hashlib.blake2b(key=hash_key, digest_size=HASH_BYTES, person=b"bridge-hash")

    def seal(self, content: bytes) -> bytes:
        """The sealed content."""
        self._count += 1
        nonce = self._count.to_bytes(_NONCE_BYTES, "big")
        return self._prefix + nonce + self._sealing.encrypt(nonce, content, None)

    def open(self, sealed: bytes) -> bytes:
        """The content.

        Raises:
            CannotOpen: it is not what was sealed under this hash key.
        """
        epoch = int.from_bytes(sealed[:_EPOCH_BYTES], "big")
        start = _EPOCH_BYTES + _NONCE_BYTES
        try:
            return self._cipher(epoch).decrypt(sealed[_EPOCH_BYTES:start], sealed[start:], None)
        except (InvalidTag, KeyError, ValueError):
            raise CannotOpen from None

    def hash(self, content: bytes) -> bytes:
        """Stands for the content: 128 bits that nobody can make or undo without the hash key."""
        keyed = self._hash.copy()
        keyed.update(content)
        return keyed.digest()

    def _cipher(self, epoch: int) -> AESGCM:
        cipher = self._ciphers.get(epoch)
        if cipher is None:
            derived = hashlib.blake2b(
                self._salt_of(epoch), key=self._hash_key, digest_size=32, person=b"bridge-seal"
            ).digest()
            cipher = self._ciphers[epoch] = AESGCM(derived)
        return cipher


def digest(content: bytes) -> bytes:
    """Equal for equal contents. For memory only: without the hash key, anybody can make it."""
    return hashlib.sha256(content).digest()


def new_salt() -> bytes:
    """The salt of a new epoch."""
    return os.urandom(SALT_BYTES)


def key_check(hash_key: bytes) -> bytes:
    """Tells later whether a spool belongs to this hash key."""
    return hashlib.blake2b(key=hash_key, digest_size=HASH_BYTES, person=b"bridge-check").digest()


def same(one: bytes, other: bytes) -> bool:
    """Whether they are equal, in constant time."""
    return hmac.compare_digest(one, other)
