"""The keys of each app in memory, and the tokens that they have verified (J8)."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import structlog

from profile_grpc.domain import jwt as rules
from profile_grpc.domain.jwt import ALGORITHMS, Claims, JwtSettings
from profile_grpc.domain.settings import App
from profile_grpc.service.directory import Directory
from profile_grpc.service.jwt.store import JwtKeyKind, JwtStore, StoredJwtKey
from profile_grpc.service.vault import Vault, row_of

if TYPE_CHECKING:
    from profile_grpc.service.jwt.keys import VerificationKey

log = structlog.get_logger(__name__)

MAX_REMEMBERED = 50_000
"""Verified tokens of all apps that a process remembers; about 300 bytes each."""
MAX_APPS = 10_000
"""Apps whose keys a process has in memory."""
SECRET_TABLE = "jwt_key"  # noqa: S105 - the table's name


@dataclass(slots=True)
class Verifier:
    """The keys of one app under one set of settings."""

    app_id: str
    settings: JwtSettings
    stored: Sequence[StoredJwtKey]
    keys: Mapping[str, VerificationKey]
    """By kid."""
    has_urls: bool = field(init=False)

    def __post_init__(self) -> None:
        self.has_urls = any(key.kind is JwtKeyKind.JWKS_URL for key in self.stored)

    def verify(self, text: str, now: float) -> Claims:
        """Checks a token: form, key, signature, claims, in this order. `now`: seconds since 1970.

        Raises:
            Refused: JWT_INVALID, JWT_EXPIRED, JWT_KEY_UNKNOWN, JWT_APP_MISMATCH.
        """
        token = rules.parse(text, self.app_id)
        key = self._key(token.kid)
        if key.algorithm is not ALGORITHMS[token.algorithm]:
            raise rules.invalid(self.app_id, "alg in its header is not the algorithm of its key")
        if not key.verify(token.signed, token.signature):
            raise rules.invalid(self.app_id, "its signature is wrong")
        return rules.check_claims(token.payload, self.settings, self.app_id, now)

    def _key(self, kid: str | None) -> VerificationKey:
        if kid is None and len(self.keys) == 1:
            return next(iter(self.keys.values()))
        if kid is None and self.keys:
            raise rules.invalid(self.app_id, "its header needs a kid, because the app has several keys")
        found = self.keys.get(kid) if kid else None
        if found is None:
            raise rules.key_unknown(self.app_id)
        return found


class KeySets:
    """The verifiers of the apps, read again whenever apps or keys have changed."""

    def __init__(self, store: JwtStore, directory: Directory, vault: Vault) -> None:
        self._store = store
        self._directory = directory
        self._vault = vault
        self._verifiers: dict[str, tuple[object, App, Verifier]] = {}
        """By app, each with the state of the directory and the app that it was read for. State None: read it again."""
        self._reading: dict[str, asyncio.Lock] = {}
        self._outdated: set[str] = set()
        """Apps of which a document was fetched while their keys were read."""
        self._remembered: dict[bytes, tuple[Verifier, Claims]] = {}
        """By the digest of the header's value: the token itself is not kept."""

    async def verifier(self, app: App) -> Verifier:
        """The app's verifier as of now, or as of the last check for changes by other processes.

        Raises:
            StoreUnavailable: the keys are not known and cannot be read.
        """
        known = self._verifiers.get(app.app_id)
        if known is not None and known[0] is self._directory.generation and known[1] is app:
            return known[2]
        return await self._read(app)

    def recall(self, app: App, header: str) -> Claims | None:
        """The claims of a token that was verified with the current keys and settings; None: verify it.

        `header`: the whole value of the header.
        """
        known = self._verifiers.get(app.app_id)
        if known is None or known[0] is not self._directory.generation or known[1] is not app:
            return None
        found = self._remembered.get(_digest(header))
        return found[1] if found is not None and found[0] is known[2] else None

    def remember(self, header: str, verifier: Verifier, claims: Claims) -> None:
        """Remembers a verified token, and forgets the oldest ones if there are too many."""
        while len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        digest = _digest(header)
        self._remembered.pop(digest, None)
        self._remembered[digest] = verifier, claims

    def fetched(self, app_id: str) -> None:
        """A document of the app was fetched, by any process: its keys are read again at the next call."""
        known = self._verifiers.get(app_id)
        if known is not None:
            self._verifiers[app_id] = None, known[1], known[2]
        if app_id in self._reading:
            self._outdated.add(app_id)

    async def _read(self, app: App) -> Verifier:
        lock = self._reading.setdefault(app.app_id, asyncio.Lock())
        async with lock:
            # Taken before the keys are read, so that a change in between makes the next call read them again.
            generation = self._directory.generation
            known = self._verifiers.get(app.app_id)
            if known is not None and known[0] is generation and known[1] is app:
                return known[2]
            self._outdated.discard(app.app_id)
            verifier = await self._current(app, None if known is None else known[2])
            while len(self._verifiers) >= MAX_APPS:
                self._verifiers.pop(next(iter(self._verifiers)))
            self._verifiers[app.app_id] = None if app.app_id in self._outdated else generation, app, verifier
        if not lock.locked():
            self._reading.pop(app.app_id, None)
            self._outdated.discard(app.app_id)
        return verifier

    async def _current(self, app: App, known: Verifier | None) -> Verifier:
        """The verifier of the stored keys. Documents are read only if the keys differ from those of the known one."""
        if known is not None and known.settings == app.settings.jwt:
            known_times = {key.jwt_key_id: key.fetch_time for key in known.stored}
            if await self._store.fetch_times(app.app_id) == known_times:
                return known
        stored = await self._store.of_app(app.app_id)
        if known is not None and _same(known, app, stored):
            known.stored = stored
            return known
        if known is not None:  # what it has verified is forgotten
            self._remembered = {digest: one for digest, one in self._remembered.items() if one[0] is not known}
        return Verifier(app.app_id, app.settings.jwt, stored, dict(self._usable(stored)))

    def _usable(self, stored: Sequence[StoredJwtKey]) -> Iterator[tuple[str, VerificationKey]]:
        """The keys by kid. Of two with one kid, which only sets can have, the one that was added first counts."""
        taken: set[str] = set()
        for one in stored:
            keys, problem = read(one, self._vault)
            if problem:
                log.warning("cannot use a JWT key", app_id=one.app_id, key=one.jwt_key_id, problem=problem)
            for key in keys:
                if key.kid not in taken:
                    taken.add(key.kid)
                    yield key.kid, key


def read(stored: StoredJwtKey, vault: Vault) -> tuple[Sequence[VerificationKey], str]:
    """The keys of a stored one, and why it cannot be used (empty: it can)."""
    # Imported here: most commands need none, and the library takes a while.
    from profile_grpc.domain.errors import Refused  # noqa: PLC0415
    from profile_grpc.sealing import CannotOpen  # noqa: PLC0415
    from profile_grpc.service.jwt import keys  # noqa: PLC0415

    try:
        match stored.kind:
            case JwtKeyKind.SHARED_SECRET:
                secret = vault.open(stored.material, row_of(SECRET_TABLE, stored.app_id, stored.jwt_key_id))
                return [keys.shared_secret(stored.kid, secret)], ""
            case JwtKeyKind.PUBLIC_KEY if stored.material.lstrip().startswith("{"):
                return [keys.from_jwk(stored.material, stored.kid)], ""
            case JwtKeyKind.PUBLIC_KEY:
                return [keys.from_pem(stored.kid, stored.material)], ""
            case JwtKeyKind.JWKS:
                return keys.from_jwks(stored.material), ""
            case JwtKeyKind.JWKS_URL:
                if stored.document is None:
                    return [], stored.failure or "it was not fetched yet"
                return keys.from_jwks(stored.document), ""
    except (keys.KeyRefused, CannotOpen) as error:
        return [], str(error) or "it cannot be decrypted: it was changed in the database"
    except Refused as refused:
        return [], refused.message


def _same(verifier: Verifier, app: App, stored: Sequence[StoredJwtKey]) -> bool:
    """Whether the keys and the settings are those of the verifier: then what it has verified stays valid."""
    return verifier.settings == app.settings.jwt and list(map(_identity, verifier.stored)) == list(
        map(_identity, stored)
    )


def _identity(key: StoredJwtKey) -> tuple[str, str, str | None]:
    return key.jwt_key_id, key.material, key.document


def _digest(header: str) -> bytes:
    return hashlib.sha256(header.encode()).digest()
