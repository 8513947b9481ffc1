"""Keyed hashes: what tombstones, the ledger and the token index hold in place of ids and tokens."""

from __future__ import annotations

import hashlib
import hmac
from binascii import b2a_base64
from functools import lru_cache

from profile_grpc.domain.keys import DeviceKey, ProfileKey, Token
from profile_grpc.domain.ordered_calls import AccountReport

DIGEST_BYTES = 16
KEY_BYTES = 32
_REMEMBERED = 4096
"""The size of the cache for each use: a command's tokens and keys are hashed when it is loaded, decided and written."""
_URL_SAFE = bytes.maketrans(b"+/", b"-_")


class Hasher:
    """BLAKE2b under one secret key, a separate function for each use (`person`), 128 bits, as 22 base64url characters.

    128 bits: among 10^10 hashes a collision has probability below 10^-18, and the text is short enough for an index.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            msg = f"the hash key has {len(key)} bytes; it needs {KEY_BYTES}"
            raise ValueError(msg)
        # Copying a keyed state is several times cheaper than keying each time.
        self._derive = hashlib.blake2b(key=key, digest_size=KEY_BYTES, person=b"derived-key")
        self._profile = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES, person=b"profile")
        self._token = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES, person=b"push-token")
        self._secret = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES * 2, person=b"api-key")
        self._page = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES, person=b"page-token")
        self._customer = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES, person=b"customer")
        self._report = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES, person=b"report")
        self._profile_hash = lru_cache(_REMEMBERED)(self._hash_profile)
        self._token_hash = lru_cache(_REMEMBERED)(self._hash_token)

    def profile(self, key: ProfileKey) -> str:
        """Identifies the profile in tombstones and the ledger (D3, M3)."""
        return self._profile_hash(key)

    def token(self, token: Token) -> str:
        """Identifies a push token in the index of tokens."""
        return self._token_hash(token)

    def customer(self, tenant_id: str, customer_id: str) -> str:
        """Identifies the customer in tombstones (C7)."""
        return self._text(self._customer, f"{tenant_id}\x00{customer_id}".encode())

    def report(self, report: AccountReport) -> DeviceKey:
        """Takes the place of the device id in the order of calls, for a report that names no device (R13).

        It begins with a control character, which no device id contains.
        """
        return DeviceKey(report.app_id, "\x01" + self._text(self._report, repr(report).encode()))

    def _hash_profile(self, key: ProfileKey) -> str:
        return self._text(self._profile, "\x00".join(key).encode())

    def _hash_token(self, token: Token) -> str:
        return self._text(self._token, "\x00".join(token).encode())

    def secret(self, secret: str) -> str:
        """Identifies the secret of an API key."""
        return self._text(self._secret, secret.encode())

    def same_secret(self, secret: str, expected: str) -> bool:
        """Whether `secret` hashes to `expected`, in constant time."""
        return hmac.compare_digest(self.secret(secret), expected)

    def check_value(self) -> str:
        """Equal if two hashers have the same key; does not reveal the key."""
        return self._text(self._page, b"the hash key of this database")

    def page(self, content: bytes) -> str:
        """Seals a page token."""
        return self._text(self._page, content)

    def derived_key(self, use: str) -> bytes:
        """A key of 32 bytes for another use. Neither this key nor the key of a third use can be derived from it."""
        keyed = self._derive.copy()
        keyed.update(use.encode())
        return keyed.digest()

    @staticmethod
    def _text(state: hashlib.blake2b, content: bytes) -> str:
        keyed = state.copy()
        keyed.update(content)
        return b2a_base64(keyed.digest(), newline=False).translate(_URL_SAFE).rstrip(b"=").decode()
