"""What JWT authorization needs of the store, in a protocol that the concrete one fulfils (J2, J7)."""

from __future__ import annotations

import enum
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, Protocol

from profile_grpc.domain.jwt import JwtOutcome


class JwtKeyKind(enum.IntEnum):
    """How a key was given; the contract's numbers."""

    SHARED_SECRET = 1
    PUBLIC_KEY = 2
    JWKS = 3
    JWKS_URL = 4


@dataclass(frozen=True, slots=True)
class StoredJwtKey:
    """A key, or a set of keys, of an app."""

    app_id: str
    jwt_key_id: str
    kind: JwtKeyKind
    kid: str
    """Empty for a set."""
    material: str
    """SHARED_SECRET: encrypted; PUBLIC_KEY: PEM or JWK; JWKS: the document; JWKS_URL: the URL."""
    create_time: datetime
    place: int = 0
    """0 to 15, unique within the app."""
    document: str | None = None
    """JWKS_URL: the last good document."""
    fetch_time: datetime | None = None
    """When the document was fetched or confirmed."""
    attempt_time: datetime | None = None
    """When it was last attempted, by any process."""
    failing_since_time: datetime | None = None
    failure: str = ""
    """Why the last attempt failed."""


@dataclass(frozen=True, slots=True)
class JwksUrl:
    """A key of kind JWKS_URL without its document, which may be large."""

    app_id: str
    jwt_key_id: str
    url: str
    fetch_time: datetime | None = None
    attempt_time: datetime | None = None
    failing_since_time: datetime | None = None


class CountKey(NamedTuple):
    """What checked calls are counted by."""

    app_id: str
    day: date
    outcome: JwtOutcome
    sdk_version: str


class JwtStore(Protocol):
    """Keys for JWTs, and the numbers of checked calls.

    A key that is added or removed bumps the directory's version; a document that is fetched does not.
    """

    async def add(self, key: StoredJwtKey) -> None:
        """Raises Conflict when its id, its kid or its place is taken."""

    async def of_app(self, app_id: str) -> Sequence[StoredJwtKey]:
        """The app's keys, oldest first."""

    async def fetch_times(self, app_id: str) -> Mapping[str, datetime | None]:
        """The ids of the app's keys, each with the time at which its document was fetched.

        While these are the same, so is everything that tokens are verified with.
        """

    async def remove(self, app_id: str, jwt_key_id: str) -> bool:
        """Deletes the key. False: it did not exist."""

    async def urls(self) -> Sequence[JwksUrl]:
        """The keys of every app that are to be fetched."""

    async def claim(self, key: JwksUrl, now: datetime) -> bool:
        """Stores an attempt to fetch. False: the key is gone, or another process has begun one since it was read."""

    async def fetched(self, key: JwksUrl, document: str, now: datetime) -> bool:
        """Stores a good document, and when it was fetched. Whether it differs from the one before."""

    async def failed(self, key: JwksUrl, failure: str, now: datetime) -> None:
        """Stores that fetching failed. The document stays."""

    async def add_counts(self, counts: Mapping[CountKey, int]) -> None:
        """Adds to the numbers of checked calls."""

    async def counts(self, app_id: str, since: date) -> Mapping[CountKey, int]:
        """The app's numbers since the UTC day."""

    async def versions(self, app_id: str, day: date) -> Collection[str]:
        """The SDK versions that are counted on the day."""

    async def purge_counts(self, before: date) -> None:
        """Deletes the numbers of every app of earlier days."""
