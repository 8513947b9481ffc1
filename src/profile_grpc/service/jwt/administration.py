"""The keys of an app's JWT authorization: add, list, remove (J2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from profile_grpc.domain.errors import Reason, Refused
from profile_grpc.domain.jwt import MAX_KEYS, JwtAlgorithm
from profile_grpc.outbound.destinations import UrlRefused
from profile_grpc.service.directory import Directory
from profile_grpc.service.ids import random_id
from profile_grpc.service.jwt.key_sets import SECRET_TABLE, read
from profile_grpc.service.jwt.sources import JwksSources
from profile_grpc.service.jwt.store import JwtKeyKind, JwtStore, StoredJwtKey
from profile_grpc.service.ports import Clock
from profile_grpc.service.storing import retry_on_conflict
from profile_grpc.service.vault import Vault, row_of

if TYPE_CHECKING:
    from profile_grpc.service.jwt.keys import VerificationKey

_ID_LENGTH = 12


@dataclass(frozen=True, slots=True)
class NewJwtKey:
    """The key to add."""

    app_id: str
    kind: JwtKeyKind
    form: str
    """The field of AddJwtKeyRequest that has the material."""
    material: str = ""
    """Of every kind but SHARED_SECRET: PEM or JWK, the document, the URL."""
    secret: bytes = field(default=b"", repr=False)
    kid: str = ""
    algorithm: JwtAlgorithm | None = None
    """None: the one that fits the key."""


@dataclass(frozen=True, slots=True)
class ShownJwtKey:
    """A stored key, with what it contains."""

    stored: StoredJwtKey
    keys: Sequence[VerificationKey]
    problem: str
    """Why it cannot be used, or cannot be fetched; empty: all is well."""


@dataclass(eq=False)
class JwtKeys:
    """The keys of the apps."""

    _store: JwtStore
    _directory: Directory
    _vault: Vault
    _sources: JwksSources
    _clock: Clock
    _added: Callable[[], None] = lambda: None
    """Called when there is a URL to fetch."""

    async def add(self, wanted: NewJwtKey) -> ShownJwtKey:
        """Adds a key; it is in force at once in this process, and within a refresh in every other.

        Raises:
            Refused: INVALID_REQUEST: the key cannot be used; JWT_KEY_ALREADY_EXISTS, TOO_MANY_JWT_KEYS,
                SEALING_NOT_CONFIGURED.
        """
        new = self._checked(wanted)

        async def add() -> None:
            stored = await self._store.of_app(wanted.app_id)
            if new.kid and new.kid in {one.kid for one in stored}:
                raise _taken(wanted.app_id)
            taken = {one.place for one in stored}
            free = next((place for place in range(MAX_KEYS) if place not in taken), None)
            if free is None:
                raise _too_many()
            await self._store.add(replace(new, place=free))

        await retry_on_conflict(add)
        self._directory.forget()
        if new.kind is JwtKeyKind.JWKS_URL:
            self._added()
        return self._shown(new)

    async def list(self, app_id: str) -> Sequence[ShownJwtKey]:
        """The app's keys, oldest first."""
        return [self._shown(stored) for stored in await self._store.of_app(app_id)]

    async def remove(self, app_id: str, jwt_key_id: str, *, allow_missing: bool = False) -> None:
        """Removes a key; what it signed is refused at once in this process, and within a refresh in every other (J8).

        Raises:
            Refused: JWT_KEY_NOT_FOUND, unless it may be missing.
        """
        removed = await self._store.remove(app_id, jwt_key_id)
        self._directory.forget()
        if not removed and not allow_missing:
            raise Refused.about(
                Reason.JWT_KEY_NOT_FOUND,
                "The app has no key {jwt_key_id!r} for JWTs; list them to see their ids.",
                jwt_key_id=jwt_key_id,
            )

    def _checked(self, wanted: NewJwtKey) -> StoredJwtKey:
        """The key as it is stored, if it can be used."""
        jwt_key_id = random_id(_ID_LENGTH)
        new = StoredJwtKey(wanted.app_id, jwt_key_id, wanted.kind, wanted.kid, wanted.material, self._clock.now())
        is_set = wanted.kind in {JwtKeyKind.JWKS, JwtKeyKind.JWKS_URL}
        if is_set and (wanted.kid or wanted.algorithm is not None):
            raise _refused("kid", "the keys of a JWKS document have their own kid and algorithm")
        if not is_set and not wanted.kid and wanted.form != "jwk":
            raise _refused("kid", "is required")
        if wanted.kind is JwtKeyKind.JWKS_URL:
            try:
                self._sources.check_url(wanted.material)
            except UrlRefused as refused:
                raise _refused("jwks_url", str(refused)) from None
            return new
        keys = _read(wanted)
        if wanted.algorithm is not None and keys[0].algorithm is not wanted.algorithm:
            raise _refused("algorithm", f"does not fit the key, which is for {keys[0].algorithm.name}")
        if wanted.kind is JwtKeyKind.SHARED_SECRET:
            return replace(
                new, material=self._vault.seal(wanted.secret, row_of(SECRET_TABLE, wanted.app_id, jwt_key_id))
            )
        return new if is_set else replace(new, kid=keys[0].kid)

    def _shown(self, stored: StoredJwtKey) -> ShownJwtKey:
        keys, problem = read(stored, self._vault)
        return ShownJwtKey(stored, keys, problem or stored.failure)


def _read(wanted: NewJwtKey) -> Sequence[VerificationKey]:
    from profile_grpc.service.jwt import keys  # noqa: PLC0415 - the library takes a while, and most commands need none

    try:
        match wanted.form:
            case "shared_secret":
                return [keys.shared_secret(wanted.kid, wanted.secret)]
            case "public_key_pem":
                return [keys.from_pem(wanted.kid, wanted.material)]
            case "jwk":
                return [keys.from_jwk(wanted.material, wanted.kid)]
            case _:
                return keys.from_jwks(wanted.material)
    except keys.KeyRefused as refused:
        raise _refused(wanted.form, str(refused)) from None


def _refused(name: str, description: str) -> Refused:
    message = f"The key cannot be used: {name}: {description}."
    return Refused.for_field(Reason.INVALID_REQUEST, message, name, description)


def _taken(app_id: str) -> Refused:
    return Refused.about(
        Reason.JWT_KEY_ALREADY_EXISTS,
        "The app has a key for JWTs with this kid; remove it first, or choose another kid.",
        app_id=app_id,
    )


def _too_many() -> Refused:
    return Refused.about(
        Reason.TOO_MANY_JWT_KEYS, "The app has {limit} keys for JWTs already; remove one first.", limit=str(MAX_KEYS)
    )
