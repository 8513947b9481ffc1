"""Keyed hashes: what tombstones, the ledger and the token index hold in place of ids and tokens."""

from __future__ import annotations

import base64
import hashlib
import hmac

from profile_grpc.domain.model import ProfileKey, TokenRef

DIGEST_BYTES = 16
KEY_BYTES = 32


class Hasher:
    """BLAKE2b under one secret key, a separate function for each use (`person`), 128 bits, as 22 base64url characters.

    128 bits: among 10^10 hashes a collision has probability below 10^-18, and the text is short enough for an index.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            msg = f"the hash key has {len(key)} bytes; it needs {KEY_BYTES}"
            raise ValueError(msg)
        # Copying a keyed state is several times cheaper than keying each time.
        self._profile = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES, person=b"profile")
        self._token = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES, person=b"push-token")
        self._secret = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES * 2, person=b"api-key")
        self._page = hashlib.blake2b(key=key, digest_size=DIGEST_BYTES, person=b"page-token")

    def profile(self, key: ProfileKey) -> str:
        """Stands for the profile in tombstones and the ledger (D3, M3)."""
        return self._text(self._profile, "\x00".join(key).encode())

    def token(self, app_id: str, token: str) -> TokenRef:
        """Stands for a (normalised) push token in the token index."""
        return TokenRef(app_id, self._text(self._token, f"{app_id}\x00{token}".encode()))

    def secret(self, secret: str) -> str:
        """Stands for the secret of an API key."""
        return self._text(self._secret, secret.encode())

    def same_secret(self, secret: str, expected: str) -> bool:
        """Whether `secret` hashes to `expected`, in constant time."""
        return hmac.compare_digest(self.secret(secret), expected)

    def check_value(self) -> str:
        """Tells whether two hashers have the same key, and nothing of the key."""
        return self._text(self._page, b"the hash key of this database")

    def page(self, content: bytes) -> str:
        """Seals a page token."""
        return self._text(self._page, content)

    @staticmethod
    def _text(state: hashlib.blake2b, content: bytes) -> str:
        keyed = state.copy()
        keyed.update(content)
        return base64.urlsafe_b64encode(keyed.digest()).rstrip(b"=").decode()
