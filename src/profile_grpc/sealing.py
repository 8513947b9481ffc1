"""Encryption and keyed hashes under keys derived from a secret, for secrets that are stored on disk."""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

SALT_BYTES = 16
HASH_BYTES = 16
_EPOCH_BYTES = 4
_NONCE_BYTES = 12
_FIRST_FORM = b"\x01"
"""Precedes what `SecretBox` has encrypted, so that another form can follow."""
_RING_FORM = "ring"
"""Begins what a `KeyRing` has encrypted."""
_DATA_KEY_BYTES = 32
_WRAPPED_BYTES = _NONCE_BYTES + _DATA_KEY_BYTES + 16


class CannotOpen(Exception):  # noqa: N818 - an outcome
    """The encrypted text was changed, or encrypted under another key, or for another row."""


class KeyMissing(CannotOpen):
    """The ring does not have the key that the text is encrypted under."""

    def __init__(self, key_id: str) -> None:
        super().__init__(f"the key ring has no key {key_id!r}")
        self.key_id = key_id


class Sealer:
    """Encrypts texts with AES-256-GCM and hashes them with BLAKE2b.

    Each start of a process (an epoch) uses a new key, derived from the hash key and a random salt that is stored with
    the encrypted texts. So the nonce can be a counter, and never repeats under one key.
    """

    def __init__(self, hash_key: bytes, salt_of: Callable[[int], bytes], epoch: int) -> None:
        """`salt_of(epoch)` returns the salt of a recorded epoch; this process encrypts under `epoch`."""
        self._hash_key = hash_key
        self._salt_of = salt_of
        self._ciphers: dict[int, AESGCM] = {}
        self._prefix = epoch.to_bytes(_EPOCH_BYTES, "big")
        self._sealing = self._cipher(epoch)
        self._count = 0
        self._hash = hashlib.blake2b(key=hash_key, digest_size=HASH_BYTES, person=b"bridge-hash")

    def seal(self, content: bytes) -> bytes:
        """The encrypted content."""
        self._count += 1
        nonce = self._count.to_bytes(_NONCE_BYTES, "big")
        return self._prefix + nonce + self._sealing.encrypt(nonce, content, None)

    def open(self, sealed: bytes) -> bytes:
        """The content.

        Raises:
            CannotOpen: it was changed, or encrypted under another hash key.
        """
        epoch = int.from_bytes(sealed[:_EPOCH_BYTES], "big")
        start = _EPOCH_BYTES + _NONCE_BYTES
        try:
            return self._cipher(epoch).decrypt(sealed[_EPOCH_BYTES:start], sealed[start:], None)
        except (InvalidTag, KeyError, ValueError):
            raise CannotOpen from None

    def hash(self, content: bytes) -> bytes:
        """A keyed hash of the content, 128 bits. Without the hash key it can be neither computed nor guessed."""
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


class SecretBox:
    """Encrypts single secrets with AES-256-GCM for a row of the database, and for no other row.

    The nonces are random: enough for the secrets that people make, not for traffic.
    """

    def __init__(self, key: bytes) -> None:
        """`key`: 32 bytes that nothing else uses."""
        self._cipher = AESGCM(key)

    def seal(self, secret: str, row: str) -> str:
        """The encrypted secret, as base64. `row` identifies the row that it is for."""
        return b64encode(_FIRST_FORM + _encrypt(self._cipher, secret.encode(), row)).decode()

    def open(self, sealed: str, row: str) -> str:
        """The secret.

        Raises:
            CannotOpen: it was changed, or encrypted for another row or under another key.
        """
        try:
            content = b64decode(sealed)
        except ValueError:
            raise CannotOpen from None
        if not content.startswith(_FIRST_FORM):
            raise CannotOpen
        return _decrypt(self._cipher, content[len(_FIRST_FORM) :], row).decode()


class _Sealed(NamedTuple):
    """The parts of an encrypted text."""

    key_id: str
    """The key of the ring."""
    wrapped: bytes
    """A nonce and the encrypted data key."""
    content: bytes
    """A nonce and the encrypted secret."""

    @classmethod
    def read(cls, text: str) -> _Sealed:
        form, _, rest = text.partition(":")
        key_id, _, encoded = rest.partition(":")
        try:
            parts = b64decode(encoded, validate=True)
        except ValueError:
            raise CannotOpen from None
        if form != _RING_FORM or not key_id or len(parts) <= _WRAPPED_BYTES + _NONCE_BYTES:
            raise CannotOpen
        return cls(key_id, parts[:_WRAPPED_BYTES], parts[_WRAPPED_BYTES:])

    def text(self) -> str:
        return f"{_RING_FORM}:{self.key_id}:{b64encode(self.wrapped + self.content).decode()}"


class KeyRing:
    """Encrypts secrets with AES-256-GCM: each with a key of its own, which a key of the ring encrypts (K2).

    Both are bound to the row of the database that the secret is for, and open for no other row. The first key of the
    ring encrypts; the others still open what they have encrypted.
    """

    def __init__(self, keys: Mapping[str, bytes]) -> None:
        """`keys`: at least one, by id; each 32 bytes."""
        self._ciphers = {key_id: AESGCM(key) for key_id, key in keys.items()}
        self._first = next(iter(keys))

    def seal(self, secret: bytes, row: str) -> str:
        """The encrypted secret, as text. `row` identifies the row that it is for."""
        data_key = os.urandom(_DATA_KEY_BYTES)
        content = _encrypt(AESGCM(data_key), secret, row)
        return _Sealed(self._first, _encrypt(self._ciphers[self._first], data_key, row), content).text()

    def open(self, sealed: str, row: str) -> bytes:
        """The secret.

        Raises:
            KeyMissing: the ring does not have its key.
            CannotOpen: it was changed, or encrypted for another row.
        """
        parts = _Sealed.read(sealed)
        return _decrypt(AESGCM(self._data_key(parts, row)), parts.content, row)

    def reseal(self, sealed: str, row: str) -> str:
        """The same secret under the first key. Raises as `open`; the secret itself is not decrypted."""
        parts = _Sealed.read(sealed)
        wrapped = _encrypt(self._ciphers[self._first], self._data_key(parts, row), row)
        return parts._replace(key_id=self._first, wrapped=wrapped).text()

    def _data_key(self, parts: _Sealed, row: str) -> bytes:
        cipher = self._ciphers.get(parts.key_id)
        if cipher is None:
            raise KeyMissing(parts.key_id)
        return _decrypt(cipher, parts.wrapped, row)


def _encrypt(cipher: AESGCM, content: bytes, row: str) -> bytes:
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + cipher.encrypt(nonce, content, row.encode())


def _decrypt(cipher: AESGCM, encrypted: bytes, row: str) -> bytes:
    try:
        return cipher.decrypt(encrypted[:_NONCE_BYTES], encrypted[_NONCE_BYTES:], row.encode())
    except (InvalidTag, ValueError):  # a nonce may be too short
        raise CannotOpen from None


def digest(content: bytes) -> bytes:
    """An unkeyed hash of the content. For use in memory only: anybody can compute it."""
    return hashlib.sha256(content).digest()


def new_salt() -> bytes:
    """The salt of a new epoch."""
    return os.urandom(SALT_BYTES)


def key_check(hash_key: bytes) -> bytes:
    """A value that identifies the hash key, to check later whether a spool belongs to it."""
    return hashlib.blake2b(key=hash_key, digest_size=HASH_BYTES, person=b"bridge-check").digest()


def same(one: bytes, other: bytes) -> bool:
    """Whether they are equal, in constant time."""
    return hmac.compare_digest(one, other)
